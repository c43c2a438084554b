"""A group of units is those whose columns meet every condition; a missing value is in no group."""

import numpy as np
import pandas as pd
import pytest

from optimizer.problem.where import Between, OneOf, Where


@pytest.fixture(scope="module")
def people():
    return pd.DataFrame(
        {
            "gender": ["F", "M", None, "F"],
            "income": [1.0, np.nan, 3.0, 4.0],
            "size": pd.array([1, None, 2, 3], dtype="Int64"),
            "first": pd.array([True, None, False, True], dtype="boolean"),
            "faculty": pd.Categorical(["law", "arts", None, "arts"]),
            "mixed": np.array([1, "1", None, 2.0], dtype=object),
        }
    )


@pytest.mark.parametrize(
    ("where", "inside"),
    [
        ({"gender": "F"}, [1, 0, 0, 1]),
        ({"gender": ["F", "M"]}, [1, 1, 0, 1]),
        ({"income": 3}, [0, 0, 1, 0]),
        ({"income": np.float64(4)}, [0, 0, 0, 1]),
        ({"income": {"at_least": 3}}, [0, 0, 1, 1]),
        ({"income": {"at_most": 3}}, [1, 0, 1, 0]),
        ({"income": {"at_least": 2, "at_most": 3}}, [0, 0, 1, 0]),
        ({"size": {"at_least": 2}}, [0, 0, 1, 1]),
        ({"size": [1, 3]}, [1, 0, 0, 1]),
        ({"first": True}, [1, 0, 0, 1]),
        ({"first": False}, [0, 0, 1, 0]),
        ({"faculty": "arts"}, [0, 1, 0, 1]),
        ({"mixed": 1}, [1, 0, 0, 0]),
        ({"mixed": "1"}, [0, 1, 0, 0]),
        ({"gender": "F", "income": {"at_least": 2}}, [0, 0, 0, 1]),
        ({"gender": "X"}, [0, 0, 0, 0]),
    ],
)
def test_units_are_inside_when_every_condition_holds_and_missing_values_are_never(people, where, inside):
    mask = Where.parse(where).mask(people)
    assert mask.dtype == bool
    assert mask.tolist() == [bool(one) for one in inside]


@pytest.mark.parametrize("where", [{"income": float("nan")}, {"income": [1.0, float("nan")]}, {"gender": float("nan")}])
def test_not_even_a_group_of_nan_takes_missing_values_in(people, where):
    mask = Where.parse(where).mask(people)
    assert not mask[people[next(iter(where))].isna()].any()


def test_a_range_includes_both_ends():
    assert Between(at_least=1, at_most=2).mask(pd.Series([0.999, 1, 2, 2.001])).tolist() == [False, True, True, False]


def test_no_units_are_in_no_group():
    assert Where.parse({"x": 1}).mask(pd.DataFrame({"x": []})).shape == (0,)


def test_conditions_that_are_built_already_are_kept():
    ready = Between(at_most=5), OneOf(("a", "b"))
    assert Where.parse({"x": ready[0], "y": ready[1]}).conditions == (("x", ready[0]), ("y", ready[1]))


def test_a_group_says_its_columns_and_reads_as_words():
    where = Where.parse({"gender": ["F", "X"], "income": {"at_least": 2, "at_most": 5}, "size": {"at_most": 3_000_000}})
    assert where.columns == ("gender", "income", "size")
    assert str(where) == "gender F or X, income from 2 to 5, size at most 3,000,000"
    assert str(Where.parse({"x": {"at_least": 1}})) == "x at least 1"


def test_groups_that_say_the_same_are_equal():
    assert Where.parse({"x": [1, 2]}) == Where.parse({"x": (1, 2)})


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({}, r"where: must name at least one column, got \{\}; leave `where` out to mean everyone"),
        ({"x": []}, r"where\.x: must be a value, a list of values or a range, got \[\]"),
        ({"x": None}, r"where\.x: must be a value, a list of values or a range, got None"),
        ({"x": [[1]]}, r"where: a value must be text, a number or true/false, got \[1\]"),
        ({"x": [None]}, r"where: a value must be text, a number or true/false, got None"),
        ({"x": {"above": 1}}, r"where\.x: a range has at_least and at_most, got \['above'\]"),
        ({"x": {}}, r"where: a range needs at_least or at_most, got neither"),
        ({"x": {"at_least": 2, "at_most": 1}}, r"where: at_least 2 is above at_most 1; swap them"),
    ],
)
def test_groups_that_cannot_be_meant_are_refused(where, message):
    with pytest.raises(ValueError, match=message):
        Where.parse(where)


def test_a_column_that_is_not_there_is_named_with_those_that_are(people):
    with pytest.raises(ValueError, match=r"where: column 'sex' is not in the units; they have \['faculty', 'first', 'gender'"):
        Where.parse({"sex": "F"}).mask(people)


@pytest.mark.parametrize("column", ["gender", "faculty", "mixed"])
def test_only_numbers_can_lie_in_a_range(people, column):
    with pytest.raises(ValueError, match=rf"where: column '{column}' must hold numbers to be compared, got "):
        Where.parse({column: {"at_least": 1}}).mask(people)


@pytest.mark.parametrize("end", ["2", [2]])
def test_the_ends_of_a_range_must_be_numbers(people, end):
    with pytest.raises(ValueError, match="where"):
        Where.parse({"income": {"at_least": end}}).mask(people)
