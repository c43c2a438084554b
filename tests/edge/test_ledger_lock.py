"""One night at a time decides about a programme, and whatever ends it, nothing is left half-done and the next can begin."""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pandas as pd
import pytest
from sqlalchemy import select, text, update

from optimizer.edge.connections import connection
from optimizer.edge.ledger import Ledger
from optimizer.edge.ledger_connection import connected
from optimizer.edge.ledger_lock import lock_key
from optimizer.edge.ledger_tables import holders
from optimizer.errors import Locked, WriteError
from optimizer.problem.night import Run

NOW = datetime(2026, 11, 24, tzinfo=UTC)
UNITS = pd.DataFrame({"unit": ["a", "b"], "amount": [100, 0], "cost": [100, 0], "due": [100, 0], "facts": ["{}", "{}"]})

NIGHT = """
import sys, time
from datetime import UTC, date, datetime
import pandas as pd
from optimizer.edge.ledger import Ledger
from optimizer.problem.night import Run

now = datetime.now(UTC)
run = Run(key="k", programme="grants", night=date(2026, 11, 24), scenario_digest="", data_digest="", model_digest="",
          code_version="", started=now, finished=now, result={})
units = pd.DataFrame({"unit": ["a"], "amount": [7], "cost": [7], "due": [7], "facts": ["{}"]})
with Ledger.open(sys.argv[1]).night("grants") as night:
    night.record(run, units)
    print("recorded", flush=True)
    time.sleep(60)
"""


def run_of(programme="grants", key="2026-11-24"):
    digests = dict.fromkeys(("scenario_digest", "data_digest", "model_digest", "code_version"), "")
    return Run(key=key, programme=programme, night=date.fromisoformat(key), started=NOW, finished=NOW, result={}, **digests)


@pytest.fixture
def ledger(where):
    return Ledger.create(where)


def query(where, statement):
    with connected(connection(where)) as link, link.begin():
        result = link.execute(statement)
        return result.all() if result.returns_rows else None


def test_a_second_night_ends_at_once_and_is_told_who_is_at_work(where, ledger):
    with ledger.night("grants"):
        who = rf"process {os.getpid()} on {socket.gethostname()}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC; run this one again"
        with (
            pytest.raises(Locked, match=rf"programme grants: another night has the lock, {who}"),
            Ledger.open(where).night("grants"),
        ):
            pass
    with Ledger.open(where).night("grants"):
        pass


def test_programmes_do_not_wait_for_one_another(ledger):
    with ledger.night("grants") as one, ledger.night("loans") as other:
        for night, programme in ((one, "grants"), (other, "loans")):
            night.record(run_of(programme), UNITS)
            night.commit()
    assert [award.programme for award in ledger.awards()] == ["grants", "loans"]


def test_of_twenty_at_once_exactly_one_decides(where, ledger):
    together, ended, ends = Barrier(20), [], []

    def night():
        mine = Ledger.open(where)
        together.wait()
        try:
            with mine.night("grants") as held:
                while len(ended) < 19:
                    time.sleep(0.01)
                held.record(run_of(), UNITS)
                held.commit()
                ends.append("decided")
        except Locked:
            ended.append("locked")

    threads = [Thread(target=night) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (ends, len(ended)) == (["decided"], 19)
    assert [award.unit for award in ledger.awards()] == ["a"]


def test_awards_are_accepted_while_a_night_is_thinking(where, ledger):
    with ledger.night("grants") as night:
        night.record(run_of(), UNITS)
        night.commit()
    with ledger.night("grants") as night:
        assert night.standing([]).recipients == 1
        assert Ledger.open(where).accept("grants", ["a"]).changed == ("a",)
        night.record(run_of(key="2026-11-25"), UNITS.assign(unit=["c", "d"]))
        night.commit()
    assert [award.status for award in ledger.awards()] == ["accepted", "offered"]


def test_a_trial_takes_no_lock_and_cannot_write(where, ledger):
    before = query(where, select(holders))
    with ledger.night("grants", dry_run=True) as trial:
        assert trial.run("2026-11-24") is None
        assert trial.standing(["x"]).seen == 0
        with ledger.night("grants") as night:
            night.record(run_of(), UNITS)
            night.commit()
        assert trial.standing([]).seen == 2
    assert before == []
    with ledger.night("grants"), ledger.night("grants", dry_run=True):
        pass


def test_a_killed_night_leaves_nothing_and_the_next_takes_over(where, ledger, caplog):
    with subprocess.Popen([sys.executable, "-c", NIGHT, where], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout.readline() == "recorded\n"
        with pytest.raises(Locked, match=rf"process {killed.pid} on"), ledger.night("grants"):
            pass
        killed.send_signal(signal.SIGKILL)
    assert ledger.status()["holder"][0].endswith("UTC, which has ended")
    with caplog.at_level(logging.WARNING), soon(ledger) as night:
        assert night.run("k") is None
        assert night.standing([]).seen == 0
        night.record(run_of(), UNITS)
        night.commit()
    assert f"an earlier night, of process {killed.pid} on {socket.gethostname()}" in caplog.text
    assert "ended without finishing; its lock was taken over" in caplog.text
    caplog.clear()
    with ledger.night("grants"):
        assert not caplog.text


@contextmanager
def soon(ledger):
    """A night, as soon as the database has noticed that the one before is gone."""
    for _ in range(500):
        try:
            with ledger.night("grants") as night:
                yield night
                return
        except Locked:
            time.sleep(0.02)
    pytest.fail("the lock of a killed process stays")


@pytest.mark.parametrize("ends", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_night_that_fails_gives_the_lock_back(where, ledger, caplog, ends):
    with pytest.raises(ends), ledger.night("grants"):
        raise ends
    with ledger.night("grants"):
        pass
    assert not caplog.text
    assert [(row.term, row.until is None) for row in query(where, select(holders))] == [(2, False)]


def test_who_lost_the_lock_cannot_write(where, ledger):
    with ledger.night("grants") as night:
        query(where, update(holders).values(term=holders.c.term + 1))
        with pytest.raises(Locked, match="lost its lock to another night"):
            night.record(run_of(), UNITS)
    assert ledger.awards() == ()
    assert query(where, text("SELECT count(*) FROM runs"))[0][0] == 0


def test_an_error_inside_a_night_stays_what_it_is(ledger):
    for error in (OSError("disk"), sqlite3.OperationalError("other"), WriteError("files")):
        with pytest.raises(type(error), match=str(error)), ledger.night("grants"):
            raise error


def test_a_sqlite_file_that_somebody_writes_to_is_locked(tmp_path):
    path = tmp_path / "x.sqlite"
    Ledger.create(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        impatient = Ledger.open(f"sqlite:///{path}?timeout=0")
        with pytest.raises(Locked, match=r"x\.sqlite.*: another process is writing to it"), impatient.night("grants"):
            pass
        with pytest.raises(Locked, match="another process is writing to it"):
            impatient.accept("grants", ["a"])
        assert impatient.status().empty


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    ledger = Ledger.create(tmp_path / "x.sqlite")
    (tmp_path / f"x.sqlite.{lock_key('grants') % 2**64:016x}.lock").mkdir()
    with pytest.raises(WriteError, match=r"\.lock: cannot be locked \(.*Is a directory.*\); see that"), ledger.night("grants"):
        pass
