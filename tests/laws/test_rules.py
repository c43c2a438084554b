"""Rules and costs said in two ways are the same plan, and what is spent is what the costs say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from optimizer.engine.verify import certify
from optimizer.errors import Infeasible
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.rules import Rules
from optimizer.problem.solver import Solver
from optimizer.problem.terms import Terms
from optimizer.problem.where import Where

AMOUNTS = Amounts((0, 3, 5, 9, 14))
SEEDS = range(25)
BACKENDS = ["gurobi", "highs"]


def drawn(seed):
    """Outcomes of 5–40 units, their columns, and limits that all can bind."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 41))
    values = rng.random((n, 1)) * rng.random((n, len(AMOUNTS))).cumsum(axis=1) / len(AMOUNTS)
    some, promised = rng.random(n) < 0.3, rng.choice(AMOUNTS.array, size=n)
    units = pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], size=n),
            "score": rng.integers(0, 10, size=n),
            "promise": np.where(some, promised, np.nan),
            "nothing": np.where(rng.random(n) < 0.3, 0.0, np.nan),
            "postage": rng.integers(0, 4, size=n),
        }
    )
    limits = [
        Limit.cost(at_most=int(rng.integers(2 * n, 10 * n))),
        Limit.recipients(at_least=0.3, of="recipients", where={"sex": "F"}, name="women"),
        Limit.recipients(at_most=float(rng.choice([0.5, 0.7, 0.9]))),
    ]
    return values, units, limits


def worth(seed, backend, rules, columns=None, costs=None):
    """The value of the plan; −inf if there is none."""
    values, units, limits = drawn(seed)
    units = units if columns is None else units.assign(**columns(units))
    try:
        return allocate(values, AMOUNTS, limits, costs, units, Solver(backend=backend), rules=rules).value
    except Infeasible:
        return -math.inf


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_promise_is_a_cap_and_a_floor_at_its_amount(seed, backend):
    both = worth(seed, backend, Rules(cap="promise", floor="promise"))
    assert worth(seed, backend, Rules(fixed="promise")) == pytest.approx(both, rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_never_is_a_cap_of_nothing_and_a_group_with_no_amounts(seed, backend):
    group = Where.parse({"sex": "M", "score": {"at_least": 4}})
    never = worth(seed, backend, Rules(never=(group,)))
    capped = worth(seed, backend, Rules(cap="most"), lambda units: {"most": np.where(group.mask(units), 0.0, np.nan)})
    assert never == pytest.approx(capped, rel=1e-9)
    assert never == pytest.approx(worth(seed, backend, Rules(only=((group, ()),))), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_promises_of_nothing_are_caps_of_nothing(seed):
    assert worth(seed, "highs", Rules(fixed="nothing")) == pytest.approx(worth(seed, "highs", Rules(cap="nothing")), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_that_forbid_nothing_change_nothing(seed):
    loose = Rules(cap="most", floor="least", only=((Where.parse({"sex": "F"}), AMOUNTS.values[1:]),), cost_per_uplift=10**11)
    columns = {"most": AMOUNTS.values[-1], "least": 0}
    values, _, _ = drawn(seed)
    assert (values[:, 1:] - values[:, :1] > 14e-11).all()
    assert worth(seed, "highs", loose, lambda _: columns) == pytest.approx(worth(seed, "highs", None), rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("per_award", [0, 2])
def test_awards_paid_if_the_outcome_happens_spend_what_is_expected_rounded_up(seed, backend, per_award):
    values, units, limits = drawn(seed)
    costs = Costs(paid="if_outcome", per_award=per_award, column="postage")
    plan = allocate(values, AMOUNTS, limits, costs, units, Solver(backend=backend))
    curves = Terms.of(AMOUNTS, len(values), units, costs).curves(values, slice(None))
    spent = certify(plan, curves, Coupling.compile(limits, len(values), units)).spent
    assert spent == sum(
        math.ceil(int(amount) * float(values[i, k])) + (per_award + int(units["postage"].iloc[i]) if k else 0)
        for i, (k, amount) in enumerate(zip(plan.index, plan.amount, strict=True))
    )
    assert spent <= limits[0].figure


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_costs_of_awards_may_be_said_in_columns_or_in_a_table(seed, backend):
    _, units, _ = drawn(seed)
    besides = 2 + units["postage"].to_numpy()[:, None] * np.ones(len(AMOUNTS), dtype=np.int64)
    table = AMOUNTS.array + np.where(np.arange(len(AMOUNTS)) > 0, besides, 0)
    said = worth(seed, backend, None, costs=Costs(per_award=2, column="postage"))
    assert said == pytest.approx(worth(seed, backend, None, costs=table), rel=1e-9)
    certain = worth(seed, backend, None, costs=Costs())
    assert certain == pytest.approx(worth(seed, backend, None), rel=1e-9)
