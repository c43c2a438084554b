"""The story, read first: curves → bound → (fix → close)* → verify.

    respond   what each unit would do at each amount                    engine/respond.py
    bound     prices of the limits, and what no plan can exceed         engine/bound.py
    fix       options that cannot beat the incumbent are out            engine/fix.py
    close     what stays open, by a solver                              engine/close.py
    verify    trusts nothing, recomputes everything                     engine/verify.py

Only this module knows the order; no stage calls another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseModel
from optimizer.engine import close as backend
from optimizer.engine.fix import fix
from optimizer.engine.native import solve_native
from optimizer.engine.respond import respond
from optimizer.engine.screen import View
from optimizer.engine.verify import certify
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.narrow import Narrowed, narrow, price_whole, reopen
from optimizer.problem.allocation import Allocation, Incumbent
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.core import Closed, Core
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import Units

ROUNDS = 20
"""Fixing is repeated while it helps; each round raises the incumbent and shrinks the core."""

Progress = Callable[[str, float | None], None]
"""Told a stage's name, and the share of it that is done where that is known."""


def silent(_stage: str, _share: float | None = None) -> None:
    """Progress that nobody watches."""


def plan(
    model: ResponseModel, units: Units, problem: tuple[Amounts, Sequence[Limit]], solver: Solver, progress: Progress = silent
) -> tuple[Curves | Streamed, Coupling, Allocation, Certificate]:
    """The whole story, from a fitted model to a certified allocation of the amounts within the limits.

    Raises
    ------
    ModelError
        If the model cannot answer for these units, or cannot be embedded natively.
    DataError, Infeasible, NoIncumbent, VerificationError
        As in `allocate`.
    """
    amounts, limits = problem
    curves = respond(model, units, amounts, progress=lambda share: progress("respond", share))
    coupling = Coupling.compile(limits, len(units), units.frame)
    if solver.embedding == "native":
        allocation = _native(model, units, curves, coupling, solver)
    else:
        allocation = decide(curves, coupling, solver, progress)
    progress("verify", None)
    certificate = certify(allocation, curves, coupling, predict=lambda amount: model.predict(units.X, amount))
    return curves, coupling, allocation, certificate


def allocate(
    values: ArrayLike,
    amounts: Amounts | Iterable[int],
    limits: Sequence[Limit],
    costs: ArrayLike | None = None,
    units: pd.DataFrame | None = None,
    solver: Solver | None = None,
) -> Allocation:
    """Who gets how much, so that the expected outcome is as large as the limits allow, with a proof.

    Parameters
    ----------
    values : (n, m) expected outcome of each unit at each amount; column 0 is no award.
    amounts : the m amounts in whole currency units, the first 0.
    limits : on cost, recipients and outcome.
    costs : (m,) or (n, m) whole currency units; by default the amounts.
    units : n rows with the columns that limits on groups name.
    solver : how to search; `Solver()` by default.

    Raises
    ------
    DataError
        If the shapes do not fit, or a number is not finite.
    Infeasible
        If no allocation satisfies the limits.
    NoIncumbent
        If the search stopped before it found one that does.
    """
    solver = solver or Solver()
    if solver.embedding == "native":
        raise ModelError("solver.embedding: native needs a model, got values; use solve, or embedding='curves'")
    offered = amounts if isinstance(amounts, Amounts) else Amounts(tuple(amounts))
    curves = Curves.of(values, offered, costs)
    coupling = Coupling.compile(limits, curves.shape[0], units)
    allocation = decide(curves, coupling, solver)
    certify(allocation, curves, coupling)
    return allocation


