"""Weights say which record speaks for which award: they have mean 1, and match no award with no award alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from models.base import ResponseError
from models.evaluation.matching import ByKernel, ByTier, bandwidth, matching, usual_classifier
from models.propensity import LEAST_PROPENSITY
from models.truth import LARGEST_AWARD, ScholarshipWorld

COLUMNS = ["family_income", "exam_score", "distance_km", "faculty"]


@pytest.fixture(scope="module")
def past():
    """2 000 people: features with gaps and text, a randomised award, and one of three tiers of it."""
    history = ScholarshipWorld().draw_history(np.random.default_rng(0), n=2_000)
    award = history["award"].to_numpy(dtype=float)
    return history[COLUMNS], award, np.ceil(award / 900_000) * 1e6


def test_few_awards_are_matched_by_tier_and_many_by_kernel(past):
    X, award, tier = past
    assert isinstance(matching(X, tier, "shares", tier), ByTier)
    assert isinstance(matching(X, award, "shares", award), ByKernel)
    # A part of history is matched as all of it is.
    assert isinstance(matching(X[:15], award[:15], "shares", award), ByKernel)


def test_with_recorded_shares_each_arm_weighs_as_much_as_everybody(past):
    X, _, tier = past
    near = matching(X, tier, "shares", tier)
    for amount in np.unique(tier):
        match = near.match(X, tier, np.full(tier.size, amount))
        weight, trimmed = match.weight, match.trimmed
        assert weight.sum() == pytest.approx(tier.size)
        assert (weight[tier != amount] == 0).all()
        assert not trimmed.any()


def test_an_award_between_two_tiers_mixes_them(past):
    X, _, tier = past
    near = matching(X, tier, "shares", tier)
    low, high, between = (near.match(X, tier, np.full(tier.size, amount)).weight for amount in (1e6, 2e6, 1.25e6))
    assert between == pytest.approx(0.75 * low + 0.25 * high)


@pytest.mark.parametrize("award", [100_000.0, 1_300_000.0, float(LARGEST_AWARD)])
def test_a_kernel_weighs_near_awards_most_and_has_mean_one(past, award):
    X, received, _ = past
    near = matching(X, received, "shares", received)
    weight = near.match(X, received, np.full(received.size, award)).weight
    assert weight.mean() == pytest.approx(1.0, abs=0.02)
    assert (weight[(received == 0) | (np.abs(received - award) >= near.width)] == 0).all()
    distance = np.abs(received - award)[weight > 0]
    assert (np.diff(weight[weight > 0][np.argsort(distance, kind="stable")]) <= 1e-12).all()


def test_what_stands_for_an_award_has_the_weights_of_the_records(past):
    X, received, tier = past
    for awards in (received, tier):
        near = matching(X, awards, "shares", awards)
        match = near.match(X, awards, np.full(awards.size, 1_250_000.0))
        assert match.shares.sum(axis=1) == pytest.approx(1.0)
        assert (match.shares[:, 0] == 0).all()
        assert match.shares[0] @ near.nodes == pytest.approx(np.average(awards, weights=match.weight), rel=0.01)


def test_estimated_propensities_balance_what_assignment_depended_on():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6_000, 2))
    X = pd.DataFrame(x, columns=["a", "b"])
    treated = rng.random(6_000) < 1 / (1 + np.exp(-x[:, 0]))
    award = np.where(treated, np.clip(500 + 80 * x[:, 1] + rng.normal(0, 100, 6_000), 50, 950).round(), 0)
    estimated = matching(X, award, usual_classifier(), award)
    assumed = matching(X, award, "shares", award)
    for wanted in (0.0, 480.0):
        right = estimated.match(X, award, np.full(6_000, wanted)).weight
        wrong = assumed.match(X, award, np.full(6_000, wanted)).weight
        assert right.mean() == pytest.approx(1.0, abs=0.06)
        assert np.abs(np.average(x, axis=0, weights=right)).max() < 0.08
        assert np.abs(np.average(x, axis=0, weights=wrong)).max() > 0.15


def test_a_known_chance_is_that_of_any_award(past):
    X, _, tier = past
    near = matching(X, tier, 0.5, tier)
    assert near.chances.shares[0] == 0.5
    assert near.chances.shares.sum() == pytest.approx(1.0)
    assert near.match(X, tier, np.zeros(tier.size)).weight == pytest.approx(np.where(tier == 0, 2.0, 0.0))


def test_awards_that_nobody_had_have_no_weight_and_are_counted(past):
    X, award, _ = past
    match = matching(X, award, "shares", award).match(X, award, np.full(award.size, 9e6))
    weight, trimmed = match.weight, match.trimmed
    assert (weight == 0).all()
    assert (match.shares == 0).all()
    assert trimmed.all()


def test_no_unit_weighs_more_than_the_least_propensity_lets_it():
    X = pd.DataFrame({"a": np.linspace(-1, 1, 4_000)})
    award = np.where(np.arange(4_000) % 500 == 0, 1.0, 0.0)
    match = matching(X, award, "shares", award).match(X, award, np.ones(4_000))
    weight, trimmed = match.weight, match.trimmed
    assert weight.max() == 1 / LEAST_PROPENSITY
    assert trimmed.all()


def test_the_bandwidth_narrows_with_the_number_of_awards():
    awards = np.tile([100.0, 200.0, 300.0], 1_000)
    assert bandwidth(awards[:300]) == pytest.approx(2.34 * awards.std() * 300**-0.25)
    assert bandwidth(awards) < bandwidth(awards[:300])


@pytest.mark.parametrize("wrong", [0.0, 1.0, Ridge(), "known"])
def test_a_propensity_is_a_chance_or_a_classifier(past, wrong):
    X, _, tier = past
    with pytest.raises(ResponseError, match="propensity: must"):
        matching(X, tier, wrong, tier)


def test_every_arm_needs_units(past):
    X, _, tier = past
    with pytest.raises(ResponseError, match="each of the 4 arms must have units"):
        matching(X[tier < 3e6], tier[tier < 3e6], LogisticRegression(), tier)
