"""A first incumbent from the dual's choices: give up the awards that lose least until the limits hold, then spend what is left.

Only for packing limits, where giving less never breaks one; otherwise the core finds the first incumbent. Greedy order is by
reduced cost, the loss against the dual (Pisinger 1995, for the multiple-choice knapsack).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.pricing import blocks, scores
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual

CANDIDATES = 20_000
"""Upgrades that are tried one by one; the core does better than more of them."""

Choice = NDArray[np.intp]
Whole = NDArray[np.int64]


def round_dual(curves: Curves, coupling: Coupling, dual: Dual) -> Choice | None:
    """A feasible choice near the dual's, or None where giving less may break a limit, or giving nothing does."""
    if not coupling.packing or (curves.costs[..., :1] > curves.costs).any():
        return None
    left = np.array([int(np.floor(float(row.allowed))) for row in coupling.rows], dtype=np.int64)
    nothing = np.zeros(len(dual.choice), dtype=np.intp)
    if (_usage(curves, coupling, nothing).sum(axis=1) > left).any():
        return None
    choice = _give_up(curves, coupling, dual, left)
    return _spend(curves, coupling, dual, choice, left)


def _usage(curves: Curves, coupling: Coupling, choice: Choice, units: Choice | slice = slice(None)) -> Whole:
    """(L, units) whole usage of each row; packing coefficients are whole."""
    per_cost, per_award, _ = coupling.coefficients[:, :, coupling.groups[units]].astype(np.int64)
    usage: Whole = per_cost * curves.cost_of(choice, units) + per_award * (choice > 0)
    return usage


def _give_up(curves: Curves, coupling: Coupling, dual: Dual, left: Whole) -> Choice:
    choice = dual.near.copy()
    lost = dual.best - _scores_of_nothing(curves, coupling, dual)
    order = np.argsort(lost, kind="stable")
    order = order[choice[order] > 0]
    saved = _usage(curves, coupling, choice[order], order) - _usage(curves, coupling, np.zeros_like(order), order)
    used = _usage(curves, coupling, choice).sum(axis=1)
    dropped = np.zeros(len(order), dtype=bool)
    for row, excess in enumerate(used - left):
        still = np.where(dropped, 0, saved[row])
        excess_now = excess - int(saved[row][dropped].sum())
        if excess_now > 0:
            dropped |= (np.cumsum(still) - still < excess_now) & (still > 0)
    choice[order[dropped]] = 0
    return choice


def _scores_of_nothing(curves: Curves, coupling: Coupling, dual: Dual) -> NDArray[np.float64]:
    return np.concatenate([scores(curves, coupling, dual.prices, units)[:, 0] for units in blocks(curves)])


def _spend(curves: Curves, coupling: Coupling, dual: Dual, choice: Choice, allowed: Whole) -> Choice:
    """Raise awards in order of reduced cost while the limits hold."""
    left = allowed - _usage(curves, coupling, choice).sum(axis=1)
    units, options = _first_upgrades(curves, coupling, dual, choice)
    more = _usage(curves, coupling, options, units) - _usage(curves, coupling, choice[units], units)
    fits = (np.cumsum(more, axis=1) <= left[:, None]).all(axis=0)
    prefix = int(fits.argmin()) if not fits.all() else len(units)
    choice[units[:prefix]] = options[:prefix]
    left = left - more[:, :prefix].sum(axis=1)
    for j in range(prefix, min(len(units), prefix + CANDIDATES)):
        if (more[:, j] <= left).all():
            choice[units[j]] = options[j]
            left -= more[:, j]
    return choice


def _first_upgrades(curves: Curves, coupling: Coupling, dual: Dual, choice: Choice) -> tuple[Choice, Choice]:
    """For each unit the improving option of least reduced cost; units in order of that cost."""
    units, options, losses = [], [], []
    for block in blocks(curves):
        reduced = dual.best[block, None] - scores(curves, coupling, dual.prices, block)
        now = np.take_along_axis(curves.values[block], choice[block, None], axis=1)
        reduced[curves.values[block] <= now] = np.inf
        option = reduced.argmin(axis=1)
        loss = reduced[np.arange(len(option)), option]
        better = np.flatnonzero(np.isfinite(loss))
        units.append(better + block.start)
        options.append(option[better])
        losses.append(loss[better])
    unit, option, loss = np.concatenate(units), np.concatenate(options), np.concatenate(losses)
    order = np.argsort(loss, kind="stable")
    return unit[order], option[order]
