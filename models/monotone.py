"""Money never hurts: v_i0 ≤ v_i1 ≤ … ≤ v_i,m−1, by the estimator's own constraint where it has one, and by pooling the curve.

    pooled_i = argmin Σ_k>0 (u_k − v_ik)²   subject to   v_i0 ≤ u_1 ≤ u_2 ≤ …

Amounts at which a curve falls are pooled with those before them until their means rise (pool adjacent violators: Ayer et al.
1955), and what is still below the outcome without an award is raised to it, which solves the bounded problem (Barlow et al.
1972). That outcome stays what it is: it rests on all of history's controls, not on one amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from models.base import AMOUNT, ResponseError, ResponseModel, offered, received
from models.fitting import CONSTRAINTS
from models.learner import Learner
from models.s_learner import SLearner
from models.tiers import Tiers
from models.two_model import TwoModel

BLOCK = 1 << 22
"""Responses that are asked for at once, where each unit is asked about at its own amount."""

ROWS = 1 << 12
"""Curves that are pooled at once, so that they stay in the processor's cache."""

ROUNDING = 1e-9
"""A fall up to this share of the outcomes' size is rounding."""


class Monotone(Learner):
    """A response model whose curves are pooled on fixed amounts, and run straight between them.

    Parameters
    ----------
    model
        An unfitted response model.
    amounts
        The amounts (currency units) on which curves are pooled, increasing, the first 0; beyond the last a curve stays what it
        is there.

    Attributes
    ----------
    model_ : the fitted model.
    """

    def __init__(self, model: Any, amounts: Iterable[float]) -> None:
        self.model = model
        self.amounts = amounts

    def fit(
        self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **others: Any
    ) -> Self:
        """Fit the model on n past units; parameters as of its own `fit`, to which `others` are handed on.

        Raises
        ------
        ResponseError
            If the amounts do not increase from 0, or the model cannot be fitted.
        """
        self._check()
        self.model_: ResponseModel = clone(self.model).fit(X, treatment, y, sample_weight, **others)
        return self

    @classmethod
    def around(cls, fitted: ResponseModel, amounts: Iterable[float]) -> Self:
        """The pooled curves of a model that is fitted already.

        Raises
        ------
        ResponseError
            If the amounts do not increase from 0.
        """
        pooled = cls(None, tuple(amounts))
        pooled._check()
        pooled.model_ = fitted
        return pooled

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units), pooled: (n, m)."""
        check_is_fitted(self, "model_")
        vector = offered(amounts)
        if not vector.any():
            # Without an award nothing is pooled.
            return self.model_.response(X, vector)
        curves = pooled(self.model_.response(X, self.amounts))
        return curves if np.array_equal(vector, self._grid.amounts) else self._grid.curves(curves, vector)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount (currency units), pooled: (n,).

        The model's own predict has the word at that amount and at 0; only what it is pooled with is read off the curve.
        """
        check_is_fitted(self, "model_")
        own, grid = received(treatment, len(X)), np.array(self._grid.amounts)
        place = np.minimum(np.searchsorted(grid, own), grid.size - 1)
        without, said = self.model_.predict(X, np.zeros(len(X))), self.model_.predict(X, own)
        values = np.empty(len(X))
        step = max(1, BLOCK // grid.size)
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            curves = self.model_.response(X.iloc[rows], self.amounts)
            known = np.flatnonzero(grid[place[rows]] == own[rows])
            curves[known, place[rows][known]] = said[rows][known]
            curves[:, 0] = without[rows]
            values[rows] = self._grid.at(pooled(curves), own[rows])
        return values

    @property
    def _grid(self) -> Tiers:
        """The amounts as arms between which curves run straight."""
        amounts = tuple(float(amount) for amount in self.amounts)
        return Tiers(amounts=amounts, highest=amounts)

    def _check(self) -> None:
        amounts = offered(self.amounts)
        if amounts.size < 2 or amounts[0] != 0 or (np.diff(amounts) <= 0).any():  # noqa: PLR2004 — none and an award
            raise ResponseError(f"Monotone.amounts: must increase from 0, got {amounts.tolist()}; sort them and put 0 first")


def rising(model: Learner, amounts: Iterable[float]) -> Learner:
    """The unfitted model with curves that never fall with money.

    Where its estimator can be told so, it is (`SLearner`, and the treated's of `TwoModel`); the curves are pooled on the amounts
    unless that already settles them, which it does for `SLearner`.
    """
    told = isinstance(model, SLearner | TwoModel) and constrained(model)
    return model if told and isinstance(model, SLearner) else Monotone(model, tuple(amounts))


def constrained(model: SLearner | TwoModel) -> bool:
    """Tell the model's estimator that its prediction rises with the amount, and whether it can be told."""
    settings = model.estimator.get_params(deep=False)
    for parameter in CONSTRAINTS:
        # LightGBM passes this one on without naming it.
        known = parameter in settings or (parameter == "monotone_constraints" and hasattr(type(model.estimator), "booster_"))
        others = settings.get(parameter) or {}
        if known and isinstance(others, dict):
            model.set_params(estimator=clone(model.estimator).set_params(**{parameter: {**others, AMOUNT: 1}}))
            return True
    return False


def pooled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Curves (n, m) whose first column is the outcome without an award, as the nearest that keep it and never fall.

    Curves that do not fall are returned as they are.
    """
    fall = np.flatnonzero((values[:, 1:] < values[:, :-1]).any(axis=1))
    result = values.copy()
    for start in range(0, fall.size, ROWS):
        rows = fall[start : start + ROWS]
        result[rows, 1:] = np.maximum(isotonic(values[rows, 1:]), values[rows, :1])
    return result


def isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest curves (n, m) that never fall, each by pooling adjacent violators; all side by side."""
    n, m = values.shape
    every = np.arange(n)
    # The pools of a row stand side by side from its start; `last` is the latest one's place.
    means, sizes, last = np.zeros((n, m)), np.zeros((n, m), dtype=np.intp), np.full(n, -1)
    for k in range(m):
        last += 1
        means[every, last], sizes[every, last] = values[:, k], 1
        rows = np.flatnonzero(last > 0)
        while rows.size:
            after = last[rows]
            over = means[rows, after - 1] > means[rows, after]
            rows, after = rows[over], after[over]
            one, other = sizes[rows, after - 1], sizes[rows, after]
            means[rows, after - 1] = (one * means[rows, after - 1] + other * means[rows, after]) / (one + other)
            sizes[rows, after - 1] += other
            last[rows] -= 1
            rows = rows[after > 1]
    kept = np.arange(m) <= last[:, None]
    return np.repeat(means[kept], sizes[kept]).reshape(n, m)


def falls(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each of n curves (n, m) falls below an outcome that it had at a smaller amount, at most: (n,)."""
    below = np.maximum.accumulate(values, axis=1) - values
    most: NDArray[np.float64] = below.max(axis=1)
    return np.where(most > ROUNDING * np.maximum(1.0, np.abs(values).max(axis=1)), most, 0.0)
