"""Every kind of model is solved from its scenario, leaves its folder, and is verified from it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.truth import ScholarshipWorld
from optimizer import cli, read_scenario
from optimizer.problem.scenario_model import KINDS

SHIPPED = sorted((Path(__file__).parents[1] / "scenarios" / "models").glob("*.yaml"))
RIDGE, LOGIT = "sklearn.linear_model.Ridge", "sklearn.linear_model.LogisticRegression"
NET = "representation_width: 8, representation_layers: 1, head_width: 8, head_layers: 1, max_steps: 30"
WRITTEN = {
    "s_learner": f"estimator: {RIDGE}",
    "two_model": f"estimator: {LOGIT}",
    "class_transform": f"estimator: {LOGIT}, propensity: 0.5",
    "transformed_outcome": f"estimator: {RIDGE}, tiers: 2",
    "x_learner": f"estimator: {LOGIT}, effect_estimator: {{estimator: {RIDGE}, params: {{alpha: 5}}}}, tiers: 2",
    "dr_learner": f"estimator: {LOGIT}, effect_estimator: {{estimator: {RIDGE}}}, propensity: {{estimator: {LOGIT}}}, folds: 2",
    "uplift_tree": "params: {max_depth: 2, min_leaf: 50, tiers: 2}",
    "uplift_forest": "params: {n_trees: 5, min_leaf: 50, tiers: 2}",
    "tarnet": f"params: {{{NET}}}",
    "tl_tarnet": f"network: {{{NET}}}, params: {{max_steps: 20, folds: 2}}, source: {{table: other.csv}}",
}
FITTED = tuple(kind for kind in KINDS if kind != "wrapped")


@pytest.fixture
def other(folder):
    """The folder, and in it another history."""
    ScholarshipWorld().draw_history(np.random.default_rng(3), n=900).to_csv(folder / "other.csv", index=False)
    return folder


def options(kind):
    one_size = ["--set", "amounts={tiers: [500_000]}"] if kind in ("class_transform", "tl_tarnet") else []
    return ["--set", f"model={{kind: {kind}, {WRITTEN[kind]}}}", *one_size]


def test_every_kind_that_is_fitted_is_written_here_and_ships_a_scenario():
    assert set(WRITTEN) == set(FITTED) == {path.stem for path in SHIPPED}


@pytest.mark.parametrize("kind", FITTED)
def test_a_kind_is_checked_solved_and_verified(other, capfd, kind):
    assert cli.main(["check", str(other / "small.yaml"), *options(kind)]) == 0
    assert f"model: {kind}" in capfd.readouterr()[0]
    assert cli.main(["solve", str(other / "small.yaml"), *options(kind), "--out", str(other / "out")]) == 0
    assert cli.main(["verify", str(other / "out")]) == 0
    resolved = read_scenario(other / "out" / "scenario.resolved.yaml")
    assert resolved == read_scenario(other / "small.yaml", options(kind)[1::2])
    certificate = json.loads((other / "out" / "certificate.json").read_text())
    assert certificate["certificate"]["gap"] <= 1e-6
    assert pd.read_csv(other / "out" / "allocation.csv")["amount"].sum() <= 10_000_000


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_scenario_of_a_kind_is_solved_and_verified(path, tmp_path):
    assert read_scenario(path).model.kind == path.stem == read_scenario(path).name
    assert cli.main(["solve", str(path), "--out", str(tmp_path / "out")]) == 0
    assert cli.main(["verify", str(tmp_path / "out")]) == 0
    figures = json.loads((tmp_path / "out" / "certificate.json").read_text())["certificate"]
    assert figures["gap"] <= 1e-6
    assert figures["value"] > figures["without"]


def test_a_parameter_that_a_kind_does_not_have_is_told_with_the_nearest(other, capfd):
    for kind, written, near in (("tarnet", "max_step: 5", "max_steps"), ("uplift_tree", "max_dept: 5", "max_depth")):
        code = cli.main(["solve", str(other / "small.yaml"), "--set", f"model={{kind: {kind}, params: {{{written}}}}}"])
        assert (code, near in capfd.readouterr()[1]) == (4, True)


def test_a_transferred_model_is_verified_without_its_source(other):
    assert cli.main(["solve", str(other / "small.yaml"), *options("tl_tarnet"), "--out", str(other / "out")]) == 0
    (other / "other.csv").unlink()
    assert cli.main(["verify", str(other / "out")]) == 0


def test_a_transferred_model_is_kept_by_what_its_source_holds_and_not_by_where_it_stands(other, capfd):
    def taken(*more):
        seed = ["--set", "solver.seed=17"]  # which no other test has left in the store
        assert cli.main(["solve", str(other / "small.yaml"), *options("tl_tarnet"), *seed, *more, "--verbose"]) == 0
        return "fitted before" in capfd.readouterr()[1]

    assert not taken()
    assert taken()
    (other / "moved.csv").write_bytes((other / "other.csv").read_bytes())
    assert taken("--set", "model.source={table: moved.csv}")
    assert not taken("--set", "model.source={table: moved.csv, treatment: {column: award, per: 2}}")
    pd.read_csv(other / "other.csv").iloc[:-1].to_csv(other / "moved.csv", index=False)
    assert not taken("--set", "model.source={table: moved.csv}")
    assert not taken("--set", "model.source=[{table: moved.csv}, {table: other.csv}]")


def test_a_source_whose_columns_are_called_otherwise_names_them(other, capfd):
    renamed = pd.read_csv(other / "other.csv").rename(columns={"enrolled": "came", "award": "offer"})
    renamed.to_csv(other / "renamed.csv", index=False)
    said = "model.source={table: renamed.csv, outcome: came, treatment: offer}"
    assert cli.main(["solve", str(other / "small.yaml"), *options("tl_tarnet"), "--set", said]) == 0
    capfd.readouterr()
    code = cli.main(["solve", str(other / "small.yaml"), *options("tl_tarnet"), "--set", "model.source={table: renamed.csv}"])
    assert (code, 'renamed.csv: column "enrolled" is not in the table' in capfd.readouterr()[1]) == (3, True)
