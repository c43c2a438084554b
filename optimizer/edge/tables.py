"""A table is a file's rows and the sha256 of its bytes: what a plan was made from can be named and checked later.

Cells mean the same whatever the file: numbers are numbers, text is text, and only an empty cell or a token of
`csv_text.MISSING` is missing. A CSV row is called by the number a spreadsheet shows (the header is row 1).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from optimizer.edge.csv_text import parse_csv
from optimizer.edge.parquet import chunks_of, digest_of, digest_of_file, files_of, is_many, read_chunks
from optimizer.errors import DataError

SHOWN = 3
"""Rows that a message lists before it stops."""

MODULUS = 1 << 256
"""The digests of rows are added up below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows as they were read, and where they came from.

    Attributes
    ----------
    frame : n rows; its index is each row's place in the file, from 0, so that a part of a table still names its rows
        rightly; columns are numbers, booleans, `str` text or dates.
    digest : sha256 of the file's bytes (of the cells, for a table that was no file), hexadecimal.
    name : what messages call the table, such as ``data/history.csv``.
    first_row : what messages call its first row: 2 for CSV, as in a spreadsheet; else 1.
    """

    frame: pd.DataFrame
    digest: str
    name: str
    first_row: int = 1

    def rows(self, mask: NDArray[np.bool_]) -> str:
        """The rows of an (n,) mask in words: ``in row 12``, ``first in rows 12, 40, 77``."""
        places = self.frame.index.to_numpy()[mask]
        first = "first " if len(places) > SHOWN else ""
        numbers = ", ".join(str(place + self.first_row) for place in places[:SHOWN])
        return f"{first}in row{'s' if len(places) > 1 else ''} {numbers}"


def read_table(path: Path, *, name: str | None = None, text_columns: Collection[str] = ()) -> Table:
    """Read a CSV (UTF-8, commas) or Parquet file, or a folder of Parquet files; what is an URL is one.

    Parameters
    ----------
    path
        The file, whose suffix says what it is, or the folder.
    name
        What messages call it, by default the path.
    text_columns
        CSV columns whose cells are taken literally, such as ids: ``00123`` keeps its zeros, ``NA`` is a value.

    Raises
    ------
    DataError
        If there is no such file, it is not what its suffix says, it has no rows, or two columns share a name.
    """
    name = str(path) if name is None else name
    if is_many(path):
        return _many(path, name)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise DataError(f"{name}: must be a .csv or .parquet file, got {suffix or 'no suffix'}; save the table as CSV UTF-8")
    data = _bytes(path, name)
    digest = hashlib.sha256(data).hexdigest()
    if suffix == ".csv":
        return Table(frame=parse_csv(data, name=name, text_columns=text_columns), digest=digest, name=name, first_row=2)
    return Table(frame=_checked(_parquet(data, name), name), digest=digest, name=name)


def table_of_piece(piece: pa.Table, name: str, first: int = 0) -> Table:
    """A piece of a Parquet table, from row `first` on; it has no digest of its own.

    Raises
    ------
    DataError
        If it has no rows, or two columns share a name.
    """
    frame = _checked(piece.to_pandas(ignore_metadata=True), name)
    frame.index = pd.RangeIndex(first, first + len(frame))
    return Table(frame=frame, digest="", name=name)


def _many(path: Path, name: str) -> Table:
    files = files_of(path)
    whole = table_of_piece(read_chunks([chunk for file in files for chunk in chunks_of(file)]), name)
    return replace(whole, digest=digest_of(path, files, [digest_of_file(file) for file in files]))


def table_of(frame: pd.DataFrame, name: str = "table") -> Table:
    """A table made of a DataFrame; its digest is that of the column names, types and cells.

    Raises
    ------
    DataError
        If the frame has no rows, or two columns share a name.
    """
    plain = _checked(frame, name)
    return Table(frame=plain, digest=_digest(plain), name=name)


def sum_of_rows(frame: pd.DataFrame) -> int:
    """The sha256 of every row's cells, added up modulo 2²⁵⁶: the rows of several pieces come to the sum of theirs."""
    if not len(frame):
        return 0
    plain: list[NDArray[Any]] = []
    texts: list[list[Any]] = []
    for column in frame.columns:
        cells = frame[column]
        if _are_numbers(cells):
            plain.append(cells.to_numpy())
        else:
            texts.append(cells.to_list())
    n = len(frame)
    wide = [np.ascontiguousarray(cells).view(np.uint8).reshape(n, -1) for cells in plain]
    held = np.hstack(wide) if wide else np.zeros((n, 0), dtype=np.uint8)
    told = [json.dumps(cells, default=str).encode() for cells in zip(*texts, strict=True)] if texts else [b""] * n
    rows = (hashlib.sha256(own.tobytes() + cells).digest() for own, cells in zip(held, told, strict=True))
    return sum(int.from_bytes(row) for row in rows) % MODULUS


