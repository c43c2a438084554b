"""Pacing: tonight is decided together with a forecast of the nights to come, and only tonight's part is kept.

    maximise  Σ_tonight v_ik w_ik + ρ Σ_pool v_jk y_jk        ρ = (units still to come) / |pool|
    absolute limits    standing + Σ_tonight u + ρ Σ_pool u ≤ b
    shares             standing + Σ_tonight u ≤ 0,   standing + Σ_tonight u + ρ Σ_pool u ≤ 0

Solved again every night, with what is left by then, such a plan loses little to one that knows all arrivals beforehand: the
certainty-equivalent control of revenue management (Jasin & Kumar 2012), here on a sample in place of a mean. What the
season's own arrivals say of those to come tilts the pool (`optimizer.problem.trend`).

Nothing is awarded beyond the season's figures, whatever the forecast: what the pool uses is never negative. Giving nothing
tonight keeps every row: what stands cannot be taken back, so where it passes a limit already, tonight may not add to that. A
forecast promises nothing either, so that no rule of the pool can stand in tonight's way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from optimizer.problem.allocation import Allocation
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups, Values, groups_together, masks_of, patterns_in
from optimizer.problem.rows import Row, counted, rows_of
from optimizer.problem.season import BUDGET, WITH_THOSE_TO_COME, Coming, Standing
from optimizer.problem.sums import Sums, exact_parts
from optimizer.problem.totals import Totals
from optimizer.problem.trend import Trend

POOL = 2_000
"""Past units that a forecast looks at: more of them make its prices no better than re-solving every night does anyway."""

MOST = 8_000
"""Units that a forecast is made of at most; so many are priced as they are, in a fraction of a second."""

STEEPEST = 10.0
"""How far the pool is tilted at most: beyond, its best few units would stand for everybody."""

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Tonight's units and, as a last part, those to come.

    Attributes
    ----------
    fleet, coupling : of both; the limits' groups stand in the parts.
    pool : the last part; None without a forecast.
    """

    fleet: Fleet
    coupling: Coupling
    pool: Part | None

    def left(self, kept: NDArray[np.intp]) -> Coupling:
        """The limits on tonight's units, once those to come are given `kept`, an option each."""
        if self.pool is None:
            return self.coupling
        used = self.coupling.used(Totals.of(kept, self.pool.curves, self.pool.under(self.coupling)))
        rows = [replace(row, allowed=row.allowed - taken) for row, taken in zip(self.coupling.rows, used, strict=True)]
        return self.coupling.keeping(rows)


def sample_of(n: int, seed: int) -> NDArray[np.intp]:
    """The rows of a pool of n past units that a forecast looks at, ascending; all of them, or `POOL` drawn at random."""
    if n <= POOL:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, POOL, replace=False))


def learned(tonight: Fleet, standing: Standing, coming: Coming) -> tuple[Coming, Trend | None]:
    """The forecast, as far from the pool as those who came were and as their trend leads; and the trend with tonight's units."""
    if standing.trend is None:
        return coming, None
    n, pool = tonight.n, uplifts(coming.curves)
    total = standing.seen + n + coming.weight * len(pool)
    z = math.fsum(part for own in tonight.parts.told(_standardised, pool.mean(), pool.std() or 1.0) for part in own)
    trend = standing.trend.seen(n, z, float((standing.seen + Fraction(n, 2)) / total))
    return replace(coming, mean=trend.beyond(float((standing.seen + n) / total))), trend


def in_groups(curves: Curves, frame: pd.DataFrame | None, limits: Sequence[Limit]) -> tuple[Fleet, Groups]:
    """Tonight's units in this process, and the groups that the limits tell apart.

    Parameters
    ----------
    frame : n rows with the columns that limits name.
    """
    values: Values = tuple(() for _ in limits)
    masks = masks_of(limits, curves.shape[0], frame, values)
    groups = groups_together(limits, values, [patterns_in(masks)])
    return Fleet.of(curves, Coupling.over((), groups.of(masks), len(groups.patterns))), groups


