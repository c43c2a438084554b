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
from optimizer.problem.limits import Limit
from optimizer.problem.rows import Row, counted, rows_of
from optimizer.problem.season import BUDGET, WITH_THOSE_TO_COME, Coming, Standing
from optimizer.problem.sums import exact_sum
from optimizer.problem.trend import Trend

POOL = 2_000
"""Past units that a forecast looks at: more of them make its prices no better than re-solving every night does anyway."""

MOST = 8_000
"""Units that a forecast is made of at most; so many are priced as they are, in a fraction of a second."""

STEEPEST = 10.0
"""How far the pool is tilted at most: beyond, its best few units would stand for everybody."""

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """What a night commits to.

    Attributes
    ----------
    index : (n,) position of each unit's amount among the amounts.
    amount : (n,) int64 currency units.
    value, without : expected outcome of tonight's units, with this and without any award.
    spent : currency units that count against the limits on cost.
    recipients : heads.
    """

    index: NDArray[np.intp]
    amount: NDArray[np.int64]
    value: float
    without: float
    spent: int
    recipients: int

    @property
    def uplift(self) -> float:
        """Expected outcome that tonight's awards bring."""
        return self.value - self.without


def sample_of(n: int, seed: int) -> NDArray[np.intp]:
    """The rows of a pool of n past units that a forecast looks at, ascending; all of them, or `POOL` drawn at random."""
    if n <= POOL:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, POOL, replace=False))


def learned(curves: Curves, standing: Standing, coming: Coming) -> tuple[Coming, Trend | None]:
    """The forecast, as far from the pool as those who came were and as their trend leads; and the trend with tonight's units."""
    if standing.trend is None:
        return coming, None
    n, pool = curves.shape[0], uplifts(coming.curves)
    total = standing.seen + n + coming.weight * len(pool)
    z = (uplifts(curves) - pool.mean()) / (pool.std() or 1.0)
    trend = standing.trend.seen(z, float((standing.seen + Fraction(n, 2)) / total))
    return replace(coming, mean=trend.beyond(float((standing.seen + n) / total))), trend


def beside(
    curves: Curves, frame: pd.DataFrame | None, limits: Sequence[Limit], standing: Standing, coming: Coming | None
) -> tuple[Curves, Coupling]:
    """Tonight's n units, followed by the pool, and all limits over both.

    Parameters
    ----------
    frame : n rows with the columns that limits name.
    limits : the season's, and others on cost or recipients: at_most a figure, or a share of recipients or cost.
    coming : the forecast; None, or one of weight 0, leaves tonight's units alone.

    Raises
    ------
    DataError
        If a limit names a column that tonight's units, or live awards, do not have.
    """
    n, _ = curves.shape
    tonight, groups = _kinds(limits, n, frame)
    stands, _ = _kinds(limits, len(standing.groups), standing.groups, apart=True)
    pool, weight = np.zeros((0, len(limits)), dtype=bool), NOTHING
    if coming is not None and coming.weight:
        pool, later = _kinds(limits, coming.curves.shape[0], coming.frame, coming.limits)
        stand, weight = _forecast(coming)
        curves, groups = _joined(curves, coming.curves.part(stand), weight), np.concatenate([groups, len(tonight) + later[stand]])
    rows: list[Row] = []
    for limit, now, stood, then in zip(limits, tonight.T, stands.T, pool.T, strict=True):
        forecast = weight if coming is not None and limit.name in coming.limits else NOTHING
        for row in _rows(limit, now, then, stood):
            left = replace(row, allowed=max(NOTHING, row.allowed - _used(row, len(now) + len(then), standing)))
            rows += _with_forecast(left, len(now), len(then), forecast)
    return curves, Coupling.over(tuple(rows), groups, len(tonight) + len(pool))


def passed(limits: Sequence[Limit], standing: Standing) -> tuple[str, ...]:
    """The limits that live awards pass already, after a cut or after awards were declined, one sentence each."""
    stands, _ = _kinds(limits, len(standing.groups), standing.groups, apart=True)
    nobody = np.zeros(0, dtype=bool)
    return tuple(
        f"limit {limit.name}: live awards pass it by {float(over):,.15g}; tonight adds nothing to that"
        for limit, stood in zip(limits, stands.T, strict=True)
        for row in _rows(limit, nobody, nobody, stood)
        if (over := _used(row, 0, standing) - row.allowed) > 0
    )


def tonight_of(allocation: Allocation, n: int, curves: Curves) -> Tonight:
    """Tonight's part of an allocation of the joint curves: the first n units."""
    index, part = allocation.index[:n], curves.part(slice(0, n))
    return Tonight(
        index=index,
        amount=allocation.amount[:n],
        value=exact_sum(part.value_of(index)),
        without=exact_sum(part.column(0)),
        spent=int(part.cost_of(index).sum()),
        recipients=int((index > 0).sum()),
    )


def bid_price(allocation: Allocation) -> float | None:
    """Currency units that one more outcome may cost at most tonight; None where the season's budget does not bind."""
    price = allocation.shadow_prices.get(BUDGET, 0.0)
    return 1.0 / price if price > 0.0 else None


def _kinds(
    limits: Sequence[Limit], n: int, frame: pd.DataFrame | None, known: Sequence[str] | None = None, *, apart: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which limits count each kind of unit (kinds, L), and the kind of each unit; apart, every unit is one of its own."""
    answered = [known is None or limit.name in known for limit in limits]
    masks = [
        counted(limit, n, frame) if n and ask else {"": np.zeros(n, dtype=bool)}
        for limit, ask in zip(limits, answered, strict=True)
    ]
    table = np.column_stack([mask[""] for mask in masks])
    if apart:
        return table, np.arange(n)
    kinds, kind = np.unique(table, axis=0, return_inverse=True)
    return kinds, kind.reshape(-1).astype(np.intp)


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


def _joined(curves: Curves, pool: Curves, weight: Fraction) -> Curves:
    """Tonight's curves and the pool's, of which the uplift counts as the weight says, and who may always be given nothing."""
    later = replace(pool, values=float(weight) * (pool.values - pool.values[:, :1]))
    alike = curves.costs.ndim == later.costs.ndim == 1 and np.array_equal(curves.costs, later.costs)
    barred = curves.barred is not None or later.barred is not None
    tonight, later = (_spelt_out(part, costs=not alike, barred=barred) for part in (curves, later))
    if later.barred is not None:
        later = replace(later, barred=np.column_stack([np.zeros(len(later.barred), dtype=bool), later.barred[:, 1:]]))
    return Curves.join([tonight, later])


def _spelt_out(curves: Curves, *, costs: bool, barred: bool) -> Curves:
    """The curves with costs, or bars, of each unit's own."""
    own = np.broadcast_to(curves.costs, curves.shape) if costs else curves.costs
    nobody = np.zeros(curves.shape, dtype=bool) if barred and curves.barred is None else curves.barred
    return replace(curves, costs=own, barred=nobody)
