"""Scores at given prices: s_ik = v_ik − Σ_l λ_l u_lik, and the Lagrangian dual D(λ) = Σ_l λ_l b_l + Σ_i max_k s_ik.

By weak duality D(λ) bounds every feasible value, for every λ ≥ 0 (Everett 1963; Geoffrion 1974). Units are passed over in
blocks that stay in the processor's cache; a pass costs O(n m).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves

BLOCK = 1 << 18
"""Numbers in a block: 2 MiB of float64."""


def group_prices(coupling: Coupling, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, G): the price of a currency unit, of an award, and of an outcome, in each group."""
    priced: NDArray[np.float64] = np.einsum("l,qlg->qg", prices, coupling.coefficients)
    return priced


def blocks(curves: Curves) -> Iterator[slice]:
    """Consecutive slices of units."""
    n, m = curves.shape
    size = max(1, BLOCK // m)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def scores(
    curves: Curves, coupling: Coupling, prices: NDArray[np.float64], units: slice | NDArray[np.intp]
) -> NDArray[np.float64]:
    """s_ik of the given units: (units, m)."""
    per_cost, per_award, per_outcome = group_prices(coupling, prices)
    kept: NDArray[np.float64]
    values = curves.values[units]
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[units]
    if coupling.n_groups == 1:
        charge: NDArray[np.float64] = per_cost[0] * costs
        charge[..., 1:] += per_award[0]
        kept = values * (1.0 - per_outcome[0]) if per_outcome[0] else values
        return kept - charge
    group = coupling.groups[units]
    charges: NDArray[np.float64] = per_cost[group][:, None] * costs
    charges[:, 1:] += per_award[group][:, None]
    kept = values * (1.0 - per_outcome[group])[:, None]
    return kept - charges


def best_options(curves: Curves, coupling: Coupling, prices: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The best option of each unit, the cheaper of two equals, and its score: (n,), (n,)."""
    n, _ = curves.shape
    choice, best = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.float64)
    for units in blocks(curves):
        priced = scores(curves, coupling, prices, units)
        chosen = priced.argmax(axis=1)
        choice[units] = chosen
        best[units] = priced[np.arange(len(chosen)), chosen]
    return choice, best
