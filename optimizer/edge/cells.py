"""CSV cells that no spreadsheet runs: text that would be a formula gets an apostrophe before it, and loses it when read back.

    original(neutral(x)) = x   for every text x

A spreadsheet runs what starts with ``= + - @`` (their full-width forms too, and after blanks), a tab or a line end. Text that
has apostrophes before such a start gets one more, so that none is lost on the way back. Numbers are never touched.

Source: OWASP, "CSV injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

_FORMULA = r"(?:[\t\r\n]|[\s\ufeff]*[=+\-@＝＋－＠])"
_RISKY = re.compile(rf"'*{_FORMULA}")
_NEUTRAL = re.compile(rf"'+{_FORMULA}")


def neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as a CSV file may hold it: no text cell and no column name is a formula."""
    return _changed(frame, _RISKY, lambda text: f"'{text}")


def original(frame: pd.DataFrame) -> pd.DataFrame:
    """The table that `neutral` was given."""
    return _changed(frame, _NEUTRAL, lambda text: text[1:])


def csv_of(frame: pd.DataFrame) -> str:
    """A neutral CSV text with a header; its lines end with LF."""
    table = neutral(frame)
    # A bare CR ends a line to most readers, but is written without quotes unless all text has them.
    broken = any("\r" in cell for _, cells in _text(table) for cell in cells.tolist() if isinstance(cell, str))
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL)


def _changed(frame: pd.DataFrame, found: re.Pattern[str], change: Callable[[str], str]) -> pd.DataFrame:
    """The table with the text changed in which the pattern is found at the start."""
    text = {}
    for column, cells in _text(frame):
        rows = [row for row, cell in enumerate(cells.tolist()) if isinstance(cell, str) and found.match(cell)]
        if rows:
            text[column] = cells.copy()
            text[column].iloc[rows] = [change(cells.iloc[row]) for row in rows]
    return frame.assign(**text).rename(columns=lambda name: change(name) if found.match(name) else name)


def _text(frame: pd.DataFrame) -> list[tuple[str, pd.Series[Any]]]:
    """The columns that may hold text."""
    columns = [(str(name), cells) for name, cells in frame.items()]
    return [(name, cells) for name, cells in columns if cells.dtype == object or isinstance(cells.dtype, pd.StringDtype)]
