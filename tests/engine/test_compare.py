"""Simpler ways to spend the same money keep its budget and its heads, and say what else they break."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.decide import decide
from optimizer.engine.compare import compare
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

NAMES = ["nobody", "largest award to the highest uplift", "equal awards to a random share"]


def rules(instance, seed=0):
    return dict(zip(NAMES, compare(instance.curves, instance.coupling, seed), strict=True))


def test_there_are_three_rules_and_each_has_a_name(make):
    small = make([[0.0, 1.0]], [0, 1], [])
    assert [rule.name for rule in compare(small.curves, small.coupling, 0)] == NAMES


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 30),
    budget=st.integers(0, 400),
    heads=st.integers(0, 30),
    share=st.floats(0, 1),
    per_head=st.integers(0, 12),
)
def test_every_rule_keeps_budget_and_heads(make, seed, n, budget, heads, share, per_head):
    values = np.random.default_rng(seed).normal(size=(n, 4))
    limits = [
        Limit.cost(at_most=budget, name="budget"),
        Limit.cost(at_most=per_head, of="units", name="a head"),
        Limit.recipients(at_most=heads, name="heads"),
        Limit.recipients(at_most=share, name="share"),
    ]
    drawn = make(values, [0, 3, 8, 11], limits)
    for rule in compare(drawn.curves, drawn.coupling, seed):
        assert rule.breaks == ()
        assert rule.spent <= min(budget, per_head * n)
        assert rule.recipients <= min(heads, n)


@pytest.mark.parametrize("seed", range(10))
def test_nobody_is_worth_what_happens_without_awards(draw, seed):
    drawn = draw(seed)
    nobody = rules(drawn)["nobody"]
    assert nobody.outcome == pytest.approx(drawn.curves.values[:, 0].sum())
    assert nobody.recipients == 0


def test_the_largest_award_goes_to_the_highest_uplift_and_never_where_it_harms(make):
    values = [[0.5, 0.6, 0.9], [0.1, 0.1, 0.2], [0.0, 0.9, 0.8], [0.7, 0.9, 0.6]]
    drawn = make(values, [0, 5, 10], [Limit.cost(at_most=29)])
    rule = rules(drawn)[NAMES[1]]
    assert (rule.spent, rule.recipients) == (20, 2)
    assert rule.outcome == pytest.approx(0.9 + 0.1 + 0.8 + 0.7)
    free = rules(make(values, [0, 5, 10], []))[NAMES[1]]
    assert free.recipients == 3


def test_equal_awards_are_as_large_as_the_money_allows(make):
    drawn = make(np.tile([0.0, 0.1, 0.5], (6, 1)), [0, 5, 10], [Limit.cost(at_most=45), Limit.recipients(at_most=4)])
    rule = rules(drawn)[NAMES[2]]
    assert (rule.recipients, rule.spent) == (4, 40)
    assert rule.outcome == pytest.approx(2.0)


def test_where_money_is_short_fewer_get_the_smallest_award(make):
    drawn = make(np.tile([0.0, 0.1, 0.5], (6, 1)), [0, 5, 10], [Limit.cost(at_most=14)])
    rule = rules(drawn)[NAMES[2]]
    assert (rule.recipients, rule.spent) == (2, 10)


def test_the_random_share_is_drawn_by_the_seed(make):
    drawn = make(np.random.default_rng(0).random((50, 2)).cumsum(axis=1), [0, 5], [Limit.recipients(at_most=0.5)])
    outcomes = [rules(drawn, seed)[NAMES[2]].outcome for seed in (1, 1, 2)]
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_a_rule_names_the_limits_that_it_does_not_keep(make):
    units = pd.DataFrame({"gender": ["F", "M", "M"]})
    women = Limit.recipients(at_least=1, where={"gender": "F"}, name="women")
    drawn = make([[0.0, 0.1], [0.0, 0.9], [0.0, 0.8]], [0, 5], [Limit.cost(at_most=10), women], units)
    found = rules(drawn)
    assert found["nobody"].breaks == ("women",)
    assert found[NAMES[1]].breaks == ("women",)


def test_groups_that_are_held_together_are_no_head_count(make):
    units = pd.DataFrame({"gender": ["F", "M"]})
    fair = Limit.parity("recipients", by="gender", within=0.5, name="fair")
    found = rules(make([[0.0, 0.5], [0.0, 0.8]], [0, 5], [fair, Limit.cost(at_most=5)], units))
    assert found[NAMES[1]].recipients == 1
    assert found[NAMES[1]].breaks == ("fair",)


def test_a_head_count_that_is_met_exactly_is_the_most_there_are(make):
    found = rules(make(np.tile([0.0, 0.5], (4, 1)), [0, 5], [Limit.recipients(exactly=3, name="three")]))
    assert {name: (rule.recipients, rule.breaks) for name, rule in found.items()} == {
        "nobody": (0, ("three",)),
        NAMES[1]: (3, ()),
        NAMES[2]: (3, ()),
    }


def test_a_rule_that_gives_what_may_not_be_given_breaks_the_rules_for_single_units(make):
    drawn = make([[0.0, 0.5], [0.0, 0.8]], [0, 5], [Limit.cost(at_most=5)])
    barred = np.array([[False, False], [False, True]])
    curves = Curves.of(drawn.curves.values, drawn.curves.amounts, None, barred)
    nobody, largest, _ = compare(curves, drawn.coupling, 0)
    assert nobody.breaks == ()
    assert largest.breaks == ("rules for single units",)


def test_no_rule_does_better_than_the_plan(draw):
    for seed in range(30):
        drawn = draw(seed, extra=False)
        value = decide(drawn.curves, drawn.coupling, Solver(backend="highs")).value
        assert max(rule.outcome for rule in compare(drawn.curves, drawn.coupling, seed)) <= value + 1e-9
