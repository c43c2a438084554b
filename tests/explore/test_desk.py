"""What is moved on the desk is solved as `--set` would have it solved, to the byte."""

import shlex

import pytest

import optimizer
from optimizer import Infeasible, ModelError, Options, ScenarioError, read_scenario
from optimizer.edge.cells import csv_of
from optimizer.edge.scenario_file import write_yaml
from optimizer.explore.desk import Desk
from optimizer.problem.result import COLUMNS


@pytest.fixture
def desk(folder):
    return Desk.of(folder / "small.yaml", Options())


def moved(desk, **to):
    """The scenario's figures, but for those of these measures and names."""
    return [to.get(knob.name or knob.measure, knob.figure) for knob in desk.knobs]


@pytest.mark.parametrize(
    ("to", "overrides"),
    [
        ({}, ()),
        ({"cost": 6_500_001}, ("limits.0.at_most=6500001",)),
        ({"recipients": 12.5}, ("limits.1.at_most=12.5%",)),
        ({"women": 60, "award": 1_000_000}, ("limits.2.at_least=60%", "amounts.max=1000000")),
    ],
)
def test_the_plan_is_the_one_that_solve_finds_with_the_same_figures(desk, folder, to, overrides):
    answer = desk.answer(moved(desk, **to))
    assert answer.overrides == overrides
    run = optimizer.solve(folder / "small.yaml", out=folder / "out", options=Options(overrides=overrides))
    assert answer.certificate == run.certificate
    assert csv_of(desk.plan(answer).table[list(COLUMNS)]) == (folder / "out" / "allocation.csv").read_text(encoding="utf-8")


def test_the_command_that_is_shown_says_what_it_was_started_with_too(folder):
    desk = Desk.of(folder / "small.yaml", Options(overrides=["limits.0.at_most=8_000_000"], allow_modules=["sklearn.dummy"]))
    answer = desk.answer(moved(desk, recipients=12.5))
    verb, scenario, *words = shlex.split(desk.command(answer).removeprefix("bursar "))
    assert (verb, scenario, words[:2]) == ("solve", str(folder / "small.yaml"), ["--allow-module", "sklearn.dummy"])
    assert words[2::2] == ["--set", "--set"]
    assert optimizer.solve(scenario, options=Options(overrides=words[3::2])).certificate == answer.certificate


def test_the_scenario_that_is_handed_over_reads_back_and_makes_the_plan(desk, folder):
    answer = desk.answer(moved(desk, cost=7_000_000, women=50, award=1_500_000))
    (folder / "handed.yaml").write_text(write_yaml(answer.scenario), encoding="utf-8")
    assert read_scenario(folder / "handed.yaml") == answer.scenario
    assert optimizer.solve(folder / "handed.yaml").certificate == answer.certificate


def test_awards_named_one_by_one_are_kept_up_to_the_largest(folder):
    tiers = Options(overrides=["amounts={tiers: [300_000, 500_000, 900_000]}"])
    desk = Desk.of(folder / "small.yaml", tiers)
    answer = desk.answer(moved(desk, award=500_000))
    assert answer.overrides == ("amounts.tiers=[300000, 500000]",)
    assert answer.held.curves.amounts.values == (0, 300_000, 500_000)


@pytest.mark.parametrize(
    ("to", "error", "says"),
    [
        ({"cost": 1.5}, ScenarioError, "limits.0.at_most: must be a whole number, got 1.5"),
        ({"cost": -1}, ScenarioError, "must be at least 0"),
        ({"cost": None}, ScenarioError, "limits.0.at_most: must be a number, got None"),
        ({"recipients": 120}, ScenarioError, "at most 100 %"),
        ({"award": 700_000}, ScenarioError, "amounts.max: must be an amount on offer, got 700,000"),
    ],
)
def test_a_figure_that_cannot_be_is_said_and_the_desk_goes_on(desk, to, error, says):
    with pytest.raises(error, match=says):
        desk.answer(moved(desk, **to))
    assert desk.answer(desk.figures).certificate.spent <= 10_000_000


def test_limits_that_conflict_are_said(folder):
    must = Options(overrides=["limits.1={measure: recipients, at_least: 10}"])
    desk = Desk.of(folder / "small.yaml", must)
    with pytest.raises(Infeasible, match="no allocation satisfies"):
        desk.answer(moved(desk, cost=100_000))


def test_a_question_that_is_no_longer_wanted_is_dropped(desk):
    assert desk.answer(moved(desk, cost=5_000_000), wanted=lambda: False) is None


def test_a_native_plan_cannot_be_decided_at_once(folder):
    native = ["solver.embedding=native", "model={kind: s_learner, estimator: sklearn.linear_model.LinearRegression}"]
    with pytest.raises(ModelError, match="use embedding: curves"):
        Desk.of(folder / "small.yaml", Options(overrides=native))
