"""Narrowing: prices from a sample settle most units, and what is left is priced exactly; then a larger sample, up to all.

    sample of n/16 → prices, good to about 1/√sample → screen all n → price the open units → are the prices in the box?

One pass over all units, whatever the number of passes the prices take. With more than `FEW` limits a box that is as wide as a
sample errs settles too little; there a few passes of a smoothed dual over all units lay a narrower one. Where many units stay
open, a sample of them lays a narrower box once more. If the prices leave the box, the box was too small: it is laid around the
better prices, and larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.bound import bound
from optimizer.engine.pricing import fleet_scale
from optimizer.engine.rounding import round_dual
from optimizer.engine.sample import sample, sample_open
from optimizer.engine.screen import Choice, Sieve, View, everyone, narrower, screen
from optimizer.engine.smooth import TOUCHED, near_prices
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.dual import Dual
from optimizer.problem.fleet import Fleet
from optimizer.problem.parts import Parts
from optimizer.problem.sums import exact_sum

SMALL = 8_000
"""Units that are priced as they are."""

OPEN, SOME = 6_000, 2_000
"""Units of a box that are priced as they are, and how many of more open ones lay a narrower box."""

CUTS = 12
"""How often a box is made narrower."""

GROWTH = 16
"""How much larger each sample is than the one before."""

WIDTH = 2.0
"""The first box, in standard errors of a price that varies as much as it is large."""

NEAR = 12.0
"""The second box, in shares 1/√sample of the first: the open units alone move the prices in it, by about twice that at most."""

MARGIN = 2e-4
"""Share of a unit's stake that the margin is made of at most; should the search lose more, more units are opened then."""

FEW = 3
"""Limits up to this number are priced by cuts alone."""

FAINT = 0.1
"""A price of nothing is taken to be this share of the price at which a limit's largest use costs all that is at stake."""

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """The open units with their dual and a first choice; settled units lose at least `margin` by any other option.

    Attributes
    ----------
    choice : (n',) a feasible choice of the open units, or None.
    moved : (L,) how far the prices are from those that the box was laid around; inf if there was none.
    """

    view: View
    dual: Dual
    choice: NDArray[np.intp] | None
    margin: float
    moved: NDArray[np.float64]

    @property
    def whole(self) -> bool:
        """Whether no unit was settled by screening."""
        return math.isinf(self.margin)

    @property
    def loss(self) -> float:
        """What the first choice falls short of the bound; inf if there is none."""
        if self.choice is None:
            return math.inf
        return self.dual.bound - exact_sum(self.view.curves.gain_of(self.choice)) + self.dual.rounding


def narrow(fleet: Fleet, coupling: Coupling, seed: int, tick: Tick, *, final: bool = True) -> Narrowed:
    """The units that stay open, and the prices of the limits.

    Parameters
    ----------
    seed : of the samples.
    final : whether an optimum is looked for, so that settled units must lose by a margin; or only prices.

    Raises
    ------
    Infeasible
        If no allocation satisfies the limits.
    """
    if fleet.n <= SMALL:
        return price_whole(fleet, coupling, tick)
    part, limited = sample(fleet, coupling, GROWTH, seed)
    if part.n <= SMALL:
        part, limited = part.here(limited)
    try:
        if len(coupling.rows) > FEW and fleet.held:
            box, wide = _smooth_box(fleet, coupling, part, limited)
        else:
            guess = narrow(part, limited, seed, tick, final=False)
            box, wide = _first_box(guess, part, limited, final=final)
        for widening in (1.0, GROWTH, GROWTH**2):
            found = _within(screen(fleet, coupling, box), box, seed, tick)
            if box.holds(found.dual.prices):
                return found
            box = replace(box, centre=found.dual.prices, reach=widening * wide)
    except Infeasible:
        # A sample may have no plan where the whole has one, and so may the open units of a box that is too small.
        pass
    return price_whole(fleet, coupling, tick)


def price_whole(fleet: Fleet, coupling: Coupling, tick: Tick) -> Narrowed:
    """All units, priced as they are.

    Raises
    ------
    Infeasible
        If the prices prove that no allocation satisfies the limits.
    NoIncumbent
        If the units are too many to be brought to one place.
    """
    _check_room(fleet, fleet.n)
    fleet.looks.count += 1
    view = everyone(fleet, coupling)
    around = None
    if len(coupling.rows) > FEW and fleet.n > TOUCHED:
        whole = Fleet.of(view.curves, view.coupling)
        found = near_prices(whole, view.coupling)
        around = Box(centre=found.prices, reach=found.doubt, margin=0.0)
        fleet.looks.count += whole.looks.count
    return _price(view, None, tick, around)


def price_within(view: View, box: Box) -> Narrowed:
    """The open units of a view, priced in the box that it was screened for."""
    return _price(view, box, lambda: None)


