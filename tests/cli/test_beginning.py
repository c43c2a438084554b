"""Init and demo: from tables, or from nothing, to a scenario that solves."""

import json

import numpy as np
import pandas as pd
import pytest
import typer

from models.truth import ScholarshipWorld
from optimizer import read_scenario
from optimizer.edge.datasets import read_dataset


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def typed(monkeypatch):
    """Answers at the terminal, one a question; without them, the end of the input."""

    def say(*answers):
        left = list(answers)

        def prompt(_question, default=None, **_keys):
            if not left:
                raise typer.Abort
            return left.pop(0) or default

        monkeypatch.setattr(typer, "prompt", prompt)

    return say


@pytest.fixture
def tables(tmp_path):
    """past.csv and new.csv with headers in Japanese, with a colon, a comma and quotes, and one that only the past has."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "学籍番号": [f"{row:05d}" for row in range(600)],
            "家計 所得": rng.normal(500, 100, 600).round(),
            "学部: 所属": rng.choice(["法", "理, 工", "#文"], 600),
            'say "x"': rng.random(600),
            "支給額": np.where(rng.random(600) < 0.5, 0, rng.choice([100_000, 200_000, 300_000], 600)),
        }
    )
    people["入学"] = (rng.random(600) < 0.3 + people["支給額"] / 1e6).astype(int)
    people["面接"] = people["入学"] * 10 + rng.random(600)
    people.iloc[:500].to_csv(tmp_path / "past.csv", index=False)
    people.iloc[500:].drop(columns=["支給額", "入学", "面接"]).to_csv(tmp_path / "new.csv", index=False)
    return tmp_path


def test_init_of_odd_tables_writes_a_scenario_that_passes_check_and_solves(run, tables):
    code, out, err = run("init", "new.csv", "--history", "past.csv", "--yes", "--lang", "ja")
    assert (code, err) == (0, "")
    assert "bursar solve scenario.yaml" in out
    read = read_scenario(tables / "scenario.yaml")
    assert read.history.features == ("家計 所得", "学部: 所属", 'say "x"')
    assert (read.units.id, read.history.outcome, read.history.treatment.column) == ("学籍番号", "入学", "支給額")
    assert read.amounts.tiers == (100_000, 200_000, 300_000)
    assert run("check", "scenario.yaml")[0] == 0
    code, *_ = run("solve", "scenario.yaml", "--lang", "ja", "--set", "model.params.n_estimators=5", "--out", "out")
    assert code == 0
    assert pd.read_csv(tables / "out" / "allocation.csv", dtype=str)["id"].tolist() == [f"{row:05d}" for row in range(500, 600)]


def test_init_of_one_table_holds_a_part_of_it_out_and_says_what_is_left_out(run, tmp_path):
    read_dataset("causaldata.thornton_hiv").frame.to_csv(tmp_path / "trial.csv", index=False)
    code, out, _ = run("init", "trial.csv", "--outcome", "got", "--yes", "--out", "trial.yaml")
    assert code == 0
    assert "treatment: tinc" in out
    assert "left out (leak): any" in out
    assert "1,926 of 4,820 rows of the past" in out
    read = read_scenario(tmp_path / "trial.yaml")
    assert (read.history.treatment.per, read.amounts.max) == (100, 280)
    small = ("--set", "model.params.n_estimators=5", "--json")
    assert run("check", "trial.yaml")[0] == 0
    assert json.loads(run("solve", "trial.yaml", *small)[1])["gap"] <= 1e-9


def test_init_never_overwrites(run, tables):
    (tables / "scenario.yaml").write_text("mine")
    code, out, err = run("init", "new.csv", "--history", "past.csv", "--yes")
    assert (code, out) == (8, "")
    assert "exists already" in err
    assert (tables / "scenario.yaml").read_text() == "mine"
    assert run("init", "new.csv", "--history", "past.csv", "--yes", "--out", "no/such/folder.yaml")[0] == 8


def nameless(folder):
    rng = np.random.default_rng(0)
    flag = {name: rng.integers(0, 2, 400) for name in "abc"}
    pd.DataFrame(flag | {"money": rng.integers(0, 3, 400) * 50}).to_csv(folder / "t.csv", index=False)


def test_init_asks_what_it_cannot_tell(run, typed, tmp_path):
    nameless(tmp_path)
    typed("b", "", "9,000", "JPY")
    code, _, err = run("init", "t.csv")
    assert code == 0, err
    assert "columns: a, b, c" in err
    read = read_scenario(tmp_path / "scenario.yaml")
    assert (read.history.outcome, read.units.id, read.amounts.currency) == ("b", None, "JPY")
    assert read.history.features == ("a", "c")
    assert float(read.limits[0].build().figure) == 9_000


def test_init_in_a_script_names_the_option_that_says_it(run, typed, tmp_path):
    nameless(tmp_path)
    typed()
    code, _, err = run("init", "t.csv")
    assert code == 2
    assert "--yes" in err
    pd.DataFrame({"x": [0.5, 0.1, 0.2], "y": [1, 0, 1]}).to_csv(tmp_path / "u.csv", index=False)
    code, _, err = run("init", "u.csv", "--yes")
    assert code == 2
    assert "--treatment COLUMN" in err
    code, _, err = run("init", "t.csv", "--yes", "--budget", "lots")
    assert code == 2
    assert "--budget must be whole currency units" in err
    assert run("init", "t.csv", "--yes", "--outcome", "d")[0] == 3
    assert run("init", "nowhere.csv", "--yes")[0] == 3
    assert not (tmp_path / "scenario.yaml").exists()


def test_init_says_as_json_what_it_took_for_what(run, tmp_path):
    ScholarshipWorld().draw_history(np.random.default_rng(0), n=500).to_csv(tmp_path / "past.csv", index=False)
    said = json.loads(run("init", "past.csv", "--yes", "--budget", "60_000_000", "--json")[1])
    assert (said["outcome"], said["treatment"], said["budget"], said["guessed"]) == (
        "enrolled",
        "award",
        60_000_000,
        ["amounts", "recipients"],
    )


def test_demo_makes_its_files_and_says_what_to_run_next(run, tmp_path):
    code, out, _ = run("demo", "world")
    assert code == 0
    assert "bursar solve world/scenario.yaml" in out
    assert sorted(path.name for path in (tmp_path / "world").iterdir()) == ["applicants.csv", "history.csv", "scenario.yaml"]
    assert run("check", "world/scenario.yaml", "--quiet") == (0, "", "")
    code, out, err = run("demo", "world")
    assert (code, out) == (8, "")
    assert "name another one" in err
