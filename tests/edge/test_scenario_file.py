"""Reading a scenario file: every fault at its line, and nothing but a ScenarioError, whatever the file holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.edge.scenario_file import LARGEST_FILE, read_scenario, write_yaml
from optimizer.edge.yaml_tree import MAX_DEPTH, resolve
from optimizer.errors import ScenarioError
from optimizer.problem.scenario import Scenario

ROOT = Path(__file__).parents[2]
WRONG = ROOT / "tests" / "wrong_scenarios"
SCHOLARSHIP = ROOT / "scenarios" / "scholarship.yaml"
WRONG_DATA = {"missing_table_file", "empty_table"}
FAULTS = dict(re.findall(r"^## (\w+)\n((?:(?!## ).*\n)+)", (WRONG / "faults.txt").read_text(encoding="utf-8"), re.MULTILINE))

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


def test_a_file_of_more_than_a_mebibyte_is_not_read(tmp_path):
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (LARGEST_FILE + 1))
    assert faults_of(large) == f"{large}: is larger than 1 MiB; name the scenario, not a table; tables go under `table:`"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbf" + SCHOLARSHIP.read_bytes().replace(b"\n", b"\r\n"))
    assert read_scenario(marked).limits == read_scenario(SCHOLARSHIP).limits


def test_thousands_of_brackets_end_in_a_fault_and_no_recursion(tmp_path):
    deep = tmp_path / "deep.yaml"
    deep.write_text("[" * 20_000 + "]" * 20_000, encoding="utf-8")
    assert faults_of(deep).startswith(f"{deep}:1: is nested more than {MAX_DEPTH} levels deep")


def test_the_deepest_pipeline_that_is_allowed_is_read():
    steps = (
        "{steps: [[scale, {estimator: sklearn.preprocessing.StandardScaler}], [net, {estimator: sklearn.neural_network.MLPRegressor, "
        "params: {hidden_layer_sizes: [30, 30]}}]]}"
    )
    scenario = read_scenario(SCHOLARSHIP, [f"model.params={steps}", "model.estimator=sklearn.pipeline.Pipeline"])
    assert scenario.model.params["steps"][1][1].params == {"hidden_layer_sizes": [30, 30]}


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


def test_paths_are_relative_to_the_scenario_file_not_to_the_working_folder(monkeypatch, tmp_path):
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
        (
            "name=[",
            "--set name: is not valid YAML: expected the node content, but found '<stream end>'; "
            "look here and one line above for a missing quote, bracket, or space after a colon",
        ),
        (
            "model.kind=class_transform",
            "scholarship.yaml:24: amounts: class_transform knows one award size, got 49 sizes up to 2500000; "
            "write {tiers: [2500000]}, or choose another model.kind",
        ),
        (
            "model.kind=wrapped",
            "scholarship.yaml:19: model.file: is missing; add `file: fitted.skops` to model\n"
            "scholarship.yaml:21: model.estimator: is not a known key; known are kind, file, amount, per, features\n"
            "scholarship.yaml:22: model.params: is not a known key; known are kind, file, amount, per, features",
        ),
    ],
)
def test_an_override_that_cannot_be_meant_is_a_fault_at_its_place(override, fault):
    assert faults_of_set(override) == fault


def test_faults_come_by_line_and_those_of_overrides_last_in_their_order():
    told = faults_of(WRONG / "several_at_once.yaml", "solver.gap=2", "history.outcome=5").splitlines()
    places = [line.split(": ")[0] for line in told]
    assert places == [*(f"several_at_once.yaml:{line}" for line in (1, 2, 4, 5, 8)), "--set solver.gap", "--set history.outcome"]


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
tricky = st.one_of(
    words, st.text("0123456789_.eExo+-~%:#&*!<=> ", min_size=1, max_size=8), st.sampled_from(["no", "true", "null", "<<"])
)
scalars = st.one_of(tricky, st.booleans(), st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15))
paths = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9).map("data/{}.csv".format)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
percents = st.decimals(0, 100, places=3).map("{}%".format)
ranges = st.builds(lambda low, width: {"at_least": low, "at_most": low + width}, st.integers(-99, 99), st.integers(0, 9))
groups = st.dictionaries(tricky, st.one_of(scalars, st.lists(scalars, min_size=1, max_size=3), ranges), min_size=1, max_size=3)
figures = st.one_of(
    st.fixed_dictionaries({"measure": st.just("cost"), "at_most": st.integers(0, 10**12)}),
    st.fixed_dictionaries({"measure": st.just("cost"), "at_most": percents, "of": st.sampled_from(["units", "cost", "outcome"])}),
    st.fixed_dictionaries(
        {"measure": st.just("recipients"), "at_least": st.one_of(percents, st.floats(0, 1), st.integers(0, 99))}
    ),
    st.fixed_dictionaries({"measure": st.just("outcome"), "at_most": st.floats(0, 1e9)}),
)
limits = st.builds(lambda figure, extra: figure | extra, figures, st.fixed_dictionaries({}, optional={"where": groups}))
params = st.recursive(
    st.one_of(scalars, st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.one_of(words, st.integers(0, 9)), inner, max_size=2),
        st.fixed_dictionaries({"estimator": st.just("sklearn.svm.SVC"), "params": st.dictionaries(words, inner, max_size=2)}),
    ),
    max_leaves=4,
)
estimators = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["s_learner", "two_model"]),
        "estimator": st.just("sklearn.svm.SVC"),
        "params": st.dictionaries(words, params, max_size=3),
    }
)
histories = st.builds(
    lambda columns, per, source: (
        source
        | {
            "outcome": columns[0],
            "treatment": {"column": columns[1], "per": per} if per else columns[1],
            "features": columns[2:],
        }
    ),
    st.lists(tricky, min_size=3, max_size=5, unique=True),
    st.none() | st.integers(1, 1000) | st.floats(1e-9, 1e9),
    st.one_of(paths.map(lambda path: {"table": path}), st.just({"dataset": "causaldata.thornton_hiv"})),
)
units = st.builds(
    lambda source, name: source | ({"id": name} if name else {}),
    st.one_of(
        paths.map(lambda path: {"table": path}),
        st.just({"dataset": "causaldata.thornton_hiv"}),
        st.floats(0, 1, exclude_min=True, exclude_max=True).map(lambda share: {"holdout": share}),
    ),
    st.none() | tricky,
)
grids = st.builds(
    lambda low, step, count: {"min": low, "step": step, "max": low + step * count},
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(0, 99),
)
amounts = st.one_of(
    grids, st.lists(st.integers(1, 10**9), min_size=1, max_size=5, unique=True).map(lambda tiers: {"tiers": tiers})
)
solvers = st.fixed_dictionaries(
    {},
    optional={
        "backend": st.sampled_from(["gurobi", "highs"]),
        "gap": st.floats(0, 0.5),
        "time_limit": st.floats(1e-3, 1e6),
        "seed": st.integers(0, 2**31 - 1),
    },
)
scenarios = st.fixed_dictionaries(
    {
        "name": names,
        "units": units,
        "history": histories,
        "model": estimators,
        "amounts": amounts,
        "limits": st.lists(limits, max_size=3),
        "solver": solvers,
    }
)


def levels(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(levels, inside), default=0)


@quick
@given(plain=scenarios)
def test_law_any_scenario_written_as_yaml_reads_back_equal(tmp_path, plain):
    scenario = Scenario.model_validate(plain, context={"folder": tmp_path})
    if levels(scenario.resolved()) > MAX_DEPTH:
        return
    written = tmp_path / "scenario.resolved.yaml"
    written.write_text(write_yaml(scenario), encoding="utf-8")
    again = read_scenario(written)
    assert again == scenario
    assert again.resolved() == scenario.resolved()


@quick
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text("{}[]:,-?!&*#|>%@'\"\\ \n\tab0", max_size=60).map(str.encode),
        st.tuples(st.integers(0, 1500), st.text("{}[]:,-!&*'\"\n a0%", max_size=5)).map(
            lambda cut: SCHOLARSHIP.read_bytes()[: cut[0]] + cut[1].encode() + SCHOLARSHIP.read_bytes()[cut[0] :]
        ),
    )
)
def test_law_whatever_a_file_holds_it_is_a_scenario_or_a_scenario_error(tmp_path, content):
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    try:
        assert isinstance(read_scenario(file), Scenario)
    except ScenarioError as error:
        assert error.faults
        assert all(str(fault).startswith(str(file)) for fault in error.faults)
        assert len(str(error).split("\n")) == len(error.faults)


@quick
@given(
    path=st.one_of(
        st.text(max_size=20), st.sampled_from(["limits.0", "model.params", "solver.gap", "units", "history.features.0"])
    ),
    value=st.one_of(st.text(max_size=30), st.text("{}[]:,-!&*'\" a0%.", max_size=10), scalars.map(str)),
)
def test_law_whatever_is_set_it_is_a_scenario_or_a_scenario_error(path, value):
    try:
        assert isinstance(read_scenario(SCHOLARSHIP, [f"{path}={value}"]), Scenario)
    except ScenarioError as error:
        assert error.faults