def beside(tonight: Fleet, groups: Groups, limits: Sequence[Limit], standing: Standing, coming: Coming | None) -> Joint:
    """Tonight's units, followed by the pool, and all limits over both.

    Parameters
    ----------
    groups : what the limits tell apart among tonight's units.
    limits : the season's, and others on cost or recipients: at_most a figure, or a share of recipients or cost.
    coming : the forecast; None, or one of weight 0, leaves tonight's units alone.

    Raises
    ------
    DataError
        If a limit names a column that live awards do not have.
    """
    kinds = np.array(groups.patterns, dtype=bool).reshape(len(groups.patterns), len(limits))
    stands = _counted(limits, len(standing.groups), standing.groups)
    then, weight, part = np.zeros((0, len(limits)), dtype=bool), NOTHING, None
    if coming is not None and coming.weight:
        table = _counted(limits, coming.curves.shape[0], coming.frame, coming.limits)
        then, kind = np.unique(table, axis=0, return_inverse=True)
        stand, weight = _forecast(coming)
        own = len(kinds) + kind.reshape(-1).astype(np.intp)[stand]
        part = Part(_weighed(coming.curves.part(stand), weight, own_costs=tonight.common_costs is None), own)
    rows: list[Row] = []
    for limit, now, stood, later in zip(limits, kinds.T, stands.T, then.T, strict=True):
        forecast = weight if coming is not None and limit.name in coming.limits else NOTHING
        for row in _rows(limit, now, later, stood):
            left = replace(row, allowed=max(NOTHING, row.allowed - _used(row, len(now) + len(later), standing)))
            rows += _with_forecast(left, len(now), len(later), forecast)
    nobody = np.zeros(0, dtype=np.intp)
    coupling = Coupling.over(tuple(rows), nobody, len(kinds) + len(then))
    return Joint(fleet=tonight if part is None else tonight.followed_by(part), coupling=coupling, pool=part)


def passed(limits: Sequence[Limit], standing: Standing) -> tuple[str, ...]:
    """The limits that live awards pass already, after a cut or after awards were declined, one sentence each."""
    stands = _counted(limits, len(standing.groups), standing.groups)
    nobody = np.zeros(0, dtype=bool)
    return tuple(
        f"limit {limit.name}: live awards pass it by {float(over):,.15g}; tonight adds nothing to that"
        for limit, stood in zip(limits, stands.T, strict=True)
        for row in _rows(limit, nobody, nobody, stood)
        if (over := _used(row, 0, standing) - row.allowed) > 0
    )


def bid_price(allocation: Allocation) -> float | None:
    """Currency units that one more outcome may cost at most tonight; None where the season's budget does not bind."""
    price = allocation.shadow_prices.get(BUDGET, 0.0)
    return 1.0 / price if price > 0.0 else None


def _counted(
    limits: Sequence[Limit], n: int, frame: pd.DataFrame | None, known: Sequence[str] | None = None
) -> NDArray[np.bool_]:
    """(n, L): whether limits count each unit; those that are not known count nobody."""
    nobody = np.zeros(n, dtype=bool)
    asked = [n > 0 and (known is None or limit.name in known) for limit in limits]
    return np.column_stack([counted(limit, n, frame)[""] if ask else nobody for limit, ask in zip(limits, asked, strict=True)])


def _rows(limit: Limit, *inside: NDArray[np.bool_]) -> Iterator[Row]:
    """The limit's rows over kinds of units, whatever their numbers: it counts no shares of units, and no outcomes."""
    counts = tuple(np.concatenate(inside).tolist())
    return rows_of(limit, {"": counts}, (0,) * len(counts), (NOTHING,) * len(counts))


def _used(row: Row, first: int, standing: Standing) -> Fraction:
    """What live awards use of the row, whose kinds stand from `first` on."""
    cost, heads = (standing.groups[column].tolist() for column in ("cost", "recipients"))
    per_cost, per_head, _ = (part[first:] for part in row.coefficients)
    terms = zip(per_cost, cost, per_head, heads, strict=True)
    return sum((a * spent + b * awards for a, spent, b, awards in terms), NOTHING)


