import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.isotonic import IsotonicRegression, isotonic_regression
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBRegressor

from models import ClassTransform, ResponseError, ResponseModel, SLearner, TwoModel, UpliftForest, monotone
from models.monotone import Monotone, falls, isotonic, pooled, rising
from optimizer.edge.model_file import dump_model, load_model

AMOUNTS = (0, 250_000, 500_000, 1_000_000, 2_500_000)
CURVES = arrays(np.float64, (7, 6), elements=st.floats(-5, 5) | st.sampled_from([0.0, 1.0]))


def wild(seed=0):
    """A model that follows noise: its curves fall often."""
    return TwoModel(DecisionTreeRegressor(max_depth=8, random_state=seed))


@settings(deadline=None)
@given(CURVES)
def test_pooling_is_isotonic_regression(values):
    assert isotonic(values) == pytest.approx(np.array([isotonic_regression(row) for row in values]), abs=1e-12)


@settings(deadline=None)
@given(CURVES)
def test_the_outcome_without_an_award_stays_and_bounds_the_others(values):
    found = pooled(values)
    bounded = [IsotonicRegression(y_min=row[0]).fit_transform(np.arange(5), row[1:]) for row in values]
    assert found[:, 1:] == pytest.approx(np.array(bounded), abs=1e-12)
    assert found[:, 0].tolist() == values[:, 0].tolist()
    assert (found[:, 1:] >= found[:, :-1]).all()


@settings(deadline=None)
@given(CURVES)
def test_curves_that_rise_are_unchanged_and_pooling_again_changes_nothing(values):
    rising_ = np.sort(values, axis=1)
    assert pooled(rising_).tobytes() == rising_.tobytes()
    once = pooled(values)
    assert pooled(once).tobytes() == once.tobytes()


def test_it_does_not_matter_how_many_are_pooled_at_once(monkeypatch):
    values = np.random.default_rng(0).normal(size=(50, 9))
    whole = pooled(values)
    monkeypatch.setattr(monotone, "ROWS", 7)
    assert pooled(values).tobytes() == whole.tobytes()


def test_a_fall_is_measured_from_the_highest_point_before():
    curves = np.array([[0.1, 0.4, 0.3, 0.35, 0.2], [0.1, 0.1, 0.2, 0.3, 0.3], [0.5, 0.4, 0.6, 0.7, 0.8]])
    assert falls(curves) == pytest.approx([0.2, 0.0, 0.1])
    assert falls(np.array([[1.0, 1.0 - 1e-12]])).tolist() == [0.0]


def test_a_wrapped_models_curves_never_fall_and_predict_says_the_same(past, units, monkeypatch):
    model = Monotone(wild(), AMOUNTS).fit(past.X, past.award, past.enrolled)
    raw, curves = model.model_.response(units, AMOUNTS), model.response(units, AMOUNTS)
    assert falls(raw).max() > 0.1
    assert falls(curves).max() == 0
    assert curves[:, 0].tolist() == raw[:, 0].tolist()
    monkeypatch.setattr(monotone, "BLOCK", 10)
    for place, amount in enumerate(AMOUNTS):
        assert model.predict(units, np.full(30, amount)).tolist() == curves[:, place].tolist()
    assert isinstance(model, ResponseModel)


def test_between_its_amounts_a_curve_runs_straight_and_beyond_them_it_stays(past, units):
    model = Monotone(wild(), AMOUNTS).fit(past.X, past.award, past.enrolled)
    curves, between = model.response(units, AMOUNTS), model.response(units, [750_000, 9_000_000, 0])
    assert between[:, 0] == pytest.approx(curves[:, 2:4].mean(axis=1))
    assert between[:, 1].tolist() == curves[:, 4].tolist()
    assert between[:, 2].tolist() == curves[:, 0].tolist()
    assert model.predict(units, np.full(30, 750_000)) == pytest.approx(between[:, 0])


