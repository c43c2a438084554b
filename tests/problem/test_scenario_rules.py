"""Rules, costs and the newer limits as they are written: each builds what one would build in Python, or says why not."""

from __future__ import annotations

import copy
from fractions import Fraction

import pytest
from pydantic import ValidationError

from optimizer.problem.costs import Costs
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.rules import Rules
from optimizer.problem.scenario import Scenario, known_keys
from optimizer.problem.where import Where

PLAIN = {
    "name": "programme",
    "units": {"table": "applicants.csv"},
    "history": {"table": "history.csv", "outcome": "enrolled", "treatment": "award", "features": ["income"]},
    "model": {"kind": "two_model", "estimator": "sklearn.linear_model.LogisticRegression"},
    "amounts": {"max": 300, "step": 100},
}
LAW, FAR = {"faculty": "law"}, {"distance": {"at_least": 500}}


def scenario(**changes):
    return Scenario.model_validate(copy.deepcopy(PLAIN) | changes, context={"folder": "/srv"})


def problem(**changes):
    return scenario(**changes).build_problem()


def faults(**changes):
    with pytest.raises(ValidationError) as caught:
        scenario(**changes)
    return {error["loc"]: error["msg"] for error in caught.value.errors()}


def test_without_costs_and_rules_awards_cost_their_amount_and_anyone_may_be_given_any():
    assert problem() == Problem(amounts=scenario().amounts.build(), costs=Costs(), rules=Rules())


@pytest.mark.parametrize(
    ("written", "built"),
    [
        ({"measure": "uplift", "at_least": 15.5}, Limit.uplift(at_least=15.5)),
        (
            {"measure": "uplift", "at_least": "30%", "of": "uplift", "where": LAW},
            Limit.uplift(at_least=0.3, of="uplift", where=LAW),
        ),
        ({"measure": "cost", "at_most": 900, "of": "uplift"}, Limit.cost(at_most=900, of="uplift")),
        ({"measure": "recipients", "exactly": 12, "where": LAW}, Limit.recipients(exactly=12, where=LAW)),
        ({"measure": "recipients", "exactly": "5%"}, Limit.recipients(exactly=0.05)),
        ({"measure": "cost", "exactly": 700}, Limit.cost(exactly=700)),
        (
            {"measure": "cost", "at_most": "40%", "of": "cost", "among": "group", "where": LAW},
            Limit.cost(at_most=0.4, of="cost", among="group", where=LAW),
        ),
        (
            {"measure": "recipients", "at_most": "10%", "of": "units", "among": "everyone", "where": FAR},
            Limit.recipients(at_most=0.1, of="units", among="everyone", where=FAR),
        ),
        ({"parity": "recipients", "by": "gender", "within": "5%"}, Limit.parity("recipients", by="gender", within=0.05)),
        ({"parity": "recipients", "by": "gender", "within": 0.05}, Limit.parity("recipients", by="gender", within=0.05)),
        (
            {"parity": "cost", "by": "gender", "within": 50, "where": FAR, "name": "fair"},
            Limit.parity("cost", by="gender", within=50, where=FAR, name="fair"),
        ),
    ],
)
def test_a_limit_is_built_as_it_would_be_in_python(written, built):
    assert problem(limits=[written]).limits == (built,)


def test_a_percentage_that_groups_may_lie_apart_stays_exact():
    assert problem(limits=[{"parity": "uplift", "by": "gender", "within": "12.5 %"}]).limits[0].figure == Fraction(1, 8)


def test_limits_of_both_kinds_get_names_of_their_own():
    fair = {"parity": "recipients", "by": "gender", "within": "5%"}
    names = [limit.name for limit in problem(limits=[fair, {"measure": "cost", "at_most": 1}, fair]).limits]
    assert names == ["parity of recipients by gender", "cost", "parity of recipients by gender (2)"]
    assert set(faults(limits=[fair | {"name": "a"}, {"measure": "cost", "at_most": 1, "name": "a"}])) == {
        ("limits", 0, "name"),
        ("limits", 1, "name"),
    }


def test_rules_are_built_as_they_would_be_in_python():
    rules = {
        "never": [LAW, FAR],
        "fixed": {"column": "promised"},
        "cap": "need",
        "floor": {"column": "sure"},
        "only": [{"where": LAW, "amounts": [100, 300]}],
        "cost_per_uplift": 900,
    }
    assert problem(rules=rules).rules == Rules(
        never=(Where.parse(LAW), Where.parse(FAR)),
        fixed="promised",
        cap="need",
        floor="sure",
        only=((Where.parse(LAW), (100, 300)),),
        cost_per_uplift=900,
    )


def test_one_group_that_gets_nothing_needs_no_list():
    assert problem(rules={"never": FAR}).rules == problem(rules={"never": [FAR]}).rules


@pytest.mark.parametrize("rule", ["fixed", "cap", "floor"])
def test_a_column_may_be_named_alone(rule):
    assert problem(rules={rule: "c"}).rules == problem(rules={rule: {"column": "c"}}).rules == Rules(**{rule: "c"})


def test_costs_are_built_as_they_would_be_in_python():
    costs = {"paid": "if_outcome", "per_award": 10, "column": "handling"}
    assert problem(costs=costs).costs == Costs(paid="if_outcome", per_award=10, column="handling")
    assert problem(costs={"per_award": 10}).costs == Costs(per_award=10)


