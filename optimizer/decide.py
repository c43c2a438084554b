"""Decide: narrow → (fix → close)*, until nothing better can be left.

    bound     prices of the limits, and what no plan can exceed         engine/bound.py
    fix       options that cannot beat the incumbent are out            engine/fix.py
    close     what stays open, by a solver                              engine/close.py

Whatever the curves aim at: the outcome, or in a second solve the cost or the changes that a plan makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.engine import close as backend
from optimizer.engine.fix import fix
from optimizer.engine.native import solve_native
from optimizer.engine.screen import View
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.narrow import Narrowed, narrow, price_whole, reopen
from optimizer.problem.allocation import Allocation, Incumbent
from optimizer.problem.core import Closed, Core
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import Units

ROUNDS = 20
"""Fixing is repeated while it helps; each round raises the incumbent and shrinks the core."""

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
    deadline = None if solver.time_limit is None else time.monotonic() + solver.time_limit

    def tick() -> None:
        progress("bound", None)

    steps = coupling.tightened(curves.common_costs)
    narrowed = narrow(curves, steps, np.random.default_rng(solver.seed), tick)
    best = _search(narrowed, solver, deadline, progress, start)
    if best.choice is None and not narrowed.whole:
        narrowed = price_whole(curves, steps, tick)
        best = _search(narrowed, solver, deadline, progress, start)
    if best.choice is not None and best.gap > solver.gap and narrowed.dual.bound - best.value > narrowed.margin:
        # Settled units could still matter: open those, and start from what was found.
        loss = narrowed.dual.bound - best.value
        narrowed = reopen(curves, steps, narrowed, narrowed.view.widen(best.choice), loss)
        best = _search(narrowed, solver, deadline, progress)
    return _allocation(curves, coupling, narrowed, best)


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
    narrowed = price_whole(curves, coupling.tightened(curves.common_costs), lambda: None)
    choice = solve_native(branches(units.X), curves.dense(), coupling, solver)
    nothing = Incumbent(choice=None, value=-np.inf, bound=narrowed.dual.bound, source="dual")
    return _allocation(curves, coupling, narrowed, _weigh(narrowed.view, choice, nothing))


def _search(
    narrowed: Narrowed, solver: Solver, deadline: float | None, progress: Progress, start: NDArray[np.intp] | None = None
) -> Incumbent:
    view, dual = narrowed.view, narrowed.dual
    bound = view.curves.in_steps(dual.bound, dual.rounding)
    best = _weigh(view, narrowed.choice, Incumbent(choice=None, value=-np.inf, bound=bound, source="dual"))
    best = best if start is None else _weigh(view, start[view.units], best)
    capacity = backend.capacity(solver.backend)
    for _ in range(ROUNDS):
        if best.choice is not None and best.gap <= solver.gap:
            break
        progress("fix", None)
        core = fix(view.curves, view.coupling, dual, best, capacity)
        progress("close", None)
        closed = backend.close(core, solver.backend, seed=solver.seed, seconds=_left(deadline))
        better = _learn(narrowed, best, core, closed)
        stuck = core.complete or better.value <= best.value
        best = better
        if stuck or (deadline is not None and time.monotonic() > deadline):
            break
    return best


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


def _allocation(curves: Curves | Streamed, coupling: Coupling, narrowed: Narrowed, best: Incumbent) -> Allocation:
    if best.choice is None:
        raise NoIncumbent(
            "search: stopped before it found an allocation that keeps every limit; "
            "allow more time (solver.time_limit), relax a limit, or use a licence without a size limit"
        )
    choice = narrowed.view.widen(best.choice)
    totals = Totals.of(choice, curves, coupling)
    return Allocation(
        index=choice,
        amount=curves.amounts.array[choice],
        value=totals.gain,
        # The settled units add the same to value and bound.
        bound=totals.gain + (best.bound - best.value),
        bound_source=best.source,
        shadow_prices=coupling.shadow_prices(narrowed.dual.prices),
        usage=coupling.usage(totals),
    )
