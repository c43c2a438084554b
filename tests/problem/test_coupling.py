"""Limits on given units become rows Σ A c + B 1[k > 0] + C v ≤ b, compared in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST, Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.rows import OUTCOME_TOLERANCE, slack

FRAME = pd.DataFrame({"gender": ["F", "M", "F", "M", "M"], "first": [1, 1, 0, 0, 0]})
WOMEN = {"gender": "F"}
AMOUNTS = Amounts((0, 100, 250))


def compiled(*limits, n=5, frame=FRAME):
    return Coupling.compile(limits, n, frame)


def row_of(limit):
    """The limit's only row, as {women, men: (A, B, C)} and its figure."""
    coupling = compiled(limit, Limit.cost(at_most=0, where=WOMEN, name="to tell the groups apart"))
    row, women, men = coupling.rows[0], coupling.groups[0], coupling.groups[1]
    return {"F": tuple(q[women] for q in row.coefficients), "M": tuple(q[men] for q in row.coefficients)}, row.allowed


@pytest.mark.parametrize(
    ("limit", "women", "men", "allowed"),
    [
        (Limit.cost(at_most=700), (1, 0, 0), (1, 0, 0), 700),
        (Limit.cost(at_least=700), (-1, 0, 0), (-1, 0, 0), -700),
        (Limit.cost(at_most=700, where=WOMEN), (1, 0, 0), (0, 0, 0), 700),
        (Limit.recipients(at_most=3), (0, 1, 0), (0, 1, 0), 3),
        (Limit.recipients(at_most=0.5), (0, 1, 0), (0, 1, 0), 2),
        (Limit.recipients(at_least=0.5), (0, -1, 0), (0, -1, 0), -3),
        (Limit.recipients(at_most=0.9, where=WOMEN), (0, 1, 0), (0, 0, 0), 1),
        (Limit.recipients(at_least=0.1, where=WOMEN), (0, -1, 0), (0, 0, 0), -1),
        (Limit.recipients(at_least=0.4, of="recipients", where=WOMEN), (0, Fraction(-3, 5), 0), (0, Fraction(2, 5), 0), 0),
        (Limit.recipients(at_most=0.4, of="recipients", where=WOMEN), (0, Fraction(3, 5), 0), (0, Fraction(-2, 5), 0), 0),
        (Limit.cost(at_most=0.25, of="cost", where=WOMEN), (Fraction(3, 4), 0, 0), (Fraction(-1, 4), 0, 0), 0),
        (Limit.cost(at_most=150, of="recipients"), (1, -150, 0), (1, -150, 0), 0),
        (Limit.cost(at_most=150, of="recipients", where=WOMEN), (1, -150, 0), (0, 0, 0), 0),
        (Limit.cost(at_most=150.5, of="units"), (1, 0, 0), (1, 0, 0), 752),
        (Limit.cost(at_least=150.5, of="units", where=WOMEN), (-1, 0, 0), (0, 0, 0), -301),
        (Limit.recipients(at_most=0.01, of="cost"), (Fraction(-1, 100), 1, 0), (Fraction(-1, 100), 1, 0), 0),
        (Limit.outcome(at_most=2.5), (0, 0, 1), (0, 0, 1), Fraction(5, 2)),
        (Limit.outcome(at_least=0.3, of="units"), (0, 0, -1), (0, 0, -1), Fraction(-3, 2)),
        (Limit.outcome(at_least=0.5, of="outcome", where=WOMEN), (0, 0, Fraction(-1, 2)), (0, 0, Fraction(1, 2)), 0),
        (Limit.cost(at_most=90, of="outcome", where=WOMEN), (1, 0, -90), (0, 0, 0), 0),
    ],
)
def test_a_limit_becomes_the_row_that_one_writes_by_hand(limit, women, men, allowed):
    coefficients, figure = row_of(limit)
    assert coefficients == {"F": women, "M": men}
    assert figure == allowed


def test_units_that_no_limit_tells_apart_are_one_group():
    assert compiled(Limit.cost(at_most=1), Limit.recipients(at_most=1)).groups.tolist() == [0] * 5
    two = compiled(Limit.cost(at_most=1, where=WOMEN), Limit.recipients(at_most=1))
    assert two.n_groups == 2
    four = compiled(Limit.cost(at_most=1, where=WOMEN), Limit.recipients(at_most=1, where={"first": 1}))
    assert four.n_groups == 4
    assert len(set(four.groups.tolist())) == 4
    assert four.groups[3] == four.groups[4]


