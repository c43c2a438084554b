"""Nights on a cluster decide, record and leave what nights of one process do, and are verified there."""

import json
import os
import signal
from dataclasses import asdict
from datetime import date

import pandas as pd
import pytest

from optimizer import ScenarioError, VerificationError, cli, run_night, spread, verify
from optimizer.edge import parquet
from optimizer.edge.ledger import Ledger
from optimizer.options import Options

pytestmark = [
    # Dask's own, when clusters are closed.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FIRST, SECOND, THIRD = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """A night of some hundred units in several parts."""
    monkeypatch.setattr(parquet.pieces_of, "__defaults__", (70,))


@pytest.fixture
def arrived(programme, tmp_path):
    """As `programme`, with the units in Parquet: (rows, name) → the scenario's path."""

    def write(rows, name="season"):
        path = programme(rows, name)
        pd.read_csv(tmp_path / f"{name}.csv").to_parquet(tmp_path / f"{name}.parquet", index=False, row_group_size=30)
        path.write_text(path.read_text().replace(f"{name}.csv", f"{name}.parquet"), encoding="utf-8")
        return path

    return write


def told(night, name):
    """What a night says, but for its programme's name."""
    return json.loads(json.dumps(night.run.result).replace(name, "…"))


def rows_of(folder):
    return pd.read_parquet(folder / "allocation.parquet")


def claims(folder):
    return json.loads((folder / "certificate.json").read_text())


def test_nights_on_a_cluster_are_those_of_one_process(arrived, ledger, workers, tmp_path):
    address, book = workers.scheduler_address, Ledger.open(ledger)
    for night, upto in ((FIRST, 100), (SECOND, 250), (THIRD, 300)):
        found = {}
        for name, cluster in (("prog_a", None), ("prog_b", address)):
            scenario, out = arrived(slice(0, upto), name), tmp_path / "out" / name
            found[name] = run_night(scenario, ledger, as_of=night, out=out, cluster=cluster)
            first = next(award.unit for award in book.awards(name) if award.status == "offered")
            book.decline(name, [first])
        assert told(found["prog_b"], "prog_b") == told(found["prog_a"], "prog_a")
        here, far = (tmp_path / "out" / name / night.isoformat() for name in ("prog_a", "prog_b"))
        pd.testing.assert_frame_equal(rows_of(far), rows_of(here))
        assert claims(far)["data"] == claims(here)["data"]
        assert claims(far)["season"] == claims(here)["season"]
        assert (far / "allocation.parquet" / "_SUCCESS").is_file()
        assert len([*(far / "allocation.parquet").glob("part-*")]) > 1 or night == THIRD
        for folder in (here, far):
            proofs = verify(folder), verify(folder, cluster=address)
            assert asdict(proofs[0]) == asdict(proofs[1]) == found["prog_b"].run.result["certificate"]
    awards = {name: [(award.unit, award.amount, award.status) for award in book.awards(name)] for name in ("prog_a", "prog_b")}
    assert awards["prog_b"] == awards["prog_a"]


@pytest.mark.parametrize("share", [0.0, spread.SHARE], ids=["nothing is held", "all is held"])
def test_a_worker_that_is_killed_changes_no_night(monkeypatch, arrived, ledger, workers, share):
    monkeypatch.setattr(spread, "SHARE", share)
    killed = []

    def kill(now, _share):
        if now == "bound" and not killed:
            killed.extend([worker.pid for worker in workers.workers.values()][:1])
            os.kill(killed[0], signal.SIGKILL)

    here = run_night(arrived(slice(0, 250), "prog_a"), ledger, as_of=FIRST)
    far = run_night(
        arrived(slice(0, 250), "prog_b"), ledger, as_of=FIRST, options=Options(progress=kill), cluster=workers.scheduler_address
    )
    assert killed
    assert told(far, "prog_b") == told(here, "prog_a")


def test_who_came_since_does_not_change_the_proof_and_who_was_changed_does(arrived, ledger, workers, tmp_path):
    address, out = workers.scheduler_address, tmp_path / "out"
    run_night(arrived(slice(0, 100)), ledger, as_of=FIRST, out=out, cluster=address)
    arrived(slice(0, 180))
    verify(out / "2026-11-24", cluster=address)
    people = pd.read_parquet(tmp_path / "season.parquet")
    people.assign(exam_score=people["exam_score"] + 1).to_parquet(tmp_path / "season.parquet", index=False)
    with pytest.raises(VerificationError, match="the units' table changed since the run"):
        verify(out / "2026-11-24", cluster=address)
    people.iloc[1:].to_parquet(tmp_path / "season.parquet", index=False)
    with pytest.raises(VerificationError, match=r"S02001 is no longer in the units' table"):
        verify(out / "2026-11-24", cluster=address)


def test_a_night_on_a_cluster_is_tried_repeated_and_made_again(arrived, ledger, workers, tmp_path):
    address, scenario = workers.scheduler_address, arrived(slice(0, 150))
    tried = run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "out", dry_run=True, cluster=address)
    assert tried.status == "tried"
    assert not (tmp_path / "out").exists()
    assert not Ledger.open(ledger).awards("season")
    run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "out", cluster=address)
    again = run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "other", cluster=address)
    assert again.status == "repeated"
    pd.testing.assert_frame_equal(rows_of(tmp_path / "other" / "2026-11-24"), rows_of(tmp_path / "out" / "2026-11-24"))
    nobody = run_night(scenario, ledger, as_of=SECOND, out=tmp_path / "out", cluster=address)
    assert (nobody.status, nobody.run.result["units"]) == ("decided", 0)


def test_units_of_a_night_that_are_in_no_parquet_are_refused_and_nothing_stands(programme, ledger, workers):
    with pytest.raises(ScenarioError, match="a cluster reads them from Parquet"):
        run_night(programme(slice(0, 20)), ledger, as_of=FIRST, cluster=workers.scheduler_address)
    assert run_night(programme(slice(0, 20)), ledger, as_of=FIRST).status == "decided"


def test_the_command_line_says_which_cluster(capfd, arrived, ledger):
    assert cli.main(["nightly", str(arrived(slice(0, 20))), "--ledger", str(ledger), "--cluster", "tcp:127.0.0.1"]) == 10
    assert "cluster: must be local:WORKERS" in capfd.readouterr().err
