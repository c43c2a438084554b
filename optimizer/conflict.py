"""Infeasible is an answer: which limits conflict, and the least change to each of them alone that would do.

    conflict      drop every limit without which the others still conflict      (deletion filter: Chinneck & Dravnieks 1991)
    relaxation    the figure nearest to the limit's at which some plan keeps all limits: the least that plans use of it which
                  keep all the others; for a share, found from plan to plan     (Dinkelbach 1967)

Both are searched for as plans are, so they are proven on all units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimizer.decide import Decided, Progress, decide, decide_parts, silent
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.allocation import Allocation
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet
from optimizer.problem.limits import EXPECTED, FINEST, Limit
from optimizer.problem.rows import MEASURES, OUTCOME_TOLERANCE, Row, slack
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.words import in_words

ANY = 0.9
"""The relative gap of a search that only asks whether there is a plan."""

ROUNDS = 50
"""Dinkelbach's iteration ends after a handful."""

Ask = Callable[[Sequence[Row]], bool]


@dataclass(frozen=True, slots=True)
class _Search:
    """The instance that has no plan."""

    curves: Curves
    coupling: Coupling
    solver: Solver

    def feasible(self, rows: Sequence[Row]) -> bool | None:
        """Whether some plan keeps these rows; None if the search stopped before it knew."""
        try:
            decide(self.curves, self.coupling.keeping(rows), replace(self.solver, gap=ANY))
        except Infeasible:
            return False
        except NoIncumbent:
            return None
        return True

    def others(self, limit: Limit) -> list[Row]:
        """The rows of all other limits."""
        return [row for row in self.coupling.rows if row.limit is not limit]

    def least(self, row: Row, rows: Sequence[Row]) -> Totals:
        """Totals of a plan that uses least of `row`, among those that keep `rows`."""
        aims, step = _aims(row, self.curves, self.coupling)
        kept = self.coupling.keeping(rows)
        plan = decide(replace(self.curves, aims=aims, step=step), kept, self.solver)
        return Totals.of(plan.index, self.curves, self.coupling)


def decide_or_explain(curves: Curves | Streamed, coupling: Coupling, solver: Solver, progress: Progress = silent) -> Allocation:
    """As `decide`; if there is no plan, the error says why and what would help.

    Raises
    ------
    Infeasible, NoIncumbent
        As in `decide`.
    """
    return decide_or_explain_parts(Fleet.of(curves, coupling), coupling, solver, progress).whole()


def decide_or_explain_parts(fleet: Fleet, coupling: Coupling, solver: Solver, progress: Progress = silent) -> Decided:
    """As `decide_or_explain`, of units in parts; of more than may be brought here the error names the limits alone."""
    try:
        return decide_parts(fleet, coupling, solver, progress)
    except Infeasible as found:
        if not fleet.takes(fleet.n):
            raise
        progress("explain", None)
        part = fleet.brought()
        raise explain(part.curves, part.under(coupling), solver, found) from None


def explain(curves: Curves | Streamed, coupling: Coupling, solver: Solver, found: Infeasible) -> Infeasible:
    """The error that names the conflict and what would end it.

    Parameters
    ----------
    found : what the search raised; its limits are where the conflict is looked for.
    """
    search = _Search(curves.dense(), coupling, replace(solver, gap=0.0))
    conflict = _conflict(search, found.limits)
    relaxed = {limit.name: _relaxed(search, limit) for limit in conflict}
    names = " and ".join(relaxed)
    together = (
        "together; the least change that helps, to one of them" if len(relaxed) > 1 else "at all; the least change that helps"
    )
    lines = [f"  {_in_words(search, limit, relaxed[limit.name])}" for limit in conflict]
    message = "\n".join([f"limits: no allocation satisfies {names} {together}:", *lines])
    known = {name: figures for name, figures in relaxed.items() if figures is not None}
    return Infeasible(message, tuple(relaxed), known)


def _conflict(search: _Search, suspects: Sequence[str]) -> list[Limit]:
    """Limits that conflict, none of which can be left out."""
    rows = search.coupling.rows
    limits = {row.limit.name: row.limit for row in rows}

    def of(names: Sequence[str]) -> list[Row]:
        return [row for row in rows if row.limit.name in names]

    kept = [name for name in limits if name in suspects]
    if not kept or search.feasible(of(kept)) is not False:
        kept = list(limits)
    for name in tuple(kept):
        rest = [other for other in kept if other != name]
        if search.feasible(of(rest)) is False:
            kept = rest
    return [limits[name] for name in kept]


