"""Past one machine, tried out on one: two workers against one process, twenty million units, workers killed at random moments.

BURSAR_FAR_UNITS and BURSAR_FAR_KILLS make the last two shorter than they are.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import psutil
import pytest

from models.truth import ScholarshipWorld
from optimizer import read_scenario, solve
from optimizer.edge import cluster as clusters
from optimizer.far import solve_far
from optimizer.options import Options

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytestmark = [
    # Dask's own, when workers are killed and clusters closed.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

MANY = int(os.environ.get("BURSAR_FAR_UNITS", "20_000_000"))
KILLS = int(os.environ.get("BURSAR_FAR_KILLS", "20"))
MILLION = 1_000_000
FILE, GROUP = 500_000, 50_000
ROUNDS = 5
FIXED = ("start", "fit", "promise")
"""Stages that do not look at the units."""

SCENARIO = """
name: far
units: {{table: units, id: student_id}}
history: {{table: history.csv, outcome: enrolled, treatment: award,
          features: [family_income, exam_score, distance_km, first_generation]}}
model: {{kind: s_learner, estimator: sklearn.linear_model.LogisticRegression}}
amounts: {{max: {largest}, step: {step}}}
limits:
  - {{measure: cost, at_most: {budget}}}
  - {{measure: recipients, at_most: 20%}}
solver: {{backend: highs}}
"""


def scenario(place, n, largest, step):
    """So many applicants in Parquet files, some hundred thousand a file."""
    world, each = ScholarshipWorld(), min(n, FILE)
    (place / "units").mkdir(parents=True)
    world.draw_history(np.random.default_rng(1), 4_000).to_csv(place / "history.csv", index=False)
    for k, first in enumerate(range(0, n, each)):
        people = world.draw_applicants(np.random.default_rng([2, k]), min(each, n - first), first=first + 1)
        people.to_parquet(place / "units" / f"{k:04d}.parquet", index=False, row_group_size=GROUP)
    (place / "scenario.yaml").write_text(SCENARIO.format(largest=largest, step=step, budget=100_000 * n))
    return read_scenario(place / "scenario.yaml")


@contextmanager
def workers(memory="auto"):
    """Two workers, each a process with one thread, set as those of `local:2` are."""
    named = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 60}
    with dask.config.set(clusters.SETTINGS), distributed.LocalCluster(memory_limit=memory, **named) as held:
        yield held


class Clock:
    """Seconds of each stage, told by a run's progress."""

    def __init__(self):
        self.stages, self._stage, self._since = {}, "start", time.perf_counter()

    def __call__(self, stage, _share=None):
        now = time.perf_counter()
        self.stages[self._stage] = self.stages.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now

    def end(self):
        self("end")
        return self

    @property
    def total(self):
        return sum(self.stages.values())

    @property
    def over_units(self):
        return sum(seconds for stage, seconds in self.stages.items() if stage not in FIXED)


def clocked(asked, cluster=None, out=None):
    clock = Clock()
    plan = solve(asked, out=out, options=Options(progress=clock), cluster=cluster)
    return plan, clock.end()


@contextmanager
def traffic(monkeypatch):
    """Bytes that come to this process or leave it in each question to all parts: the scheduler's and the client's together.

    What goes between the two is counted where it is sent and where it is read, so that this is above the truth.
    """
    from distributed.comm import tcp  # noqa: PLC0415 — not before Dask is known to be there
    from distributed.utils import nbytes  # noqa: PLC0415

    passed, questions = [0], []
    write, read, gathered = tcp.TCP.write, tcp.from_frames, clusters._gathered

    async def counted_write(self, *given, **named):
        sent = await write(self, *given, **named)
        passed[0] += sent
        return sent

    async def counted_read(frames, *given, **named):
        passed[0] += sum(map(nbytes, frames))
        return await read(frames, *given, **named)

    def asked(client, futures):
        before = passed[0]
        found = gathered(client, futures)
        questions.append(passed[0] - before)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(tcp.TCP, "write", counted_write)
        patched.setattr(tcp, "from_frames", counted_read)
        patched.setattr(clusters, "_gathered", asked)
        yield questions


