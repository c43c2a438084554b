"""A night that is killed, whenever that is, and run again ends as one that nobody disturbed; and of many at once one decides."""

import os
import signal
import sys
import time
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np
import pytest
from sqlalchemy import select

from optimizer import Locked, cli, run_night
from optimizer.edge.connections import connection
from optimizer.edge.ledger_connection import connected
from optimizer.edge.ledger_tables import award_history, awards, decisions, runs

MOMENTS = int(os.environ.get("BURSAR_KILLS", "25"))
"""How often a night is killed; `make kill-test` asks for 200."""

UNITS = 2_000
TOLD_APART = ("programme", "started", "finished", "at", "offered_at", "scenario_digest")
# Nights that are forked of a process which has imported everything begin at once.
ORIGIN = get_context("forkserver")
ORIGIN.set_forkserver_preload(
    ["optimizer.nightly", "optimizer.cli.nightly", "optimizer.edge.show_night", "optimizer.edge.terminal"]
)


def command(scenario, ledger, out, programme):
    name = f"name={programme}"
    return ["nightly", str(scenario), "--ledger", ledger, "--as-of", "2026-11-25", "--out", str(out / programme), "--set", name]


def obey(argv):
    """What `bursar` does as a process, in silence."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.argv = ["bursar", *argv]
    sys.exit(cli.main())


@contextmanager
def begin(argv):
    night = ORIGIN.Process(target=obey, args=(argv,))
    night.start()
    try:
        yield night
    finally:
        night.kill()
        night.join()


def ended(night):
    """Its exit code, negative if a signal ended it."""
    night.join(timeout=300)
    assert night.exitcode is not None
    return night.exitcode


def dump(ledger, programme):
    """Every row of a programme but for the clock, and for the digest of a scenario that says the programme's name."""
    rows = []
    with connected(connection(ledger)) as link:
        for table in (runs, decisions, awards, award_history):
            columns = [column for column in table.c if column.name not in TOLD_APART]
            found = link.execute(select(*columns).where(table.c.programme == programme)).all()
            rows += sorted((table.name, *map(str, row)) for row in found)
    return [tuple(cell.replace(programme, "…") for cell in row) for row in rows]


def state(ledger, out, programme):
    """All that a night decides: runs, decisions, awards and their history, without the clock, and every file."""
    rows = dump(ledger, programme)
    # The certificate and the page hold digests of what says the programme's name.
    files = {
        path.relative_to(out / programme): path.read_bytes().replace(programme.encode(), b"...")
        for path in sorted((out / programme).rglob("*"))
        if path.is_file() and path.name not in ("certificate.json", "report.html")
    }
    folders = sorted(path.name for path in (out / programme).iterdir()) if (out / programme).exists() else []
    return rows, files, folders


def test_a_killed_night_that_is_run_again_ends_as_an_undisturbed_one(programme, ledger, tmp_path):
    early, scenario, out = programme(slice(0, 200), "early"), programme(slice(0, 200 + UNITS), "late"), tmp_path / "out"

    def prepared(name):
        argv = command(early, ledger, out, name)
        argv[argv.index("2026-11-25")] = "2026-11-24"
        assert cli.main(argv[: argv.index("--out")] + argv[argv.index("--set") :]) == 0
        return command(scenario, ledger, out, name)

    argv = prepared("calm")
    with begin(argv) as night:
        started = time.monotonic()
        assert ended(night) == 0
        took = time.monotonic() - started
    calm = state(ledger, out, "calm")
    assert calm[2] == ["2026-11-25"]
    rng, died = np.random.default_rng(7), 0
    for place in range(MOMENTS):
        name = f"killed{place}"
        argv = prepared(name)
        with begin(argv) as night:
            time.sleep(rng.uniform(0.0, 1.1 * took))
            night.kill()
            died += ended(night) == -signal.SIGKILL
        assert cli.main(argv) == 0
        assert state(ledger, out, name) == calm, f"killed at moment {place}"
    assert died > MOMENTS // 4, "most nights were over before they were killed"


def contend(scenario, ledger, barrier, answers):
    barrier.wait()
    try:
        answers.put(run_night(scenario, ledger).status)
    except Locked:
        answers.put(Locked.exit_code)


def test_of_twenty_nights_at_once_one_decides(programme, ledger):
    scenario = programme(slice(0, UNITS))
    barrier, answers = ORIGIN.Barrier(20), ORIGIN.Queue()
    nights = [ORIGIN.Process(target=contend, args=(str(scenario), ledger, barrier, answers)) for _ in range(20)]
    for night in nights:
        night.start()
    said = [answers.get(timeout=300) for _ in nights]
    for night in nights:
        night.join()
    assert sorted(map(str, said)) == ["9"] * 19 + ["decided"]


@pytest.mark.parametrize("moment", [0.2, 0.6])
def test_a_night_that_is_told_to_stop_leaves_all_or_nothing(programme, ledger, tmp_path, moment):
    scenario = programme(slice(0, UNITS), "stopped")
    with begin(command(scenario, ledger, tmp_path / "out", "stopped")) as night:
        time.sleep(moment)
        night.terminate()
        code = ended(night)
    assert code in (0, 143)
    stands = [row[0] for row in dump(ledger, "stopped")]
    # Told while it spoke of what stood already, or later, it changes nothing.
    assert (code == 143 and stands == []) or stands.count("decisions") == UNITS
    assert not list(tmp_path.glob("**/*.bursar-*"))
