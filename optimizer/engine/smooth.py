"""A smoothed dual says where good prices lie, however many limits there are.

    D_τ(λ) = Σ_l λ_l b_l + Σ_i τ log Σ_k exp(s_ik / τ)     D ≤ D_τ ≤ D + n τ log m     (Nesterov 2005)

D has kinks and is looked at one cut a pass, of which many limits need hundreds; D_τ has a Hessian, (1/τ) Σ_i Cov_i(u), and
Newton's method in a trust region needs a handful of passes for each τ. As τ falls the prices settle; how far they still move
says how large a box around them must be. A bound comes from D alone, later: here nothing is proven.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from optimizer.engine.pricing import blocks, each_block, fleet_scale, scores
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.sums import Sums, exact_parts

Vector = NDArray[np.float64]

SOFT = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""τ, from coarse to fine, as shares of what is at stake for a unit."""

TOUCHED = 100
"""Units that τ should leave between two options, that the Hessian says something: about τ's share of all."""

LAST = 3
"""Values of τ that are gone through again from prices that are good already."""

STEPS = 25
"""Newton steps for one τ at most."""

FLAT = 1e-6
"""The least curvature of a direction, as a share of the largest."""

TINY = 1e-200
"""Less than this is nothing."""

SETTLED = 1e-7
"""A step that promises less than this share of the stake is not taken."""


@dataclass(frozen=True, slots=True)
class Near:
    """Prices close to the best, and how far each may still be off.

    Attributes
    ----------
    prices, doubt : (L,).
    """

    prices: Vector
    doubt: Vector


@dataclass(frozen=True, slots=True)
class _Point:
    """D_τ with gradient and Hessian at prices."""

    prices: Vector
    height: float
    slope: Vector
    curvature: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Space:
    """The units, their limits, and the largest cost, award and outcome, (3,)."""

    fleet: Fleet
    coupling: Coupling
    largest: Vector

    @property
    def coarse(self) -> Vector:
        """(9,): for each mean and covariance a power of two beside which n of them leave no bit that a sum could lose."""
        bounds = [*self.largest, *(self.largest[a] * self.largest[b] for a, b in _pairs())]
        room = math.ceil(math.log2(max(self.fleet.n, 2))) + 2
        return np.array([math.ldexp(1.0, math.frexp(max(bound, TINY))[1] + room) for bound in bounds])


def near_prices(fleet: Fleet, coupling: Coupling, start: Vector | None = None) -> Near:
    """Prices that nearly minimise the dual of these units.

    Parameters
    ----------
    start : good prices to begin with, such as those of a sample; by default none.
    """
    scale, stake = fleet_scale(fleet, coupling)
    n = fleet.n
    unit = stake / max(n, 1)
    ends = fleet.look(_ends)
    largest, floor = np.max([most for most, _ in ends], axis=0), math.fsum(part for _, parts in ends for part in parts)
    space = _Space(fleet, coupling, largest)
    prices = np.zeros(len(scale)) if start is None else start
    before = prices
    fine = [share for share in SOFT if share * n >= TOUCHED] or SOFT[:1]
    for share in fine if start is None else fine[-LAST:]:
        before, prices = prices, _settle(space, prices, share * unit, scale, (SETTLED * stake, floor))
    doubt = 8.0 * np.abs(prices - before) + 1e-4 * prices + 1e-6 * scale
    return Near(prices, doubt)


def _settle(space: _Space, prices: Vector, tau: float, scale: Vector, enough: tuple[float, float]) -> Vector:
    """The prices that minimise D_τ: Newton's method in a trust region, prices at least 0, all in the units of `scale`.

    `enough` is what a step must promise to be taken, and a height below which there is nothing to find: no plan keeps the limits.
    """
    here, radius = _look(space, prices, tau), 1.0
    unit = np.where(scale > 0.0, scale, 1.0)
    for _ in range(STEPS):
        slope, curvature = here.slope * scale, here.curvature * np.outer(scale, scale)
        move = _newton(slope, curvature, here.prices / unit, radius)
        promise = -float(slope @ move + 0.5 * move @ curvature @ move)
        if not promise > enough[0] or here.height < enough[1]:
            break
        there = _look(space, np.maximum(here.prices + move * scale, 0.0), tau)
        kept = (here.height - there.height) / promise
        far = float(np.abs(move).max())
        if kept > 0.75 and far > 0.9 * radius:  # noqa: PLR2004 — the usual figures of trust regions
            radius *= 4.0
        elif kept < 0.25:  # noqa: PLR2004
            radius = 0.25 * far
        if kept > 1e-3:  # noqa: PLR2004
            here = there
    return here.prices


