"""The dual bound: minimise D(λ) = Σ_l λ_l b_l + Σ_i max_k (g_ik − Σ_l λ_l u_lik) over λ ≥ 0.

D is convex and piecewise linear; one pass over the units gives its value and a subgradient b − used(λ). Each pass adds a
cut D(μ) ≥ D(λ) + (b − used(λ))·(μ − λ); the next prices minimise the cuts inside a box around the best prices so far, which
grows after success and shrinks after failure (a cutting-plane method with a trust region: Marsten, Hogan & Blankenship 1975,
the "boxstep"). The master problem has L + 1 variables; its multipliers say in which proportion the passes' choices make up
the linear relaxation's solution (Dantzig & Wolfe 1960). If D falls below Σ_i min_k g_ik, weak duality proves the limits
contradictory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from optimizer.engine.pricing import NOTHING, best_options, price_scale
from optimizer.engine.rivals import within
from optimizer.engine.shortlist import Shortlist
from optimizer.errors import Infeasible
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual
from optimizer.problem.sums import exact_sum

PASSES = 300
FINE = {"presolve": False, "primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""The finest that HiGHS takes: its usual tolerance hides the last gains from the master problem."""
PRECISION = 1e-10
"""Stop once no more than this share of the bound, or of what is at stake if that is less, can be gained."""

ROUNDING = 1e-15
"""Less than this share of the stake is rounding, whatever the bound."""

NEGLIGIBLE = 1e-9
"""Shares and relative prices below this are rounding."""

TIED = 1e-9
"""Options that come this near the best one are priced with it, whatever rounding does to their scores."""

NARROWER = 64.0
"""A list for a smaller box is made when prices come together to a fraction of the last box's reach that this divides."""

NEARER = 4.0
"""The best prices are likely to lie nearer to the start than the region's edge is: by this for the first step."""

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""Multiples of it, modulo 1, fill the unit interval evenly from the first to the last."""

Vector = NDArray[np.float64]
Pass = Callable[[Vector], tuple[NDArray[np.integer], float, Vector]]


@dataclass(frozen=True, slots=True)
class Cut:
    """D and one subgradient at a point, in the scaled prices of `price_scale`."""

    point: Vector
    height: float
    slope: Vector
    choice: NDArray[np.integer]

    def at(self, point: Vector) -> float:
        """The cut's value at another point; nowhere above D."""
        return self.height + float(self.slope @ (point - self.point))


@dataclass(frozen=True, slots=True)
class Region:
    """Where scaled prices are looked for: from `start`, within [low, high], the first trust region `radius` wide."""

    start: Vector
    low: Vector
    high: Vector
    radius: float


@dataclass(frozen=True, slots=True)
class _Step:
    """A master problem's answer: where to go, how much lower D could be there, and the cuts' shares in saying so."""

    move: Vector
    gain: float
    shares: Vector


