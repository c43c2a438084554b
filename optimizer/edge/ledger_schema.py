"""The ledger's tables are of one revision; `init` brings them to this code's, and no other command touches them.

A night needs no right to make tables: where they are of another revision it says so, and ends.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from optimizer.edge.connections import masked
from optimizer.edge.ledger_connection import answering, connected, is_sqlite, writing
from optimizer.errors import WriteError

MIGRATIONS = Path(__file__).parent / "migrations"

INITIALISING = 0x6275_7273_6172
"""The advisory lock of PostgreSQL that two `init` at once meet at."""


def migrate(url: URL) -> str:
    """Make the ledger's tables, or bring an older ledger's up to date; returns their revision.

    Raises
    ------
    WriteError
        If they cannot be made, or belong to a newer bursar; nothing was changed.
    """
    if is_sqlite(url) and not Path(str(url.database)).parent.is_dir():
        raise WriteError(f"{masked(url)}: there is no such folder; make it first")
    with connected(url) as connection, answering(url), writing(connection):
        if not is_sqlite(url):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": INITIALISING})
        _check_known(url, _revision(connection))
        command.upgrade(_config(connection), "head")
    return _head()


def check_revision(url: URL) -> None:
    """See that the ledger is there and of this code's revision.

    Raises
    ------
    WriteError
        If it is not; the message says what to do.
    """
    if is_sqlite(url) and not Path(str(url.database)).is_file():
        raise WriteError(f"{masked(url)}: there is no ledger; run `bursar ledger init`")
    with connected(url) as connection, answering(url), connection.begin():
        revision = _revision(connection)
    _check_known(url, revision)
    if revision is None:
        raise WriteError(f"{masked(url)}: holds no ledger; run `bursar ledger init`")
    if revision != _head():
        raise WriteError(f"{masked(url)}: is of revision {revision}, older than {_head()}; run `bursar ledger init`")


def _check_known(url: URL, revision: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise WriteError(
            f"{masked(url)}: is of revision {revision}, newer than {_head()}, which this bursar knows; update bursar"
        )


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None if there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str:
    return str(_scripts().get_current_head())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
