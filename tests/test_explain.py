"""Why a unit got its amount; and what is said to change it does, when solved again in another way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import optimizer
from models.truth import ScholarshipWorld
from optimizer import DataError, ModelError, Options, allocate, read_scenario
from optimizer.again import Held
from optimizer.explain import explain
from optimizer.otherwise import nearest
from optimizer.problem.explanation_words import changes_in_words, why_in_words
from optimizer.run import rebuild

SCENARIO = """\
name: class
units: {table: applicants.csv, id: student_id}
history: {table: history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score, distance_km, faculty]}
model: {kind: s_learner, estimator: sklearn.ensemble.GradientBoostingRegressor, params: {n_estimators: 20, max_depth: 3}}
amounts: {max: 2_000_000, step: 250_000, currency: JPY}
limits:
  - {measure: cost, at_most: 10_000_000}
  - {measure: recipients, at_most: 20%}
  - {measure: recipients, at_least: 40%, of: recipients, where: {gender: F}, name: women}
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A plan for 80 applicants, and its folder."""
    folder = tmp_path_factory.mktemp("class")
    world = ScholarshipWorld()
    world.draw_history(np.random.default_rng(1), n=1500).to_csv(folder / "history.csv", index=False)
    world.draw_applicants(np.random.default_rng(2), n=80, first=2000).to_csv(folder / "applicants.csv", index=False)
    (folder / "class.yaml").write_text(SCENARIO, encoding="utf-8")
    return folder, optimizer.solve(folder / "class.yaml", out=folder / "out")


def applicants(folder):
    return pd.read_csv(folder / "applicants.csv", dtype={"student_id": str})


def why(out, unit):
    """The explanation, without what would change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optimizer.explain.Otherwise.changes", lambda *_: ())
        return explain(out, unit)


def some(plan, awarded=3, others=3):
    ids, given = plan.table["id"].to_numpy(), plan.table["amount"].to_numpy() > 0
    rng = np.random.default_rng(0)
    return [*rng.choice(ids[given], awarded, replace=False), *rng.choice(ids[~given], others, replace=False)]


def solved_again(folder, held, change, unit):
    """What the unit is given where the scenario is read again with that override, or the outcome is another."""
    scenario = read_scenario(folder / "class.yaml", [f"{change.setting}={change.figure}"] if change.setting else ())
    place, values = held.units.ids.tolist().index(unit), held.curves.values.copy()
    if change.at is not None:
        values[place, held.curves.amounts.values.index(change.at)] = change.figure
    limits, solver = scenario.build_problem().limits, scenario.solver.build()
    return allocate(values, held.curves.amounts, limits, units=held.units.frame, solver=solver).amount[place]


def test_what_is_said_to_change_it_does_when_solved_again(left):
    folder, plan = left
    held = Held.of(rebuild(folder / "out"))
    said = 0
    for unit in some(plan):
        found = explain(folder / "out", unit)
        assert {change.kind for change in found.changes} <= {"budget", "recipients", "outcome"}
        for change in found.changes:
            again = solved_again(folder, held, change, unit)
            assert again == (found.given.amount if change.given is None else change.given), change
            assert change.given != found.given.amount
            said += change.given is not None
    assert said >= 12


def test_an_amount_is_charged_what_its_use_of_the_limits_is_worth(left):
    folder, plan = left
    prices = plan.allocation.shadow_prices
    women = plan.table["id"][applicants(folder)["gender"].to_numpy() == "F"].tolist()
    for unit in some(plan):
        found = why(folder / "out", unit)
        for option in found.options:
            # Of an award, the share of women among recipients pays or costs according to who gets it.
            share = prices["women"] * ((unit in women) - 0.4)
            award = (option.amount > 0) * (prices["recipients"] + share)
            assert option.charge == pytest.approx(prices["cost"] * option.amount + award, abs=1e-12)
        assert found.money == pytest.approx(prices["cost"])


def test_a_proven_amount_is_in_every_plan_as_good(left):
    folder, plan = left
    held = Held.of(rebuild(folder / "out"))
    grounds = set()
    for unit in plan.table["id"][:20]:
        found = why(folder / "out", unit)
        place = held.units.ids.tolist().index(unit)
        values = held.curves.values.copy()
        values[place, found.chosen] -= 1_000.0
        limits = read_scenario(folder / "class.yaml").build_problem().limits
        other = allocate(values, held.curves.amounts, limits, units=held.units.frame)
        grounds.add(found.ground)
        if found.ground == "proven":
            assert other.value < plan.allocation.value - 1e-12
    assert "proven" in grounds


@pytest.mark.parametrize("threshold", [1, 2, 3, 17, 99, 100])
@pytest.mark.parametrize("guess", [1, 2, 40, 250])
@pytest.mark.parametrize("wall", [None, 100])
def test_the_nearest_place_where_something_changes_is_found_from_any_guess(threshold, guess, wall):
    def ask(place):
        if wall is not None and place > wall:
            return None
        return 7 if place >= threshold else 3

    assert nearest(ask, lambda given: given == 7, 1000, guess) == (threshold, 7)


