"""CSV text → columns, by rules one can say: a column is true/false, numbers or text, whichever all its cells are.

A cell is missing if it is empty or one of `MISSING`. Codes such as ``00123`` are text. Dates stay text. Rows must be
as long as the header; nothing is guessed, renamed or dropped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from optimizer.errors import DataError

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")

NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$"
CODE = r"^[+-]?0\d"
SIGNATURES = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook",
    b"PAR1": "is a Parquet file (name it .parquet)",
    b"\x1f\x8b": "is compressed with gzip",
    b"\xff\xfe": "is UTF-16 text",
    b"\xfe\xff": "is UTF-16 text",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook",
}
LARGEST_BLOCK = 2**31 - 1
REMEDY = "save the table as CSV UTF-8"


def parse_csv(data: bytes, *, name: str, text_columns: Collection[str] = ()) -> pd.DataFrame:
    """Read CSV text; row 1 is the header.

    Parameters
    ----------
    data
        UTF-8, with or without a byte order mark.
    name
        What messages call the table.
    text_columns
        Columns taken literally: nothing but an empty cell is missing, and nothing is a number.

    Raises
    ------
    DataError
        If the bytes are not UTF-8 text, a name is absent or repeated, a row is longer or shorter than the header,
        or there are no rows.
    """
    _check_text(data, name)
    # A blank line inside is a row, so that row numbers hold; those at the end are how editors close a file.
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n") + b"\n"
    header = _header(data, name)
    cells = _cells(data, header, name)
    if not cells.num_rows:
        raise DataError(f"{name}: has a header but no rows; add at least one row below it")
    return pd.DataFrame({column: _column(cells[column], literal=column in text_columns) for column in header})


def _check_text(data: bytes, name: str) -> None:
    for signature, what in SIGNATURES.items():
        if data.startswith(signature):
            raise DataError(f"{name}: {what}, not CSV; {REMEDY}")
    if b"\0" in data:
        raise DataError(f"{name}: is not text: row {_row(data, data.index(0))} holds a zero byte; {REMEDY}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"row {_row(data, error.start)} (byte {error.start + 1} of the file)"
        raise DataError(f"{name}: {where} is not UTF-8, got byte 0x{data[error.start]:02x}; {REMEDY}") from None


def _row(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _header(data: bytes, name: str) -> list[str]:
    try:
        header = next(csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")))
    except csv.Error as error:
        raise DataError(f"{name}: row 1 is not a CSV header: {error}; {REMEDY}") from None
    if not header:
        raise DataError(f"{name}: row 1 is blank; the header with the column names must stand there")
    if len(header) == 1 and (separator := next((mark for mark in ";\t|" if mark in header[0]), None)):
        raise DataError(f"{name}: columns must be separated by commas, got {separator!r} in row 1; {REMEDY}")
    blank = [str(place) for place, column in enumerate(header, start=1) if not column.strip()]
    if len(blank) > 1 or len(header) == len(blank):
        raise DataError(f"{name}: columns {', '.join(blank)} have no name in row 1; name them or remove them")
    repeated = [column for column in dict.fromkeys(header) if header.count(column) > 1]
    if repeated:
        times = header.count(repeated[0])
        raise DataError(f'{name}: column "{repeated[0]}" appears {times} times in row 1; give each column its own name')
    return header


def _cells(data: bytes, header: list[str], name: str) -> pa.Table:
    """Every cell as text; one block, so that a quoted cell may span lines and rows can be counted."""
    ragged: list[tuple[int, int]] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    try:
        cells = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(use_threads=False, block_size=min(len(data) + 1, LARGEST_BLOCK)),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=pacsv.ConvertOptions(strings_can_be_null=False, column_types=dict.fromkeys(header, pa.string())),
        )
    except pa.ArrowException as error:
        raise DataError(f"{name}: is not CSV: {str(error).splitlines()[0]}; {REMEDY}") from error
    if ragged:
        row, fields = ragged[0]
        more = f" ({len(ragged)} such rows)" if len(ragged) > 1 else ""
        raise DataError(
            f"{name}: row {row} has {fields} cell{'s' if fields != 1 else ''} where the header has {len(header)}{more}; "
            "add what is missing, or put quotes around a cell that holds a comma"
        )
    _check_quotes(data, cells, name)
    return cells


def _check_quotes(data: bytes, cells: pa.Table, name: str) -> None:
    """A last cell of several lines must have been quoted; if no quote ends it, an opening quote swallowed the rest."""
    if cells.num_rows and "\n" in cells.column(cells.num_columns - 1)[-1].as_py() and not data.rstrip().endswith(b'"'):
        raise DataError(f"{name}: row {cells.num_rows + 1} opens a quote that is never closed; close it or remove it")


def _column(cells: pa.ChunkedArray, *, literal: bool) -> pd.Series[Any]:
    trimmed = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(trimmed, value_set=pa.array(("",) if literal else MISSING))
    cells = pc.if_else(missing, pa.scalar(None, pa.string()), cells)
    if literal:
        return _text(cells)
    present = pc.drop_null(pc.if_else(missing, pa.scalar(None, pa.string()), trimmed))
    if not len(present):
        return pd.Series(np.full(len(cells), np.nan))
    if pc.all(pc.is_in(pc.utf8_lower(present), value_set=pa.array(("true", "false")))).as_py():
        values = pc.equal(pc.utf8_lower(present), "true").to_numpy()
    elif _all(present, NUMBER) and not pc.any(pc.match_substring_regex(present, CODE)).as_py():
        values = _numbers(present)
    else:
        return _text(cells)
    return _spread(values, missing.to_numpy())


def _all(present: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(present, pattern)).as_py())


def _text(cells: pa.ChunkedArray) -> pd.Series[Any]:
    return pd.Series(cells.to_pandas(), dtype="str")


def _numbers(present: pa.ChunkedArray) -> NDArray[Any]:
    """Whole numbers stay whole as far as 64 bits reach."""
    try:
        return np.asarray(pc.cast(present, pa.int64()))
    except pa.ArrowInvalid:
        return np.asarray(pc.cast(present, pa.float64()))


def _spread(values: NDArray[Any], missing: NDArray[np.bool_]) -> pd.Series[Any]:
    if not missing.any():
        return pd.Series(values)
    spread = np.full(len(missing), np.nan)
    spread[~missing] = values
    return pd.Series(spread)
