"""Laws of the scenario file: what is written reads back equal, and nothing but a ScenarioError comes of any bytes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.edge.scenario_file import read_scenario, write_yaml
from optimizer.errors import ScenarioError
from optimizer.problem.scenario import Scenario

SCHOLARSHIP = Path(__file__).parents[2] / "scenarios" / "scholarship.yaml"

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

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
    st.fixed_dictionaries({"measure": st.sampled_from(["outcome", "uplift"]), "at_most": st.floats(0, 1e9)}),
    st.fixed_dictionaries(
        {"measure": st.just("uplift"), "at_least": percents, "of": st.just("uplift")},
        optional={"among": st.sampled_from(["group", "everyone"])},
    ),
    st.fixed_dictionaries({"measure": st.sampled_from(["cost", "recipients"]), "exactly": st.integers(0, 99)}),
    st.fixed_dictionaries({"parity": st.sampled_from(["recipients", "uplift"]), "by": tricky, "within": percents}),
    st.fixed_dictionaries({"parity": st.just("cost"), "by": tricky, "within": st.integers(0, 10**9)}),
)
limits = st.builds(lambda figure, extra: figure | extra, figures, st.fixed_dictionaries({}, optional={"where": groups}))
leaves = st.one_of(scalars, st.none(), st.lists(scalars, max_size=2))
nested = st.fixed_dictionaries({"estimator": st.just("sklearn.svm.SVC"), "params": st.dictionaries(words, leaves, max_size=2)})
mappings = st.dictionaries(st.one_of(words, st.integers(0, 9)), leaves, max_size=2)
params = st.one_of(leaves, nested, st.lists(nested, max_size=2), mappings)
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
        | {"outcome": columns[0], "treatment": {"column": columns[1], "per": per} if per else columns[1], "features": columns[2:]}
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
columns = tricky | st.builds(lambda name: {"column": name}, tricky)
rules = st.fixed_dictionaries(
    {},
    optional={
        "never": groups | st.lists(groups, max_size=2),
        "fixed": columns,
        "cap": columns,
        "floor": columns,
        "cost_per_uplift": st.integers(0, 10**11),
    },
)
costs = st.fixed_dictionaries(
    {}, optional={"paid": st.sampled_from(["always", "if_outcome"]), "per_award": st.integers(0, 10**11), "column": tricky}
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
        "costs": costs,
        "rules": rules,
        "limits": st.lists(limits, max_size=3),
        "solver": solvers,
    }
)


def faults_if_any(path, overrides=()):
    try:
        read_scenario(path, overrides)
    except ScenarioError as error:
        return error.faults
    return ()


@quick
@given(plain=scenarios)
def test_law_any_scenario_written_as_yaml_reads_back_equal(tmp_path, plain):
    scenario = Scenario.model_validate(plain, context={"folder": tmp_path})
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
    faults = faults_if_any(file)
    assert all(str(fault).startswith(str(file)) for fault in faults)
    assert all(len(str(fault).splitlines()) == 1 for fault in faults)


@quick
@given(
    path=st.one_of(
        st.text(max_size=20), st.sampled_from(["limits.0", "model.params", "solver.gap", "units", "history.features.0"])
    ),
    value=st.one_of(st.text(max_size=30), st.text("{}[]:,-!&*'\" a0%.", max_size=10), scalars.map(str)),
)
def test_law_whatever_is_set_it_is_a_scenario_or_a_scenario_error(path, value):
    assert all(len(str(fault).splitlines()) == 1 for fault in faults_if_any(SCHOLARSHIP, [f"{path}={value}"]))
