import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from models import ResponseError
from models.crossfit import Trial
from models.dr_learner import DRLearner, doubly_robust
from optimizer.edge.model_file import dump_model, load_model

EXACT = LogisticRegression(C=np.inf)


def confounded(n, seed=0):
    """τ(x) = 1 + x over 2x; awards of 500 go rather to those with a high x, whose outcome would have been higher anyway."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t = rng.random(n) < 1.0 / (1.0 + np.exp(-1.2 * x))
    return pd.DataFrame({"x": x}), 500.0 * t, 2.0 * x + (1.0 + x) * t + rng.normal(size=n)


def test_the_scores_of_four_rows_are_those_by_hand():
    arm, y = np.array([0, 1, 2, 0]), np.array([3.0, 5.0, 7.0, 0.5])
    mu = np.array([[1.0, 2.0, 4.0]] * 3 + [[0.0, 1.0, 1.5]])
    e = np.array([[0.5, 0.25, 0.25]] * 3 + [[0.2, 0.4, 0.4]])
    trial = Trial(features=np.zeros((4, 1)), names=["x"], arm=arm, outcome=y, weight=None, folds=2, random_state=0, where="")
    assert doubly_robust(trial, mu, e).tolist() == [[1 - 4, 3 - 4], [1 + 12, 3], [1, 3 + 12], [1 - 2.5, 1.5 - 2.5]]


@pytest.mark.parametrize(
    ("outcome", "propensity"),
    [(LinearRegression(), EXACT), (DummyRegressor(), EXACT), (LinearRegression(), 0.5)],
    ids=["both right", "no outcome model", "wrong propensities"],
)
def test_one_right_nuisance_is_enough(outcome, propensity):
    X, t, y = confounded(8000)
    model = DRLearner(outcome, effect_estimator=LinearRegression(), propensity=propensity).fit(X, t, y)
    assert abs(y[t > 0].mean() - y[t == 0].mean() - 1.0) > 1.5
    assert abs(model.effect(X, 0, 500).mean() - 1.0) < 0.2
    assert model.effect(pd.DataFrame({"x": [-1.0, 1.0]}), 0, 500) == pytest.approx([0.0, 2.0], abs=0.4)


def test_no_right_nuisance_is_not():
    X, t, y = confounded(8000)
    model = DRLearner(DummyRegressor(), effect_estimator=LinearRegression(), propensity=0.5).fit(X, t, y)
    assert abs(model.effect(X, 0, 500).mean() - 1.0) > 0.5


def test_a_units_outcomes_come_from_estimators_that_have_not_seen_it():
    rng = np.random.default_rng(6)
    y, arm, features = rng.normal(size=400), rng.integers(0, 2, 400), rng.normal(size=(400, 1))
    trial = Trial(features=features, names=["x"], arm=arm, outcome=y, weight=None, folds=4, random_state=0, where="")
    own = trial.outside(DecisionTreeRegressor(random_state=0))[np.arange(400), arm]
    assert abs(np.corrcoef(own, y)[0, 1]) < 0.2  # the outcome is pure noise, which only a unit's own fit can know


def test_outcome_models_that_remember_do_no_harm_across_folds():
    X, t, y = confounded(6000)
    tree = DecisionTreeRegressor(random_state=0)  # fits every unit it has seen without error
    model = DRLearner(tree, effect_estimator=LinearRegression(), propensity=EXACT).fit(X, t, y)
    assert abs(model.effect(X, 0, 500).mean() - 1.0) < 0.2


def test_three_awards_recover_three_effects():
    rng = np.random.default_rng(4)
    x, arm = rng.uniform(-1.0, 1.0, 6000), rng.integers(0, 4, 6000)
    y = np.sin(3.0 * x) + arm + np.take((0.0, 1.0, -1.0, 2.0), arm) * x + 0.5 * rng.normal(size=6000)
    model = DRLearner(LinearRegression()).fit(pd.DataFrame({"x": x}), np.take((0, 100, 300, 700), arm), y)
    values = model.response(pd.DataFrame({"x": [-0.5, 0.5]}), [0, 100, 300, 700])
    assert values[:, 1:] - values[:, :1] == pytest.approx(np.array([[0.5, 2.5, 2.0], [1.5, 1.5, 4.0]]), abs=0.2)


def test_rates_of_0_and_1_have_effects_too():
    rng = np.random.default_rng(5)
    x, t = rng.integers(0, 2, 5000), rng.integers(0, 2, 5000)
    y = (rng.random(5000) < 0.3 + 0.3 * t * x).astype(int)
    model = DRLearner(LogisticRegression(), effect_estimator=LinearRegression()).fit(pd.DataFrame({"x": x}), t, y)
    assert model.effect(pd.DataFrame({"x": [0, 1]})) == pytest.approx([0.0, 0.3], abs=0.08)


def test_equal_seeds_give_equal_bytes_and_a_kept_model_answers_alike(past, units, tmp_path):
    models = [
        DRLearner(LogisticRegression(), propensity=LogisticRegression(), random_state=seed).fit(past.X, past.award, past.enrolled)
        for seed in (1, 1, 2)
    ]
    dump_model(models[0], tmp_path / "model.skops")
    models.append(load_model(tmp_path / "model.skops"))
    values = [model.response(units, [0, 300_000, 2_500_000]).tobytes() for model in models]
    assert values[0] == values[1] == values[3] != values[2]


def test_weights_reach_every_estimator():
    X, t, y = confounded(400)
    twin = np.where(np.arange(400) < 200, 1.0, 0.0)
    # Units of no weight leave no trace: whatever their outcomes are, the fit is the same.
    fits = [DRLearner(Ridge(), propensity=LogisticRegression()).fit(X, t, np.where(twin, y, y + s), twin) for s in (0.0, 9.0)]
    assert fits[0].effect(X, 0, 500) == pytest.approx(fits[1].effect(X, 0, 500))


@pytest.mark.parametrize(
    ("model", "y", "said"),
    [
        (
            DRLearner(Ridge(), effect_estimator=LogisticRegression()),
            [0, 1, 1, 1],
            "DRLearner.effect_estimator: must be a regressor",
        ),
        (DRLearner(Ridge(), folds=True), [0, 1, 1, 1], "DRLearner.folds: must be a whole number from 2 to 4 units, got True"),
        (DRLearner(LogisticRegression(), folds=2), [0, 1, 1, 1], "needs outcomes of both kinds"),
    ],
)
def test_what_cannot_be_fitted_is_refused(model, y, said):
    with pytest.raises(ResponseError, match=said):
        model.fit(pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}), [0, 1, 0, 1], y)
