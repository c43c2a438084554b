"""Awards become accepted, declined or expired: all that were named, or none, and each with a line of history.

What an award may become from what, `optimizer.problem.night.BEFORE` says. To say the same twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, insert, select, update

from optimizer.edge.cells import original
from optimizer.edge.columns import present
from optimizer.edge.ledger_night import chunks
from optimizer.edge.ledger_tables import award_history, awards, live, runs
from optimizer.edge.tables import read_table
from optimizer.edge.units_from import identifiers
from optimizer.errors import DataError
from optimizer.problem.night import BEFORE, OFFERED, Status

SHOWN = 5
"""Units that a message names before it stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What came of a change.

    Attributes
    ----------
    status : what the awards are now.
    changed : units whose award became it.
    already : units whose award was it before.
    """

    programme: str
    status: Status
    changed: tuple[str, ...]
    already: tuple[str, ...] = ()


def change(connection: Connection, programme: str, units: Sequence[str], status: Status, at: datetime, note: str) -> Changed:
    """Within a transaction, let these units' awards become `status`.

    Raises
    ------
    DataError
        If one has no award, or one that cannot become it; the message names them.
    """
    named = list(dict.fromkeys(units))
    found = {row["unit"]: row for chunk in chunks(sorted(named)) for row in _awards(connection, programme, chunk)}
    faults = [fault for unit in named if (fault := _fault(unit, found.get(unit), status))]
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise DataError(
            f"programme {programme}: {', '.join(faults[:SHOWN])}{more}; only an award that is {' or '.join(BEFORE[status])} can "
            f"become {status}; nothing was changed"
        )
    moved = [found[unit] for unit in named if found[unit]["status"] != status]
    _move(connection, programme, moved, status, {"at": at, "note": note})
    return Changed(
        programme=programme,
        status=status,
        changed=tuple(row["unit"] for row in moved),
        already=tuple(unit for unit in named if found[unit]["status"] == status),
    )


def offered_before(connection: Connection, programme: str, day: date) -> list[str]:
    """Units whose award was offered in a night before that day, and is still."""
    open_ = (awards.c.programme == programme) & (awards.c.status == OFFERED) & (runs.c.night < day)
    joined = and_(runs.c.programme == awards.c.programme, runs.c.key == awards.c.run)
    return [row.unit for row in connection.execute(select(awards.c.unit).join(runs, joined).where(open_).order_by(awards.c.unit))]


def read_ids(path: Path, column: str) -> list[str]:
    """The ids in a column of a CSV or Parquet file.

    Raises
    ------
    DataError
        If it cannot be read, or the column is absent, or holds an id twice.
    """
    table = read_table(path, text_columns=(column,))
    # What bursar wrote is read as it was meant.
    table = replace(table, frame=original(table.frame))
    present(table, (column,))
    return [str(unit) for unit in identifiers(table, column)]


def _awards(connection: Connection, programme: str, units: list[str]) -> Sequence[RowMapping]:
    """Each unit's awards, the live one last; they stay as they are until the transaction ends."""
    ours = (awards.c.programme == programme) & awards.c.unit.in_(units)
    order = (awards.c.unit, live, awards.c.offered_at)
    statement = select(awards.c.unit, awards.c.run, awards.c.status).where(ours).order_by(*order).with_for_update()
    return connection.execute(statement).mappings().all()


def _fault(unit: str, award: RowMapping | None, status: Status) -> str:
    if award is None:
        return f"{unit} has no award"
    return "" if award["status"] in (status, *BEFORE[status]) else f"{unit}'s award is {award['status']}"


def _move(connection: Connection, programme: str, moved: list[RowMapping], status: Status, about: dict[str, Any]) -> None:
    for chunk in chunks([row["unit"] for row in moved]):
        ours = (awards.c.programme == programme) & awards.c.unit.in_(chunk) & live
        connection.execute(update(awards).where(ours).values(status=status))
    changes = [
        {"programme": programme, "unit": row["unit"], "run": row["run"], "became": status, "was": row["status"], **about}
        for row in moved
    ]
    if changes:
        connection.execute(insert(award_history), changes)
