"""Verification trusts nothing: it recomputes value, feasibility and dual bound from curves, limits and prices.

    value = Σ v_i,k(i)       every limit in exact arithmetic       D(λ) = Σ_l λ_l b_l + Σ_i max_k (v_ik − Σ_l λ_l u_lik)

It imports no solver and no other stage; whatever they got wrong, it meets here (weak duality: Geoffrion 1974).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import VerificationError
from optimizer.problem.allocation import Allocation, BoundSource
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum

TOLERANCE = 1e-9
"""Relative: two correctly rounded sums of the same numbers agree far better."""

WHOLE = 1e-13
"""Relative, for sums of whole numbers, in which one currency unit counts."""

BLOCK = 1 << 16
"""Numbers looked at together, so that they stay in the processor's cache."""

Predict = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def certify(allocation: Allocation, curves: Curves | Streamed, coupling: Coupling, predict: Predict | None = None) -> Certificate:
    """Everything the allocation claims, recomputed.

    Parameters
    ----------
    predict : the model's own expected outcome of each unit at the amount given for it; None if there is no model.

    Raises
    ------
    VerificationError
        If any claim does not hold; the message names the first.
    """
    _check_choice(allocation, curves)
    totals = Totals.of(allocation.index, curves, coupling)
    _check_limits(allocation, coupling, totals)
    _check_close("value", allocation.value, totals.gain)
    _check_predictions(allocation, curves, predict)
    dual_bound = _dual_bound(allocation, curves, coupling)
    _check_bound(allocation, dual_bound)
    n, m = curves.shape
    return Certificate(
        units=n,
        amounts=m,
        value=totals.outcome,
        without=exact_sum(curves.column(0)),
        bound=allocation.bound,
        bound_source=allocation.bound_source,
        dual_bound=dual_bound,
        spent=totals.cost,
        recipients=totals.recipients,
        shadow_prices=dict(allocation.shadow_prices),
        usage=coupling.usage(totals),
    )


def _check_choice(allocation: Allocation, curves: Curves | Streamed) -> None:
    n, m = curves.shape
    index = np.asarray(allocation.index)
    if index.shape != (n,) or not np.issubdtype(index.dtype, np.integer):
        raise VerificationError(f"allocation.index: must be {n} whole numbers, got {index.dtype} of shape {index.shape}")
    if n and not 0 <= index.min() <= index.max() < m:
        raise VerificationError(f"allocation.index: must lie in 0 … {m - 1}, got {index.min()} … {index.max()}")
    if np.shape(allocation.amount) != (n,):
        raise VerificationError(f"allocation.amount: must be {n} amounts, got shape {np.shape(allocation.amount)}")
    barred = np.flatnonzero(curves.barred_at(index))
    if len(barred):
        raise VerificationError(f"allocation.index: unit {barred[0]} has option {index[barred[0]]}, which its rules forbid")
    wrong = np.flatnonzero(curves.amounts.array[index] != allocation.amount)
    if len(wrong):
        i = int(wrong[0])
        raise VerificationError(
            f"allocation.amount: unit {i} has {allocation.amount[i]}, but amount {index[i]} is {curves.amounts.values[index[i]]}"
        )


def _check_limits(allocation: Allocation, coupling: Coupling, totals: Totals) -> None:
    usage = coupling.usage(totals)
    broken = coupling.broken(totals)
    if broken:
        used, allowed = usage[broken[0].name]
        raise VerificationError(f"limit {broken[0].name}: uses {used:.15g}, {broken[0].limit.sense} {allowed:.15g}")
    if set(usage) != set(allocation.usage) or set(usage) != set(allocation.shadow_prices):
        raise VerificationError(
            f"allocation: must state usage and price of {sorted(usage)}, "
            f"got {sorted(allocation.usage)} and {sorted(allocation.shadow_prices)}"
        )
    rounded = {row.name for row in coupling.rows if row.counts_outcome}
    for name, claimed in allocation.usage.items():
        for figure, (said, true) in zip(("used", "allowed"), zip(claimed, usage[name], strict=True), strict=True):
            _check_close(f"usage of {name}, {figure}", said, true, TOLERANCE if name in rounded else WHOLE)


