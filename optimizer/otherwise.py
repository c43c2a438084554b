"""What would change a unit's amount: one figure of the problem is another, all is decided again, and the nearest is kept.

    another budget, another head count, another outcome of this unit at one amount; outwards from the figure as it is, in
    strides that double, then by bisection

Nothing is foreseen: what is said to be given was decided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimizer.again import Held
from optimizer.decide import Progress
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.allocation import Allocation
from optimizer.problem.explanation import Change, Explanation
from optimizer.problem.limits import Limit
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_limits import LimitSpec

STEPS = 2_000
"""Of a figure: other figures are tried in round steps of at least this part of it."""

DIGITS = 3
"""Decimals of a probability that is tried; other outcomes have as many digits after their leading one."""

LEAST = 1e-300
"""An outcome that is nothing has this size."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One unit of a problem, whose plan gives it one of the amounts of its explanation.

    Attributes
    ----------
    place : the unit's, in the problem.
    """

    scenario: Scenario
    held: Held
    place: int
    allocation: Allocation
    found: Explanation

    def changes(self, progress: Progress) -> Iterator[Change]:
        """What would change its amount, of each kind at most two: a larger figure, and a smaller one."""
        if self.found.rival is None:
            return
        for limit in filter(None, (self._limit("cost"), self._limit("recipients"))):
            for sign in (1, -1):
                progress("explain", None)
                yield from self._other_figure(limit, sign)
        if self.held.aimed is None:
            progress("explain", None)
            yield from self._other_outcomes()

    def _limit(self, measure: str) -> Limit | None:
        """The limit that stands for the budget, or for the head count: the first that has a price; a budget may have none."""
        limits = [
            limit
            for limit in self.held.problem.limits
            if (limit.measure, limit.sense, limit.by) == (measure, "at_most", None)
            and limit.of in ((None,) if measure == "cost" else (None, "units"))
            and self.held.counts(limit)[self.place]
        ]
        prices = (self.allocation.cautious or self.allocation).shadow_prices
        priced = [limit for limit in limits if prices[limit.name]]
        return next(iter(priced or (limits if measure == "cost" else [])), None)

    def _other_figure(self, limit: Limit, sign: int) -> Iterator[Change]:
        counted = self.held.counts(limit)
        size = int(counted.sum()) if limit.of == "units" else 1
        now = math.floor(limit.figure * size)
        step = self._step(limit, now)
        first = now // step if sign > 0 else -(-now // step)
        last = math.ceil(self._most(limit, counted) / step) - first if sign > 0 else first
        used, allowed = self.allocation.usage[limit.name]
        if last < 1 or (sign > 0 and used < allowed - step):
            return

        def figure(tried: int) -> int:
            return max(0, first + sign * tried) * step

        def ask(tried: int) -> int | None:
            return self._given(self.held.at_figure(limit.name, Fraction(figure(tried), size)))

        tried, given = nearest(ask, lambda amount: amount != self.found.given.amount, last) or (last, None)
        yield Change(
            kind="budget" if limit.measure == "cost" else "recipients",
            now=now,
            figure=figure(tried),
            given=given,
            limit=limit.name,
            setting=self._setting(limit),
        )

    def _step(self, limit: Limit, now: int) -> int:
        """1, 2 or 5 times a power of ten: at least what awards differ by, and a small part of the figure."""
        grain = int(np.gcd.reduce(self.held.curves.costs, axis=None)) if limit.measure == "cost" else 1
        return math.ceil(round_step(max(1, grain, now / STEPS)))

    def _most(self, limit: Limit, counted: NDArray[np.bool_]) -> int:
        """What no plan exceeds."""
        if limit.measure == "recipients":
            return int(counted.sum())
        costs = self.held.curves.costs
        return int(costs.max()) * int(counted.sum()) if costs.ndim == 1 else int(costs[counted].max(axis=1).sum())

    def _setting(self, limit: Limit) -> str:
        for place, spec in enumerate(self.scenario.limits):
            if isinstance(spec, LimitSpec) and spec.build().name == limit.name:
                return "" if spec.of is not None else f"limits.{place}.{limit.sense}"
        return ""

    def _other_outcomes(self) -> Iterator[Change]:
        """How likely the best other award would have to make the outcome, and how little the unit's own amount."""
        options, chosen = self.found.options, self.found.chosen
        awards = [k for k, option in enumerate(options) if k not in (0, chosen) and not option.barred]
        if awards:
            yield from self._other_outcome(max(awards, key=lambda k: options[k].net), +1)
        yield from self._other_outcome(chosen, -1)

    def _other_outcome(self, option: int, sign: int) -> Iterator[Change]:
        asked = self.found.options[option]
        unit, end = self._unit_of_outcome(), self._last_outcome(sign)
        first = (math.floor if sign > 0 else math.ceil)(asked.outcome / unit)
        last = sign * (round(end / unit) - first)
        if last < 1:
            return

        def outcome(tried: int) -> float:
            return float((first + sign * tried) * unit)

        def ask(tried: int) -> int | None:
            return self._given(self.held.with_outcome(self.place, option, outcome(tried)))

        def wanted(amount: int) -> bool:
            return (amount == asked.amount) == (sign > 0)

        others = [other.net for other in self.found.options if other is not asked and not other.barred]
        guess = max(1, math.ceil(sign * (max(others) - asked.net) / unit))
        tried, given = nearest(ask, wanted, last, guess) or (last, None)
        yield Change(kind="outcome", now=asked.outcome, figure=outcome(tried), given=given, at=asked.amount)

    def _unit_of_outcome(self) -> Fraction:
        """The step in which outcomes are tried, a power of ten."""
        largest = max(abs(option.outcome) for option in self.found.options)
        leading = 0 if self.found.likely else math.floor(math.log10(max(largest, LEAST)))
        return Fraction(10) ** (leading - DIGITS)

    def _last_outcome(self, sign: int) -> float:
        """A probability is at most 1 and at least 0; other outcomes are tried as far as any unit's."""
        if self.found.likely:
            return float(sign > 0)
        values = self.held.curves.values
        return float(values.max()) if sign > 0 else min(0.0, float(values.min()))

    def _given(self, other: Held) -> int | None:
        """What the unit is given in another problem's plan; None if there is none, or none was found."""
        try:
            return int(other.decide().amount[self.place])
        except (Infeasible, NoIncumbent):
            return None


