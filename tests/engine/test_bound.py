"""min_λ D(λ) is the value of the linear relaxation, computed here by a general LP solver."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, kron

from optimizer.engine.bound import bound
from optimizer.engine.pricing import best_options
from optimizer.errors import Infeasible
from optimizer.problem.limits import Limit


def relaxed(instance):
    """The optimum of the linear relaxation, or None if it has no solution."""
    n, m = instance.curves.shape
    unit = np.eye(len(instance.coupling.rows))
    usage = np.array([(instance.curves.values - instance.scores(price)).ravel() for price in unit]).reshape(len(unit), n * m)
    solved = linprog(
        -instance.curves.values.ravel(),
        A_ub=csr_array(usage),
        b_ub=[float(row.allowed) for row in instance.coupling.rows],
        A_eq=kron(eye_array(n), np.ones((1, m))),
        b_eq=np.ones(n),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert solved.status in (0, 2)
    return -solved.fun if solved.status == 0 else None


def larger(make, seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(10, 60)), int(rng.integers(2, 9))
    values = np.sort(rng.random((n, m)), axis=1) if seed % 3 else rng.normal(size=(n, m))
    values = np.round(values, 1) if seed % 4 == 0 else values
    amounts = [0, *np.cumsum(rng.integers(1, 50, size=m - 1) * (1 if seed % 2 else 50_000)).tolist()]
    units = pd.DataFrame({"g": rng.choice(list("FM"), n), "r": rng.choice(list("abc"), n), "x": rng.integers(0, 100, n)})
    most = amounts[-1] * n
    pool = [
        Limit.cost(at_most=int(most * rng.uniform(0, 0.6))),
        Limit.recipients(at_most=round(float(rng.uniform(0.05, 0.9)), 2)),
        Limit.recipients(at_least=0.4, of="recipients", where={"g": "F"}, name="women"),
        Limit.cost(at_most=0.3, of="cost", where={"r": "a"}, name="money of a"),
        Limit.recipients(at_least=0.1, where={"r": "b"}, name="heads of b"),
        Limit.cost(at_most=int(amounts[-1] * 0.6), of="recipients", name="mean"),
        Limit.outcome(at_most=round(abs(values[:, 0].sum()) + 0.5 * float(np.ptp(values, axis=1).sum()), 2), name="seats"),
        Limit.cost(at_least=int(most * 0.02), where={"x": {"at_most": 50}}, name="money of the young"),
        Limit.recipients(at_most=0.5, where={"r": "c"}, name="heads of c"),
    ]
    return make(values, amounts, [limit for limit in pool if rng.random() < 0.5], units)


def agrees(instance):
    truth = relaxed(instance)
    if truth is None:
        with pytest.raises(Infeasible, match="no allocation satisfies"):
            bound(instance.curves, instance.coupling)
        return None
    dual = bound(instance.curves, instance.coupling)
    assert dual.bound == pytest.approx(truth, rel=1e-9, abs=1e-9)
    return dual


@pytest.mark.parametrize("seed", range(60))
def test_the_bound_is_the_linear_relaxations_value_on_small_instances(draw, seed):
    agrees(draw(seed))


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_is_the_linear_relaxations_value_with_many_limits(make, seed):
    agrees(larger(make, seed))


@pytest.mark.parametrize("seed", range(30))
def test_no_feasible_allocation_is_worth_more_than_the_bound(draw, seed):
    drawn = draw(seed, most=4)
    _, values = drawn.choices()
    if len(values):
        assert bound(drawn.curves, drawn.coupling).bound >= values[0] - 1e-9
    else:
        assert relaxed(drawn) is None or bound(drawn.curves, drawn.coupling).bound < np.inf


@pytest.mark.parametrize("seed", range(20))
def test_what_the_dual_carries_follows_from_its_prices(draw, seed):
    drawn = draw(seed, extra=False)
    dual = bound(drawn.curves, drawn.coupling)
    choice, best = best_options(drawn.curves, drawn.coupling, dual.prices)
    assert (dual.prices >= 0).all()
    assert np.array_equal(dual.choice, choice)
    assert np.array_equal(dual.best, best)
    assert dual.bound == pytest.approx(float(drawn.coupling.allowed @ dual.prices) + drawn.scores(dual.prices).max(axis=1).sum())
    assert dual.near.shape == choice.shape
    assert ((dual.near >= 0) & (dual.near < drawn.curves.shape[1])).all()


def test_near_choices_of_many_equal_units_use_about_what_is_allowed(make):
    equal = make(np.tile([0.1, 0.9], (1000, 1)), [0, 10], [Limit.cost(at_most=3_000)])
    dual = bound(equal.curves, equal.coupling)
    assert int((dual.near > 0).sum()) == pytest.approx(300, abs=2)


def test_without_limits_everyone_gets_the_best_and_nothing_has_a_price(make):
    free = make([[0.1, 0.5, 0.3], [0.2, 0.1, 0.0]], [0, 1, 2], [])
    dual = bound(free.curves, free.coupling)
    assert dual.bound == pytest.approx(0.7)
    assert dual.choice.tolist() == [1, 0]
    assert dual.prices.shape == (0,)


def test_a_limit_that_holds_nothing_back_has_no_price(make):
    loose = make([[0.0, 1.0], [0.0, 2.0]], [0, 1], [Limit.cost(at_most=2), Limit.recipients(at_most=1)])
    dual = bound(loose.curves, loose.coupling)
    assert dual.bound == pytest.approx(2.0)
    assert dual.prices[0] == pytest.approx(0.0, abs=1e-12)


def test_curves_that_are_all_flat_are_bounded_by_themselves(make):
    flat = make(np.full((4, 3), 0.25), [0, 1, 2], [Limit.cost(at_most=3)])
    assert bound(flat.curves, flat.coupling).bound == 1.0


def test_contradictory_limits_are_infeasible_and_are_named(make):
    contradictory = make(
        np.random.default_rng(0).random((6, 3)),
        [0, 5, 9],
        [
            Limit.cost(at_most=14, name="budget"),
            Limit.recipients(at_most=5, name="loose"),
            Limit.recipients(at_least=4, name="coverage"),
        ],
    )
    with pytest.raises(Infeasible) as found:
        bound(contradictory.curves, contradictory.coupling)
    assert str(found.value) == "limits: no allocation satisfies budget and coverage together; relax one of them"


def test_a_least_that_nobody_can_meet_is_infeasible_alone(make):
    greedy = make(np.zeros((3, 2)), [0, 5], [Limit.cost(at_least=16, name="least"), Limit.recipients(at_most=3, name="heads")])
    with pytest.raises(Infeasible, match="no allocation satisfies least"):
        bound(greedy.curves, greedy.coupling)


def test_every_pass_is_told_to_the_progress(make):
    passes = []
    small = make([[0.0, 1.0], [0.0, 2.0]], [0, 1], [Limit.cost(at_most=1)])
    bound(small.curves, small.coupling, progress=lambda: passes.append(1))
    assert len(passes) > 1


@pytest.mark.parametrize("budget", [10**9, 10**12])
def test_a_budget_far_above_what_can_be_spent_does_not_loosen_the_bound(make, budget):
    values = [[0.0, 0.3, 0.4, 0.5], [0.2, 0.3, 0.6, 0.7], [0.2, 0.2, 0.4, 0.5], [0.1, 0.3, 0.5, 0.7], [0.0, 0.2, 0.3, 0.5]]
    loose = make(values, [0, 7, 10, 12], [Limit.cost(at_most=budget), Limit.recipients(at_most=2)])
    assert bound(loose.curves, loose.coupling).bound == pytest.approx(1.6, abs=1e-9)
