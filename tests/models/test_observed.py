import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.observed import Observed, as_frame

X = pd.DataFrame({"score": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("treatment", "y", "weight", "said"),
    [
        ([0, 0, 0], [0, 1, 0], None, "at least two distinct amounts, got only 0 in 3 rows"),
        ([5, 5, 5], [0, 1, 0], None, "at least two distinct amounts, got only 5"),
        ([0, 1], [0, 1, 0], None, "treatment: must be one amount for each of the 3 units"),
        ([0, 1, 1], [0, 1], None, "y: must be one number for each of the 3 units"),
        ([0, 1, 1], [0, 1, np.nan], None, r"y: must be finite, got \[nan\] in rows \[2\]"),
        ([0, 1, 1], ["yes", "no", "no"], None, "y: must be one number a unit"),
        ([0, 1, 1], [0, 1, 1], [1, 1], "sample_weight: must be one number for each"),
        ([0, 1, 1], [0, 1, 1], [1, -1, 1], "sample_weight: must be ≥ 0"),
        ([0, 1, 1], [0, 1, 1], [0, 0, 0], "sample_weight: must be ≥ 0 and not all 0"),
    ],
)
def test_a_history_that_cannot_be_learned_from_is_refused(treatment, y, weight, said):
    with pytest.raises(ResponseError, match=said):
        Observed.read(X, treatment, y, weight)


def test_arms_are_told_apart_by_whether_anything_was_received():
    past = Observed.read(X, [0, 10, 0], [0, 1, 1])
    assert past.arm("control").tolist() == [0, 2]
    assert past.arm("treated").tolist() == [1]


def test_an_empty_arm_is_named():
    with pytest.raises(ResponseError, match="the control arm is empty, got amounts from 1 to 2"):
        Observed.read(X, [1, 2, 1], [0, 1, 1]).arm("control")


def test_a_plain_array_gets_column_names_and_a_vector_is_refused():
    assert list(as_frame(np.zeros((2, 2))).columns) == ["x0", "x1"]
    with pytest.raises(ResponseError, match="must be a DataFrame"):
        as_frame(np.zeros(2))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ResponseError, match="got score more than once"):
        as_frame(pd.DataFrame(np.zeros((1, 2)), columns=["score", "score"]))
