"""What a run returns: a row a unit, with the quadrant of uplift where outcomes are probabilities."""

import numpy as np
import pandas as pd
import pytest

from optimizer.problem.allocation import Allocation
from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves
from optimizer.problem.result import COLUMNS, segments_of, table_of_plan
from optimizer.problem.units import Units

VALUES = np.array([[0.1, 0.2, 0.4], [0.1, 0.6, 0.5], [0.9, 0.7, 0.2], [0.8, 0.85, 0.9], [0.5, 0.4, 0.49999]])
INDEX = np.array([1, 2, 0, 2, 1])


@pytest.fixture
def table():
    def build(*, probabilities):
        curves = Curves.of(VALUES, Amounts((0, 10, 20)))
        allocation = Allocation(
            index=INDEX, amount=curves.amounts.array[INDEX], value=2.5, bound=3.0, bound_source="dual", shadow_prices={}, usage={}
        )
        units = Units(ids=np.array(list("abcde"), dtype=object), frame=pd.DataFrame({"x": range(5)}), features=("x",))
        return table_of_plan(units, curves, allocation, probabilities=probabilities)

    return build


def test_a_plans_table_has_one_row_a_unit_in_order(table):
    rows = table(probabilities=True)
    assert tuple(rows.columns) == COLUMNS
    assert rows["id"].tolist() == list("abcde")
    assert rows["amount"].tolist() == [10, 20, 0, 20, 10]


def test_outcomes_are_read_at_nothing_and_at_the_units_own_amount(table):
    rows = table(probabilities=False)
    assert rows["outcome_without"].tolist() == VALUES[:, 0].tolist()
    assert rows["outcome_with"].tolist() == [0.2, 0.5, 0.9, 0.9, 0.4]
    assert rows["uplift"].tolist() == (rows["outcome_with"] - rows["outcome_without"]).tolist()


def test_segments_compare_what_is_likely_without_an_award_and_at_the_largest(table):
    assert table(probabilities=True)["segment"].tolist() == [
        "lost cause",
        "persuadable",
        "sleeping dog",
        "sure thing",
        "sleeping dog",
    ]


def test_segments_are_empty_where_outcomes_are_no_probabilities(table):
    assert set(table(probabilities=False)["segment"]) == {""}


def test_awards_are_marked_as_extrapolated_where_that_is_known(table):
    assert set(table(probabilities=True)["extrapolated"]) == {""}


def test_segments_count_units_and_money_and_bound_what_is_not_known(table):
    rows = table(probabilities=True)
    segments = {segment.name: segment for segment in segments_of(Curves.of(VALUES, Amounts((0, 10, 20))), rows)}
    assert {name: (segment.units, segment.money) for name, segment in segments.items()} == {
        "persuadable": (1, 20),
        "sure thing": (1, 20),
        "lost cause": (1, 10),
        "sleeping dog": (2, 10),
    }
    # Of each unit at least the uplift is persuaded, at most as many as come with an award or stay away without.
    assert segments["persuadable"].low == pytest.approx(0.3 + 0.4 + 0.0 + 0.1 + 0.0)
    assert segments["persuadable"].high == pytest.approx(0.4 + 0.5 + 0.1 + 0.2 + 0.49999)
