"""A table of candidates → Units: everyone is decided, so nobody may be nameless, doubled or left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.columns import finite, present, usable_feature
from optimizer.edge.history_from import imputed
from optimizer.edge.tables import SHOWN, Table, digest_of_rows, sum_of_rows
from optimizer.errors import DataError
from optimizer.problem.units import History, Units


def units_from(table: Table, *, id: str | None, features: Sequence[str], columns: Collection[str] = ()) -> Units:  # noqa: A002
    """Read the units to be decided.

    Parameters
    ----------
    table
        One row a unit.
    id
        Column of unique identifiers; None numbers them by their place in the table, from 1.
    features
        Columns the response model reads.
    columns
        Further columns that must be there: those that limits, costs and rules name.

    Raises
    ------
    DataError
        If a column is absent, an id is missing or used twice, or a cell is infinite or no value a model reads.
    """
    present(table, [*([] if id is None else [id]), *features, *columns])
    everyone = np.ones(len(table.frame), dtype=bool)
    for feature in features:
        usable_feature(table, feature, everyone)
    for column in columns:
        finite(table, column, everyone)
    return Units(
        ids=_places(table) if id is None else identifiers(table, id),
        frame=table.frame.reset_index(drop=True),
        features=tuple(features),
        digest=table.digest,
        notes=imputed(table, everyone, features),
    )


def identifiers(table: Table, column: str) -> NDArray[np.object_]:
    """The ids of a column as text, (n,).

    Raises
    ------
    DataError
        If an id is missing or appears twice.
    """
    cells = table.frame[column]
    # Text is what it is; one by one its cells would take longer than all other columns.
    texts = cells if isinstance(cells.dtype, pd.StringDtype) else cells.map(_text, na_action="ignore").astype("str")
    ids = texts.to_numpy(dtype=object)
    missing = texts.isna().to_numpy() | (texts.str.strip() == "").to_numpy()
    if missing.any():
        raise DataError(f'{table.name}: id column "{column}" is empty {table.rows(missing)}; give every unit an id')
    repeated = pd.Series(ids).duplicated(keep=False).to_numpy()
    if repeated.any():
        twice = list(dict.fromkeys(ids[repeated]))
        shown = "; ".join(f'"{value}" {table.rows(ids == value)}' for value in twice[:SHOWN])
        more = f"; {len(twice)} such ids" if len(twice) > SHOWN else ""
        raise DataError(f'{table.name}: id column "{column}" must hold each id once, got {shown}{more}; make them differ')
    return ids


def part_of(units: Units, rows: NDArray[np.intp], columns: Collection[str]) -> Units:
    """The units of these rows, in this order; the digest is that of their own cells, whoever else is in the table.

    Parameters
    ----------
    columns
        What is read of them besides the features.
    """
    part = units.take(rows)
    told = told_of(part, columns)
    return replace(part, digest=digest_of_rows(told, sum_of_rows(told)))


def told_of(units: Units, columns: Collection[str]) -> pd.DataFrame:
    """What is read of the units: their ids, their features and these columns."""
    return units.frame.loc[:, list(dict.fromkeys([*units.features, *columns]))].assign(**{"": units.ids})


def check_same_kinds(history: History, units: Units) -> None:
    """Check that a feature is numbers in both tables, or text in both.

    Raises
    ------
    DataError
        If one is not: a model fitted on the one cannot read the other.
    """
    for feature in history.features:
        past, now = history.frame[feature], units.frame[feature]
        if _kind(past) != _kind(now):
            got = "nothing" if now.isna().all() else f"{_kind(now)}, such as {now.dropna().iloc[0]}"
            raise DataError(f'units: feature "{feature}" must hold {_kind(past)} as in the history, got {got}; write both alike')


def _kind(cells: pd.Series[Any]) -> str:
    return "numbers" if pd.api.types.is_numeric_dtype(cells) else "text"


def _places(table: Table) -> NDArray[np.object_]:
    return np.array([str(place + 1) for place in table.frame.index], dtype=object)


def _text(value: object) -> str:
    """An id as a person would write it: whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
