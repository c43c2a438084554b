import numpy as np
import pytest

from models.uplift_bins import BinnedHistory, between


def test_few_values_are_parted_at_every_midpoint():
    assert between(np.array([3.0, 1.0, 2.0, 3.0]), np.ones(4), 2).tolist() == [1.5, 2.5]


def test_many_values_are_parted_at_evenly_spread_ranks():
    values = np.random.default_rng(0).permutation(1000).astype(float)
    thresholds = between(values, np.ones(1000), 9)
    assert [np.count_nonzero(values <= threshold) for threshold in thresholds] == pytest.approx(range(100, 1000, 100), abs=1)


def test_ranks_count_weights():
    values = np.arange(100.0)
    repeated = np.repeat(values, 1 + (values > 50).astype(int))
    assert between(values, 1.0 + (values > 50), 9).tolist() == between(repeated, np.ones(repeated.size), 9).tolist()


def test_neighbouring_floats_are_still_parted():
    low, high = 1.0, np.nextafter(1.0, 2.0)
    (threshold,) = between(np.array([low, high]), np.ones(2), 5)
    assert low <= threshold < high


def test_a_feature_of_one_value_has_no_threshold():
    assert between(np.ones(5), np.ones(5), 5).size == 0


def test_a_code_answers_every_threshold_as_the_value_does():
    features = np.random.default_rng(1).integers(0, 40, (200, 2)).astype(float)
    past = BinnedHistory.read(features, np.zeros(200, dtype=int), np.zeros(200), None, 2, 16)
    for codes, thresholds, values in zip(past.codes, past.thresholds, features.T, strict=True):
        assert thresholds.size <= 16
        for code, threshold in enumerate(thresholds):
            assert (codes <= code).tolist() == (values <= threshold).tolist()


def test_units_of_no_weight_are_left_out():
    past = BinnedHistory.read(np.array([[1.0], [2.0], [9.0]]), np.array([0, 1, 1]), np.ones(3), np.array([2.0, 1.0, 0.0]), 2, 9)
    assert past.units().tolist() == [2.0, 1.0]
    assert past.thresholds[0].tolist() == [1.5]
