"""A scenario builds the values it describes, fills in its defaults, and refuses what cannot be meant."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from optimizer.problem.amounts import Amounts
from optimizer.problem.limits import Limit
from optimizer.problem.scenario import Scenario, schema_json
from optimizer.problem.scenario_part import format_percent, parse_percent, shown
from optimizer.problem.solver import Solver

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PLAIN = {
    "name": "scholarship",
    "units": {"table": "applicants.csv", "id": "student_id"},
    "history": {"table": "history.csv", "outcome": "enrolled", "treatment": "award", "features": ["income", "score"]},
    "model": {"kind": "two_model", "estimator": "sklearn.linear_model.LogisticRegression"},
    "amounts": {"max": 300, "step": 100},
}


def scenario(**changes):
    return Scenario.model_validate(copy.deepcopy(PLAIN) | changes)


def limits(*plain):
    return scenario(limits=list(plain)).build_problem().limits


def faults(**changes):
    with pytest.raises(ValidationError) as caught:
        scenario(**changes)
    return {error["loc"]: error["msg"] for error in caught.value.errors()}


def test_the_schema_that_ships_is_the_schema_of_the_grammar():
    shipped = (SCENARIOS / "schema.json").read_text(encoding="utf-8")
    assert shipped == schema_json(), "run `bursar schema > scenarios/schema.json`"


def test_the_schema_describes_every_key():
    schema = json.loads(schema_json())
    parts = {"Scenario": schema, **schema["$defs"]}
    silent = [
        f"{part}.{key}"
        for part, about in parts.items()
        for key, value in about.get("properties", {}).items()
        if "description" not in value
    ]
    assert silent == []


def test_a_grid_starts_one_step_above_nothing_unless_min_says_otherwise():
    assert scenario().amounts.build() == Amounts((0, 100, 200, 300))
    assert scenario(amounts={"max": 300, "step": 100, "min": 200}).amounts.build() == Amounts((0, 200, 300))
    assert scenario(amounts={"tiers": [250, 100]}).amounts.build() == Amounts((0, 100, 250))


def test_the_defaults_of_the_solver_are_those_of_the_solver():
    assert scenario().solver.build() == Solver()


def test_a_limit_is_built_as_it_would_be_in_python():
    women = {"measure": "recipients", "at_least": "40%", "of": "recipients", "where": {"gender": "F"}, "name": "women"}
    assert limits({"measure": "cost", "at_most": 500}, {"measure": "recipients", "at_most": 0.2}, women) == (
        Limit.cost(at_most=500),
        Limit.recipients(at_most=0.2),
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
    )


def test_a_percentage_stays_the_exact_share_it_says():
    assert limits({"measure": "recipients", "at_most": "12.5 %"})[0].figure == Fraction(1, 8)
    assert limits({"measure": "recipients", "at_most": "29%"})[0].figure == Fraction(29, 100)


def test_whole_recipients_are_heads_and_decimals_are_a_share():
    assert limits({"measure": "recipients", "at_most": 1})[0].of is None
    assert limits({"measure": "recipients", "at_most": 1.0})[0].of == "units"


def test_limits_without_a_name_get_one_each_and_given_names_stay():
    one = {"measure": "cost", "at_most": 5}
    assert [limit.name for limit in limits(one, one, one | {"name": "cost (2)"}, one)] == [
        "cost",
        "cost (3)",
        "cost (2)",
        "cost (4)",
    ]


def test_a_nested_estimator_is_an_estimator_wherever_it_stands():
    net = {"estimator": "sklearn.neural_network.MLPRegressor", "params": {"hidden_layer_sizes": [30]}}
    params = {"steps": [["net", net]], "estimator": {"estimator": "sklearn.svm.SVC"}, "weights": {0: 1.0, 1: 5.0}, "depth": None}
    read = scenario(model=PLAIN["model"] | {"params": params}).model.params
    assert read["steps"][0][1].estimator == net["estimator"]
    assert read["estimator"].params == {}
    assert (read["weights"], read["depth"]) == ({0: 1.0, 1: 5.0}, None)


def test_a_wrapped_model_needs_no_history():
    wrapped = {"kind": "wrapped", "file": "fitted.skops", "features": ["income"]}
    read = scenario(model=wrapped, history=None)
    assert (read.history, read.model.amount, read.model.per) == (None, "amount", 1)


RIDGE = {"estimator": "sklearn.linear_model.Ridge"}
LOGIT = {"estimator": "sklearn.linear_model.LogisticRegression"}


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "transformed_outcome", **RIDGE, "tiers": 3, "propensity": 0.5},
        {"kind": "x_learner", **LOGIT, "effect_estimator": {**RIDGE, "params": {"alpha": 2}}},
        {"kind": "dr_learner", **LOGIT, "effect_estimator": RIDGE, "propensity": LOGIT, "folds": 3},
        {"kind": "uplift_tree", "params": {"max_depth": 3}},
        {"kind": "uplift_forest"},
        {"kind": "tarnet", "params": {"ipm": "mmd"}},
        {"kind": "tl_tarnet", "source": {"dataset": "ihds2.uttar_pradesh", "treatment": "clean"}},
        {"kind": "tl_tarnet", "source": [{"table": "a.csv"}, {"table": "b.csv", "treatment": {"column": "merit", "per": 1000}}]},
    ],
    ids=lambda model: model["kind"],
)
def test_a_kind_is_resolved_and_read_back_as_it_was_and_needs_a_history(model):
    read = Scenario.model_validate(PLAIN | {"model": model, "amounts": {"tiers": [300]}}, context={"folder": "/srv"})
    assert Scenario.model_validate(read.resolved()) == read
    assert next(iter(read.resolved()["model"])) == "kind"
    assert list(faults(model=model, history=None, amounts={"tiers": [300]})) == [("history",)]


def test_a_source_is_one_history_or_several():
    def sources(source):
        return scenario(model={"kind": "tl_tarnet", "source": source}, amounts={"tiers": [300]}).model.sources

    one, other = {"table": "a.csv"}, {"dataset": "ihds2", "outcome": "came"}
    assert sources(one) == sources([one])
    assert [source.outcome for source in sources([one, other])] == [None, "came"]


@pytest.mark.parametrize(
    ("source", "history", "seen"),
    [
        ({"table": "history.csv"}, {"table": "history.csv"}, True),
        ({"table": "other.csv"}, {"table": "history.csv"}, False),
        ({"dataset": "ihds2"}, {"dataset": "ihds2.punjab"}, True),
        ({"dataset": "ihds2.punjab"}, {"dataset": "ihds2.punjab"}, True),
        ({"dataset": "ihds2.uttar_pradesh"}, {"dataset": "ihds2.punjab"}, False),
        ({"table": "history.csv"}, {"dataset": "ihds2.punjab"}, False),
    ],
)
def test_units_that_are_held_out_of_a_history_may_not_be_in_a_source(source, history, seen):
    asked = {"outcome": "enrolled", "treatment": "award", "features": ["income"]}
    changes = {"model": {"kind": "tl_tarnet", "source": source}, "history": asked | history, "amounts": {"tiers": [300]}}
    changes |= {"units": {"holdout": "30%"}}
    assert ("units", "holdout") in faults(**changes) if seen else scenario(**changes).units.holdout == Fraction(3, 10)


def test_a_treatment_counts_in_currency_units_unless_it_says_otherwise():
    assert scenario().history.treatment.per == 1
    assert scenario(history=PLAIN["history"] | {"treatment": {"column": "merit", "per": 1000}}).history.treatment.per == 1000


def test_one_award_size_is_what_some_models_know():
    model = PLAIN["model"] | {"kind": "class_transform", "propensity": 0.5}
    assert scenario(model=model, amounts={"tiers": [500]}).model.propensity == 0.5
    assert list(faults(model=model)) == [("amounts",)]
    assert list(faults(model={"kind": "tl_tarnet", "source": {"table": "other.csv"}})) == [("amounts",)]


def test_contradicting_parts_are_told_along_with_wrong_ones():
    model = PLAIN["model"] | {"kind": "class_transform"}
    told = faults(name="..", model=model, limits=[{"measure": "cost"}], solver={"gap": -1})
    assert list(told) == [("name",), ("amounts",), ("limits", 0, "<total>"), ("solver", "gap")]


@pytest.mark.parametrize(
    ("section", "change", "loc"),
    [
        ("amounts", {"max": "300"}, ("amounts", "max")),
        ("amounts", {"max": True}, ("amounts", "max")),
        ("amounts", {"max": 300.0}, ("amounts", "max")),
        ("amounts", {"max": 10**12, "step": 10**12}, ("amounts",)),
        ("amounts", {"max": 10**11, "step": 1}, ("amounts", "step")),
        ("history", {"features": []}, ("history", "features")),
        ("history", {"features": ["income", "award"]}, ("history", "features", 1)),
        ("history", {"treatment": {"column": "award", "per": float("inf")}}, ("history", "treatment", "per")),
        ("units", {"holdout": 0.3}, ("units",)),
        ("units", {"table": ""}, ("units", "table")),
        ("model", {"propensity": 0.5}, ("model", "two_model", "propensity")),
        ("model", {"kind": "class_transform", "propensity": 1.0}, ("model", "class_transform", "propensity")),
        ("model", {"kind": "dr_learner", "propensity": 1.0}, ("model", "dr_learner", "propensity", "<value>")),
        ("model", {"kind": "dr_learner", "folds": 1}, ("model", "dr_learner", "folds")),
        ("model", {"kind": "two_model", "tiers": 3}, ("model", "two_model", "tiers")),
        ("model", {"kind": "uplift_tree"}, ("model", "uplift_tree", "estimator")),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_where_it_stands(section, change, loc):
    assert loc in faults(**{section: PLAIN[section] | change})


@pytest.mark.parametrize(
    ("limit", "loc", "message"),
    [
        ({"at_most": -1}, "at_most", "must be at least 0, got -1; use 0 to forbid"),
        (
            {"at_most": True},
            "at_most",
            "must be a number or a percentage such as 20%, got true; write a number without quotes, units or separators but _",
        ),
        ({"at_most": float("nan")}, "at_most", "must be at most 10^18, got nan; leave the limit out to have none"),
        ({"at_most": 10**400}, "at_most", "must be at most 10^18, got a number of 1329 bits; leave the limit out to have none"),
        ({"at_most": 0.5}, "at_most", "must be whole currency units, got 0.5; for a share say what it is a share `of`"),
        ({"at_most": 1.5, "of": "cost"}, "at_most", "a share must be at most 1 (100 %), got 1.5; an int is a head count"),
        ({"at_most": 1, "where": {"income": {}}}, "where", "a range needs at_least or at_most; add one of them"),
    ],
)
def test_a_limit_that_cannot_be_meant_says_why(limit, loc, message):
    told = faults(limits=[{"measure": "cost"} | limit])
    assert [(at[3], text) for at, text in told.items()] == [(loc, message)]


def test_a_scenario_does_not_change():
    with pytest.raises(ValidationError):
        scenario().name = "another"


def test_what_is_resolved_says_all_of_it_and_reads_back_equal():
    read = Scenario.model_validate(PLAIN | {"limits": [{"measure": "recipients", "at_most": "20%"}]}, context={"folder": "/srv"})
    plain = read.resolved()
    assert list(plain) == ["name", "units", "history", "model", "amounts", "costs", "rules", "limits", "solver"]
    assert plain["units"]["table"] == "/srv/applicants.csv"
    assert plain["amounts"] == {"max": 300, "step": 100, "min": 100, "currency": ""}
    assert plain["limits"] == [{"measure": "recipients", "at_most": "20%", "name": "recipients"}]
    assert Scenario.model_validate(plain) == read


@pytest.mark.parametrize("text", ["0%", "20%", "100%", "12.5%", "0.001%", "33.3333333333%"])
def test_a_percentage_is_written_as_it_was_read(text):
    assert format_percent(parse_percent(text)) == text


@pytest.mark.parametrize("text", ["20", "%", "20%%", "1e3%", "0,5%", "٣%", "abc%"])
def test_what_is_no_percentage_is_not_read_as_one(text):
    assert parse_percent(text) is None


def test_a_value_in_a_message_stays_short_and_on_one_line():
    assert len(shown(["x" * 50] * 50)) == 60
    assert "\n" not in shown("two\nlines")
