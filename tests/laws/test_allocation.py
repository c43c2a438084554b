"""What holds of every allocation: laws over random instances, most of them with ties."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimizer.engine.pricing import best_options
from optimizer.errors import Infeasible
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

law = settings(derandomize=True, deadline=None, max_examples=18)
HIGHS = Solver(backend="highs")


@dataclass(frozen=True)
class Problem:
    values: np.ndarray
    amounts: list
    budget: int
    heads: int
    women: bool
    units: pd.DataFrame

    def limits(self):
        women = Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women")
        return [Limit.cost(at_most=self.budget), Limit.recipients(at_most=self.heads), *([women] if self.women else [])]

    def plan(self, solver=HIGHS):
        return allocate(self.values, self.amounts, self.limits(), units=self.units, solver=solver)


@st.composite
def problems(draw, most=25):
    """Curves of few digits, so that ties are common; falling curves too; nobody need be given anything."""
    count, m = draw(st.integers(1, most)), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    values = np.round(rng.random((count, m)), draw(st.sampled_from([1, 2, 9])))
    if draw(st.booleans()):
        values.sort(axis=1)
    steps = draw(st.lists(st.sampled_from([1, 2, 5, 50_000]), min_size=m - 1, max_size=m - 1))
    amounts = [0, *np.cumsum(steps).tolist()]
    budget = draw(st.integers(0, count * amounts[-1]))
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], count)})
    return Problem(values, amounts, budget, draw(st.integers(0, count)), draw(st.booleans()), units)


@law
@given(problem=problems(), more=st.integers(1, 100_000))
def test_more_money_is_never_worth_less(problem, more):
    assert replace(problem, budget=problem.budget + more).plan().value >= problem.plan().value - 1e-9


@law
@given(problem=problems(), more=st.integers(1, 5))
def test_more_heads_are_never_worth_less(problem, more):
    assert replace(problem, heads=problem.heads + more).plan().value >= problem.plan().value - 1e-9


@law
@given(problem=problems())
def test_a_limit_more_is_never_worth_more(problem):
    assert replace(problem, women=True).plan().value <= replace(problem, women=False).plan().value + 1e-9


@law
@given(problem=problems(), seed=st.integers(0, 10**6))
def test_no_feasible_choice_is_worth_more_than_the_bound_or_than_the_plan(problem, seed):
    plan = problem.plan()
    curves = Curves.of(problem.values, Amounts(tuple(problem.amounts)))
    coupling = Coupling.compile(problem.limits(), len(problem.values), problem.units)
    rng = np.random.default_rng(seed)
    found = 0
    for share in (0.0, 0.1, 0.3, 0.6, 1.0):
        awarded = rng.random(len(problem.values)) < share
        choice = np.where(awarded, rng.integers(0, len(problem.amounts), size=len(awarded)), 0)
        totals = Totals.of(choice, curves, coupling)
        if not coupling.broken(totals):
            found += 1
            assert totals.outcome <= plan.value + 1e-9
            assert totals.outcome <= plan.bound + 1e-9
    assert found  # to give nothing is always feasible here
    assert plan.value <= plan.bound + 1e-9


@law
@given(problem=problems(), seed=st.integers(0, 10**6))
def test_every_price_proves_a_bound(problem, seed):
    curves = Curves.of(problem.values, Amounts(tuple(problem.amounts)))
    coupling = Coupling.compile(problem.limits(), len(problem.values), problem.units)
    prices = (
        np.random.default_rng(seed).exponential(size=len(coupling.rows))
        / [max(1, problem.amounts[-1]), 1, 1][: len(coupling.rows)]
    )
    _, best = best_options(curves, coupling, prices)
    assert float(coupling.allowed @ prices) + math.fsum(best) >= problem.plan().value - 1e-9


@law
@given(problem=problems(), seed=st.integers(0, 10**6))
def test_the_order_of_the_units_is_irrelevant_to_the_value(problem, seed):
    order = np.random.default_rng(seed).permutation(len(problem.values))
    shuffled = replace(problem, values=problem.values[order], units=problem.units.iloc[order].reset_index(drop=True))
    assert shuffled.plan().value == pytest.approx(problem.plan().value, abs=1e-9)


@law
@given(problem=problems(), factor=st.sampled_from([2, 7, 1000]))
def test_another_currency_leaves_the_value(problem, factor):
    dearer = replace(problem, amounts=[factor * amount for amount in problem.amounts], budget=factor * problem.budget)
    assert dearer.plan().value == pytest.approx(problem.plan().value, abs=1e-9)


@law
@given(problem=problems(), constant=st.floats(-100, 100), data=st.data())
def test_a_constant_on_one_units_curve_is_added_to_the_value(problem, constant, data):
    unit = data.draw(st.integers(0, len(problem.values) - 1))
    values = problem.values.copy()
    values[unit] += constant
    assert replace(problem, values=values).plan().value == pytest.approx(problem.plan().value + constant, abs=1e-9)


@law
@given(problem=problems(), factor=st.sampled_from([1e-6, 0.5, 1000.0]))
def test_another_scale_of_outcomes_scales_the_value(problem, factor):
    scaled = replace(problem, values=factor * problem.values).plan()
    assert scaled.value == pytest.approx(factor * problem.plan().value, rel=1e-9, abs=1e-9 * factor)


@law
@given(problem=problems(), data=st.data())
def test_a_unit_that_nothing_moves_changes_nothing_but_its_own_outcome(problem, data):
    stubborn = data.draw(st.floats(0, 1))
    values = np.vstack([problem.values, np.full(len(problem.amounts), stubborn)])
    units = pd.concat([problem.units, pd.DataFrame({"gender": ["M"]})], ignore_index=True)
    larger = replace(problem, values=values, units=units, women=False).plan()
    assert larger.value == pytest.approx(replace(problem, women=False).plan().value + stubborn, abs=1e-9)


@law
@given(problem=problems())
def test_both_backends_agree(problem):
    by_highs, by_gurobi = problem.plan(), problem.plan(Solver())
    assert by_highs.value == pytest.approx(by_gurobi.value, abs=1e-9)
    assert by_highs.gap <= 1e-9
    assert by_gurobi.gap <= 1e-9


@law
@given(problem=problems(), backend=st.sampled_from(["gurobi", "highs"]), seed=st.integers(0, 5))
def test_the_same_input_gives_the_same_plan_byte_for_byte(problem, backend, seed):
    first, second = (problem.plan(Solver(backend=backend, seed=seed)) for _ in range(2))
    assert first.index.tobytes() == second.index.tobytes()
    assert first.amount.tobytes() == second.amount.tobytes()
    assert repr(first) == repr(second)


@law
@given(problem=problems())
def test_the_input_is_left_untouched(problem):
    values, units = problem.values.copy(), problem.units.copy()
    problem.plan()
    assert np.array_equal(values, problem.values)
    assert units.equals(problem.units)


@pytest.mark.parametrize("backend", ["gurobi", "highs"])
@law
@given(problem=problems())
def test_without_money_or_heads_nobody_gets_anything_that_costs(backend, problem):
    for without in (replace(problem, budget=0), replace(problem, heads=0)):
        plan = without.plan(Solver(backend=backend))
        assert not plan.amount.any()
        assert plan.value == pytest.approx(problem.values[:, 0].sum())
        assert plan.gap <= 1e-9


@law
@given(problem=problems(), tier=st.integers(2, 10**6))
def test_a_budget_one_unit_short_of_a_tier_buys_nothing_and_at_the_tier_it_buys_the_best(problem, tier):
    values = problem.values[:, :2]
    uplift = max(0.0, float((values[:, 1] - values[:, 0]).max()))
    without = float(values[:, 0].sum())
    short, enough = (allocate(values, [0, tier], [Limit.cost(at_most=budget)], solver=HIGHS) for budget in (tier - 1, tier))
    assert not short.amount.any()
    assert short.value == pytest.approx(without)
    assert enough.value == pytest.approx(without + uplift)


@law
@given(problem=problems(), gap=st.sampled_from([1e-4, 0.01, 0.2, 0.9]))
def test_a_search_that_may_stop_early_tells_what_it_leaves_open(problem, gap):
    exact, early = problem.plan(), problem.plan(Solver(backend="highs", gap=gap))
    assert early.gap <= gap + 1e-9
    assert early.value <= exact.value + 1e-9
    assert early.bound >= exact.value - 1e-9


@law
@given(problem=problems(most=8), least=st.integers(0, 12))
def test_a_least_number_of_recipients_is_met_or_said_to_be_impossible(problem, least):
    assume(problem.amounts[1] > 0)
    limits = [*replace(problem, women=False).limits(), Limit.recipients(at_least=least, name="least")]
    cheapest = problem.amounts[1]
    possible = least <= problem.heads and least * cheapest <= problem.budget
    if possible:
        plan = allocate(problem.values, problem.amounts, limits, solver=HIGHS)
        assert (plan.amount > 0).sum() >= least
        assert plan.shadow_prices["least"] <= 0
    else:
        with pytest.raises(Infeasible, match="least"):
            allocate(problem.values, problem.amounts, limits, solver=HIGHS)
