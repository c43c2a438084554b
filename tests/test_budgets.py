"""Other budgets: around the plan's own, proven, and none where that would say something else or take too long."""

from fractions import Fraction

import numpy as np
import pytest

from optimizer import Limit, allocate, budgets
from optimizer.budgets import other_budgets
from optimizer.engine.verify import certify
from optimizer.errors import NoIncumbent
from optimizer.problem.amounts import Amounts
from optimizer.problem.budget import POINTS, budgets_around, main_budget
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.result import Basis
from optimizer.problem.solver import Solver

AMOUNTS = Amounts((0, 100, 200, 300))


def decided(limits, n=80):
    rng = np.random.default_rng(3)
    values = rng.random((n, 1)) * 0.5 + np.sort(rng.random((n, 4)), axis=1) * 0.4
    curves = Curves.of(values, AMOUNTS)
    coupling = Coupling.compile(limits, n)
    allocation = allocate(values, AMOUNTS, limits)
    certify(allocation, curves, coupling)
    return Basis(curves=curves, coupling=coupling, solver=Solver()), allocation


def test_the_plan_is_a_point_of_its_own_frontier_and_more_money_never_brings_less():
    basis, allocation = decided([Limit.cost(at_most=4_000), Limit.recipients(at_most=0.3)])
    table = other_budgets(basis, allocation)
    assert table["figure"].tolist() == list(range(2_000, 6_001, 200))
    assert table["value"][POINTS // 2] == allocation.value
    assert (np.diff(table["value"]) >= -1e-5 * allocation.value).all()
    assert (table["gap"] <= 1e-5).all()
    assert (table["spent"] <= table["figure"]).all()


@pytest.mark.parametrize(
    "limits",
    [[Limit.recipients(at_most=0.3)], [Limit.cost(at_most=0)], [Limit.cost(at_least=100)], [Limit.cost(at_most=40, of="units")]],
)
def test_only_a_plain_limit_on_what_everyone_costs_is_a_budget(limits):
    assert main_budget(limits) is None
    basis, allocation = decided(limits)
    assert other_budgets(basis, allocation) is None


def test_many_units_or_a_search_without_a_plan_have_no_frontier(monkeypatch):
    basis, allocation = decided([Limit.cost(at_most=4_000)])
    monkeypatch.setattr(budgets, "MOST_UNITS", 79)
    assert other_budgets(basis, allocation) is None

    def stopped(*_):
        raise NoIncumbent("search: stopped")

    monkeypatch.setattr(budgets, "MOST_UNITS", 80)
    monkeypatch.setattr(budgets, "trace", stopped)
    assert other_budgets(basis, allocation) is None


def test_budgets_are_whole_and_hold_the_limits_own():
    assert budgets_around(Limit.cost(at_most=3)) == [Fraction(budget) for budget in (1, 2, 3, 4)]
    assert Fraction(10_000_001) in budgets_around(Limit.cost(at_most=10_000_001))
