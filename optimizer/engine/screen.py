"""Screening: within a box around good prices most units have one best option, whatever the prices in the box are.

A unit without rivals is settled: it enters the dual as a constant, and what it uses is taken off the limits. Optimal prices of
the rest are optimal for all if they lie in the box, for D is convex. Prices from a sample are good to about 1/√sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.rivals import look
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.rows import Row
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The units that are still open, as a problem of its own.

    Attributes
    ----------
    units : (n',) which of the n units are open.
    choice : (n,) the option of every settled unit.
    curves, coupling : the open units; `coupling` allows what the settled ones leave.
    """

    units: Index
    choice: Index
    curves: Curves
    coupling: Coupling

    def widen(self, choice: Index) -> Index:
        """The choice of all units, given that of the open ones."""
        everyone = self.choice.copy()
        everyone[self.units] = choice
        return everyone


def screen(curves: Curves | Streamed, coupling: Coupling, box: Box) -> View:
    """The view of the units that are not settled in the box; one pass, of which the open units' curves are kept."""
    n, _ = curves.shape
    choice, open_ = np.empty(n, dtype=np.intp), np.empty(n, dtype=bool)
    kept, totals = [], []
    for part, dense in curves.parts():
        choice[part], open_[part] = _look_at(dense, coupling.of_part(part), box)
        kept.append(dense.part(np.flatnonzero(open_[part])))
        totals.append(Totals.of(choice[part], dense, coupling.of_part(part), ~open_[part]))
    units = np.flatnonzero(open_)
    return View(
        units=units, choice=choice, curves=Curves.join(kept), coupling=coupling.of_part(units, _left_over(coupling, totals))
    )


def rescreen(curves: Curves, coupling: Coupling, view: View, box: Box) -> View:
    """The view of those of its open units that a narrower box does not settle; `coupling` is of all units.

    The view may come from other figures of the limits, as long as what each option uses of them is the same.
    """
    choice, open_ = view.choice.copy(), np.zeros(len(view.choice), dtype=bool)
    choice[view.units], open_[view.units] = _look_at(view.curves, coupling.of_part(view.units), box)
    units = np.flatnonzero(open_)
    left = _left_over(coupling, [Totals.of(choice, curves, coupling, ~open_)])
    kept = view.curves.part(np.flatnonzero(open_[view.units]))
    return View(units=units, choice=choice, curves=kept, coupling=coupling.of_part(units, left))


def _look_at(curves: Curves, coupling: Coupling, box: Box) -> tuple[Index, NDArray[np.bool_]]:
    """Each unit's best option at the box's centre, and whether it has rivals."""
    n, _ = curves.shape
    choice, open_ = np.empty(n, dtype=np.intp), np.empty(n, dtype=bool)

    def note(block: slice, chosen: Index, rivals: NDArray[np.bool_]) -> None:
        choice[block] = chosen
        open_[block] = rivals.any(axis=1)

    look(curves, coupling, box, note)
    return choice, open_


def _left_over(coupling: Coupling, settled: Sequence[Totals]) -> tuple[Row, ...]:
    """The rows, with what the settled units use taken off what is allowed."""
    used = [sum(column, Fraction(0)) for column in zip(*(coupling.used(totals) for totals in settled), strict=True)]
    return tuple(replace(row, allowed=row.allowed - taken) for row, taken in zip(coupling.rows, used, strict=True))


def everyone(curves: Curves | Streamed, coupling: Coupling) -> View:
    """The view of all units; their curves are then held at once."""
    n, _ = curves.shape
    return View(units=np.arange(n), choice=np.zeros(n, dtype=np.intp), curves=curves.dense(), coupling=coupling)


def sample(curves: Curves | Streamed, coupling: Coupling, units: Index) -> View:
    """The problem of a part of the units, the limits in proportion.

    Of a limit that counts outcomes, what there is of them without awards is not in proportion but the part's own: it varies from
    part to part by more than the awards move.
    """
    n, _ = curves.shape
    share = Fraction(len(units), n)
    whole, own = _without(curves, coupling, slice(None)), _without(curves, coupling, units)
    rows = tuple(replace(row, allowed=(row.allowed - _weighed(row, whole)) * share + _weighed(row, own)) for row in coupling.rows)
    return View(units=units, choice=np.zeros(n, dtype=np.intp), curves=curves.part(units), coupling=coupling.of_part(units, rows))


def _without(curves: Curves | Streamed, coupling: Coupling, units: Index | slice) -> list[Fraction]:
    """The outcome without awards of these units in each group, if a limit counts outcomes."""
    if not any(row.counts_outcome for row in coupling.rows):
        return [Fraction(0)] * coupling.n_groups
    outcome, groups = curves.column(0)[units], coupling.groups[units]
    return [Fraction(exact_sum(outcome[groups == g])) for g in range(coupling.n_groups)]


def _weighed(row: Row, outcomes: list[Fraction]) -> Fraction:
    return sum((share * outcome for share, outcome in zip(row.coefficients[2], outcomes, strict=True)), Fraction(0))