def decide(curves: Curves | Streamed, coupling: Coupling, solver: Solver, progress: Progress = silent) -> Allocation:
    """Price the limits and settle what the prices settle; then fix and close until nothing better can be left."""
    deadline = None if solver.time_limit is None else time.monotonic() + solver.time_limit

    def tick() -> None:
        progress("bound", None)

    steps = coupling.tightened(curves.costs)
    narrowed = narrow(curves, steps, np.random.default_rng(solver.seed), tick)
    best = _search(narrowed, solver, deadline, progress)
    if best.choice is None and not narrowed.whole:
        narrowed = price_whole(curves, steps, tick)
        best = _search(narrowed, solver, deadline, progress)
    if best.choice is not None and best.gap > solver.gap and narrowed.dual.bound - best.value > narrowed.margin:
        # Settled units could still matter: open those, and start from what was found.
        loss = narrowed.dual.bound - best.value
        narrowed = reopen(curves, steps, narrowed, narrowed.view.widen(best.choice), loss)
        best = _search(narrowed, solver, deadline, progress)
    return _allocation(curves, coupling, narrowed, best)


def _search(narrowed: Narrowed, solver: Solver, deadline: float | None, progress: Progress) -> Incumbent:
    view, dual = narrowed.view, narrowed.dual
    best = _weigh(view, narrowed.choice, Incumbent(choice=None, value=-np.inf, bound=dual.bound, source="dual"))
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


def _native(model: ResponseModel, units: Units, curves: Curves | Streamed, coupling: Coupling, solver: Solver) -> Allocation:
    """The embedded regressors' awards, snapped to the grid and valued by the model; the bound is the dual's."""
    branches = getattr(model, "branches", None)
    if branches is None:
        raise ModelError(
            f"model.kind: embedding native needs one plain estimator, got {type(model).__name__}; use embedding: curves"
        )
    narrowed = price_whole(curves, coupling.tightened(curves.costs), lambda: None)
    choice = solve_native(branches(units.X), curves.dense(), coupling, solver)
    nothing = Incumbent(choice=None, value=-np.inf, bound=narrowed.dual.bound, source="dual")
    return _allocation(curves, coupling, narrowed, _weigh(narrowed.view, choice, nothing))


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.01, deadline - time.monotonic())


def _weigh(view: View, choice: NDArray[np.intp] | None, best: Incumbent) -> Incumbent:
    """The better of the incumbent and a choice, which counts only if it keeps every limit exactly."""
    if choice is None:
        return best
    totals = Totals.of(choice, view.curves, view.coupling)
    if view.coupling.broken(totals) or totals.outcome <= best.value:
        return best
    return replace(best, choice=choice, value=totals.outcome)


def _learn(narrowed: Narrowed, best: Incumbent, core: Core, closed: Closed) -> Incumbent:
    """What a closed core tells: a solution, and max(core's bound, D(λ) − smallest reduced cost left outside)."""
    if narrowed.whole and core.complete and closed.counts is None and closed.bound == -np.inf and best.choice is None:
        names = " and ".join(row.limit.name for row in narrowed.view.coupling.rows)
        raise Infeasible(f"limits: no allocation satisfies {names} together; relax one of them")
    found = best if closed.counts is None else _weigh(narrowed.view, core.expand(closed.counts), best)
    outside = min(core.outside, narrowed.margin)
    proven = max(core.offset + closed.bound + core.spread, narrowed.dual.bound - outside, found.value)
    return replace(found, bound=proven, source="core") if proven < found.bound else found


def _allocation(curves: Curves | Streamed, coupling: Coupling, narrowed: Narrowed, best: Incumbent) -> Allocation:
    if best.choice is None:
        raise NoIncumbent(
            "search: stopped before it found an allocation that keeps every limit; "
            "allow more time (solver.time_limit), relax a limit, or use a licence without a size limit"
        )
    choice = narrowed.view.widen(best.choice)
    totals = Totals.of(choice, curves, coupling)
    prices = {row.limit.name: row.sign * float(price) for row, price in zip(coupling.rows, narrowed.dual.prices, strict=True)}
    return Allocation(
        index=choice,
        amount=curves.amounts.array[choice],
        value=totals.outcome,
        # The settled units add the same to value and bound.
        bound=totals.outcome + (best.bound - best.value),
        bound_source=best.source,
        shadow_prices=prices,
        usage=coupling.usage(totals),
    )
