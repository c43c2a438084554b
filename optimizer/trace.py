"""What a limit costs, all along: a proven plan for each of many figures of one limit.

    the prices of a figure between two others lie between theirs, or near it; a box around both settles most units for all
    figures between, and the middle one is decided among the rest; then each half is treated alike, in a box half as wide

So the units are passed over a few times for all figures together, not for each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from optimizer.decide import Progress, decide, decide_among, silent
from optimizer.engine.pricing import price_scale
from optimizer.engine.screen import View, held, rescreen
from optimizer.engine.verify import certify_all
from optimizer.errors import Infeasible
from optimizer.narrow import MARGIN, price_within
from optimizer.problem.allocation import Allocation
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.solver import Solver

ROOM = 0.1
"""A box is wider than the prices at its two ends by this share of their distance, on each side."""

ENOUGH = 3
"""From so many plans the prices of others can be foreseen."""

MANY = 4
"""Where more than this part of the units is open, a figure is decided by itself as quickly."""

EXPECTED = 0.05
"""Prices between two others are foreseen to about this share of their distance."""

FAINT = 1e-4
"""And by this share of the prices, since those that hardly differ at the ends may differ a little between them."""


@dataclass(frozen=True, slots=True)
class _Line:
    """All figures of one limit, and the plans found so far; `scale` is that of the prices, and what is at stake."""

    curves: Curves
    figures: Sequence[Fraction]
    couplings: Sequence[Coupling]
    solver: Solver
    progress: Progress
    scale: tuple[NDArray[np.float64], float]
    plans: dict[int, Allocation] = field(default_factory=dict)

    def cold(self, place: int) -> bool:
        """Decide one figure by itself; whether there is a plan."""
        self.progress("frontier", len(self.plans) / len(self.couplings))
        try:
            self.plans[place] = decide(self.curves, self.couplings[place], self.solver)
        except Infeasible:
            return False
        return True

    def between(self, low: int, high: int, view: View) -> tuple[int, View]:
        """Decide the figure in the middle of two that are decided; returns its place, and the units open between the two."""
        middle = (low + high) // 2
        coupling = self.couplings[middle]
        steps = coupling.tightened(self.curves.common_costs)
        box = self._between(low, high)
        # A narrower view is worth making for the figures that are left on either side.
        part = rescreen(steps, view, box) if high - low > 2 else view  # noqa: PLR2004
        self.progress("frontier", len(self.plans) / len(self.couplings))
        for look_in, among in self._places(low, high, middle, part, box):
            try:
                narrowed = price_within(rescreen(steps, among, look_in), look_in)
            except Infeasible:
                # The open units of a box that is too small may have no plan where all of them have one.
                continue
            if look_in.holds(narrowed.dual.prices):
                self.plans[middle] = decide_among(coupling, narrowed, self.solver).whole()
                return middle, part
        self.cold(middle)
        return middle, part

    def _places(self, low: int, high: int, middle: int, part: View, box: Box) -> Iterator[tuple[Box, View]]:
        """Where to look for the middle's prices: where they are foreseen, then between the ends if few units are open there."""
        if len(self.plans) >= ENOUGH:
            yield self._foreseen(low, high, middle), part
        if MANY * len(part.units) <= self.curves.shape[0]:
            yield box, part

    def _prices(self, place: int) -> NDArray[np.float64]:
        return self.couplings[place].row_prices(self.plans[place].shadow_prices)

    def _between(self, low: int, high: int) -> Box:
        """Around the prices at two figures, and a little beyond."""
        one, other = self._prices(low), self._prices(high)
        reach = (0.5 + ROOM) * np.abs(one - other) + self._little(one, other)
        return Box(centre=(one + other) / 2.0, reach=reach, margin=self._margin)

    def _foreseen(self, low: int, high: int, middle: int) -> Box:
        """Around the prices that all plans so far let expect: a smooth curve through theirs, and how far it is from a line."""
        known = sorted(self.plans)
        curve = PchipInterpolator([float(self.figures[place]) for place in known], [self._prices(place) for place in known])
        one, other = self._prices(low), self._prices(high)
        share = float((self.figures[middle] - self.figures[low]) / (self.figures[high] - self.figures[low]))
        expected = np.maximum(curve(float(self.figures[middle])), 0.0)
        bend = np.abs(expected - (one + share * (other - one)))
        reach = 0.5 * bend + EXPECTED * np.abs(one - other) + self._little(one, other)
        return Box(centre=expected, reach=reach, margin=self._margin)

    def _little(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        little: NDArray[np.float64] = FAINT * np.maximum(one, other) + FAINT**2 * self.scale[0]
        return little

    @property
    def _margin(self) -> float:
        return MARGIN * self.scale[1] / self.curves.shape[0]


def trace(
    curves: Curves, coupling: Coupling, name: str, figures: Sequence[Fraction], solver: Solver, progress: Progress = silent
) -> list[Allocation | None]:
    """A proven plan for each figure of the limit called `name`; None where no plan keeps it with the others.

    Parameters
    ----------
    figures : increasing.

    Raises
    ------
    NoIncumbent
        If a search stopped before it found a plan.
    VerificationError
        If a plan is not what it claims to be.
    """
    couplings = [coupling.at_figure(name, figure) for figure in figures]
    line = _Line(curves, figures, couplings, solver, progress, price_scale(curves, coupling))
    alike = all(np.array_equal(other.coefficients, coupling.coefficients) for other in couplings)
    places = range(len(figures))
    if alike and all(row.limit.sense != "exactly" for row in coupling.rows if row.limit.name == name):
        falling = any(row.sign < 0 for row in coupling.rows if row.limit.name == name)
        _sweep(line, places[::-1] if falling else places)
    else:
        # With another share every unit's usage is another, and what is settled for one figure is not for the next.
        for place in places:
            line.cold(place)
    certify_all([(line.plans[place], couplings[place]) for place in places if place in line.plans], curves)
    return [line.plans.get(place) for place in places]


def _sweep(line: _Line, places: Sequence[int]) -> None:
    """Decide all figures; `places` go from the tightest to the loosest, so that those with a plan are its end."""
    if not line.cold(places[-1]):
        return
    first = _first_with_plan(line, places)
    decided = sorted(place for place in line.plans if place in places[first:])
    whole = held(line.curves, line.couplings[places[-1]])
    spans = deque((low, high, whole) for low, high in pairwise(decided))
    while spans:
        # Wide spans first: their plans tell what to expect in the narrow ones.
        low, high, view = spans.popleft()
        if high - low > 1:
            middle, part = line.between(low, high, view)
            spans += [(low, middle, part), (middle, high, part)]


def _first_with_plan(line: _Line, places: Sequence[int]) -> int:
    """By bisection, where those with a plan begin; the last has one."""
    if len(places) == 1 or line.cold(places[0]):
        return 0
    low, high = 0, len(places) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if line.cold(places[middle]) else (middle, high)
    return high
