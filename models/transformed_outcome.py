"""One model a tier of a transformed outcome: Y*_j = Y (1[T=j]/e_j − 1[T=0]/e_0), E[Y*_j | x] = τ_j(x) (Athey and Imbens 2016).

With one award it is Y (T − e)/(e (1 − e)). Nothing but the propensities has to be right, for any outcome; the price is that Y*
scatters as much as the outcome itself, over e, so that it wants many units.
"""

from __future__ import annotations

from typing import Any

from models.crossfit import Trial
from models.effect_learner import EffectLearner, checked_regressor, contrasts, fitted_on_scores


class TransformedOutcome(EffectLearner):
    """The effect of each arm by a regression of its transformed outcome on all units.

    Parameters
    ----------
    estimator
        Regressor, of Y* and of the outcome without an award.
    propensity
        Chances of the arms: None for their shares, as in a randomised trial; a number for the chance of the one award; or a
        classifier of the arms, each past unit's chances by the clone of the folds that it is not in.
    folds
        In how many parts history is cut for that.
    tiers
        How many arms awards are grouped in; None for one an award, or five where there are more than ten (`models.tiers`).
    prepare
        As in `SLearner`.
    random_state
        Seed of the folds.

    Attributes
    ----------
    tiers_ : the arms; between their amounts the response runs straight.
    control_ : the clone fitted on the controls' outcome.
    effects_ : the clones fitted on Y*, one for each arm above 0.
    propensity_ : chances of the past units' arms (`models.propensity.Propensity`).
    propensity_clipped_ : how many past units had a chance that was raised to `LEAST_PROPENSITY`.
    preparation_, feature_names_, imputed_ : as in `TwoModel`.
    """

    def __init__(
        self,
        estimator: Any,
        propensity: Any = None,
        folds: int = 5,
        tiers: int | None = None,
        prepare: str = "auto",
        random_state: Any = 0,
    ) -> None:
        super().__init__(estimator, propensity=propensity, folds=folds, tiers=tiers, prepare=prepare, random_state=random_state)

    def _regressor(self, where: str) -> Any:
        return checked_regressor(self.estimator, where, "estimator")

    def _fit_effects(self, trial: Trial, regressor: Any) -> None:
        self.effects_ = fitted_on_scores(regressor, trial, contrasts(trial, trial.outcome, self.propensity_.past))