def reopen(fleet: Fleet, coupling: Coupling, narrowed: Narrowed, choice: Parts[Choice], loss: float) -> Narrowed:
    """The units that a choice of all which falls short of the bound by `loss` leaves open, at the same prices."""
    prices = narrowed.dual.prices
    box = Box(centre=prices, reach=np.zeros_like(prices), margin=1.01 * loss + narrowed.dual.rounding)
    sieve = screen(fleet, coupling, box)
    while not fleet.takes(sieve.open):
        # What is left outside loses less than asked for, and the bound will say so.
        box = replace(box, margin=box.margin / 4.0)
        sieve = narrower(sieve, box)
    view = sieve.view()
    dual = bound(view.curves, view.coupling, box=box)
    moved = np.abs(dual.prices - prices)
    return Narrowed(view=view, dual=dual, choice=sieve.of_open(choice), margin=box.margin, moved=moved)


def _within(sieve: Sieve, box: Box, seed: int, tick: Tick) -> Narrowed:
    """The open units of a box; of more than `OPEN`, those that ever narrower boxes leave open, if the prices lie there."""
    closer, inner = sieve, box
    try:
        for _ in range(CUTS):
            if closer.open <= OPEN:
                break
            last, inner = closer, _narrower_box(closer, inner, seed, tick)
            closer = narrower(closer, inner)
            if 2 * closer.open > last.open:
                # Nearly equal options: the fewer at first, the sooner it is known how small a margin does.
                inner = replace(inner, margin=inner.margin / GROWTH**2)
                closer = narrower(closer, inner)
        found = _price(_brought(closer), inner, tick)
        if inner.holds(found.dual.prices):
            return replace(found, moved=np.abs(found.dual.prices - box.centre))
    except Infeasible:
        # The open units of a box that is too small may have no plan.
        if closer is sieve:
            raise
    return found if closer is sieve else _price(_brought(sieve), box, tick)


def _narrower_box(sieve: Sieve, box: Box, seed: int, tick: Tick) -> Box:
    """Around the prices of some of the open units; with a margin that is likely to do."""
    part, limited = sample_open(sieve, sieve.open // min(SOME, SMALL), seed)
    found = _price(everyone(part, limited), replace(box, margin=0.0), tick)
    reach = box.reach * min(1.0, NEAR / math.sqrt(part.n))
    return Box(centre=found.dual.prices, reach=reach, margin=min(box.margin, 4.0 * found.loss))


def _brought(sieve: Sieve) -> View:
    _check_room(sieve.fleet, sieve.open)
    return sieve.view()


def _check_room(fleet: Fleet, n: int) -> None:
    if not fleet.takes(n):
        raise NoIncumbent(
            f"search: {n} units are too many to be decided in one place, and prices from samples did not settle more of "
            "them; see whether a limit can bind at all, or solve on one machine with more memory"
        )


def _price(view: View, box: Box | None, tick: Tick, around: Box | None = None) -> Narrowed:
    dual = bound(view.curves, view.coupling, box=box, around=around, progress=tick)
    choice = round_dual(view.curves, view.coupling, dual)
    if box is None:
        return Narrowed(view=view, dual=dual, choice=choice, margin=math.inf, moved=np.full(len(dual.prices), np.inf))
    moved = np.abs(dual.prices - box.centre)
    return Narrowed(view=view, dual=dual, choice=choice, margin=box.margin, moved=moved)


def _first_box(guess: Narrowed, part: Fleet, limited: Coupling, *, final: bool) -> tuple[Box, NDArray[np.float64]]:
    """Around a sample's prices, with a margin that the first choice's loss is likely to keep; and how wide they may err.

    Prices that hardly moved from the last sample to this one will hardly move again, and have a narrower box at first.
    """
    size = part.n
    scale, stake = fleet_scale(part, limited)
    wide = WIDTH * (guess.dual.prices + FAINT * scale) / math.sqrt(size)
    reach = np.minimum(wide, GROWTH * guess.moved + wide / GROWTH**4)
    likely = min(guess.loss, MARGIN * stake / size)
    return Box(centre=guess.dual.prices, reach=reach, margin=4.0 * likely if final else guess.dual.rounding), wide


def _smooth_box(fleet: Fleet, coupling: Coupling, part: Fleet, limited: Coupling) -> tuple[Box, NDArray[np.float64]]:
    """Around the prices of the smoothed dual, found on a sample and then on all units; and how wide they may err."""
    guess = near_prices(part, limited)
    found = near_prices(fleet, coupling, guess.prices)
    _, stake = fleet_scale(part, limited)
    return Box(centre=found.prices, reach=found.doubt, margin=4.0 * MARGIN * stake / part.n), found.doubt
