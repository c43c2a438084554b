"""What was observed of past units: features X_i, the amount received t_i, the outcome y_i — checked once, trusted after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError, received

SHOWN = 3
"""How many wrong rows a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Past units.

    Attributes
    ----------
    X : n rows, the features.
    treatment : (n,) amount received, currency units; 0 is control.
    outcome : (n,) what happened.
    weight : (n,) how much each unit counts, or None for equally.
    """

    X: pd.DataFrame
    treatment: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64] | None

    @classmethod
    def read(cls, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Check what `fit` was given.

        Raises
        ------
        ResponseError
            If lengths differ, a number is missing, not finite or negative where it may not be, or everyone received the same.
        """
        frame = as_frame(X)
        amounts = received(treatment, len(frame))
        if np.unique(amounts).size < 2:  # noqa: PLR2004 — a contrast needs two
            raise ResponseError(
                f"treatment: needs at least two distinct amounts, got only {amounts[0]:g} in {len(frame)} rows; "
                "give a history in which awards differ"
            )
        weight = None if sample_weight is None else _numbers("sample_weight", sample_weight, len(frame))
        if weight is not None and (weight.min() < 0 or weight.max() <= 0):
            raise ResponseError(f"sample_weight: must be ≥ 0 and not all 0, got from {weight.min()} to {weight.max()}")
        return cls(X=frame, treatment=amounts, outcome=_numbers("y", y, len(frame)), weight=weight)

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Who received something: (n,)."""
        return self.treatment > 0

    def arm(self, name: str) -> NDArray[np.intp]:
        """Rows of an arm, ``control`` or ``treated``.

        Raises
        ------
        ResponseError
            If nobody is in it.
        """
        rows = np.flatnonzero(self.treated if name == "treated" else ~self.treated)
        if not rows.size:
            raise ResponseError(
                f"treatment: the {name} arm is empty, got amounts from {self.treatment.min():g} to "
                f"{self.treatment.max():g}; give units of both arms, or use an S-learner"
            )
        return rows


def as_frame(X: object) -> pd.DataFrame:
    """X as a DataFrame with text column names; the columns of a plain (n, p) array are called x0, x1, ….

    Raises
    ------
    ResponseError
        If X is no table, or two columns have one name.
    """
    if not isinstance(X, pd.DataFrame):
        array = np.asarray(X)
        if array.ndim != 2:  # noqa: PLR2004 — rows and columns
            raise ResponseError(f"X: must be a DataFrame (n, p), got shape {array.shape}")
        return pd.DataFrame(array, columns=[f"x{j}" for j in range(array.shape[1])])
    names = [str(name) for name in X.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ResponseError(f"X: column names must differ, got {', '.join(twice)} more than once; rename them")
    return X.set_axis(names, axis=1)


def _numbers(name: str, values: ArrayLike, n: int) -> NDArray[np.float64]:
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ResponseError(f"{name}: must be one number a unit, got {fault}; leave out the rows without one") from fault
    if vector.shape != (n,):
        raise ResponseError(f"{name}: must be one number for each of the {n} units, got shape {vector.shape}")
    wrong = np.flatnonzero(~np.isfinite(vector))
    if wrong.size:
        raise ResponseError(
            f"{name}: must be finite, got {vector[wrong[:SHOWN]].tolist()} in rows {wrong[:SHOWN].tolist()}; "
            f"leave out the {wrong.size} rows"
        )
    return vector
