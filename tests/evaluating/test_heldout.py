"""Past units are decided about by models that have not seen them, at the scenario's limits; records say what that is worth."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.folds import dealt
from models.evaluation.matching import usual_classifier
from optimizer import Amounts, DataError, Infeasible, Limit, Solver
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.heldout import EVERYONE, GIVEN, NOBODY, RANDOM, SAME, THIS_PLAN, held_out
from optimizer.evaluating.optimism import optimism
from optimizer.evaluating.valued import Valued
from optimizer.problem.problem import Problem
from optimizer.studies.coverage import Setting, coverage, past_of

OFFERS = (500_000, 1_000_000, 2_000_000)


class More:
    """Whoever gets more comes more often, and that is all it knows."""

    def response(self, X, amounts):
        return np.tile(0.2 + np.array(amounts) / 1e7, (len(X), 1))

    def predict(self, X, treatment):  # noqa: ARG002 — every model is asked so
        return 0.2 + np.asarray(treatment) / 1e7

    def effect(self, X, T0=0, T1=1):
        return self.predict(X, np.full(len(X), T1)) - self.predict(X, np.full(len(X), T0))


@pytest.fixture(scope="module")
def history():
    return past_of(Setting(n=600), np.random.default_rng(0))


@pytest.fixture(scope="module")
def fold(history):
    return dealt((history.treatment > 0).astype(np.intp), 3, np.random.default_rng(0))


def asked(*limits, fitted=lambda _: More(), units=600, **settings):
    problem = Problem(amounts=Amounts.tiers(OFFERS), limits=limits)
    return Asked(
        problem=problem, units=units, solver=Solver(backend="highs"), fitted=fitted, **{"propensity": "shares"} | settings
    )


def test_without_a_shortage_everybody_is_worth_the_recorded_mean_of_the_largest_award(history, fold):
    found = held_out(history, fold, asked())
    valued = Valued.of(found, history.outcome, None).values().set_index("rule").loc[THIS_PLAN]
    own = history.outcome[history.treatment == OFFERS[-1]]
    assert valued["offered"] == OFFERS[-1]
    assert valued["recorded"] == pytest.approx(own.mean(), abs=1e-12)
    # A model that predicts the same of everybody adds nothing to the records.
    assert valued["value"] == pytest.approx(own.mean(), abs=1e-12)
    assert valued["effective"] == pytest.approx(own.size)


def test_without_money_everybody_is_worth_the_recorded_mean_of_the_controls(history, fold):
    found = held_out(history, fold, asked(Limit.cost(at_most=0)))
    valued = Valued.of(found, history.outcome, None)
    controls = history.outcome[history.treatment == 0]
    assert valued.values()["recorded"].to_numpy() == pytest.approx(np.full(6, controls.mean()), abs=1e-12)
    assert valued.values()["value"].to_numpy() == pytest.approx(np.full(6, controls.mean()), abs=1e-12)
    assert (valued.differences()[["difference", "standard_error"]] == 0).all(axis=None)


def test_the_model_of_a_fold_has_not_seen_it(history, fold):
    seen = []

    def fitted(past):
        seen.append(set(past.frame["student_id"]))
        return More()

    held_out(history, fold, asked(fitted=fitted))
    ids = history.frame["student_id"].to_numpy()
    assert [set(ids[fold != k]) for k in range(3)] == seen


def test_each_fold_keeps_the_limits_scaled_to_it(history, fold):
    limits = (Limit.cost(at_most=90_000_000), Limit.recipients(at_most=61))
    found = held_out(history, fold, asked(*limits))
    plan = found.rules[THIS_PLAN]
    for k in range(3):
        share = (fold == k).sum() / 600
        assert plan.offered[fold == k].sum() <= 90_000_000 * share
        assert plan.recipient[fold == k].sum() <= np.floor(61 * share)
    # Another number of units, the same means for each.
    assert held_out(history, fold, asked(*(limit.at(limit.figure * 2) for limit in limits), units=1_200)).rules[
        THIS_PLAN
    ].offered == pytest.approx(plan.offered)


def test_simpler_rules_have_the_plans_means(history, fold):
    found = held_out(history, fold, asked(Limit.cost(at_most=60_000_000), Limit.recipients(at_most=0.2)))
    plan = found.rules[THIS_PLAN]
    for name in (RANDOM, EVERYONE, SAME):
        assert found.rules[name].offered.sum() == pytest.approx(plan.offered.sum())
    for name in (RANDOM, SAME):
        assert found.rules[name].recipient.sum() == pytest.approx(plan.recipient.sum())
    assert np.ptp(found.rules[RANDOM].offered[fold == 0]) == 0
    assert not found.rules[NOBODY].offered.any()
    assert found.rules[EVERYONE].breaks == ("recipients",)
    assert found.rules[THIS_PLAN].breaks == ()


def test_a_plan_that_is_given_is_valued_as_it_is(history, fold):
    given = np.where(np.arange(600) % 3 == 0, 1_000_000, 0)
    found = held_out(history, fold, asked(Limit.recipients(at_most=0.2)), other=given)
    assert (found.rules[GIVEN].offered == given).all()
    matching = history.treatment == given
    recorded = Valued.of(found, history.outcome, None).values().set_index("rule").loc[GIVEN, "recorded"]
    shares = np.where(given > 0, (history.treatment == 1_000_000).mean(), (history.treatment == 0).mean())
    assert recorded == pytest.approx(np.average(history.outcome[matching], weights=1 / shares[matching]))


def test_a_fold_without_a_plan_is_named(history, fold):
    limits = (Limit.cost(at_most=1_000_000), Limit.recipients(at_least=0.5))
    with pytest.raises(Infeasible, match=r"fold 1, 200 past units under the limits scaled to them: limits: no allocation"):
        held_out(history, fold, asked(*limits))


def test_propensities_are_learned_without_the_fold(history, fold):
    found = held_out(history, fold, asked(propensity=usual_classifier()))
    shares = held_out(history, fold, asked())
    weight, plain = (each.rules[NOBODY].weight for each in (found, shares))
    assert ((weight > 0) == (plain > 0)).all()
    assert np.corrcoef(weight, plain)[0, 1] < 1 - 1e-4
    assert weight.mean() == pytest.approx(1.0, abs=0.1)


def test_the_winners_curse_is_the_same_each_time_and_needs_a_history(history):
    kept = asked(Limit.recipients(at_most=0.2))
    promise = optimism(kept, history)
    assert promise == optimism(kept, history)
    assert promise.difference == pytest.approx(promise.predicted - promise.estimated)
    assert promise.low < promise.difference < promise.high
    assert optimism(kept, history.take(np.arange(100))) is None


def test_a_winners_curse_that_cannot_be_found_stops_nothing(history, caplog):
    def fails(_):
        raise DataError("history: does not do")

    with caplog.at_level("INFO"):
        assert optimism(asked(fitted=fails), history) is None
    assert "winner's curse: not known" in caplog.text


def test_amounts_that_were_not_seen_are_not_given(history, fold):
    def seen(past, held):
        assert len(past) + len(held) == 600
        return np.tile([True, True, False, False], (len(held), 1))

    found = held_out(history, fold, replace(asked(), seen=seen))
    assert (found.rules[THIS_PLAN].offered == OFFERS[0]).all()


@pytest.mark.parametrize(
    "setting",
    [
        Setting(n=600),
        Setting(n=600, offers=range(100_000, 2_500_001, 100_000)),
        Setting(n=1_000, confounding=0.8, propensity=usual_classifier()),
    ],
    ids=["tiers", "grid", "confounded"],
)
def test_intervals_cover_the_truth_and_the_estimate_is_far_less_off_than_the_prediction(setting):
    found = coverage(setting, draws=40)
    assert (found["covered"] >= 0.85).all()
    assert (found["predicted_bias"] > 0.05).all()
    assert (found["estimated_bias"].abs() < 0.25 * found["predicted_bias"]).all()
