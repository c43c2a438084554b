"""The value of a rule is right if outcomes or propensities are, and its interval covers it as often as it says."""

import numpy as np
import pandas as pd
import pytest

from models.base import ResponseError
from models.evaluation.matching import matching, usual_classifier
from models.evaluation.policy_value import PolicyValue, effective_size, scores, weighted


def world(rng, n=1_000):
    """Awards of 0, 1, 2 whose chances depend on x, outcomes that depend on both, and the mean outcome of each at each award."""
    x = rng.normal(size=n)
    odds = np.exp(np.stack([np.zeros(n), 0.8 * x, -0.5 - 0.6 * x], axis=1))
    chance = odds / odds.sum(axis=1, keepdims=True)
    award = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(max=2)
    mean = np.stack([0.2 + 0 * x, 0.3 + 0.1 * x, 0.4 - 0.1 * x], axis=1) + 0.5 * x[:, None]
    outcome = mean[np.arange(n), award] + rng.normal(0, 0.5, n)
    return x, chance, award, mean, outcome


def inverse(chance, award, given):
    rows = np.arange(len(award))
    return (award == given) / chance[rows, given]


def test_the_score_is_the_prediction_where_the_record_says_nothing_and_the_record_where_it_says_all():
    outcome, fitted, predicted = np.array([1.0, 0.0]), np.array([0.4, 0.2]), np.array([0.5, 0.3])
    assert scores(outcome, fitted, predicted, np.array([0.0, 0.0])) == pytest.approx(predicted)
    assert scores(outcome, predicted, predicted, np.array([1.0, 1.0])) == pytest.approx(outcome)


@pytest.mark.parametrize(("outcomes_right", "chances_right"), [(True, False), (False, True), (True, True), (False, False)])
def test_one_of_outcomes_and_propensities_need_be_right(outcomes_right, chances_right):
    errors = []
    for draw in range(80):
        x, chance, award, mean, outcome = world(np.random.default_rng(draw))
        given = np.where(x > 0, 2, 1)
        rows = np.arange(len(x))
        mu = mean if outcomes_right else np.zeros_like(mean)
        weight = inverse(chance if chances_right else np.full_like(chance, 1 / 3), award, given)
        found = PolicyValue.mean(scores(outcome, mu[rows, award], mu[rows, given], weight))
        errors.append((found.value - mean[rows, given].mean(), found.standard_error))
    bias, error = np.mean(errors, axis=0)
    chance_error = np.std([error for error, _ in errors]) / np.sqrt(len(errors))
    assert (abs(bias) < 4 * chance_error) == (outcomes_right or chances_right)
    assert error > 0


def test_estimated_propensities_serve_as_well_as_true_ones():
    x, _, award, mean, outcome = world(np.random.default_rng(7), n=20_000)
    X = pd.DataFrame({"x": x})
    given = np.where(x > 0, 2, 1)
    weight = matching(X, award.astype(float), usual_classifier(), award.astype(float)).match(X, award.astype(float), given).weight
    value, influence = weighted(outcome, weight)
    found = PolicyValue.of(value, influence)
    assert abs(value - mean[np.arange(x.size), given].mean()) < 3 * found.standard_error
    assert found.standard_error < 0.03


def test_everybody_the_same_is_worth_the_mean_of_that_arm():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=500)})
    award, outcome = rng.integers(3, size=500).astype(float), rng.normal(3.0, 1.0, 500)
    near = matching(X, award, "shares", award)
    for amount in (0.0, 1.0, 2.0):
        weight = near.match(X, award, np.full(500, amount)).weight
        value, influence = weighted(outcome, weight)
        assert value == pytest.approx(outcome[award == amount].mean(), abs=1e-12)
        assert (weight * outcome).mean() == pytest.approx(value, abs=1e-12)
        # Outcomes that are the same for all say no more than the records.
        flat = scores(outcome, np.full(500, 9.0), np.full(500, 9.0), weight)
        assert flat.mean() == pytest.approx(value, abs=1e-12)
        own = outcome[award == amount]
        assert PolicyValue.of(value, influence).standard_error == pytest.approx(own.std() / np.sqrt(own.size), rel=2e-3)


def test_intervals_are_students_and_clusters_count_once():
    value = PolicyValue.mean(np.array([1.0, 2.0, 3.0, 6.0]))
    assert value.value == 3.0
    assert value.standard_error == pytest.approx(np.std([1, 2, 3, 6], ddof=1) / 2)
    assert value.high - value.value == pytest.approx(3.182446 * value.standard_error, rel=1e-6)
    twice = PolicyValue.mean(np.repeat([1.0, 2.0, 3.0, 6.0], 2), np.repeat([7, 5, 3, 1], 2))
    assert twice == value


def test_clustered_intervals_cover_what_clusters_share():
    covered = []
    for draw in range(300):
        rng = np.random.default_rng(draw)
        clusters = np.repeat(np.arange(25), 12)
        outcome = rng.normal(0, 1, 25)[clusters] + rng.normal(0, 1, 300)
        clustered, plain = PolicyValue.mean(outcome, clusters), PolicyValue.mean(outcome)
        covered.append((clustered.low <= 0 <= clustered.high, plain.low <= 0 <= plain.high))
    right, wrong = np.mean(covered, axis=0)
    assert 0.92 <= right <= 0.98
    assert wrong < 0.7


def test_a_deviation_needs_two_clusters():
    with pytest.raises(ResponseError, match="clusters: must be at least 2"):
        PolicyValue.mean(np.arange(5.0), np.zeros(5, dtype=np.intp))


def test_records_that_match_nothing_say_nothing():
    value, influence = weighted(np.ones(3), np.zeros(3))
    assert np.isnan(value)
    assert np.isnan(influence).all()
    assert effective_size(np.zeros(3)) == 0.0
    assert effective_size(np.array([0.0, 2.0, 2.0])) == pytest.approx(2.0)
