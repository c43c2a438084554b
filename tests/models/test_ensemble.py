import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from models import ClassTransform, ResponseError, ResponseModel, SLearner, TwoModel, UpliftForest, build_model, ensemble
from models.ensemble import Ensemble, _drawn
from optimizer.edge.model_file import dump_model, load_model

AMOUNTS = [0, 500_000, 1_000_000, 2_500_000]
BOOSTED = TwoModel(GradientBoostingRegressor(n_estimators=5, random_state=0))


@pytest.fixture(scope="module")
def fitted(past):
    return Ensemble(BOOSTED, members=6).fit(past.X, past.award, past.enrolled)


def each(model, units):
    return np.stack([member.response(units, AMOUNTS) for member in model.members_])


def test_what_is_expected_is_what_the_model_of_the_whole_history_says(fitted, past, units):
    alone = clone(BOOSTED).fit(past.X, past.award, past.enrolled)
    assert fitted.response(units, AMOUNTS).tobytes() == alone.response(units, AMOUNTS).tobytes()
    assert fitted.predict(units, np.full(30, 1e6)).tobytes() == alone.predict(units, np.full(30, 1e6)).tobytes()
    assert fitted.effect(units, 0, 1e6).tolist() == alone.effect(units, 0, 1e6).tolist()
    assert isinstance(fitted, ResponseModel)


def test_members_differ_and_are_the_same_for_any_number_of_processes(fitted, past, units):
    several = Ensemble(BOOSTED, members=6, n_jobs=2).fit(past.X, past.award, past.enrolled)
    assert each(several, units).tobytes() == each(fitted, units).tobytes()
    assert np.ptp(each(fitted, units), axis=0).min() > 0
    other = Ensemble(BOOSTED, members=6, random_state=1).fit(past.X, past.award, past.enrolled)
    assert each(other, units).tobytes() != each(fitted, units).tobytes()


def test_a_lower_quantile_and_a_mean_less_deviations_are_those_of_the_members(fitted, units):
    values = each(fitted, units)
    assert fitted.cautious(units, AMOUNTS, "lower", 0.1) == pytest.approx(np.quantile(values, 0.1, axis=0))
    expected = values.mean(axis=0) - 2.0 * values.std(axis=0, ddof=1)
    assert fitted.cautious(units, AMOUNTS, "mean_minus_sd", 2.0) == pytest.approx(expected)


def test_members_that_agree_leave_nothing_to_be_cautious_about(past, units):
    model = Ensemble(SLearner(LogisticRegression()), members=3).fit(past.X, past.award, past.enrolled)
    model.members_ = [model.model_] * 3
    for caution, figure in (("lower", 0.5), ("lower", 0.0), ("mean_minus_sd", 0.0)):
        assert model.cautious(units, AMOUNTS, caution, figure) == pytest.approx(model.response(units, AMOUNTS), rel=1e-14)
    assert model.cautious(units, AMOUNTS, "lower", 0.5).tobytes() == model.response(units, AMOUNTS).tobytes()


def test_the_more_caution_the_lower(fitted, units):
    quantiles = [fitted.cautious(units, AMOUNTS, "lower", figure) for figure in (0.0, 0.1, 0.5)]
    deviations = [fitted.cautious(units, AMOUNTS, "mean_minus_sd", figure) for figure in (2.0, 1.0, 0.0)]
    for lower in (quantiles, deviations):
        assert (lower[0] <= lower[1]).all()
        assert (lower[1] <= lower[2]).all()


@pytest.mark.parametrize(("caution", "figure"), [("lower", 0.2), ("mean_minus_sd", 1.0)])
def test_a_units_own_amount_has_its_place_on_the_curve_whatever_is_asked_at_once(fitted, units, monkeypatch, caution, figure):
    place = np.arange(30) % 4
    curves = fitted.cautious(units, AMOUNTS, caution, figure)
    monkeypatch.setattr(ensemble, "BLOCK", 100)
    own = fitted.cautious_at(units, np.array(AMOUNTS)[place], caution, figure)
    assert own == pytest.approx(curves[np.arange(30), place], rel=1e-12)
    assert fitted.cautious(units, AMOUNTS, caution, figure).tobytes() == curves.tobytes()