class Memory:
    """The most that any worker's process took, looked at ten times a second."""

    def __init__(self, held):
        self._held, self._over, self.most, self.pids = held, threading.Event(), 0, set()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.wait(0.1):
            for worker in list(self._held.workers.values()):
                try:
                    self.most = max(self.most, psutil.Process(worker.pid).memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
                self.pids.add(worker.pid)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def whole(path, out, *cluster):
    """Seconds of `bursar solve` as a process of its own, all that it loads and begins and ends included."""
    command = [sys.executable, "-m", "optimizer.cli", "solve", str(path), "--out", str(out), "--quiet", *cluster]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def test_two_workers_leave_the_plan_of_one_process_in_about_its_time(record, monkeypatch, tmp_path):
    asked = scenario(tmp_path / "far", MILLION, 2_500_000, 50_000)
    plan, _ = clocked(asked)
    with traffic(monkeypatch) as questions:
        found, _ = clocked(asked, "local:2", tmp_path / "out")
    assert found.certificate == plan.certificate
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / "allocation.parquet"), plan.table)
    # The search's passes over all units, and the one of the proof.
    a_pass = sum(questions) / (plan.certificate.passes + 1)
    ratios, path = [], tmp_path / "far" / "scenario.yaml"
    # In turns, so that both meet the same machine.
    for _ in range(ROUNDS):
        here = whole(path, tmp_path / "here")
        ratios.append(whole(path, tmp_path / "out", "--cluster", "local:2") / here)
    with workers() as held:
        clocked(asked, held.scheduler_address)
        begun = clocked(asked, held.scheduler_address)[1].total
    record(
        gap=plan.certificate.gap,
        far_over_here=float(np.median(ratios)),
        least=min(ratios),
        most=max(ratios),
        seconds_here=here,
        seconds_of_workers_that_run=begun,
        passes=plan.certificate.passes,
        megabytes_a_pass=a_pass / 1e6,
        megabytes_a_question=max(questions) / 1e6,
    )
    assert a_pass < 5e6
    assert max(questions) < 5e6
    assert np.median(ratios) <= 1.3


def test_twenty_million_units_pass_through_two_workers_of_three_gibibytes(record, monkeypatch, tmp_path):
    small = scenario(tmp_path / "small", MILLION, 2_000_000, 100_000)
    large = scenario(tmp_path / "large", MANY, 2_000_000, 100_000)
    with workers("3GiB") as held:
        clocked(small, held.scheduler_address)
        one = min(clocked(small, held.scheduler_address, tmp_path / f"out{k}")[1].over_units for k in range(3))
        with Memory(held) as memory, traffic(monkeypatch) as questions:
            plan, clock = clocked(large, held.scheduler_address, tmp_path / "out")
    here, far = one / MILLION, clock.over_units / MANY
    record(
        gap=plan.certificate.gap,
        passes=plan.certificate.passes,
        gibibytes_a_worker=memory.most / 2**30,
        seconds=clock.total,
        microseconds_a_unit=1e6 * far,
        of_a_million=1e6 * here,
        ratio=far / here,
        megabytes_a_question=max(questions) / 1e6,
        megabytes=sum(questions) / 1e6,
    )
    assert plan.certificate.gap <= 1e-9
    assert memory.most < 3 * 2**30
    # None was ended for its memory and begun again.
    assert len(memory.pids) == 2
    assert far <= 1.2 * here


def test_a_worker_killed_at_any_moment_changes_nothing(record, tmp_path):
    asked, chance = scenario(tmp_path / "far", 200_000, 2_500_000, 50_000), random.Random(0)
    plan, rows = solve(asked), None
    hit = 0
    with workers() as held:

        def run(place):
            return solve_far(asked, held.scheduler_address, out=place, rows=20_000)

        run(None)
        start = time.perf_counter()
        run(tmp_path / "calm")
        usual = time.perf_counter() - start
        rows = pd.read_parquet(tmp_path / "calm" / "allocation.parquet")
        pd.testing.assert_frame_equal(rows, plan.table)
        for k in range(KILLS):
            died = threading.Event()

            def kill(died=died):
                pid = chance.choice([worker.pid for worker in held.workers.values() if worker.pid])
                os.kill(pid, signal.SIGKILL)
                died.set()

            timer = threading.Timer(chance.uniform(0.0, usual), kill)
            timer.start()
            found = run(tmp_path / f"out{k}")
            timer.cancel()
            hit += died.is_set()
            assert found.certificate == plan.certificate
            pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"out{k}" / "allocation.parquet"), rows)
    record(runs=KILLS, hit=hit, seconds_undisturbed=usual)
    assert hit > 0.8 * KILLS
