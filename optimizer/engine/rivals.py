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
    per = np.einsum("l,qlg->qg", box.reach, np.abs(coupling.coefficients))
    table = _lead(curves.costs, per, box.margin) if curves.costs.ndim == 1 else None

    def scan(block: slice) -> None:
        priced = scores(curves, coupling, box.centre, block)
        chosen = priced.argmax(axis=1)
        units = np.arange(len(chosen))
        best = priced[units, chosen]
        group = coupling.groups[block]
        priced += _own_lead(curves.costs[block], chosen, per[:, group], box.margin) if table is None else table[group, chosen]
        if per[2].any():
            values = curves.values[block]
            priced += per[2][group, None] * np.abs(values - values[units, chosen, None])
        rivals = priced >= best[:, None]
        rivals[units, chosen] = False
        note(block, chosen, rivals)

    each_block(curves, scan)


def _lead(costs: NDArray[np.int64], per: NDArray[np.float64], margin: float) -> NDArray[np.float64]:
    """(G, m, m): how much an option may gain on the best one anywhere in the box by what it costs; costs are common."""
    steps = np.abs(costs[:, None] - costs[None, :]).astype(np.float64)
    awarded = np.arange(len(costs)) > 0
    gain: NDArray[np.float64] = (
        per[0][:, None, None] * steps + per[1][:, None, None] * (awarded[:, None] != awarded[None, :]) + margin
    )
    return gain


def _own_lead(costs: NDArray[np.int64], chosen: Index, per: NDArray[np.float64], margin: float) -> NDArray[np.float64]:
    """(units, m): the same where units have costs of their own."""
    steps = np.abs(costs - costs[np.arange(len(chosen)), chosen, None]).astype(np.float64)
    awarded = np.arange(costs.shape[1]) > 0
    gain: NDArray[np.float64] = per[0][:, None] * steps + per[1][:, None] * (awarded != (chosen > 0)[:, None]) + margin
    return gain
