"""What a column of a table may be, by its name and its cells: an id, an outcome, an amount, a feature, or a leak.

A guess lists the columns that may be meant, likeliest first; it is sure if nothing else comes near.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimizer.edge.columns import usable_feature
from optimizer.edge.tables import Table
from optimizer.errors import DataError

IDS = ("id", "ids", "identifier", "code", "number", "no", "key", "email", "uuid", "番号", "識別子", "コード")
OUTCOMES = (
    *("outcome", "enrolled", "enrolment", "enrollment", "enrol", "enroll", "converted", "conversion", "responded", "response"),
    *("success", "target", "label", "y", "purchased", "purchase", "bought", "sale", "sales", "visit", "visited", "retained"),
    *("graduated", "completed", "recovered", "accepted", "result", "入学", "登録", "成果", "結果", "購入", "応答", "成約"),
)
TREATMENTS = (
    *("treatment", "award", "amount", "scholarship", "grant", "aid", "offer", "offered", "incentive", "discount", "coupon"),
    *("treated", "treat", "dose", "subsidy", "bonus", "merit", "奨学金", "支給額", "給付額", "金額", "割引", "処置"),
)
"""Words of a column's name, in small letters; the nearer the front, the likelier."""

MANY_ZEROS = 0.05
"""An amount is 0 for at least so many."""
TOLD = 0.95
"""A correlation from which a column tells the outcome or the treatment rather than helps to predict it."""
LEVELS = 50
"""Texts in a column, beyond which each is about somebody rather than about a kind."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The columns that may be meant.

    Attributes
    ----------
    columns : likeliest first.
    sure : whether the first is meant, and nothing else comes near.
    """

    columns: tuple[str, ...]
    sure: bool

    def but(self, taken: str | None) -> Guess:
        """The guess, where one column is known to be another thing."""
        if taken not in self.columns:
            return self
        left = tuple(column for column in self.columns if column != taken)
        return Guess(left, sure=len(left) == 1)


def names_of(table: Table) -> list[str]:
    """The table's columns."""
    return [str(name) for name in table.frame.columns]


def guess_id(table: Table) -> Guess:
    """Columns that hold another value in each row: called like an id, or texts without a space, as codes are."""
    frame = table.frame
    unique = [name for name in names_of(table) if _countable(frame[name]) and frame[name].is_unique and frame[name].notna().all()]
    ranks = {name: _rank(name, IDS) for name in unique}
    shaped = [name for name in unique if ranks[name] is None and _codes(frame[name])]
    return _ranked(ranks | dict.fromkeys(shaped, len(IDS)), len(IDS))


def guess_treatment(past: Table, known: Iterable[str]) -> Guess:
    """Columns that may hold an amount: called like one, or numbers that are 0 for many and not known of new units.

    Parameters
    ----------
    known : columns that are known of units yet to be decided.
    """
    frame = past.frame
    ranks = {name: _rank(name, TREATMENTS) for name in names_of(past)}
    shaped = [name for name in ranks if ranks[name] is None and name not in known and _amounts(frame[name])]
    return _ranked(ranks | dict.fromkeys(shaped, len(TREATMENTS)), len(TREATMENTS))


def guess_outcome(past: Table, known: Iterable[str], treatment: str) -> Guess:
    """Columns that may hold what happened: called like an outcome, or 0 and 1 and not known of new units."""
    frame = past.frame
    ranks = {name: _rank(name, OUTCOMES) for name in names_of(past) if name != treatment}
    treated = frame[treatment] > 0 if pd.api.types.is_numeric_dtype(frame[treatment]) else None
    shaped = [
        name
        for name, rank in ranks.items()
        if rank is None and name not in known and _binary(frame[name]) and (treated is None or _told(frame[name], treated) < TOLD)
    ]
    return _ranked(ranks | dict.fromkeys(shaped, len(OUTCOMES)), len(OUTCOMES))


def leaks(past: Table, column: str, outcome: str, treatment: str) -> bool:
    """Whether a column tells the outcome or the treatment: nobody knows it of those who are yet to be decided."""
    frame = past.frame
    amounts = pd.to_numeric(frame[treatment], errors="coerce")
    told = (pd.to_numeric(frame[outcome], errors="coerce"), amounts, (amounts > 0).where(amounts.notna()).astype(float))
    return any(_told(frame[column], target) >= TOLD for target in told)


def usable(table: Table, column: str) -> bool:
    """Whether a model can learn from a column: it varies, and texts are of some kinds only."""
    cells = table.frame[column]
    try:
        usable_feature(table, column, np.ones(len(cells), dtype=bool))
    except DataError:
        return False
    return cells.nunique() >= 2 and (pd.api.types.is_numeric_dtype(cells) or cells.nunique() <= min(LEVELS, len(cells) / 2))  # noqa: PLR2004 — it varies


def _ranked(ranks: dict[str, int | None], unnamed: int) -> Guess:
    """Columns by their names, then those that only their cells speak for; sure if one name, or else one of those, is there."""
    found = {name: rank for name, rank in ranks.items() if rank is not None}
    named = [name for name, rank in found.items() if rank < unnamed]
    return Guess(tuple(sorted(found, key=found.__getitem__)), sure=len(named or found) == 1)


def _amounts(cells: pd.Series[Any]) -> bool:
    if not pd.api.types.is_numeric_dtype(cells) or cells.nunique() <= 2:  # noqa: PLR2004 — beyond yes and no
        return False
    return bool(cells.min() >= 0 and (cells == 0).mean() >= MANY_ZEROS)


def _binary(cells: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(cells) and set(cells.dropna().unique()) == {0, 1}


def _rank(name: str, words: tuple[str, ...]) -> int | None:
    """How likely a name is by the words in it; None if none is."""
    parts = {part.lower() for part in re.split(r"[^\w]+|_|(?<=[a-z])(?=[A-Z])", name) if part} | {name.lower()}
    return next((place for place, word in enumerate(words) if word in parts or (not word.isascii() and word in name)), None)


def _countable(cells: pd.Series[Any]) -> bool:
    return isinstance(cells.dtype, pd.StringDtype) or pd.api.types.is_integer_dtype(cells)


def _codes(cells: pd.Series[Any]) -> bool:
    return isinstance(cells.dtype, pd.StringDtype) and not cells.str.contains(r"\s", regex=True).any()


def _told(cells: pd.Series[Any], target: pd.Series[Any]) -> float:
    """How much of the target a column tells: a correlation of numbers, the correlation ratio of texts."""
    both = cells.notna() & target.notna()
    cells, target = cells[both], target[both].astype(float)
    if cells.nunique() < 2 or target.nunique() < 2:  # noqa: PLR2004 — what does not vary tells nothing
        return 0.0
    if pd.api.types.is_numeric_dtype(cells):
        return float(abs(np.corrcoef(cells.astype(float), target)[0, 1]))
    if cells.nunique() > LEVELS:
        return 0.0
    return float(np.sqrt(target.groupby(cells).transform("mean").var() / target.var()))