def digest_of_rows(frame: pd.DataFrame, total: int) -> str:
    """The digest of rows whose sums add up to `total`, given some of them: that of names and types of columns, and of the sum."""
    columns = [[str(column), str(kind)] for column, kind in frame.dtypes.items()]
    return hashlib.sha256(json.dumps([columns, f"{total % MODULUS:064x}"]).encode()).hexdigest()


def _bytes(path: Path, name: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = get_close_matches(path.name, _neighbours(path), n=1)
        hint = f"did you mean {near[0]}?" if near else "check the path; it is relative to the scenario"
        raise DataError(f"{name}: no such file; {hint}") from None
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror}; check the path and its permissions") from error
    if not data.strip():
        raise DataError(f"{name}: is empty; it needs a header and at least one row")
    return data


def _neighbours(path: Path) -> list[str]:
    return [neighbour.name for neighbour in path.parent.iterdir()] if path.parent.is_dir() else []


def _parquet(data: bytes, name: str) -> pd.DataFrame:
    try:
        # Metadata would turn a column into the index; here every column is a column.
        frame: pd.DataFrame = pq.read_table(io.BytesIO(data)).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{name}: is not a readable Parquet file: {reason}; write it again, or save it as .csv") from error
    return frame


def _checked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    columns = [str(column) for column in frame.columns]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        times = columns.count(repeated[0])
        raise DataError(f'{name}: column "{repeated[0]}" appears {times} times; give each column its own name')
    if frame.empty:
        raise DataError(f"{name}: has no rows; it needs at least one")
    cells = [_plain(frame.iloc[:, place]).array for place in range(len(columns))]
    return pd.DataFrame(dict(zip(columns, cells, strict=True)))


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """The same cells as numpy numbers, booleans or `str` text, whatever type carried them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.dtype == object:
        column = _inferred(column)
    if pd.api.types.is_bool_dtype(column) and column.isna().any():
        return column.astype("Float64").astype(np.float64)
    if pd.api.types.is_extension_array_dtype(column) and pd.api.types.is_numeric_dtype(column):
        narrow = column.astype("Float64") if column.isna().any() else column
        return narrow.astype(narrow.dtype.numpy_dtype) if hasattr(narrow.dtype, "numpy_dtype") else narrow.astype(np.float64)
    if column.dtype in (np.float16, np.float32):
        # By way of its shortest decimal: 0.09456 held in 32 bits is meant as 0.09456, not as 0.09455999732017517.
        return pd.Series(column.to_numpy().astype("U32").astype(np.float64))
    return column


def _inferred(column: pd.Series[Any]) -> pd.Series[Any]:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "string":
        return column.astype("str")
    if kind == "boolean":
        return column.astype("boolean") if column.isna().any() else column.astype(bool)
    if kind in ("decimal", "integer", "floating", "mixed-integer-float", "empty"):
        return column.astype(np.float64)
    return column


def _are_numbers(cells: pd.Series[Any]) -> bool:
    """Whether the cells stand in memory as numbers, or as true and false."""
    return isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "biuf"


def _digest(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for column in frame.columns:
        cells = frame[column]
        digest.update(json.dumps([column, str(cells.dtype), len(cells)]).encode())
        if _are_numbers(cells):
            digest.update(np.ascontiguousarray(cells.to_numpy()).tobytes())
        else:
            digest.update(json.dumps(cells.to_list(), default=str).encode())
    return digest.hexdigest()
