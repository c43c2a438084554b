"""`bursar evaluate` says what recorded outcomes say of a plan, beside simpler rules, on screen, as JSON and in Python."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

import optimizer
from optimizer import DataError, Evaluation, Infeasible, Options, ScenarioError, cli, evaluate, solve
from optimizer.edge.model_file import dump_model
from optimizer.evaluating.heldout import EVERYONE, GIVEN, NOBODY, RANDOM, SAME, THIS_PLAN
from optimizer.problem.evaluation import Promise

RULES = [THIS_PLAN, NOBODY, RANDOM, EVERYONE, SAME, "largest award to the highest uplift"]


@pytest.fixture
def trial(folder):
    """The small scenario, with a history in which every tenth person is of one household."""
    history = pd.read_csv(folder / "history.csv")
    history["household"] = np.where(np.arange(len(history)) % 50 == 0, np.nan, np.arange(len(history)) // 10)
    history.to_csv(folder / "history.csv", index=False)
    return folder / "small.yaml"


def test_an_evaluation_has_every_rule_with_its_interval_and_its_difference(trial):
    found = evaluate(trial, folds=3, propensity="shares")
    assert isinstance(found, Evaluation)
    assert found.values["rule"].tolist() == RULES
    assert found.differences["rule"].tolist() == RULES[1:]
    assert (found.values["low"] < found.values["value"]).all()
    assert (found.values["value"] < found.values["high"]).all()
    plan, nobody = found.values.iloc[0], found.values.iloc[1]
    assert found.differences.iloc[0]["difference"] == pytest.approx(plan["value"] - nobody["value"])
    history = pd.read_csv(trial.parent / "history.csv").dropna(subset=["enrolled"])
    assert nobody["recorded"] == pytest.approx(history.loc[history["award"] == 0, "enrolled"].mean(), abs=1e-12)
    assert plan["recipients"] <= 0.2
    assert plan["offered"] * 60 <= 10_000_000
    assert (found.units, found.history, found.folds, found.clusters) == (60, len(history), 3, None)
    assert all(len(table) for table in found.further.values())


def test_what_is_predicted_less_what_is_estimated_is_told_of_outcome_and_uplift(trial):
    found = evaluate(trial, folds=3)
    outcome, uplift = (Promise(**row) for row in found.optimism.to_dict("records"))
    assert outcome.predicted == pytest.approx(found.values["predicted"][0])
    assert outcome.estimated == pytest.approx(found.values["value"][0])
    assert uplift.estimated == pytest.approx(found.differences["difference"][0])
    for promise in (outcome, uplift):
        assert promise.difference == pytest.approx(promise.predicted - promise.estimated)


def test_equal_seeds_give_equal_evaluations(trial):
    first, again = (evaluate(trial, folds=3).document() for _ in range(2))
    assert first == again
    other = evaluate(trial, folds=3, options=Options(overrides=("solver.seed=1",))).document()
    assert first["values"] != other["values"]


def test_clusters_are_kept_whole_and_those_without_one_stand_alone(trial):
    found = evaluate(trial, folds=3, cluster="household")
    history = pd.read_csv(trial.parent / "history.csv").dropna(subset=["enrolled"])
    assert found.clusters == history["household"].nunique() + history["household"].isna().sum()
    with pytest.raises(DataError, match=r'history: column "village" is not in the table'):
        evaluate(trial, folds=3, cluster="village")


def test_a_plan_of_past_units_can_be_compared(trial):
    history = pd.read_csv(trial.parent / "history.csv")
    given = pd.DataFrame({"id": history["student_id"], "amount": np.where(np.arange(len(history)) % 4, 0, 1_000_000)})
    given.to_csv(trial.parent / "other.csv", index=False)
    found = evaluate(trial, folds=3, plan=trial.parent / "other.csv")
    assert found.values["rule"].tolist() == [*RULES, GIVEN]
    known = history["enrolled"].notna()
    assert found.values["offered"].iloc[-1] == pytest.approx(given["amount"][known].mean())


def test_what_history_cannot_tell_is_left_aside_and_said(trial):
    applicants = pd.read_csv(trial.parent / "applicants.csv").assign(status="complete")
    applicants.to_csv(trial.parent / "applicants.csv", index=False)
    found = evaluate(trial, folds=2, options=Options(overrides=("rules={never: [{status: withdrawn}]}",)))
    assert "left aside, since history does not tell it: rule never where status withdrawn" in found.notes


def test_a_wrapped_model_is_not_fitted_again_and_that_is_said(trial):
    past = pd.read_csv(trial.parent / "history.csv").dropna(subset=["enrolled"])
    # distance_km is no feature of the history's, but a column that it has.
    fitted = HistGradientBoostingRegressor().fit(past[["distance_km", "exam_score", "award"]], past["enrolled"])
    dump_model(fitted, trial.parent / "fitted.skops")
    overrides = ("model={kind: wrapped, file: fitted.skops, amount: award}",)
    found = evaluate(trial, folds=2, options=Options(overrides=overrides))
    assert any(note.startswith("the model was fitted elsewhere") for note in found.notes)


@pytest.mark.parametrize(
    ("settings", "kind", "says"),
    [
        ({"propensity": "guessed"}, ScenarioError, "propensity is not one it knows, got guessed"),
        ({"propensity": "known:1.5"}, DataError, "propensity: must lie between 0 and 1, got 1.5"),
        ({"folds": 1}, DataError, "folds: must be a whole number from 2 to"),
        ({"folds": 5_000}, DataError, "folds: must be a whole number from 2 to"),
    ],
)
def test_what_cannot_be_evaluated_says_why(trial, settings, kind, says):
    with pytest.raises(kind, match=says):
        evaluate(trial, **settings)


def test_a_fold_whose_limits_conflict_is_named(trial):
    with pytest.raises(Infeasible, match=r"^fold 1, \d+ past units under the limits scaled to them"):
        evaluate(trial, folds=2, options=Options(overrides=("limits.0={measure: outcome, at_least: 59}",)))


def test_the_command_line_prints_tables_or_one_document_and_writes_it(trial, capfd):
    folder = trial.parent
    assert cli.main(["evaluate", str(trial), "--folds", "2", "--cluster", "household", "--propensity", "known:0.5"]) == 0
    out = capfd.readouterr().out
    for text in (*RULES, "This plan brings more than", "by the records", "clusters kept whole", "would break recipients"):
        assert text in out
    written = str(folder / "found.json")
    assert cli.main(["evaluate", str(trial), "--folds", "2", "--json", "--out", written]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document == json.loads((folder / "found.json").read_text())
    assert [row["rule"] for row in document["values"]] == RULES
    assert cli.main(["evaluate", str(trial), "--folds", "2", "--out", str(folder / "no" / "found.json")]) == 8


def test_a_plan_comes_with_its_winners_curse_and_segments(trial):
    plan = solve(trial)
    assert plan.summary.promise == solve(trial).summary.promise
    assert plan.summary.promise.figure == "outcome"
    assert sum(segment.units for segment in plan.summary.segments) == 60
    assert sum(segment.money for segment in plan.summary.segments) == plan.summary.offered
    assert plan.summary.extrapolated == plan.table["extrapolated"].sum()


def test_the_verb_stays_the_function_once_its_module_is_loaded():
    assert optimizer.evaluate is evaluate
    assert callable(optimizer.evaluate)


@pytest.mark.parametrize(
    ("promise", "words"),
    [
        (Promise(figure="outcome", predicted=0.5, estimated=0.4, difference=0.1, standard_error=0.02, low=0.06, high=0.14),
         "predicted 50.00, by the records 40.00: 10.00 too high (95 %: 6.00 to 14.00)"),
        (Promise(figure="uplift", predicted=0.4, estimated=0.5, difference=-0.1, standard_error=0.06, low=-0.22, high=0.02),
         "predicted 40.00, by the records 50.00: 10.00 too low (95 %: -2.00 to 22.00), which may be chance"),
    ],
)  # fmt: skip
def test_a_promise_says_which_way_it_is_off(promise, words):
    assert promise.in_words(100) == words
