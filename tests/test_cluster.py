"""However units are parted, plan and proof are the same to the last bit; on a cluster too, whatever becomes of its workers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.truth import ScholarshipWorld
from optimizer import cli, read_scenario, solve, spread, verify
from optimizer import far as far_module
from optimizer import narrow as narrowing
from optimizer.decide import decide, decide_parts
from optimizer.edge import cluster as clusters
from optimizer.edge.cluster import Held
from optimizer.engine.compare import compare, compare_parts
from optimizer.engine.screen import Sieve
from optimizer.engine.verify import Awards, certify, certify_parts
from optimizer.errors import ClusterError, DataError, NoIncumbent, ScenarioError, VerificationError, WriteError
from optimizer.far import solve_far
from optimizer.options import Options
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.limits import Limit
from optimizer.problem.parts import Here
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

pytestmark = [
    # Dask's own, when workers are killed and clusters closed.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

AMOUNTS = Amounts.grid(max=2_000_000, step=200_000)
SOLVER = Solver(backend="highs")


def parted(curves, coupling, cuts):
    """The same units in several parts."""
    places = np.split(np.arange(curves.shape[0]), [cut for cut in cuts if cut < curves.shape[0]])
    parts = tuple(Part(curves.part(own), coupling.groups[own]) for own in places)
    return replace(Fleet.of(curves, coupling), parts=Here(parts), sizes=tuple(map(len, places))), coupling.bare()


def instance(kind, seed, n=3_000):
    n = 900 if kind == "costs" else n
    rng = np.random.default_rng(seed)
    level, slope = rng.normal(size=(n, 1)), rng.gamma(2.0, 0.5, size=(n, 1))
    values = 1.0 / (1.0 + np.exp(-level - slope * (1.0 - np.exp(-AMOUNTS.array / 7e5))))
    values = np.round(values, 1) if kind == "ties" else values
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], n), "faculty": rng.choice(["law", "arts", "science"], n)})
    limits = [Limit.cost(at_most=120_000 * n), Limit.recipients(at_most=0.2)]
    if kind == "limits":
        limits += [
            Limit.recipients(at_least=0.5, of="recipients", where={"gender": "F"}),
            Limit.uplift(at_least=10.0),
            Limit.parity("recipients", by="faculty", within=0.1),
        ]
    curves = Curves.of(
        values, AMOUNTS, rng.integers(0, 9, size=values.shape) * 10_000 + AMOUNTS.array if kind == "costs" else None
    )
    return curves, Coupling.compile(limits, n, units, lambda: values[:, 0])


@pytest.mark.parametrize("kind", ["smooth", "ties", "limits", "costs"])
@pytest.mark.parametrize("cuts", [[450], [1, 2, 700, 2_999], list(range(100, 3_000, 100))])
def test_the_plan_and_its_proof_do_not_depend_on_the_parts(monkeypatch, kind, cuts):
    monkeypatch.setattr(narrowing, "SMALL", 200)
    curves, coupling = instance(kind, 1)
    whole = decide(curves, coupling, SOLVER)
    proof = certify(whole, curves, coupling)
    fleet, bare = parted(curves, coupling, cuts)
    found = decide_parts(fleet, bare, SOLVER)
    assert (found.whole().index == whole.index).all()
    awards = found.choice.kept(lambda choice: Awards(choice, AMOUNTS.array[choice]))
    assert certify_parts(found.allocation, fleet, bare, awards) == proof
    assert compare_parts(fleet, bare, 5) == compare(curves, coupling, 5)
    assert proof.passes == whole.passes == found.allocation.passes > 0


def test_a_plan_in_parts_that_breaks_a_limit_is_refused_by_the_unit_that_is_wrong():
    curves, coupling = instance("smooth", 2, n=300)
    fleet, bare = parted(curves, coupling, [100, 200])
    found = decide_parts(fleet, bare, SOLVER)
    awards = [Awards(choice.copy(), AMOUNTS.array[choice]) for choice in found.choice.states]
    awards[1].amount[7] += 1
    with pytest.raises(VerificationError, match="unit 107 has"):
        certify_parts(found.allocation, fleet, bare, Here(tuple(awards)))


def test_more_curves_than_there_is_room_for_are_never_brought_to_one_place(monkeypatch):
    monkeypatch.setattr(narrowing, "SMALL", 200)
    # Ties leave more than half of the units open; how many is asked before any is fetched.
    curves, coupling = instance("ties", 1)
    fleet, bare = parted(curves, coupling, [1_000, 2_000])
    fetched = []
    monkeypatch.setattr(Sieve, "view", lambda sieve: fetched.append(sieve.open))
    with pytest.raises(NoIncumbent, match="too many to be decided in one place"):
        decide_parts(replace(fleet, room=100 * len(AMOUNTS)), bare, SOLVER)
    assert not fetched


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scenario of 9 000 applicants in three Parquet files."""
    place, world = tmp_path_factory.mktemp("far"), ScholarshipWorld()
    world.draw_history(np.random.default_rng(1), 2_000).to_csv(place / "history.csv", index=False)
    people = world.draw_applicants(np.random.default_rng(2), 9_000)
    (place / "units").mkdir()
    for k, rows in enumerate(np.array_split(np.arange(len(people)), 3)):
        people.iloc[rows].to_parquet(place / "units" / f"{k}.parquet", index=False, row_group_size=500)
    (place / "scenario.yaml").write_text(SCENARIO)
    return place