def test_a_group_of_everyone_makes_no_second_group():
    assert compiled(Limit.cost(at_most=1, where={"gender": ["F", "M"]})).n_groups == 1


def test_a_group_of_nobody_uses_nothing():
    coupling = compiled(Limit.recipients(at_most=0, where={"gender": "X"}, name="nobody"))
    totals = Totals.of(np.ones(5, dtype=int), Curves.of(np.zeros((5, 3)), AMOUNTS), coupling)
    assert coupling.usage(totals) == {"nobody": (0.0, 0.0)}
    assert not coupling.broken(totals)


def test_tables_for_pricing_hold_the_rows_fractions():
    coupling = compiled(Limit.cost(at_most=9, where=WOMEN), Limit.recipients(at_least=0.4, of="recipients", where=WOMEN))
    assert coupling.coefficients.shape == (3, 2, 2)
    for l, row in enumerate(coupling.rows):
        assert coupling.coefficients[:, l, :].tolist() == [[float(c) for c in q] for q in row.coefficients]
    assert coupling.allowed.tolist() == [9.0, 0.0]


def test_no_limits_make_no_rows():
    coupling = compiled()
    assert (coupling.rows, coupling.n_groups, coupling.allowed.shape) == ((), 1, (0,))
    assert coupling.packing


@pytest.mark.parametrize(
    ("limit", "packing"),
    [
        (Limit.cost(at_most=1), True),
        (Limit.recipients(at_most=0.5, where=WOMEN), True),
        (Limit.recipients(at_least=1), False),
        (Limit.cost(at_most=0.5, of="cost", where=WOMEN), False),
        (Limit.outcome(at_most=1.0), False),
    ],
)
def test_limits_are_packing_when_giving_less_never_breaks_one(limit, packing):
    assert compiled(limit).packing is packing


def test_limits_of_the_same_name_are_numbered():
    names = [row.limit.name for row in compiled(*[Limit.cost(at_most=1)] * 3, Limit.recipients(at_most=1)).rows]
    assert names == ["cost", "cost (2)", "cost (3)", "recipients"]


def test_a_number_never_meets_a_name_that_was_given():
    names = [row.limit.name for row in compiled(*[Limit.cost(at_most=1, name=name) for name in ("a", "a", "a (2)")]).rows]
    assert len(set(names)) == 3


def test_totals_add_up_by_group_exactly():
    coupling = compiled(Limit.cost(at_most=1, where=WOMEN))
    curves = Curves.of(np.arange(15).reshape(5, 3) / 10, AMOUNTS)
    totals = Totals.of(np.array([0, 1, 2, 0, 2]), curves, coupling)
    women, men = coupling.groups[0], coupling.groups[1]
    assert totals.by_group[women] == (250, 1, pytest.approx(0.0 + 0.8))
    assert totals.by_group[men] == (350, 2, pytest.approx(0.4 + 0.9 + 1.4))
    assert (totals.cost, totals.recipients) == (600, 3)
    assert totals.outcome == pytest.approx(3.5)


def test_totals_may_count_some_units_only():
    coupling = compiled()
    curves = Curves.of(np.ones((5, 3)), AMOUNTS)
    totals = Totals.of(np.full(5, 2), curves, coupling, counted=np.array([True, False, True, False, False]))
    assert totals.by_group == ((500, 2, 2.0),)


def test_the_outcome_is_summed_without_rounding_on_the_way():
    curves = Curves.of([[1e16], [1.0], [-1e16], [1.0], [0.0]], Amounts((0,)))
    assert Totals.of(np.zeros(5, dtype=int), curves, compiled()).outcome == 2.0


def test_usage_speaks_the_limits_own_measure():
    coupling = compiled(
        Limit.cost(at_most=600, name="budget"),
        Limit.recipients(at_least=0.4, of="recipients", where=WOMEN, name="women"),
        Limit.cost(at_most=250, of="recipients", name="mean"),
        Limit.recipients(at_least=0.5, name="half"),
        Limit.outcome(at_most=2.0, name="seats"),
    )
    curves = Curves.of(np.tile([0.0, 0.25, 0.5], (5, 1)), AMOUNTS)
    usage = coupling.usage(Totals.of(np.array([2, 1, 0, 2, 0]), curves, coupling))
    assert usage == {
        "budget": (600.0, 600.0),
        "women": (1.0, 1.2),
        "mean": (600.0, 750.0),
        "half": (3.0, 3.0),
        "seats": (1.25, 2.0),
    }