def _check_predictions(allocation: Allocation, curves: Curves | Streamed, predict: Predict | None) -> None:
    if predict is None:
        return
    for what, amount, used in (
        ("without an award", np.zeros_like(allocation.amount), curves.column(0)),
        ("at its amount", allocation.amount, curves.value_of(allocation.index)),
    ):
        predicted = predict(amount)
        if predicted.shape != used.shape:
            raise VerificationError(f"response: the model must predict {len(used)} outcomes, got shape {predicted.shape}")
        wrong = ~(np.abs(predicted - used) <= TOLERANCE * np.maximum(1.0, np.abs(used)))
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            raise VerificationError(
                f"response: the model predicts another outcome {what} than the plan used, "
                f"for {int(wrong.sum())} units, first unit {i}"
            )


def _dual_bound(allocation: Allocation, curves: Curves | Streamed, coupling: Coupling) -> float:
    """D(λ) at the allocation's prices, written out apart from the stage that searched for them."""
    prices = coupling.row_prices(allocation.shadow_prices).tolist()
    if any(not 0.0 <= price < math.inf for price in prices):
        raise VerificationError(
            "shadow prices: at_most limits need prices ≥ 0 and at_least limits ≤ 0, all finite, "
            f"got {dict(allocation.shadow_prices)}"
        )
    # What no plan can use, since usages come in whole steps, need not be paid for.
    steps = coupling.tightened(curves.common_costs)
    fixed = [price * float(row.allowed) for price, row in zip(prices, steps.rows, strict=True)]
    per = np.zeros((3, coupling.n_groups))
    for price, row in zip(prices, coupling.rows, strict=True):
        per += price * np.array(row.coefficients, dtype=np.float64)
    best = np.concatenate([_best_scores(dense, coupling.of_part(part), per) for part, dense in curves.parts()])
    terms = np.concatenate([best, fixed])
    return curves.in_steps(exact_sum(terms), rounding=WHOLE * float(np.abs(terms).sum()))


def _best_scores(curves: Curves, coupling: Coupling, per: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each unit's best score at prices (3, G) per currency unit, award and outcome."""
    n, m = curves.shape
    awarded = (np.arange(m) > 0).astype(np.float64)
    best = np.empty(n)
    step = max(1, BLOCK // m)

    def look(start: int) -> None:
        units = slice(start, start + step)
        alike = slice(0, 1) if coupling.n_groups == 1 else coupling.groups[units]
        cost, award, outcome = (by_group[alike, None] for by_group in per)
        costs = curves.costs if curves.costs.ndim == 1 else curves.costs[units]
        priced = curves.gains[units] - (cost * costs + award * awarded)
        if outcome.any():
            priced -= outcome * curves.values[units]
        if curves.barred is not None:
            priced[curves.barred[units]] = -np.inf
        best[units] = priced.max(axis=1)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(look, range(0, n, step)))
    return best


def _check_bound(allocation: Allocation, dual_bound: float) -> None:
    if allocation.bound_source not in get_args(BoundSource):
        raise VerificationError(f"bound_source: must be one of {get_args(BoundSource)}, got {allocation.bound_source!r}")
    if not allocation.bound >= allocation.value - TOLERANCE * max(1.0, abs(allocation.value)):
        raise VerificationError(f"bound: {allocation.bound!r} is below the value {allocation.value!r}")
    slack = TOLERANCE * max(1.0, min(abs(allocation.bound), abs(dual_bound)))
    if not allocation.bound <= dual_bound + slack:
        raise VerificationError(f"bound: {allocation.bound!r} is above the dual bound {dual_bound!r} at the stated prices")
    if allocation.bound_source == "dual" and allocation.bound < dual_bound - slack:
        raise VerificationError(f"bound: {allocation.bound!r} is said to be the dual's, which proves only {dual_bound!r}")


def _check_close(what: str, claimed: float, true: float, tolerance: float = TOLERANCE) -> None:
    if not abs(claimed - true) <= tolerance * max(1.0, abs(true)):
        raise VerificationError(f"{what}: the plan says {claimed!r}, recomputed it is {true!r}")
