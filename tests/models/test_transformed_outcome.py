import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from models import ResponseError, ResponseModel
from models.crossfit import Trial
from models.effect_learner import contrasts
from models.transformed_outcome import TransformedOutcome
from optimizer.edge.model_file import dump_model, load_model

EXACT = LogisticRegression(C=np.inf)


def world(n, seed=0, confounded=False):
    """Outcome 3 + 2x + τ(x)·t + noise with τ(x) = 1 + x; awards of 500, offered to half, or rather to those with a high x."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    chance = 1.0 / (1.0 + np.exp(-1.2 * x)) if confounded else np.full(n, 0.5)
    t = rng.random(n) < chance
    return pd.DataFrame({"x": x}), 500.0 * t, 3.0 + 2.0 * x + (1.0 + x) * t + rng.normal(size=n)


def test_the_contrasts_of_four_rows_are_those_by_hand():
    arm, y = np.array([0, 1, 2, 0]), np.array([3.0, 5.0, 7.0, 0.5])
    e = np.array([[0.5, 0.25, 0.25]] * 3 + [[0.2, 0.4, 0.4]])
    trial = Trial(features=np.zeros((4, 1)), names=["x"], arm=arm, outcome=y, weight=None, folds=2, random_state=0, where="")
    assert contrasts(trial, y, e).tolist() == [[-6.0, -6.0], [20.0, 0.0], [0.0, 28.0], [-2.5, -2.5]]


def test_with_one_award_it_is_the_regression_of_y_times_t_minus_e_over_e_times_1_minus_e():
    X, t, y = world(60)
    model = TransformedOutcome(LinearRegression(), propensity=0.3).fit(X, t, y)
    starred = y * ((t > 0) - 0.3) / (0.3 * 0.7)
    assert model.effect(X, 0, 500) == pytest.approx(LinearRegression().fit(X, starred).predict(X))


def test_in_a_trial_it_finds_the_effect_better_than_a_constant_would():
    X, t, y = world(8000)
    at = pd.DataFrame({"x": [-1.5, 0.0, 1.5]})
    assert TransformedOutcome(LinearRegression()).fit(X, t, y).effect(at, 0, 500) == pytest.approx([-0.5, 1.0, 2.5], abs=0.5)


def test_a_fitted_propensity_takes_out_what_the_naive_difference_leaves_in():
    X, t, y = world(8000, confounded=True)
    naive = y[t > 0].mean() - y[t == 0].mean()
    model = TransformedOutcome(LinearRegression(), propensity=EXACT).fit(X, t, y)
    assert abs(naive - 1.0) > 1.5
    assert abs(model.effect(X, 0, 500).mean() - 1.0) < 0.3
    assert model.propensity_clipped_ == np.count_nonzero(np.isin(model.propensity_.past, 0.01).any(axis=1))


def test_the_outcome_without_award_comes_from_the_controls():
    X, t, y = world(200)
    model = TransformedOutcome(LinearRegression()).fit(X, t, y)
    without = LinearRegression().fit(X[t == 0], y[t == 0]).predict(X)
    assert model.response(X, [0])[:, 0] == pytest.approx(without)
    assert model.predict(X, np.full(200, 500.0)) == pytest.approx(without + model.effect(X, 0, 500))
    assert isinstance(model, ResponseModel)


def test_weight_two_is_the_row_twice():
    X, t, y = world(80)
    weight = np.where(np.arange(80) % 3 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(80), weight.astype(int))
    once = TransformedOutcome(LinearRegression(), prepare="passthrough").fit(X, t, y, weight)
    twice = TransformedOutcome(LinearRegression(), prepare="passthrough").fit(X.iloc[rows], t[rows], y[rows])
    assert once.response(X, [0, 500]) == pytest.approx(twice.response(X, [0, 500]))


def test_equal_seeds_give_equal_bytes_and_other_seeds_other_folds():
    X, t, y = world(300, confounded=True)
    values = [
        TransformedOutcome(Ridge(), propensity=LogisticRegression(), random_state=seed).fit(X, t, y).effect(X, 0, 500).tobytes()
        for seed in (1, 1, 2)
    ]
    assert values[0] == values[1] != values[2]


def test_a_kept_model_answers_alike_bit_for_bit(tmp_path):
    X, t, y = world(300, confounded=True)
    model = TransformedOutcome(DecisionTreeRegressor(max_depth=3), propensity=LogisticRegression()).fit(X, t, y)
    dump_model(model, tmp_path / "model.skops")
    kept = load_model(tmp_path / "model.skops")
    assert kept.response(X, [0, 200, 500]).tobytes() == model.response(X, [0, 200, 500]).tobytes()
    assert kept.propensity_.of(X.to_numpy()).tobytes() == model.propensity_.of(X.to_numpy()).tobytes()


def test_a_clone_has_the_parameters_and_nothing_learned():
    model = TransformedOutcome(Ridge(), propensity=0.5, folds=3, tiers=1).fit(*world(20))
    again = clone(model)
    assert again.get_params()["folds"] == 3
    assert not hasattr(again, "effects_")


def test_nobody_has_no_outcomes():
    X, t, y = world(60)
    model = TransformedOutcome(Ridge(), propensity=LogisticRegression()).fit(X, t, y)
    assert model.response(X.iloc[:0], [0, 500]).shape == (0, 2)


@pytest.mark.parametrize(
    ("model", "treatment", "said"),
    [
        (TransformedOutcome(LogisticRegression()), [0, 1, 0, 1], "TransformedOutcome.estimator: must be a regressor"),
        (TransformedOutcome(None), [0, 1, 0, 1], "TransformedOutcome, estimator.estimator: must be an estimator"),
        (TransformedOutcome(Ridge()), [1, 2, 1, 2], "control arm is empty"),
        (TransformedOutcome(Ridge(), propensity=0.5), [0, 1, 0, 2], "a number is the chance of the one award"),
        (TransformedOutcome(Ridge(), tiers=0), [0, 1, 0, 2], "TransformedOutcome.tiers"),
        (TransformedOutcome(Ridge(), propensity=EXACT, folds=9), [0, 1, 0, 1], "folds: must be a whole number from 2 to 4"),
    ],
)
def test_what_cannot_be_fitted_is_refused(model, treatment, said):
    with pytest.raises(ResponseError, match=said):
        model.fit(pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}), treatment, [0, 1, 1, 1])
