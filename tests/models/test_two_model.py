import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from models import ResponseError, TwoModel


def line(x, y):
    return np.polynomial.Polynomial.fit(x, y, 1)


def test_each_arm_is_its_own_least_squares_line():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=60), rng.integers(0, 2, 60)
    y = rng.normal(size=60) + t * (1.0 + x)
    model = TwoModel(LinearRegression()).fit(pd.DataFrame({"x": x}), 500 * t, y)
    at = np.array([-1.0, 0.0, 2.0])
    control, treated = line(x[t == 0], y[t == 0])(at), line(x[t == 1], y[t == 1])(at)
    assert model.response(pd.DataFrame({"x": at}), [0, 500]) == pytest.approx(np.column_stack([control, treated]))
    assert model.effect(pd.DataFrame({"x": at})) == pytest.approx(treated - control)


def test_with_one_award_the_treated_do_not_take_the_amount():
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = TwoModel(LinearRegression()).fit(X, [0, 0, 7, 7], [1.0, 2.0, 3.0, 5.0])
    assert [branch.column for branch in model.branches(X)] == [None, None]
    assert model.treated_.n_features_in_ == 1


def test_with_several_awards_the_treated_have_the_amount_last(past):
    model = TwoModel(LinearRegression()).fit(past.X, past.award, past.enrolled)
    without, with_award = model.branches(past.X)
    assert (without.column, with_award.column, with_award.scale) == (None, 3, 1e6)
    assert model.control_.n_features_in_ == 3
    assert model.treated_.n_features_in_ == 4


def test_the_control_model_answers_for_no_award_and_the_treated_for_any(past, units):
    model = TwoModel(LogisticRegression()).fit(past.X, past.award, past.enrolled)
    features = model.preparation_.transform(units)
    wanted = [
        model.control_.predict_proba(features)[:, 1],
        model.treated_.predict_proba(np.column_stack([features, np.full(30, 0.05)]))[:, 1],
    ]
    assert model.response(units, [0, 50_000]).T.tolist() == pytest.approx(np.array(wanted))


def test_amounts_may_come_in_any_order(past, units):
    model = TwoModel(LogisticRegression()).fit(past.X, past.award, past.enrolled)
    assert model.response(units, [1e6, 0, 5e5])[:, [1, 2, 0]].tolist() == model.response(units, [0, 5e5, 1e6]).tolist()


def test_passthrough_gives_only_the_treated_a_column_amount(past):
    numbers = past.X[["score"]]
    model = TwoModel(LinearRegression(), prepare="passthrough").fit(numbers, past.award, past.enrolled)
    assert list(model.control_.feature_names_in_) == ["score"]
    assert list(model.treated_.feature_names_in_) == ["score", "amount"]
    assert model.response(numbers, [0, 1e6]).shape == (400, 2)


@pytest.mark.parametrize(
    ("treatment", "y", "said"),
    [
        ([1, 2, 1, 2], [0, 1, 0, 1], "control arm is empty"),
        ([0, 0, 2, 2], [0, 0, 0, 1], "TwoModel, control arm: LogisticRegression needs outcomes of both kinds, got only 0"),
        ([0, 0, 2, 2], [0, 1, 1, 1], "TwoModel, treated arm: LogisticRegression needs outcomes of both kinds, got only 1"),
    ],
)
def test_an_arm_that_cannot_be_learned_from_is_named(treatment, y, said):
    with pytest.raises(ResponseError, match=said):
        TwoModel(LogisticRegression()).fit(pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}), treatment, y)


def test_weights_are_split_between_the_arms():
    X = pd.DataFrame({"x": [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]})
    model = TwoModel(LinearRegression()).fit(X, [0, 0, 0, 1, 1, 1], [0.0, 4.0, 0.0, 8.0, 0.0, 0.0], [3, 1, 1, 3, 1, 1])
    assert model.response(X.iloc[:1], [0, 1])[0] == pytest.approx([1.0, 6.0])
