"""A history holds what is known, counts what is not, and refuses what cannot be meant."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.edge.datasets import read_dataset
from optimizer.edge.history_from import history_from, in_currency
from optimizer.edge.tables import Table
from optimizer.errors import DataError

GOOD = {
    "award": [0.0, 100.0, 0.0, 200.0],
    "enrolled": [0, 1, 1, 0],
    "age": [20.0, 30.0, 40.0, 50.0],
    "region": ["n", "s", "n", "e"],
}


def table(**columns):
    return Table(frame=pd.DataFrame(GOOD | columns), digest="d1", name="data/h.csv", first_row=2)


def read(source, features=("age", "region"), **options):
    return history_from(source, outcome="enrolled", treatment="award", features=features, **options)


def test_a_complete_table_is_read_whole():
    history = read(table())
    assert len(history) == 4
    assert history.treatment.tolist() == [0, 100, 0, 200]
    assert history.outcome.tolist() == [0, 1, 1, 0]
    assert list(history.X.columns) == ["age", "region"]
    assert (dict(history.left_out), history.digest) == ({}, "d1")
    assert history.notes == ("data/h.csv: mean outcome 0.5 without an award (2 rows), 0.5 with an award (2 rows).",)


def test_the_mean_outcome_of_either_arm_is_told_of_the_usable_rows():
    history = read(table(enrolled=[3.0, 1.0, np.nan, 0.5]))
    assert history.notes[-1] == "data/h.csv: mean outcome 3 without an award (1 row), 0.75 with an award (2 rows)."
    everyone = read(table(award=[100.0, 100.0, 200.0, 200.0]))
    assert everyone.notes[-1] == "data/h.csv: mean outcome 0.5 with an award (4 rows)."


def test_rows_without_outcome_or_treatment_are_left_out_and_counted_once():
    history = read(table(enrolled=[np.nan, 1, np.nan, 0], award=[np.nan, 100, 0, 0], age=[1.0, 2.0, 3.0, 4.0]))
    assert history.left_out == {"outcome missing": 2}
    assert history.frame.age.tolist() == [2.0, 4.0]
    assert history.frame.index.tolist() == [0, 1]


def test_a_row_without_treatment_alone_is_counted_as_such_and_both_counts_are_told():
    history = read(table(enrolled=[np.nan, 1, 0, 1], award=[0, np.nan, 0, 100]))
    assert history.left_out == {"outcome missing": 1, "treatment missing": 1}
    assert history.notes[0] == "data/h.csv: 2 of 4 rows left out of the fit: 1 with outcome missing and 1 with treatment missing."


def test_missing_features_are_kept_and_told():
    history = read(table(age=[np.nan, 1.0, 2.0, np.nan]))
    assert len(history) == 4
    assert history.notes[0] == 'data/h.csv: feature "age" is missing in 2 of 4 rows; the model imputes it from history.'


def test_the_treatment_may_be_written_in_another_unit():
    assert read(table(award=[0, 0.29, 0, 2.5]), per=1000).treatment.tolist() == [0, 290, 0, 2500]


@given(st.integers(0, 10**9), st.sampled_from([1, 10, 100, 1000, 10**6]))
def test_an_amount_written_in_a_larger_unit_is_the_amount_itself(amount, per):
    assert in_currency(np.array([amount / per]), per).tolist() == [amount]


def test_amounts_that_are_not_whole_are_left_as_they_are():
    assert in_currency(np.array([0.5, 1.25, np.nan]), 1.0).tolist()[:2] == [0.5, 1.25]


def test_true_and_false_are_outcomes():
    assert read(table(enrolled=[True, False, True, False])).outcome.tolist() == [1, 0, 1, 0]


def test_arrays_are_read_only():
    history = read(table())
    for values in (history.treatment, history.outcome):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


def test_every_column_stays_in_the_frame_for_groups():
    assert "region" in read(table(), features=("age",)).frame


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"enrolled": ["yes", "no", "yes", "no"]},
            'column "enrolled" (outcome) must hold numbers, got "no" and "yes"; write 1 for what counts as success ("yes"?) and',
        ),
        (
            {"award": ["0", "100,000", "0", "1"]},
            'column "award" (treatment) must hold numbers, got "100,000" in row 3; write plain',
        ),
        ({"award": [0, np.inf, 0, 1]}, 'column "award" has an infinite number in row 3; remove or correct them'),
        ({"enrolled": [0, 1, -np.inf, np.inf]}, 'column "enrolled" has 2 infinite numbers in rows 4, 5'),
        ({"age": [np.inf] * 4}, 'column "age" has 4 infinite numbers, first in rows 2, 3, 4; remove or correct them'),
        ({"award": [0, -5, 0, 1]}, 'treatment "award" must not be negative, got -5 in row 3'),
        ({"award": [0, 0, 0, 0]}, 'treatment "award" is 0 in all 4 usable rows (nobody was treated)'),
        ({"award": [5, 5, 5, 5]}, 'treatment "award" is 5 in all 4 usable rows (everybody received the same)'),
        ({"enrolled": [1, 1, 1, np.nan]}, 'outcome "enrolled" is 1 in all 3 usable rows'),
        ({"enrolled": [np.nan] * 4}, 'no row has both "enrolled" and "award"'),
        ({"age": [np.nan] * 4}, 'feature "age" is empty in all 4 usable rows'),
        (
            {"age": pd.date_range("2024-01-01", periods=4)},
            'feature "age" holds dates, which no model reads; replace it by a number',
        ),
        ({"age": ["2024-01-01", "2024-02-01", np.nan, "2024-12-31"]}, 'feature "age" holds dates'),
        ({"age": [1, "x", 2, 3]}, "feature \"age\" must hold numbers, true/false or text, got mixed values, such as 1 and 'x'"),
        ({"award": pd.date_range("2024-01-01", periods=4)}, 'column "award" (treatment) must hold numbers, got datetime64'),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_column_its_rows_and_a_remedy(columns, says):
    frame = pd.DataFrame(GOOD | columns)
    with pytest.raises(DataError) as caught:
        read(Table(frame=frame, digest="", name="data/h.csv", first_row=2))
    assert str(caught.value).startswith(f"data/h.csv: {says}")
    assert ";" in str(caught.value)


@pytest.mark.parametrize(
    ("features", "says"), [(("aeg",), 'did you mean "age"'), (("AGE",), 'did you mean "age"'), (("zzz",), "which has award")]
)
def test_an_absent_column_names_the_closest(features, says):
    with pytest.raises(DataError, match=f'column "{features[0]}" is not in the table.*{says}'.replace("which", ".*which")):
        read(table(), features=features)


def test_the_outcome_is_no_feature():
    with pytest.raises(DataError, match='feature "enrolled" is the outcome itself'):
        read(table(), features=("age", "enrolled"))


def test_outcome_and_treatment_are_two_columns():
    with pytest.raises(DataError, match="cannot be both"):
        history_from(table(), outcome="award", treatment="award", features=("age",))


def test_an_infinite_number_in_a_row_that_is_left_out_does_no_harm():
    history = read(table(enrolled=[np.nan, 1, 0, 0], age=[np.inf, 1.0, 2.0, 3.0], award=[np.inf, 0, 1, 2]))
    assert len(history) == 3


def test_the_hiv_trial_counts_who_is_left_out():
    history = history_from(
        read_dataset("causaldata.thornton_hiv"), outcome="got", treatment="tinc", features=("age", "distvct", "hiv2004")
    )
    assert len(history) == 2834
    assert history.left_out == {"outcome missing": 1926, "treatment missing": 60}