def _newton(slope: Vector, curvature: NDArray[np.float64], point: Vector, radius: float) -> Vector:
    """The least of the quadratic model where no price is negative and none moves by more than the radius."""
    weight, axes = np.linalg.eigh(curvature)
    # Directions without curvature get a little, not less: what they are divided by must not drown the others.
    # Where there is none at all, the slope alone says which way, and the trust region how far.
    least = FLAT * max(float(weight.max(initial=0.0)), FLAT * float(np.abs(slope).max(initial=0.0)) / radius, 1e-300)
    root = np.sqrt(np.maximum(weight, least))
    low = np.minimum(np.maximum(-radius, -point), -1e-300)
    fitted = lsq_linear(root[:, None] * axes.T, -(axes.T @ slope) / root, bounds=(low, radius), method="bvls", tol=1e-15)
    move: Vector = fitted.x
    return move


def _look(space: _Space, prices: Vector, tau: float) -> _Point:
    """One pass: each unit chooses option k with probability ∝ exp(s_ik / τ); means and covariances of what it uses, by group."""
    coupling = space.coupling
    told = space.fleet.look(_moments, coupling.bare(), prices, tau, space.coarse)
    height, moments = math.fsum(part for parts, _ in told for part in parts), np.sum([sums for _, sums in told], axis=0)
    table = coupling.coefficients
    spread = np.empty((3, 3, coupling.n_groups))
    for (a, b), row in zip(_pairs(), moments[3:], strict=True):
        spread[a, b] = spread[b, a] = row
    return _Point(
        prices=prices,
        height=height + float(coupling.allowed @ prices),
        slope=coupling.allowed - np.einsum("qlg,qg->l", table, moments[:3]),
        curvature=np.einsum("qlg,qrg,rkg->lk", table, spread, table, optimize=True) / tau,
    )


def _ends(part: Part) -> tuple[tuple[float, float, float], Sums]:
    """The largest cost, award and outcome, and the sum of the least that is maximised."""
    held = part.curves.dense()
    costs, values = float(held.costs.max(initial=0)), float(np.abs(held.values).max(initial=0.0))
    return (costs, 1.0, values), exact_parts(held.gains.min(axis=1))


def _moments(part: Part, coupling: Coupling, prices: Vector, tau: float, coarse: Vector) -> tuple[Sums, NDArray[np.float64]]:
    """Σ τ log Σ exp, and by group (9, G): the means of cost, award and outcome, then their six covariances."""
    curves, own = part.curves.dense(), part.under(coupling)
    levels = np.empty(curves.shape[0])
    sums: dict[int, NDArray[np.float64]] = {}

    def note(block: slice) -> None:
        levels[block], sums[block.start] = _block_moments(curves, own, prices, tau, block, coarse)

    each_block(curves, note)
    return exact_parts(levels), np.sum([sums[block.start] for block in blocks(curves)], axis=0)


def _block_moments(
    curves: Curves, coupling: Coupling, prices: Vector, tau: float, block: slice, coarse: Vector
) -> tuple[Vector, NDArray[np.float64]]:
    priced = scores(curves, coupling, prices, block)
    top = priced.max(axis=1)
    chance = np.exp((priced - top[:, None]) / tau)
    total = chance.sum(axis=1)
    chance /= total[:, None]
    costs = (curves.costs if curves.costs.ndim == 1 else curves.costs[block]).astype(np.float64)
    award = (np.arange(priced.shape[1]) > 0).astype(np.float64)
    counted = (costs, award, curves.values[block])
    means = [_expected(chance, measure) for measure in counted]
    products = [_expected(chance, counted[a] * counted[b]) - means[a] * means[b] for a, b in _pairs()]
    group = coupling.groups[block]
    # Rounded to a grid on which sums are exact, so that no order or part of the units changes a bit of them.
    grid = [(column + step) - step for column, step in zip((*means, *products), coarse, strict=True)]
    sums = [np.bincount(group, weights=column, minlength=coupling.n_groups) for column in grid]
    return top + tau * np.log(total), np.array(sums)


def _expected(chance: NDArray[np.float64], measure: NDArray[np.float64]) -> Vector:
    mean: Vector = np.einsum("ik,k->i" if measure.ndim == 1 else "ik,ik->i", chance, measure)
    return mean


def _pairs() -> Iterator[tuple[int, int]]:
    return ((a, b) for a in range(3) for b in range(a, 3))
