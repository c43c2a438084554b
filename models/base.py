"""A response model says what each unit would do at each amount: v_ik = E[outcome of unit i | offered a_k].

Uplift is v_ik − v_i0. With a unit's features fixed the amount is the only input left, so any fitted estimator is a
one-dimensional curve (a *Branch* says how to feed it). Potential outcomes: Rubin (1974); dose-response: Imbens (2000).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

AMOUNT = "amount"
"""What the amount is called among an estimator's inputs."""


class ResponseError(ValueError):
    """A response model cannot be built, fitted or asked; the message reads *where: what, got, remedy*."""


@runtime_checkable
class ResponseModel(Protocol):
    """What an optimiser needs of a model, and all it may use."""

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts: (n, m)."""
        ...

    def effect(self, X: pd.DataFrame, T0: float = 0, T1: float = 1) -> NDArray[np.float64]:
        """Expected outcome at amount T1 less that at T0, of n units: (n,)."""
        ...

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount, by the fitted estimator itself: (n,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One fitted estimator and how it is fed: inputs = features with amount / scale put in at `column`.

    Attributes
    ----------
    estimator : fitted; a classifier's outcome is its probability of class 1, a regressor's its prediction.
    features : (n, p) prepared, without the amount: float64, or a DataFrame for an estimator that prepares itself.
    column : the amount's position among the p + 1 inputs; None if the estimator does not take the amount.
    scale : currency units in one unit of the estimator's input.
    name : what the amount is called where the inputs have names.
    """

    estimator: Any
    features: NDArray[np.float64] | pd.DataFrame
    column: int | None
    scale: float = 1.0
    name: str = AMOUNT

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float64] | pd.DataFrame:
        """The features of these rows, in this order."""
        return self.features.iloc[rows] if isinstance(self.features, pd.DataFrame) else self.features[rows]

    def inputs(self, rows: NDArray[np.intp], amounts: NDArray[np.float64]) -> NDArray[np.float64] | pd.DataFrame:
        """What the estimator sees for these rows at these amounts, one amount (currency units) a row."""
        features = self.take(rows)
        return features if self.column is None else with_amount(features, self.column, amounts / self.scale, self.name)


def with_amount(
    features: NDArray[np.float64] | pd.DataFrame, column: int, seen: NDArray[np.float64], name: str = AMOUNT
) -> NDArray[np.float64] | pd.DataFrame:
    """Features (n, p) with the scaled amounts (n,) as one more column at this position; the features stay untouched."""
    if isinstance(features, pd.DataFrame):
        frame = features.copy(deep=False)
        frame.insert(column, name, seen)
        return frame
    return np.insert(features, column, seen, axis=1)


def offered(amounts: Iterable[float]) -> NDArray[np.float64]:
    """Amounts as a float64 vector.

    Raises
    ------
    ResponseError
        If there is none, or one is negative or not finite.
    """
    vector = np.asarray(list(amounts), dtype=np.float64)
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all() or vector.min() < 0:
        raise ResponseError(f"amounts: must be a list of finite amounts ≥ 0, got {vector.tolist()}; 0 means no award")
    return vector


def received(treatment: ArrayLike, n: int) -> NDArray[np.float64]:
    """Amounts received by n units, one each, as a float64 vector.

    Raises
    ------
    ResponseError
        If the length differs, or an amount is missing, negative or not finite.
    """
    try:
        vector = np.asarray(treatment, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ResponseError(f"treatment: must be one number a unit, got {fault}; leave out the rows without one") from fault
    if vector.shape != (n,):
        raise ResponseError(f"treatment: must be one amount for each of the {n} units, got shape {vector.shape}")
    wrong = np.flatnonzero(~np.isfinite(vector) | (vector < 0))
    if wrong.size:
        raise ResponseError(
            f"treatment: must be finite and ≥ 0, got {vector[wrong[:3]].tolist()} in rows "
            f"{wrong[:3].tolist()}; correct or leave out the {wrong.size} rows"
        )
    return vector
