"""What a column must hold before it may be used; every complaint names the table, the column and the first rows.

All checks look at some rows of a table only (an (n,) mask): a row that is left out cannot be at fault.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.tables import SHOWN, Table
from optimizer.errors import DataError

LISTED = 12
"""Columns a message lists before it stops."""

YES = ("yes", "y", "true", "t")

DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}.*)?"


def present(table: Table, columns: Collection[str]) -> None:
    """Check that the table has all these columns.

    Raises
    ------
    DataError
        If one is absent; the message names the closest there is.
    """
    names = list(table.frame.columns)
    for column in columns:
        if column not in names:
            lowered = {name.lower(): name for name in names}
            near = get_close_matches(column.lower(), lowered, n=1)
            hint = f'did you mean "{lowered[near[0]]}"?' if near else "name a column the table has"
            listed = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
            raise DataError(f'{table.name}: column "{column}" is not in the table, which has {listed}; {hint}')


def numbers(table: Table, column: str, role: str) -> NDArray[np.float64]:
    """The column as (n,) float64, NaN where missing; true is 1, false is 0.

    Raises
    ------
    DataError
        If a cell holds no number; the message says how to write yes and no.
    """
    cells = table.frame[column]
    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(dtype=np.float64)
    if _is_text(cells):
        values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
        bad = np.isnan(values) & cells.notna().to_numpy()
        if not bad.any():
            return values
        raise DataError(f'{table.name}: column "{column}" ({role}) must hold numbers, {_said(table, cells, bad)}')
    raise DataError(f'{table.name}: column "{column}" ({role}) must hold numbers, got {_kind(cells)}; write numbers')


def _said(table: Table, cells: pd.Series[Any], bad: NDArray[np.bool_]) -> str:
    """What stands there instead of numbers, and what to write."""
    kinds = sorted(cells[bad].unique())
    if len(kinds) == 2 and bad.sum() == cells.notna().sum():  # noqa: PLR2004 — a yes and a no
        success = next((kind for kind in kinds if kind.lower() in YES), kinds[-1])
        return f'got "{kinds[0]}" and "{kinds[1]}"; write 1 for what counts as success ("{success}"?) and 0 for the other'
    shown = ", ".join(f'"{cell}"' for cell in cells[bad].iloc[:SHOWN])
    remedy = "write plain digits such as 100000 or 0.5, and leave the cell empty where nothing is known"
    return f"got {shown} {table.rows(bad)}; {remedy}"


def finite(table: Table, column: str, among: NDArray[np.bool_]) -> None:
    """Check that no number among these rows is infinite.

    Raises
    ------
    DataError
        If one is.
    """
    cells = table.frame[column]
    if not pd.api.types.is_float_dtype(cells):
        return
    bad = np.isinf(cells.to_numpy(dtype=np.float64)) & among
    if bad.any():
        count = f"{bad.sum()} infinite numbers" if bad.sum() > 1 else "an infinite number"
        comma = "," if bad.sum() > SHOWN else ""
        raise DataError(f'{table.name}: column "{column}" has {count}{comma} {table.rows(bad)}; remove or correct them')


def usable_feature(table: Table, column: str, among: NDArray[np.bool_]) -> None:
    """Check that a model can read the column: numbers, true/false or text, no dates, nothing infinite.

    Raises
    ------
    DataError
        If it cannot.
    """
    cells = table.frame[column]
    if pd.api.types.is_datetime64_any_dtype(cells) or _looks_like_dates(cells):
        raise DataError(
            f'{table.name}: feature "{column}" holds dates, which no model reads; '
            "replace it by a number, such as the days since a fixed day, or leave it out"
        )
    if not (pd.api.types.is_numeric_dtype(cells) or _is_text(cells)):
        raise DataError(
            f'{table.name}: feature "{column}" must hold numbers, true/false or text, got {_kind(cells)}; '
            "convert it or leave it out"
        )
    finite(table, column, among)


def _looks_like_dates(cells: pd.Series[Any]) -> bool:
    if not _is_text(cells):
        return False
    known = cells.dropna()
    return bool(len(known)) and bool(known.str.fullmatch(DATE).all())


def _is_text(cells: pd.Series[Any]) -> bool:
    return isinstance(cells.dtype, pd.StringDtype)


def _kind(cells: pd.Series[Any]) -> str:
    if cells.dtype == object:
        return "mixed values, such as " + " and ".join(repr(cell) for cell in cells.dropna().iloc[:2])
    return f"{cells.dtype} values"
