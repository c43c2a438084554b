"""A season: one budget for many nights, of which each decides finally about those who have come by then.

still to come = expected − come so far       standing = what live awards hold of every limit
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Self

import pandas as pd

from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.trend import Trend

BUDGET, RECIPIENTS = "season budget", "season recipients"
"""The names of the season's own limits."""

WITH_THOSE_TO_COME = ", with those to come"
"""What the name of a limit's row ends in that counts the forecast too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """What may be given away until a last night, and how many are expected by then.

    Attributes
    ----------
    budget : whole currency units over the whole season; None is no limit.
    recipients : heads over the whole season; None is no limit.
    ends : the last night.
    expected_units : how many units come over the whole season; None is no forecast.
    waiting : whether who was decided without an award may be decided again.
    """

    budget: int | None = None
    recipients: int | None = None
    ends: date
    expected_units: int | None = None
    waiting: bool = False

    def limits(self) -> tuple[Limit, ...]:
        """The limits on the whole season's awards.

        Raises
        ------
        ValueError
            If a figure is none that a limit may have.
        """
        budget = () if self.budget is None else (Limit.cost(at_most=self.budget, name=BUDGET),)
        heads = () if self.recipients is None else (Limit.recipients(at_most=self.recipients, name=RECIPIENTS),)
        return budget + heads

    def still_to_come(self, seen: int, tonight: int, as_of: date) -> int:
        """How many more are expected once tonight's units are decided.

        Parameters
        ----------
        seen : units that earlier nights decided.
        tonight : units that are decided tonight.
        as_of : tonight's date; on the last night and after it nobody is expected.
        """
        if self.expected_units is None or as_of >= self.ends:
            return 0
        return max(0, self.expected_units - seen - tonight)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands when a night begins: the live awards of earlier nights.

    Attributes
    ----------
    groups : one row for each combination of values that the limits' columns have among live awards: those columns, `cost`
        (int64 currency units) and `recipients` (int64 heads).
    seen : units that earlier nights decided, with an award or without.
    trend : how they differed from the pool; None where nothing is to be learned from it.
    """

    groups: pd.DataFrame
    seen: int = 0
    trend: Trend | None = field(default_factory=Trend)

    @classmethod
    def nothing(cls, columns: Sequence[str] = ()) -> Self:
        """Before the first night, where limits name these columns."""
        empty = pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
        return cls(empty.assign(cost=pd.Series(dtype="int64"), recipients=pd.Series(dtype="int64")))

    @property
    def spent(self) -> int:
        """Currency units that live awards hold."""
        return int(self.groups["cost"].sum())

    @property
    def recipients(self) -> int:
        """Live awards."""
        return int(self.groups["recipients"].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A forecast: past units that those to come resemble, each of them standing for `weight` of these.

    Attributes
    ----------
    curves : of the past units, as if they were decided tonight.
    frame : their columns, as far as they are known; one row for each curve.
    weight : units still to come / past units.
    mean : of their largest uplifts, standardised by the pool's; 0 where they are like the pool.
    limits : names of the limits whose columns `frame` has; the others count tonight's units only.
    notes : what was left aside, one sentence each.
    """

    curves: Curves
    frame: pd.DataFrame | None
    weight: Fraction
    limits: tuple[str, ...]
    mean: float = 0.0
    notes: tuple[str, ...] = ()
