"""What learners of effects share: v_0(x) = μ_0(x), v_j(x) = μ_0(x) + τ_j(x), the effect τ_j of each arm estimated for itself.

The outcome without an award is a clone fitted on the controls; it moves no uplift. Responses are not clipped to [0, 1], so that
the uplift stays what was estimated.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils.validation import check_is_fitted

from models.base import ResponseError
from models.crossfit import Features, Trial, predicted
from models.features import preparation
from models.observed import Observed
from models.outcome import called, check_estimator, classifies
from models.propensity import Propensity
from models.tiers import TieredLearner, Tiers

SLOW = {"max_iter": 50, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 50}
"""Gradient boosting where nothing is asked for: imputed effects are mostly noise, which its usual settings follow."""


class EffectLearner(TieredLearner):
    """A learner that estimates the effect of each arm; parameters are documented on the learners."""

    effects_: list[Any]

    def __init__(
        self,
        estimator: Any,
        effect_estimator: Any = None,
        propensity: Any = None,
        folds: int = 5,
        tiers: int | None = None,
        prepare: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.estimator = estimator
        self.effect_estimator = effect_estimator
        self.propensity = propensity
        self.folds = folds
        self.tiers = tiers
        self.prepare = prepare
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units; parameters as in `SLearner.fit`.

        Raises
        ------
        ResponseError
            If an arm is empty, or the propensity, history or an estimator cannot be used.
        """
        where = type(self).__name__
        past = Observed.read(X, treatment, y, sample_weight)
        past.arm("control")
        regressor = self._regressor(where)
        self.tiers_ = Tiers.read(past.treatment, self.tiers, where)
        self.preparation_ = preparation(self.prepare).fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.feature_names_ = list(self.preparation_.feature_names_)
        trial = Trial(
            features=self.preparation_.transform(past.X),
            names=self.feature_names_,
            arm=self.tiers_.of(past.treatment),
            outcome=past.outcome,
            weight=past.weight,
            folds=self.folds,
            random_state=self.random_state,
            where=where,
        )
        controls = trial.rows(0)
        self.propensity_ = Propensity.read(self.propensity, trial)
        self.propensity_clipped_ = self.propensity_.clipped
        self.control_ = trial.fitted(self.estimator, controls, trial.outcome[controls], "control arm")
        self._fit_effects(trial, regressor)
        return self

    def outcomes(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units in each arm: (n, arms), arm 0 is no award."""
        check_is_fitted(self)
        features = self.preparation_.transform(X)
        without = predicted(self.control_, features)[:, None]
        return np.hstack([without, without + self._effects(features)])

    def _regressor(self, where: str) -> Any:
        """What effects are fitted with."""
        return effect_regressor(self.effect_estimator, self.estimator, where)

    @abstractmethod
    def _fit_effects(self, trial: Trial, regressor: Any) -> None:
        """Learn the effect of each arm above 0; the outcome without award and the propensities are known by then."""

    def _effects(self, features: Features) -> NDArray[np.float64]:
        """Effect of each arm above 0 on n units: (n, arms − 1)."""
        return np.column_stack([predicted(effect, features) for effect in self.effects_])


def fitted_on_scores(regressor: Any, trial: Trial, scores: NDArray[np.float64]) -> list[Any]:
    """One clone for each column of scores (n, arms − 1), fitted on all units: E[score_j | x] = τ_j(x)."""
    everyone = np.arange(len(trial))
    return [trial.fitted(regressor, everyone, score, f"effect of arm {arm}") for arm, score in enumerate(scores.T, start=1)]


def contrasts(trial: Trial, values: NDArray[np.float64], propensity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Z (1[T=j]/e_j − 1[T=0]/e_0) for each arm j above 0: (n, arms − 1), of values Z (n,) and propensities e (n, arms)."""
    inverse = np.where(trial.arm[:, None] == np.arange(trial.arms), 1.0 / propensity, 0.0)
    return np.asarray(values[:, None] * (inverse[:, 1:] - inverse[:, :1]), dtype=np.float64)


def effect_regressor(given: Any, estimator: Any, where: str) -> Any:
    """What effects are fitted with: what was given, else the estimator, or slow gradient boosting where that is a classifier.

    Raises
    ------
    ResponseError
        If a classifier was given.
    """
    if given is not None:
        return checked_regressor(given, where, "effect_estimator")
    check_estimator(estimator, where)
    return HistGradientBoostingRegressor(**SLOW, random_state=0) if classifies(estimator) else estimator


def checked_regressor(estimator: Any, where: str, parameter: str) -> Any:
    """The estimator that was given as this parameter, which has to be a regressor.

    Raises
    ------
    ResponseError
        If it is none.
    """
    check_estimator(estimator, f"{where}, {parameter}")
    if classifies(estimator):
        raise ResponseError(
            f"{where}.{parameter}: must be a regressor, since effects are differences and not 0 or 1, got {called(estimator)}; "
            "give its regressor, such as Ridge()"
        )
    return estimator
