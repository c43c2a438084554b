"""Thousands of units in the shapes that are hard for a knapsack: the plan is feasible and says honestly how good it is."""

import numpy as np
import pandas as pd
import pytest

from optimizer.decide import decide
from optimizer.engine.verify import certify
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

BACKENDS = ["gurobi", "highs"]
GRID = Amounts.grid(max=2_500_000, step=250_000, min=250_000)
LIMITS = [Limit.cost(at_most=1_234_567_890), Limit.recipients(at_most=0.2)]


def solved(values, limits, backend, *, amounts=GRID, units=None, stop=0.0):
    """The plan, certified, with its gap in outcomes."""
    curves = Curves.of(values, amounts)
    coupling = Coupling.compile(limits, len(values), units)
    plan = decide(curves, coupling, Solver(backend=backend, gap=stop))
    certify(plan, curves, coupling)
    return plan, plan.bound - plan.value


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2_000, 20_000])
def test_when_all_curves_are_equal_the_optimum_is_proven(backend, n):
    curve = 1 - np.exp(-GRID.array / 7e5)
    plan, gap = solved(np.tile(curve, (n, 1)), LIMITS, backend)
    assert gap <= 1e-9 * plan.value


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2_000, 20_000])
def test_when_there_are_two_curves_only_the_optimum_is_proven(backend, n):
    kinds = np.array([1 - np.exp(-GRID.array / 3e5), 0.3 + 0.6 * (GRID.array / 2.5e6) ** 2])
    plan, gap = solved(kinds[np.arange(n) % 3 % 2], LIMITS, backend)
    assert gap <= 1e-9 * plan.value


@pytest.mark.parametrize("backend", BACKENDS)
def test_when_outcomes_take_two_values_only_the_optimum_is_known(backend):
    values = np.zeros((5_000, len(GRID)))
    first = np.random.default_rng(1).integers(1, len(GRID), size=5_000)
    values[np.arange(len(GRID))[None, :] >= first[:, None]] = 1.0
    plan, _ = solved(values, [Limit.cost(at_most=500_000_100)], backend)
    prices = np.sort(GRID.array[first])
    assert plan.value == int((np.cumsum(prices) <= 500_000_100).sum())
    assert plan.gap <= 1e-9


@pytest.mark.parametrize(("backend", "n"), [("gurobi", 3_000), ("gurobi", 20_000), ("highs", 2_000)])
@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-3])
def test_when_outcomes_follow_costs_the_gap_is_tiny_and_true(backend, n, noise):
    values = GRID.array / 2.5e6 + noise * np.random.default_rng(2).random((n, len(GRID)))
    _, gap = solved(values, [Limit.cost(at_most=1_234_500_000), Limit.recipients(at_most=0.2)], backend, stop=1e-6)
    assert gap + 1e-9 >= 0.0
    assert gap <= max(1e-3, noise)


@pytest.mark.parametrize("n", [2_000, 20_000])
def test_a_budget_between_two_steps_leaves_a_gap_of_less_than_a_step(n):
    values = GRID.array / 2.5e6 + 1e-3 * np.random.default_rng(2).random((n, len(GRID)))
    _, gap = solved(values, LIMITS, "gurobi")
    assert gap + 1e-9 >= 0.0
    assert gap <= 0.1


@pytest.mark.parametrize("backend", BACKENDS)
def test_subset_sums_of_odd_budgets_are_bounded_by_one_step(backend):
    amounts = Amounts((0, 1_000, 1_002, 1_006, 2_010))
    values = np.tile(amounts.array / 1e3, (2_000, 1))
    plan, gap = solved(values, [Limit.cost(at_most=777_777)], backend, amounts=amounts)
    assert plan.value == pytest.approx(777.776)  # every award is even
    assert gap <= 0.001 + 1e-9


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_groups_with_equal_curves_are_still_proven(backend):
    rng = np.random.default_rng(3)
    units = pd.DataFrame({"gender": rng.choice(list("FM"), 2_000), "region": rng.choice(list("abcde"), 2_000)})
    limits = [
        *LIMITS,
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
        *[Limit.recipients(at_most=0.25, of="recipients", where={"region": region}, name=region) for region in "abcde"],
    ]
    kinds = rng.random((4, len(GRID))).cumsum(axis=1) / len(GRID)
    plan, gap = solved(kinds[rng.integers(0, 4, 2_000)], limits, backend, units=units)
    assert gap <= 1e-6 * plan.value


@pytest.mark.parametrize("backend", BACKENDS)
def test_flat_curves_leave_everything_as_it_is(backend):
    plan, gap = solved(np.full((20_000, len(GRID)), 0.5), LIMITS, backend)
    assert plan.value == 10_000.0
    assert gap <= 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_awards_that_only_harm_are_not_given(backend):
    harm = np.random.default_rng(4).random((20_000, len(GRID))).cumsum(axis=1)
    plan, gap = solved(-harm, LIMITS, backend)
    assert not plan.amount.any()
    assert gap <= 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_limits_that_pull_against_each_other_leave_an_honest_gap(backend):
    rng = np.random.default_rng(5)
    values = np.sort(rng.random((2_000, len(GRID))), axis=1)
    limits = [
        Limit.cost(at_most=400_000_000),
        Limit.cost(at_least=399_900_000, name="least"),
        Limit.recipients(at_most=201),
        Limit.recipients(at_least=200, name="at least 200 heads"),
    ]
    plan, gap = solved(values, limits, backend, stop=1e-6)
    assert gap + 1e-9 >= 0.0
    assert plan.gap <= 1e-3
    assert plan.usage["least"][0] == 400_000_000
