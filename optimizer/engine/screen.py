"""Screening: within a box around good prices most units have one best option, whatever the prices in the box are.

A unit without rivals is settled: it enters the dual as a constant, and what it uses is taken off the limits. Optimal prices of
the rest are optimal for all if they lie in the box, for D is convex. Prices from a sample are good to about 1/√sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.rivals import look
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves

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


def screen(curves: Curves, coupling: Coupling, box: Box) -> View:
    """The view of the units that are not settled in the box."""
    n, _ = curves.shape
    choice, open_ = np.empty(n, dtype=np.intp), np.empty(n, dtype=bool)

    def note(block: slice, chosen: Index, rivals: NDArray[np.bool_]) -> None:
        choice[block] = chosen
        open_[block] = rivals.any(axis=1)

    look(curves, coupling, box, note)
    return _view(curves, coupling, choice, np.flatnonzero(open_))


def screenable(curves: Curves, coupling: Coupling) -> bool:
    """Whether a table over pairs of options says how far prices can move their scores: common costs, no outcome limits."""
    return curves.costs.ndim == 1 and not coupling.coefficients[2].any()


def everyone(curves: Curves, coupling: Coupling) -> View:
    """The view of all units."""
    n, _ = curves.shape
    return View(units=np.arange(n), choice=np.zeros(n, dtype=np.intp), curves=curves, coupling=coupling)


def _view(curves: Curves, coupling: Coupling, choice: Index, units: Index) -> View:
    settled = np.ones(len(choice), dtype=bool)
    settled[units] = False
    used = coupling.used(Totals.of(choice, curves, coupling, settled))
    rows = tuple(replace(row, allowed=row.allowed - taken) for row, taken in zip(coupling.rows, used, strict=True))
    return View(
        units=units,
        choice=choice,
        curves=_part(curves, units),
        coupling=Coupling.over(rows, coupling.groups[units], coupling.n_groups),
    )


def sample(curves: Curves, coupling: Coupling, units: Index) -> View:
    """The problem of a part of the units, the limits in proportion."""
    share = Fraction(len(units), curves.shape[0])
    rows = tuple(replace(row, allowed=row.allowed * share) for row in coupling.rows)
    return View(
        units=units,
        choice=np.zeros(curves.shape[0], dtype=np.intp),
        curves=_part(curves, units),
        coupling=Coupling.over(rows, coupling.groups[units], coupling.n_groups),
    )


def _part(curves: Curves, units: Index) -> Curves:
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[units]
    return Curves(values=curves.values[units], costs=costs, amounts=curves.amounts)
