"""A connection to the ledger for one piece of work: its own, closed after it, its errors masked, its waiting bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import OperationalError

from optimizer.edge.connections import SQLITE, engine, masked, masking
from optimizer.errors import Locked, WriteError

PATIENCE = 5
"""Seconds to wait for another's few rows to be written; nights do not wait for one another at all."""


@contextmanager
def connected(url: URL, *, read_only: bool = False) -> Iterator[Connection]:
    """A connection that nobody else uses.

    Raises
    ------
    WriteError
        If the database cannot be reached, or refuses.
    Locked
        If another process writes to it for longer than `PATIENCE`.
    """
    patient = url.update_query_dict({"timeout": str(PATIENCE)}) if is_sqlite(url) and "timeout" not in url.query else url
    with answering(url):
        connection = engine(patient, read_only=read_only).connect()
        connection.detach()
    try:
        if not is_sqlite(url):
            with answering(url), connection.begin():
                setting(connection, "lock_timeout", f"{PATIENCE}s")
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """One transaction that writes, and what it reads before that is still so: in SQLite nobody else writes meanwhile."""
    try:
        begin(connection)
        yield
        connection.commit()
    finally:
        connection.rollback()


def begin(connection: Connection) -> None:
    """Begin a transaction that writes; it ends with the connection's commit or rollback."""
    connection.begin()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def answering(url: URL) -> Iterator[None]:
    """Turn what the database raises into `Locked` where it is in use, and `WriteError` elsewhere; no password is shown."""
    with masking(url, WriteError):
        try:
            yield
        except OperationalError as error:
            if busy(error.orig):
                raise Locked(f"{masked(url)}: another process is writing to it; run it again when that has ended") from None
            raise


def setting(connection: Connection, name: str, value: str) -> None:
    """Set what PostgreSQL calls `name` for this session; an older server that does not know it goes without."""
    known = "SELECT set_config(name, :value, false) FROM pg_settings WHERE name = :name"
    connection.execute(text(known), {"name": name, "value": value})


def is_sqlite(url: URL) -> bool:
    """Whether the ledger is a file of SQLite."""
    return url.drivername == SQLITE


def busy(error: BaseException | None) -> bool:
    """Whether another holds a lock for too long: SQLITE_BUSY and its kin, or PostgreSQL's lock_not_available."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(error, "sqlstate", None) == "55P03"
