"""The story, read first: respond → decide → verify.

respond   what each unit would do at each amount                    engine/respond.py
decide    who gets what: narrow, price, fix, close                  decide.py
second    among the plans near the best, the one with least         second.py
cautious  or the plan with most if outcomes are as low as may be     cautious.py
verify    trusts nothing, recomputes everything                     engine/verify.py
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from numpy.typing import ArrayLike

from models.base import ResponseModel
from optimizer.cautious import cautious
from optimizer.conflict import decide_or_explain
from optimizer.decide import Progress, decide_native, silent
from optimizer.engine.respond import aim, respond
from optimizer.engine.verify import certify
from optimizer.errors import ModelError
from optimizer.problem.allocation import Allocation
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.costs import Costs
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.rules import Rules
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.terms import Terms
from optimizer.problem.then import Then
from optimizer.problem.units import Units
from optimizer.second import second


def plan(
    model: ResponseModel, units: Units, problem: Problem, solver: Solver, progress: Progress = silent
) -> tuple[Curves | Streamed, Coupling, Allocation, Certificate]:
    """The whole story, from a fitted model to a certified allocation of the amounts within the limits.

    Raises
    ------
    ModelError
        If the model cannot answer for these units, or cannot be embedded natively, or not with another objective, or is no
        ensemble where a cautious objective needs one.
    DataError, Infeasible, NoIncumbent, VerificationError
        As in `allocate`.
    """
    if problem.then is not None and solver.embedding == "native":
        raise ModelError("then: needs solver.embedding curves, got native, which solves once; use curves, or leave then out")
    if problem.objective is not None and (problem.then is not None or solver.embedding == "native"):
        other = "a second objective" if problem.then is not None else "solver.embedding native"
        raise ModelError(f"objective: takes neither a second objective nor solver.embedding native, got {other}; leave one out")
    terms = problem.terms(len(units), units.frame)
    curves = respond(model, units, terms, progress=lambda share: progress("respond", share))
    coupling = Coupling.compile(problem.limits, len(units), units.frame, lambda: curves.column(0))
    if solver.embedding == "native":
        allocation = decide_native(model, units, curves, coupling, solver)
    else:
        allocation = decide_or_explain(curves, coupling, solver, progress)
    if problem.then is not None:
        allocation = second(allocation, curves, coupling, problem.then, solver, progress)
    aimed = None
    if problem.objective is not None:
        aimed = aim(model, units, curves, problem.objective, lambda share: progress("respond", share))
        allocation = cautious(allocation, aimed, coupling, solver, progress)
    progress("verify", None)
    certificate = certify(allocation, curves, coupling, lambda amount: model.predict(units.X, amount), problem.then, aimed)
    return curves, coupling, allocation, certificate


def allocate(  # noqa: PLR0913 — a problem has as many parts; all but three have a default
    values: ArrayLike,
    amounts: Amounts | Iterable[int],
    limits: Sequence[Limit],
    costs: ArrayLike | Costs | None = None,
    units: pd.DataFrame | None = None,
    solver: Solver | None = None,
    *,
    rules: Rules | None = None,
    then: Then | None = None,
) -> Allocation:
    """Who gets how much, so that the expected outcome is as large as the limits allow, with a proof.

    Parameters
    ----------
    values : (n, m) expected outcome of each unit at each amount; column 0 is no award.
    amounts : the m amounts in whole currency units, the first 0.
    limits : on cost, recipients, outcome and uplift, and on how far groups may lie apart.
    costs : (m,) or (n, m) whole currency units, or `Costs`; by default the amounts.
    units : n rows with the columns that limits on groups, costs and rules name.
    solver : how to search; `Solver()` by default.
    rules : what single units may be given; by default any of the amounts.
    then : what to minimise among the plans whose outcome is near the best; by default nothing.

    Raises
    ------
    DataError
        If the shapes do not fit, a number is not finite, or a column does not hold what it should.
    Infeasible
        If no allocation satisfies the limits.
    NoIncumbent
        If the search stopped before it found one that does.
    """
    solver = solver or Solver()
    if solver.embedding == "native":
        raise ModelError("solver.embedding: native needs a model, got values; use solve, or embedding='curves'")
    offered = amounts if isinstance(amounts, Amounts) else Amounts(tuple(amounts))
    curves = _curves(values, offered, costs, rules, units)
    coupling = Coupling.compile(limits, curves.shape[0], units, lambda: curves.column(0))
    allocation = decide_or_explain(curves, coupling, solver)
    if then is not None:
        allocation = second(allocation, curves, coupling, then, solver)
    certify(allocation, curves, coupling, then=then)
    return allocation


def _curves(
    values: ArrayLike, amounts: Amounts, costs: ArrayLike | Costs | None, rules: Rules | None, units: pd.DataFrame | None
) -> Curves:
    plain = Curves.of(values, amounts, None if isinstance(costs, Costs) else costs)
    charged = costs if isinstance(costs, Costs) else None
    terms = Terms.of(amounts, plain.shape[0], units, charged, rules)
    return terms.curves(plain.values, slice(None), None if charged else plain.costs)
