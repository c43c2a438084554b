"""Decide: narrow → (fix → close)*, until nothing better can be left.

    bound     prices of the limits, and what no plan can exceed         engine/bound.py
    fix       options that cannot beat the incumbent are out            engine/fix.py
    close     what stays open, by a solver                              engine/close.py

Whatever the curves aim at: the outcome, or in a second solve the cost or the changes that a plan makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.engine import close as backend
from optimizer.engine.fix import fix
from optimizer.engine.native import solve_native
from optimizer.engine.rounding import first_options
from optimizer.engine.screen import View
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.narrow import Narrowed, narrow, price_whole, reopen
from optimizer.problem.allocation import Allocation, Incumbent
from optimizer.problem.amounts import Amounts
from optimizer.problem.core import Capacity, Closed, Core
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet
from optimizer.problem.parts import Parts
from optimizer.problem.rows import slack
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.totals import Totals
from optimizer.problem.units import Units

FIRST = Capacity(variables=2_000, rows=2_000)
"""A core that is to find the first plan need not be larger; a large one takes long when nothing is known."""

CLOSED = 1e-9
"""A relative gap that is rounding rather than anything to be gained."""

TIGHTENED = 3
"""How often a core is closed again whose solution passes a limit by rounding."""

BEYOND = Capacity(variables=8_000, rows=8_000)
"""A core that HiGHS closes in seconds, as a rule; a larger one is only for finding a first plan."""

WORTHWHILE = 1e-6
"""A relative gap up to this is not worth another search."""

PATIENCE = 30.0
"""Seconds for what a licence was too small for."""

ROUNDS = 20
"""Fixing is repeated while it helps; each round raises the incumbent and shrinks the core."""


@dataclass(frozen=True, slots=True)
class Decided:
    """An allocation whose awards stay where the units are.

    Attributes
    ----------
    allocation : without awards: its `index` and `amount` are empty.
    choice : in parts, (n,) the option of each unit.
    """

    allocation: Allocation
    choice: Parts[NDArray[np.integer]]
    amounts: Amounts

    def whole(self) -> Allocation:
        """The allocation with its awards, brought here."""
        index = np.concatenate(self.choice.told(_plain))
        return replace(self.allocation, index=index, amount=self.amounts.array[index])


def _plain(choice: NDArray[np.integer]) -> NDArray[np.intp]:
    return choice.astype(np.intp)


Progress = Callable[[str, float | None], None]
"""Told a stage's name, and the share of it that is done where that is known."""


def silent(_stage: str, _share: float | None = None) -> None:
    """Progress that nobody watches."""


def decide(
    curves: Curves | Streamed,
    coupling: Coupling,
    solver: Solver,
    progress: Progress = silent,
    start: NDArray[np.intp] | None = None,
) -> Allocation:
    """Price the limits and settle what the prices settle; then fix and close until nothing better can be left.

    Parameters
    ----------
    start : a choice (n,) to begin with, if it keeps the limits.

    Raises
    ------
    Infeasible
        If no allocation satisfies the limits.
    NoIncumbent
        If the search stopped before it found one that does.
    """
    return decide_parts(Fleet.of(curves, coupling), coupling, solver, progress, start).whole()


def decide_parts(
    fleet: Fleet, coupling: Coupling, solver: Solver, progress: Progress = silent, start: NDArray[np.intp] | None = None
) -> Decided:
    """As `decide`, of units in parts."""
    steps = coupling.tightened(fleet.common_costs)
    narrowed = narrow(fleet, steps, solver.seed, lambda: progress("bound", None))
    return decide_among(coupling, narrowed, solver, progress, start)


def decide_among(
    coupling: Coupling, narrowed: Narrowed, solver: Solver, progress: Progress = silent, start: NDArray[np.intp] | None = None
) -> Decided:
    """As `decide_parts`, where the prices are known and have settled most units."""
    deadline = None if solver.time_limit is None else time.monotonic() + solver.time_limit
    fleet = narrowed.view.fleet
    steps = coupling.tightened(fleet.common_costs)
    best = _search(narrowed, solver, deadline, progress, start)
    if best.choice is None and not narrowed.whole:
        narrowed = price_whole(fleet, steps, lambda: progress("bound", None))
        best = _search(narrowed, solver, deadline, progress, start)
    if best.choice is not None and best.gap > solver.gap and narrowed.dual.bound - best.value > narrowed.margin:
        # Settled units could still matter: open those, and start from what was found.
        loss = narrowed.dual.bound - best.value
        narrowed = reopen(fleet, steps, narrowed, narrowed.view.chosen(best.choice), loss)
        best = _search(narrowed, solver, deadline, progress)
    return _decided(coupling, narrowed, best)


def decide_native(
    model: ResponseModel, units: Units, curves: Curves | Streamed, coupling: Coupling, solver: Solver
) -> Allocation:
    """The embedded regressors' awards, snapped to the grid and valued by the model; the bound is the dual's.

    Raises
    ------
    ModelError
        If the model is not one plain estimator, or cannot be embedded.
    Infeasible, NoIncumbent
        As in `decide`.
    """
    branches = getattr(model, "branches", None)
    if branches is None:
        raise ModelError(
            f"model.kind: embedding native needs one plain estimator, got {type(model).__name__}; use embedding: curves"
        )
    narrowed = price_whole(Fleet.of(curves, coupling), coupling.tightened(curves.common_costs), lambda: None)
    choice = solve_native(branches(units.X), curves.dense(), coupling, solver)
    nothing = Incumbent(choice=None, value=-np.inf, bound=narrowed.dual.bound, source="dual")
    return _decided(coupling, narrowed, _weigh(narrowed.view, choice, nothing)).whole()


