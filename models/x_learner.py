"""Each arm's effect imputed twice: Y − μ_0(x) in the arm, μ_j(x) − Y in the controls; τ = g τ⁰ + (1 − g) τ¹ (Künzel et al. 2019).

g(x) = e_j/(e_j + e_0) leans on the regression whose outcome model saw more units: with few awards τ¹, which uses the controls'.
Each imputation takes the other arm's outcome model, which has not seen the unit, so that nothing need be fitted across folds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.crossfit import Features, Trial, predicted
from models.effect_learner import EffectLearner


class XLearner(EffectLearner):
    """The effect of each arm by two regressions of imputed effects.

    Parameters
    ----------
    estimator
        Regressor or, for outcomes of 0 and 1, classifier of each arm's outcome.
    effect_estimator
        Regressor of the imputed effects; None for `estimator` or, where that is a classifier, for a
        ``HistGradientBoostingRegressor`` of 50 trees with at most 8 leaves of at least 50 units each, at a rate of 0.05.
    propensity, tiers, prepare, random_state
        As in `TransformedOutcome`; propensities say only how the two regressions are weighed.
    folds
        How many classifiers of the arms are averaged, each fitted without one part of history.

    Attributes
    ----------
    effects_ : for each arm above 0 the clones fitted on its own units and on the controls, as pairs.
    tiers_, control_, propensity_, propensity_clipped_, preparation_, feature_names_, imputed_ : as in `TransformedOutcome`.
    """

    def _fit_effects(self, trial: Trial, regressor: Any) -> None:
        controls = trial.rows(0)
        self.effects_ = []
        for arm in range(1, trial.arms):
            rows = trial.rows(arm)
            outcome = trial.fitted(self.estimator, rows, trial.outcome[rows], f"arm {arm}")
            gained = trial.outcome[rows] - predicted(self.control_, trial.take(rows))
            missed = predicted(outcome, trial.take(controls)) - trial.outcome[controls]
            self.effects_.append(
                (
                    trial.fitted(regressor, rows, gained, f"effect of arm {arm} on its units"),
                    trial.fitted(regressor, controls, missed, f"effect of arm {arm} on the controls"),
                )
            )

    def _effects(self, features: Features) -> NDArray[np.float64]:
        chances = self.propensity_.of(features)
        lean = chances[:, 1:] / (chances[:, 1:] + chances[:, :1])
        on_treated, on_controls = (
            np.column_stack([predicted(pair[side], features) for pair in self.effects_]) for side in (0, 1)
        )
        return np.asarray(lean * on_controls + (1.0 - lean) * on_treated, dtype=np.float64)
