"""A programme's lock: one night at a time, and none is kept by a process that has ended.

    lock → row in `holders` → the night … → `until` in that row → unlock

What excludes others belongs to a live process: in PostgreSQL an advisory lock of the night's own session, in SQLite a
transaction on a file beside the ledger, one for each programme, so that awards can be accepted while a night is thinking. The
row only says who it is. Each holder has a number, its *term*; what a night writes, it writes if the term is still its own
(a fencing token, Kleppmann 2017, p. 303), so that even who lost the lock unnoticed cannot decide beside another.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from optimizer.edge.connections import masked
from optimizer.edge.folder import OWN_FILE, alive
from optimizer.edge.ledger_connection import answering, busy, is_sqlite, setting, writing
from optimizer.edge.ledger_tables import holders
from optimizer.errors import Locked, WriteError

log = logging.getLogger(__name__)

SESSION = {
    # A night thinks for minutes, which is not being idle …
    "idle_session_timeout": "0",
    # … but a machine that vanished is noticed within two minutes, and its lock is free.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}
"""What PostgreSQL is asked of a night's session."""

SESSION_OF = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = :key
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Which session has an advisory lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has, or had, a programme's lock.

    Attributes
    ----------
    term : the holder's number, from 1.
    until : when it gave the lock back; None while it has it, and where it ended without finishing.
    """

    term: int
    host: str
    process: int
    since: datetime
    until: datetime | None

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def gone(self) -> bool:
        """Whether its process has certainly ended."""
        return self.host == socket.gethostname() and not alive(self.process)


@contextmanager
def held(url: URL, connection: Connection, programme: str) -> Iterator[int]:
    """Hold a programme's lock, and yield the holder's term; nothing is waited for.

    Raises
    ------
    Locked
        If another has it.
    WriteError
        If the ledger cannot be written.
    """
    lock = _file_lock if is_sqlite(url) else _session_lock
    with lock(url, connection, programme):
        term = _begin(url, connection, programme)
        try:
            yield term
        finally:
            # Whatever ended the night is told already; a row that stays open is told by the next.
            with suppress(SQLAlchemyError):
                connection.rollback()
                with writing(connection):
                    end(connection, programme, term)


def end(connection: Connection, programme: str, term: int) -> bool:
    """Within a transaction, say that a night is over; False if it was, or if another has taken its place."""
    mine = (holders.c.programme == programme) & (holders.c.term == term) & holders.c.until.is_(None)
    return connection.execute(update(holders).where(mine).values(until=datetime.now(UTC))).rowcount == 1


def last_holder(connection: Connection, programme: str) -> Holder | None:
    """Who last held a programme's lock; None if nobody did."""
    columns = (holders.c.term, holders.c.host, holders.c.process, holders.c.since, holders.c.until)
    row = connection.execute(select(*columns).where(holders.c.programme == programme)).mappings().one_or_none()
    return None if row is None else Holder(**row)


def lock_key(programme: str) -> int:
    """The programme's number among advisory locks, 64 bits with a sign."""
    return int.from_bytes(hashlib.sha256(f"bursar:{programme}".encode()).digest()[:8], "big", signed=True)


def _begin(url: URL, connection: Connection, programme: str) -> int:
    with answering(url), writing(connection):
        last = last_holder(connection, programme)
        term = 1 if last is None else last.term + 1
        mine = {"term": term, "host": socket.gethostname(), "process": os.getpid(), "since": datetime.now(UTC), "until": None}
        if last is None:
            connection.execute(insert(holders).values(programme=programme, **mine))
        else:
            connection.execute(update(holders).where(holders.c.programme == programme).values(**mine))
    if last is not None and last.until is None:
        log.warning("programme %s: an earlier night, of %s, ended without finishing; its lock was taken over", programme, last)
    return term


@contextmanager
def _session_lock(url: URL, connection: Connection, programme: str) -> Iterator[None]:
    """PostgreSQL's advisory lock; it ends with the session."""
    key = {"key": lock_key(programme)}
    with answering(url), connection.begin():
        for name, value in SESSION.items():
            setting(connection, name, value)
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
            holder, session = last_holder(connection, programme), connection.execute(text(SESSION_OF), key).scalar()
            raise Locked(_taken(url, programme, holder, session))
    try:
        yield
    finally:
        with suppress(SQLAlchemyError), connection.begin():
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


@contextmanager
def _file_lock(url: URL, connection: Connection, programme: str) -> Iterator[None]:
    """A transaction on a file of its own; it ends with the process. The file stays: to remove it would be a race."""
    path = Path(f"{url.database}.{lock_key(programme) % 2**64:016x}.lock")
    try:
        file = _locked(path)
    except (OSError, sqlite3.Error) as error:
        if not busy(error):
            raise WriteError(f"{path}: cannot be locked ({error}); see that the ledger's folder can be written") from error
        with answering(url), connection.begin():
            holder = last_holder(connection, programme)
        raise Locked(_taken(url, programme, holder, None)) from None
    with closing(file):
        yield


def _locked(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWN_FILE))
    file = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        # Not EXCLUSIVE: of two who try that at once, either may be in the other's way, and neither get it.
        file.execute("BEGIN IMMEDIATE")
    except sqlite3.Error:
        file.close()
        raise
    return file


def _taken(url: URL, programme: str, holder: Holder | None, session: int | None) -> str:
    where = f"{masked(url)}: programme {programme}: another night has the lock"
    if holder is None or holder.until is not None:
        # Between its lock and its row.
        return f"{where}, just now; run this one again when that has ended"
    if holder.gone and session is not None:
        remedy = f"end what is left of it in the database: SELECT pg_terminate_backend({session})"
        return f"{where}, {holder}; that process has ended, but the database has not noticed; {remedy}"
    return f"{where}, {holder}; run this one again when that has ended"