def test_every_sample_holds_as_many_units_of_an_arm_as_the_history():
    arms = np.repeat([0, 1, 2], [300, 98, 2])
    for seed in range(5):
        rows = _drawn(arms, np.random.default_rng(seed))
        assert np.bincount(arms[rows]).tolist() == [300, 98, 2]
        assert np.unique(rows).size < 300


def test_weights_go_with_their_units():
    X, t = pd.DataFrame({"x": np.zeros(40)}), np.arange(40) % 2
    y, weight = np.where(np.arange(40) < 20, 1.0, 5.0), np.where(np.arange(40) < 20, 1.0, 0.0)
    model = Ensemble(TwoModel(GradientBoostingRegressor(n_estimators=1)), members=3).fit(X, t, y, weight)
    assert np.stack([member.response(X, [0, 1]) for member in model.members_]) == pytest.approx(1.0)


def test_a_kept_ensemble_answers_bit_for_bit(fitted, units, tmp_path):
    dump_model(fitted, tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    assert again.response(units, AMOUNTS).tobytes() == fitted.response(units, AMOUNTS).tobytes()
    assert again.cautious(units, AMOUNTS, "lower", 0.1).tobytes() == fitted.cautious(units, AMOUNTS, "lower", 0.1).tobytes()


@pytest.mark.parametrize(
    ("caution", "figure", "said"),
    [
        ("upper", 0.1, "must be one of lower, mean_minus_sd, got 'upper'"),
        ("lower", 1.1, "must be a quantile from 0 to 1, got 1.1"),
        ("mean_minus_sd", -1.0, "must be a number of at least 0, got -1.0"),
        ("lower", float("nan"), "must be a quantile"),
    ],
)
def test_a_caution_that_means_nothing_is_refused(fitted, units, caution, figure, said):
    with pytest.raises(ResponseError, match=said):
        fitted.cautious(units, AMOUNTS, caution, figure)


def test_one_member_is_no_ensemble(past):
    with pytest.raises(ResponseError, match="at least 2, got 1"):
        Ensemble(BOOSTED, members=1).fit(past.X, past.award, past.enrolled)


def test_what_is_wrong_with_the_model_is_said_as_the_model_says_it(past):
    with pytest.raises(ResponseError, match="the control arm is empty"):
        Ensemble(BOOSTED).fit(past.X, np.where(past.award == 0, 500_000, past.award), past.enrolled)


@pytest.mark.parametrize("kind", ["s_learner", "two_model", "transformed_outcome", "x_learner", "dr_learner"])
def test_any_kind_may_have_members(past, units, kind):
    model = build_model(kind, DecisionTreeRegressor(max_depth=3))
    fitted = Ensemble(model, members=2).fit(past.X, past.award, past.enrolled)
    curves = fitted.cautious(units, AMOUNTS, "lower", 0.0)
    place = np.arange(30) % 4
    assert fitted.cautious_at(units, np.array(AMOUNTS)[place], "lower", 0.0) == pytest.approx(curves[np.arange(30), place])


def test_a_forest_and_one_award_size_may_too(past, units):
    award = (past.award > 0) * 1e6
    for model in (UpliftForest(2, min_leaf=20), ClassTransform(DecisionTreeRegressor(max_depth=2))):
        fitted = Ensemble(model, members=2).fit(past.X, award, past.enrolled)
        assert fitted.cautious(units, [0, 1_000_000], "mean_minus_sd", 1.0).shape == (30, 2)


def test_a_history_without_controls_has_members_where_the_model_needs_none(past):
    award = np.where(past.award == 0, 500_000, past.award)
    model = Ensemble(SLearner(LogisticRegression()), members=2).fit(past.X, award, past.enrolled)
    assert len(model.members_) == 2
