"""Rivals: the options that can be best, or within a margin of it, somewhere in a box of prices.

    r_ik(λ̂) ≤ Σ_l Δ_l |u_lik − u_li,best| + margin

since moving the prices by δ changes the difference of two scores by δ·(u_ik − u_i,best).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.pricing import each_block, scores
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves

Index = NDArray[np.intp]


def within(curves: Curves, coupling: Coupling, box: Box) -> NDArray[np.bool_]:
    """(n, m): which options can be best, or within the margin of it, somewhere in the box."""
    listed = np.empty(curves.shape, dtype=bool)

    def note(block: slice, chosen: Index, rivals: NDArray[np.bool_]) -> None:
        listed[block] = rivals
        listed[block][np.arange(len(chosen)), chosen] = True

    look(curves, coupling, box, note)
    return listed


def look(curves: Curves, coupling: Coupling, box: Box, note: Callable[[slice, Index, NDArray[np.bool_]], None]) -> None:
    """Tell, block by block, each unit's best option at the centre and which others can be best in the box."""
    lead = _lead(curves, coupling, box)

    def scan(block: slice) -> None:
        priced = scores(curves, coupling, box.centre, block)
        chosen = priced.argmax(axis=1)
        best = priced[np.arange(len(chosen)), chosen]
        priced += lead[coupling.groups[block], chosen] if coupling.n_groups > 1 else lead[0, chosen]
        note(block, chosen, priced >= best[:, None])

    each_block(curves, scan)


def _lead(curves: Curves, coupling: Coupling, box: Box) -> NDArray[np.float64]:
    """(G, m, m): how much an option may gain on the best one anywhere in the box; −inf on itself."""
    per = np.einsum("l,qlg->qg", box.reach, np.abs(coupling.coefficients))
    costs = curves.costs.astype(np.float64)
    steps = np.abs(costs[:, None] - costs[None, :])
    awarded = np.arange(len(costs)) > 0
    gain: NDArray[np.float64] = (
        per[0][:, None, None] * steps + per[1][:, None, None] * (awarded[:, None] != awarded[None, :]) + box.margin
    )
    gain[:, np.arange(len(costs)), np.arange(len(costs))] = -np.inf
    return gain