def _with_forecast(row: Row, n_tonight: int, n_pool: int, weight: Fraction) -> Iterator[Row]:
    """The row over tonight's kinds and the pool's: a share for tonight alone too, for its forecast may make up for anything."""

    def over(share: Fraction, name: str) -> Row:
        now, then = slice(0, n_tonight), slice(n_tonight, n_tonight + n_pool)
        cost, heads, outcome = (part[now] + tuple(share * of_pool for of_pool in part[then]) for part in row.coefficients)
        # What is reported of a limit is tonight's use, and what the others leave for it.
        inside = row.inside[now] + (False,) * n_pool
        return replace(row, name=name, inside=inside, coefficients=(cost, heads, outcome))

    share = row.limit.of is not None
    if share or not weight:
        yield over(NOTHING, row.name)
    if weight:
        yield over(weight, row.name + WITH_THOSE_TO_COME if share else row.name)


def _forecast(coming: Coming) -> tuple[NDArray[np.intp], Fraction]:
    """Rows of the pool, some of them several times, evenly from the highest uplift to the lowest, and how many units each is.

    A unit, a whole number of units or an n-th of one: then tonight's units fill no gaps that others are too large for.
    """
    pool = coming.curves
    n, expected = pool.shape[0], max(1, round(coming.weight * pool.shape[0]))
    # One of the two is 1: a unit of the pool stands for several, or several stand for one.
    weight = Fraction(max(1, math.ceil(expected / MOST)), max(1, n // expected))
    size = int(expected / weight)
    uplift = uplifts(pool)
    order = np.argsort(-uplift, kind="stable")
    return order[_evenly(uplift[order], coming.mean, size)], weight


def uplifts(curves: Curves) -> NDArray[np.float64]:
    """The most that an award would bring of each unit."""
    gains = curves.values if curves.barred is None else np.where(curves.barred, -np.inf, curves.values)
    return np.asarray(gains.max(axis=1) - curves.values[:, 0])


def _evenly(uplift: NDArray[np.float64], mean: float, size: int) -> NDArray[np.intp]:
    """So many places of a pool, evenly; or by chances ∝ exp(θ z), which have this mean of z and else are most like the pool's."""
    steps = 2 * np.arange(size) + 1
    if mean == 0.0 or uplift.std() == 0.0:
        return steps * len(uplift) // (2 * size)
    z = (uplift - uplift.mean()) / uplift.std()

    def chances(tilt: float) -> NDArray[np.float64]:
        weights = np.exp(tilt * z - np.max(tilt * z))
        return np.asarray(weights / weights.sum())

    def off(tilt: float) -> float:
        return float(chances(tilt) @ z) - mean

    tilt = STEEPEST if off(STEEPEST) < 0.0 else -STEEPEST if off(-STEEPEST) > 0.0 else brentq(off, -STEEPEST, STEEPEST)
    places = np.searchsorted(np.cumsum(chances(tilt)), steps / (2.0 * size), side="right")
    return np.minimum(places, len(uplift) - 1)


def _weighed(pool: Curves, weight: Fraction, *, own_costs: bool) -> Curves:
    """The pool's curves, of which the uplift counts as the weight says, and who may always be given nothing."""
    barred = None if pool.barred is None else np.column_stack([np.zeros(len(pool.barred), dtype=bool), pool.barred[:, 1:]])
    costs = np.broadcast_to(pool.costs, pool.shape) if own_costs else pool.costs
    return replace(pool, values=float(weight) * (pool.values - pool.values[:, :1]), costs=costs, barred=barred)


def _standardised(part: Part, mean: float, std: float) -> Sums:
    """What the largest uplifts of a part's units, standardised so, add up to, exactly."""
    return tuple(own for _, curves in part.curves.parts() for own in exact_parts((uplifts(curves) - mean) / std))
