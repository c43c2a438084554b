"""What an estimator that was fitted elsewhere is handed: columns by name where it knows names, else numbers by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseError
from models.outcome import called


def input_names(fitted: Any) -> list[str]:
    """Names of the columns an estimator was fitted on; empty if it was fitted without."""
    names = [str(name) for name in getattr(fitted, "feature_names_in_", ())]
    # LightGBM makes up Column_0, Column_1, … where it was given no names.
    return [] if names == [f"Column_{j}" for j in range(len(names))] else names


def inputs_of(fitted: Any, frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64] | pd.DataFrame:
    """The columns of these names, in this order; without names all columns, as numbers.

    Raises
    ------
    ResponseError
        If a column is absent, or without names one holds no numbers.
    """
    return named_columns(fitted, frame, names) if names else numbers(frame)


def named_columns(fitted: Any, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these names, in this order.

    Raises
    ------
    ResponseError
        If one is absent.
    """
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ResponseError(f"wrap: X must hold the columns {called(fitted)} was fitted on, got no {', '.join(absent)}; add them")
    return frame.loc[:, list(names)]


def numbers(frame: pd.DataFrame) -> NDArray[np.float64]:
    """All columns as numbers: (n, p).

    Raises
    ------
    ResponseError
        If one holds no numbers.
    """
    try:
        return frame.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ResponseError(f"wrap: columns must be numbers for an estimator fitted without names, got {fault}") from fault