def test_what_is_resolved_reads_back_equal():
    read = scenario(
        rules={"never": LAW, "fixed": "promised", "only": [{"where": FAR, "amounts": [100]}], "cost_per_uplift": 9},
        costs={"paid": "if_outcome", "column": "handling"},
        limits=[
            {"parity": "recipients", "by": "gender", "within": "5%", "where": FAR},
            {"measure": "recipients", "exactly": "20%", "of": "units", "among": "everyone", "where": LAW},
        ],
    )
    plain = read.resolved()
    assert plain["rules"] == {
        "never": LAW,
        "fixed": {"column": "promised"},
        "only": [{"where": FAR, "amounts": [100]}],
        "cost_per_uplift": 9,
    }
    assert plain["costs"] == {"paid": "if_outcome", "per_award": 0, "column": "handling"}
    assert plain["limits"][0] == {
        "parity": "recipients",
        "by": "gender",
        "within": "5%",
        "where": FAR,
        "name": "parity of recipients by gender",
    }
    assert Scenario.model_validate(plain) == read


def test_defaults_are_written_out():
    plain = scenario().resolved()
    assert plain["costs"] == {"paid": "always", "per_award": 0}
    assert plain["rules"] == {"never": [], "only": []}


def test_every_amount_of_a_group_that_is_not_on_offer_is_a_fault_of_its_own():
    told = faults(rules={"only": [{"where": LAW, "amounts": [100, 150]}, {"where": FAR, "amounts": [400]}]})
    assert list(told) == [("rules", "only", 0, "amounts", 1), ("rules", "only", 1, "amounts", 0)]
    assert set(told.values()) == {
        "is not among the amounts on offer, got 150; add it to the amounts, or drop it here",
        "is not among the amounts on offer, got 400; add it to the amounts, or drop it here",
    }


def test_where_the_amounts_are_wrong_nothing_is_said_of_what_is_not_on_offer():
    told = faults(amounts={"max": 300}, rules={"only": [{"where": LAW, "amounts": [150]}]})
    assert list(told) == [("amounts",)]


@pytest.mark.parametrize(
    ("limit", "key", "message"),
    [
        (
            {"measure": "outcome", "exactly": 5},
            "exactly",
            "an expected outcome is never met exactly; write two limits, at_most and at_least",
        ),
        (
            {"measure": "cost", "at_most": 5, "among": "group"},
            "among",
            "needs a share `of` something, got 'group' alone; add `of`",
        ),
        (
            {"measure": "uplift", "at_least": "5%"},
            "at_least",
            "a percentage of uplift needs `of`; say what it is a share of: units, recipients, cost, outcome or uplift",
        ),
        (
            {"parity": "cost", "by": "gender", "within": "5%"},
            "within",
            "must be currency units for each unit, got 5%; write a number, such as 50_000",
        ),
        (
            {"parity": "recipients", "by": "gender", "within": 2},
            "within",
            "a share must be at most 1 (100 %), got 2; an int is a head count",
        ),
    ],
)
def test_a_limit_that_cannot_be_meant_says_why(limit, key, message):
    assert [(loc[3:], text) for loc, text in faults(limits=[limit]).items()] == [((key,), message)]


@pytest.mark.parametrize(
    ("section", "given", "loc"),
    [
        ("rules", {"only": [{"where": LAW, "amounts": []}]}, ("rules", "only", 0, "amounts")),
        ("rules", {"cost_per_uplift": -1}, ("rules", "cost_per_uplift")),
        ("rules", {"cost_per_uplift": 10**400}, ("rules", "cost_per_uplift")),
        ("rules", {"cost_per_uplift": 1.5}, ("rules", "cost_per_uplift")),
        ("rules", {"cap": ""}, ("rules", "cap", "column")),
        ("rules", None, ("rules",)),
        ("costs", {"per_award": -1}, ("costs", "per_award")),
        ("costs", {"per_award": 10**400}, ("costs", "per_award")),
        ("costs", {"paid": "never"}, ("costs", "paid")),
        ("costs", {"column": ""}, ("costs", "column")),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_where_it_stands(section, given, loc):
    assert list(faults(**{section: given})) == [loc]


@pytest.mark.parametrize("section", [{"rules": {"cap": "need"}}, {"costs": {"per_award": 1}}])
def test_regressors_that_are_embedded_themselves_know_no_costs_and_rules(section):
    told = faults(solver={"embedding": "native"}, **section)
    assert told == {
        ("solver", "embedding"): "costs and rules need curves, got native; write embedding: curves, or leave both out"
    }
    assert scenario(solver={"embedding": "native"}, rules={}, costs={}).solver.embedding == "native"


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (("limits", 0, "<total>"), "exactly"),
        (("limits", 0, "<parity>"), "within"),
        (("limits", 0, "<parity>", "where", "x", "<range>"), "at_least"),
        (("rules",), "never"),
        (("rules", "floor"), "column"),
        (("rules", "only", 3), "amounts"),
        (("rules", "only", 3, "where", "x", "<range>"), "at_most"),
        (("rules", "never", "<list>", 0, "x", "<range>"), "at_most"),
        (("rules", "never", "<mapping>", "x", "<range>"), "at_most"),
        (("costs",), "per_award"),
    ],
)
def test_the_keys_of_every_mapping_are_known(place, key):
    assert key in known_keys(place)


@pytest.mark.parametrize(
    "place", [("limits", 0, "<total>", "where"), ("rules", "only", 0, "where"), ("rules", "never", "<mapping>")]
)
def test_a_group_may_name_any_column(place):
    assert known_keys(place) == ()
