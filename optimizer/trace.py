"""What a limit costs, all along: a proven plan for each of many figures of one limit.

    the prices of a figure between two others lie between theirs, or near it; a box around both settles most units for all
    figures between, and the middle one is decided among the rest; then each half is treated alike, in a box half as wide

So the units are passed over a few times for all figures together, not for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizer.decide import Progress, decide, decide_among, silent
from optimizer.engine.pricing import price_scale
from optimizer.engine.screen import View, everyone, rescreen
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

FAINT = 1e-4
"""And by this share of the prices, since those that hardly differ at the ends may differ a little between them."""


@dataclass(frozen=True, slots=True)
class _Line:
    """All figures of one limit, and the plans found so far; `scale` is that of the prices, and what is at stake."""

    curves: Curves
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

    def between(self, low: int, high: int, view: View) -> None:
        """Decide the figures between two that are decided, among the units that are open in the box of their prices."""
        if high - low < 2:  # noqa: PLR2004 — nothing between
            return
        middle = (low + high) // 2
        coupling = self.couplings[middle]
        box = self._box(low, high)
        part = rescreen(self.curves, coupling.tightened(self.curves.common_costs), view, box)
        self.progress("frontier", len(self.plans) / len(self.couplings))
        narrowed = price_within(part, box)
        if not box.holds(narrowed.dual.prices):
            # Rare, and then a plan is found as if it were the only one asked for.
            self.cold(middle)
            part = view
        else:
            self.plans[middle] = decide_among(self.curves, coupling, narrowed, self.solver)
        self.between(low, middle, part)
        self.between(middle, high, part)

    def _box(self, low: int, high: int) -> Box:
        one, other = (self.couplings[place].row_prices(self.plans[place].shadow_prices) for place in (low, high))
        scale, stake = self.scale
        reach = (0.5 + ROOM) * np.abs(one - other) + FAINT * np.maximum(one, other) + FAINT**2 * scale
        return Box(centre=(one + other) / 2.0, reach=reach, margin=MARGIN * stake / self.curves.shape[0])


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
    line = _Line(curves, couplings, solver, progress, price_scale(curves, coupling))
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
    whole = everyone(line.curves, line.couplings[places[-1]])
    for low, high in pairwise(decided):
        line.between(low, high, whole)


def _first_with_plan(line: _Line, places: Sequence[int]) -> int:
    """By bisection, where those with a plan begin; the last has one."""
    if len(places) == 1 or line.cold(places[0]):
        return 0
    low, high = 0, len(places) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if line.cold(places[middle]) else (middle, high)
    return high
