"""The core expands counts of classes to a choice for every unit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.problem.core import Core


def core(members, options, fixed, outside=math.inf):
    klass = np.repeat(np.arange(len(members)), [len(of) for of in options])
    option = np.array([k for of in options for k in of], dtype=np.intp)
    return Core(
        members=tuple(np.array(units, dtype=np.intp) for units in members),
        klass=klass,
        option=option,
        value=option.astype(float),
        most=np.full(len(option), 9),
        usage=np.zeros((0, len(option))),
        left=np.zeros(0),
        fixed=np.array(fixed, dtype=np.intp),
        offset=0.0,
        spread=0.0,
        outside=outside,
    )


def test_units_outside_the_classes_keep_what_is_fixed():
    small = core([[1, 3, 4]], [[0, 2]], fixed=[5, 0, 6, 0, 0])
    assert small.expand(np.array([2, 1])).tolist() == [5, 0, 6, 0, 2]


def test_earlier_units_of_a_class_get_the_smaller_awards():
    small = core([[0, 2], [1, 3, 4]], [[1, 2], [0, 3, 4]], fixed=[0] * 5)
    assert small.expand(np.array([1, 1, 1, 0, 2])).tolist() == [1, 0, 2, 4, 4]


def test_expanding_leaves_the_core_untouched_and_its_answer_cannot_be_written():
    small = core([[0, 1]], [[0, 1]], fixed=[7, 7])
    choice = small.expand(np.array([1, 1]))
    assert small.fixed.tolist() == [7, 7]
    with pytest.raises(ValueError, match="read-only"):
        choice[0] = 3


def test_a_core_without_classes_is_what_is_fixed():
    assert core([], [], fixed=[3, 1]).expand(np.zeros(0, np.int64)).tolist() == [3, 1]


def test_a_core_is_complete_when_nothing_is_left_outside():
    assert core([], [], fixed=[]).complete
    assert not core([], [], fixed=[], outside=0.0).complete


def test_sizes_are_the_classes_multiplicities():
    assert core([[0], [1, 2, 3]], [[0, 1], [0, 1]], fixed=[0] * 4).sizes.tolist() == [1, 3]


@settings(derandomize=True, max_examples=50, deadline=None)
@given(data=st.data())
def test_an_expanded_choice_holds_as_many_of_each_option_as_were_counted(data):
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    shuffled = data.draw(st.permutations(range(sum(sizes))))
    members = [sorted(shuffled[end - size : end]) for size, end in zip(sizes, np.cumsum(sizes), strict=True)]
    options = [sorted(data.draw(st.sets(st.integers(0, 5), min_size=2))) for _ in sizes]
    counts = []
    for size, of in zip(sizes, options, strict=True):
        cuts = sorted(data.draw(st.lists(st.integers(0, size), min_size=len(of) - 1, max_size=len(of) - 1)))
        counts.extend(np.diff([0, *cuts, size]))
    choice = core(members, options, fixed=[9] * sum(sizes)).expand(np.array(counts))
    wanted = iter(counts)
    for units, of in zip(members, options, strict=True):
        assert [int((choice[units] == k).sum()) for k in of] == [next(wanted) for _ in of]
        assert (np.diff(choice[units]) >= 0).all()
