"""The dual bound: minimise D(λ) = Σ_l λ_l b_l + Σ_i max_k (v_ik − Σ_l λ_l u_lik) over λ ≥ 0.

D is convex and piecewise linear; one pass over the units gives its value and a subgradient b − used(λ). Each pass adds a
cut D(μ) ≥ D(λ) + (b − used(λ))·(μ − λ); the next prices minimise the cuts inside a box around the best prices so far, which
grows after success and shrinks after failure (a cutting-plane method with a trust region: Marsten, Hogan & Blankenship 1975,
the "boxstep"). The master problem has L + 1 variables; its multipliers say in which proportion the passes' choices make up
the linear relaxation's solution (Dantzig & Wolfe 1960). If D falls below Σ_i min_k v_ik, weak duality proves the limits
contradictory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from optimizer.engine.pricing import best_options
from optimizer.errors import Infeasible
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual

PASSES = 300
PRECISION = 1e-13
"""Stop once no more than this share of the values at stake can be gained."""

NEGLIGIBLE = 1e-9
"""Shares and relative prices below this are rounding."""

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""Multiples of it, modulo 1, fill the unit interval evenly from the first to the last."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """D and one subgradient at a point, in the scaled prices of `_Scale`."""

    point: Vector
    height: float
    slope: Vector
    choice: NDArray[np.integer]

    def at(self, point: Vector) -> float:
        """The cut's value at another point; nowhere above D."""
        return self.height + float(self.slope @ (point - self.point))


@dataclass(frozen=True, slots=True)
class _Step:
    """A master problem's answer: where to go, how much lower D could be there, and the cuts' shares in saying so."""

    move: Vector
    gain: float
    shares: Vector


def bound(curves: Curves, coupling: Coupling, *, progress: Callable[[], None] = lambda: None) -> Dual:
    """Prices of the limits and the bound they prove.

    Raises
    ------
    Infeasible
        If the prices prove that no allocation satisfies the limits.
    """
    scale, stake = _scale(curves, coupling)
    worst = math.fsum(curves.values.min(axis=1).tolist())
    floor = worst - 1e-9 * (stake + abs(worst))
    small = np.min_scalar_type(-curves.shape[1])

    def cut_at(point: Vector) -> Cut:
        progress()
        prices = point * scale
        choice, best = best_options(curves, coupling, prices)
        slope = (coupling.allowed - _used(curves, coupling, choice)) * scale
        return Cut(point, float(coupling.allowed @ prices) + float(best.sum()), slope, choice.astype(small))

    centre, cuts, shares = _descend(cut_at, np.zeros(len(coupling.rows)), PRECISION * stake, floor)
    if centre.height < floor:
        raise Infeasible(_contradiction(coupling, centre.point))
    prices = centre.point * scale
    choice, best = best_options(curves, coupling, prices)
    terms = [*best.tolist(), *(coupling.allowed * prices).tolist()]
    near = _blend([cut.choice for cut in cuts], shares)
    return Dual(prices=prices, bound=math.fsum(terms), choice=choice, best=best, near=near)


def _descend(cut_at: Callable[[Vector], Cut], start: Vector, precision: float, floor: float) -> tuple[Cut, list[Cut], Vector]:
    """The lowest cut found from `start`, all cuts, and their shares; stops at `precision`, or below `floor`."""
    centre = cut_at(start)
    cuts, shares, radius = [centre], np.ones(1), 1.0
    for _ in range(PASSES if len(start) else 0):
        if centre.height < floor:
            break
        step = _master(cuts, centre, radius)
        shares = step.shares
        if step.gain <= precision:
            if radius >= 1.0:
                break
            radius *= 10.0
            continue
        trial = cut_at(np.maximum(centre.point + step.move, 0.0))
        cuts.append(trial)
        far = float(np.abs(step.move).max())
        if centre.height - trial.height >= 0.1 * step.gain:
            centre, radius = trial, radius * (4.0 if far >= 0.99 * radius else 1.0)
        else:
            radius = 0.5 * far
    return centre, cuts, shares


def _master(cuts: list[Cut], centre: Cut, radius: float) -> _Step:
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
        bounds=[*((max(-1.0, -x / radius), 1.0) for x in centre.point), (-2.0, 0.0)],
        method="highs-ds",
    )
    if solved.x is None:
        return _Step(still, 0.0, alone)
    shares = np.zeros(len(cuts))
    shares[useful] = np.maximum(-solved.ineqlin.marginals, 0.0)
    total = float(shares.sum())
    return _Step(solved.x[:-1] * radius, -float(solved.x[-1]) * reach, shares / total if total > 0.0 else alone)


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


def _scale(curves: Curves, coupling: Coupling) -> tuple[Vector, float]:
    """A price of 1 in each row is worth about all that is at stake, in a row that can never bind nothing; and the stake."""
    values, groups, size = curves.values, coupling.groups, coupling.n_groups
    stake = float((values.max(axis=1) - values.min(axis=1)).sum())
    costs = np.broadcast_to(curves.costs.max(axis=-1), len(groups))
    largest = np.array(
        [
            np.bincount(groups, weights=weights, minlength=size)
            for weights in (costs, np.ones(len(groups)), np.abs(values).max(axis=1))
        ]
    )
    usage = np.einsum("qlg,qg->l", np.abs(coupling.coefficients), largest)
    binds = coupling.allowed < usage
    return np.where(binds, max(stake, np.finfo(float).tiny) / np.maximum(usage, 1e-300), 0.0), stake


def _contradiction(coupling: Coupling, point: Vector) -> str:
    weight = point / max(float(point.max()), 1e-300)
    names = [row.limit.name for row, w in zip(coupling.rows, weight, strict=True) if w > NEGLIGIBLE]
    return f"limits: no allocation satisfies {' and '.join(names)} together; relax one of them"
