from itertools import product

import numpy as np
import pytest

from models import ResponseError
from models.evaluation.sensitivity import Confounding, Group


def history(n, seed, effect=0.3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    e = 1.0 / (1.0 + np.exp(-0.5 * x))
    arm = (rng.random(n) < e).astype(int)
    y = (rng.random(n) < 0.3 + effect * arm).astype(int)
    return np.ones(n, dtype=int), arm, y, np.column_stack([1 - e, e])


@pytest.mark.parametrize("strength", [1.0, 1.3, 4.0])
def test_extreme_means_are_those_of_all_corners(strength):
    rng = np.random.default_rng(1)
    y, e, counts = np.round(rng.normal(size=8), 1), rng.uniform(0.1, 0.9, 8), rng.uniform(0.5, 2.0, 8)
    factors = np.array(list(product([1 / strength, strength], repeat=8)))
    weight = counts * (1 + (1 / e - 1) * factors)
    means = weight @ y / weight.sum(axis=1)
    assert Group.read(y, e, counts).means(strength) == pytest.approx((means.min(), means.max()))


def test_nothing_hidden_is_the_weighted_difference():
    planned, arm, y, e = history(500, seed=2)
    own = 1 / e[np.arange(500), arm]
    expected = np.average(y[arm == 1], weights=own[arm == 1]) - np.average(y[arm == 0], weights=own[arm == 0])
    said = Confounding.read(planned, arm, y, e)
    assert said.gain() == pytest.approx(expected)
    assert said.bounds(1.0) == pytest.approx((expected, expected))


def test_bounds_widen_and_touch_0_at_the_strength():
    said = Confounding.read(*history(500, seed=3))
    lows, highs = zip(*(said.bounds(k) for k in (1.0, 1.2, 2.0, 5.0)), strict=True)
    assert list(lows) == sorted(lows, reverse=True)
    assert list(highs) == sorted(highs)
    assert said.strength() > 1.2
    assert said.bounds(said.strength())[0] == pytest.approx(0.0, abs=1e-9)


def test_a_loss_is_as_hard_to_overturn_as_the_gain_of_the_opposite_outcome():
    planned, arm, y, e = history(500, seed=4)
    assert Confounding.read(planned, arm, 1 - y, e).strength() == pytest.approx(Confounding.read(planned, arm, y, e).strength())


def test_larger_gains_take_stronger_reasons():
    strengths = [Confounding.read(*history(4000, seed=5, effect=effect)).strength() for effect in (0.05, 0.2, 0.4)]
    assert strengths == sorted(strengths)
    # At propensity ½ and rates of .3 and .7: .7/(.7 + .3Λ) = .3Λ/(.3Λ + .7) at Λ = 7/3.
    assert strengths[2] == pytest.approx(7 / 3, rel=0.1)


def test_without_gain_nothing_is_needed_and_without_doubt_nothing_suffices():
    half = np.full((4, 2), 0.5)
    assert Confounding.read([1] * 4, [0, 0, 1, 1], [0, 1, 0, 1], half).strength() == 1.0
    assert Confounding.read([1] * 4, [0, 0, 1, 1], [0, 0, 1, 1], half).strength() == np.inf


def test_by_hand_two_of_three_against_one_of_three_need_odds_of_a_ratio():
    # At propensity ½ weights are 1 + Λ and 1 + 1/Λ, of ratio Λ: 2/(2 + Λ) meets Λ/(Λ + 2) at Λ = 2.
    said = Confounding.read([1] * 6, [1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 0, 0], np.full((6, 2), 0.5))
    assert said.bounds(2.0)[0] == pytest.approx(0.0, abs=1e-12)
    assert said.strength() == pytest.approx(2.0)


def test_a_hidden_reason_of_known_strength_stays_within_the_bounds():
    rng = np.random.default_rng(6)
    n, true = 200_000, 0.2
    hidden = rng.integers(0, 2, n)
    chance = np.where(hidden == 1, 0.6, 0.4)  # the record says ½: odds of 1.5 and 1/1.5 against 1
    arm = (rng.random(n) < chance).astype(int)
    y = (rng.random(n) < 0.2 + true * arm + 0.5 * hidden).astype(int)
    said = Confounding.read(np.ones(n), arm, y, np.full((n, 2), 0.5))
    assert said.gain() > true + 0.08
    low, high = said.bounds(1.5)
    assert low < true < high


def test_only_units_with_a_planned_award_speak_and_of_each_only_that_award():
    planned, arm = [1, 1, 2, 2, 0, 1], [1, 0, 2, 0, 0, 2]
    said = Confounding.read(planned, arm, [1, 0, 1, 1, 9, 9], np.full((6, 3), 1 / 3))
    assert said.gain() == pytest.approx(1.0 - 0.5)


def test_a_plan_that_history_never_tried_is_refused():
    with pytest.raises(ResponseError, match="some must have received it, got none"):
        Confounding.read([1, 1], [0, 0], [0, 1], np.full((2, 2), 0.5))
    with pytest.raises(ResponseError, match="strength: must be 1 or more"):
        Confounding.read([1, 1], [0, 1], [0, 1], np.full((2, 2), 0.5)).bounds(0.5)
