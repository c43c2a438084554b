import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.evaluation.ranking import Ranking

SCORE = np.arange(8.0, 0.0, -1.0)
TREATED = np.array([1, 0, 1, 1, 0, 0, 1, 0])
OUTCOME = np.array([1, 0, 1, 0, 1, 0, 0, 1])


def trial(n, seed, digits=8):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=n), rng.integers(0, 2, n)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-0.5 - t * x))).astype(int)
    return np.round(x + rng.normal(size=n), digits), t, y


def test_the_curves_of_eight_rows_are_those_by_hand():
    ranking = Ranking.read(SCORE, TREATED, OUTCOME)
    assert ranking.qini_curve().gain == pytest.approx([0, 1, 1, 2, 2, 0.5, 1, 2 / 3, 0])
    assert ranking.uplift_curve().gain == pytest.approx([0, 1, 2, 3, 8 / 3, 5 / 6, 2, 7 / 6, 0])
    assert ranking.qini_curve().share == pytest.approx(np.arange(9) / 8)


def test_equal_scores_are_one_step():
    curve = Ranking.read([2, 2, 2, 2, 1, 1, 1, 1], TREATED, OUTCOME).qini_curve()
    assert curve.share == pytest.approx([0, 0.5, 1])
    assert curve.gain == pytest.approx([0, 2, 0])


def test_the_curves_end_at_the_difference_of_means_whatever_the_score():
    score, t, y = trial(500, seed=1)
    ranking, apart = Ranking.read(score, t, y), y[t == 1].mean() - y[t == 0].mean()
    assert ranking.qini_curve().gain[-1] == pytest.approx(apart * t.sum())
    assert ranking.uplift_curve().gain[-1] == pytest.approx(apart * 500)


def test_a_weight_of_2_is_a_unit_twice():
    score, t, y = trial(60, seed=2)
    twice = np.repeat(np.arange(60), np.where(y == 1, 2, 1))
    weighted = Ranking.read(score, t, y, weight=1.0 + y).uplift_curve()
    repeated = Ranking.read(score[twice], t[twice], y[twice]).uplift_curve()
    assert weighted.gain == pytest.approx(repeated.gain)
    assert weighted.share == pytest.approx(repeated.share)


def test_a_propensity_that_everyone_shares_changes_nothing():
    score, t, y = trial(60, seed=3)
    assert Ranking.read(score, t, y, propensity=np.full(60, t.mean())).weight == pytest.approx(np.ones(60))


def test_propensities_undo_confounding():
    rng = np.random.default_rng(4)
    x = rng.normal(size=40_000)
    e = 1.0 / (1.0 + np.exp(-x))
    t = (rng.random(x.size) < e).astype(int)
    y = 2.0 * x + t * (x > 0) + rng.normal(size=x.size)
    naive, weighted = (Ranking.read(x, t, y, propensity=p).uplift_curve().gain[-1] / x.size for p in (None, e))
    assert naive > 1.5
    assert weighted == pytest.approx(0.5, abs=0.06)


def test_a_perfect_order_is_above_every_other():
    score, t, y = trial(300, seed=5)
    ranking = Ranking.read(score, t, y)
    at = np.linspace(0.0, 1.0, 50)
    best, other = (np.interp(at, curve.share, curve.gain) for curve in (ranking.perfect()[0].qini_curve(), ranking.qini_curve()))
    assert (best >= other - 1e-9).all()
    assert Ranking.read(score, t, 2 * y).perfect() is None


@pytest.mark.parametrize(
    ("treated", "outcome", "propensity", "said"),
    [
        ([1, 1], [0, 1], None, "treated: must be 0 or 1, and both"),
        ([0, 2], [0, 1], None, "treated: must be 0 or 1"),
        ([0, 1], [0, np.nan], None, "outcome: must be finite"),
        ([0, 1], [0], None, "outcome: must be finite numbers of shape"),
        ([0, 1], [0, 1], [1.0, 0.5], "propensity: must lie above 0"),
    ],
)
def test_what_cannot_be_ranked_is_refused(treated, outcome, propensity, said):
    with pytest.raises(ResponseError, match=said):
        Ranking.read([0.1, 0.2], treated, outcome, propensity=propensity)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("digits", [8, 0], ids=["no ties", "ties"])
def test_scikit_uplift_draws_the_same_curves(digits):
    peer = pytest.importorskip("sklift.metrics", reason="scikit-uplift is not installed")
    score, t, y = trial(400, seed=6, digits=digits)
    ranking = Ranking.read(score, t, y)
    qini, uplift = ranking.perfect()
    for curve, (units, gain) in [
        (ranking.qini_curve(), peer.qini_curve(y, score, t)),
        (ranking.uplift_curve(), peer.uplift_curve(y, score, t)),
        (qini.qini_curve(), peer.perfect_qini_curve(y, t)),
        (uplift.uplift_curve(), peer.perfect_uplift_curve(y, t)),
    ]:
        assert curve.share * 400 == pytest.approx(units)
        assert curve.gain == pytest.approx(gain)


@pytest.mark.filterwarnings("ignore")
def test_causalml_draws_the_same_curves_where_both_arms_are_present():
    peer = pytest.importorskip("causalml.metrics", reason="causalml is not installed")
    score, t, y = trial(400, seed=7)
    table, ranking = pd.DataFrame({"score": score, "w": t, "y": y}), Ranking.read(score, t, y)
    assert ranking.qini_curve().gain[20:] == pytest.approx(peer.get_qini(table)["score"].to_numpy()[20:])
    assert ranking.uplift_curve().gain[20:] == pytest.approx(peer.get_cumgain(table)["score"].to_numpy()[20:])
