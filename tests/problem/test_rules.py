"""Rules for single units: who may be given which of the amounts, and what they cannot leave anyone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST, Amounts
from optimizer.problem.rules import Rules, too_dear
from optimizer.problem.where import Where

AMOUNTS = Amounts((0, 100, 200, 300))


def left(rules, **columns):
    """What each unit may be given."""
    frame = pd.DataFrame(columns)
    barred = rules.menu(frame, len(frame), AMOUNTS).barred(slice(None))
    return [AMOUNTS.array[~row].tolist() for row in barred]


def refusal(rules, n=2, amounts=AMOUNTS, **columns):
    with pytest.raises(DataError) as caught:
        rules.menu(pd.DataFrame(columns) if columns else None, n, amounts)
    return str(caught.value)


def test_without_a_rule_anyone_may_be_given_anything():
    assert left(Rules(), x=[1, 2]) == [[0, 100, 200, 300]] * 2


def test_some_are_never_given_anything():
    rules = Rules(never=[{"status": "withdrawn"}, {"income": {"at_least": 9}}])
    assert left(rules, status=["new", "withdrawn", "new"], income=[1, 2, 9]) == [[0, 100, 200, 300], [0], [0]]


def test_a_promise_stands_and_so_does_the_promise_of_nothing():
    assert left(Rules(fixed="promised"), promised=[200, None, 0]) == [[200], [0, 100, 200, 300], [0]]


def test_a_cap_is_the_largest_award_and_an_empty_cell_is_none():
    assert left(Rules(cap="need"), need=[250, 0, None, 10**9]) == [[0, 100, 200], [0], *[[0, 100, 200, 300]] * 2]


def test_a_floor_is_the_smallest_award_and_none_is_no_floor():
    assert left(Rules(floor="sure"), sure=[150, 0, None, 300]) == [[200, 300], *[[0, 100, 200, 300]] * 2, [300]]


def test_a_group_may_have_amounts_of_its_own_and_two_groups_what_both_allow():
    rules = Rules(only=[({"law": 1}, (100, 200)), ({"far": 1}, (200, 300))])
    assert left(rules, law=[1, 0, 1, 0], far=[0, 1, 1, 0]) == [[0, 100, 200], [0, 200, 300], [0, 200], [0, 100, 200, 300]]


def test_a_group_may_be_given_as_it_is_written_or_already_read():
    written = {"law": 1}
    for rules in (Rules(never=[written]), Rules(never=[Where.parse(written)])):
        assert left(rules, law=[1, 0]) == [[0], [0, 100, 200, 300]]


def test_rules_name_the_columns_they_read():
    rules = Rules(never=[{"a": 1}], fixed="b", cap="c", floor="d", only=[({"e": 1, "f": 2}, (100,))])
    assert set(rules.columns) == set("abcdef")
    assert Rules(cost_per_uplift=5).columns == ()


@settings(derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_law_every_rule_is_kept_by_what_is_left_and_nothing_else_is_barred(seed):
    rng = np.random.default_rng(seed)
    n = 8
    frame = pd.DataFrame(
        {
            "out": rng.random(n) < 0.2,
            "need": rng.choice([150, 200, 300, np.nan], n),
            "sure": rng.choice([0, 100, np.nan], n),
            "law": rng.integers(0, 2, n),
        }
    )
    frame.loc[frame["out"], "sure"] = 0
    rules = Rules(never=[{"out": True}], cap="need", floor="sure", only=[({"law": 1}, (100, 300))])
    for unit, given_to in zip(frame.itertuples(), left(rules, **frame), strict=True):
        allowed = [
            amount
            for amount in AMOUNTS
            if (not unit.out or amount == 0)
            and not amount > unit.need
            and not amount < unit.sure
            and (unit.law == 0 or amount in (0, 100, 300))
        ]
        assert given_to == allowed


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0])])
def test_what_some_units_may_be_given_are_those_rows_of_all(rows):
    menu = Rules(cap="need", only=[({"law": 1}, (200,))]).menu(
        pd.DataFrame({"need": [100, 200, 300], "law": [0, 1, 1]}), 3, AMOUNTS
    )
    assert menu.barred(rows).tolist() == menu.barred(slice(None))[rows].tolist()


@pytest.mark.parametrize(
    ("rules", "columns"),
    [
        (Rules(cap="need", floor="sure"), {"need": [None, 100], "sure": [None, 200]}),
        (Rules(never=[{"law": 1}], floor="sure"), {"law": [0, 1], "sure": [0, 100]}),
        (Rules(never=[{"law": 1}], fixed="promised"), {"law": [0, 1], "promised": [None, 100]}),
        (Rules(cap="need", fixed="promised"), {"need": [None, 100], "promised": [None, 200]}),
        (Rules(only=[({"law": 1}, (100,))], fixed="promised"), {"law": [0, 1], "promised": [None, 200]}),
        (Rules(floor="sure"), {"sure": [300, 301]}),
    ],
)
def test_rules_that_leave_a_unit_nothing_name_its_row(rules, columns):
    said = refusal(rules, **columns)
    assert said.startswith("rules: leave row 2 of the units no amount that it may be given, not even none; see its promise")


def test_a_promise_must_be_on_offer():
    said = refusal(Rules(fixed="promised"), n=3, promised=[None, 150, 400])
    assert said.startswith("rules.fixed: 150 in row 2 of the units is not among the amounts on offer, 2 such in all; add it")


def test_amounts_of_a_group_must_be_on_offer():
    assert refusal(Rules(only=[({"law": 1}, (150,))]), law=[1, 0]).startswith("rules.only: 150 is not among the amounts on offer")


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (Rules(fixed="b"), "rules.fixed: column 'b' is not in the units; they have ['a']"),
        (Rules(cap="b"), "rules.cap: column 'b' is not in the units"),
        (Rules(floor="b"), "rules.floor: column 'b' is not in the units"),
        (Rules(never=[{"b": 1}]), "rules.never: where: column 'b' is not in the units"),
        (Rules(only=[({"b": 1}, (100,))]), "rules.only: where: column 'b' is not in the units"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_its_rule(rules, says):
    assert refusal(rules, a=[1, 2]).startswith(says)
    assert "pass units=" in refusal(rules)


def test_units_and_curves_must_be_as_many():
    assert refusal(Rules(cap="a"), n=3, a=[1, 2]) == "units: must have one row for each of the 3 curves, got 2"


@pytest.mark.parametrize("figure", [-1, 1.5, True, LARGEST + 1])
def test_what_an_extra_outcome_may_cost_is_whole_and_not_negative(figure):
    with pytest.raises(ValueError, match=r"rules\.cost_per_uplift: must be whole currency units from 0 to .*; leave it out"):
        Rules(cost_per_uplift=figure)


def test_an_award_that_costs_too_much_for_what_it_brings_is_too_dear():
    costs, values = np.array([0, 100, 200]), np.array([[0.5, 0.625, 0.75], [0.5, 0.5, 0.25], [0.0, 0.125, 0.125]])
    assert too_dear(costs, values, 1_000, None).tolist() == [[False, False, False], [False, True, True], [False, False, True]]


def test_whoever_must_be_given_an_award_is_given_one_whatever_it_brings():
    barred = np.array([[True, False, False]])
    assert not too_dear(np.array([0, 100, 200]), np.array([[0.5, 0.5, 0.4]]), 0, barred).any()
