"""The budget that a plan's frontier is drawn over: the first limit on what everyone costs, in currency units."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from optimizer.problem.limits import Limit

MOST_UNITS = 20_000
"""Of more units a run solves no other budgets of its own accord."""

POINTS = 21
"""Plans on a frontier, from half to one and a half times the budget; the middle one is the budget itself."""


def main_budget(limits: Sequence[Limit]) -> Limit | None:
    """The limit whose figure is the budget; None if there is none."""
    for limit in limits:
        plain = limit.of is None and limit.where is None and limit.by is None
        if limit.measure == "cost" and limit.sense == "at_most" and plain and limit.figure > 0:
            return limit
    return None


def budgets_around(limit: Limit) -> list[Fraction]:
    """Evenly spaced budgets, increasing, each once, the limit's own among them."""
    middle = POINTS // 2
    spaced = [Fraction(int(limit.figure * (middle + k)) // (2 * middle)) for k in range(2 * middle + 1)]
    return sorted({*spaced, limit.figure})
