"""What a night reads of the ledger and writes to it: one transaction, or nothing.

    run? → standing → open? → record → commit

It reads what stands, thinks for as long as it takes, and writes at the end; the lock keeps every other night away meanwhile.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import URL, Connection, RowMapping, Select, distinct, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from optimizer.edge.connections import masked
from optimizer.edge.ledger_connection import answering, begin
from optimizer.edge.ledger_lock import end
from optimizer.edge.ledger_report import held_by
from optimizer.edge.ledger_tables import award_history, awards, decisions, live, models, runs
from optimizer.errors import DataError, Locked, WriteError
from optimizer.problem.night import OFFERED, Run
from optimizer.problem.season import Standing

CHUNK = 5_000
"""Units that one statement names; databases bind no more than some tens of thousands."""


class HeldNight:
    """A programme's ledger while its lock is held (or, for a trial, while it is only looked at).

    Parameters
    ----------
    term
        The holder's number; None for who may not write.
    """

    def __init__(self, url: URL, connection: Connection, programme: str, term: int | None) -> None:
        self.programme = programme
        self._url = url
        self._connection = connection
        self._term = term

    def run(self, key: str) -> Run | None:
        """The run of this key; None if that night was not decided."""
        ours = (runs.c.programme == self.programme) & (runs.c.key == key)
        rows = self._rows(select(runs, models.c.description.label("model")).outerjoin(models).where(ours))
        if not rows:
            return None
        found = dict(rows[0])
        texts = {name: found[name] or "" for name in ("model", "model_digest")}
        return Run(**found | texts | {"result": json.loads(found["result"])})

    def latest(self) -> Run | None:
        """The run that was written last; None before the first."""
        last = select(runs.c.key).where(runs.c.programme == self.programme).order_by(runs.c.finished.desc(), runs.c.key).limit(1)
        rows = self._rows(last)
        return self.run(rows[0]["key"]) if rows else None

    def decisions(self, key: str) -> pd.DataFrame:
        """What the run of this key gave each of its units: unit and amount (int64 currency units), as it recorded them."""
        ours = (decisions.c.programme == self.programme) & (decisions.c.run == key)
        rows = self._rows(select(decisions.c.unit, decisions.c.amount).where(ours).order_by(decisions.c.place))
        return pd.DataFrame(rows, columns=["unit", "amount"]).astype({"unit": object, "amount": np.int64})

    def standing(self, columns: Sequence[str]) -> Standing:
        """What live awards hold, for each combination of these columns' values; an award counts `due` once it is accepted.

        Raises
        ------
        DataError
            If an earlier night did not record one of the columns.
        """
        totals = (func.sum(held_by(awards.c)).label("cost"), func.count().label("recipients"))
        ours = (awards.c.programme == self.programme) & live
        rows = self._rows(select(awards.c.facts, *totals).where(ours).group_by(awards.c.facts))
        cost: Counter[tuple[Any, ...]] = Counter()
        recipients: Counter[tuple[Any, ...]] = Counter()
        # In an order of our own: each database sorts text in its way.
        for row in sorted(rows, key=lambda row: str(row["facts"])):
            group = self._group(json.loads(row["facts"]), columns)
            cost[group] += int(row["cost"])
            recipients[group] += int(row["recipients"])
        groups = pd.DataFrame(list(cost), columns=list(columns), index=range(len(cost)))
        figures = {"cost": list(cost.values()), "recipients": list(recipients.values())}
        return Standing(groups.assign(**figures).astype(dict.fromkeys(figures, np.int64)), self._seen())

    def open(self, ids: NDArray[np.object_], waiting: bool) -> NDArray[np.bool_]:
        """Which of these units may be decided, (n,): who never was, and, if `waiting`, who never was given an award."""
        ours = (decisions.c.programme == self.programme) & (decisions.c.amount > (0 if waiting else -1))
        settled: set[str] = set()
        for chunk in chunks([str(unit) for unit in ids]):
            settled |= {row["unit"] for row in self._rows(select(decisions.c.unit).where(ours & decisions.c.unit.in_(chunk)))}
        return np.array([str(unit) not in settled for unit in ids], dtype=bool)

    def record(self, run: Run, table: pd.DataFrame) -> None:
        """Write the night: the run, what it gave each unit, and its awards. Nothing of it stands before `commit`.

        Parameters
        ----------
        table : one row a unit: unit, amount, cost, due (whole currency units) and facts, canonical JSON of what its columns
            held that the limits name; amount 0 is a decision without an award.

        Raises
        ------
        Locked
            If the lock was lost meanwhile.
        WriteError
            If the database refuses: a run of that key, or a live award of a unit, is there.
        """
        assert self._term is not None, "a trial writes nothing"
        with answering(self._url):
            begin(self._connection)
            # First of all: it shuts out every other writer, and shows that the lock is still ours.
            if not end(self._connection, self.programme, self._term):
                raise Locked(f"{masked(self._url)}: programme {self.programme}: lost its lock to another night; run it again")
            try:
                self._record_run(run)
                for start in range(0, len(table), CHUNK):
                    self._record_units(run, table.iloc[start : start + CHUNK], start)
            except IntegrityError as wrong:
                said = str(wrong.orig).splitlines()[0]
                where = f"{masked(self._url)}: programme {self.programme}: night {run.key}"
                raise WriteError(f"{where}: contradicts what the ledger holds ({said}); decide it again") from None

    def commit(self) -> None:
        """Make what was recorded stand: all of it at once.

        Raises
        ------
        WriteError
            If the database refuses, or does not answer; run the night again to see whether it stands.
        """
        with answering(self._url):
            self._connection.commit()

    def _record_run(self, run: Run) -> None:
        in_sqlite = self._connection.dialect.name == "sqlite"
        model = {"digest": run.model_digest, "first_seen": run.started, "description": run.model}
        if run.model_digest:
            add = sqlite.insert(models) if in_sqlite else postgresql.insert(models)
            self._connection.execute(add.values(model).on_conflict_do_nothing())
        row = {column: getattr(run, column) for column in runs.columns.keys()}  # noqa: SIM118 — iterating gives columns
        result = json.dumps(run.result, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        self._connection.execute(insert(runs).values(row | {"model_digest": run.model_digest or None, "result": result}))

    def _record_units(self, run: Run, table: pd.DataFrame, first: int) -> None:
        which = {"programme": self.programme, "run": run.key}
        rows = [{**which, **row, "unit": str(row["unit"])} for row in table.astype(object).to_dict("records")]
        offered = [{**row, "offered_at": run.finished, "status": OFFERED} for row in rows if row["amount"] > 0]
        changes = [
            {**which, "unit": row["unit"], "became": OFFERED, "was": None, "at": run.finished, "note": ""} for row in offered
        ]
        decided = [{**which, "unit": row["unit"], "place": first + n, "amount": row["amount"]} for n, row in enumerate(rows)]
        for into, what in ((decisions, decided), (awards, offered), (award_history, changes)):
            if what:
                self._connection.execute(insert(into), what)

    def _group(self, facts: dict[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
        absent = [column for column in columns if column not in facts]
        if absent:
            raise DataError(
                f'{masked(self._url)}: programme {self.programme}: earlier awards do not say "{absent[0]}", which a limit names; '
                "limit what the season's first night knew, or give the programme another name"
            )
        return tuple(facts[column] for column in columns)

    def _seen(self) -> int:
        """Units that were decided."""
        ours = decisions.c.programme == self.programme
        return int(self._rows(select(func.count(distinct(decisions.c.unit)).label("seen")).where(ours))[0]["seen"])

    def _rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        with answering(self._url), self._connection.begin():
            return self._connection.execute(statement).mappings().all()


def chunks(units: list[str]) -> Iterator[list[str]]:
    """The units, as many at a time as one statement may name."""
    return (units[start : start + CHUNK] for start in range(0, len(units), CHUNK))
