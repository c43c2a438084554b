"""Terms turn outcomes into curves: what each amount costs a unit, and which it may be given; at once or in parts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import DataError
from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.rules import Rules
from optimizer.problem.streamed import Streamed
from optimizer.problem.terms import Terms

AMOUNTS = Amounts((0, 100, 250))
EVERY = slice(None)


def test_without_costs_and_rules_curves_are_plain():
    terms = Terms.of(AMOUNTS, 2)
    curves = terms.curves(np.zeros((2, 3)), EVERY)
    assert (curves.costs.tolist(), curves.barred, curves.expected) == ([0, 100, 250], None, False)
    assert terms.common_costs.tolist() == [0, 100, 250]


def test_what_every_award_costs_besides_is_common():
    assert Terms.of(AMOUNTS, 2, costs=Costs(per_award=5)).common_costs.tolist() == [0, 105, 255]


def test_expected_costs_are_those_of_each_unit_and_said_to_be_expected():
    terms = Terms.of(AMOUNTS, 2, costs=Costs(paid="if_outcome"))
    curves = terms.curves(np.array([[0.1, 0.5, 0.8], [0.0, 0.0, 1.0]]), EVERY)
    assert terms.common_costs is None
    assert curves.costs.tolist() == [[0, 50, 200], [0, 0, 250]]
    assert curves.expected
    assert curves.part(np.array([1])).expected


def test_an_award_is_too_dear_by_what_it_costs_not_by_its_amount():
    values = np.array([[0.0, 0.1, 0.2]])
    always = Terms.of(AMOUNTS, 1, rules=Rules(cost_per_uplift=1_000))
    expected = Terms.of(AMOUNTS, 1, costs=Costs(paid="if_outcome"), rules=Rules(cost_per_uplift=1_000))
    assert always.curves(values, EVERY).barred.tolist() == [[False, False, True]]
    assert not expected.curves(values, EVERY).barred.any()


def test_a_promise_stands_whatever_its_return():
    frame = pd.DataFrame({"promised": [250, None]})
    terms = Terms.of(AMOUNTS, 2, frame, rules=Rules(fixed="promised", cost_per_uplift=0))
    assert terms.curves(np.zeros((2, 3)), EVERY).barred.tolist() == [[True, True, False], [False, True, True]]


def test_a_problem_names_the_columns_of_its_limits_costs_and_rules_once():
    limits = (
        Limit.cost(at_most=5),
        Limit.cost(at_most=5, where={"b": 1}),
        Limit.parity("recipients", by="c", within=0.1, where={"a": 1}),
    )
    problem = Problem(amounts=AMOUNTS, limits=limits, costs=Costs(column="d"), rules=Rules(cap="a", fixed="e"))
    assert problem.columns == ("a", "b", "c", "d", "e")
    assert Problem(amounts=AMOUNTS).columns == ()


def drawn(seed):
    """A problem's terms on 7 units, and their outcomes."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"need": rng.choice([100, 250, np.nan], 7), "handling": rng.integers(0, 50, 7), "law": rng.integers(0, 2, 7)}
    )
    costs = Costs(paid=str(rng.choice(["always", "if_outcome"])), column="handling" if rng.random() < 0.5 else None)
    dear = int(rng.integers(0, 2_000)) if rng.random() < 0.5 else None
    rules = Rules(cap="need", only=[({"law": 1}, (250,))], cost_per_uplift=dear) if rng.random() < 0.8 else None
    seen = np.column_stack([np.ones(7, dtype=bool), rng.random((7, 2)) < 0.5]) if rng.random() < 0.5 else None
    return Terms.of(AMOUNTS, 7, frame, costs, rules, seen), rng.random((7, 3))


@settings(derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_law_curves_of_a_part_are_that_part_of_the_curves(seed):
    terms, values = drawn(seed)
    whole = terms.curves(values, EVERY)
    rows = np.array([5, 0, 3])
    part = terms.curves(values[rows], rows)
    assert np.broadcast_to(part.costs, (3, 3)).tolist() == np.broadcast_to(whole.costs, (7, 3))[rows].tolist()
    assert (part.barred is None) == (whole.barred is None)
    assert part.barred is None or part.barred.tolist() == whole.barred[rows].tolist()


@settings(derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_law_curves_that_are_streamed_cost_and_bar_what_held_ones_do(seed):
    terms, values = drawn(seed)
    held = terms.curves(values, EVERY)
    streamed = Streamed(ask=lambda units, options: values[np.ix_(units, options)], n=7, terms=terms)
    choice = np.random.default_rng(seed).integers(0, 3, 7)
    assert streamed.cost_of(choice).tolist() == held.cost_of(choice).tolist()
    assert streamed.barred_at(choice).tolist() == held.barred_at(choice).tolist()
    assert streamed.expected == held.expected


@pytest.mark.parametrize("costs", [Costs(), Costs(paid="if_outcome")])
def test_costs_that_are_given_are_charged_as_they_are(costs):
    curves = Terms.of(AMOUNTS, 1, costs=costs).curves(np.full((1, 3), 0.5), EVERY, np.array([0, 1, 2]))
    assert curves.costs.tolist() == [0, 1, 2]


def seen_at(*options):
    return np.array([[option in options for option in range(3)]] * 2)


def test_what_units_alike_were_not_seen_with_is_barred():
    curves = Terms.of(AMOUNTS, 2, seen=seen_at(0, 2)).curves(np.zeros((2, 3)), EVERY)
    assert curves.barred.tolist() == [[False, True, False]] * 2


def test_promises_and_floors_stand_whoever_was_seen_with_them():
    frame = pd.DataFrame({"promised": [100.0, np.nan], "least": [np.nan, 100.0]})
    rules = Rules(fixed="promised", floor="least")
    only_none = Terms.of(AMOUNTS, 2, frame, rules=rules, seen=seen_at(0)).curves(np.zeros((2, 3)), EVERY)
    assert only_none.barred.tolist() == [[True, False, True]] * 2
    largest = Terms.of(AMOUNTS, 2, frame, rules=rules, seen=seen_at(0, 2)).curves(np.zeros((2, 3)), EVERY)
    assert largest.barred.tolist() == [[True, False, True], [True, False, False]]


@pytest.mark.parametrize("seen", [np.ones((2, 2), dtype=bool), np.ones((3, 3), dtype=bool), seen_at(1, 2)])
def test_what_was_seen_must_be_of_these_units_and_amounts_and_hold_no_award(seen):
    with pytest.raises(DataError, match=r"seen: must be \(2, 3\), the first column true"):
        Terms.of(AMOUNTS, 2, seen=seen)
