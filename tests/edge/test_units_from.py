"""Units are all there, once each, under their own names."""

import numpy as np
import pandas as pd
import pytest

from optimizer.edge.history_from import history_from
from optimizer.edge.tables import Table, read_table
from optimizer.edge.units_from import check_same_kinds, units_from
from optimizer.errors import DataError

GOOD = {"id": ["a", "b", "c", "d"], "age": [20.0, 30.0, np.nan, 50.0], "gender": ["F", "M", None, "F"]}


def table(**columns):
    return Table(frame=pd.DataFrame(GOOD | columns), digest="d2", name="data/u.csv", first_row=2)


def read(source, id="id", features=("age",), columns=("gender",)):  # noqa: A002
    return units_from(source, id=id, features=features, columns=columns)


def test_units_keep_the_order_the_digest_and_all_columns_of_their_table():
    units = read(table())
    assert units.ids.tolist() == ["a", "b", "c", "d"]
    assert list(units.X.columns) == ["age"]
    assert list(units.frame.columns) == ["id", "age", "gender"]
    assert units.digest == "d2"
    assert units.notes == ('data/u.csv: feature "age" is missing in 1 of 4 rows; the model imputes it from history.',)


def test_units_without_ids_are_numbered_from_one():
    assert read(table(), id=None).ids.tolist() == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("ids", "texts"), [([1, 2, 3, 40], "1 2 3 40"), ([1.0, 2.0, 3.0, 4.5], "1 2 3 4.5"), (["NA", "b", "0", "00"], "NA b 0 00")]
)
def test_ids_are_text_as_a_person_writes_them(ids, texts):
    assert read(table(id=ids)).ids.tolist() == texts.split()


def test_ids_of_a_csv_file_keep_their_zeros_and_na_is_an_id(tmp_path):
    (tmp_path / "u.csv").write_text("id,age\n001,1\nNA,2\n")
    assert read(read_table(tmp_path / "u.csv", text_columns=["id"]), columns=()).ids.tolist() == ["001", "NA"]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"id": ["a", "b", "a", "a"]}, 'id column "id" must hold each id once, got "a" in rows 2, 4, 5; make them differ'),
        ({"id": ["a", "b", "b", "a"]}, 'got "a" in rows 2, 5; "b" in rows 3, 4;'),
        ({"id": ["a", None, "c", " "]}, 'id column "id" is empty in rows 3, 5; give every unit an id'),
        ({"id": [1.0, np.nan, 2.0, 3.0]}, 'id column "id" is empty in row 3'),
        ({"age": [1, np.inf, 2, 3]}, 'column "age" has an infinite number in row 3'),
        ({"age": pd.date_range("2024-01-01", periods=4)}, 'feature "age" holds dates'),
        ({"gender": [1.0, 2.0, -np.inf, 4.0]}, 'column "gender" has an infinite number in row 4'),
    ],
)
def test_what_cannot_be_decided_about_is_refused_with_its_rows(columns, says):
    with pytest.raises(DataError) as caught:
        read(table(**columns))
    assert str(caught.value).startswith("data/u.csv: ")
    assert says in str(caught.value)


@pytest.mark.parametrize("options", [{"id": "idd"}, {"features": ("agee",)}, {"columns": ("gendre",)}])
def test_an_absent_id_feature_or_group_column_names_the_closest(options):
    with pytest.raises(DataError, match=r'is not in the table.*did you mean "(id|age|gender)"'):
        read(table(), **options)


@pytest.mark.parametrize(
    ("past", "now", "says"),
    [
        ([1.0, 2.0], ["x", "y", "z", "w"], "must hold numbers as in the history, got text, such as x"),
        (["x", "y"], [1.0, 2.0, 3.0, 4.0], "must hold text as in the history, got numbers, such as 1.0"),
        (["x", "y"], [np.nan] * 4, "must hold text as in the history, got nothing"),
    ],
)
def test_a_feature_of_another_kind_than_in_the_history_is_refused(past, now, says):
    with pytest.raises(DataError, match=f'units: feature "age" {says}'):
        check_same_kinds(history(past), read(table(age=now)))


@pytest.mark.parametrize(
    ("past", "now"), [([1, 2], [1.5, 2.0, 3.0, 4.0]), ([True, False], [1, 0, 1, 0]), (["x", "y"], ["z"] * 4)]
)
def test_features_of_one_kind_agree_whatever_their_type(past, now):
    check_same_kinds(history(past), read(table(age=now)))


def history(ages):
    frame = pd.DataFrame({"award": [0, 1], "y": [0, 1], "age": ages})
    return history_from(Table(frame=frame, digest="", name="h"), outcome="y", treatment="award", features=("age",))
