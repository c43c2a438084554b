"""Scores at given prices: s_ik = g_ik − Σ_l λ_l u_lik, and the Lagrangian dual D(λ) = Σ_l λ_l b_l + Σ_i max_k s_ik.

g_ik is what is maximised, as a rule the outcome v_ik; an option that a unit may not be given scores −∞. By weak duality D(λ)
bounds every feasible value, for every λ ≥ 0 (Everett 1963; Geoffrion 1974). Units are passed over in blocks that stay in the
processor's cache; a pass costs O(n m).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.sums import Sums, exact_parts, exact_parts_by

BLOCK = 1 << 17
"""Numbers in a block: 1 MiB of float64."""

NOTHING = 1e-200
"""Less than this is not at stake; dividing by it is still safe."""


def group_prices(coupling: Coupling, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, G): the price of a currency unit, of an award, and of an outcome, in each group."""
    priced: NDArray[np.float64] = np.einsum("l,qlg->qg", prices, coupling.coefficients)
    return priced


def blocks(curves: Curves) -> Iterator[slice]:
    """Consecutive slices of units; one, which may be empty, at least."""
    n, m = curves.shape
    size = max(1, BLOCK // m)
    return (slice(start, min(start + size, n)) for start in range(0, max(n, 1), size))


def scores(
    curves: Curves, coupling: Coupling, prices: NDArray[np.float64], units: slice | NDArray[np.intp]
) -> NDArray[np.float64]:
    """s_ik of the given units: (units, m)."""
    per_cost, per_award, per_outcome = group_prices(coupling, prices)
    # One group needs no look at whom it holds, nor a row of prices for each unit.
    alike = slice(0, 1) if coupling.n_groups == 1 else coupling.groups[units]
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[units]
    charge: NDArray[np.float64] = per_cost[alike, None] * costs
    charge[:, 1:] += per_award[alike, None]
    kept = curves.gains[units]
    if per_outcome.any():
        counted = per_outcome[alike, None]
        kept = kept * (1.0 - counted) if curves.aims is None else kept - counted * curves.values[units]
    priced: NDArray[np.float64] = kept - charge
    if curves.barred is not None:
        priced[curves.barred[units]] = -np.inf
    return priced


def each_block(curves: Curves, work: Callable[[slice], object]) -> None:
    """Do the work for every block, on all cores; it writes what it finds in its own places, so their order is no concern."""
    parts = list(blocks(curves))
    if len(parts) == 1:
        work(parts[0])
        return
    # numpy lets go of the interpreter while it computes.
    list(_cores().map(work, parts))


@cache
def _cores() -> ThreadPoolExecutor:
    """One thread a core, kept: a pass over few units takes no longer than it takes to start threads."""
    return ThreadPoolExecutor(os.cpu_count())


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_cores.cache_clear)


def best_options(curves: Curves, coupling: Coupling, prices: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The best option of each unit, the cheaper of two equals, and its score: (n,), (n,)."""
    n, _ = curves.shape
    choice, best = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.float64)

    def look(units: slice) -> None:
        priced = scores(curves, coupling, prices, units)
        chosen = priced.argmax(axis=1)
        choice[units] = chosen
        best[units] = priced[np.arange(len(chosen)), chosen]

    each_block(curves, look)
    return choice, best


def price_scale(curves: Curves, coupling: Coupling) -> tuple[NDArray[np.float64], float]:
    """A price of 1 in each row is worth about all that is at stake, in a row that can never bind nothing; and the stake."""
    return _scale(coupling, [_stakes(Part(curves, coupling.groups), coupling)])


def fleet_scale(fleet: Fleet, coupling: Coupling) -> tuple[NDArray[np.float64], float]:
    """The same of units in parts."""
    return _scale(coupling, fleet.look(_stakes, coupling.bare()))


def _stakes(part: Part, coupling: Coupling) -> tuple[Sums, list[tuple[Sums, ...]]]:
    """What is at stake; and by measure and group the most that the units can use."""
    stakes: list[float] = []
    most: list[list[tuple[Sums, ...]]] = []
    size = coupling.n_groups
    for units, curves in part.curves.parts():
        groups = part.groups[units]
        costs = np.broadcast_to(curves.costs.max(axis=-1), len(groups)).astype(np.float64)
        largest = np.maximum(curves.values.max(axis=1), -curves.values.min(axis=1))
        gains = curves.gains
        stakes += exact_parts(gains.max(axis=1) - gains.min(axis=1))
        most.append([exact_parts_by(weights, groups, size) for weights in (costs, np.ones(len(groups)), np.abs(largest))])
    return tuple(stakes), [_merged(each) for each in zip(*most, strict=True)]


def _merged(every: Iterable[tuple[Sums, ...]]) -> tuple[Sums, ...]:
    return tuple(tuple(part for parts in own for part in parts) for own in zip(*every, strict=True))


def _scale(coupling: Coupling, told: Sequence[tuple[Sums, list[tuple[Sums, ...]]]]) -> tuple[NDArray[np.float64], float]:
    stake = math.fsum(part for stakes, _ in told for part in stakes)
    measures = zip(*(most for _, most in told), strict=True)
    largest = np.array([[math.fsum(parts) for parts in _merged(each)] for each in measures])
    usage = np.einsum("qlg,qg->l", np.abs(coupling.coefficients), largest)
    binds = coupling.allowed < usage
    worth = stake if stake > NOTHING else 1.0
    return np.where(binds, worth / np.maximum(usage, NOTHING), 0.0), stake
