"""What only a PostgreSQL ledger has: roles with few rights, passwords, and sessions that outlive their process."""

import socket
import subprocess
import sys
import traceback
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, text

from optimizer.edge.connections import connection
from optimizer.edge.ledger import Ledger
from optimizer.edge.ledger_connection import answering, connected
from optimizer.edge.ledger_lock import lock_key
from optimizer.edge.ledger_tables import holders
from optimizer.errors import Locked, WriteError
from optimizer.problem.night import Run

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SECRET = "other:w/rd@%"

pytestmark = pytest.mark.parametrize("where", ["postgresql"], indirect=True)


@pytest.fixture
def ledger(where):
    return Ledger.create(where)


@pytest.fixture
def clerk(where, tmp_path):
    """The address of the same ledger for a role that may read, add and change, and nothing else."""
    url = connection(where)
    Ledger.create(where)
    name = url.database.replace("ledger", "clerk")
    with connected(url) as link, link.begin():
        link.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'".replace(":", r"\:")))
        link.execute(text(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {name}"))
    return privately(tmp_path / "clerk", url.set(username=name, password=SECRET))


def privately(path, url):
    path.write_text(url.render_as_string(hide_password=False))
    path.chmod(0o600)
    return f"file:{path}"


def test_a_role_without_the_right_to_make_tables_runs_nights_and_accepts(clerk):
    ledger = Ledger.open(clerk)
    digests = {"scenario_digest": "s", "data_digest": "d", "model_digest": "m", "code_version": "1"}
    run = Run(key="k", programme="grants", night=date(2026, 11, 24), started=NOW, finished=NOW, result={}, **digests)
    units = pd.DataFrame({"unit": ["a", "b"], "amount": [7, 0], "cost": [7, 0], "due": [7, 0], "facts": ["{}", "{}"]})
    with ledger.night("grants") as night:
        assert night.open(np.array(["a"], dtype=object), waiting=False).all()
        night.record(run, units)
        night.commit()
    ledger.accept("grants", ["a"])
    ledger.decline("grants", ["a"])
    with ledger.night("grants") as night:
        assert night.run("k") == run
    assert int(ledger.status()["declined"][0]) == 1
    url = connection(clerk)
    with pytest.raises(WriteError, match="permission denied"), connected(url) as link, answering(url):
        link.execute(text("CREATE TABLE never_made (n integer)"))


def test_a_role_that_may_not_make_tables_is_told_so_by_init(clerk, where):
    with connected(connection(where)) as link, link.begin():
        link.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(WriteError, match="permission denied for schema public"):
        Ledger.create(clerk)


def test_no_error_shows_a_password_not_even_a_traceback(where, ledger, tmp_path):
    url = connection(where)
    wrong = privately(tmp_path / "wrong", url.set(password=SECRET))
    with pytest.raises(WriteError, match="password authentication failed") as caught:
        Ledger.open(wrong)
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in said
    assert "other%3Aw" not in said
    assert url.password not in str(ledger)


def test_a_lock_kept_for_a_process_that_has_ended_is_told_with_the_remedy(where, ledger):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    mine = {"programme": "grants", "term": 1, "host": socket.gethostname(), "process": dead.pid, "since": NOW}
    with connected(connection(where)) as left:
        with left.begin():
            key = {"key": lock_key("grants")}
            session = left.execute(text("SELECT pg_backend_pid() FROM pg_advisory_lock(:key)"), key).scalar()
            left.execute(insert(holders).values(mine))
        remedy = rf"SELECT pg_terminate_backend\({session}\)"
        with (
            pytest.raises(Locked, match=rf"process {dead.pid} on .*; that process has ended, .*: {remedy}"),
            ledger.night("grants"),
        ):
            pass
