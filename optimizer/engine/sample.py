"""A sample of the units as a problem of its own, the limits in proportion.

    allowed = (allowed of all − used by all at a reference choice) · share + used by the sample at it

What units use at the reference varies from sample to sample by more than prices move it; measured against it, little is left to
chance. Of all units the reference is no award, and matters where a limit counts outcomes; of the open ones it is what they
choose at the centre of their box.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import numpy as np

from optimizer.engine.screen import Screened, Sieve
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.parts import Each, Here
from optimizer.problem.strata import Strata
from optimizer.problem.totals import Tally


def sample(fleet: Fleet, coupling: Coupling, one_in: int, seed: int) -> tuple[Fleet, Coupling]:
    """One in so many of the units, and what is allowed them."""
    strata = Strata(fleet.n, one_in, seed)
    parts = fleet.parts.kept(_members, fleet.each(fleet.starts), strata)
    part = fleet.of_parts(parts, tuple(parts.told(_size)))
    if not any(row.counts_outcome for row in coupling.rows):
        return part, _allowed(coupling, Fraction(part.n, fleet.n), None, None)
    whole, own = Tally.sum(fleet.look(_without, coupling.bare())), Tally.sum(parts.told(_without, coupling.bare()))
    return part, _allowed(coupling, Fraction(part.n, fleet.n), whole, own)


def sample_open(sieve: Sieve, one_in: int, seed: int) -> tuple[Fleet, Coupling]:
    """The same of the units that a box leaves open, brought here."""
    strata = Strata(sieve.open, one_in, seed)
    starts = Each(list(accumulate(sieve.counts, initial=0))[:-1])
    drawn, own = zip(*sieve.states.told(_drawn, starts, strata, sieve.coupling.bare()), strict=True)
    part = Part(Curves.join([some.curves.dense() for some in drawn]), np.concatenate([some.groups for some in drawn]))
    limited = _allowed(sieve.left, Fraction(strata.count, sieve.open), sieve.centre, Tally.sum(own))
    return sieve.fleet.of_parts(Here((part,)), (strata.count,)), part.under(limited)


def _allowed(coupling: Coupling, share: Fraction, whole: Tally | None, own: Tally | None) -> Coupling:
    nothing = (Fraction(0),) * len(coupling.rows)
    all_use = nothing if whole is None else coupling.used(whole.totals)
    own_use = nothing if own is None else coupling.used(own.totals)
    return coupling.keeping(
        [
            replace(row, allowed=(row.allowed - of_all) * share + of_own)
            for row, of_all, of_own in zip(coupling.rows, all_use, own_use, strict=True)
        ]
    )


def _members(part: Part, start: int, strata: Strata) -> Part:
    return part.of(strata.members(start, start + part.curves.shape[0]))


def _drawn(state: Screened, start: int, strata: Strata, coupling: Coupling) -> tuple[Part, Tally]:
    drawn = strata.members(start, start + len(state.rows))
    part = state.open.of(drawn)
    return part, Tally.of(state.choice[state.rows[drawn]].astype(np.intp), part.curves, part.under(coupling))


def _size(part: Part) -> int:
    return part.curves.shape[0]


def _without(part: Part, coupling: Coupling) -> Tally:
    nothing = np.zeros(part.curves.shape[0], dtype=np.intp)
    return Tally.of(nothing, part.curves, part.under(coupling))
