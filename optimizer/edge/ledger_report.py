"""What a ledger says of itself: its awards one by one, and a line for each programme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, select

from optimizer.edge.ledger_lock import Holder
from optimizer.edge.ledger_tables import award_history, awards, decisions, holders, runs
from optimizer.problem.night import ACCEPTED, DECLINED, EXPIRED, OFFERED, Award

COLUMNS = ("programme", "nights", "last_night", "decided", OFFERED, ACCEPTED, DECLINED, EXPIRED, "committed", "holder")
"""Of a status: nights and units decided, awards by what they are now, currency units they hold, whose night has not finished."""

AWARD = ("programme", "unit", "run")
"""What names an award."""


def held_by(columns: Any) -> ColumnElement[int]:
    """What live awards hold, to be summed: `due` once accepted, until then `cost`."""
    return case((columns.status == OFFERED, columns.cost), (columns.status == ACCEPTED, columns.due), else_=0)


def awards_of(connection: Connection, programme: str | None) -> tuple[Award, ...]:
    """All awards, or a programme's, in the order of their nights."""
    which = [award_history.c[name] for name in AWARD]
    latest = select(*which, func.max(award_history.c.at).label("changed_at")).group_by(*which).subquery()
    shown = [awards.c[name] for name in (*AWARD, "amount", "cost", "due", "status", "offered_at")]
    statement = (
        select(*shown, runs.c.night, latest.c.changed_at)
        .join(runs, and_(runs.c.programme == awards.c.programme, runs.c.key == awards.c.run))
        .join(latest, and_(*(latest.c[name] == awards.c[name] for name in AWARD)))
    )
    if programme is not None:
        statement = statement.where(awards.c.programme == programme)
    found = [Award(**row) for row in connection.execute(statement).mappings()]
    # In an order of our own: each database sorts text in its way.
    return tuple(sorted(found, key=lambda award: (award.programme, award.night, award.run, award.unit)))


def status_of(connection: Connection, programme: str | None) -> pd.DataFrame:
    """One row for each programme, or for this one."""
    rows: dict[str, dict[str, Any]] = {}
    for found in (_nights(connection), _decided(connection), _awards(connection), _holding(connection)):
        for name, figures in found.items():
            rows.setdefault(name, dict.fromkeys(COLUMNS, 0) | {"programme": name, "last_night": "", "holder": ""}).update(figures)
    shown = [row for name, row in sorted(rows.items()) if programme in (None, name)]
    return pd.DataFrame(shown, columns=list(COLUMNS))


def _nights(connection: Connection) -> Mapping[str, dict[str, Any]]:
    statement = select(runs.c.programme, func.count(), func.max(runs.c.night)).group_by(runs.c.programme)
    return {name: {"nights": nights, "last_night": last.isoformat()} for name, nights, last in connection.execute(statement)}


def _decided(connection: Connection) -> Mapping[str, dict[str, Any]]:
    statement = select(decisions.c.programme, func.count(distinct(decisions.c.unit))).group_by(decisions.c.programme)
    return {name: {"decided": units} for name, units in connection.execute(statement)}


def _awards(connection: Connection) -> Mapping[str, dict[str, Any]]:
    by = (awards.c.programme, awards.c.status)
    found: dict[str, dict[str, Any]] = {}
    for name, status, heads, money in connection.execute(select(*by, func.count(), func.sum(held_by(awards.c))).group_by(*by)):
        row = found.setdefault(name, {"committed": 0})
        row[status] = heads
        row["committed"] += int(money)
    return found


def _holding(connection: Connection) -> Mapping[str, dict[str, Any]]:
    rows = [dict(row) for row in connection.execute(select(holders).where(holders.c.until.is_(None))).mappings()]
    found = {row.pop("programme"): Holder(**row) for row in rows}
    return {name: {"holder": f"{holder}{', which has ended' if holder.gone else ''}"} for name, holder in found.items()}