def _search(
    narrowed: Narrowed, solver: Solver, deadline: float | None, progress: Progress, start: NDArray[np.intp] | None = None
) -> Incumbent:
    view, dual = narrowed.view, narrowed.dual
    bound = view.curves.in_steps(dual.bound, dual.rounding)
    best = _weigh(view, narrowed.choice, Incumbent(choice=None, value=-np.inf, bound=bound, source="dual"))
    best = best if start is None else _weigh(view, start[view.units], best)
    largest = backend.capacity(solver.backend)
    for lap in range(ROUNDS):
        if best.choice is not None and best.gap <= solver.gap:
            break
        progress("fix", None)
        first = lap == 0 and best.choice is None
        core = fix(view.curves, view.coupling, dual, best, FIRST if first else largest)
        progress("close", None)
        better = _learn(narrowed, best, core, _close(view, core, solver, _left(deadline), _enough(narrowed, solver)))
        stuck = core.complete or (better.value <= best.value and not first)
        best = better
        if stuck or (deadline is not None and time.monotonic() > deadline):
            break
    best = _beyond_licence(narrowed, best, solver, deadline, progress)
    if best.choice is None:
        # Not before: a core around a poor plan is a poor core.
        for simple in (dual.near, dual.choice, first_options(view.curves)):
            best = _weigh(view, simple, best)
    return best


def _beyond_licence(narrowed: Narrowed, best: Incumbent, solver: Solver, deadline: float | None, progress: Progress) -> Incumbent:
    """What a licence with a size limit leaves without a plan, or unproven, HiGHS may settle: its core may be larger."""
    view = narrowed.view
    if backend.capacity(solver.backend).at_least(BEYOND):
        return best
    for size in (BEYOND, backend.capacity("highs"), BEYOND):
        if best.choice is not None and best.gap <= max(solver.gap, WORTHWHILE):
            break
        progress("fix", None)
        core = fix(view.curves, view.coupling, narrowed.dual, best, size)
        if best.choice is not None and not (core.complete and size is BEYOND):
            continue
        progress("close", None)
        left = _left(deadline)
        seconds = PATIENCE if left is None else min(left, PATIENCE)
        best = _learn(narrowed, best, core, _close(view, core, replace(solver, backend="highs"), seconds, 0.0))
    return best


def _enough(narrowed: Narrowed, solver: Solver) -> float:
    """How near the core's bound must come: limits that count outcomes hold to `CLOSED` only, so no optimum is known better."""
    floats = any(row.counts_outcome for row in narrowed.view.coupling.rows)
    return max(solver.gap, CLOSED / 10 if floats else 0.0) * abs(narrowed.dual.bound)


def _close(view: View, core: Core, solver: Solver, seconds: float | None, enough: float) -> Closed:
    """The closed core; closed again, with less, where a solution passes a limit on outcomes by the backend's tolerance."""
    first = closed = backend.close(core, solver.backend, seed=solver.seed, seconds=seconds, enough=enough)
    rows = view.coupling.rows
    for _ in range(TIGHTENED):
        if closed.counts is None:
            break
        over = view.coupling.over_use(Totals.of(core.expand(closed.counts), view.curves, view.coupling))
        passed = [float(by) if row.counts_outcome and by > slack(row) else 0.0 for row, by in zip(rows, over, strict=True)]
        if not any(passed):
            break
        core = replace(core, left=core.left - 2.0 * np.array(passed))
        closed = backend.close(core, solver.backend, seed=solver.seed, seconds=seconds, enough=enough)
    # What the first said of all solutions stays true of them.
    return replace(first, counts=closed.counts)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.01, deadline - time.monotonic())


def _weigh(view: View, choice: NDArray[np.intp] | None, best: Incumbent) -> Incumbent:
    """The better of the incumbent and a choice, which counts only if it keeps every limit exactly."""
    if choice is None:
        return best
    totals = Totals.of(choice, view.curves, view.coupling)
    if view.coupling.broken(totals) or totals.gain <= best.value or view.curves.barred_at(choice).any():
        return best
    return replace(best, choice=choice, value=totals.gain)


def _learn(narrowed: Narrowed, best: Incumbent, core: Core, closed: Closed) -> Incumbent:
    """What a closed core tells: a solution, and max(core's bound, D(λ) − smallest reduced cost left outside)."""
    if narrowed.whole and core.complete and closed.counts is None and closed.bound == -np.inf and best.choice is None:
        raise Infeasible.among(row.limit.name for row in narrowed.view.coupling.rows)
    found = best if closed.counts is None else _weigh(narrowed.view, core.expand(closed.counts), best)
    outside = min(core.outside, narrowed.margin)
    dual = narrowed.dual
    above = max(core.offset + closed.bound + core.spread, dual.bound - outside)
    proven = max(narrowed.view.curves.in_steps(above, dual.rounding), found.value)
    return replace(found, bound=proven, source="core") if proven < found.bound else found


def _decided(coupling: Coupling, narrowed: Narrowed, best: Incumbent) -> Decided:
    if best.choice is None:
        raise NoIncumbent(
            "search: stopped before it found an allocation that keeps every limit; "
            "allow more time (solver.time_limit), relax a limit, or use a licence without a size limit"
        )
    view = narrowed.view
    totals = view.tally(best.choice).totals
    nobody = np.zeros(0, dtype=np.intp)
    allocation = Allocation(
        index=nobody,
        amount=nobody.astype(np.int64),
        value=totals.gain,
        # The settled units add the same to value and bound.
        bound=totals.gain + (best.bound - best.value),
        bound_source=best.source,
        shadow_prices=coupling.shadow_prices(narrowed.dual.prices),
        usage=coupling.usage(totals),
        passes=view.fleet.looks.count,
    )
    return Decided(allocation, view.chosen(best.choice), view.fleet.amounts)
