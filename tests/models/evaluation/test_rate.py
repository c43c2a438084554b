import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.evaluation.bootstrap import HalfSamples
from models.evaluation.rate import rate

FEW = HalfSamples(draws=20)


def test_the_areas_of_four_scores_are_those_by_hand():
    said = rate([4, 3, 2, 1], [4.0, 2.0, 0.0, -2.0], resampling=FEW)
    assert said.effect.value == pytest.approx(1.0)
    # ∫ mean of the best q: 1 + (½ + ½ ln 2) + 3⁄2 ln 3⁄2 + (3 ln 4⁄3 − ½), less the effect.
    assert said.autoc.value == pytest.approx(0.5 * np.log(2) + 1.5 * np.log(1.5) + 3 * np.log(4 / 3))
    assert said.qini.value == pytest.approx((0.5 + 1.25 + 1.5 + 1.25) / 4 - 0.5)
    assert said.toc.value[[4, 9, 19]] == pytest.approx([4 - 1, 3 - 1, 0])


def test_a_constant_priority_has_0():
    scores = np.random.default_rng(0).normal(size=50)
    said = rate(np.ones(50), scores, resampling=FEW)
    assert [said.autoc.value, said.qini.value, *said.toc.value] == pytest.approx([0.0] * 22, abs=1e-12)
    assert [said.autoc.error, said.qini.error] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_only_the_order_matters_and_not_that_of_the_rows():
    rng = np.random.default_rng(1)
    priority, scores, shuffled = np.round(rng.normal(size=200), 1), rng.normal(size=200), rng.permutation(200)
    own = rate(priority, scores, resampling=FEW)
    assert rate(priority**3, scores, resampling=FEW).autoc == own.autoc
    assert rate(priority[shuffled], scores[shuffled], resampling=FEW).autoc.value == pytest.approx(own.autoc.value)


def test_it_is_the_papers_sum_over_units_where_there_are_many():
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    scores = x + rng.normal(size=4000)
    best = scores[np.argsort(-x)]
    by_units = np.mean(np.cumsum(best) / np.arange(1, 4001)) - scores.mean()
    said = rate(x, scores, resampling=HalfSamples(draws=60))
    assert abs(said.autoc.value - by_units) < 0.1 * said.autoc.error


def test_an_uplift_that_is_the_priority_has_the_worlds_areas():
    # τ(q) = 1 − q of the unit at share q: TOC(q) = (1 − q)/2, so AUTOC is 1/4 and QINI 1/12.
    q = (np.arange(1000) + 0.5) / 1000
    said = rate(-q, 1.0 - q, resampling=FEW)
    assert said.autoc.value == pytest.approx(1 / 4, abs=1e-3)
    assert said.qini.value == pytest.approx(1 / 12, abs=1e-6)


def test_a_weight_of_2_is_a_unit_twice():
    rng = np.random.default_rng(3)
    priority, scores, weight = rng.normal(size=40), rng.normal(size=40), rng.integers(1, 3, 40)
    twice = np.repeat(np.arange(40), weight)
    weighted, repeated = (
        rate(priority, scores, weight=weight, resampling=FEW),
        rate(priority[twice], scores[twice], resampling=FEW),
    )
    assert [weighted.autoc.value, weighted.qini.value] == pytest.approx([repeated.autoc.value, repeated.qini.value])


def test_intervals_cover_0_where_scores_are_permuted():
    rng = np.random.default_rng(4)
    priority = rng.normal(size=300)
    scores = priority + 2.0 * rng.normal(size=300)
    assert rate(priority, scores).autoc.low > 0
    covered = np.zeros(2)
    for seed in range(200):
        said = rate(priority, rng.permutation(scores), resampling=HalfSamples(draws=60, random_state=seed))
        covered += [e.low <= 0.0 <= e.high for e in (said.autoc, said.qini)]
    assert (covered >= 0.91 * 200).all()
    assert (covered < 200).all()


def test_scores_that_are_missing_are_refused():
    with pytest.raises(ResponseError, match="rate, scores: must be finite"):
        rate([1, 2], [0.0, np.nan])


@pytest.mark.filterwarnings("ignore")
def test_causalml_says_the_same_of_each_share():
    peer = pytest.importorskip("causalml.metrics", reason="causalml is not installed")
    if not hasattr(peer, "get_toc"):
        pytest.skip("this causalml knows no TOC")
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    table = pd.DataFrame({"score": x, "tau": x + rng.normal(size=400)})
    said = rate(x, table["tau"], resampling=FEW)
    assert said.toc.value == pytest.approx(peer.get_toc(table)["score"].to_numpy()[20::20], abs=1e-9)
    # Its weights q sum to 1 where ∫ q dq is ½.
    assert said.qini.value == pytest.approx(peer.rate_score(table, weighting="qini")["score"] / 2, rel=1e-2)