def test_a_budget_missed_by_one_currency_unit_is_broken():
    curves = Curves.of(np.ones((5, 3)), AMOUNTS)
    for budget, broken in ((600, []), (599, ["budget"])):
        coupling = compiled(Limit.cost(at_most=budget, name="budget"))
        totals = Totals.of(np.array([2, 1, 0, 2, 0]), curves, coupling)
        assert [row.limit.name for row in coupling.broken(totals)] == broken


def test_a_least_spending_missed_by_one_currency_unit_is_broken():
    totals = Totals(((600, 3, 1.0),))
    assert not compiled(Limit.cost(at_least=600)).broken(totals)
    assert compiled(Limit.cost(at_least=601)).broken(totals)


@settings(derandomize=True, deadline=None)
@given(budget=st.integers(2**53, 2**62), over=st.integers(1, 5))
def test_budgets_beyond_what_floats_hold_are_compared_exactly(budget, over):
    coupling = compiled(Limit.cost(at_most=budget))
    assert not coupling.broken(Totals(((budget, 1, 0.0),)))
    assert coupling.broken(Totals(((budget + over, 1, 0.0),)))


@settings(derandomize=True, deadline=None)
@given(per_mille=st.integers(1, 999), women=st.integers(0, 10**15), men=st.integers(0, 10**15))
def test_a_share_of_money_is_compared_exactly(per_mille, women, men):
    coupling = compiled(Limit.cost(at_most=per_mille / 1000, of="cost", where=WOMEN))
    by_group = [(0, 0, 0.0)] * 2
    by_group[coupling.groups[0]], by_group[coupling.groups[1]] = (women, 1, 0.0), (men, 1, 0.0)
    assert bool(coupling.broken(Totals(tuple(by_group)))) == (1000 * women > per_mille * (women + men))


def test_ten_million_of_the_largest_awards_are_still_counted_exactly():
    curves = Curves.of(np.zeros((1000, 2)), Amounts((0, LARGEST)))
    coupling = compiled(Limit.cost(at_most=1000 * LARGEST - 1), n=1000)
    totals = Totals.of(np.ones(1000, dtype=int), curves, coupling)
    assert totals.cost == 1000 * LARGEST
    assert coupling.broken(totals)
    assert LARGEST * 10_000_000 < 2**63


def test_costs_whose_sum_leaves_64_bits_never_keep_a_small_budget():
    try:
        curves = Curves.of(np.ones((5, 2)), Amounts((0, 1)), [0, 2**62])
    except DataError:
        return
    coupling = compiled(Limit.cost(at_most=10))
    assert coupling.broken(Totals.of(np.array([1, 1, 1, 1, 0]), curves, coupling))


def test_only_rows_that_count_outcomes_have_slack():
    assert slack(compiled(Limit.cost(at_most=10**15)).rows[0]) == 0
    assert slack(compiled(Limit.outcome(at_most=0.5)).rows[0]) == Fraction(OUTCOME_TOLERANCE)
    assert slack(compiled(Limit.outcome(at_most=500)).rows[0]) == 500 * Fraction(OUTCOME_TOLERANCE)


def test_an_outcome_may_pass_its_figure_by_rounding_and_no_more():
    coupling = compiled(Limit.outcome(at_most=0.3))
    assert not coupling.broken(Totals(((0, 0, 0.1 + 0.2),)))
    assert coupling.broken(Totals(((0, 0, 0.3 + 3e-9),)))


def test_a_group_without_columns_is_refused():
    with pytest.raises(
        DataError, match=r"limit women: names the group gender F, but no columns of the units are known; pass units="
    ):
        compiled(Limit.recipients(at_most=1, where=WOMEN, name="women"), frame=None)


def test_columns_of_another_number_of_units_are_refused():
    with pytest.raises(DataError, match=r"units: must have one row for each of the 4 curves, got 5"):
        compiled(Limit.recipients(at_most=1, where=WOMEN), n=4)


def test_a_column_that_is_not_there_is_refused_with_the_limits_name():
    with pytest.raises(DataError, match=r"limit young: where: column 'age' is not in the units; they have \['first', 'gender'\]"):
        compiled(Limit.recipients(at_most=1, where={"age": {"at_most": 20}}, name="young"))
