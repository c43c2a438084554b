"""Models of effects that were fitted elsewhere: v(x, a) = μ_0(x) + τ(x, a), the effect τ by the model and μ_0 by a baseline.

EconML's estimators say ``effect(X, T0=, T1=)``, a curve in the amount or one value for each discrete one (Battocchi et al. 2019);
causalml's ``predict(X)`` one effect for each group of amounts (Chen et al. 2020). Either may be any object that does the same.
A plan's uplift needs τ alone; only its total outcome, and what is measured on it, needs the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError, offered, received
from models.inputs import input_names, inputs_of
from models.learner import Learner
from models.observed import as_frame
from models.outcome import called, expected
from models.tiers import TieredLearner, Tiers


@dataclass(frozen=True, kw_only=True, repr=False)
class Fitted:
    """A fitted model of effects, and what it is handed.

    Attributes
    ----------
    model : the fitted model.
    baseline : a fitted estimator of the outcome without an award, or None for 0.
    features : columns the model was fitted on, where that was a table; empty for all columns, as numbers.
    """

    model: Any
    baseline: Any = None
    features: tuple[str, ...] = ()

    def __sklearn_clone__(self) -> Self:
        """Stay as it is: what it holds is fitted, and a clone would not be."""
        return self

    def _inputs(self, X: pd.DataFrame) -> Any:
        return inputs_of(self.model, as_frame(X), self.features)

    def _without(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units without an award: (n,)."""
        if self.baseline is None:
            return np.zeros(len(X))
        return expected(self.baseline, inputs_of(self.baseline, as_frame(X), input_names(self.baseline) or self.features))

    def _asked(self, ask: Callable[[], Any], shape: tuple[int, int]) -> NDArray[np.float64]:
        """What the model answers, as finite numbers of this shape."""
        try:
            values = np.asarray(ask(), dtype=np.float64)
        except Exception as fault:
            raise ResponseError(f"wrap: {called(self.model)} cannot say its effects, got {fault}") from fault
        if values.shape == shape[:1] and shape[1] == 1:
            values = values[:, None]
        if values.shape != shape or not np.isfinite(values).all():
            raise ResponseError(
                f"wrap: {called(self.model)} must say {shape[1]} finite numbers for each of {shape[0]} units, got shape "
                f"{values.shape}, {np.count_nonzero(~np.isfinite(values))} of them not finite; it must be a model of one outcome"
            )
        return values


@dataclass(frozen=True, kw_only=True, repr=False)
class WrappedEffect(Fitted, Learner):
    """A model with ``effect(X, T0=, T1=)`` as a response model; build it with `wrap`.

    Attributes
    ----------
    per : currency units in one unit of its treatment.
    """

    per: float = 1.0

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units): (n, m).

        Raises
        ------
        ResponseError
            If the model fails, as one of discrete treatments does at amounts it has not seen.
        """
        vector = offered(amounts)
        inputs = self._inputs(X)
        uplift = np.column_stack([self._uplift(inputs, amount) for amount in vector])
        return np.asarray(self._without(X)[:, None] + uplift, dtype=np.float64)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount (currency units): (n,).

        Raises
        ------
        ResponseError
            As in `response`.
        """
        amounts = received(treatment, len(X))
        frame, values = as_frame(X), self._without(X)
        # One amount at a time: a vector of treatments means different things to different estimators.
        for amount in np.unique(amounts):
            rows = np.flatnonzero(amounts == amount)
            values[rows] += self._uplift(self._inputs(frame.iloc[rows]), amount)
        return values

    def _uplift(self, inputs: Any, amount: float) -> NDArray[np.float64]:
        if amount == 0 or not len(inputs):
            return np.zeros(len(inputs))
        return self._asked(lambda: self.model.effect(inputs, T0=0, T1=amount / self.per), (len(inputs), 1))[:, 0]


@dataclass(frozen=True, kw_only=True, repr=False)
class WrappedGroups(Fitted, TieredLearner):
    """A model whose ``predict(X)`` has a column for each group of amounts; build it with `wrap`.

    Attributes
    ----------
    tiers_ : the amounts; between them the response runs straight.
    columns : the column of each of its amounts, in their order.
    effects : whether columns are effects against no award; else they are outcomes, that without an award among them.
    """

    tiers_: Tiers
    columns: tuple[int, ...]
    effects: bool

    def outcomes(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units at no award and at each amount: (n, arms)."""
        inputs = self._inputs(X)
        said = np.empty((0, len(self.columns)))
        if len(inputs):
            said = self._asked(lambda: self.model.predict(inputs), (len(inputs), len(self.columns)))
        said = said[:, list(self.columns)]
        if not self.effects:
            return said
        without = self._without(X)[:, None]
        return np.hstack([without, without + said])


def wrap_groups(model: Any, amounts: Iterable[float], baseline: Any, features: tuple[str, ...]) -> WrappedGroups:
    """A model of groups of amounts, whose amounts stand in the order of its columns; 0 says that its columns are outcomes.

    Raises
    ------
    ResponseError
        If the amounts cannot be these, the model has no predict, or there are two outcomes without an award.
    """
    vector = offered(amounts)
    if np.unique(vector).size < vector.size or not (vector > 0).any():
        raise ResponseError(f"wrap.amounts: must be different amounts, one of them above 0, got {vector.tolist()}")
    if not hasattr(model, "predict"):
        raise ResponseError(f"wrap: a model of groups of amounts must have predict, got {called(model)} without")
    effects = bool(vector.min() > 0)
    if not effects and baseline is not None:
        raise ResponseError("wrap.baseline: must be left out where amounts hold 0, got both; the model says that outcome itself")
    order = np.argsort(vector)
    known = tuple(float(amount) for amount in ([0.0] if effects else []) + vector[order].tolist())
    return WrappedGroups(
        model=model,
        baseline=baseline,
        features=features,
        tiers_=Tiers(amounts=known, highest=known),
        columns=tuple(int(column) for column in order),
        effects=effects,
    )
