"""A curve knows a fitted estimator at fixed amounts: (rows, p + 1) inputs with any amount in them → (rows, m) outcomes.

What all kinds share: how inputs become the numbers the estimator computes with, and the one way of saying *take the grid*.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_array


class Unclear(Exception):
    """The structure is not one of those understood here; the grid, which asks the estimator itself, answers."""


class Curve(Protocol):
    """An estimator at m fixed amounts."""

    @property
    def rows(self) -> int:
        """How many units to hand in at once: what keeps memory bounded and the caches warm."""
        ...

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes (rows, m) of these inputs, whose amounts are not looked at."""
        ...


def as_array(inputs: Any, dtype: type[np.floating] = np.float64, *, missing: bool = False) -> NDArray[Any]:
    """Inputs as scikit-learn's estimators make numbers of them, finite or (if `missing`) not a number.

    Raises
    ------
    Unclear
        If they are no such numbers: the estimator has a say on what then happens.
    """
    dense = inputs.toarray() if issparse(inputs) else inputs
    try:
        with np.errstate(over="ignore"):
            return np.asarray(check_array(dense, dtype=dtype, ensure_all_finite="allow-nan" if missing else True))
    except (TypeError, ValueError) as fault:
        raise Unclear(f"inputs that are no numbers: {fault}") from fault


def as_double(inputs: Any) -> NDArray[np.float64]:
    """Finite inputs of an estimator that computes in double precision if, and only if, it is given that.

    Raises
    ------
    Unclear
        If it would compute in single precision.
    """
    if getattr(inputs, "dtype", None) in (np.float32, np.float16):
        raise Unclear("inputs in single precision")
    return as_array(inputs)


def rows_within(numbers: int, width: int, most: int = 2**20) -> int:
    """How many rows of this width stay within so many numbers, at least 1 and at most `most`."""
    return int(min(most, max(1, numbers // max(1, width))))