def test_no_place_is_named_where_nothing_changes():
    assert nearest(lambda _: 3, lambda given: given == 7, 50, 9) is None
    assert nearest(lambda place: None if place > 5 else 3, lambda given: given == 7, 50) is None


def test_rules_that_bar_amounts_are_said_and_a_promise_leaves_nothing_to_change(left, tmp_path):
    folder, _ = left
    people = applicants(folder)
    people["promised"] = [500_000, *[""] * 79]
    people["ceiling"] = ["", 500_000, *[""] * 78]
    for name in ("history.csv", "class.yaml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    people.to_csv(tmp_path / "applicants.csv", index=False)
    rules = Options(overrides=["rules={fixed: {column: promised}, cap: {column: ceiling}}"])
    optimizer.solve(tmp_path / "class.yaml", out=tmp_path / "out", options=rules)
    promised, capped = (explain(tmp_path / "out", unit) for unit in people["student_id"][:2])
    assert promised.given.amount == 500_000
    assert (promised.rival, promised.changes) == (None, ())
    assert "Rules leave no other choice." in why_in_words(promised)
    assert [(barred.rule, barred.amounts[0], len(barred.amounts)) for barred in capped.barred] == [("cap", 750_000, 6)]
    assert (
        "Rule cap forbids 750,000 JPY, 1,000,000 JPY, 1,250,000 JPY, 1,500,000 JPY, 1,750,000 JPY, 2,000,000 JPY."
        in why_in_words(capped)
    )
    assert all(change.at is None or change.at <= 500_000 for change in capped.changes)


def test_a_plan_that_was_chosen_for_something_else_is_explained_as_such(left, tmp_path, monkeypatch):
    folder, plan = left
    unit = some(plan)[0]
    for name, settings in {
        "then": ["then={minimise: cost, within: 1%}"],
        "caution": ["objective={lower: 0.1, members: 5}"],
    }.items():
        optimizer.solve(folder / "class.yaml", out=tmp_path / name, options=Options(overrides=settings))
    assert why(tmp_path / "then", unit).ground == "then"
    monkeypatch.setattr("optimizer.otherwise.Otherwise._other_figure", lambda *_: ())
    cautious = explain(tmp_path / "caution", unit)
    assert "10 % quantile" in cautious.caution
    assert cautious.given.gain != cautious.given.outcome
    # A cautious outcome is the ensemble's, and no single figure that could be another.
    assert cautious.changes == ()


def test_both_languages_say_every_figure(left):
    folder, plan = left
    found = explain(folder / "out", some(plan)[0])
    for lang in ("en", "ja"):
        why, changes = why_in_words(found, lang), changes_in_words(found, lang)
        assert f"{found.given.amount:,}{' JPY' if lang == 'en' else '円'}" in why[0]
        assert len(changes) == len(found.changes)
        for sentence, change in zip(changes, found.changes, strict=True):
            assert (f"{change.figure:,.0f}" if change.setting else f"{change.figure:g}") in sentence
            assert change.given is None or not change.given or f"{change.given:,}" in sentence


def test_what_brings_less_is_not_said_to_bring_minus_so_much_more(left):
    folder, plan = left
    found = why(folder / "out", some(plan)[0])
    *options, largest = found.options[: found.chosen + 2]
    dearer = replace(largest, gain=found.given.gain - 0.25, cost=found.given.cost + 1_000)
    worse = replace(found, options=(*options, dearer))
    [said] = [sentence for sentence in why_in_words(worse) if sentence.startswith("The next larger")]
    assert "would bring 0.2500 less and cost 1,000 JPY more;" in said
    [said] = [sentence for sentence in why_in_words(worse, "ja") if sentence.startswith("一つ上")]
    assert "0.2500 減り、費用が 1,000円 増えます。" in said


def test_who_is_not_in_the_plan_is_told_who_is_near(left):
    folder, plan = left
    unit = plan.table["id"][3]
    with pytest.raises(DataError, match=f"no unit of the plan is called 'X{unit}'; the nearest are .*{unit}"):
        explain(folder / "out", f"X{unit}")


def test_a_native_plan_has_no_curves_to_explain(left, tmp_path):
    folder, _ = left
    native = [
        "solver.embedding=native",
        "model={kind: s_learner, estimator: sklearn.linear_model.LinearRegression}",
        "amounts={tiers: [500_000], currency: JPY}",
        "units={holdout: 2%}",
    ]
    (tmp_path / "few.yaml").write_bytes((folder / "class.yaml").read_bytes())
    (tmp_path / "history.csv").write_bytes((folder / "history.csv").read_bytes())
    plan = optimizer.solve(tmp_path / "few.yaml", out=tmp_path / "out", options=Options(overrides=native))
    with pytest.raises(ModelError, match="only plans made with curves"):
        explain(tmp_path / "out", plan.table["id"][0])
