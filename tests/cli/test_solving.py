"""The command line: exit codes, one-line messages, clean stdout, and files that are all there or not at all."""

import itertools
import json
from pathlib import Path

import pandas as pd
import pytest

from optimizer.errors import BursarError

ROOT = Path(__file__).parents[2]
WRONG = ROOT / "tests" / "wrong_scenarios"
DATA = {
    "missing_table_file": "no_such_table.csv",
    "empty_table": "empty.csv",
    "query_of_no_database": "env:BURSAR_NO_SUCH_VARIABLE: the environment variable is not set; set it",
    "fixed_column_absent": 'column "promise" is not in the table',
    "promise_not_on_offer": "rules.fixed: 100 in row 2 of the units is not among the amounts on offer",
    "cap_below_floor": "rules: leave row 3 of the units no amount",
    "cap_is_text": "rules.cap: column 'status' must hold whole currency units",
    "cost_left_empty": "costs.column: column 'ceiling' must hold whole currency units",
    "paid_by_points": 'history: outcome "points" must be 0 or 1 for costs.paid: if_outcome, got 2, 3.5, 7',
    "then_previous_missing": "no_such_plan.csv: no such file",
}
"""Scenarios whose tables are wrong, and what is said of them."""


def test_solve_prints_the_summary_and_leaves_all_files(run, folder):
    code, out, _ = run("solve", folder / "small.yaml", "--out", folder / "out")
    assert code == 0
    for words in ("limit cost", "limit women", "uplift", "cost per extra outcome", "no plan can exceed", "nobody", "gap"):
        assert words in out
    left = {path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file()}
    tables = {"allocation.csv", "frontier.csv"}
    assert left == tables | {"certificate.json", "scenario.resolved.yaml", "model/model.skops", "summary.json", "report.html"}


def test_json_is_the_only_thing_on_stdout(run, folder):
    code, out, _ = run("solve", folder / "small.yaml", "--json")
    summary = json.loads(out)
    assert code == 0
    assert summary["gap"] <= 1e-9
    assert summary["spent"] <= 10_000_000
    assert summary["recipients"] <= 12
    assert summary["rules"][0]["name"] == "nobody"


def test_what_solve_leaves_is_verified_from_another_place(run, folder):
    run("solve", folder / "small.yaml", "--out", folder / "out")
    (folder / "out").rename(folder / "elsewhere")
    code, out, _ = run("verify", folder / "elsewhere")
    assert code == 0
    assert "verified: 60 units" in out


def test_check_says_what_would_be_solved_and_writes_nothing(run, folder):
    before = sorted(folder.iterdir())
    code, out, _ = run("check", folder / "small.yaml", "--set", "limits.0.at_most=5_000_000")
    assert code == 0
    assert "limit cost: cost at most 5,000,000" in out
    assert "limit women: recipients where gender F at least 40 % of all recipients" in out
    assert "units: 60" in out
    assert sorted(folder.iterdir()) == before


def test_schema_prints_the_file_that_ships(run):
    assert run("schema")[1] == (ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_wrong_scenario_ends_with_its_exit_code_and_lines_to_act_on_and_leaves_nothing(run, path, tmp_path):
    code, out, err = run("solve", path, "--out", tmp_path / "out")
    assert code == (3 if path.stem in DATA else 2)
    assert out == ""
    assert "Traceback" not in err
    assert all(len(line) < 300 for line in err.splitlines())
    assert DATA.get(path.stem, path.name) in err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("overrides", "code", "words"),
    [
        (["model.estimator=sklearn.svm.SVD"], 4, "SVD"),
        (["model.estimator=os.path.join"], 4, "--allow-module os"),
        (["model.params={max_dept: 3}"], 4, "max_depth"),
        (["limits.0.at_most=0", "limits.1={measure: recipients, at_least: 5}"], 5, "no allocation satisfies"),
        (["units.id=gender"], 3, "gender"),
        (["history.features=[no_such_column]"], 3, "no_such_column"),
        (
            ["solver.embedding=native", "model={kind: s_learner, estimator: sklearn.linear_model.LogisticRegression}"],
            4,
            "embedding: curves",
        ),
    ],
)
def test_each_fault_has_its_own_exit_code(run, folder, overrides, code, words):
    settings = [word for override in overrides for word in ("--set", override)]
    ended, out, err = run("solve", folder / "small.yaml", "--out", folder / "out", *settings)
    assert ended == code, err
    assert words in err
    assert out == ""
    assert not (folder / "out").exists()


def test_a_folder_that_is_not_ours_is_not_overwritten(run, folder):
    (folder / "out").mkdir()
    (folder / "out" / "thesis.txt").write_text("mine")
    code, _, err = run("solve", folder / "small.yaml", "--out", folder / "out")
    assert code == 8
    assert "choose another --out" in err
    assert (folder / "out" / "thesis.txt").read_text() == "mine"


def test_a_verb_that_does_not_exist_is_exit_code_2(run):
    assert run("slove", "x.yaml")[0] == 2


def test_each_error_owns_one_exit_code_of_the_design():
    def tree(kind):
        return {kind, *(leaf for child in kind.__subclasses__() for leaf in tree(child))}

    assert sorted(kind.exit_code for kind in tree(BursarError) - {BursarError}) == [2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_frontier_prints_a_line_for_each_figure_and_writes_the_same_table(run, folder):
    asked = ("frontier", folder / "small.yaml", "--over", "women", "--from", "40%", "--to", "1", "--points", "4")
    code, out, _ = run(*asked, "--json", "--out", folder / "women.csv")
    assert code == 0
    rows = json.loads(out)
    assert [row["figure"] for row in rows] == [0.4, 0.6, 0.8, 1.0]
    assert all(earlier["value"] >= later["value"] for earlier, later in itertools.pairwise(rows))
    written = pd.read_csv(folder / "women.csv")
    assert written["value"].tolist() == pytest.approx([row["value"] for row in rows], rel=1e-12)
    code, out, _ = run(*asked)
    assert code == 0
    assert len(out.splitlines()) == 5
    code, _, err = run("frontier", folder / "small.yaml", "--over", "men")
    assert code == 2
    assert "over must name a limit of the scenario" in err
