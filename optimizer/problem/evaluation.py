"""What recorded outcomes say of a plan: its value beside simpler rules', the differences, and how far predictions were off."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a model predicts of awards that were chosen by its predictions, beside what records say of them; means a unit.

    Attributes
    ----------
    figure : ``outcome``, or ``uplift`` over no awards.
    predicted : by a model that has not seen the units.
    estimated : by their records.
    difference : predicted less estimated, the winner's curse.
    standard_error, low, high : of the difference; the 95 % interval.
    """

    figure: str
    predicted: float
    estimated: float
    difference: float
    standard_error: float
    low: float
    high: float

    def in_words(self, units: int) -> str:
        """Of so many units: "predicted 457.86, by the records 366.32: 91.54 too high (95 %: 42.36 to 140.72)"."""
        predicted, estimated, off, low, high = (
            figure * units for figure in (self.predicted, self.estimated, self.difference, self.low, self.high)
        )
        chance = ", which may be chance" if low <= 0 <= high else ""
        which, ends = ("high", (low, high)) if off >= 0 else ("low", (-high, -low))
        return (
            f"predicted {predicted:,.2f}, by the records {estimated:,.2f}: {abs(off):,.2f} too {which} "
            f"(95 %: {ends[0]:,.2f} to {ends[1]:,.2f}){chance}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A scenario's plan, valued on its history; all figures of outcomes are a unit's, means over history.

    Attributes
    ----------
    name, currency, outcome_name : as in `Summary`.
    units : how many the scenario decides about.
    history, folds : past units, and in how many parts they were cut.
    clusters : how many groups of past units were kept together and counted once; None if each unit stands for itself.
    matched : how recorded awards were matched with a plan's.
    values : one row a rule, the plan first: rule, offered (mean award), recipients (share), predicted (by models that have not
        seen the unit), value, standard_error, low, high (doubly robust), recorded, recorded_error, recorded_low, recorded_high
        (the weighted mean of matching records alone), effective (equally weighted records that say as much), trimmed (units
        whose weight was limited), breaks (limits that it does not keep).
    differences : one row a rule, the plan less it: rule, difference, standard_error, low, high (doubly robust, of the same
        units), recorded, recorded_error, recorded_low, recorded_high.
    optimism : one row for the plan's outcome and one for its uplift, with the columns of `Promise`.
    further : other tables by name: how well the model ranks, gain against money, calibration, overlap and balance.
    hidden : how strong hidden reasons for an award would have to be to turn what it did, in a sentence; "" if that is not known.
    notes : what must be known to read it.
    """

    name: str
    currency: str
    outcome_name: str
    units: int
    history: int
    folds: int
    clusters: int | None
    matched: str
    values: pd.DataFrame
    differences: pd.DataFrame
    optimism: pd.DataFrame
    further: dict[str, pd.DataFrame]
    hidden: str
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """All of it as one JSON document; a table is a list of rows, and what is not known is null."""
        plain: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        tables = {name: _rows(table) for name, table in plain.items() if isinstance(table, pd.DataFrame)}
        return plain | tables | {"further": {name: _rows(table) for name, table in self.further.items()}}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows
