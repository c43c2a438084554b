"""Weak duality, recomputed: what no plan can exceed, by stated prices alone.

    D(λ) = Σ_l λ_l b_l + Σ_i max_k (g_ik − Σ_l λ_l u_lik),   λ ≥ 0        g what is maximised; Geoffrion 1974

Whatever the prices are, and wherever they come from, this is a bound; sums are exact, so that parts give the bound of the whole.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import VerificationError
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves, in_steps
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import Sums, exact_parts

WHOLE = 1e-13
"""Relative, for sums of whole numbers, in which one currency unit counts."""

BLOCK = 1 << 16
"""Numbers looked at together, so that they stay in the processor's cache."""

Best = tuple[tuple[Sums, Sums], ...]
"""For each prices, the sum of the units' best scores, and of their sizes."""


def dual_bound(shadow_prices: Mapping[str, float], curves: Curves | Streamed, coupling: Coupling) -> float:
    """D(λ) at these prices, written out apart from the stage that searched for them.

    Raises
    ------
    VerificationError
        If a price has the wrong sign.
    """
    return dual_bounds([(shadow_prices, coupling)], curves)[0]


def dual_bounds(priced: Sequence[tuple[Mapping[str, float], Coupling]], curves: Curves | Streamed) -> list[float]:
    """D(λ) for several prices, each with its limits over the same groups of units; one pass over the curves for all.

    Raises
    ------
    VerificationError
        If a price has the wrong sign.
    """
    fixed, per = zip(*(charged(prices, coupling, curves.common_costs) for prices, coupling in priced), strict=True)
    _, coupling = priced[0]
    told = [best_of(dense, coupling.at(part), per) for part, dense in curves.parts()]
    return bounds_of(fixed, told, curves.step if isinstance(curves, Curves) else 0.0)


def bounds_of(fixed: Sequence[Sequence[float]], told: Sequence[Best], step: float) -> list[float]:
    """D(λ) for each prices, given Σ_l λ_l b_l term by term and what the parts' best scores add up to."""
    bounds = []
    for rest, (best, size) in zip(fixed, joined(told), strict=True):
        proven = math.fsum([*best, *rest])
        bounds.append(in_steps(proven, step, WHOLE * math.fsum([*size, *map(abs, rest)])))
    return bounds


def best_of(curves: Curves, coupling: Coupling, per: Sequence[NDArray[np.float64]]) -> Best:
    """The sum of the best scores at each prices; and of their sizes, where what is maximised comes in steps."""
    every = _best_scores(curves, coupling, per)
    return tuple((exact_parts(best), exact_parts(np.abs(best)) if curves.step else ()) for best in every)


def joined(told: Sequence[Best]) -> Best:
    """What the parts' best scores add up to, term by term."""
    return tuple(
        (tuple(part for best, _ in each for part in best), tuple(part for _, size in each for part in size))
        for each in zip(*told, strict=True)
    )


def charged(
    shadow_prices: Mapping[str, float], coupling: Coupling, common_costs: NDArray[np.int64] | None
) -> tuple[list[float], NDArray[np.float64]]:
    """Σ_l λ_l b_l term by term, and the prices (3, G) of a currency unit, an award and an outcome in each group."""
    prices = coupling.row_prices(shadow_prices).tolist()
    if any(not 0.0 <= price < math.inf for price in prices):
        raise VerificationError(
            f"shadow prices: at_most limits need prices ≥ 0 and at_least limits ≤ 0, all finite, got {dict(shadow_prices)}"
        )
    # What no plan can use, since usages come in whole steps, need not be paid for.
    steps = coupling.tightened(common_costs)
    per = np.zeros((3, coupling.n_groups))
    for price, row in zip(prices, coupling.rows, strict=True):
        per += price * np.array(row.coefficients, dtype=np.float64)
    return [price * float(row.allowed) for price, row in zip(prices, steps.rows, strict=True)], per


def _best_scores(curves: Curves, coupling: Coupling, per: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(prices, units): each unit's best score at each prices (3, G) per currency unit, award and outcome."""
    n, m = curves.shape
    awarded = (np.arange(m) > 0).astype(np.float64)
    best = np.empty((len(per), n))
    step = max(1, BLOCK // m)

    def look(start: int) -> None:
        units = slice(start, start + step)
        alike = slice(0, 1) if coupling.n_groups == 1 else coupling.groups[units]
        costs = curves.costs if curves.costs.ndim == 1 else curves.costs[units]
        gains, values = curves.gains[units], curves.values[units]
        barred = None if curves.barred is None else curves.barred[units]
        for prices, found in zip(per, best, strict=True):
            cost, award, outcome = (by_group[alike, None] for by_group in prices)
            scored = gains - (cost * costs + award * awarded)
            if outcome.any():
                scored -= outcome * values
            if barred is not None:
                scored[barred] = -np.inf
            found[units] = scored.max(axis=1)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(look, range(0, n, step)))
    return best
