"""Verification trusts nothing: it recomputes value, feasibility and dual bound from curves, limits and prices.

    value = Σ v_i,k(i)       every limit in exact arithmetic       D(λ) = Σ_l λ_l b_l + Σ_i max_k (v_ik − Σ_l λ_l u_lik)

It imports no solver and no other stage; whatever they got wrong, it meets here (weak duality: Geoffrion 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.weak_duality import WHOLE, Best, best_of, bounds_of, charged, dual_bound, dual_bounds, joined
from optimizer.errors import VerificationError
from optimizer.problem.allocation import Allocation, BoundSource, Cautious, Second
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.objective import Aimed
from optimizer.problem.parts import Here, Parts
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import Sums, exact_parts
from optimizer.problem.then import Then, figure_of, per_step
from optimizer.problem.totals import Tally, Totals

TOLERANCE = 1e-9
"""Relative: two correctly rounded sums of the same numbers agree far better."""

Predict = Callable[[NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Awards:
    """What a part of the units is given: options, and the amounts that are said to be theirs."""

    index: NDArray[np.integer]
    amount: NDArray[np.int64]


class Witness(Protocol):
    """A model that says again what it expects of a part of the units."""

    def predict(self, amount: NDArray[np.int64]) -> NDArray[np.float64]:
        """The expected outcome of each unit at the amount given for it."""


def certify(
    allocation: Allocation,
    curves: Curves | Streamed,
    coupling: Coupling,
    predict: Predict | None = None,
    then: Then | None = None,
    aimed: Aimed | None = None,
) -> Certificate:
    """Everything the allocation claims, recomputed.

    Parameters
    ----------
    predict : the model's own expected outcome of each unit at the amount given for it; None if there is no model.
    then : what was to be minimised among plans near the best, if anything was.
    aimed : what was to be maximised in place of the expected outcome, if anything was.

    Raises
    ------
    VerificationError
        If any claim does not hold; the message names the first.
    """
    _check_shape(allocation, curves)
    fleet, awards = Fleet.of(curves, coupling), Here((Awards(allocation.index, allocation.amount),))
    certificate = certify_parts(allocation, fleet, coupling, awards, None if predict is None else Here((_Said(predict),)))
    return replace(certificate, then=_second(allocation, curves, coupling, then), cautious=_cautious(allocation, coupling, aimed))


def certify_parts(
    allocation: Allocation, fleet: Fleet, coupling: Coupling, awards: Parts[Awards], witnesses: Parts[Witness] | None = None
) -> Certificate:
    """As `certify`, of units in parts, whose awards are `awards`; one pass.

    Raises
    ------
    VerificationError
        If any claim does not hold; the message names the first.
    """
    _check_stated(allocation, coupling)
    fixed, per = charged(allocation.shadow_prices, coupling, fleet.common_costs)
    told: list[_Found] = fleet.look(_find, awards, witnesses, coupling.bare(), (per,), fleet.each(fleet.starts))
    _refuse(found.fault for found in told)
    totals = Tally.sum(found.tally for found in told if found.tally is not None).totals
    _check_limits(allocation, coupling, totals)
    _check_close("value", allocation.value, totals.gain)
    _refuse(found.doubt for found in told)
    proven = bounds_of([fixed], [found.best for found in told], fleet.step)[0]
    _check_bound(allocation, proven)
    return Certificate(
        units=fleet.n,
        amounts=len(fleet.amounts),
        value=totals.outcome,
        without=math.fsum(part for found in told for part in found.without),
        bound=allocation.bound,
        bound_source=allocation.bound_source,
        dual_bound=proven,
        spent=totals.cost,
        recipients=totals.recipients,
        shadow_prices=dict(allocation.shadow_prices),
        usage=coupling.usage(totals),
        expected_cost=fleet.expected,
        passes=allocation.passes,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """A model in this process."""

    predict: Predict


@dataclass(frozen=True, slots=True)
class _Found:
    """What one pass over a part found.

    Attributes
    ----------
    fault, doubt : what is wrong with the awards, or with the outcomes that the model predicts again; "" if nothing is.
    """

    fault: str
    tally: Tally | None = None
    without: Sums = ()
    best: Best = ()
    doubt: str = ""


def _find(
    part: Part, awards: Awards, witness: Witness | None, coupling: Coupling, per: Sequence[NDArray[np.float64]], start: int
) -> _Found:
    fault = _wrong_awards(awards, part.curves.amounts, start)
    if fault:
        return _Found(fault)
    whole, tallies, withouts, bests = part.under(coupling), [], [], []
    without, value = np.empty(len(awards.index)), np.empty(len(awards.index))
    for units, dense in part.curves.parts():
        chosen, own = awards.index[units].astype(np.intp), whole.at(units)
        barred = np.flatnonzero(dense.barred_at(chosen))
        if len(barred):
            place = units.start + int(barred[0])
            return _Found(f"allocation.index: unit {start + place} has option {awards.index[place]}, which its rules forbid")
        without[units], value[units] = dense.column(0), dense.value_of(chosen)
        tallies.append(Tally.of(chosen, dense, own))
        withouts.append(exact_parts(without[units]))
        bests.append(best_of(dense, own, per))
    doubt = "" if witness is None else _doubt(witness.predict, awards.amount, without, value, start)
    found = tuple(part for parts in withouts for part in parts)
    return _Found("", Tally.sum(tallies), found, joined(bests), doubt)


def _refuse(faults: Iterable[str]) -> None:
    fault = next((fault for fault in faults if fault), "")
    if fault:
        raise VerificationError(fault)


def certify_all(plans: Sequence[tuple[Allocation, Coupling]], curves: Curves | Streamed) -> None:
    """Everything that several allocations claim, each under its own limits over the same groups; one pass for all the bounds.

    Raises
    ------
    VerificationError
        If any claim does not hold.
    """
    if not plans:
        return
    for allocation, coupling in plans:
        _check_shape(allocation, curves)
        _refuse([_wrong_awards(Awards(allocation.index, allocation.amount), curves.amounts, 0)])
        barred = np.flatnonzero(curves.barred_at(allocation.index))
        if len(barred):
            raise VerificationError(f"allocation.index: unit {barred[0]} has an option which its rules forbid")
        _check_stated(allocation, coupling)
        totals = Totals.of(allocation.index, curves, coupling)
        _check_limits(allocation, coupling, totals)
        _check_close("value", allocation.value, totals.gain)
    proven = dual_bounds([(allocation.shadow_prices, coupling) for allocation, coupling in plans], curves)
    for (allocation, _), bound in zip(plans, proven, strict=True):
        _check_bound(allocation, bound)


def _check_shape(allocation: Allocation, curves: Curves | Streamed) -> None:
    n, _ = curves.shape
    index = np.asarray(allocation.index)
    if index.shape != (n,) or not np.issubdtype(index.dtype, np.integer):
        raise VerificationError(f"allocation.index: must be {n} whole numbers, got {index.dtype} of shape {index.shape}")
    if np.shape(allocation.amount) != (n,):
        raise VerificationError(f"allocation.amount: must be {n} amounts, got shape {np.shape(allocation.amount)}")


def _wrong_awards(awards: Awards, amounts: Amounts, start: int) -> str:
    """What is wrong with the awards of units from `start` on, but for what rules forbid; "" if nothing is."""
    index, m = awards.index, len(amounts)
    if len(index) and not 0 <= index.min() <= index.max() < m:
        return f"allocation.index: must lie in 0 … {m - 1}, got {index.min()} … {index.max()}"
    wrong = np.flatnonzero(amounts.array[index] != awards.amount)
    if not len(wrong):
        return ""
    i = int(wrong[0])
    return f"allocation.amount: unit {start + i} has {awards.amount[i]}, but amount {index[i]} is {amounts.values[index[i]]}"


def _check_stated(allocation: Allocation, coupling: Coupling) -> None:
    names = {row.name for row in coupling.rows}
    if names != set(allocation.usage) or names != set(allocation.shadow_prices):
        raise VerificationError(
            f"allocation: must state usage and price of {sorted(names)}, "
            f"got {sorted(allocation.usage)} and {sorted(allocation.shadow_prices)}"
        )


def _check_limits(allocation: Allocation, coupling: Coupling, totals: Totals) -> None:
    usage = coupling.usage(totals)
    broken = coupling.broken(totals)
    if broken:
        used, allowed = usage[broken[0].name]
        raise VerificationError(f"limit {broken[0].name}: uses {used:.15g}, {broken[0].limit.sense} {allowed:.15g}")
    rounded = {row.name for row in coupling.rows if row.counts_outcome}
    for name, claimed in allocation.usage.items():
        for figure, (said, true) in zip(("used", "allowed"), zip(claimed, usage[name], strict=True), strict=True):
            _check_close(f"usage of {name}, {figure}", said, true, TOLERANCE if name in rounded else WHOLE)


def _doubt(
    predict: Predict,
    amounts: NDArray[np.int64],
    without: NDArray[np.float64],
    value: NDArray[np.float64],
    start: int = 0,
    kind: str = "outcome",
) -> str:
    """Where the model predicts others than these outcomes without and with the awards of units from `start` on; "" if nowhere."""
    for what, amount, used in (("without an award", np.zeros_like(amounts), without), ("at its amount", amounts, value)):
        predicted = predict(amount)
        if predicted.shape != used.shape:
            return f"response: the model must predict {len(used)} outcomes, got shape {predicted.shape}"
        wrong = ~(np.abs(predicted - used) <= TOLERANCE * np.maximum(1.0, np.abs(used)))
        if wrong.any():
            i = start + int(np.flatnonzero(wrong)[0])
            return (
                f"response: the model predicts another {kind} {what} than the plan used, "
                f"for {int(wrong.sum())} units, first unit {i}"
            )
    return ""


def _check_bound(allocation: Allocation | Cautious, dual_bound: float) -> None:
    if allocation.bound_source not in get_args(BoundSource):
        raise VerificationError(f"bound_source: must be one of {get_args(BoundSource)}, got {allocation.bound_source!r}")
    if not allocation.bound >= allocation.value - TOLERANCE * max(1.0, abs(allocation.value)):
        raise VerificationError(f"bound: {allocation.bound!r} is below the value {allocation.value!r}")
    slack = TOLERANCE * max(1.0, min(abs(allocation.bound), abs(dual_bound)))
    if not allocation.bound <= dual_bound + slack:
        raise VerificationError(f"bound: {allocation.bound!r} is above the dual bound {dual_bound!r} at the stated prices")
    if allocation.bound_source == "dual" and allocation.bound < dual_bound - slack:
        raise VerificationError(f"bound: {allocation.bound!r} is said to be the dual's, which proves only {dual_bound!r}")


def _second(allocation: Allocation, curves: Curves | Streamed, coupling: Coupling, then: Then | None) -> Second | None:
    """The second objective's part: the floor is kept, the figure is what is said, and the prices prove that none is less."""
    said = allocation.then
    if said is None and then is None:
        return None
    if said is None or then is None or (said.minimised, said.within) != (then.minimise, float(then.share)):
        claimed = "nothing" if said is None else f"{said.minimised} within {said.within}"
        asked = "nothing" if then is None else f"{then.minimise} within {float(then.share)}"
        raise VerificationError(f"then: the plan minimised {claimed}, asked was {asked}")
    if not said.best <= allocation.bound + TOLERANCE * max(1.0, abs(allocation.bound)):
        raise VerificationError(f"then.best: {said.best!r} is above what no plan can exceed, {allocation.bound!r}")
    _check_close("then.floor", said.floor, float(then.floor(said.best)), WHOLE)
    aimed, unit = then.aim(curves.dense())
    floored = then.above_floor(coupling, said.best)
    totals = Totals.of(allocation.index, aimed, floored)
    if floored.broken(totals):
        raise VerificationError(f"then.floor: the outcome {totals.outcome!r} is below it, {said.floor!r}")
    if set(said.shadow_prices) != {row.name for row in floored.rows}:
        raise VerificationError(f"then: must state prices of {[row.name for row in floored.rows]}, got {[*said.shadow_prices]}")
    value = figure_of(totals.gain, unit)
    _check_close("then.value", said.value, value, WHOLE)
    least = figure_of(dual_bound(per_step(said.shadow_prices, unit), aimed, floored), unit)
    _check_least(said, value, least)
    return replace(said, value=value, dual_bound=least)


