"""A first incumbent from the dual's choices: give up the awards that lose least until the limits hold, then spend what is left.

Only for packing limits, where giving less never breaks one; otherwise the core finds the first incumbent. Greedy order is by
reduced cost, the loss against the dual (Pisinger 1995, for the multiple-choice knapsack).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.pricing import blocks, scores
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual

Choice = NDArray[np.intp]
Whole = NDArray[np.int64]


def round_dual(curves: Curves, coupling: Coupling, dual: Dual) -> Choice | None:
    """A feasible choice near the dual's, or None where giving less may break a limit, or giving nothing does."""
    if not coupling.packing:
        return None
    least = _least(curves)
    left = np.array([math.floor(row.allowed) for row in coupling.rows], dtype=np.int64)
    if least is None or (_usage(curves, coupling, least).sum(axis=1) > left).any():
        return None
    choice = _give_up(curves, coupling, dual, left, least)
    return _spend(curves, coupling, dual, choice, left)


def first_options(curves: Curves) -> Choice:
    """The smallest amount that each unit may be given."""
    return np.zeros(curves.shape[0], dtype=np.intp) if curves.barred is None else curves.barred.argmin(axis=1)


def _least(curves: Curves) -> Choice | None:
    """The first option that each unit may be given, or None if another costs less."""
    n, m = curves.shape
    first = first_options(curves)
    costs = np.broadcast_to(curves.costs, (n, m)) if curves.barred is not None else np.atleast_2d(curves.costs)
    cheapest = costs[np.arange(len(costs)), first[: len(costs)], None]
    dearer = costs >= cheapest
    return first if (dearer if curves.barred is None else dearer | curves.barred).all() else None


def _usage(curves: Curves, coupling: Coupling, choice: Choice, units: Choice | slice = slice(None)) -> Whole:
    """(L, units) whole usage of each row; packing coefficients are whole."""
    per_cost, per_award, _ = coupling.coefficients[:, :, coupling.groups[units]].astype(np.int64)
    usage: Whole = per_cost * curves.cost_of(choice, units) + per_award * (choice > 0)
    return usage


def _give_up(curves: Curves, coupling: Coupling, dual: Dual, left: Whole, least: Choice) -> Choice:
    choice = dual.near.copy()
    lost = dual.best - _scores_at(least, curves, coupling, dual)
    order = np.argsort(lost, kind="stable")
    order = order[choice[order] > least[order]]
    saved = _usage(curves, coupling, choice[order], order) - _usage(curves, coupling, least[order], order)
    used = _usage(curves, coupling, choice).sum(axis=1)
    dropped = np.zeros(len(order), dtype=bool)
    for row, excess in enumerate(used - left):
        still = np.where(dropped, 0, saved[row])
        excess_now = excess - int(saved[row][dropped].sum())
        if excess_now > 0:
            dropped |= (np.cumsum(still) - still < excess_now) & (still > 0)
    given_up = order[dropped]
    choice[given_up] = least[given_up]
    return choice


def _scores_at(choice: Choice, curves: Curves, coupling: Coupling, dual: Dual) -> NDArray[np.float64]:
    parts = [scores(curves, coupling, dual.prices, units) for units in blocks(curves)]
    return np.concatenate([part[np.arange(len(part)), choice[units]] for part, units in zip(parts, blocks(curves), strict=True)])


def _spend(curves: Curves, coupling: Coupling, dual: Dual, choice: Choice, allowed: Whole) -> Choice:
    """Raise awards in order of reduced cost while the limits hold."""
    left = allowed - _usage(curves, coupling, choice).sum(axis=1)
    units, options = _first_upgrades(curves, coupling, dual, choice)
    more = _usage(curves, coupling, options, units) - _usage(curves, coupling, choice[units], units)
    rest = np.arange(len(units))
    while len(rest):
        fits = (np.cumsum(more[:, rest], axis=1) <= left[:, None]).all(axis=0)
        taken = rest if fits.all() else rest[: int(fits.argmin())]
        choice[units[taken]] = options[taken]
        left = left - more[:, taken].sum(axis=1)
        # What does not fit now never will; of what does, all goes that fits together.
        rest = rest[len(taken) + 1 :]
        rest = rest[(more[:, rest] <= left[:, None]).all(axis=0)]
    return choice


def _first_upgrades(curves: Curves, coupling: Coupling, dual: Dual, choice: Choice) -> tuple[Choice, Choice]:
    """For each unit the improving option of least reduced cost; units in order of that cost."""
    units, options, losses = [], [], []
    for block in blocks(curves):
        reduced = dual.best[block, None] - scores(curves, coupling, dual.prices, block)
        now = np.take_along_axis(curves.gains[block], choice[block, None], axis=1)
        reduced[curves.gains[block] <= now] = np.inf
        option = reduced.argmin(axis=1)
        loss = reduced[np.arange(len(option)), option]
        better = np.flatnonzero(np.isfinite(loss))
        units.append(better + block.start)
        options.append(option[better])
        losses.append(loss[better])
    unit, option, loss = np.concatenate(units), np.concatenate(options), np.concatenate(losses)
    order = np.argsort(loss, kind="stable")
    return unit[order], option[order]
