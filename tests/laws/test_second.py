"""Every instance small enough to enumerate: the plan is the lexicographic best of all, and what it claims cannot be forged."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from optimizer.engine.verify import certify
from optimizer.errors import Infeasible, VerificationError
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver
from optimizer.problem.then import Then

INSTANCES = 40
MINIMISED = ("cost", "recipients", "changes")
SHARES = (Fraction(0), Fraction(1, 100), Fraction(1, 10), Fraction(9, 10))


def draw(seed, minimise):
    """2–8 units, 2–5 amounts, ties, negative and falling curves, costs of single units, limits on groups; a previous plan."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 6))
    n = int(rng.integers(2, {2: 9, 3: 8, 4: 6, 5: 6}[m]))
    values = rng.normal(size=(n, m)) if rng.random() < 0.4 else rng.random((n, m)).cumsum(axis=1) / m
    if rng.random() < 0.4:
        values = np.round(values, 1)
    if rng.random() < 0.3:
        values = values[rng.integers(0, max(1, n // 2), size=n)]
    amounts = (0, *(50 * np.cumsum(rng.integers(1, 8, size=m - 1))).tolist())
    costs = rng.integers(0, 9, size=(n, m)) if rng.random() < 0.3 else None
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], size=n)})
    limits = [Limit.cost(at_most=int(rng.integers(0, 400 * n))), Limit.recipients(at_most=int(rng.integers(0, n + 1)))]
    extra = [
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
        Limit.outcome(at_most=round(abs(float(rng.normal(n / 2, 1))), 3), name="seats"),
        Limit.recipients(exactly=1, where={"gender": "M"}, name="one man"),
    ]
    previous = rng.choice([*amounts, 7], size=n) if minimise == "changes" else None
    then = Then(minimise=minimise, within=SHARES[rng.integers(len(SHARES))], previous=previous)
    kept = [limit for limit in extra if rng.random() < 0.2]
    return Curves.of(values, Amounts(amounts), costs), limits + kept, units, then


def figures(curves, then, choices):
    """What is minimised, for each of the choices (C, n)."""
    if then.minimise == "cost":
        return np.broadcast_to(curves.costs, curves.shape)[np.arange(curves.shape[0]), choices].sum(axis=1)
    if then.minimise == "recipients":
        return (choices > 0).sum(axis=1)
    return (curves.amounts.array[choices] != then.previous).sum(axis=1)


def two_best(curves, coupling, then):
    """The largest outcome of all m^n choices within the limits, the least figure among those whose outcome is near it; and the
    choices with no more of it than that, with their outcomes."""
    n, m = curves.shape
    every = np.array(list(itertools.product(range(m), repeat=n)), dtype=np.intp)
    kept = np.array([choice for choice in every if not coupling.broken(Totals.of(choice, curves, coupling))], dtype=np.intp)
    if not len(kept):
        return None
    outcomes = np.array([math.fsum(curves.values[np.arange(n), choice]) for choice in kept])
    best = float(outcomes.max())
    near = outcomes >= best - float(then.within) * abs(best) - 1e-9 * max(1.0, abs(best))
    figure = figures(curves, then, kept)
    least = int(figure[near].min())
    return best, least, kept[figure <= least], outcomes[figure <= least]


def solved(seed, minimise, backend):
    """The plan of an instance and what it was asked, or None if no plan keeps the limits."""
    curves, limits, units, then = draw(seed, minimise)
    coupling = Coupling.compile(limits, curves.shape[0], units, lambda: curves.column(0))
    truth = two_best(curves, coupling, then)
    asked = {"costs": curves.costs, "units": units, "solver": Solver(backend=backend), "then": then}
    if truth is None:
        with pytest.raises(Infeasible):
            allocate(curves.values, curves.amounts, limits, **asked)
        return None
    return allocate(curves.values, curves.amounts, limits, **asked), curves, coupling, then, truth


