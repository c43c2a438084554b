"""Tonight beside those to come: nothing passes a limit whatever is foreseen, and what is foreseen only decides what is kept."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import Limit, Solver, allocate
from optimizer.decide import decide_parts
from optimizer.pacing import POOL, _evenly, beside, bid_price, in_groups, learned, passed, sample_of
from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves
from optimizer.problem.season import BUDGET, RECIPIENTS, Coming, Standing

AMOUNTS = Amounts.tiers([100, 200, 300])
SOLVER = Solver(backend="highs")


def curves(n, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    rise = scale * rng.random((n, 1)) * np.array([0.0, 0.4, 0.7, 0.9])
    return Curves.of(0.5 * rng.random((n, 1)) + rise, AMOUNTS)


def genders(n, seed):
    return pd.DataFrame({"gender": np.random.default_rng(seed).choice(["F", "M"], n)})


def standing(*rows, seen=0):
    groups = pd.DataFrame(rows, columns=["gender", "cost", "recipients"])
    return Standing(groups.astype({"cost": "int64", "recipients": "int64"}), seen)


def foreseen(n, weight, seed, limits, scale=1.0):
    names = tuple(limit.name for limit in limits)
    return Coming(curves=curves(n, seed, scale), frame=genders(n, seed), weight=Fraction(weight), limits=names)


@dataclass(frozen=True)
class Given:
    """What tonight's units are given: options, and what these come to."""

    index: np.ndarray
    spent: int
    recipients: int
    value: float


def night(limits, stands, coming, n=40, seed=1):
    """Tonight's units, what they are given, and the joint allocation."""
    own = curves(n, seed)
    joint = beside(*in_groups(own, genders(n, seed), limits), limits, stands, coming)
    found = decide_parts(joint.fleet, joint.coupling, SOLVER).whole()
    index = found.index[:n]
    spent, value = int(own.cost_of(index).sum()), float(own.value_of(index).sum())
    return own, Given(index, spent, int((index > 0).sum()), value), found


LIMITS = (
    Limit.cost(at_most=5_000, name=BUDGET),
    Limit.recipients(at_most=25, name=RECIPIENTS),
    Limit.recipients(at_least=0.5, of="recipients", where={"gender": "F"}, name="women"),
)


def test_without_a_forecast_tonight_is_what_is_left_of_each_limit():
    stands = standing(("F", 600, 3), ("M", 400, 2))
    own, given, _ = night(LIMITS[:2], stands, None)
    left = [Limit.cost(at_most=4_000), Limit.recipients(at_most=20)]
    assert given.value == pytest.approx(allocate(own.values, AMOUNTS, left, solver=SOLVER).value, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    weight=st.fractions(Fraction(1, 50), 40),
    scale=st.floats(0.0, 3.0),
    women=st.integers(0, 8),
    men=st.integers(0, 8),
)
def test_what_stands_and_tonight_keep_every_limit_whatever_is_foreseen(seed, weight, scale, women, men):
    # Half of those who stand are women, or more: then tonight's awards must keep the share as well.
    men = min(women, men)
    stands = standing(("F", 200 * women, women), ("M", 100 * men, men))
    coming = foreseen(60, weight, seed + 1, LIMITS, scale)
    own, given, _ = night(LIMITS, stands, coming, seed=seed)
    awarded = given.index > 0
    assert stands.spent + given.spent <= 5_000
    assert stands.recipients + given.recipients <= 25
    f = (genders(len(awarded), seed)["gender"] == "F").to_numpy()
    assert 2 * (women + (awarded & f).sum()) >= women + men + awarded.sum()
    assert given.spent == own.costs[given.index].sum()


def test_better_applicants_to_come_leave_less_for_tonight_and_make_an_outcome_dearer_to_wait_for():
    spent, bids = [], []
    for scale in (0.1, 1.0, 3.0):
        _, given, found = night(LIMITS[:1], standing(), foreseen(60, 4, 5, LIMITS[:1], scale))
        spent.append(given.spent)
        bids.append(bid_price(found))
    assert spent == sorted(spent, reverse=True)
    assert spent[0] > spent[-1]
    assert bids == sorted(bids, reverse=True)


def test_where_money_does_not_bind_an_outcome_has_no_price():
    limits = (Limit.cost(at_most=10**6, name=BUDGET),)
    _, _, found = night(limits, standing(), None)
    assert bid_price(found) is None


def test_a_limit_that_live_awards_pass_already_is_said_and_gets_nothing_more():
    stands = standing(("M", 5_200, 10))
    _, given, _ = night(LIMITS[:1], stands, foreseen(60, 2, 3, LIMITS[:1]))
    assert given.spent == 0
    assert passed(LIMITS[:2], stands) == (f"limit {BUDGET}: live awards pass it by 200; tonight adds nothing to that",)


def test_a_forecast_that_a_limit_does_not_know_counts_for_the_others_alone():
    limits = (*LIMITS[:1], Limit.cost(at_most=400, where={"gender": "F"}, name="women's fund"))
    coming = foreseen(60, 4, 5, limits[:1])
    _, given, found = night(limits, standing(), coming)
    assert found.usage["women's fund"][1] == 400
    assert 0 < given.spent < 5_000


@pytest.mark.parametrize(("n", "kept"), [(10, 10), (POOL, POOL), (POOL + 1, POOL)])
def test_a_large_pool_is_looked_at_in_a_sample_that_a_seed_draws(n, kept):
    rows = sample_of(n, seed=4)
    assert len(rows) == len(np.unique(rows)) == kept
    assert (np.diff(rows) > 0).all()
    assert (rows == sample_of(n, seed=4)).all()


@pytest.mark.parametrize("mean", [-0.7, 0.4, 1.2])
def test_a_pool_is_tilted_to_the_mean_that_is_expected(mean):
    uplift = np.sort(np.random.default_rng(0).gamma(2.0, size=1_000))[::-1]
    z = (uplift - uplift.mean()) / uplift.std()
    assert z[_evenly(uplift, mean, 4_000)].mean() == pytest.approx(mean, abs=0.02)
    assert (np.diff(_evenly(uplift, mean, 500)) >= 0).all()


@pytest.mark.parametrize(("mean", "who"), [(99.0, 0), (-99.0, 9)])
def test_more_than_its_best_units_a_pool_cannot_stand_for(mean, who):
    places = _evenly(np.arange(10.0, 0.0, -1.0), mean, 20)
    assert np.bincount(places, minlength=10).argmax() == who


def test_arrivals_better_than_the_pool_make_the_forecast_better_and_none_are_learned_from_where_they_wait():
    coming = foreseen(60, 4, 5, LIMITS[:1], scale=0.5)

    def tonight(scale):
        return in_groups(curves(40, 1, scale=scale), genders(40, 1), LIMITS[:1])[0]

    better, trend = learned(tonight(2.0), standing(), coming)
    assert better.mean > 0.3
    assert trend.n == 40
    assert learned(tonight(1.0), replace(standing(), trend=None), coming) == (coming, None)
    tilted, plain = (night(LIMITS[:1], standing(), each)[1].spent for each in (better, coming))
    assert tilted < plain
