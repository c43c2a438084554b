"""The second objective: the best outcome becomes a limit, less what may be given up, and the curves aim at something else.

    decide → best     floor = best − within · |best|     decide (cost, recipients or changes, with the floor) → least
    decide (outcome, with no more than the least) → the plan

Lexicographic, and proven at both steps: the first search's bound still says what no plan can exceed; the second's, that no plan
above the floor does with less. The third gives nothing away for nothing; it chooses among equals, and nothing is claimed of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.decide import Progress, decide, silent
from optimizer.engine.weak_duality import dual_bound
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.allocation import Allocation, BoundSource, Second
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.then import Then, figure_of, per_step


def second(
    best: Allocation, curves: Curves | Streamed, coupling: Coupling, then: Then, solver: Solver, progress: Progress = silent
) -> Allocation:
    """Among the plans whose outcome is near that of `best`, one that has least of what is minimised.

    Curves that are streamed are held at once here. The searches stop at the solver's gap, and may take its time limit once more.

    Raises
    ------
    DataError
        If the previous plan is one of other units.
    """
    search = _Search(solver, progress, time.monotonic())
    held = curves.dense()
    aimed, unit = then.aim(held)
    floored = then.above_floor(coupling, best.value)
    before = Totals.of(best.index, aimed, floored).gain
    # Around the prices first: the best plan lies far from them, and a core around it would be large and of little use.
    least = search(aimed, floored)
    if least is None:
        least = decide(aimed, floored, search.settings, progress, start=best.index)
    index = best.index
    if least.value > before:
        better = search(*then.no_worse(least.index, held, coupling), least.index)
        worse = better is None or better.value < Totals.of(least.index, held, coupling).gain
        index = least.index if better is None or worse else better.index
    gain = Totals.of(index, aimed, floored).gain
    prices = {name: unit * price for name, price in least.shadow_prices.items()}
    proven = dual_bound(per_step(prices, unit), aimed, floored)
    bound, source = _bound(least, proven, gain)
    return replace(
        best.choosing(index, curves, coupling),
        then=Second(
            minimised=then.minimise,
            within=float(then.share),
            best=best.value,
            before=figure_of(before, unit),
            floor=float(then.floor(best.value)),
            value=figure_of(gain, unit),
            bound=figure_of(bound, unit),
            bound_source=source,
            dual_bound=figure_of(proven, unit),
            shadow_prices=prices,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """Searches that share one time limit, and of which each may come back with nothing."""

    solver: Solver
    progress: Progress
    started: float

    @property
    def settings(self) -> Solver:
        """The solver, with the time that is left."""
        if self.solver.time_limit is None:
            return self.solver
        return replace(self.solver, time_limit=max(0.01, self.solver.time_limit - (time.monotonic() - self.started)))

    def __call__(self, curves: Curves, coupling: Coupling, start: NDArray[np.intp] | None = None) -> Allocation | None:
        try:
            return decide(curves, coupling, self.settings, self.progress, start)
        except (NoIncumbent, Infeasible):
            # There is a plan, the best one: this says only that none was found.
            return None


def _bound(least: Allocation, proven: float, gain: float) -> tuple[float, BoundSource]:
    """What no plan above the floor can exceed; the dual's is stated as one pass re-proves it.

    The floor has a relative slack, as every limit that counts outcomes, and a plan may use it: then its own value is the bound.
    """
    if least.bound_source == "core" and least.bound < proven:
        return max(least.bound, gain), "core"
    return max(proven, gain), "dual"
