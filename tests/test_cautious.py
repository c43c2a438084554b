"""The cautious objective: what it maximises is proven, what it costs is said, and whatever is reported stays an expectation."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingRegressor

from models import TwoModel
from models.ensemble import Ensemble
from optimizer.cautious import between, cautious
from optimizer.decide import decide
from optimizer.engine.respond import aim, respond
from optimizer.engine.verify import certify
from optimizer.errors import ModelError, VerificationError
from optimizer.plan import plan
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.objective import Aimed, Objective
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.then import Then
from optimizer.problem.units import Units
from optimizer.problem.words import cautious_in_words, falls_in_words, objective_in_words

AMOUNTS = Amounts.grid(max=500, step=100)
LOWER = Objective(caution="lower", figure=0.1)
LIMITS = (Limit.cost(at_most=4_000), Limit.recipients(at_most=0.3))


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    award = rng.choice(AMOUNTS.array, n) * (rng.random(n) < 0.6)
    return X, award, (rng.random(n) < 0.3 + 0.0005 * award * (X["a"] > 0)).astype(float)


@pytest.fixture(scope="module")
def model():
    return Ensemble(TwoModel(GradientBoostingRegressor(n_estimators=15, random_state=0)), members=6).fit(*drawn(300, 0))


@pytest.fixture(scope="module")
def units():
    X, *_ = drawn(60, 1)
    return Units(ids=np.arange(60).astype(str).astype(object), frame=X, features=("a", "b"))


def problem(objective=LOWER, **others):
    return Problem(amounts=AMOUNTS, limits=LIMITS, objective=objective, **others)


@pytest.fixture(scope="module")
def planned(model, units):
    return plan(model, units, problem(), Solver(gap=0.0))


def aimed_at(values, aims, amounts):
    curves = replace(Curves.of(values, amounts), aims=aims)
    return Aimed(objective=LOWER, curves=curves, predict=lambda amount: aims[np.arange(len(aims)), amount // 100])


def test_the_plan_has_most_of_what_is_certain_and_says_what_that_costs(model, units, planned):
    curves, _, allocation, certificate = planned
    _, _, plain, expected = plan(model, units, problem(None), Solver(gap=0.0))
    aims = model.cautious(units.X, AMOUNTS.values, "lower", 0.1)
    found = certificate.cautious
    assert found.value == pytest.approx(aims[np.arange(60), allocation.index].sum())
    assert found.before == pytest.approx(aims[np.arange(60), plain.index].sum())
    assert found.value > found.before + 0.1
    assert found.gap <= 1e-9
    assert found.best == pytest.approx(expected.value)
    assert certificate.value == pytest.approx(curves.value_of(allocation.index).sum())
    assert 0 < found.best - certificate.value <= certificate.bound - certificate.value + 1e-9
    assert found.dual_bound >= found.bound - 1e-9
    assert expected.cautious is None


def test_members_that_agree_make_the_plain_plan(model, units):
    sure = Ensemble(model.model, members=2)
    sure.model_, sure.members_ = model.model_, [model.model_] * 2
    _, _, plain, _ = plan(sure, units, problem(None), Solver())
    _, _, careful, certificate = plan(sure, units, problem(Objective(caution="lower", figure=0.5)), Solver())
    assert careful.index.tolist() == plain.index.tolist()
    assert certificate.cautious.value == pytest.approx(certificate.value)
    assert certificate.cautious.best == certificate.value


@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), backend=st.sampled_from(["gurobi", "highs"]))
def test_law_no_plan_has_more_than_the_cautious_bound(seed, backend):
    rng = np.random.default_rng(seed)
    amounts = Amounts((0, 100, 200))
    values = rng.random((5, 3))
    aims = values - 0.5 * rng.random((5, 3))
    limits = [Limit.cost(at_most=int(rng.integers(0, 9)) * 100), Limit.outcome(at_least=float(values[:, 0].sum()) - 0.2)]
    aimed = aimed_at(values, aims, amounts)
    plain = replace(aimed.curves, aims=None)
    coupling = Coupling.compile(limits, 5, None, lambda: values[:, 0])
    solver = Solver(backend=backend)
    allocation = cautious(decide(plain, coupling, solver), aimed, coupling, solver)
    certificate = certify(allocation, plain, coupling, aimed=aimed)
    rows = np.arange(5)
    allowed = [
        aims[rows, choice].sum()
        for choice in map(list, product(range(3), repeat=5))
        if amounts.array[choice].sum() <= limits[0].figure and values[rows, choice].sum() >= float(limits[1].figure) * (1 - 1e-9)
    ]
    assert certificate.cautious.value == pytest.approx(max(allowed))
    assert certificate.cautious.value <= certificate.cautious.bound + 1e-9
    assert certificate.cautious.value >= certificate.cautious.before - 1e-9


def test_a_claim_that_does_not_hold_is_refused(model, units, planned):
    curves, coupling, allocation, _ = planned
    aimed = aim(model, units, curves, LOWER)
    said = allocation.cautious
    assert certify(allocation, curves, coupling, aimed=aimed).cautious.value == pytest.approx(said.value)
    wrong = {
        "cautious.value: the plan says": replace(said, value=said.value + 0.1),
        "bound: .* is above the dual bound": replace(said, bound=said.bound + 1.0),
        "bound: .* is below the value": replace(said, bound=said.value - 0.1),
        "cautious.best: .* is above what no plan can exceed": replace(said, best=allocation.bound + 0.1),
        "objective: the plan maximised lower 0.2, asked was lower 0.1": replace(said, figure=0.2),
        "cautious: must state prices of": replace(said, shadow_prices={}),
        "objective: the plan maximised the expected outcome, asked was lower": None,
    }
    for message, claim in wrong.items():
        with pytest.raises(VerificationError, match=message):
            certify(replace(allocation, cautious=claim), curves, coupling, aimed=aimed)
    with pytest.raises(VerificationError, match="asked was the expected outcome"):
        certify(allocation, curves, coupling)


def test_the_ensemble_is_asked_again_at_the_chosen_amounts(model, units, planned):
    curves, coupling, allocation, _ = planned
    aimed = aim(model, units, curves, LOWER)
    raised = replace(aimed, curves=replace(aimed.curves, aims=aimed.curves.aims + 0.01))
    with pytest.raises(VerificationError, match="predicts another cautious outcome without an award"):
        certify(allocation, curves, coupling, aimed=raised)


def test_the_more_weight_caution_has_the_more_it_gets(model, units, planned):
    curves, coupling, _, certificate = planned
    aimed = aim(model, units, curves, LOWER)
    table = between(aimed, coupling, [0.0, 0.25, 0.5, 0.75, 1.0], Solver())
    assert table["gap"].max() <= 1e-9
    assert (np.diff(table["expected"]) <= 1e-9).all()
    assert (np.diff(table["cautious"]) >= -1e-9).all()
    assert table["expected"].iloc[0] == pytest.approx(certificate.cautious.best)
    assert table["cautious"].iloc[-1] == pytest.approx(certificate.cautious.value)
    assert table["spent"].max() <= 4_000
    assert table["recipients"].max() <= 18


def test_a_model_that_is_no_ensemble_and_two_objectives_are_refused(model, units):
    with pytest.raises(ModelError, match="objective: lower needs an Ensemble of the model, got TwoModel"):
        plan(model.model_, units, problem(), Solver())
    with pytest.raises(ModelError, match=r"objective: .* got a second objective"):
        plan(model, units, problem(then=Then(minimise="cost")), Solver())
    with pytest.raises(ModelError, match=r"objective: .* got solver\.embedding native"):
        plan(model, units, problem(), Solver(embedding="native"))


def test_responses_are_asked_for_in_parts_too(model, units, monkeypatch):
    terms = problem().terms(60, units.frame)
    whole = aim(model, units, respond(model, units, terms), LOWER).curves.aims
    monkeypatch.setattr("optimizer.engine.respond.BATCH", 60)
    assert aim(model, units, respond(model, units, terms), LOWER).curves.aims.tobytes() == whole.tobytes()


def test_objectives_that_mean_nothing_are_refused():
    for caution, figure in (
        ("lower", 0.6),
        ("lower", -0.1),
        ("mean_minus_sd", -1),
        ("lower", True),
        ("mean_minus_sd", float("nan")),
    ):
        with pytest.raises(ValueError, match=rf"objective\.{caution}: must be"):
            Objective(caution=caution, figure=figure)
    with pytest.raises(ValueError, match="objective: must be one of lower, mean_minus_sd"):
        Objective(caution="upper", figure=0.1)


def test_words(planned):
    *_, certificate = planned
    assert objective_in_words(LOWER) == "outcomes at the 10 % quantile of each response over the ensemble"
    said = replace(certificate.cautious, value=20.0, bound=20.0, before=19.0, best=25.0)
    words = cautious_in_words(replace(certificate, value=24.0, cautious=said), outcome="enrolled")
    assert words == (
        "20.00 enrolled at the 10 % quantile of each response, no plan has more; the plan with most expected has 19.00; "
        "predicted loss: 1.00 of its 25.00 expected"
    )
    assert cautious_in_words(replace(certificate, cautious=None), outcome="enrolled") == ""
    assert (
        falls_in_words(np.array([0.0, 0.25, 0.125, 0.0])) == "50 % of the units' curves fall with money somewhere, by up to 0.25"
    )
    assert falls_in_words(np.zeros(3)) == ""
