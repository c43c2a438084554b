"""The ledger: which nights were decided, who was awarded what, and what became of it, in SQLite or PostgreSQL.

ledger = Ledger.create("ledger.sqlite")                  # once
with ledger.night("scholarship") as night:               # the programme's lock; what night.record writes, night.commit keeps
    …
ledger.accept("scholarship", ["s7"])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

import pandas as pd
from sqlalchemy import URL

from optimizer.edge.connections import connection, masked
from optimizer.edge.ledger_changes import Changed, change, offered_before
from optimizer.edge.ledger_connection import answering, connected, writing
from optimizer.edge.ledger_lock import held
from optimizer.edge.ledger_night import HeldNight
from optimizer.edge.ledger_report import awards_of, status_of
from optimizer.edge.ledger_schema import check_revision, migrate
from optimizer.problem.night import ACCEPTED, DECLINED, EXPIRED, Award, Status


class Ledger:
    """A ledger of this bursar's revision; `Ledger.create` and `Ledger.open` make sure of that."""

    def __init__(self, url: URL) -> None:
        self._url = url

    @classmethod
    def create(cls, where: str | Path | None = None) -> Self:
        """Make a ledger, or bring an older one up to date; one that is up to date stays as it is.

        Parameters
        ----------
        where
            As for `optimizer.edge.connections.connection`: by default $BURSAR_LEDGER, else ledger.sqlite.

        Raises
        ------
        WriteError
            If it cannot be made, or belongs to a newer bursar.
        DataError
            If `where` is no address.
        """
        url = connection(where)
        migrate(url)
        return cls(url)

    @classmethod
    def open(cls, where: str | Path | None = None) -> Self:
        """Open a ledger that was made.

        Raises
        ------
        WriteError
            If there is none, or it is of another revision than this bursar's.
        DataError
            If `where` is no address.
        """
        url = connection(where)
        check_revision(url)
        return cls(url)

    def __str__(self) -> str:
        return masked(self._url)

    @contextmanager
    def night(self, programme: str, *, dry_run: bool = False) -> Iterator[HeldNight]:
        """Hold a programme's lock; what the night recorded and did not commit is gone when the block ends, however it ends.

        Parameters
        ----------
        dry_run
            Only look: without the lock, and on a connection that cannot write.

        Raises
        ------
        Locked
            If another night holds it.
        WriteError
            If the ledger cannot be written.
        """
        with connected(self._url, read_only=dry_run) as link:
            if dry_run:
                yield HeldNight(self._url, link, programme, None)
                return
            with held(self._url, link, programme) as term:
                yield HeldNight(self._url, link, programme, term)

    def accept(self, programme: str, units: Sequence[str], *, note: str = "") -> Changed:
        """Let these units' awards be accepted; from now on they cost what is due.

        Raises
        ------
        DataError
            If a unit has no award that can be; nothing was changed.
        WriteError, Locked
            If the ledger cannot be written, or not now.
        """
        return self._change(programme, units, ACCEPTED, note)

    def decline(self, programme: str, units: Sequence[str], *, note: str = "") -> Changed:
        """Let these units' awards be declined, accepted ones withdrawn; their money comes back. Raises as `accept`."""
        return self._change(programme, units, DECLINED, note)

    def expire(self, programme: str, units: Sequence[str] = (), *, before: date | None = None, note: str = "") -> Changed:
        """Let these units' offers expire, and all of nights before a day; their money comes back. Raises as `accept`."""
        return self._change(programme, units, EXPIRED, note, before)

    def awards(self, programme: str | None = None) -> tuple[Award, ...]:
        """All awards, or a programme's, in the order of their nights."""
        with connected(self._url) as link, answering(self._url), link.begin():
            return awards_of(link, programme)

    def status(self, programme: str | None = None) -> pd.DataFrame:
        """One row a programme: how many nights, units and awards, and what live awards hold; see `ledger_report.COLUMNS`."""
        with connected(self._url) as link, answering(self._url), link.begin():
            return status_of(link, programme)

    def export(self, path: Path, programme: str | None = None) -> int:
        """Write all awards, or a programme's, as CSV for its owner alone, and return how many; raises WriteError if it cannot."""
        from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and nothing else here is

        names = list(Award.__dataclass_fields__)
        found = self.awards(programme)
        write_frontier(pd.DataFrame([[getattr(award, name) for name in names] for award in found], columns=names), path)
        return len(found)

    def _change(self, programme: str, units: Sequence[str], status: Status, note: str, before: date | None = None) -> Changed:
        with connected(self._url) as link, answering(self._url), writing(link):
            due = [] if before is None else offered_before(link, programme, before)
            return change(link, programme, [*map(str, units), *due], status, datetime.now(UTC), note)
