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
from numpy.typing import ArrayLike

from models.base import ResponseModel
from optimizer.engine import close as backend
from optimizer.engine.bound import bound
from optimizer.engine.fix import fix
from optimizer.engine.native import solve_native
from optimizer.engine.respond import respond
from optimizer.engine.rounding import round_dual
from optimizer.engine.verify import certify
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.problem.allocation import Allocation, Incumbent
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.core import Closed, Core
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

ROUNDS = 20
"""Fixing is repeated while it helps; each round raises the incumbent and shrinks the core."""

Progress = Callable[[str, float | None], None]
"""Told a stage's name, and the share of it that is done where that is known."""


def silent(_stage: str, _share: float | None = None) -> None:
    """Progress that nobody watches."""


def plan(
    model: ResponseModel, units: Units, problem: tuple[Amounts, Sequence[Limit]], solver: Solver, progress: Progress = silent
) -> tuple[Curves, Coupling, Allocation, Certificate]:
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


def decide(curves: Curves, coupling: Coupling, solver: Solver, progress: Progress = silent) -> Allocation:
    """Bound, then fix and close until nothing better can be left."""
    deadline = None if solver.time_limit is None else time.monotonic() + solver.time_limit
    dual = bound(curves, coupling, progress=lambda: progress("bound", None))
    capacity = backend.capacity(solver.backend)
    nothing = Incumbent(choice=None, value=-np.inf, bound=dual.bound, source="dual")
    best = _weigh(curves, coupling, round_dual(curves, coupling, dual), nothing)
    for _ in range(ROUNDS):
        if best.gap <= solver.gap and best.choice is not None:
            break
        progress("fix", None)
        core = fix(curves, coupling, dual, best, capacity)
        progress("close", None)
        closed = backend.close(core, solver.backend, seed=solver.seed, seconds=_left(deadline))
        better = _learn(curves, coupling, dual, best, core, closed)
        stuck = core.complete or better.value <= best.value
        best = better
        if stuck or (deadline is not None and time.monotonic() > deadline):
            break
    return _allocation(curves, coupling, dual, best)


def _native(model: ResponseModel, units: Units, curves: Curves, coupling: Coupling, solver: Solver) -> Allocation:
    """The embedded regressors' awards, snapped to the grid and valued by the model; the bound is the dual's."""
    branches = getattr(model, "branches", None)
    if branches is None:
        raise ModelError(
            f"model.kind: embedding native needs one plain estimator, got {type(model).__name__}; use embedding: curves"
        )
    dual = bound(curves, coupling)
    choice = solve_native(branches(units.X), curves, coupling, solver)
    best = _weigh(curves, coupling, choice, Incumbent(choice=None, value=-np.inf, bound=dual.bound, source="dual"))
    return _allocation(curves, coupling, dual, best)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.01, deadline - time.monotonic())


def _weigh(curves: Curves, coupling: Coupling, choice: np.ndarray | None, best: Incumbent) -> Incumbent:
    """The better of the incumbent and a choice, which counts only if it keeps every limit exactly."""
    if choice is None:
        return best
    totals = Totals.of(choice, curves, coupling)
    if coupling.broken(totals) or totals.outcome <= best.value:
        return best
    return replace(best, choice=choice, value=totals.outcome)


def _learn(curves: Curves, coupling: Coupling, dual: Dual, best: Incumbent, core: Core, closed: Closed) -> Incumbent:
    """What a closed core tells: a solution, and max(core's bound, D(λ) − smallest reduced cost left outside)."""
    if core.complete and closed.counts is None and closed.bound == -np.inf and best.choice is None:
        raise Infeasible(
            f"limits: no allocation satisfies {' and '.join(row.limit.name for row in coupling.rows)} together; relax one of them"
        )
    found = best if closed.counts is None else _weigh(curves, coupling, core.expand(closed.counts), best)
    proven = max(core.offset + closed.bound + core.spread, dual.bound - core.outside, found.value)
    return replace(found, bound=proven, source="core") if proven < found.bound else found


def _allocation(curves: Curves, coupling: Coupling, dual: Dual, best: Incumbent) -> Allocation:
    if best.choice is None:
        raise NoIncumbent(
            "search: stopped before it found an allocation that keeps every limit; "
            "allow more time (solver.time_limit), relax a limit, or use a licence without a size limit"
        )
    choice = best.choice
    prices = {row.limit.name: row.sign * float(price) for row, price in zip(coupling.rows, dual.prices, strict=True)}
    return Allocation(
        index=choice,
        amount=curves.amounts.array[choice],
        value=best.value,
        bound=best.bound,
        bound_source=best.source,
        shadow_prices=prices,
        usage=coupling.usage(Totals.of(choice, curves, coupling)),
    )
