"""What another budget would bring: proven plans around the one that was decided, so that a page can show them at once.

They are proven to `NEAR`, each within `SECONDS`, so that all of them together take about as long as a run.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import pandas as pd

from optimizer.decide import Progress, silent
from optimizer.errors import NoIncumbent
from optimizer.problem.allocation import Allocation
from optimizer.problem.budget import MOST_UNITS, budgets_around, main_budget
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.result import Basis, table_of_frontier
from optimizer.trace import trace

log = logging.getLogger(__name__)

NEAR = 1e-5
"""The gap within which a plan of another budget is proven."""

SECONDS = 2.0
"""For the search of each, once its limits have prices."""


def limits_of(coupling: Coupling) -> tuple[Limit, ...]:
    """The limits that the rows came from."""
    return tuple(dict.fromkeys(row.limit for row in coupling.rows))


def other_budgets(basis: Basis, decided: Allocation, progress: Progress = silent) -> pd.DataFrame | None:
    """A frontier of the main budget, as of `optimizer.frontier`; the plan that was decided is its own point on it.

    None where there is no such budget, the units are too many, something else than the expected outcome was maximised, or a
    search stopped before it found a plan.
    """
    limit = main_budget(limits_of(basis.coupling))
    if limit is None or basis.curves.shape[0] > MOST_UNITS or decided.cautious is not None:
        return None
    return frontier_of(basis, limit, decided, progress)


def frontier_of(basis: Basis, limit: Limit, decided: Allocation, progress: Progress = silent) -> pd.DataFrame | None:
    """The frontier of this limit; None if a search stopped before it found a plan."""
    curves: Curves = basis.curves.dense()
    figures = budgets_around(limit)
    seconds = SECONDS if basis.solver.time_limit is None else min(SECONDS, basis.solver.time_limit)
    quick = replace(basis.solver, embedding="curves", gap=max(NEAR, basis.solver.gap), time_limit=seconds)
    try:
        plans = trace(curves, basis.coupling, limit.name, figures, quick, progress)
    except NoIncumbent as wrong:
        log.info("other budgets are not shown: %s", wrong)
        return None
    if decided.then is None:
        plans[figures.index(limit.figure)] = decided
    return table_of_frontier(figures, plans, curves, limit)
