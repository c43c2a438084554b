"""Where a database is, in words that hold no secret: passwords come from the environment or a private file, and never go out.

    season.sqlite · sqlite:///season.sqlite · postgresql+psycopg://user@host/db · env:NAME · file:PATH

What an environment variable or a private file says may hold a password; what stands on a command line may not: there, every
user of the machine can read it. PostgreSQL's own ways (``~/.pgpass``, PGPASSFILE) work too.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from optimizer.errors import BursarError, DataError

VARIABLE = "BURSAR_LEDGER"
"""The environment variable that says where the ledger is."""

LEDGER = "ledger.sqlite"
"""The ledger where nobody says anything: a SQLite file in the current folder."""

SQLITE, POSTGRESQL = "sqlite", "postgresql+psycopg"
DRIVERS = {SQLITE: SQLITE, "sqlite+pysqlite": SQLITE, POSTGRESQL: POSTGRESQL, "postgresql": POSTGRESQL}
SUPPORTED = "name a SQLite file, sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"

ENVIRONMENT, FILE = "env:", "file:"
OTHERS = 0o077
"""The permissions of everybody but a file's owner."""

LONGEST = 300
"""Characters of a driver's message."""

_SECRET = re.compile(r"pass(?!file)|secret|token|scram|conninfo", re.IGNORECASE)


def connection(where: str | Path | None, *, environ: Mapping[str, str] = os.environ) -> URL:
    """The address of a database.

    Parameters
    ----------
    where
        A path (a SQLite file), a URL without a password, ``env:NAME`` or ``file:PATH`` (one line; readable by its owner
        alone, who is this user or root). None is what `VARIABLE` says, else `LEDGER`.

    Raises
    ------
    DataError
        If it is no address, of a database that is not supported, or gives a secret away. No message holds a password.
    """
    said = environ.get(VARIABLE) if where is None else None
    text, place, private = (said, VARIABLE, True) if said else (str(where or LEDGER), "connection", False)
    if text.startswith(ENVIRONMENT):
        text, place, private = _variable(text.removeprefix(ENVIRONMENT), environ), text, True
    elif text.startswith(FILE):
        text, place, private = _private(Path(text.removeprefix(FILE)).expanduser()), text, True
    url = _address(text, place)
    if not private and (url.password is not None or _secrets(url)):
        remedy = f"put it into {VARIABLE}, or into a file of mode 0600 and name that as file:PATH"
        raise DataError(f"{place}: must hold no password, which others could read, got {masked(url)}; {remedy}")
    return url


def masked(url: URL) -> str:
    """The address as it may be shown: without its password and whatever else in it is secret."""
    return url.difference_update_query(_secrets(url)).render_as_string(hide_password=True)


def engine(url: URL, *, read_only: bool = False) -> Engine:
    """What connects to the address; nothing is connected yet.

    SQLite keeps foreign keys, waits for no lock unless the address says ``?timeout=SECONDS``, makes its file for its owner
    alone, and journals ahead (WAL), so that readers and a writer do not wait for one another. Read-only, every transaction
    is: nothing can be changed.

    Raises
    ------
    DataError
        If the driver is not installed, or a file to be read is not there.
    """
    if url.drivername == SQLITE:
        return _sqlite(url, read_only=read_only)
    only = {"options": f"{_option(url, 'options')} -c default_transaction_read_only=on".strip()} if read_only else {}
    try:
        return create_engine(url, connect_args=only)
    except ImportError:
        raise DataError(f'{masked(url)}: needs the package psycopg; run pip install "bursar[postgres]"') from None


@contextmanager
def masking(
    url: URL,
    error: type[BursarError],
    *,
    where: str | None = None,
    remedy: str = "check the address, whether the database answers, and what its role may do",
) -> Iterator[None]:
    """Turn what the database or its driver raises in this block into `error`: one line, and no password in it.

    Parameters
    ----------
    where : what the message is about; by default the masked address.
    remedy : what to do about it.
    """
    try:
        yield
    except SQLAlchemyError as wrong:
        said = _without_secrets(url, str(getattr(wrong, "orig", None) or wrong))
        # The cause is dropped: a traceback would show the driver's own words.
        raise error(f"{where or masked(url)}: {said}; {remedy}") from None


def _address(text: str, place: str) -> URL:
    text = text.strip()
    if not text or not text.isprintable() or text.startswith((ENVIRONMENT, FILE, ":")):
        raise DataError(f"{place}: must be the address of a database; {SUPPORTED}")
    if "://" not in text:
        return URL.create(SQLITE, database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DataError(f"{place}: is not the address of a database; {SUPPORTED}, with % and @ in names as %25 and %40") from None
    if url.drivername not in DRIVERS:
        raise DataError(f"{place}: must be SQLite or PostgreSQL with psycopg, got {url.drivername}; {SUPPORTED}")
    url = url.set(drivername=DRIVERS[url.drivername])
    if url.drivername == SQLITE and (url.host or url.database in (None, "", ":memory:") or set(url.query) - {"timeout"}):
        raise DataError(f"{place}: must be sqlite:///FILE with no option but timeout, got {masked(url)}; write three slashes")
    return url


def _variable(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "")
    if not value:
        raise DataError(f"{ENVIRONMENT}{name}: the environment variable is not set; set it to the address of the database")
    return value


def _private(path: Path) -> str:
    """The one line of a file that nobody else may read."""
    place = f"{FILE}{path}"
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if stat.S_IMODE(status.st_mode) & OTHERS or status.st_uid not in (0, os.geteuid()):
                mode = f"{stat.S_IMODE(status.st_mode):04o}"
                raise DataError(f"{place}: must be readable by you alone, got mode {mode}; run chmod 600, as its owner")
            lines = file.read(2**16).strip().splitlines()
    except OSError as error:
        raise DataError(f"{place}: cannot be read: {error.strerror}; check the path and its permissions") from None
    except UnicodeDecodeError:
        raise DataError(f"{place}: is not UTF-8 text; write the address of the database into it") from None
    if len(lines) != 1:
        raise DataError(f"{place}: must be one line, got {len(lines)}; write the address of the database into it")
    return lines[0]


def _sqlite(url: URL, *, read_only: bool) -> Engine:
    path = Path(str(url.database))
    if read_only and not path.is_file():
        raise DataError(f"{path}: no such database file; check the path")
    made = create_engine(url, connect_args={} if "timeout" in url.query else {"timeout": 0})

    @event.listens_for(made, "do_connect")
    def for_its_owner(*_: Any) -> None:
        if not read_only:
            # What cannot be made here, SQLite says in its own words.
            with suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    @event.listens_for(made, "connect")
    def settings(raw: sqlite3.Connection, _: Any) -> None:
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA query_only=ON" if read_only else "PRAGMA journal_mode=WAL")

    return made


def _option(url: URL, name: str) -> str:
    given = url.query.get(name, "")
    return given if isinstance(given, str) else " ".join(given)


def _secrets(url: URL) -> list[str]:
    """The keys of the address's options that hold a secret."""
    return [key for key in url.query if _SECRET.search(key)]


def _without_secrets(url: URL, text: str) -> str:
    secrets = [str(url.password or ""), *(_option(url, key) for key in _secrets(url))]
    spelt = {spelling for secret in secrets for spelling in (secret, quote(secret, safe=""), quote_plus(secret)) if secret}
    for secret in sorted(spelt, key=len, reverse=True):
        text = text.replace(secret, "***")
    # Further lines repeat the statement, or what was tried besides.
    line = " ".join(text.strip().split("\n", 1)[0].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
