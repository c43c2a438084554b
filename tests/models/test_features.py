import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.features import MOST_CATEGORIES, Passthrough, Preparation, preparation


def test_a_number_becomes_its_standard_score_with_the_median_for_what_is_missing():
    ready = Preparation().fit(pd.DataFrame({"score": [0.0, 2.0, 4.0, np.nan]}))
    # median 2 fills the gap: mean 2, variance (4 + 0 + 4 + 0)/4 = 2
    assert ready.transform(pd.DataFrame({"score": [4.0, np.nan]})).ravel() == pytest.approx([2.0 / np.sqrt(2.0), 0.0])
    assert ready.imputed_ == {"score": 1}


def test_a_value_missing_only_later_is_filled_with_historys_median():
    ready = Preparation().fit(pd.DataFrame({"score": [0.0, 1.0, 8.0]}))
    assert ready.imputed_ == {}
    assert (
        ready.transform(pd.DataFrame({"score": [np.nan, 1.0]})).ravel().tolist()
        == [ready.transform(pd.DataFrame({"score": [1.0]})).item()] * 2
    )


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_text_becomes_one_column_a_category_with_missing_among_them(dtype):
    texts = pd.DataFrame({"faculty": pd.Series(["law", None, "arts"], dtype=dtype)})
    ready = Preparation().fit(texts)
    assert ready.feature_names_ == ["faculty_arts", "faculty_law", "faculty_missing"]
    assert ready.transform(texts).tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert ready.imputed_ == {"faculty": 1}


def test_a_category_never_seen_is_all_zeros():
    ready = Preparation().fit(pd.DataFrame({"faculty": ["law", "arts"]}))
    assert ready.transform(pd.DataFrame({"faculty": ["alchemy"]})).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([True, False, True]),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series([1, 2, 3], dtype="int8"),
        pd.Series([1.5, 2.5, 3.5], dtype="float32"),
    ],
)
def test_every_kind_of_number_comes_out_as_one_dense_float64_column(column):
    ready = Preparation().fit(pd.DataFrame({"x": column}))
    out = ready.transform(pd.DataFrame({"x": column}))
    assert out.shape == (3, 1)
    assert out.dtype == np.float64
    assert np.isfinite(out).all()
    assert ready.feature_names_ == ["x"]


def test_columns_are_found_by_name_in_any_order_among_others():
    ready = Preparation().fit(pd.DataFrame({"a": [0.0, 1.0], "t": ["x", "y"], "b": [5.0, 9.0]}))
    assert ready.feature_names_ == ["a", "b", "t_x", "t_y"]
    shuffled = pd.DataFrame({"z": [7.0], "b": [9.0], "t": ["y"], "a": [1.0]})
    assert ready.transform(shuffled).tolist() == [[1.0, 1.0, 0.0, 1.0]]


def test_no_units_make_no_rows():
    ready = Preparation().fit(pd.DataFrame({"a": [0.0, 1.0], "t": ["x", "y"]}))
    assert ready.transform(pd.DataFrame({"a": [], "t": []})).shape == (0, 3)


def test_a_column_that_is_wholly_missing_later_is_read_as_what_it_was():
    ready = Preparation().fit(pd.DataFrame({"a": [0.0, 1.0, 2.0], "t": ["x", "y", "y"]}))
    out = ready.transform(pd.DataFrame({"a": [None], "t": [np.nan]}))
    assert out.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"a": [np.nan, np.nan]}), "a must have values in history, got none"),
        (pd.DataFrame({"a": [np.inf, 1.0]}), r"a must be finite, got infinity in rows \[0\]"),
        (pd.DataFrame({"a": pd.to_datetime(["2026-01-01", "2026-01-02"])}), "a must hold numbers or text, got dates"),
        (pd.DataFrame({"amount": [1.0, 2.0]}), "'amount' is what the award is called"),
        (pd.DataFrame({"a": [f"person {k}" for k in range(MOST_CATEGORIES + 1)]}), "a must have at most 500 categories, got 501"),
        (pd.DataFrame({"t_x": [1.0, 2.0], "t": ["x", "y"]}), "t_x is both a column and a category"),
        (pd.DataFrame({"a": []}), "history must have rows and columns, got 0 rows"),
    ],
)
def test_a_history_that_cannot_be_prepared_is_refused(frame, said):
    with pytest.raises(ResponseError, match=said):
        Preparation().fit(frame)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"a": [1.0]}), "got no t; add them"),
        (pd.DataFrame({"a": ["one"], "t": ["x"]}), "a held numbers in history"),
        (pd.DataFrame({"a": [1.0], "t": [3.0]}), "t held text in history"),
        (pd.DataFrame({"a": [-np.inf], "t": ["x"]}), "a must be finite"),
    ],
)
def test_units_unlike_history_are_refused(frame, said):
    ready = Preparation().fit(pd.DataFrame({"a": [0.0, 1.0], "t": ["x", "y"]}))
    with pytest.raises(ResponseError, match=said):
        ready.transform(frame)


def test_passthrough_hands_on_historys_columns_untouched():
    frame = pd.DataFrame({"a": [np.nan, 1.0], "t": ["x", None]})
    ready = Passthrough().fit(frame)
    pd.testing.assert_frame_equal(ready.transform(frame.assign(z=0)[["z", "t", "a"]]), frame)


def test_another_preparation_is_refused():
    with pytest.raises(ResponseError, match="prepare: must be 'auto' or 'passthrough', got 'none'"):
        preparation("none")
