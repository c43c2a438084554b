"""Effects by doubly robust scores: φ_j = μ_j − μ_0 + 1[T=j](Y − μ_j)/e_j − 1[T=0](Y − μ_0)/e_0, E[φ_j | x] = τ_j (Kennedy 2023).

The mean is right if the outcomes μ or the propensities e are, and their errors enter only as a product. Both come from clones
that have not seen the unit. One regression of φ_j on the features of all units is the effect.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.crossfit import Trial
from models.effect_learner import EffectLearner, contrasts, fitted_on_scores


class DRLearner(EffectLearner):
    """The effect of each arm by a regression of its doubly robust score.

    Parameters
    ----------
    estimator
        Regressor or, for outcomes of 0 and 1, classifier of each arm's outcome.
    effect_estimator
        Regressor of the scores, as in `XLearner`.
    propensity, tiers, prepare, random_state
        As in `TransformedOutcome`.
    folds
        In how many parts history is cut, for outcomes and propensities alike.

    Attributes
    ----------
    effects_ : the clones fitted on φ, one for each arm above 0.
    tiers_, control_, propensity_, propensity_clipped_, preparation_, feature_names_, imputed_ : as in `TransformedOutcome`.
    """

    def _fit_effects(self, trial: Trial, regressor: Any) -> None:
        scores = doubly_robust(trial, trial.outside(self.estimator), self.propensity_.past)
        self.effects_ = fitted_on_scores(regressor, trial, scores)


def doubly_robust(trial: Trial, outcomes: NDArray[np.float64], propensity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores φ of n units for each arm above 0, of outcomes and propensities (n, arms) of each arm: (n, arms − 1)."""
    left = trial.outcome - outcomes[np.arange(len(trial)), trial.arm]
    return np.asarray(outcomes[:, 1:] - outcomes[:, :1] + contrasts(trial, left, propensity), dtype=np.float64)
