"""Ctrl-C and SIGTERM leave nothing half-done, say so, and end with the code a shell expects."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import pytest

from optimizer.edge import outputs, terminal

HARD = """
    import os, signal, sys, threading
    import gurobipy as gp
    import numpy as np
    from optimizer.cli import stopping
    from optimizer.engine import gurobi

    def search():
        weights = np.random.default_rng(0).integers(0, 100, (5, 60)).astype(float)
        with gp.Model(env=gurobi.environment()) as model:
            x, over = model.addMVar(60, vtype="B"), model.addMVar(5, lb=-gp.GRB.INFINITY)
            far = model.addMVar(5)
            model.addConstr(weights @ x - weights.sum(axis=1) // 2 == over)
            model.addConstr(far >= over)
            model.addConstr(far >= -over)
            model.setObjective(far.sum())
            model.Params.Threads, model.Params.TimeLimit = 1, 60
            threading.Timer(0.5, os.kill, (os.getpid(), signal.{signal})).start()
            gurobi.optimize(model)
"""
"""A search that takes much longer than anybody waits, and a signal half a second into it."""


@pytest.fixture
def signalled(monkeypatch):
    """Send the process a signal when a run comes to a stage."""

    def at(stage, number=signal.SIGINT):
        @contextmanager
        def stages():
            yield lambda begun, _share=None: signal.raise_signal(number) if begun == stage else None

        monkeypatch.setattr(terminal, "stages", stages)

    return at


def leftovers(folder):
    """What a run left beside the scenario and its tables."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("small.yaml", "applicants.csv", "history.csv"))


@pytest.mark.parametrize("stage", ["read", "fit", "respond", "bound", "fix", "promise", "write"])
def test_ctrl_c_at_any_stage_leaves_nothing(run, signalled, folder, stage):
    signalled(stage)
    code, out, err = run("solve", folder / "small.yaml", "--out", folder / "out")
    assert (code, out, err) == (130, "", "stopped; nothing was written\n")
    assert leftovers(folder) == []


def test_sigterm_unwinds_alike(run, signalled, folder):
    signalled("bound", signal.SIGTERM)
    code, out, err = run("solve", folder / "small.yaml", "--out", folder / "out")
    assert (code, out, err) == (143, "", "stopped; nothing was written\n")
    assert leftovers(folder) == []


def test_while_files_are_written_the_temporary_folder_goes_and_an_earlier_result_stays(run, monkeypatch, folder):
    assert run("solve", folder / "small.yaml", "--out", folder / "out", "--quiet") == (0, "", "")
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    # A second one, while the first unwinds, changes nothing.
    monkeypatch.setattr(
        outputs, "dump_model", lambda *_: [signal.raise_signal(signal.SIGINT), signal.raise_signal(signal.SIGINT)]
    )
    code, _, err = run("solve", folder / "small.yaml", "--out", folder / "out", "--set", "solver.seed=1")
    assert (code, err) == (130, "stopped; nothing was written\n")
    assert leftovers(folder) == ["out"]
    assert before == {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}


def test_what_was_written_before_the_stop_is_said(run, monkeypatch, folder):
    monkeypatch.setattr("optimizer.edge.show_plan.show_plan", lambda *_: signal.raise_signal(signal.SIGINT))
    code, _, err = run("solve", folder / "small.yaml", "--out", folder / "out")
    assert (code, err) == (130, f"stopped; {folder / 'out'} was written\n")
    assert run("verify", folder / "out", "--quiet") == (0, "", "")


def test_an_interrupt_in_disguise_is_one_all_the_same(run, monkeypatch, folder):
    def disguised(*_args, **_keys):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("numpy failed to import") from None

    monkeypatch.setattr("optimizer.run.describe", disguised)
    assert run("check", folder / "small.yaml") == (130, "", "stopped; nothing was written\n")


def test_handlers_are_given_back(run, folder):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run("check", folder / "small.yaml")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_running_process_stops(folder, number):
    command = [sys.executable, "-m", "optimizer.cli", "solve", str(folder / "small.yaml"), "--out", str(folder / "out"), "-v"]
    slow = ["--set", "model.estimator=sklearn.ensemble.RandomForestRegressor", "--set", "model.params={n_estimators: 5000}"]
    with subprocess.Popen([*command, *slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line == "fit the model\n":
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert out == ""
    assert err.splitlines()[-1] == "stopped; nothing was written"
    assert leftovers(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_last_word_does_not_change_the_exit_code(folder, number):
    late = "import atexit, os, sys; from optimizer import cli; atexit.register(os.kill, os.getpid(), int(sys.argv.pop()))"
    script = f"{late}; code = cli.main(); print(code); sys.exit(code)"
    command = [sys.executable, "-c", script, "check", str(folder / "small.yaml"), "--quiet", str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n", "")


def python(script):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False, timeout=50
    )


def test_gurobi_does_not_keep_ctrl_c_for_itself():
    ended = python(HARD.format(signal="SIGINT") + "    try: search()\n    except KeyboardInterrupt: print('stopped')")
    assert "stopped" in ended.stdout, ended.stderr


def test_a_search_that_listens_to_no_signal_does_not_hold_up_the_end():
    script = "    stopping.GRACE = 0.3\n    with stopping.stoppable():\n        search()\n    print('never here')"
    ended = python(HARD.format(signal="SIGTERM") + script)
    assert (ended.returncode, ended.stdout) == (143, "")
    assert ended.stderr == "stopped; nothing was written\n"


def test_what_is_raised_in_a_destructor_is_raised_again_outside():
    script = """
        import signal
        from optimizer.cli import stopping

        class Dying:
            def __del__(self):
                signal.raise_signal(signal.SIGTERM)

        try:
            with stopping.stoppable():
                Dying()
                for _ in range(10**7):
                    pass
                print("never here")
        except stopping.Terminated:
            print("terminated")
    """
    ended = python(script)
    assert (ended.stdout, ended.stderr) == ("terminated\n", "")


def test_a_signal_that_is_ignored_stays_ignored(folder):
    command = [sys.executable, "-m", "optimizer.cli", "check", str(folder / "small.yaml")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 — as nohup
    ) as process:
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert b"units: 60" in process.stdout.read()
