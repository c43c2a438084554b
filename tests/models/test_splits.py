from math import log

import numpy as np
import pytest

from models.splits import CRITERIA, Criterion

# One treatment. Left child: 30 treated, of whom 60 % respond, and 70 controls, 20 %. Right: 70 treated and 30 controls, 30 %.
# Parent: 100 treated, (18 + 21)/100 = 39 %; 100 controls, (14 + 9)/100 = 23 %. Both children hold 100 of the 200 units.
RATES = np.array([0.23, 0.39])
UNITS = np.array([[[70.0, 30.0]], [[30.0, 70.0]]])
CHILD_RATES = np.array([[[0.2, 0.6]], [[0.3, 0.3]]])


def single(kind, *, normalise=True):
    return Criterion.of(kind, np.array([100.0, 100.0]), 0.5, normalise)


def test_the_kullback_leibler_gain_is_the_papers():
    before = 0.39 * log(0.39 / 0.23) + 0.61 * log(0.61 / 0.77)
    after = 0.5 * (0.6 * log(0.6 / 0.2) + 0.4 * log(0.4 / 0.8)) + 0.5 * 0.0
    entropy = -(0.3 * log(0.3) + 0.7 * log(0.7))
    parted = log(2) * (0.3 * log(0.3 / 0.7) + 0.7 * log(0.7 / 0.3))  # H(½, ½) = ln 2
    normaliser = parted + 0.5 * entropy + 0.5 * entropy + 0.5
    assert single("kl", normalise=False).gain(RATES, UNITS, CHILD_RATES) == pytest.approx([after - before])
    assert single("kl").gain(RATES, UNITS, CHILD_RATES) == pytest.approx([(after - before) / normaliser])


def test_the_euclidean_gain_is_the_papers():
    before = 2 * 0.16**2
    after = 0.5 * 2 * 0.4**2
    gini = 1 - 0.3**2 - 0.7**2
    normaliser = 0.5 * (2 * 0.4**2) + 0.5 * gini + 0.5 * gini + 0.5  # the Gini index of (½, ½) is ½
    assert single("euclidean", normalise=False).gain(RATES, UNITS, CHILD_RATES) == pytest.approx([after - before])
    assert single("euclidean").gain(RATES, UNITS, CHILD_RATES) == pytest.approx([(after - before) / normaliser])


def test_the_chi_squared_gain_is_the_papers():
    before = 0.16**2 / 0.23 + 0.16**2 / 0.77
    after = 0.5 * (0.4**2 / 0.2 + 0.4**2 / 0.8)
    gini = 1 - 0.3**2 - 0.7**2
    normaliser = 0.5 * (0.4**2 / 0.7 + 0.4**2 / 0.3) + 0.5 * gini + 0.5 * gini + 0.5
    assert single("chi2", normalise=False).gain(RATES, UNITS, CHILD_RATES) == pytest.approx([after - before])
    assert single("chi2").gain(RATES, UNITS, CHILD_RATES) == pytest.approx([(after - before) / normaliser])


def test_two_treatments_are_held_against_the_controls_and_each_other():
    # Controls 40 + 60, first treatment 50 + 50, second 100 + 100; λ = (1/3, 2/3), so γ_12 = γ_21 = 2/9.
    units = np.array([[[40.0, 50.0, 100.0]], [[60.0, 50.0, 100.0]]])
    children = np.array([[[0.2, 0.5, 0.8]], [[0.3, 0.3, 0.4]]])
    parent = np.array([0.26, 0.4, 0.6])  # (8 + 18)/100, (25 + 15)/100, (80 + 40)/200

    def apart(control, first, second):  # α = 0.25; a squared distance counts once for each of the two classes
        from_control = ((first - control) ** 2 + 2 * (second - control) ** 2) * 2 / 3
        among = 2 * 2 / 9 * 2 * (second - first) ** 2
        return 0.25 * from_control + 0.75 * among

    gained = 190 / 400 * apart(0.2, 0.5, 0.8) + 210 / 400 * apart(0.3, 0.3, 0.4) - apart(0.26, 0.4, 0.6)
    # Among the children fall: controls (0.4, 0.6), every treatment (0.5, 0.5): a distance of 2 · 0.1² = 0.02 to each.
    together = (1 - 0.25**2 - 0.75**2) * 0.02  # 100 controls beside 300 treated
    each = (1 - 0.5**2 - 0.5**2) * 0.02 + (1 - (1 / 3) ** 2 - (2 / 3) ** 2) * 0.02
    spread = 100 / 400 * 0.5 + 200 / 400 * 0.5 + 100 / 400 * (1 - 0.4**2 - 0.6**2)
    normaliser = 0.25 * together + 0.75 * each + spread + 0.5
    criterion = Criterion.of("euclidean", np.array([100.0, 100.0, 200.0]), 0.25, normalise=True)
    assert criterion.gain(parent, units, children) == pytest.approx([gained / normaliser])


def test_kullback_leibler_among_treatments_looks_both_ways():
    rates = np.array([0.3, 0.4, 0.5])

    def kl(p, q):
        return p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))

    expected = 0.5 * (0.5 * kl(0.4, 0.3) + 0.5 * kl(0.5, 0.3)) + 0.5 * 0.25 * (kl(0.4, 0.5) + kl(0.5, 0.4))
    assert Criterion.of("kl", np.ones(3), 0.5, normalise=True).divergence(rates) == pytest.approx(expected)


@pytest.mark.parametrize("kind", CRITERIA)
def test_a_split_that_changes_nothing_gains_nothing(kind):
    same = np.broadcast_to(RATES, (2, 1, 2))
    assert single(kind).gain(RATES, UNITS, same) == pytest.approx([0.0], abs=1e-15)


@pytest.mark.parametrize("kind", CRITERIA)
def test_a_split_that_parts_the_arms_unevenly_is_worth_less(kind):
    even = np.full((2, 1, 2), 50.0)
    assert single(kind).gain(RATES, UNITS, CHILD_RATES) < single(kind).gain(RATES, even, CHILD_RATES)


@pytest.mark.parametrize("kind", CRITERIA)
def test_many_splits_are_judged_as_one_by_one(kind):
    rng = np.random.default_rng(0)
    units, children = rng.uniform(10, 90, (2, 7, 4)), rng.uniform(0.1, 0.9, (2, 7, 4))
    criterion, rates = Criterion.of(kind, np.array([3.0, 1.0, 2.0, 4.0]), 0.5, normalise=True), np.array([0.2, 0.3, 0.4, 0.5])
    one_by_one = [criterion.gain(rates, units[:, [k]], children[:, [k]])[0] for k in range(7)]
    assert criterion.gain(rates, units, children) == pytest.approx(one_by_one)