PROGRAMME = Path(__file__).parents[1] / "scenarios" / "scholarship_programme.yaml"

SCENARIO = """
name: far
units: {table: units, id: student_id}
history: {table: history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score, distance_km, faculty]}
model: {kind: two_model, estimator: sklearn.linear_model.LogisticRegression}
amounts: {max: 2_000_000, step: 200_000}
limits:
  - {measure: cost, at_most: 900_000_000}
  - {measure: recipients, at_least: 45%, of: recipients, where: {gender: F}, name: women}
solver: {backend: highs}
"""


@pytest.fixture(scope="module")
def here(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("here") / "out"
    return solve(folder / "scenario.yaml", out=out), out


def far(folder, workers, out, rows=1_000, progress=lambda *_: None):
    scenario, address = read_scenario(folder / "scenario.yaml"), workers.scheduler_address
    return solve_far(scenario, address, out=out, options=Options(progress=progress), rows=rows)


def claims(out):
    return json.loads((out / "certificate.json").read_text())


def rows_of(out):
    return pd.read_parquet(out / "allocation.parquet")


@pytest.mark.parametrize("rows", [700, 4_000])
def test_a_cluster_leaves_the_plan_and_the_certificate_of_one_process(folder, workers, here, tmp_path, rows):
    plan, out = here
    found = far(folder, workers, tmp_path / "out", rows)
    assert found.certificate == plan.certificate
    assert found.summary == plan.summary
    assert claims(tmp_path / "out")["data"] == claims(out)["data"]
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(out))
    assert (tmp_path / "out" / "allocation.parquet" / "_SUCCESS").is_file()
    assert verify(tmp_path / "out") == verify(tmp_path / "out", cluster=workers.scheduler_address) == plan.certificate


def test_costs_rules_and_many_kinds_of_limits_are_taken(workers, tmp_path):
    people = pd.read_csv(PROGRAMME.parent / "data" / "programme_applicants.csv")
    people.to_parquet(tmp_path / "people.parquet", index=False, row_group_size=100)
    scenario = read_scenario(PROGRAMME, ["solver.backend=highs", "solver.gap=0.01", "amounts.support=observed"])
    spec = scenario.units.model_copy(update={"table": tmp_path / "people.parquet"})
    # All fourteen together take minutes to prove.
    limits = tuple(scenario.limits[k] for k in (0, 4, 5, 9, 13))
    scenario = scenario.model_copy(update={"units": spec, "limits": limits, "then": None})
    plan = solve(scenario, out=tmp_path / "here")
    found = solve_far(scenario, workers.scheduler_address, out=tmp_path / "far", rows=300)
    assert found.certificate == plan.certificate
    assert found.summary == plan.summary
    pd.testing.assert_frame_equal(rows_of(tmp_path / "far"), rows_of(tmp_path / "here"))
    assert verify(tmp_path / "far", cluster=workers.scheduler_address) == plan.certificate