@pytest.mark.parametrize("backend", ["gurobi", "highs"])
@pytest.mark.parametrize("minimise", MINIMISED)
def test_the_plan_equals_full_enumeration_of_both_objectives(minimise, backend):
    for seed in range(INSTANCES):
        case = solved(seed, minimise, backend)
        if case is None:
            continue
        plan, curves, coupling, then, (best, least, alike, outcomes) = case
        assert plan.then.best == pytest.approx(best, abs=1e-9), seed
        assert plan.then.value == least, seed
        assert plan.then.bound == least, seed
        assert figures(curves, then, plan.index[None])[0] == least, seed
        assert plan.value >= best - float(then.within) * abs(best) - 2e-9 * max(1.0, abs(best)), seed
        assert plan.bound >= best - 1e-9, seed
        if minimise == "changes":  # of the same people's awards
            stay = plan.amount == then.previous
            outcomes = outcomes[(alike[:, stay] == plan.index[stay]).all(axis=1)]
        assert plan.value == pytest.approx(outcomes.max(), abs=1e-8), seed
        assert certify(plan, curves, coupling, then=then).then.value == least


def forged(second):
    """The second objective's part, each claim of it wrong in turn."""
    floor_row = next(name for name in second.shadow_prices if name.startswith("within"))
    prices = dict(second.shadow_prices)
    yield replace(second, minimised="luck")
    yield replace(second, within=second.within + 0.001)
    yield replace(second, best=second.best + 10.0)
    yield replace(second, floor=second.floor - 0.01)
    yield replace(second, value=second.value - 1)
    yield replace(second, value=second.value + 1)
    yield replace(second, bound=second.bound + 1)
    yield replace(second, bound=second.dual_bound - 1)
    yield replace(second, bound_source="faith")
    yield replace(second, shadow_prices={name: price for name, price in prices.items() if name != floor_row})
    yield replace(second, shadow_prices=prices | {floor_row: 1.0})
    yield replace(second, shadow_prices=prices | {floor_row: -math.inf})
    yield None


@pytest.mark.parametrize("minimise", MINIMISED)
def test_no_forged_claim_is_accepted(minimise):
    refused = 0
    for seed in range(12):
        case = solved(seed, minimise, "highs")
        if case is None:
            continue
        plan, curves, coupling, then, _ = case
        for claim in forged(plan.then):
            with pytest.raises(VerificationError, match=r"then|shadow prices"):
                certify(replace(plan, then=claim), curves, coupling, then=then)
            refused += 1
        with pytest.raises(VerificationError, match="then: the plan minimised"):
            certify(plan, curves, coupling)
    assert refused


@pytest.mark.parametrize("minimise", MINIMISED)
def test_a_plan_below_the_floor_is_refused_even_if_its_figures_are_right(minimise):
    refused = 0
    for seed in range(INSTANCES):
        case = solved(seed, minimise, "highs")
        if case is None:
            continue
        plan, curves, coupling, then, _ = case
        nothing = np.zeros_like(plan.index)
        totals = Totals.of(nothing, curves, coupling)
        if coupling.broken(totals) or totals.outcome > plan.then.floor - 0.01:
            continue
        lower = replace(
            plan, index=nothing, amount=0 * plan.amount, value=totals.outcome, usage=coupling.usage(totals),
            then=replace(plan.then, value=float(figures(curves, then, nothing[None])[0])),
        )  # fmt: skip
        with pytest.raises(VerificationError, match=r"then\.floor"):
            certify(lower, curves, coupling, then=then)
        refused += 1
    assert refused


def test_a_best_outcome_that_no_plan_has_is_refused():
    limits, then = [Limit.recipients(exactly=1)], Then(minimise="recipients", within=Fraction(1, 2))
    curves = Curves.of([[0.0, 10.0]], Amounts((0, 10)))
    coupling = Coupling.compile(limits, 1)
    plan = allocate(curves.values, curves.amounts, limits, then=then)
    higher = replace(plan.then, best=11.0, floor=5.5)  # which the plan keeps as well
    with pytest.raises(VerificationError, match=r"then\.best: 11\.0 is above what no plan can exceed, 10\.0"):
        certify(replace(plan, then=higher), curves, coupling, then=then)
