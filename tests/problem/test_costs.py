"""What an award costs: its amount, or its expectation in whole currency units, and what it takes to hand it out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST, Amounts
from optimizer.problem.costs import Charges, Costs, amounts_in

AMOUNTS = Amounts((0, 100, 250))


def charged(costs, values, frame=None):
    """The (n, m) table of costs."""
    table = np.asarray(values, dtype=float)
    return np.broadcast_to(costs.charges(frame).of(AMOUNTS.array, table, slice(None)), table.shape).tolist()


def test_an_award_costs_its_amount_unless_it_is_said_otherwise():
    assert charged(Costs(), [[0.1, 0.2, 0.3]]) == [[0, 100, 250]]


def test_what_an_award_costs_besides_is_not_charged_for_no_award():
    assert charged(Costs(per_award=7), [[0.1, 0.2, 0.3]]) == [[0, 107, 257]]


def test_a_column_says_what_an_award_costs_for_each_unit():
    frame = pd.DataFrame({"handling": [1, 20]})
    assert charged(Costs(per_award=7, column="handling"), np.zeros((2, 3)), frame) == [[0, 108, 258], [0, 127, 277]]


def test_an_award_that_is_paid_only_if_the_outcome_happens_costs_its_expectation_rounded_up():
    assert charged(Costs(paid="if_outcome"), [[0.5, 0.123, 0.8], [0.0, 0.0, 1.0]]) == [[0, 13, 200], [0, 0, 250]]


def test_what_no_probability_can_be_is_charged_as_certain_or_impossible():
    assert charged(Costs(paid="if_outcome"), [[0.0, 1.2, -0.1]]) == [[0, 100, 0]]


def test_handing_out_is_paid_whether_the_outcome_happens_or_not():
    assert charged(Costs(paid="if_outcome", per_award=7), [[0.9, 0.0, 0.5]]) == [[0, 7, 132]]


@settings(derandomize=True, deadline=None)
@given(amount=st.integers(0, LARGEST), value=st.floats(0, 1))
def test_law_an_expected_cost_is_never_below_the_expectation_and_never_above_the_amount(amount, value):
    [cost] = Charges(expected=True).of(np.array([amount]), np.array([value]), slice(None)).tolist()
    assert amount * value <= cost <= amount
    assert cost - amount * value <= 1


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, 3)])
def test_costs_of_some_units_are_those_rows_of_all(rows):
    frame = pd.DataFrame({"handling": [1, 20, 300]})
    charges = Costs(paid="if_outcome", column="handling").charges(frame)
    values = np.random.default_rng(0).random((3, 3))
    every = charges.of(AMOUNTS.array, values, slice(None))
    assert charges.of(AMOUNTS.array, values[rows], rows).tolist() == every[rows].tolist()


def test_only_costs_that_no_unit_has_to_itself_are_common():
    frame = pd.DataFrame({"handling": [1]})
    assert [Costs(**given).charges(frame).common for given in ({}, {"per_award": 5}, {"column": "handling"})] == [
        True,
        True,
        False,
    ]
    assert not Costs(paid="if_outcome").charges(None).common


@pytest.mark.parametrize("figure", [-1, 2.5, True, LARGEST + 1, "5"])
def test_what_an_award_costs_besides_is_whole_and_not_negative(figure):
    with pytest.raises(ValueError, match=r"costs\.per_award: must be whole currency units from 0 to .*, got .*; use 0"):
        Costs(per_award=figure)


def test_awards_are_paid_always_or_if_the_outcome_happens():
    with pytest.raises(ValueError, match=r"costs\.paid: must be always or if_outcome, got 'never'"):
        Costs(paid="never")


@pytest.mark.parametrize(
    "cells",
    [
        [5, 7],
        [5.0, 7.0],
        pd.array([5, 7], dtype="Int64"),
        pd.array([5, 7], dtype="Float64"),
        pd.array([5, 7], dtype="int64[pyarrow]"),
        np.array([5, 7], dtype=np.uint8),
    ],
)
def test_whole_numbers_are_read_whatever_type_holds_them(cells):
    read = amounts_in(pd.DataFrame({"c": cells}), "c", "rules.cap", missing=None)
    assert (read.tolist(), read.dtype) == ([5, 7], np.int64)


@pytest.mark.parametrize("cells", [[5, None], pd.array([5, None], dtype="Int64"), pd.array([5, None], dtype="Float64")])
@pytest.mark.parametrize("missing", [0, -1, 10**18])
def test_an_empty_cell_says_what_it_is_taken_to_say(cells, missing):
    assert amounts_in(pd.DataFrame({"c": cells}), "c", "rules.cap", missing=missing).tolist() == [5, missing]


def test_a_column_of_empty_cells_says_nothing_of_anyone():
    assert amounts_in(pd.DataFrame({"c": [np.nan, np.nan]}), "c", "rules.fixed", missing=-1).tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([5, -2], "must hold whole currency units from 0 to .*, got -2 in row 2 of the units, 1 such in all"),
        ([2.5, 7.5], r"got 2\.5 in row 1 of the units, 2 such in all"),
        ([1, np.inf], "got inf in row 2"),
        ([1, LARGEST + 1], "in row 2"),
        ([1, np.nan], "got nan in row 2 of the units"),
        (["5", "7"], "must hold whole currency units, got str; write plain numbers"),
        ([True, False], "must hold whole currency units, got bool"),
    ],
)
def test_a_cell_that_is_no_amount_is_told_with_its_row(cells, says):
    with pytest.raises(DataError, match=f"costs.column: column 'c' .*{says}"):
        amounts_in(pd.DataFrame({"c": cells}), "c", "costs.column", missing=None)


def test_a_column_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(DataError, match=r"costs\.column: column 'b' is not in the units; they have \['a'\]"):
        Costs(column="b").charges(pd.DataFrame({"a": [1]}))
    with pytest.raises(DataError, match=r"costs\.column: .*no columns of the units are known; pass units="):
        Costs(column="b").charges(None)