@pytest.mark.parametrize("stage", ["respond", "bound", "verify", "write"])
def test_a_worker_that_is_killed_changes_nothing(folder, workers, here, tmp_path, stage):
    killed = []

    def kill(now, _share):
        if now == stage and not killed:
            killed.extend([worker.pid for worker in workers.workers.values()][:1])
            os.kill(killed[0], signal.SIGKILL)

    found = far(folder, workers, tmp_path / "out", progress=kill)
    assert killed
    assert found.certificate == here[0].certificate
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(here[1]))


def test_a_changed_part_is_refused_where_it_stands(folder, workers, tmp_path):
    far(folder, workers, tmp_path / "out")
    part = tmp_path / "out" / "allocation.parquet" / "part-00003.parquet"
    rows = pd.read_parquet(part)
    rows.loc[7, "amount"] += 200_000
    rows.to_parquet(part, index=False)
    with pytest.raises(VerificationError, match="is not the file that the run wrote"):
        verify(tmp_path / "out", cluster=workers.scheduler_address)


@pytest.mark.parametrize(
    ("stage", "sent"), [("respond", signal.SIGKILL), ("write", signal.SIGKILL), ("respond", signal.SIGSTOP)], ids=str
)
def test_a_scheduler_that_is_killed_or_hangs_is_an_error_and_leaves_nothing(monkeypatch, folder, tmp_path, stage, sent):
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "WAIT", 3.0)
    monkeypatch.setattr(clusters, "LOOK", 2.0)
    address = tmp_path / "scheduler.json"
    command = [sys.executable, "-m"]
    start = [*command, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(address)]
    join = [*command, "distributed.cli.dask_worker", "--no-dashboard", "--no-nanny", "--scheduler-file", str(address)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(start, **quiet) as scheduler, subprocess.Popen(join, **quiet) as worker:
        try:
            while not address.exists():
                time.sleep(0.1)

            def lose(now, _share):
                if now == stage:
                    scheduler.send_signal(sent)

            scenario, where = read_scenario(folder / "scenario.yaml"), json.loads(address.read_text())["address"]
            with pytest.raises(ClusterError, match="lost"):
                solve_far(scenario, where, out=tmp_path / "out", options=Options(progress=lose), rows=1_000)
        finally:
            scheduler.kill()
            worker.terminate()
    assert not (tmp_path / "out").exists()


def test_a_worker_that_hangs_is_replaced(folder, here, tmp_path):
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.scheduler.worker-ttl": "5s"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as held,
    ):
        hung = []

        def hang(now, _share):
            if now == "bound" and not hung:
                hung.extend([worker.pid for worker in held.workers.values()][:1])
                os.kill(hung[0], signal.SIGSTOP)

        found = far(folder, held, tmp_path / "out", progress=hang)
        assert hung
    assert found.certificate == here[0].certificate


def test_a_worker_that_is_slow_changes_nothing(folder, workers, here, tmp_path):
    slow, over = next(iter(workers.workers.values())).pid, threading.Event()

    def hold_back():
        while not over.is_set():
            os.kill(slow, signal.SIGSTOP)
            time.sleep(0.06)
            os.kill(slow, signal.SIGCONT)
            time.sleep(0.03)

    brake = threading.Thread(target=hold_back)
    brake.start()
    try:
        found = far(folder, workers, tmp_path / "out")
    finally:
        over.set()
        brake.join()
    assert found.certificate == here[0].certificate
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(here[1]))


