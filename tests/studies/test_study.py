"""Studies print a table with what must be known to read it, and write the same figures."""

import json

import numpy as np
import pandas as pd
import pytest

from models.tarnet import TARNet
from models.truth import ScholarshipWorld
from optimizer import DataError, ScenarioError, cli, read_scenario, solve
from optimizer.problem.scenario_model import KINDS
from optimizer.studies import study as studies
from optimizer.studies.study import Choices, study, usual_award


@pytest.fixture
def files(tmp_path):
    """A pair of npz files of IHDP's layout: 60 infants and 20 apart, two replications, the same effect for all."""
    rng = np.random.default_rng(0)
    for name, n in (("train", 60), ("test", 20)):
        x, t = rng.normal(size=(n, 25, 2)), (rng.random((n, 2)) < 0.4).astype(float)
        mu0 = x[:, 0]
        np.savez(tmp_path / f"ihdp.{name}.npz", x=x, t=t, yf=mu0 + 4 * t, ycf=mu0 + 4 * (1 - t), mu0=mu0, mu1=mu0 + 4)
    return tmp_path / "ihdp.train.npz"


def test_kinds_compares_every_kind_with_what_would_come_true(folder):
    table = study("kinds", Choices(scenario=folder / "small.yaml")).table
    assert set(table["model"]) == set(KINDS) - {"wrapped"} | {"the truth itself"}
    assert (table["spent"] <= 10_000_000).all()
    assert (table["recipients"] <= 12).all()
    truth = table.iloc[-1]
    assert truth["attained"] == pytest.approx(truth["predicted"])
    assert truth["uplift"] == pytest.approx(truth["uplift_predicted"])
    several = table[~table["model"].isin(("class_transform", "tl_tarnet"))]
    assert (several["attained"] <= truth["attained"] + 1e-9).all()


def test_what_is_attained_is_what_the_world_makes_of_the_plan(folder, monkeypatch):
    monkeypatch.setattr(studies, "KINDS", ("s_learner", "class_transform"))
    found = study("kinds", Choices(scenario=folder / "small.yaml"))
    plan = solve(folder / "small.yaml")
    applicants = pd.read_csv(folder / "applicants.csv")
    attained = ScholarshipWorld().predict(applicants, plan.table["amount"]).sum()
    row = found.table.iloc[0]
    assert row["attained"] == pytest.approx(attained)
    assert row["predicted"] == pytest.approx(plan.allocation.value)
    assert row["uplift"] == pytest.approx(attained - ScholarshipWorld().predict(applicants, np.zeros(60)).sum())
    size = usual_award(read_scenario(folder / "small.yaml").amounts.build(), row)
    assert found.table.iloc[1]["spent"] == size * found.table.iloc[1]["recipients"]
    assert f"offered {size:,} alone" in found.notes[1]


def test_kinds_needs_the_simulated_worlds_columns(folder):
    applicants = pd.read_csv(folder / "applicants.csv").drop(columns=["distance_km"])
    applicants.to_csv(folder / "applicants.csv", index=False)
    with pytest.raises(DataError, match=r"needs units and history of the simulated world .* got units without distance_km"):
        study("kinds", Choices(scenario=folder / "small.yaml"))


def test_ihdp_stands_beside_the_published_errors(files, monkeypatch, capfd):
    monkeypatch.setattr(TARNet, "preset", classmethod(lambda cls, _: cls(max_steps=20)))
    asked = ["study", "ihdp", "--data", str(files), "--reps", "2", "--out", str(files.with_name("errors.csv"))]
    assert cli.main([*asked, "--json"]) == 0
    document = json.loads(capfd.readouterr()[0])
    rows = {row["model"]: row for row in document["rows"]}
    assert rows["published: TARNet"]["pehe_out"] == 0.95
    assert rows["here: least squares, one an arm"]["pehe_in"] < 1e-9
    assert rows["here: ihdp"]["replications"] == 2
    written = pd.read_csv(files.with_name("errors.csv"))
    assert written["pehe_in"].tolist() == pytest.approx([row["pehe_in"] for row in document["rows"]])
    assert cli.main(asked) == 0
    out, _ = capfd.readouterr()
    assert len(out.splitlines()) == 1 + 8 + 2 + 1


def test_a_transfer_study_is_run_with_what_was_asked_and_its_figures_are_written(monkeypatch, tmp_path, capfd):
    asked = {}

    def one_cell(name, **options):
        asked.update(options, name=name)
        return run(name, 1, where={"source": 1_000, "target": "randomised", "n": 50}, small=True, n_jobs=1)

    run = studies.transfer.study
    monkeypatch.setattr(studies.transfer, "study", one_cell)
    monkeypatch.setitem(studies.transfer.NETWORK, "max_steps", 20)
    words = ["transfer-1", "--reps", "2", "--seed", "5", "--jobs", "2", "--small", "--out", str(tmp_path / "t.csv")]
    assert cli.main(["study", *words]) == 0
    assert asked == {"name": "transfer-1", "reps": 2, "seed": 5, "small": True, "n_jobs": 2}
    out, _ = capfd.readouterr()
    written = pd.read_csv(tmp_path / "t.csv")
    assert len(written) == 1
    assert f"{written['transfer'][0]:.3f}" in out
    assert written["published_transfer"][0] == 0.379


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["kind"], 2, "study: must be one of transfer-1, transfer-2, ihdp, kinds, caution, got kind"),
        (["ihdp"], 2, "add --data PATH to ihdp_npci_1-1000.train.npz"),
        (["ihdp", "--data", "none.train.npz"], 3, "none.train.npz: no such file"),
        (["ihdp", "--data", "x.csv", "--preset", "idhp"], 2, "must be one of ihdp"),
        (["kinds", "none.yaml"], 2, "none.yaml: does not exist"),
        (["kinds", "--reps", "0"], 2, "--reps"),
    ],
)
def test_what_a_study_lacks_is_said_in_a_line(words, code, says, capfd):
    assert cli.main(["study", *words]) == code
    out, err = capfd.readouterr()
    assert (out, says in err, "Traceback" in err) == ("", True, False)


def test_a_study_that_there_is_not_is_an_error_in_python_too():
    with pytest.raises(ScenarioError, match="must be one of"):
        study("kind")
