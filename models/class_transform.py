"""One model of a transformed class: Z = 1 − (y XOR t), τ(x) = 2 P(Z=1|x) − 1 (Jaskowski and Jaroszewicz 2012).

That holds at propensity e = ½. For any other, rows are weighted 1/e (treated) and 1/(1 − e) (control), under which

    P(Z=1|x) = ½ P(y=1|x, t=1) + ½ P(y=0|x, t=0) = ½ (1 + τ(x)),

so weights are never left out. The transform knows a treatment and none: one award size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from models.base import Branch, ResponseError, offered, received
from models.features import preparation
from models.fitting import fitted_clone, takes_weights
from models.grid import response_at
from models.learner import Learner
from models.observed import Observed
from models.outcome import classifies, expected
from models.propensity import LEAST_PROPENSITY


class ClassTransform(Learner):
    """Uplift of one award size from a single estimator; the outcome without award from a clone fitted on the controls.

    It offers no `branches`: its response is a sum of two estimators, not one estimator's output.

    Parameters
    ----------
    estimator
        Classifier of Z, or a regressor, whose regression on Z is read as P(Z=1|x).
    propensity
        None for the share of treated units, a number in (0, 1), or a classifier of who is treated, fitted on X.
    prepare
        As in `SLearner`.
    random_state
        Seed of the resampling that stands in for weights with an estimator whose fit takes none.

    Attributes
    ----------
    transformed_ : the clone fitted on Z.
    control_ : the clone fitted on the controls' outcome.
    propensity_ : (n,) the propensity used for each past unit.
    propensity_clipped_ : how many fitted propensities were moved to within `LEAST_PROPENSITY` of the ends.
    resampled_ : whether weights were applied by resampling.
    preparation_, feature_names_, imputed_ : as in `TwoModel`.
    """

    def __init__(self, estimator: Any, propensity: Any = None, prepare: str = "auto", random_state: Any = 0) -> None:
        self.estimator = estimator
        self.propensity = propensity
        self.prepare = prepare
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units; parameters as in `SLearner.fit`, but any amount above 0 counts as the award.

        Raises
        ------
        ResponseError
            If the outcome is not 0/1, an arm is empty, or the propensity, history or estimator cannot be used.
        """
        past = Observed.read(X, treatment, y, sample_weight)
        if not np.isin(past.outcome, (0.0, 1.0)).all():
            raise ResponseError(
                f"ClassTransform: the outcome must be 0 or 1, got {np.unique(past.outcome)[:5].tolist()}; "
                "use SLearner or TwoModel for other outcomes"
            )
        controls = past.arm("control")
        past.arm("treated")
        self.preparation_ = preparation(self.prepare).fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.feature_names_ = list(self.preparation_.feature_names_)
        features = self.preparation_.transform(past.X)
        self.propensity_ = self._propensity(features, past)
        self.transformed_ = self._fit_transformed(features, past)
        everyone = Branch(estimator=self.estimator, features=features, column=None)
        self.control_ = fitted_clone(
            self.estimator,
            everyone.take(controls),
            self.feature_names_,
            past.outcome[controls],
            None if past.weight is None else past.weight[controls],
            "ClassTransform, control arm",
        )
        return self

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """μ0(x) at 0 and μ0(x) + τ(x) at the award: (n, m). Not clipped to [0, 1], so that the uplift stays τ.

        Raises
        ------
        ResponseError
            If there are several different amounts above 0.
        """
        vector = offered(amounts)
        _one_award(vector)
        without, uplift = self._parts(X)
        return np.asarray(without[:, None] + uplift[:, None] * (vector > 0), dtype=np.float64)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount: (n,).

        Raises
        ------
        ResponseError
            If there are several different amounts above 0.
        """
        amounts = received(treatment, len(X))
        _one_award(amounts)
        without, uplift = self._parts(X)
        return np.asarray(without + uplift * (amounts > 0), dtype=np.float64)

    def _parts(self, X: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_is_fitted(self)
        features = self.preparation_.transform(X)
        without, transformed = (
            response_at(Branch(estimator=estimator, features=features, column=None), np.zeros(len(features)))
            for estimator in (self.control_, self.transformed_)
        )
        return without, 2.0 * transformed - 1.0

    def _propensity(self, features: Any, past: Observed) -> NDArray[np.float64]:
        self.propensity_clipped_ = 0
        given = past.treated.mean() if self.propensity is None else self.propensity
        if isinstance(given, int | float | np.number):
            if not 0.0 < given < 1.0:
                raise ResponseError(f"ClassTransform.propensity: must lie between 0 and 1, got {given}")
            return np.full(len(features), float(given))
        if not hasattr(given, "fit") or not classifies(given):
            raise ResponseError(f"ClassTransform.propensity: must be a number in (0, 1) or a classifier, got {given!r}")
        self.propensity_estimator_ = fitted_clone(
            given, features, self.feature_names_, past.treated.astype(np.float64), past.weight, "ClassTransform, propensity"
        )
        fitted = expected(self.propensity_estimator_, features)
        clipped = np.clip(fitted, LEAST_PROPENSITY, 1.0 - LEAST_PROPENSITY)
        self.propensity_clipped_ = int(np.count_nonzero(clipped != fitted))
        return np.asarray(clipped, dtype=np.float64)

    def _fit_transformed(self, features: Any, past: Observed) -> Any:
        transformed = 1.0 - np.abs(past.outcome - past.treated)
        weight = np.where(past.treated, 1.0 / self.propensity_, 1.0 / (1.0 - self.propensity_))
        # Mean 1, so that an estimator's penalty weighs as much against the data as it would unweighted.
        weight = weight / weight.mean() * (1.0 if past.weight is None else past.weight)
        self.resampled_ = bool(np.ptp(weight) > 0) and not takes_weights(self.estimator)
        rows = _resampled(weight, self.random_state) if self.resampled_ else np.arange(weight.size)
        inputs = Branch(estimator=self.estimator, features=features, column=None).take(rows)
        applied = weight if takes_weights(self.estimator) else None
        return fitted_clone(self.estimator, inputs, self.feature_names_, transformed[rows], applied, "ClassTransform")


def _resampled(weight: NDArray[np.float64], random_state: Any) -> NDArray[np.intp]:
    """Rows drawn in proportion to weight by systematic resampling: each at most one off its expected count (Kitagawa 1996)."""
    start = check_random_state(random_state).random_sample()
    points = (start + np.arange(weight.size)) / weight.size * weight.sum()
    rows: NDArray[np.intp] = np.searchsorted(np.cumsum(weight), points, side="right")
    return np.minimum(rows, weight.size - 1)


def _one_award(amounts: NDArray[np.float64]) -> None:
    awards = np.unique(amounts[amounts > 0])
    if awards.size > 1:
        raise ResponseError(
            f"ClassTransform: knows one award size, got {awards.size} amounts above 0 "
            f"({', '.join(f'{award:g}' for award in awards[:3])}{', …' if awards.size > 3 else ''}); "  # noqa: PLR2004
            "offer one amount, or use SLearner or TwoModel"
        )
