"""Response curves: an (n, m) table of finite outcomes and whole costs, which nobody can write to."""

import numpy as np
import pytest

from optimizer.errors import DataError
from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves

AMOUNTS = Amounts((0, 10, 30))
VALUES = [[0.1, 0.2, 0.3], [0.5, 0.4, 0.9]]


def test_costs_are_the_amounts_unless_they_are_given():
    curves = Curves.of(VALUES, AMOUNTS)
    assert curves.shape == (2, 3)
    assert curves.costs.tolist() == [0, 10, 30]
    assert Curves.of(VALUES, AMOUNTS, [0, 5.0, 6.0]).costs.tolist() == [0, 5, 6]


def test_costs_are_whole_64_bit_numbers_and_values_64_bit_floats():
    curves = Curves.of(np.array(VALUES, dtype=np.float32), AMOUNTS, np.array([0, 1, 2], dtype=np.int8))
    assert curves.costs.dtype == np.int64
    assert curves.values.dtype == np.float64


def test_values_and_costs_of_a_choice_are_read_off_the_curves():
    choice = np.array([2, 1])
    assert Curves.of(VALUES, AMOUNTS).value_of(choice).tolist() == [0.3, 0.4]
    assert Curves.of(VALUES, AMOUNTS).cost_of(choice).tolist() == [30, 10]


def test_each_unit_may_have_its_own_costs():
    curves = Curves.of(VALUES, AMOUNTS, [[0, 1, 2], [5, 6, 7]])
    assert curves.cost_of(np.array([2, 1])).tolist() == [2, 6]
    assert curves.cost_of(np.array([2]), np.array([1])).tolist() == [7]


@pytest.mark.parametrize("costs", [None, [0, 1, 2], [[0, 1, 2], [5, 6, 7]]])
def test_neither_values_nor_costs_can_be_written(costs):
    curves = Curves.of(VALUES, AMOUNTS, costs)
    with pytest.raises(ValueError, match="read-only"):
        curves.values[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        curves.costs[..., 0] = 1


@pytest.mark.parametrize("values", [[[0.1, 0.2]], [0.1, 0.2, 0.3], np.zeros((2, 3, 1)), 0.5])
def test_values_must_have_one_column_an_amount(values):
    with pytest.raises(DataError, match=r"values: must be \(units, 3\), one column an amount, got shape"):
        Curves.of(values, AMOUNTS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_row(bad):
    values = np.zeros((9, 3))
    values[[4, 7], 1] = bad
    with pytest.raises(DataError, match=r"values: must be finite, got 2 rows that are not, first \[4, 7\]; see what the model"):
        Curves.of(values, AMOUNTS)


def test_values_of_plus_and_minus_infinity_are_refused_without_a_warning():
    with pytest.raises(DataError, match="must be finite"):
        Curves.of([[np.inf, -np.inf, 0.0]], AMOUNTS)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ([0, 1], r"costs: must be \(3,\) or \(2, 3\), got shape \(2,\)"),
        ([[0, 1, 2]], r"costs: must be \(3,\) or \(2, 3\), got shape \(1, 3\)"),
        ([0, 1, 2.5], r"costs: must be whole currency units, got fractions; choose a smaller currency unit, such as cents"),
        ([0, 1, -2], r"costs: must be at least 0, got -2"),
    ],
)
def test_costs_that_cannot_be_meant_are_refused(costs, message):
    with pytest.raises(DataError, match=message):
        Curves.of(VALUES, AMOUNTS, costs)


@pytest.mark.parametrize("cost", [np.nan, np.inf, 1e30])
def test_costs_that_are_not_finite_or_too_large_are_refused_without_a_warning(cost):
    with pytest.raises(DataError, match="costs"):
        Curves.of(VALUES, AMOUNTS, [0, 1, cost])
