import numpy as np
import pytest

from models import ResponseError
from models.evaluation.bootstrap import HalfSamples
from models.evaluation.calibration import calibration_by_arm, calibration_by_group

FEW = HalfSamples(draws=40)


def test_arms_say_what_was_predicted_beside_what_was_seen():
    said = calibration_by_arm([0.2, 0.4, 0.5, 0.9], [0, 1, 1, 1], [0, 0, 1, 1], resampling=FEW)
    assert said.units.tolist() == [2, 2]
    assert said.predicted == pytest.approx([0.3, 0.7])
    assert said.recorded.value == pytest.approx([0.5, 1.0])
    assert said.difference.value == pytest.approx([-0.2, -0.3])


def test_weights_of_one_over_the_propensity_speak_of_everybody():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    e = 1.0 / (1.0 + np.exp(-x))
    t = (rng.random(x.size) < e).astype(int)
    y = x + t + rng.normal(size=x.size)
    weight = 1.0 / np.where(t == 1, e, 1.0 - e)
    said = calibration_by_arm(x + t, y, t, weight=weight, resampling=FEW)
    assert said.recorded.value == pytest.approx([0.0, 1.0], abs=0.1)
    assert (np.abs(said.difference.value) < 4 * said.difference.error).all()


def test_groups_are_of_like_prediction_and_lowest_first():
    uplift = np.repeat([0.4, 0.1, 0.3, 0.2], 5)
    scores = np.repeat([4.0, 1.0, 3.0, 2.0], 5) + np.tile([-1.0, 0.0, 0.0, 0.0, 1.0], 4)
    said = calibration_by_group(uplift, scores, groups=2, resampling=FEW)
    assert said.units.tolist() == [10, 10]
    assert said.predicted == pytest.approx([0.15, 0.35])
    assert said.estimated.value == pytest.approx([1.5, 3.5])
    assert said.slope.value == pytest.approx(10.0)


def test_equal_predictions_are_never_parted():
    said = calibration_by_group(np.repeat([0.1, 0.5], [90, 10]), np.zeros(100), groups=10, resampling=FEW)
    assert said.units.tolist() == [90, 10]
    same = calibration_by_group(np.full(100, 0.1), np.zeros(100), resampling=FEW)
    assert same.units.tolist() == [100]
    assert np.isnan(same.slope.value)


def test_the_slope_tells_predictions_that_differ_too_much():
    rng, covered = np.random.default_rng(1), np.zeros(3)
    for seed in range(100):
        tau, noise = rng.normal(0.2, 0.1, (2, 500))
        scores = tau + 0.5 * rng.normal(size=500)
        predictions, truth = (tau, 0.2 + 3.0 * (tau - 0.2), noise), (1.0, 1 / 3, 0.0)
        few = HalfSamples(draws=60, random_state=seed)
        slopes = [calibration_by_group(uplift, scores, groups=2, resampling=few).slope for uplift in predictions]
        covered += [slope.low <= true <= slope.high for slope, true in zip(slopes, truth, strict=True)]
    assert (covered >= 88).all()
    assert covered.sum() < 300


def test_groups_cover_what_is_true_of_them():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(60):
        tau = rng.uniform(0.0, 0.4, 500)
        said = calibration_by_group(
            tau, tau + rng.normal(size=500), groups=5, resampling=HalfSamples(draws=60, random_state=seed)
        )
        covered += int(((said.estimated.low <= said.predicted) & (said.predicted <= said.estimated.high)).sum())
    assert 0.91 * 300 <= covered < 300


def test_a_number_of_groups_that_is_none_is_refused():
    with pytest.raises(ResponseError, match="groups: must be a whole number"):
        calibration_by_group([0.1, 0.2], [0.0, 0.0], groups=0)
    with pytest.raises(ResponseError, match="arm: must be whole numbers from 0 on"):
        calibration_by_arm([0.1, 0.2], [0, 1], [0, 0.5])
