"""Reading a scenario file: every fault at its line, and nothing but a ScenarioError, whatever the file holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optimizer.edge.scenario_file import LARGEST_FILE, read_scenario
from optimizer.edge.yaml_tree import MAX_DEPTH, resolve
from optimizer.errors import ScenarioError

ROOT = Path(__file__).parents[2]
WRONG = ROOT / "tests" / "wrong_scenarios"
SCHOLARSHIP = ROOT / "scenarios" / "scholarship.yaml"
WRONG_DATA = {
    "missing_table_file",
    "query_of_no_database",
    "empty_table",
    "fixed_column_absent",
    "promise_not_on_offer",
    "cap_below_floor",
    "cap_is_text",
    "cost_left_empty",
    "paid_by_points",
    "then_previous_missing",
}
FAULTS = dict(re.findall(r"^## (\w+)\n((?:(?!## ).*\n)+)", (WRONG / "faults.txt").read_text(encoding="utf-8"), re.MULTILINE))


def faults_of(path, *overrides):
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, overrides)
    return str(caught.value).replace(f"{WRONG}/", "")


def faults_of_set(*overrides):
    return faults_of(SCHOLARSHIP, *overrides).replace(str(SCHOLARSHIP), "scholarship.yaml")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_wrong_scenario_is_told_line_by_line_what_is_wrong_and_what_to_do(name):
    assert faults_of(WRONG / f"{name}.yaml") == FAULTS[name].rstrip("\n")


def test_every_wrong_scenario_has_its_faults_written_down():
    assert {path.stem for path in WRONG.glob("*.yaml")} == FAULTS.keys() | WRONG_DATA


@pytest.mark.parametrize("name", sorted(WRONG_DATA))
def test_a_scenario_whose_table_is_wrong_is_a_valid_scenario(name):
    assert read_scenario(WRONG / f"{name}.yaml").units.table.parent.is_relative_to(WRONG)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (WRONG / "no_such.yaml", "no_such.yaml: does not exist; name a scenario file, such as scenarios/scholarship.yaml"),
        (WRONG / "a\0b.yaml", "a\0b.yaml: does not exist; name a scenario file, such as scenarios/scholarship.yaml"),
        (WRONG / ".", f"{WRONG}: is a folder; name a scenario file, such as scenarios/scholarship.yaml"),
        (Path("/dev/null"), "/dev/null: does not exist; name a scenario file, such as scenarios/scholarship.yaml"),
    ],
)
def test_a_path_that_is_no_file_is_a_scenario_error(path, fault):
    assert faults_of(path) == fault


def test_a_file_that_is_far_too_large_is_not_read(tmp_path):
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (LARGEST_FILE + 1))
    assert faults_of(large) == f"{large}: is larger than 256 KiB; name the scenario, not a table; tables go under `table:`"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbf" + SCHOLARSHIP.read_bytes().replace(b"\n", b"\r\n"))
    assert read_scenario(marked).limits == read_scenario(SCHOLARSHIP).limits


def test_thousands_of_brackets_end_in_a_fault_and_no_recursion(tmp_path):
    deep = tmp_path / "deep.yaml"
    deep.write_text("[" * 20_000 + "]" * 20_000, encoding="utf-8")
    assert faults_of(deep) == f"{deep}:1: is nested more than {MAX_DEPTH} levels deep; write it flatter"


def test_the_deepest_pipeline_that_is_allowed_is_read():
    net = "{estimator: sklearn.neural_network.MLPRegressor, params: {hidden_layer_sizes: [30, 30]}}"
    overrides = [f"model.params={{steps: [[net, {net}]]}}", "model.estimator=sklearn.pipeline.Pipeline"]
    scenario = read_scenario(SCHOLARSHIP, overrides)
    assert scenario.model.params["steps"][0][1].params == {"hidden_layer_sizes": [30, 30]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2_500_000", 2_500_000),
        ("-5", -5),
        ("+5", 5),
        ("012", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("F", "F"),
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("20%", "20%"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("_1", "_1"),
        ("120,000", "120,000"),
        ("<<", "<<"),
        ("=", "="),
        ("٣", "٣"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text, value):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_a_column_value_that_yaml_1_1_took_for_false_stays_text():
    scenario = read_scenario(SCHOLARSHIP, ["limits.2={measure: recipients, at_least: 1, where: {gender: [F, no, N]}}"])
    assert scenario.limits[2].where == {"gender": ("F", "no", "N")}


def test_paths_are_relative_to_the_scenario_file_not_to_the_working_folder(monkeypatch):
    monkeypatch.chdir(ROOT)
    scenario = read_scenario("scenarios/scholarship.yaml", ["history.table=../history.parquet"])
    assert scenario.units.table == ROOT / "scenarios" / "data" / "applicants.csv"
    assert scenario.history.table == ROOT / "history.parquet"


@pytest.mark.parametrize(
    ("overrides", "got"),
    [
        (["limits.0.at_most=60_000_000"], lambda s: s.limits[0].at_most == 60_000_000),
        (["limits.1.at_most=12.5 %"], lambda s: s.limits[1].at_most * 8 == 1),
        (["model.params={n_estimators: 10}"], lambda s: s.model.params == {"n_estimators": 10}),
        (["model.params.learning_rate=0.05"], lambda s: s.model.params["learning_rate"] == 0.05),
        (["solver.backend=highs"], lambda s: s.solver.backend == "highs"),
        (["solver.time_limit="], lambda s: s.solver.time_limit is None),
        (["limits.2={measure: outcome, at_most: 950.0}"], lambda s: s.limits[2].name == "outcome"),
        (["limits=[]"], lambda s: s.limits == ()),
        (["limits=[]", "limits.0.measure=cost", "limits.0.at_most=1"], lambda s: len(s.limits) == 1),
        (["name=first", "name=second"], lambda s: s.name == "second"),
        (["model.kind=class_transform", "amounts={tiers: [1_000_000]}"], lambda s: s.model.kind == "class_transform"),
    ],
)
def test_an_override_replaces_or_adds_one_value(overrides, got):
    assert got(read_scenario(SCHOLARSHIP, overrides))


def test_an_override_makes_the_section_that_the_file_leaves_out():
    assert read_scenario(ROOT / "scenarios" / "hiv_incentives.yaml", ["solver.backend=highs"]).solver.backend == "highs"


SYNTAX = (
    "--set name: is not valid YAML: expected the node content, but found '<stream end>'; "
    "look here and one line above for a missing quote, bracket, or space after a colon"
)
GRID = (
    "scholarship.yaml:23: amounts: class_transform knows one award size, got 49 sizes up to 2500000; "
    "write {tiers: [2500000]}, or choose another model.kind"
)
WRAPPED = """\
scholarship.yaml:18: model.file: is missing; add `file: fitted.skops` to model
scholarship.yaml:20: model.estimator: is not a known key; known are kind, file, amount, per, features, monotone
scholarship.yaml:21: model.params: is not a known key; known are kind, file, amount, per, features, monotone"""


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("limits.7.at_most=1", "--set limits.7.at_most: limits is a list, got 7; name a place in it: 0 to 1, or 2 to append"),
        (
            "limits.first.at_most=1",
            "--set limits.first.at_most: limits is a list, got first; name a place in it: 0 to 1, or 2 to append",
        ),
        ("name.de=1", "--set name.de: name is a single value, without a de; set name as a whole"),
        ("limits.0.at_most", "--set limits.0.at_most: must be PATH=VALUE; write --set limits.0.at_most=60_000_000"),
        ("limits..at_most=1", "--set limits..at_most: must be PATH=VALUE; write --set limits.0.at_most=60_000_000"),
        ("limits.0.at_most=-5", "--set limits.0.at_most: limits[0].at_most: must be at least 0, got -5; use 0 to forbid"),
        ("solvr.backend=highs", "--set solvr.backend: solvr: is not a known key; did you mean solver?"),
        (
            "name=!!python/name:os.system",
            "--set name: tags are not allowed, got !!python/name:os.system; remove the word that starts with !",
        ),
        ("name=[", SYNTAX),
        ("model.kind=class_transform", GRID),
        ("model.kind=wrapped", WRAPPED),
    ],
)
def test_an_override_that_cannot_be_meant_is_a_fault_at_its_place(override, fault):
    assert faults_of_set(override) == fault


def test_faults_come_by_line_and_those_of_overrides_last_in_their_order():
    told = faults_of(WRONG / "several_at_once.yaml", "solver.gap=2", "history.outcome=5").splitlines()
    places = [line.split(": ")[0] for line in told]
    assert places == [*(f"several_at_once.yaml:{line}" for line in (1, 2, 4, 5, 8)), "--set solver.gap", "--set history.outcome"]
