"""A first incumbent: feasible whenever limits are packing, and good enough to start from."""

import numpy as np
import pandas as pd
import pytest

from optimizer.engine.bound import bound
from optimizer.engine.rounding import round_dual
from optimizer.problem.coupling import Totals
from optimizer.problem.limits import Limit


def rounded(instance):
    return round_dual(instance.curves, instance.coupling, bound(instance.curves, instance.coupling))


def feasible(instance, choice):
    return not instance.coupling.broken(Totals.of(choice, instance.curves, instance.coupling))


@pytest.mark.parametrize("seed", range(40))
def test_the_rounded_choice_keeps_every_limit(draw, seed):
    drawn = draw(seed, extra=False)
    assert feasible(drawn, rounded(drawn))


@pytest.mark.parametrize("seed", range(10))
def test_many_units_in_groups_are_rounded_within_their_limits(make, seed):
    rng = np.random.default_rng(seed)
    values = np.round(np.sort(rng.random((300, 5)), axis=1), 1 + seed % 3)
    units = pd.DataFrame({"g": rng.choice(list("FM"), 300)})
    limits = [
        Limit.cost(at_most=int(rng.integers(0, 6_000)), name="budget"),
        Limit.cost(at_most=int(rng.integers(0, 3_000)), where={"g": "F"}, name="women's"),
        Limit.recipients(at_most=float(np.round(rng.random(), 2))),
    ]
    drawn = make(values, [0, 10, 25, 70, 90], limits, units)
    choice = rounded(drawn)
    assert feasible(drawn, choice)
    dual = bound(drawn.curves, drawn.coupling)
    assert drawn.curves.value_of(choice).sum() >= dual.bound - 3 * np.ptp(values, axis=1).max() - 1e-9


def test_limits_that_are_not_packing_are_not_rounded(make):
    least = make([[0.0, 1.0]], [0, 1], [Limit.recipients(at_least=1)])
    assert rounded(least) is None


def test_nothing_is_found_where_even_nothing_breaks_a_limit(make):
    dear = make([[0.0, 1.0]] * 2, [0, 1], [Limit.cost(at_most=3)], costs=[2, 1])
    assert rounded(dear) is None


@pytest.mark.parametrize("limits", [[Limit.cost(at_most=0)], [Limit.recipients(at_most=0)]])
def test_without_money_or_heads_everybody_gets_nothing(make, limits):
    assert rounded(make(np.tile([0.1, 0.9], (5, 1)), [0, 3], limits)).tolist() == [0] * 5


def test_what_is_left_is_spent(make):
    spent = make([[0.0, 1.0, 1.1]] * 3, [0, 2, 3], [Limit.cost(at_most=7)])
    choice = rounded(spent)
    assert spent.curves.value_of(choice).sum() == pytest.approx(3.1)


def test_equal_units_are_raised_until_the_money_is_gone(make):
    equal = make(np.tile([0.0, 1.0], (50, 1)), [0, 7], [Limit.cost(at_most=100)])
    assert int((rounded(equal) > 0).sum()) == 14


def test_a_share_with_packing_coefficients_between_0_and_1_is_counted(make):
    men = pd.DataFrame({"gender": ["M"] * 3})
    limits = [Limit.cost(at_most=0.5, of="cost", where={"gender": "M"}, name="men's money")]
    only_men = make([[0.0, 1.0]] * 3, [0, 5], limits, men)
    choice = rounded(only_men)
    assert choice is None or choice.tolist() == [0, 0, 0]


def test_awards_that_cost_less_than_nothing_are_counted_when_they_are_dropped(make):
    values = [[0.2, 0.5, 0.6, 0.8], [0.0, 0.1, 0.1, 0.1], [0.1, 0.3, 0.3, 0.5]]
    costs = [[4, 5, 0, 8], [8, 2, 3, 2], [0, 7, 5, 8]]
    falling = make(values, [0, 1, 2, 3], [Limit.cost(at_most=22), Limit.recipients(at_most=2)], costs=costs)
    choice = rounded(falling)
    assert choice is None or feasible(falling, choice)
