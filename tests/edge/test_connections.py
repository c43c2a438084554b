"""An address names a database; a password in it comes from a private place and never comes out again."""

import os
import socket
import stat
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from optimizer.edge.connections import connection, engine, masked, masking
from optimizer.errors import DataError, WriteError

SECRET = "s3cret/@% word"
QUOTED = "s3cret%2F%40%25%20word"


@pytest.fixture
def private(tmp_path):
    def write(content, mode=0o600):
        path = tmp_path / "address"
        path.write_text(content)
        path.chmod(mode)
        return f"file:{path}"

    return write


@pytest.mark.parametrize(
    ("where", "is_"),
    [
        ("season.sqlite", "sqlite:///season.sqlite"),
        ("sqlite:///a/season.db", "sqlite:///a/season.db"),
        ("sqlite+pysqlite:////a/b.db", "sqlite:////a/b.db"),
        ("postgresql+psycopg://ann@host/db", "postgresql+psycopg://ann@host/db"),
        ("postgresql://ann@host:77/db?sslmode=require", "postgresql+psycopg://ann@host:77/db?sslmode=require"),
        ("postgresql://ann@/db?passfile=x", "postgresql+psycopg://ann@/db?passfile=x"),
    ],
)
def test_an_address_is_a_file_or_a_url_without_a_password(where, is_):
    assert masked(connection(where)) == is_


def test_nothing_said_is_the_environment_variable_and_without_it_a_file_here(private):
    assert masked(connection(None, environ={})) == "sqlite:///ledger.sqlite"
    assert masked(connection(None, environ={"BURSAR_LEDGER": "other.db"})) == "sqlite:///other.db"
    secret = connection(None, environ={"BURSAR_LEDGER": f"postgresql://ann:{QUOTED}@host/db"})
    assert secret.password == SECRET
    assert connection(None, environ={"BURSAR_LEDGER": private(f"postgresql://ann:{QUOTED}@host/db")}) == secret
    assert connection("env:DB", environ={"DB": f"postgresql://ann:{QUOTED}@host/db"}) == secret


def test_a_private_file_may_hold_a_password_and_stays_private(private):
    address = f"postgresql://ann:{QUOTED}@host/db\n"
    assert connection(private(address)).password == SECRET
    assert connection(private(address, 0o400)).password == SECRET
    for mode in (0o644, 0o640, 0o602):
        with pytest.raises(DataError, match=f"must be readable by you alone, got mode {mode:04o}; run chmod 600"):
            connection(private(address, mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_is_refused(private, tmp_path):
    where = private("x.sqlite")
    os.chown(tmp_path / "address", 12345, 12345)
    with pytest.raises(DataError, match="must be readable by you alone"):
        connection(where)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (f"postgresql://ann:{QUOTED}@host/db", "must hold no password"),
        (f"postgresql://ann@host/db?password={QUOTED}", "put it into BURSAR_LEDGER, or into a file of mode 0600"),
        (f"postgresql://ann@host/db?sslpassword={QUOTED}", "must hold no password"),
        (f"mysql://ann:{QUOTED}@host/db", "must be SQLite or PostgreSQL with psycopg, got mysql; name"),
        (f"postgresql+psycopg2://ann:{QUOTED}@host/db", r"got postgresql\+psycopg2"),
        (f"postgresql://ann:{QUOTED}@host:port/db", "is not the address of a database"),
        (f"sqlite://ann:{QUOTED}@host/x.db", "write three slashes"),
        ("sqlite://", "write three slashes"),
        (":memory:", "must be the address of a database"),
        ("sqlite:///x.db?mode=ro", "no option but timeout"),
        ("", "must be the address of a database"),
        ("env:NOWHERE", "env:NOWHERE: the environment variable is not set; set it"),
        ("env:OTHER", "env:OTHER: must be the address of a database"),
        ("file:nowhere", "file:nowhere: cannot be read: No such file"),
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_the_password(where, says):
    with pytest.raises(DataError, match=says) as caught:
        connection(where or " ", environ={"OTHER": "env:NOWHERE"})
    assert "s3cret" not in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize(("content", "says"), [("", "got 0"), ("a.db\nb.db", "got 2")])
def test_a_file_of_several_lines_or_none_is_refused(private, content, says):
    with pytest.raises(DataError, match=f"must be one line, {says}"):
        connection(private(content))


def test_no_driver_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DataError, match=r'needs the package psycopg; run pip install "bursar\[postgres\]"'):
        engine(connection("postgresql://ann@host/db"))


def unanswered():
    """A port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("secret", ["ann:{}@127.0.0.1:{}/db", "ann@127.0.0.1:{1}/db?sslpassword={0}"])
def test_a_driver_that_cannot_connect_says_why_but_no_password(secret):
    pytest.importorskip("psycopg")
    url = connection("env:DB", environ={"DB": "postgresql://" + secret.format(QUOTED, unanswered())})
    with (
        pytest.raises(WriteError, match=r"^postgresql\+psycopg://ann.*: .*refused.*; check the address") as caught,
        masking(url, WriteError),
    ):
        engine(url).connect()
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_whatever_a_driver_repeats_of_a_password_is_masked():
    url = connection("env:DB", environ={"DB": f"postgresql://ann:{QUOTED}@host/db?sslpassword=other"})
    with pytest.raises(WriteError) as caught, masking(url, WriteError, where="ledger", remedy="try again"):
        raise SQLAlchemyError(f"no entry  for {SECRET} nor {QUOTED} with other\nLINE 1")
    assert str(caught.value) == "ledger: no entry for *** nor *** with ***; try again"


def run(url, statement, **options):
    database = engine(url, **options)
    try:
        with masking(url, DataError), database.begin() as opened:
            opened.execute(text(statement))
    finally:
        database.dispose()


def test_a_wrong_password_and_a_database_that_is_not_there_are_told_without_the_password(postgres):
    for url, says in ((postgres.set(password=SECRET), "password authentication failed"), (postgres.set(database="no"), "exist")):
        with pytest.raises(DataError, match=says) as caught:
            run(url, "SELECT 1")
        assert not any(secret in str(caught.value) for secret in ("s3cret", str(postgres.password)))


def test_read_only_changes_nothing_and_needs_the_file(tmp_path):
    url = connection(tmp_path / "x.db")
    with pytest.raises(DataError, match=r"x\.db: no such database file; check the path"):
        engine(url, read_only=True)
    run(url, "CREATE TABLE t (n INTEGER)")
    run(url, "SELECT * FROM t", read_only=True)
    with pytest.raises(DataError, match="attempt to write a readonly database"):
        run(url, "INSERT INTO t VALUES (1)", read_only=True)


def test_read_only_changes_nothing_in_postgresql_whatever_else_the_address_asks(postgres):
    url = postgres.update_query_dict({"options": "-c search_path=pg_catalog"})
    run(url, "SELECT 1 FROM pg_class", read_only=True)
    with pytest.raises(DataError, match="read-only transaction"):
        run(url, "CREATE TABLE public.never_made (n INTEGER)", read_only=True)


def test_a_new_sqlite_file_is_its_owners_alone_and_keeps_foreign_keys(tmp_path):
    with engine(connection(tmp_path / "x.db")).begin() as written:
        assert written.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert written.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        written.execute(text("CREATE TABLE t (n INTEGER)"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_sqlite_waits_for_no_lock_unless_asked(tmp_path):
    path = tmp_path / "x.db"
    for address, wait in ((str(path), 0), (f"sqlite:///{path}?timeout=2", 2_000)):
        with engine(connection(address)).connect() as opened:
            assert opened.execute(text("PRAGMA busy_timeout")).scalar() == wait
