"""A query's rows → a table, a few at a time: what a server-side cursor brings becomes typed columns before the next come.

The transaction cannot write. Cells are what a Parquet file of the same rows would hold: NULL is missing, DECIMAL is a number,
UUID is text. A query has no order but its ORDER BY; the table's digest is that of the cells in the order they came.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection

from optimizer.edge.connections import connection, engine, masking
from optimizer.edge.tables import Table, table_of
from optimizer.errors import DataError

ROWS = 20_000
"""Rows that are held as Python values at a time."""

LARGEST = 2**63
"""Whole numbers below it fit 64 bits."""


def read_sql(sql: str, where: str, *, name: str, text_columns: Collection[str] = ()) -> Table:
    """Read what one SELECT yields.

    Parameters
    ----------
    sql
        The query, handed to the database as it is written: ``%`` and ``:`` mean themselves.
    where
        The database (see `optimizer.edge.connections.connection`).
    name
        What messages call the table.
    text_columns
        Columns taken as text, such as ids: a whole number has no decimal point, however large it is.

    Raises
    ------
    DataError
        If the database cannot be reached, refuses the query, or yields no rows; if the statement is no query, or a column
        has no name of its own or holds values of several types.
    """
    url = connection(where)
    database = engine(url, read_only=True)
    remedy = "correct the query, or check the connection and what its role may read"
    try:
        with masking(url, DataError, where=name, remedy=remedy), database.connect() as opened:
            frame = _rows(opened, sql, name, text_columns).to_pandas(ignore_metadata=True)
    finally:
        database.dispose()
    return table_of(frame, name)


def _rows(opened: Connection, sql: str, name: str, text_columns: Collection[str]) -> pa.Table:
    """The query's columns, each in pieces of one type."""
    streaming = opened.execution_options(stream_results=True, no_parameters=True)
    result = streaming.exec_driver_sql(sql)
    if not result.returns_rows:
        raise DataError(f"{name}: must yield rows, and this statement has none; write one SELECT")
    columns = list(result.keys())
    pieces: list[list[pa.Array]] = [[] for _ in columns]
    for rows in result.yield_per(ROWS).partitions():
        for column, piece, values in zip(columns, pieces, zip(*rows, strict=True), strict=True):
            piece.append(_typed(values, f'{name}: column "{column}"', literal=column in text_columns))
    joined = [_joined(piece, f'{name}: column "{column}"') for column, piece in zip(columns, pieces, strict=True)]
    return pa.Table.from_arrays(joined, names=columns)


def _typed(values: Sequence[Any], place: str, *, literal: bool) -> pa.Array:
    kinds = {type(value) for value in values} - {type(None)}
    if literal or UUID in kinds:
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    if Decimal in kinds or kinds == {int, float}:
        return _numbers(values)
    try:
        return pa.array(values)
    except OverflowError:
        return _numbers(values)
    except (pa.ArrowException, ValueError, TypeError):
        raise _mixed(place, {kind.__name__ for kind in kinds}) from None


def _numbers(values: Sequence[Any]) -> pa.Array:
    """Whole numbers as far as 64 bits reach, if all are."""
    if all(value is None or (_whole(value) and abs(value) < LARGEST) for value in values):
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _joined(pieces: Sequence[pa.Array], place: str) -> pa.ChunkedArray:
    kinds = {piece.type for piece in pieces if piece.type != pa.null()}
    if len(kinds) > 1 and not kinds <= {pa.int64(), pa.float64()}:
        raise _mixed(place, set(map(str, kinds)))
    kind = pa.float64() if len(kinds) > 1 else next(iter(kinds), pa.null())
    return pa.chunked_array([piece.cast(kind, safe=False) for piece in pieces], kind)


def _mixed(place: str, kinds: Collection[str]) -> DataError:
    return DataError(f"{place} must hold values of one type a table has, got {' and '.join(sorted(kinds))}; CAST it in the query")


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float | Decimal) and _whole(value) else str(value)


def _whole(value: float | Decimal) -> bool:
    return math.isfinite(value) and value == int(value)
