"""The gap between what is found and what is proven."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.problem.allocation import Allocation, Incumbent, relative_gap

finite = st.floats(-1e12, 1e12)


def test_an_allocation_at_its_bound_has_no_gap():
    assert relative_gap(5.0, 5.0) == 0.0


def test_a_bound_that_rounding_put_below_the_value_is_no_negative_gap():
    assert relative_gap(5.0, 4.999999999) == 0.0


@pytest.mark.parametrize(("value", "bound", "gap"), [(4.0, 5.0, 0.25), (-4.0, -3.0, 0.25), (-1.0, 1.0, 2.0)])
def test_the_gap_is_relative_to_the_value(value, bound, gap):
    assert relative_gap(value, bound) == gap


def test_the_gap_above_a_value_of_nothing_has_no_end():
    assert relative_gap(0.0, 1e-300) == float("inf")
    assert relative_gap(0.0, 0.0) == 0.0


def test_without_an_incumbent_there_is_no_gap_to_stop_at():
    nothing = Incumbent(choice=None, value=-np.inf, bound=3.0, source="dual")
    assert not nothing.gap <= 0.5


@settings(derandomize=True, deadline=None)
@given(value=finite, bound=finite)
def test_a_gap_is_never_negative_and_is_nothing_only_at_the_bound(value, bound):
    gap = relative_gap(value, bound)
    assert gap >= 0.0
    if bound > value + 1e-6 * abs(value):
        assert gap > 0.0


def test_allocation_and_incumbent_state_the_same_gap():
    index = np.zeros(1, dtype=np.intp)
    allocation = Allocation(index=index, amount=index, value=4.0, bound=5.0, bound_source="dual", shadow_prices={}, usage={})
    assert allocation.gap == Incumbent(choice=index, value=4.0, bound=5.0, source="dual").gap == 0.25