def test_the_models_own_predict_has_the_word_at_a_units_own_amount(units):
    class Doubtful:
        """Its response is not what it predicts."""

        def response(self, X, amounts):
            return np.tile(np.linspace(0, 1, len(amounts)), (len(X), 1))

        def predict(self, X, treatment):
            return np.where(treatment == 250_000, 0.9, 0.0) + np.zeros(len(X))

    model = Monotone.around(Doubtful(), AMOUNTS)
    # 0.9 is pooled with the response's 0.5 at the next amount.
    assert model.predict(units, np.full(30, 250_000)) == pytest.approx(0.7)


@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingClassifier(max_iter=10),
        RandomForestRegressor(5, random_state=0),
        LGBMRegressor(n_estimators=10, n_jobs=1, verbose=-1),
        XGBRegressor(n_estimators=10),
        DecisionTreeRegressor(monotonic_cst={"score": 1}),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_an_estimator_that_can_be_told_is_told(past, units, estimator):
    assert falls(SLearner(estimator).fit(past.X, past.award, past.enrolled).response(units, AMOUNTS)).max() > 0
    model = rising(SLearner(clone(estimator)), AMOUNTS)
    assert type(model) is SLearner
    curves = model.fit(past.X, past.award, past.enrolled).response(units, AMOUNTS)
    assert falls(curves).max() == 0
    assert np.ptp(curves, axis=1).max() > 0


def test_other_models_are_told_where_they_can_be_and_pooled(past, units):
    told = rising(TwoModel(HistGradientBoostingClassifier(max_iter=10)), AMOUNTS)
    assert told.model.estimator.monotonic_cst == {"amount": 1}
    for model in (told, rising(SLearner(GradientBoostingRegressor(n_estimators=10)), AMOUNTS), rising(UpliftForest(3), AMOUNTS)):
        assert isinstance(model, Monotone)
        assert falls(model.fit(past.X, past.award, past.enrolled).response(units, AMOUNTS)).max() == 0


def test_a_constraint_that_was_given_by_position_is_left_alone():
    model = rising(SLearner(DecisionTreeRegressor(monotonic_cst=[0, 0, 0, -1])), AMOUNTS)
    assert model.model.estimator.monotonic_cst == [0, 0, 0, -1]


def test_a_model_of_one_award_is_pooled_on_it(past, units):
    award = (past.award > 0) * 1e6
    model = Monotone(ClassTransform(LinearRegression()), (0, 1_000_000)).fit(past.X, award, past.enrolled)
    assert (model.effect(units, 0, 1_000_000) >= 0).all()
    assert model.response(units, [0])[:, 0].tolist() == model.model_.response(units, [0])[:, 0].tolist()


def test_a_kept_model_answers_bit_for_bit(past, units, tmp_path):
    model = Monotone(wild(), AMOUNTS).fit(past.X, past.award, past.enrolled)
    dump_model(model, tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    assert again.response(units, AMOUNTS).tobytes() == model.response(units, AMOUNTS).tobytes()


@pytest.mark.parametrize("amounts", [(0,), (1, 2), (0, 2, 1), (0, 1, 1)])
def test_amounts_that_do_not_increase_from_nothing_are_refused(past, amounts):
    with pytest.raises(ResponseError, match=r"Monotone\.amounts: must increase from 0"):
        Monotone(wild(), amounts).fit(past.X, past.award, past.enrolled)
    with pytest.raises(ResponseError, match="must increase from 0"):
        Monotone.around(wild(), amounts)


def test_the_constructors_model_stays_untouched(past):
    model = Monotone(wild(), AMOUNTS)
    clone(model).fit(past.X, past.award, past.enrolled)
    assert not hasattr(model.model, "treated_")
    assert not hasattr(model, "model_")


def test_no_unit_is_no_curve(past):
    model = Monotone(wild(), AMOUNTS).fit(past.X, past.award, past.enrolled)
    assert model.response(pd.DataFrame(past.X[:0]), AMOUNTS).shape == (0, 5)
