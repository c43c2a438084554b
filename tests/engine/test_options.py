"""A sorted list of open options, and which of them are taken when not all fit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.engine.options import Options
from optimizer.problem.core import Capacity


def options(*entries):
    owner, option, reduced = zip(*entries, strict=True)
    return Options(np.array(owner), np.array(option), np.array(reduced, dtype=float))


THREE = options((0, 0, 0.0), (0, 1, 0.1), (1, 0, 0.5), (1, 2, 0.0), (1, 3, 0.2), (4, 1, 0.0), (4, 3, 0.9))
NONE = np.zeros(7, dtype=bool)


def listed(chosen):
    return list(zip(chosen.owner.tolist(), chosen.option.tolist(), strict=True))


def test_no_options_are_none():
    assert len(Options.none().owner) == 0
    kept, outside = Options.none().smallest(NONE[:0], NONE[:0], Capacity(variables=1), 2)
    assert (len(kept.owner), outside) == (0, math.inf)


def test_lists_are_joined_in_order():
    joined = Options.join([Options.none(), THREE.where(THREE.owner < 4), THREE.where(THREE.owner == 4)])
    assert listed(joined) == listed(THREE)
    assert joined.reduced.tolist() == THREE.reduced.tolist()


def test_owners_with_a_single_option_are_decided():
    single = options((0, 0, 0.0), (2, 1, 0.0), (2, 3, 0.4), (3, 1, 0.0))
    assert listed(single.undecided()) == [(2, 1), (2, 3)]


def test_the_first_of_each_owner_is_the_smallest_and_of_equals_the_cheaper():
    equal = options((0, 2, 0.3), (0, 4, 0.3), (0, 5, 0.9), (7, 1, 0.5), (7, 2, 0.1))
    assert equal.first_of_each(equal.reduced).tolist() == [0, 4]
    assert equal.first_of_each(equal.reduced, place=1).tolist() == [1, 3]


def test_everything_is_kept_when_it_fits_and_nothing_is_outside():
    kept, outside = THREE.smallest(NONE, NONE, Capacity(variables=10, rows=8), 2)
    assert listed(kept) == listed(THREE)
    assert outside == math.inf


@pytest.mark.parametrize(
    ("capacity", "kept", "outside"),
    [
        (Capacity(variables=9), [(0, 0), (0, 1), (1, 2), (1, 3), (1, 0)], 0.0),
        (Capacity(variables=6), [(0, 0), (0, 1), (1, 2), (1, 3)], 0.0),
        (Capacity(variables=5), [(0, 0), (0, 1)], 0.0),
        (Capacity(rows=4), [(0, 0), (0, 1)], 0.0),
        (Capacity(rows=6), [(0, 0), (0, 1), (1, 2), (1, 3), (1, 0)], 0.0),
        (Capacity(variables=2), [], 0.0),
    ],
)
def test_owners_open_in_order_of_their_second_best(capacity, kept, outside):
    chosen, left = THREE.smallest(NONE, NONE, capacity, 2)
    assert listed(chosen) == sorted(kept)
    assert left == outside


def test_the_option_at_which_all_of_a_closed_owner_stand_is_not_lost():
    settled = np.array([False, False, False, True, False, True, False])
    chosen, left = THREE.smallest(settled, settled, Capacity(variables=3), 2)
    assert listed(chosen) == [(0, 0), (0, 1)]
    assert left == 0.2


def test_the_option_at_which_some_of_a_closed_owner_stand_is_lost():
    used = np.array([False, False, False, True, False, True, False])
    _, left = THREE.smallest(used, NONE, Capacity(variables=3), 2)
    assert left == 0.0


def test_options_in_use_open_with_their_owner():
    used = np.array([False, False, True, False, False, False, False])
    chosen, left = THREE.smallest(used, NONE, Capacity(variables=7), 2)
    assert listed(chosen) == [(0, 0), (0, 1), (1, 0), (1, 2), (1, 3)]
    assert left == 0.0


@pytest.mark.parametrize("capacity", [Capacity(variables=0), Capacity(rows=0)])
def test_nothing_fits_a_capacity_of_nothing(capacity):
    kept, _ = THREE.smallest(NONE, NONE, capacity, 2)
    assert listed(kept) == []


@settings(derandomize=True, deadline=None, max_examples=100)
@given(data=st.data())
def test_what_is_kept_fits_and_each_owner_that_opens_has_a_choice_and_its_used_options(data):
    owners = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=5))
    count = sum(owners)
    reduced = data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.1, 0.5, 1.0]), min_size=count, max_size=count))
    used = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    settled = used & np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    every = Options(
        np.repeat(np.arange(len(owners)), owners), np.concatenate([np.arange(size) for size in owners]), np.array(reduced)
    )
    capacity = Capacity(variables=data.draw(st.none() | st.integers(1, 20)), rows=data.draw(st.none() | st.integers(1, 12)))
    kept, outside = every.smallest(used, settled, capacity, 2)
    classes = len(set(kept.owner.tolist()))
    assert len(kept.owner) + classes <= (math.inf if capacity.variables is None else capacity.variables)
    assert not classes or 2 * classes + 2 <= (math.inf if capacity.rows is None else capacity.rows)
    assert listed(kept) == sorted(listed(kept))
    is_kept = np.array([pair in set(listed(kept)) for pair in listed(every)])
    opened = np.isin(every.owner, kept.owner)
    assert is_kept[opened & used].all()
    assert (np.bincount(every.owner, weights=is_kept)[np.unique(kept.owner)] >= 2).all()
    lost = every.reduced[~is_kept & ~(settled & ~opened)]
    assert outside == lost.min(initial=math.inf)
