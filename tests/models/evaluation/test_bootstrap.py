import numpy as np
import pytest

from models import ResponseError
from models.evaluation.bootstrap import HalfSamples


def mean_of(values):
    return lambda kept: (kept @ values / kept.sum(axis=1))[:, None]


@pytest.mark.parametrize("n", [400, 5])
def test_the_error_of_a_mean_is_the_textbooks(n):
    values = np.random.default_rng(0).normal(size=n)
    estimate = HalfSamples(draws=4000).band(mean_of(values), n)[0]
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.error == pytest.approx(values.std(ddof=1) / np.sqrt(n), rel=0.05)
    assert estimate.high - estimate.value == pytest.approx(1.96 * estimate.error, rel=1e-3)


def test_units_of_a_cluster_stay_together():
    means = np.random.default_rng(1).normal(size=50)
    values, village = np.repeat(means, 20), np.repeat([f"village {k}" for k in range(50)], 20)
    alone = HalfSamples(draws=2000).band(mean_of(values), 1000)[0]
    together = HalfSamples(draws=2000, cluster=village).band(mean_of(values), 1000)[0]
    assert together.error == pytest.approx(means.std(ddof=1) / np.sqrt(50), rel=0.1)
    assert together.error > 4 * alone.error


def test_equal_seeds_give_equal_bytes():
    values = np.random.default_rng(2).normal(size=30)
    bands = [HalfSamples(draws=10, random_state=seed).band(mean_of(values), 30) for seed in (1, 1, 2)]
    errors = [band.error.tobytes() for band in bands]
    assert errors[0] == errors[1] != errors[2]


def test_halves_drawn_in_blocks_are_those_drawn_at_once(monkeypatch):
    values = np.random.default_rng(3).normal(size=30)
    whole = HalfSamples(draws=50).band(mean_of(values), 30)
    monkeypatch.setattr("models.evaluation.bootstrap.BLOCK", 70)
    assert HalfSamples(draws=50).band(mean_of(values), 30).error == pytest.approx(whole.error, rel=1e-12)


def test_what_is_not_defined_in_most_halves_has_no_error():
    values = np.arange(10.0)

    def statistic(kept):
        first = np.where(kept[:, 0] + kept[:, 1] == 2, 1.0, np.nan)
        return np.column_stack([kept @ values, first])

    band = HalfSamples().band(statistic, 10)
    assert np.isfinite(band.error[0])
    assert np.isnan(band[1].error)
    assert band[1].value == 1.0


@pytest.mark.parametrize(
    ("settings", "n", "said"),
    [
        ({"draws": 1}, 4, "draws must be at least 2"),
        ({"level": 1.0}, 4, "level between 0 and 1"),
        ({"cluster": ["a"] * 4}, 4, "at least 2 units or clusters, got 1"),
        ({"cluster": ["a"]}, 4, "one for each of 4 units"),
    ],
)
def test_settings_without_sense_are_refused(settings, n, said):
    with pytest.raises(ResponseError, match=said):
        HalfSamples(**settings).band(mean_of(np.arange(float(n))), n)
