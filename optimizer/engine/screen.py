"""Screening: within a box around good prices most units have one best option, whatever the prices in the box are.

A unit without rivals is settled: it enters the dual as a constant, and what it uses is taken off the limits. Optimal prices of
the rest are optimal for all if they lie in the box, for D is convex. Prices from a sample are good to about 1/√sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.rivals import look
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.parts import Each, Parts
from optimizer.problem.rows import Row
from optimizer.problem.totals import Tally

Index = NDArray[np.intp]
Choice = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Screened:
    """A part of the units after screening; it stays where the part is.

    Attributes
    ----------
    choice : (n,) each unit's best option at the centre of the last box that it was looked at in.
    rows : (n',) which units are open.
    open : these.
    settled : what the others add up to.
    centre : what the open ones add up to at `choice`.
    """

    choice: Choice
    rows: Index
    open: Part
    settled: Tally
    centre: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """All units after screening.

    Attributes
    ----------
    coupling : the limits of all units.
    counts : how many units are open in each part.
    settled, centre : as of `Screened`, of all parts.
    """

    fleet: Fleet
    coupling: Coupling
    states: Parts[Screened]
    counts: tuple[int, ...]
    settled: Tally
    centre: Tally

    @property
    def open(self) -> int:
        """How many units are open."""
        return sum(self.counts)

    @property
    def left(self) -> Coupling:
        """The limits, with what the settled units use taken off what is allowed."""
        return self.coupling.keeping(_left_over(self.coupling, self.settled))

    def of_open(self, choice: Parts[Choice]) -> Index:
        """What a choice of all says of the open units."""
        return np.concatenate(self.states.told(_options, choice)).astype(np.intp)

    def view(self) -> View:
        """The open units, brought here."""
        rows, parts = zip(*self.states.told(_open), strict=True)
        part = _joined(parts)
        units = np.concatenate([own + start for own, start in zip(rows, self.fleet.starts, strict=True)])
        return View(
            units=units,
            fleet=self.fleet,
            choice=self.states.kept(_choice),
            settled=self.settled,
            curves=part.curves.dense(),
            coupling=part.under(self.left),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The units that are still open, as a problem of its own.

    Attributes
    ----------
    units : (n',) which of the n units are open.
    fleet : all units.
    choice : in parts, (n,) the option of every settled unit.
    settled : what the settled units add up to.
    curves, coupling : the open units; `coupling` allows what the settled ones leave.
    """

    units: Index
    fleet: Fleet
    choice: Parts[Choice]
    settled: Tally
    curves: Curves
    coupling: Coupling

    def chosen(self, choice: Index) -> Parts[Choice]:
        """The choice of all units, given that of the open ones, in parts."""
        own = self.fleet.split(self.units)
        rows = [self.units[part] - start for part, start in zip(own, self.fleet.starts, strict=True)]
        return self.choice.kept(_filled, Each(rows), Each([choice[part] for part in own]))

    def widen(self, choice: Index) -> Index:
        """The choice of all units, given that of the open ones."""
        return np.concatenate(self.chosen(choice).told(_plain))

    def tally(self, choice: Index) -> Tally:
        """What all units add up to, given the choice of the open ones."""
        return Tally.sum([self.settled, Tally.of(choice, self.curves, self.coupling)])


def screen(fleet: Fleet, coupling: Coupling, box: Box) -> Sieve:
    """The units that are settled in the box, and those that are not; one pass, of which the open units' curves are kept."""
    fleet.looks.count += 1
    return _sieve(fleet, coupling, fleet.parts.kept(_first, coupling.bare(), box))


def narrower(sieve: Sieve, box: Box) -> Sieve:
    """Of the open units, those that a narrower box does not settle either."""
    return _sieve(sieve.fleet, sieve.coupling, sieve.states.kept(_again, sieve.coupling.bare(), box))


def rescreen(coupling: Coupling, view: View, box: Box) -> View:
    """The view of those of its open units that a narrower box does not settle; `coupling` is of all units.

    The view may come from other figures of the limits, as long as what each option uses of them is the same.
    """
    choice, open_ = _look_at(view.curves, view.coupling, box)
    settled = Tally.sum([view.settled, Tally.of(choice, view.curves, view.coupling, ~open_)])
    part = Part(view.curves, view.coupling.groups).of(np.flatnonzero(open_))
    rows = _left_over(coupling, settled)
    return View(
        units=view.units[open_],
        fleet=view.fleet,
        choice=view.chosen(choice),
        settled=settled,
        curves=part.curves.dense(),
        coupling=part.under(coupling.keeping(rows)),
    )


def everyone(fleet: Fleet, coupling: Coupling) -> View:
    """The view of all units; their curves are then held at once."""
    part = fleet.brought()
    return View(
        units=np.arange(fleet.n),
        fleet=fleet,
        choice=fleet.parts.kept(_nothing),
        settled=Tally.none(coupling.n_groups, aimed=fleet.aimed),
        curves=part.curves.dense(),
        coupling=part.under(coupling),
    )


def held(curves: Curves, coupling: Coupling) -> View:
    """The view of all units of curves that are held here."""
    return everyone(Fleet.of(curves, coupling), coupling)


def _sieve(fleet: Fleet, coupling: Coupling, states: Parts[Screened]) -> Sieve:
    counts, settled, centre = zip(*states.told(_told), strict=True)
    return Sieve(
        fleet=fleet, coupling=coupling, states=states, counts=counts, settled=Tally.sum(settled), centre=Tally.sum(centre)
    )


def _first(part: Part, coupling: Coupling, box: Box) -> Screened:
    n, m = part.curves.shape
    choice, kept, rows, settled, centre = np.empty(n, dtype=np.min_scalar_type(m)), [], [], [], []
    whole = part.under(coupling)
    for units, dense in part.curves.parts():
        own = whole.at(units)
        chosen, open_ = _look_at(dense, own, box)
        few = np.flatnonzero(open_)
        some = Part(dense, own.groups).of(few)
        choice[units] = chosen
        kept.append(some)
        rows.append(few + units.start)
        settled.append(Tally.of(chosen, dense, own, ~open_))
        centre.append(Tally.of(chosen[few], some.curves, some.under(coupling)))
    return Screened(choice, np.concatenate(rows), _joined(kept), Tally.sum(settled), Tally.sum(centre))


def _again(state: Screened, coupling: Coupling, box: Box) -> Screened:
    part, own = state.open, state.open.under(coupling)
    chosen, open_ = _look_at(part.curves.dense(), own, box)
    few = np.flatnonzero(open_)
    choice = state.choice.copy()
    choice[state.rows] = chosen
    settled, some = Tally.of(chosen, part.curves, own, ~open_), part.of(few)
    centre = Tally.of(chosen[few], some.curves, some.under(coupling))
    return Screened(choice, state.rows[few], some, Tally.sum([state.settled, settled]), centre)


def _look_at(curves: Curves, coupling: Coupling, box: Box) -> tuple[Index, NDArray[np.bool_]]:
    """Each unit's best option at the box's centre, and whether it has rivals."""
    n, _ = curves.shape
    choice, open_ = np.empty(n, dtype=np.intp), np.empty(n, dtype=bool)

    def note(block: slice, chosen: Index, rivals: NDArray[np.bool_]) -> None:
        choice[block] = chosen
        open_[block] = rivals.any(axis=1)

    look(curves, coupling, box, note)
    return choice, open_


def _left_over(coupling: Coupling, settled: Tally) -> tuple[Row, ...]:
    """The rows, with what the settled units use taken off what is allowed."""
    used = coupling.used(settled.totals)
    return tuple(replace(row, allowed=row.allowed - taken) for row, taken in zip(coupling.rows, used, strict=True))


def _joined(parts: Iterable[Part]) -> Part:
    every = list(parts)
    return Part(Curves.join([part.curves.dense() for part in every]), np.concatenate([part.groups for part in every]))


def _told(state: Screened) -> tuple[int, Tally, Tally]:
    return len(state.rows), state.settled, state.centre


def _options(state: Screened, choice: Choice) -> Choice:
    return choice[state.rows]


def _open(state: Screened) -> tuple[Index, Part]:
    return state.rows, state.open


def _choice(state: Screened) -> Choice:
    return state.choice


def _plain(choice: Choice) -> Index:
    return choice.astype(np.intp)


def _nothing(part: Part) -> Choice:
    n, m = part.curves.shape
    return np.zeros(n, dtype=np.min_scalar_type(m))


def _filled(choice: Choice, rows: Index, options: Index) -> Choice:
    everyone = choice.copy()
    everyone[rows] = options
    return everyone
