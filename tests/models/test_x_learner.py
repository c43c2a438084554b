import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from models import ResponseError
from models.x_learner import XLearner
from optimizer.edge.model_file import dump_model, load_model

ARMS = (0, 100, 300, 700)
SLOPES = (0.0, 1.0, -1.0, 2.0)


def trial(n, seed=0, shares=(0.4, 0.2, 0.2, 0.2)):
    """Three awards with effects 1 + x, 2 − x and 3 + 2x, over a wavy outcome; noise of deviation ½."""
    rng = np.random.default_rng(seed)
    x, arm = rng.uniform(-1.0, 1.0, n), rng.choice(4, n, p=shares)
    y = np.sin(3.0 * x) + arm + np.take(SLOPES, arm) * x + 0.5 * rng.normal(size=n)
    return pd.DataFrame({"x": x}), np.take(ARMS, arm), y


def line(x, y):
    slope, level = np.polyfit(x, y, 1)
    return lambda at: level + slope * at


def test_it_weighs_the_two_regressions_of_imputed_effects_by_the_propensity():
    x, t = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 3.0]), np.array([0, 0, 0, 5, 5, 5])
    y = np.array([1.0, 3.0, 2.0, 4.0, 9.0, 8.0])
    # Means, since lines of imputed effects would be one line in either arm: the difference of the outcomes' lines.
    model = XLearner(LinearRegression(), effect_estimator=DummyRegressor(), propensity=0.2).fit(pd.DataFrame({"x": x}), t, y)
    control, treated = line(x[t == 0], y[t == 0]), line(x[t == 5], y[t == 5])
    on_treated = np.mean(y[t == 5] - control(x[t == 5]))
    on_controls = np.mean(treated(x[t == 0]) - y[t == 0])
    assert on_treated != pytest.approx(on_controls)
    assert model.effect(pd.DataFrame({"x": [0.5]}), 0, 5) == pytest.approx(0.2 * on_controls + 0.8 * on_treated)


def test_three_awards_recover_three_effects_and_run_straight_between():
    X, t, y = trial(4000)
    model = XLearner(KNeighborsRegressor(25), effect_estimator=LinearRegression()).fit(X, t, y)
    at = pd.DataFrame({"x": [-0.5, 0.5]})
    values = model.response(at, [*ARMS, 200, 900])
    truth = np.column_stack([arm + slope * at["x"] for arm, slope in zip(range(4), SLOPES, strict=True)])
    assert values[:, :4] - values[:, :1] == pytest.approx(truth, abs=0.25)
    assert values[:, 4] == pytest.approx(values[:, [1, 2]].mean(axis=1))
    assert values[:, 5].tolist() == values[:, 3].tolist()


def test_each_award_is_weighed_against_the_controls_alone():
    X, t, y = trial(100)
    model = XLearner(LinearRegression(), effect_estimator=DummyRegressor(), prepare="passthrough").fit(X, t, y)
    lean = np.sum(t == 300) / np.sum((t == 300) | (t == 0))
    on_treated, on_controls = (effect.predict(X) for effect in model.effects_[1])
    assert model.effect(X, 0, 300) == pytest.approx(lean * on_controls + (1 - lean) * on_treated)


def test_tiers_group_awards():
    X, t, y = trial(1000)
    model = XLearner(Ridge(), tiers=1).fit(X, t, y)
    assert model.tiers_.amounts == (0.0, pytest.approx(t[t > 0].mean()))
    assert model.response(X, [0, 100]).shape == (1000, 2)


def test_a_classifier_of_the_outcome_has_its_effects_found_by_boosting():
    rng = np.random.default_rng(2)
    x, t = rng.uniform(-1.0, 1.0, 6000), rng.integers(0, 2, 6000)
    y = (rng.random(6000) < 0.3 + 0.3 * t * (x > 0)).astype(int)
    model = XLearner(KNeighborsClassifier(50)).fit(pd.DataFrame({"x": x}), t, y)
    assert isinstance(model.effects_[0][0], HistGradientBoostingRegressor)
    assert model.effect(pd.DataFrame({"x": [-0.5, 0.5]})) == pytest.approx([0.0, 0.3], abs=0.08)


def test_propensities_of_a_classifier_say_whom_to_lean_on():
    rng = np.random.default_rng(3)
    x = rng.normal(size=2000)
    t = rng.random(2000) < 1.0 / (1.0 + np.exp(-3.0 * x))
    y = x + t + 0.1 * rng.normal(size=2000)
    model = XLearner(LinearRegression(), propensity=LogisticRegression()).fit(pd.DataFrame({"x": x}), t, y)
    assert model.effect(pd.DataFrame({"x": [-1.0, 0.0, 1.0]})) == pytest.approx([1.0] * 3, abs=0.05)
    # With a high chance of an award the controls' regression is used, which rests on the outcome model of the many treated.
    model.effects_[0][0].intercept_, model.effects_[0][1].intercept_ = 10.0, 0.0
    assert (model.effect(pd.DataFrame({"x": [-3.0, 3.0]})) > 5.0).tolist() == [True, False]


def test_weight_two_is_the_row_twice():
    X, t, y = trial(90)
    weight = np.where(np.arange(90) % 4 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(90), weight.astype(int))
    once = XLearner(LinearRegression(), prepare="passthrough").fit(X, t, y, weight)
    twice = XLearner(LinearRegression(), prepare="passthrough").fit(X.iloc[rows], t[rows], y[rows])
    assert once.response(X, ARMS) == pytest.approx(twice.response(X, ARMS))


def test_equal_seeds_give_equal_bytes_and_a_kept_model_answers_alike(past, units, tmp_path):
    model, other = (
        XLearner(LogisticRegression(), propensity=LogisticRegression()).fit(past.X, past.award, past.enrolled) for _ in range(2)
    )
    dump_model(model, tmp_path / "model.skops")
    amounts = [0, 300_000, 500_000, 2_500_000]
    values = [each.response(units, amounts).tobytes() for each in (model, other, load_model(tmp_path / "model.skops"))]
    assert values[0] == values[1] == values[2]
    assert other.predict(units, np.full(30, 5e5)).tolist() == other.response(units, [5e5])[:, 0].tolist()


@pytest.mark.parametrize(
    ("model", "y", "said"),
    [
        (
            XLearner(Ridge(), effect_estimator=LogisticRegression()),
            [0, 1, 1, 1],
            "XLearner.effect_estimator: must be a regressor",
        ),
        (XLearner("Ridge"), [0, 1, 1, 1], "XLearner.estimator: must be an estimator"),
        (XLearner(LogisticRegression()), [0, 1, 0, 1], "XLearner, control arm: LogisticRegression needs outcomes of both kinds"),
        (XLearner(LogisticRegression()), [0, 1, 1, 1], "XLearner, arm 1: LogisticRegression needs outcomes of both kinds"),
        (XLearner(LogisticRegression()), [0, 2, 1, 1], "the outcome must be 0 or 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(model, y, said):
    with pytest.raises(ResponseError, match=said):
        model.fit(pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}), [0, 1, 0, 1], y)