@pytest.mark.parametrize("each", [0, 150], ids=["neither rows nor curves", "curves alone"])
def test_what_workers_do_not_hold_is_read_again(monkeypatch, folder, workers, here, tmp_path, each):
    memory = sum(worker["memory_limit"] for worker in workers.scheduler_info["workers"].values())
    monkeypatch.setattr(spread, "SHARE", each * 9_000 / memory)
    asked = []
    respond = far_module.respond_parts
    monkeypatch.setattr(far_module, "respond_parts", lambda far, *others: asked.append(far) or respond(far, *others))
    found = far(folder, workers, tmp_path / "out")
    assert asked[0].lazy == (each == 0)
    assert found.certificate == here[0].certificate
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(here[1]))


def test_what_does_not_fit_the_memory_goes_to_disk(folder, here, tmp_path):
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    spilled = []
    with (
        dask.config.set({"distributed.worker.memory.target": 1e-4, "distributed.worker.memory.spill": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="1GiB", dashboard_address=":0", silence_logs=60
        ) as held,
    ):

        def look(now, _share):
            if now == "verify":
                spilled.extend(state.metrics["spilled_bytes"]["disk"] for state in held.scheduler.workers.values())

        found = far(folder, held, tmp_path / "out", progress=look)
    assert sum(spilled) > 9_000 * 11 * 8 / 2
    assert found.certificate == here[0].certificate
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(here[1]))


def test_a_state_says_how_many_bytes_it_takes():
    frame = pd.DataFrame({"score": np.zeros(1_000)})
    held = Held.of((Units(ids=np.array(["a"] * 1_000, dtype=object), frame=frame, features=("score",)), np.zeros(10)))
    assert 16_000 < sys.getsizeof(held) < 16_000 + 1_000 * 64 + 1_000


def test_an_url_is_read_as_a_folder_is(folder, here):
    distributed, fsspec = pytest.importorskip("distributed"), pytest.importorskip("fsspec")
    fsspec.filesystem("memory").put(str(folder / "units"), "/units", recursive=True)
    scenario = read_scenario(folder / "scenario.yaml")
    spec = scenario.units.model_copy(update={"table": Path("memory://units")})
    scenario = scenario.model_copy(update={"units": spec})
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0", silence_logs=60) as held:
        found = solve_far(scenario, held.scheduler_address)
    assert found.certificate == solve(scenario).certificate == here[0].certificate


def test_a_plan_is_not_written_to_an_url(folder):
    scenario = read_scenario(folder / "scenario.yaml")
    with pytest.raises(WriteError, match=r"s3://bucket/out: must be a folder that this machine and the workers share"):
        solve_far(scenario, "local:1", out=Path("s3://bucket/out"))


def test_an_id_in_two_files_is_named_with_its_rows(folder, workers, tmp_path):
    twice = pd.read_parquet(folder / "units" / "0.parquet")
    (tmp_path / "units").mkdir()
    twice.to_parquet(tmp_path / "units" / "a.parquet", index=False)
    twice.iloc[[5]].to_parquet(tmp_path / "units" / "b.parquet", index=False)
    scenario = read_scenario(folder / "scenario.yaml")
    spec = scenario.units.model_copy(update={"table": tmp_path / "units"})
    with pytest.raises(DataError, match=r'"S00006" in rows 6, 3001'):
        solve_far(scenario.model_copy(update={"units": spec}), workers.scheduler_address)


def test_a_second_objective_is_refused_before_anything_is_read(folder):
    scenario = read_scenario(folder / "scenario.yaml", ["then.minimise=cost", "then.within=1%"])
    with pytest.raises(ScenarioError, match="cluster: takes the expected outcome alone"):
        solve_far(scenario, "local:1")


def test_an_address_that_is_none_is_named(folder):
    with pytest.raises(ClusterError, match="must be local:WORKERS"):
        solve_far(read_scenario(folder / "scenario.yaml"), "somewhere")


def test_the_command_line_says_which_cluster_and_ends_with_10(capfd, folder):
    assert cli.main(["solve", str(folder / "scenario.yaml"), "--cluster", "tcp:127.0.0.1"]) == 10
    err = capfd.readouterr().err
    assert "cluster: must be local:WORKERS or a scheduler's address, such as tcp://host:8786, got tcp:127.0.0.1" in err
