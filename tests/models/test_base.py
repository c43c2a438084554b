import numpy as np
import pandas as pd
import pytest

from models import Branch, ResponseError, ResponseModel, SLearner
from models.base import offered, received, with_amount


def test_a_learner_is_a_response_model_and_an_array_is_not():
    assert isinstance(SLearner(None), ResponseModel)
    assert not isinstance(np.zeros(3), ResponseModel)


def test_the_amount_goes_in_at_its_column_in_the_estimators_unit():
    branch = Branch(estimator=None, features=np.array([[1.0, 2.0], [3.0, 4.0]]), column=1, scale=1000.0)
    assert branch.inputs(np.array([1, 0]), np.array([500.0, 2000.0])).tolist() == [[3.0, 0.5, 4.0], [1.0, 2.0, 2.0]]


def test_a_branch_without_amount_feeds_the_features_alone():
    branch = Branch(estimator=None, features=np.array([[1.0], [3.0]]), column=None)
    assert branch.inputs(np.array([1]), np.array([7.0])).tolist() == [[3.0]]


def test_putting_the_amount_in_leaves_the_frame_as_it_was():
    frame = pd.DataFrame({"a": [1.0], "b": ["x"]})
    joined = with_amount(frame, 1, np.array([9.0]), "merit")
    assert list(joined.columns) == ["a", "merit", "b"]
    assert list(frame.columns) == ["a", "b"]


@pytest.mark.parametrize("amounts", [[], [-1], [0, np.nan], [np.inf]])
def test_amounts_that_cannot_be_offered_are_refused(amounts):
    with pytest.raises(ResponseError, match="amounts: must be a list of finite amounts"):
        offered(amounts)


def test_any_iterable_of_amounts_is_taken():
    assert offered(range(3)).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("treatment", "said"),
    [
        ([1.0], "one amount for each of the 2 units"),
        ([1.0, -2.0], r"got \[-2.0\] in rows \[1\]"),
        ([np.nan, 0.0], r"in rows \[0\]"),
        (["much", 0.0], "must be one number a unit"),
    ],
)
def test_amounts_received_must_be_one_finite_number_a_unit(treatment, said):
    with pytest.raises(ResponseError, match=said):
        received(treatment, 2)