def _cautious(allocation: Allocation, coupling: Coupling, aimed: Aimed | None) -> Cautious | None:
    """The cautious objective's part: the ensemble says so itself, and the prices prove that no plan has more."""
    said = allocation.cautious
    if said is None and aimed is None:
        return None
    if said is None or aimed is None or (said.caution, said.figure) != (aimed.objective.caution, float(aimed.objective.figure)):
        claimed = "the expected outcome" if said is None else f"{said.caution} {said.figure}"
        asked = "the expected outcome" if aimed is None else f"{aimed.objective.caution} {float(aimed.objective.figure)}"
        raise VerificationError(f"objective: the plan maximised {claimed}, asked was {asked}")
    if not said.best <= allocation.bound + TOLERANCE * max(1.0, abs(allocation.bound)):
        raise VerificationError(f"cautious.best: {said.best!r} is above what no plan can exceed, {allocation.bound!r}")
    curves = aimed.curves
    said_of = (allocation.amount, curves.gains[:, 0], curves.gain_of(allocation.index))
    _refuse([_doubt(aimed.predict, *said_of, kind="cautious outcome")])
    value = Totals.of(allocation.index, curves, coupling).gain
    _check_close("cautious.value", said.value, value)
    if set(said.shadow_prices) != {row.name for row in coupling.rows}:
        raise VerificationError(
            f"cautious: must state prices of {[row.name for row in coupling.rows]}, got {[*said.shadow_prices]}"
        )
    proven = dual_bound(said.shadow_prices, curves, coupling)
    _check_bound(said, proven)
    return replace(said, value=value, dual_bound=proven)


def _check_least(said: Second, value: float, least: float) -> None:
    """Whole steps are compared as such: one currency unit counts."""
    if said.bound_source not in get_args(BoundSource):
        raise VerificationError(f"then.bound_source: must be one of {get_args(BoundSource)}, got {said.bound_source!r}")
    # A plan that uses the floor's slack may have less than what is proven for those that do not.
    proven = min(least, value)
    slack = WHOLE * max(1.0, abs(proven))
    if not said.bound <= value + slack:
        raise VerificationError(f"then.bound: {said.bound!r} is above the figure {value!r}")
    if not said.bound >= proven - slack:
        raise VerificationError(f"then.bound: {said.bound!r} is below {proven!r}, which the stated prices prove")
    if said.bound_source == "dual" and said.bound > proven + slack:
        raise VerificationError(f"then.bound: {said.bound!r} is said to be the dual's, which proves only {proven!r}")


def _check_close(what: str, claimed: float, true: float, tolerance: float = TOLERANCE) -> None:
    if not abs(claimed - true) <= tolerance * max(1.0, abs(true)):
        raise VerificationError(f"{what}: the plan says {claimed!r}, recomputed it is {true!r}")