def bound(
    curves: Curves,
    coupling: Coupling,
    *,
    box: Box | None = None,
    around: Box | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Dual:
    """Prices of the limits and the bound they prove.

    Parameters
    ----------
    box : where to look for prices; by default anywhere. The bound holds wherever the prices are found, and is the least
        if they are found inside.
    around : where to begin to look, if there is no box.

    Raises
    ------
    Infeasible
        If the prices prove that no allocation satisfies the limits.
    """
    scale, stake = price_scale(curves, coupling)
    if box is not None:
        # Every price has its own reach; also that of a limit that cannot bind the open units, for the settled ones earn it.
        scale = np.maximum(box.reach, NOTHING)
    worst = exact_sum(curves.gains.min(axis=1))
    floor = worst - 1e-9 * (stake + abs(worst))
    look = _passes(curves, coupling, box)

    def cut_at(point: Vector) -> Cut:
        progress()
        prices = point * scale
        choice, best, used = look(prices)
        return Cut(point, float(coupling.allowed @ prices) + best, (coupling.allowed - used) * scale, choice)

    centre, cuts, shares = _descend(cut_at, _region(box, around, scale), stake, floor)
    if centre.height < floor:
        raise Infeasible.among(_contradiction(coupling, centre.point))
    prices = centre.point * scale
    choice, score = best_options(curves, coupling, prices)
    terms = np.concatenate([score, coupling.allowed * prices])
    near = _blend([cut.choice for cut in cuts], shares)
    size = float(np.abs(terms).sum())
    return Dual(prices=prices, bound=exact_sum(terms), choice=choice, best=score, near=near, size=size)


def _passes(curves: Curves, coupling: Coupling, box: Box | None) -> Pass:
    """What one pass over the units does: over all options, or in a box over those that can be best in it."""
    small = np.min_scalar_type(-curves.shape[1])

    def over_all(prices: Vector) -> tuple[NDArray[np.integer], float, Vector]:
        choice, score = best_options(curves, coupling, prices)
        return choice.astype(small), float(score.sum()), _used(curves, coupling, choice)

    if box is None:
        return over_all
    few = _Nested(Shortlist.of(curves, coupling, within(curves, coupling, replace(box, margin=min(box.margin, TIED)))), box)

    def over_few(prices: Vector) -> tuple[NDArray[np.integer], float, Vector]:
        choice, score, used = few.at(coupling, prices).best(coupling, prices)
        return choice.astype(small), score, used

    return over_few


class _Nested:
    """Shortlists for smaller and smaller boxes, as the prices that are asked about come together."""

    def __init__(self, whole: Shortlist, box: Box) -> None:
        self._box = box
        self._levels = [(box.centre, 1.0, whole)]
        self._last = box.centre

    def at(self, coupling: Coupling, prices: Vector) -> Shortlist:
        """The shortest list that holds what can be best at these prices."""
        while len(self._levels) > 1 and not self._share(prices, self._levels[-1][0]) <= self._levels[-1][1]:
            self._levels.pop()
        _, share, shortlist = self._levels[-1]
        step, self._last = self._share(prices, self._last), prices
        if NARROWER * step < share:
            share = 4.0 * step
            smaller = Box(centre=prices, reach=share * self._box.reach, margin=min(self._box.margin, TIED))
            shortlist = shortlist.within(coupling, smaller)
            self._levels.append((prices, share, shortlist))
        return shortlist

    def _share(self, one: Vector, other: Vector) -> float:
        """How far two prices are apart, as a share of the box's reach; a price that may not move does not count."""
        return float((np.abs(one - other) / np.maximum(self._box.reach, NOTHING)).max(initial=0.0))


def _region(box: Box | None, around: Box | None, scale: Vector) -> Region:
    known = box or around
    if known is None or not (scale > 0.0).any():
        return Region(np.zeros(len(scale)), np.zeros(len(scale)), np.full(len(scale), np.inf), 1.0)
    unit = np.where(scale > 0.0, scale, 1.0)
    centre, reach = (np.where(scale > 0.0, given / unit, 0.0) for given in (known.centre, known.reach))
    radius = max(1e-9, float(reach.max()))
    if box is None:
        return Region(centre, np.zeros(len(scale)), np.full(len(scale), np.inf), radius)
    return Region(centre, np.maximum(centre - reach, 0.0), centre + reach, radius)


def _descend(cut_at: Callable[[Vector], Cut], region: Region, stake: float, floor: float) -> tuple[Cut, list[Cut], Vector]:
    """The lowest cut found in the region, all cuts, and their shares; stops at `PRECISION`, or below `floor`."""
    widest = region.radius
    radius = widest / NEARER
    centre = cut_at(region.start)
    cuts, shares = [centre], np.ones(1)
    for _ in range(PASSES if len(region.start) else 0):
        if centre.height < floor:
            break
        step = _master(cuts, centre, radius, region)
        shares = step.shares
        if step.gain <= max(PRECISION * min(stake, abs(centre.height)), ROUNDING * stake):
            if radius >= widest:
                break
            radius = widest
            continue
        trial = cut_at(np.clip(centre.point + step.move, region.low, region.high))
        cuts.append(trial)
        far = float(np.abs(step.move).max())
        if centre.height - trial.height >= 0.1 * step.gain:
            centre, radius = trial, radius * (4.0 if far >= 0.99 * radius else 1.0)
        else:
            radius = 0.5 * far
    return centre, cuts, shares


def _master(cuts: list[Cut], centre: Cut, radius: float, region: Region) -> _Step:
    """Minimise the cuts over prices in a box around the centre, everything scaled to the box."""
    still, alone = np.zeros_like(centre.slope), np.array([float(cut is centre) for cut in cuts])
    reach = radius * float(np.abs(centre.slope).sum())
    if reach == 0.0:
        return _Step(still, 0.0, alone)
    depth = np.array([cut.at(centre.point) - centre.height for cut in cuts])
    slopes = np.array([cut.slope for cut in cuts])
    useful = depth + radius * np.abs(slopes).sum(axis=1) >= -1.01 * reach
    depth, slopes = depth[useful] / reach, slopes[useful] * (radius / reach)
    solved = linprog(
        np.append(still, 1.0),
        A_ub=np.column_stack([slopes, -np.ones(len(slopes))]),
        b_ub=-depth,
        bounds=[*zip(*_room(centre, radius, region), strict=True), (-2.0, 0.0)],
        method="highs-ds",
        options=FINE,
    )
    if solved.x is None:
        return _Step(still, 0.0, alone)
    shares = np.zeros(len(cuts))
    shares[useful] = np.maximum(-solved.ineqlin.marginals, 0.0)
    total = float(shares.sum())
    return _Step(solved.x[:-1] * radius, -float(solved.x[-1]) * reach, shares / total if total > 0.0 else alone)


def _room(centre: Cut, radius: float, region: Region) -> tuple[list[float], list[float]]:
    """How far each price may move down and up, in radii."""
    down = np.maximum(-1.0, (region.low - centre.point) / radius)
    up = np.minimum(1.0, (region.high - centre.point) / radius)
    return np.minimum(down, 0.0).tolist(), np.maximum(up, 0.0).tolist()


def _blend(choices: list[NDArray[np.integer]], shares: Vector) -> NDArray[np.intp]:
    """One choice a unit, so that among units with the same alternatives each choice has its share."""
    used = np.flatnonzero(shares > NEGLIGIBLE)
    table = np.column_stack([choices[j] for j in used]).astype(np.intp)
    split = np.flatnonzero((table != table[:, :1]).any(axis=1))
    near = table[:, 0].copy()
    if len(split):
        alike = split[np.lexsort(table[split].T)]
        golden = (np.arange(len(alike)) * GOLDEN) % 1.0
        column = np.searchsorted(np.cumsum(shares[used])[:-1], golden, side="right")
        near[alike] = table[alike, column]
    return near


def _used(curves: Curves, coupling: Coupling, choice: NDArray[np.intp]) -> Vector:
    groups, size = coupling.groups, coupling.n_groups
    totals = np.array(
        [
            np.bincount(groups, weights=weights, minlength=size)
            for weights in (curves.cost_of(choice), choice > 0, curves.value_of(choice))
        ]
    )
    used: Vector = np.einsum("qlg,qg->l", coupling.coefficients, totals)
    return used


def _contradiction(coupling: Coupling, point: Vector) -> list[str]:
    weight = point / max(float(point.max()), 1e-300)
    return [row.limit.name for row, w in zip(coupling.rows, weight, strict=True) if w > NEGLIGIBLE]
