"""Narrowing: prices from a sample settle most units, and what is left is priced exactly; then a larger sample, up to all.

    sample of n/16 → prices, good to about 1/√sample → screen all n → price the open units → are the prices in the box?

One pass over all units, whatever the number of passes the prices take. With more than `FEW` limits a box that is as wide as a
sample errs settles too little; there a few passes of a smoothed dual over all units lay a narrower one. If the prices leave
the box, the box was too small: it is laid around the better prices, and larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.bound import bound
from optimizer.engine.pricing import price_scale
from optimizer.engine.rounding import round_dual
from optimizer.engine.screen import View, everyone, sample, screen
from optimizer.engine.smooth import TOUCHED, near_prices
from optimizer.errors import Infeasible
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum

SMALL = 8_000
"""Units that are priced as they are."""

GROWTH = 16
"""How much larger each sample is than the one before."""

WIDTH = 2.0
"""The first box, in standard errors of a price that varies as much as it is large."""

MARGIN = 2e-4
"""Share of a unit's stake that the margin is made of at most; should the search lose more, more units are opened then."""

FEW = 3
"""Limits up to this number are priced by cuts alone."""

FAINT = 0.1
"""A price of nothing is taken to be this share of the price at which a limit's largest use costs all that is at stake."""


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


def narrow(
    curves: Curves | Streamed, coupling: Coupling, rng: np.random.Generator, tick: Callable[[], None], *, final: bool = True
) -> Narrowed:
    """The units that stay open, and the prices of the limits.

    Parameters
    ----------
    final : whether an optimum is looked for, so that settled units must lose by a margin; or only prices.

    Raises
    ------
    Infeasible
        If no allocation satisfies the limits.
    """
    n, _ = curves.shape
    many = len(coupling.rows) > FEW
    if n <= SMALL:
        return price_whole(curves, coupling, tick)
    part = sample(curves, coupling, np.sort(rng.choice(n, n // GROWTH, replace=False)))
    try:
        if many and isinstance(curves, Curves):
            box, wide = _smooth_box(curves, coupling, part)
        else:
            guess = narrow(part.curves, part.coupling, rng, tick, final=False)
            box, wide = _first_box(guess, part, final=final)
        for widening in (1.0, GROWTH, GROWTH**2):
            found = _price(screen(curves, coupling, box), box, tick)
            if box.holds(found.dual.prices):
                return found
            box = replace(box, centre=found.dual.prices, reach=widening * wide)
    except Infeasible:
        # A sample may have no plan where the whole has one, and so may the open units of a box that is too small.
        pass
    return price_whole(curves, coupling, tick)


def price_whole(curves: Curves | Streamed, coupling: Coupling, tick: Callable[[], None]) -> Narrowed:
    """All units, priced as they are.

    Raises
    ------
    Infeasible
        If the prices prove that no allocation satisfies the limits.
    """
    view = everyone(curves, coupling)
    around = None
    if len(coupling.rows) > FEW and curves.shape[0] > TOUCHED:
        found = near_prices(view.curves, coupling)
        around = Box(centre=found.prices, reach=found.doubt, margin=0.0)
    return _price(view, None, tick, around)


def price_within(view: View, box: Box) -> Narrowed:
    """The open units of a view, priced in the box that it was screened for."""
    return _price(view, box, lambda: None)


def reopen(curves: Curves | Streamed, coupling: Coupling, narrowed: Narrowed, choice: NDArray[np.intp], loss: float) -> Narrowed:
    """The units that a choice (n,) which falls short of the bound by `loss` leaves open, at the same prices."""
    prices = narrowed.dual.prices
    box = Box(centre=prices, reach=np.zeros_like(prices), margin=1.01 * loss + narrowed.dual.rounding)
    view = screen(curves, coupling, box)
    dual = bound(view.curves, view.coupling, box=box)
    moved = np.abs(dual.prices - prices)
    return Narrowed(view=view, dual=dual, choice=choice[view.units], margin=box.margin, moved=moved)


def _price(view: View, box: Box | None, tick: Callable[[], None], around: Box | None = None) -> Narrowed:
    dual = bound(view.curves, view.coupling, box=box, around=around, progress=tick)
    choice = round_dual(view.curves, view.coupling, dual)
    if box is None:
        return Narrowed(view=view, dual=dual, choice=choice, margin=math.inf, moved=np.full(len(dual.prices), np.inf))
    moved = np.abs(dual.prices - box.centre)
    return Narrowed(view=view, dual=dual, choice=choice, margin=box.margin, moved=moved)


def _first_box(guess: Narrowed, part: View, *, final: bool) -> tuple[Box, NDArray[np.float64]]:
    """Around a sample's prices, with a margin that the first choice's loss is likely to keep; and how wide they may err.

    Prices that hardly moved from the last sample to this one will hardly move again, and have a narrower box at first.
    """
    size = len(part.units)
    scale, stake = price_scale(part.curves, part.coupling)
    wide = WIDTH * (guess.dual.prices + FAINT * scale) / math.sqrt(size)
    reach = np.minimum(wide, GROWTH * guess.moved + wide / GROWTH**4)
    likely = min(guess.loss, MARGIN * stake / size)
    return Box(centre=guess.dual.prices, reach=reach, margin=4.0 * likely if final else guess.dual.rounding), wide


def _smooth_box(curves: Curves, coupling: Coupling, part: View) -> tuple[Box, NDArray[np.float64]]:
    """Around the prices of the smoothed dual, found on a sample and then on all units; and how wide they may err."""
    guess = near_prices(part.curves, part.coupling)
    found = near_prices(curves, coupling, guess.prices)
    _, stake = price_scale(part.curves, part.coupling)
    return Box(centre=found.prices, reach=found.doubt, margin=4.0 * MARGIN * stake / len(part.units)), found.doubt
