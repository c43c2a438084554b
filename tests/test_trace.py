"""A frontier: a plan for each figure of one limit, each the plan that would be found if it were the only one asked for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import optimizer
from optimizer.decide import decide
from optimizer.errors import Infeasible, ScenarioError
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver
from optimizer.trace import trace

AMOUNTS = Amounts.grid(max=500, step=50)


def instance(n, seed=0):
    rng = np.random.default_rng(seed)
    level, slope, half = rng.normal(size=(3, n, 1))
    values = 1 / (1 + np.exp(-level - np.abs(slope) * (1 - np.exp(-AMOUNTS.array / (100 + 200 * np.abs(half))))))
    return Curves.of(values, AMOUNTS), pd.DataFrame({"gender": rng.choice(["F", "M"], size=n)})


def alone(curves, coupling, backend="gurobi"):
    try:
        return decide(curves, coupling, Solver(backend=backend)).value
    except Infeasible:
        return None


VARIED = {
    "budget": (Limit.cost(at_most=50_000, name="varied"), [Fraction(10_000 * k) for k in range(9)]),
    "heads": (Limit.recipients(at_most=100, name="varied"), [Fraction(30 * k) for k in range(12)]),
    "coverage": (Limit.recipients(at_least=0.3, where={"gender": "F"}, name="varied"), [Fraction(k, 10) for k in range(11)]),
    "quota": (
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="varied"),
        [Fraction(k, 10) for k in range(10)],
    ),
    "parity": (Limit.parity("recipients", by="gender", within=0.05, name="varied"), [Fraction(k, 100) for k in range(0, 12, 2)]),
    "equation": (Limit.recipients(exactly=100, name="varied"), [Fraction(k) for k in (0, 90, 110)]),
}


@pytest.mark.parametrize("backend", ["gurobi", "highs"])
@pytest.mark.parametrize("what", VARIED)
def test_each_point_is_the_plan_of_its_figure_alone(what, backend):
    limit, figures = VARIED[what]
    curves, units = instance(300)
    limits = [limit, Limit.cost(at_most=60_000, name="money"), Limit.recipients(at_least=20, name="someone")]
    coupling = Coupling.compile(limits, 300, units)
    plans = trace(curves, coupling, "varied", figures, Solver(backend=backend))
    for figure, plan in zip(figures, plans, strict=True):
        value = alone(curves, coupling.at_figure("varied", figure), backend)
        assert (plan is None) == (value is None), figure
        if plan is not None:
            assert plan.gap <= 1e-9
            assert plan.value == pytest.approx(value, rel=1e-9)


def test_many_units_are_not_looked_at_anew_for_each_figure_and_still_all_points_are_proven():
    n = 20_000
    curves, units = instance(n)
    coupling = Coupling.compile([Limit.cost(at_most=100 * n, name="budget"), Limit.recipients(at_most=0.3)], n, units)
    figures = [Fraction(n * k) for k in range(20, 145, 7)]
    values = np.array([plan.value for plan in trace(curves, coupling, "budget", figures, Solver())])
    assert (np.diff(values) > 0).all()
    assert (np.diff(values, 2) < 1e-3).all()
    for k in (0, 7, 17):
        assert values[k] == pytest.approx(alone(curves, coupling.at_figure("budget", figures[k])), rel=1e-9)


def test_a_box_that_is_too_small_for_any_plan_says_nothing_of_the_figure():
    curves, _ = instance(60, seed=4)
    coupling = Coupling.compile([Limit.cost(at_most=3_000, name="budget"), Limit.recipients(at_most=0.2)], 60)
    plans = trace(curves, coupling, "budget", [Fraction(1_200 + 180 * k) for k in range(21)], Solver(gap=1e-5))
    assert all(plan is not None and plan.gap <= 1e-5 for plan in plans)


def test_figures_that_no_plan_keeps_have_none():
    curves, units = instance(60)
    coupling = Coupling.compile([Limit.cost(at_most=900, name="budget"), Limit.recipients(at_least=10)], 60, units)
    plans = trace(curves, coupling, "budget", [Fraction(k) for k in (0, 450, 499, 500, 501, 900)], Solver())
    assert [plan is not None for plan in plans] == [False, False, False, True, True, True]
    assert trace(curves, coupling, "budget", [Fraction(1), Fraction(2)], Solver()) == [None, None]


def test_a_scenarios_frontier_is_a_table_with_a_row_for_each_figure(folder):
    table = optimizer.frontier(folder / "small.yaml", start=0, stop=20_000_000, points=5)
    assert table["figure"].tolist() == [0, 5_000_000, 10_000_000, 15_000_000, 20_000_000]
    assert table["feasible"].all()
    assert (table["gap"] <= 1e-9).all()
    assert table["value"].is_monotonic_increasing
    assert (table["spent"] <= table["figure"]).all()
    assert table["value"][2] == pytest.approx(optimizer.solve(folder / "small.yaml").certificate.value, rel=1e-9)


@pytest.mark.parametrize(
    ("over", "figures", "says"),
    [
        ("limits.7", {}, "frontier: over must name a limit of the scenario, got limits.7; one of limits.0"),
        ("limits.0", {"start": 5, "stop": 5}, "frontier: needs at least 2 points from a figure of at least 0 to a larger one"),
        ("limits.0", {"points": 1}, "frontier: needs at least 2 points"),
        ("limits.1", {"start": "a lot"}, "frontier: from must be a number, or a percentage such as 5%, got a lot"),
        ("limits.1", {"stop": "150%"}, "a share must be at most 1"),
    ],
)
def test_what_is_no_frontier_is_a_scenario_error(folder, over, figures, says):
    with pytest.raises(ScenarioError, match=says):
        optimizer.frontier(folder / "small.yaml", over, **figures)