def round_step(least: float) -> Fraction:
    """1, 2 or 5 times a power of ten, and at least this."""
    powers = (Fraction(10) ** power for power in range(-12, 24))
    return next(many * power for power in powers for many in (1, 2, 5) if many * power >= least)


def nearest(ask: Callable[[int], int | None], wanted: Callable[[int], bool], last: int, guess: int = 1) -> tuple[int, int] | None:
    """The place nearest to 0, of those tried up to the last, where what is given is as wanted; and what is given there.

    Outwards from the guess in strides that double, then by bisection. Beyond a place without any plan none is looked for.

    Parameters
    ----------
    ask : what is given at a place; None if there is no plan.
    """
    found, low, high = None, 0, 0
    place, stride = min(guess, last), 1
    while not high:
        given = ask(place)
        if given is None or wanted(given):
            found, high = (None if given is None else (place, given)), place
        elif place == last:
            return None
        else:
            low, place, stride = place, min(last, place + stride), 2 * stride
    stride = 1
    while high - low > 1:
        # A guess may lie far beyond: then back in strides, until one place is known where nothing changes.
        place = (low + high) // 2 if low else max(1, high - stride)
        given, stride = ask(place), 2 * stride
        if given is not None and not wanted(given):
            low = place
        else:
            found, high = (found if given is None else (place, given)), place
    return found
