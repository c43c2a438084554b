import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from models import ResponseError, SLearner
from models.s_learner import amount_scale


def test_least_squares_on_features_and_amount_is_the_textbook_formula():
    rng = np.random.default_rng(0)
    x, a = rng.normal(size=50), rng.choice([0.0, 2e6, 3e6], 50)
    y = 1.0 + 2.0 * x + 3e-6 * a + rng.normal(size=50)
    coefficients, *_ = np.linalg.lstsq(np.column_stack([np.ones(50), x, a / 1e6]), y)
    model = SLearner(LinearRegression()).fit(pd.DataFrame({"x": x}), a, y)
    wanted = coefficients @ np.array([[1.0, 1.0], [0.5, 0.5], [0.0, 2.0]])
    assert model.response(pd.DataFrame({"x": [0.5]}), [0, 2e6])[0] == pytest.approx(wanted)
    assert model.effect(pd.DataFrame({"x": [0.5]}), 1e6, 2e6) == pytest.approx(coefficients[2])


def test_logistic_regression_recovers_a_logistic_world():
    rng = np.random.default_rng(3)
    n = 40_000
    x, a = rng.normal(size=n), rng.choice([0, 500_000, 1_000_000, 2_500_000], n)
    y = rng.random(n) < 1.0 / (1.0 + np.exp(-(-0.5 + x + 0.8 * a / 1e6)))
    model = SLearner(LogisticRegression(C=np.inf)).fit(pd.DataFrame({"x": x}), a, y)
    at = np.linspace(-2.0, 2.0, 9)
    truth = 1.0 / (1.0 + np.exp(-(-0.5 + at + 2.0))) - 1.0 / (1.0 + np.exp(-(-0.5 + at)))
    assert model.effect(pd.DataFrame({"x": at}), 0, 2_500_000) == pytest.approx(truth, abs=0.02)


@pytest.mark.parametrize(("largest", "scale"), [(2_500_000, 1e6), (1000, 1000.0), (2.84, 1.0), (0.5, 0.1), (999, 100.0)])
def test_the_amounts_scale_is_a_power_of_ten(largest, scale):
    assert amount_scale(np.array([0.0, largest])) == pytest.approx(scale)


def test_the_amount_is_the_last_input_in_units_of_the_scale(past):
    model = SLearner(DecisionTreeRegressor(max_depth=3)).fit(past.X, past.award, past.enrolled)
    without, with_award = model.branches(past.X)
    assert model.feature_names_ == ["score", "faculty_arts", "faculty_law", "amount"]
    assert without is with_award
    assert (without.column, without.scale) == (3, 1e6)
    assert without.inputs(np.array([0]), np.array([2_500_000.0]))[0, 3] == 2.5


def test_a_tree_tells_neighbouring_steps_of_a_yen_grid_apart():
    amounts = np.arange(0, 2_500_001, 50_000)
    model = SLearner(DecisionTreeRegressor()).fit(pd.DataFrame({"x": np.zeros(amounts.size)}), amounts, np.arange(amounts.size))
    assert model.response(pd.DataFrame({"x": [0.0]}), amounts)[0].tolist() == list(range(amounts.size))


def test_passthrough_gives_the_users_pipeline_named_columns(past, units):
    encoder = make_column_transformer((OneHotEncoder(), ["faculty"]), remainder="passthrough")
    own = make_pipeline(encoder, LinearRegression())
    model = SLearner(own, prepare="passthrough").fit(past.X, past.award, past.enrolled)
    auto = SLearner(LinearRegression()).fit(past.X, past.award, past.enrolled)
    assert list(model.estimator_.feature_names_in_) == ["score", "faculty", "amount"]
    assert model.response(units, [0, 700_000]) == pytest.approx(auto.response(units, [0, 700_000]))
    assert model.predict(units, np.full(30, 700_000)) == pytest.approx(model.response(units, [700_000])[:, 0])


def test_the_constructor_stores_what_it_was_given_and_clones(past):
    estimator = LinearRegression()
    model = SLearner(estimator, prepare="passthrough")
    assert model.get_params(deep=False) == {"estimator": estimator, "prepare": "passthrough"}
    copy = clone(SLearner(estimator).fit(past.X, past.award, past.enrolled))
    assert not hasattr(copy, "estimator_")
    assert not hasattr(estimator, "coef_")


def test_weights_count_units_as_often(past):
    weight = np.random.default_rng(0).integers(1, 4, len(past.X))
    rows = np.repeat(np.arange(len(past.X)), weight)
    by_weight = SLearner(LinearRegression(), prepare="auto").fit(past.X, past.award, past.enrolled, sample_weight=weight)
    by_rows = SLearner(LinearRegression()).fit(past.X.iloc[rows], past.award[rows], past.enrolled[rows])
    assert by_weight.response(past.X, [0, 1e6]) == pytest.approx(by_rows.response(past.X, [0, 1e6]))


def test_what_was_imputed_is_told(past):
    X = past.X.assign(score=past.X["score"].where(past.X.index > 4))
    assert SLearner(LinearRegression()).fit(X, past.award, past.enrolled).imputed_ == {"score": 5}


def test_a_classifier_of_an_outcome_that_is_not_binary_is_refused(past):
    with pytest.raises(ResponseError, match="SLearner: the outcome must be 0 or 1"):
        SLearner(LogisticRegression()).fit(past.X, past.award, past.enrolled * 2)


def test_an_unfitted_learner_says_so(units):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SLearner(LinearRegression()).response(units, [0])
