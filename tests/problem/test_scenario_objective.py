"""The cautious objective, support and shape as a scenario file writes them."""

import copy

import pytest
from pydantic import ValidationError

from optimizer.problem.objective import Objective
from optimizer.problem.scenario import Scenario

PLAIN = {
    "name": "scholarship",
    "units": {"table": "applicants.csv", "id": "student_id"},
    "history": {"table": "history.csv", "outcome": "enrolled", "treatment": "award", "features": ["income", "score"]},
    "model": {"kind": "two_model", "estimator": "sklearn.linear_model.LogisticRegression"},
    "amounts": {"max": 300, "step": 100},
}
WRAPPED = {"model": {"kind": "wrapped", "file": "m.skops"}, "history": None}


def scenario(**changes):
    return Scenario.model_validate(copy.deepcopy(PLAIN) | changes)


def faults(**changes):
    with pytest.raises(ValidationError) as caught:
        scenario(**changes)
    return {error["loc"]: error["msg"] for error in caught.value.errors()}


def test_the_objective_is_what_is_written():
    assert scenario().build_problem().objective is None
    lower = scenario(objective={"lower": 0.1})
    assert lower.build_problem().objective == Objective(caution="lower", figure=0.1)
    assert lower.objective.members == 20
    less = scenario(objective={"mean_minus_sd": 1.5, "members": 50})
    assert less.build_problem().objective == Objective(caution="mean_minus_sd", figure=1.5)
    assert less.objective.members == 50


def test_a_resolved_scenario_reads_back_as_an_equal_one():
    whole = scenario(
        objective={"lower": 0.1},
        amounts={"max": 300, "step": 100, "support": "observed"},
        model=PLAIN["model"] | {"monotone": True},
    )
    assert Scenario.model_validate(whole.resolved()).resolved() == whole.resolved()
    assert list(whole.resolved())[-2:] == ["objective", "solver"]
    assert whole.model.monotone
    assert whole.amounts.support == "observed"


@pytest.mark.parametrize(
    ("objective", "place", "said"),
    [
        ({}, (), "takes lower or mean_minus_sd, got neither"),
        ({"lower": 0.1, "mean_minus_sd": 1.0}, (), "takes lower or mean_minus_sd, got both"),
        ({"lower": 0.7}, ("lower",), "less than or equal to 0.5"),
        ({"mean_minus_sd": -1.0}, ("mean_minus_sd",), "greater than or equal to 0"),
        ({"lower": 0.1, "members": 1}, ("members",), "greater than or equal to 2"),
    ],
)
def test_an_objective_that_means_nothing_is_a_fault(objective, place, said):
    assert said in faults(objective=objective)[("objective", *place)]


def test_an_objective_needs_a_model_that_can_be_fitted_again_and_stands_alone():
    assert "can be fitted again, got a wrapped one" in faults(objective={"lower": 0.1}, **WRAPPED)[("objective",)]
    twice = faults(objective={"lower": 0.1}, then={"minimise": "cost"})
    assert "leave `then` or `objective` out" in twice[("then",)]
    native = faults(objective={"lower": 0.1}, solver={"embedding": "native"})
    assert "a cautious objective needs curves, got native" in native[("solver", "embedding")]


def test_support_needs_a_history_and_curves():
    amounts = {"max": 300, "step": 100, "support": "observed"}
    assert "needs a history to be seen in" in faults(amounts=amounts, **WRAPPED)[("amounts", "support")]
    assert "amounts.support needs curves" in faults(amounts=amounts, solver={"embedding": "native"})[("solver", "embedding")]
    assert ("amounts", "support") in faults(amounts=amounts | {"support": "everything"})


@pytest.mark.parametrize("kind", ["s_learner", "two_model", "x_learner", "dr_learner", "transformed_outcome"])
def test_every_kind_may_be_monotone(kind):
    model = {"kind": kind, "estimator": "sklearn.linear_model.Ridge", "monotone": True}
    assert scenario(model=model).model.monotone
    for own in ("uplift_tree", "uplift_forest", "tarnet"):
        assert not scenario(model={"kind": own}).model.monotone
    assert scenario(**WRAPPED | {"model": WRAPPED["model"] | {"monotone": True}}).model.monotone