def _relaxed(search: _Search, limit: Limit) -> tuple[Fraction, ...] | None:
    """The nearest figures of this limit that some plan keeps with all the others: none, one, or for an equation two.

    None where a search stopped before it knew.
    """
    own = [row for row in search.coupling.rows if row.limit is limit]
    try:
        if limit.by is not None:
            return (_parity(search, limit),)
        if limit.sense != "exactly":
            return (_figure(search, own[0], search.others(limit)),)
    except Infeasible:
        return ()
    except NoIncumbent:
        return None
    sides = []
    for row, other in zip(own, reversed(own), strict=True):
        try:
            sides.append(_figure(search, row, [*search.others(limit), other]))
        except Infeasible:
            continue
        except NoIncumbent:
            return None
    return tuple(sorted(sides))


def _figure(search: _Search, row: Row, others: Sequence[Row]) -> Fraction:
    """The figure nearest to the row's at which a plan keeps it with the others."""
    best: Fraction | None = None
    for _ in range(ROUNDS):
        totals = search.least(row, others)
        if best is not None and not search.coupling.keeping([row]).over_use(totals)[0] < -slack(row):
            break
        best = search.coupling.figure_of(row, totals)
        if row.limit.of not in MEASURES:
            break
        row = search.coupling.with_figure(row, best)
    assert best is not None
    return _rounded(row.limit, row.sign, best)


def _rounded(limit: Limit, sign: int, figure: Fraction) -> Fraction:
    """A figure that can be written, on the side that is feasible: shares and expectations to six decimals."""
    if limit.measure not in EXPECTED and limit.of in (None, "units"):
        return figure
    # An expectation may miss its figure by rounding.
    slack_of = Fraction(OUTCOME_TOLERANCE) * max(Fraction(1), abs(figure)) if limit.of in (None, "units") else Fraction(0)
    scaled = (figure - sign * slack_of) * FINEST
    return Fraction(math.ceil(scaled) if sign > 0 else math.floor(scaled), FINEST)


def _parity(search: _Search, limit: Limit) -> Fraction:
    """The least distance, in millionths, to which the groups can be held, by bisection: a plan that keeps one keeps a larger."""
    others = search.others(limit)
    own = [row for row in search.coupling.rows if row.limit is limit]

    def keeps(distance: int) -> bool:
        return bool(search.feasible([*others, *(replace(row, allowed=Fraction(distance, FINEST)) for row in own)]))

    low, high = int(limit.figure * FINEST), max(FINEST, int(limit.figure * FINEST) + 1)
    if not search.feasible(others):
        raise Infeasible.among([limit.name])
    while not keeps(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return Fraction(high, FINEST)


def _aims(row: Row, curves: Curves, coupling: Coupling) -> tuple[NDArray[np.float64], float]:
    """What each option leaves of the row: −usage, in the row's smallest unit where it is a whole number, and that unit."""
    unit = 1 if row.counts_outcome else math.lcm(*(c.denominator for measure in row.coefficients for c in measure))
    cost, award, outcome = (np.array([float(c * unit) for c in measure])[coupling.groups, None] for measure in row.coefficients)
    _, m = curves.shape
    used = cost * curves.costs + award * (np.arange(m) > 0)
    if row.counts_outcome:
        return -(used + outcome * curves.values), 0.0
    whole = np.gcd.reduce(np.rint(np.abs(used)).astype(np.int64).reshape(-1), initial=0)
    return -used, float(whole)


def _in_words(search: _Search, limit: Limit, figures: tuple[Fraction, ...] | None) -> str:
    row = next(row for row in search.coupling.rows if row.limit is limit)
    if figures is None:
        return f"{limit.name}: the search stopped before it knew what figure helps"
    if not figures:
        return f"{limit.name}: no figure helps, for the other limits conflict without it"
    changed = " or ".join(in_words(search.coupling.with_figure(row, figure)) for figure in figures)
    return f"{limit.name}: {changed}, it is {in_words(row)}"
