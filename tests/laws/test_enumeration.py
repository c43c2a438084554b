"""Every instance small enough to enumerate: the plan is the best of all, for both backends, and verification agrees."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from optimizer.engine.verify import certify
from optimizer.errors import Infeasible
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.rows import slack
from optimizer.problem.solver import Solver

INSTANCES = 1000


def best_of_all(curves, coupling):
    """The largest value among all m^n choices that keep every limit; whole-number limits are compared as whole numbers."""
    n, m = curves.shape
    choices = np.array(list(itertools.product(range(m), repeat=n)))
    feasible = np.ones(len(choices), dtype=bool)
    costs = np.broadcast_to(curves.costs, (n, m))
    for row in coupling.rows:
        unit = math.lcm(row.allowed.denominator, *(c.denominator for measure in row.coefficients for c in measure))
        a, b, c = ([float(x * unit) for x in measure] for measure in row.coefficients)
        usage = np.array(
            [
                [a[g] * costs[i, k] + b[g] * (k > 0) + c[g] * curves.values[i, k] for k in range(m)]
                for i, g in enumerate(coupling.groups)
            ]
        )
        feasible &= usage[np.arange(n), choices].sum(axis=1) <= float((row.allowed + slack(row)) * unit)
    values = curves.values[np.arange(n), choices].sum(axis=1)
    return float(values[feasible].max()) if feasible.any() else None


def draw(seed):
    """A random instance: 2–8 units, 2–6 amounts, ties, negative and falling curves, zero and huge budgets, cap 0."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 7))
    n = int(rng.integers(2, {2: 9, 3: 9, 4: 8, 5: 7, 6: 6}[m]))
    values = rng.normal(size=(n, m)) if rng.random() < 0.5 else rng.random((n, m)).cumsum(axis=1) / m
    if rng.random() < 0.4:
        values = np.round(values, 1)
    if rng.random() < 0.4:
        values = values[rng.integers(0, max(1, n // 2), size=n)]
    amounts = Amounts((0, *np.cumsum(rng.integers(1, 8, size=m - 1)).tolist()))
    costs = rng.integers(0, 9, size=(n, m)) if rng.random() < 0.2 else None
    budget = int(rng.choice([0, 1, int(rng.integers(0, 8 * n)), 10**9]))
    limits = [Limit.cost(at_most=budget), Limit.recipients(at_most=int(rng.integers(0, n + 1)))]
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], size=n), "score": rng.integers(0, 5, size=n)})
    extra = [
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
        Limit.recipients(at_least=1, where={"score": {"at_least": 3}}, name="coverage"),
        Limit.cost(at_most=0.5, of="cost", where={"gender": "M"}, name="share of money"),
        Limit.cost(at_most=3, of="recipients", name="mean award"),
        Limit.outcome(at_most=round(abs(float(rng.normal(n / 3, 1))), 3), name="seats")
        if rng.random() < 0.5
        else Limit.recipients(at_most=0.5, where={"gender": "F"}, name="half of the women"),
    ]
    kept = [limit for limit in extra if rng.random() < 0.25] if rng.random() < 0.5 else []
    return Curves.of(values, amounts, costs), [limit for limit in limits if rng.random() < 0.9] + kept, units


def check(seed, backend):
    curves, limits, units = draw(seed)
    coupling = Coupling.compile(limits, curves.shape[0], units)
    truth = best_of_all(curves, coupling)
    costs = curves.costs if curves.costs.ndim == 2 else None
    if truth is None:
        with pytest.raises(Infeasible):
            allocate(curves.values, curves.amounts, limits, costs=costs, units=units, solver=Solver(backend=backend))
        return
    plan = allocate(curves.values, curves.amounts, limits, costs=costs, units=units, solver=Solver(backend=backend))
    assert plan.value == pytest.approx(truth, abs=1e-9), seed
    assert plan.gap <= 1e-9, seed
    certify(plan, curves, coupling)


@pytest.mark.parametrize("start", range(0, INSTANCES, 100))
def test_the_plan_equals_full_enumeration_with_gurobi(start):
    for seed in range(start, start + 100):
        check(seed, "gurobi")


@pytest.mark.parametrize("start", range(0, INSTANCES, 100))
def test_the_plan_equals_full_enumeration_with_highs(start):
    for seed in range(start, start + 100):
        check(seed, "highs")
