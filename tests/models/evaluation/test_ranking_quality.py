import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.evaluation.bootstrap import HalfSamples
from models.evaluation.ranking import Ranking
from models.evaluation.ranking_quality import ranking_quality

SCORE = np.arange(8.0, 0.0, -1.0)
TREATED = np.array([1, 0, 1, 1, 0, 0, 1, 0])
OUTCOME = np.array([1, 0, 1, 0, 1, 0, 0, 1])
FEW = HalfSamples(draws=20)


def trial(n, seed, digits=8):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=n), rng.integers(0, 2, n)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-0.5 - t * x))).astype(int)
    return np.round(x + rng.normal(size=n), digits), t, y


def figures(score, t, y, **settings):
    quality = ranking_quality(Ranking.read(score, t, y, **settings), resampling=FEW)
    single = [quality.effect, quality.qini_area, quality.qini, quality.auuc, quality.uplift_coefficient]
    return np.array(
        [[e.value, e.error] for e in single] + list(zip(quality.uplift_at.value, quality.uplift_at.error, strict=True))
    )


def test_the_figures_of_eight_rows_are_those_by_hand():
    quality = ranking_quality(Ranking.read(SCORE, TREATED, OUTCOME), shares=[0.5, 1.0], resampling=FEW)
    under = 1 + 1 + 2 + 2 + 0.5 + 1 + 2 / 3
    assert quality.effect.value == 0.0
    assert quality.qini_area.value == pytest.approx(under / 8 / 4)
    assert quality.qini.value == pytest.approx(under / 12)
    assert quality.auuc.value == pytest.approx((1 + 2 + 3 + 8 / 3 + 5 / 6 + 2 + 7 / 6) / 8 / 8)
    assert quality.uplift_at.value == pytest.approx([2 / 3, 0.0])
    assert quality.qini_band.value[[0, 50, 100]] == pytest.approx([0.0, 0.5, 0.0])


def test_the_perfect_order_has_1_and_its_reverse_is_below_0():
    _, t, y = trial(400, seed=1)
    best = y * (2 * t - 1)
    assert ranking_quality(Ranking.read(best, t, y), resampling=FEW).qini.value == pytest.approx(1.0)
    assert ranking_quality(Ranking.read(-best, t, y), resampling=FEW).qini.value < 0


def test_random_orders_have_0_on_average():
    _, t, y = trial(400, seed=2)
    rng = np.random.default_rng(2)
    drawn = [figures(rng.normal(size=400), t, y)[:5, 0] for _ in range(100)]
    effect, area, qini, auuc, coefficient = np.mean(drawn, axis=0)
    noise = np.std(drawn, axis=0) / 10
    assert np.abs([area, qini, auuc - effect / 2, coefficient]) == pytest.approx(np.zeros(4), abs=3 * noise[1:].max())
    assert 3 * noise[1:].max() < 0.03


def test_nothing_depends_on_the_scale_of_the_score_or_the_order_of_rows():
    score, t, y = trial(300, seed=3, digits=1)
    own = figures(score, t, y)
    shuffled = np.random.default_rng(3).permutation(300)
    assert figures(np.exp(3.0 * score) - 1.0, t, y).tolist() == own.tolist()
    assert figures(score[shuffled], t[shuffled], y[shuffled])[:, 0] == pytest.approx(own[:, 0])


def test_a_constant_score_is_a_random_one():
    _, t, y = trial(300, seed=4)
    quality = ranking_quality(Ranking.read(np.ones(300), t, y), shares=[0.1, 0.7], resampling=FEW)
    assert [quality.qini.value, quality.qini_area.value] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert quality.uplift_at.value == pytest.approx([quality.effect.value] * 2)


def test_outcomes_that_are_amounts_have_areas_but_no_perfect_order():
    score, t, y = trial(300, seed=5)
    once, thrice = figures(score, t, y), figures(score, t, 3.0 * y)
    assert thrice[[0, 1, 3], :] == pytest.approx(3.0 * once[[0, 1, 3], :])
    assert np.isnan(thrice[[2, 4], :]).all()


def test_intervals_cover_0_where_outcomes_are_permuted():
    rng = np.random.default_rng(6)
    score, t, y = trial(300, seed=6)
    assert ranking_quality(Ranking.read(score, t, y)).qini.low > 0
    covered = np.zeros(4)
    for seed in range(200):
        ranking = Ranking.read(score, t, rng.permutation(y))
        quality = ranking_quality(ranking, shares=[0.3], resampling=HalfSamples(draws=60, random_state=seed))
        estimates = [quality.effect, quality.qini_area, quality.qini, quality.uplift_at[0]]
        covered += [e.low <= 0.0 <= e.high for e in estimates]
    assert (covered >= 0.91 * 200).all()
    assert (covered < 200).all()


def test_shares_outside_0_to_1_are_refused():
    with pytest.raises(ResponseError, match="shares: must lie above 0 and up to 1"):
        ranking_quality(Ranking.read(SCORE, TREATED, OUTCOME), shares=[0.0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("digits", [8, 0], ids=["no ties", "ties"])
@pytest.mark.parametrize("flipped", [False, True], ids=["treated respond", "controls respond"])
def test_scikit_uplift_says_the_same(digits, flipped):
    peer = pytest.importorskip("sklift.metrics", reason="scikit-uplift is not installed")
    score, t, y = trial(400, seed=7, digits=digits)
    t = 1 - t if flipped else t
    quality = ranking_quality(Ranking.read(score, t, y), shares=[0.25], resampling=FEW)
    assert quality.qini.value == pytest.approx(peer.qini_auc_score(y, score, t))
    assert quality.uplift_coefficient.value == pytest.approx(peer.uplift_auc_score(y, score, t))
    if digits:  # it breaks ties by the order of rows
        assert quality.uplift_at.value[0] == pytest.approx(peer.uplift_at_k(y, score, t, strategy="overall", k=0.25))


@pytest.mark.filterwarnings("ignore")
def test_causalml_says_the_same_up_to_its_sums():
    peer = pytest.importorskip("causalml.metrics", reason="causalml is not installed")
    score, t, y = trial(4000, seed=8)
    table = pd.DataFrame({"score": score, "w": t, "y": y})
    quality = ranking_quality(Ranking.read(score, t, y), resampling=FEW)
    # It takes means over rows where areas are taken here, which differ by a part in n.
    assert quality.auuc.value == pytest.approx(peer.auuc_score(table, normalize=False)["score"] / 4000, rel=2e-3)
    assert quality.qini_area.value == pytest.approx(peer.qini_score(table, normalize=False)["score"] / t.sum(), rel=5e-3)
