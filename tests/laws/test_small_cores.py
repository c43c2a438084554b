"""A core too large for the backend is cut; the plan then stays feasible and its bound stays true."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.decide import decide
from optimizer.engine import close as backend
from optimizer.engine.verify import certify
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.amounts import Amounts
from optimizer.problem.core import Capacity
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

CAPACITIES = [
    Capacity(variables=6, rows=6),
    Capacity(variables=3),
    Capacity(rows=4),
    Capacity(variables=9, rows=20),
    Capacity(rows=8),
]
GROUPS = [
    Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
    Limit.recipients(at_least=1, name="someone"),
    Limit.cost(at_most=0.5, of="cost", where={"gender": "M"}, name="men's money"),
    Limit.outcome(at_most=2.0, name="seats"),
]


def drawn(seed, *, groups):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    values = rng.random((n, m)).cumsum(axis=1) if rng.random() < 0.7 else rng.normal(size=(n, m))
    values = np.round(values, 1) if rng.random() < 0.3 else values
    amounts = Amounts((0, *np.cumsum(rng.integers(1, 8, size=m - 1)).tolist()))
    limits = [Limit.cost(at_most=int(rng.integers(1, 6 * n))), Limit.recipients(at_most=int(rng.integers(1, n + 1)))]
    limits += [limit for limit in GROUPS if groups and rng.random() < 0.4]
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], size=n)})
    curves = Curves.of(values, amounts)
    return curves, Coupling.compile(limits, n, units)


def best_of_all(curves, coupling):
    n, m = curves.shape
    choices = (np.array(choice, dtype=np.intp) for choice in itertools.product(range(m), repeat=n))
    totals = (Totals.of(choice, curves, coupling) for choice in choices)
    return max((total.outcome for total in totals if not coupling.broken(total)), default=None)


def honest(curves, coupling, solver):
    """Whether the plan is optimal, after checking that it is feasible and that value ≤ truth ≤ bound; None without a plan."""
    truth = best_of_all(curves, coupling)
    try:
        plan = decide(curves, coupling, solver)
    except Infeasible:
        assert truth is None
        return None
    except NoIncumbent:
        return None
    certify(plan, curves, coupling)
    assert truth is not None
    assert plan.value <= truth + 1e-9
    assert plan.bound >= truth - 1e-9
    return plan.value >= truth - 1e-9


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize("solver", [Solver(), Solver(backend="highs")])
def test_a_tiny_licence_gives_a_feasible_plan_with_an_honest_gap(monkeypatch, capacity, solver):
    monkeypatch.setattr(backend, "capacity", lambda _: capacity)
    optimal = [honest(*drawn(seed, groups=False), solver) for seed in range(25)]
    assert None not in optimal  # with packing limits there is always an incumbent
    assert sum(optimal) > 5


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize("solver", [Solver(), Solver(backend="highs")])
def test_limits_on_groups_stay_honest_under_a_tiny_licence(monkeypatch, capacity, solver):
    monkeypatch.setattr(backend, "capacity", lambda _: capacity)
    assert any(honest(*drawn(seed, groups=True), solver) for seed in range(30))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), variables=st.integers(1, 20), rows=st.integers(1, 16), gap=st.sampled_from([0.0, 0.05]))
def test_every_capacity_is_honest(seed, variables, rows, gap):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "capacity", lambda _: Capacity(variables=variables, rows=rows))
        honest(*drawn(seed, groups=seed % 2 == 0), Solver(backend="highs", gap=gap))


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_holding_few_options_at_once_is_honest(monkeypatch, kept):
    monkeypatch.setattr("optimizer.engine.fix.KEPT", kept)
    monkeypatch.setattr("optimizer.engine.pricing.BLOCK", 1)
    results = [honest(*drawn(seed, groups=seed % 2 == 0), Solver(backend="highs")) for seed in range(16)]
    assert any(results)


def test_a_larger_licence_never_makes_the_proof_worse(monkeypatch):
    rng = np.random.default_rng(0)
    curves = Curves.of(rng.random((60, 5)).cumsum(axis=1), Amounts((0, 3, 7, 8, 20)))
    coupling = Coupling.compile([Limit.cost(at_most=301), Limit.recipients(at_most=31)], 60)
    bounds = []
    for variables in (3, 8, 20, 60, 200):
        monkeypatch.setattr(backend, "capacity", lambda _, size=variables: Capacity(variables=size))
        plan = decide(curves, coupling, Solver(backend="highs"))
        certify(plan, curves, coupling)
        bounds.append(plan.bound - plan.value)
    assert bounds[-1] <= 1e-9
    assert bounds[0] >= bounds[-1]
