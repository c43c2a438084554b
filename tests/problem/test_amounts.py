"""The awards on offer: a finite set of whole numbers, and messages that say place, got and remedy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.problem.amounts import LARGEST, MOST, Amounts


def test_a_grid_starts_with_nothing_and_ends_with_the_largest_award():
    assert Amounts.grid(max=500, step=100, min=200).values == (0, 200, 300, 400, 500)


def test_without_a_least_award_a_grid_starts_at_its_step():
    assert Amounts.grid(max=300, step=100).values == (0, 100, 200, 300)


def test_a_grid_may_hold_a_single_award():
    assert Amounts.grid(max=7, step=3, min=7).values == (0, 7)


@settings(derandomize=True, deadline=None)
@given(low=st.integers(1, 10**6), step=st.integers(1, 10**6), awards=st.integers(1, 60))
def test_every_grid_is_an_even_ladder_above_nothing(low, step, awards):
    values = Amounts.grid(max=low + step * (awards - 1), step=step, min=low).values
    assert values[:2] == (0, low)
    assert set(np.diff(values[1:])) <= {step}
    assert len(values) == awards + 1


def test_tiers_are_sorted_and_nothing_is_put_first():
    assert Amounts.tiers([1_000, 250]).values == (0, 250, 1_000)


def test_whole_numbers_of_any_kind_become_plain_ints():
    values = Amounts((0, np.int32(5), 7.0, np.float64(9))).values
    assert values == (0, 5, 7, 9)
    assert {type(value) for value in values} == {int}


def test_amounts_have_a_length_an_order_and_an_array_that_cannot_be_written():
    amounts = Amounts((0, 3, 8))
    assert len(amounts) == 3
    assert list(amounts) == [0, 3, 8]
    assert amounts.array.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        amounts.array[0] = 1


def test_equal_amounts_are_equal_and_hash_alike():
    assert {Amounts((0, 1)), Amounts((0, 1.0))} == {Amounts((0, 1))}


def test_the_largest_award_is_allowed_and_one_more_is_not():
    assert Amounts((0, LARGEST)).values[-1] == LARGEST
    with pytest.raises(ValueError, match=rf"amounts: must be at most {LARGEST}, got {LARGEST + 1}; use a larger currency unit"):
        Amounts((0, LARGEST + 1))


def test_as_many_awards_as_a_grid_takes_are_allowed_and_one_more_is_not():
    assert len(Amounts.grid(max=MOST, step=1)) == MOST + 1
    with pytest.raises(
        ValueError, match=rf"amounts\.step: must leave at most {MOST} awards, got {MOST + 1}; choose a larger step"
    ):
        Amounts.grid(max=MOST + 1, step=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((), r"amounts: the first must be 0 \(no award\), got \(\); put 0 first"),
        ((5, 6), r"amounts: the first must be 0 \(no award\), got \(5,\); put 0 first"),
        ((-1, 0), r"amounts: the first must be 0 \(no award\), got \(-1,\); put 0 first"),
        ((0, 5, 5), r"amounts: must increase strictly, got \(0, 5, 5\); sort them and drop repeats"),
        ((0, 5, 4), r"amounts: must increase strictly, got \(0, 5, 4\); sort them and drop repeats"),
        ((0, 2.5), r"amounts: must be whole numbers, got 2\.5; choose a smaller currency unit, such as cents"),
        ((0, "5"), r"amounts: must be whole numbers, got '5'; money is counted in whole currency units"),
        ((0, True), r"amounts: must be whole numbers, got True; money is counted in whole currency units"),
        ((0, None), r"amounts: must be whole numbers, got None; money is counted in whole currency units"),
    ],
)
def test_amounts_that_cannot_be_meant_are_refused_with_a_remedy(values, message):
    with pytest.raises(ValueError, match=message):
        Amounts(values)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"max": 10, "step": 0}, r"amounts\.step: must be positive, got 0; give the distance between two awards"),
        ({"max": 10, "step": -5}, r"amounts\.step: must be positive, got -5; give the distance"),
        ({"max": 10, "step": 5, "min": 0}, r"amounts\.min: must be above 0 and at most max = 10, got 0; lower min or raise max"),
        ({"max": 10, "step": 5, "min": 15}, r"amounts\.min: must be above 0 and at most max = 10, got 15; lower min"),
        ({"max": 4, "step": 5}, r"amounts\.min: must be above 0 and at most max = 4, got 5"),
        ({"max": 10, "step": 4, "min": 1}, r"steps of 4 from 1 never reach max = 10; set max to 9 or 13, or .* divides 9"),
        ({"max": 10.5, "step": 5}, r"amounts: must be whole numbers, got 10\.5"),
    ],
)
def test_grids_that_cannot_be_meant_are_refused_with_a_remedy(asked, message):
    with pytest.raises(ValueError, match=message):
        Amounts.grid(**asked)


@pytest.mark.parametrize("awards", [[], [0], [-5, 5]])
def test_tiers_need_awards_above_nothing(awards):
    with pytest.raises(ValueError, match=r"amounts\.tiers: need at least one award, each above 0, got .*; 0 is always offered"):
        Amounts.tiers(awards)


def test_a_tier_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"amounts: must increase strictly, got \(0, 5, 5\)"):
        Amounts.tiers([5, 5])


@pytest.mark.parametrize("award", [float("inf"), float("nan"), -float("inf")])
def test_an_award_that_is_not_finite_is_refused_like_any_other_that_is_not_whole(award):
    with pytest.raises(ValueError, match=r"amounts: must be whole numbers"):
        Amounts((0, award))
