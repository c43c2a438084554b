"""The ledger's tables: what happened is added and never changed; only an award's status moves, and who holds a programme.

    models ← runs ← decisions ← awards ← award_history        holders

The database itself keeps what must hold: one live award a unit, positive amounts, and what was written as it was written
(`migrations/versions` makes these tables and the triggers that guard them).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from optimizer.problem.night import LIVE


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone; kept in UTC, since SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From what the database gives: UTC where it gives no zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

models = Table(
    "models",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("first_seen", Moment, nullable=False),
    Column("description", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("night", Date, nullable=False),
    Column("scenario_digest", Text, nullable=False),
    Column("data_digest", Text, nullable=False),
    Column("model_digest", Text),
    Column("code_version", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("finished", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text, nullable=False),
    ForeignKeyConstraint(["model_digest"], ["models.digest"], name="run_of_a_model"),
    CheckConstraint("status IN ('decided')", name="run_status"),
)
"""One row a night; `result` is canonical JSON."""

decisions = Table(
    "decisions",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    ForeignKeyConstraint(["programme", "run"], ["runs.programme", "runs.key"], name="decision_of_a_run"),
    UniqueConstraint("programme", "run", "place", name="decision_place"),
    CheckConstraint("amount >= 0", name="decision_amount"),
)
"""Who was decided in which night, with an award or without, in the night's order."""

awards = Table(
    "awards",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("offered_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    ForeignKeyConstraint(
        ["programme", "unit", "run"], ["decisions.programme", "decisions.unit", "decisions.run"], name="award_of_a_decision"
    ),
    CheckConstraint("amount > 0", name="award_amount"),
    CheckConstraint("cost >= 0 AND due >= 0", name="award_cost"),
    CheckConstraint("status IN ('offered', 'accepted', 'declined', 'expired')", name="award_status"),
)
"""`facts` is canonical JSON: what the unit's columns held that the limits name."""

live = awards.c.status.in_(LIVE)
Index("one_live_award", awards.c.programme, awards.c.unit, unique=True, sqlite_where=live, postgresql_where=live)

award_history = Table(
    "award_history",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("became", Text, primary_key=True),
    Column("was", Text),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    ForeignKeyConstraint(
        ["programme", "unit", "run"], ["awards.programme", "awards.unit", "awards.run"], name="change_of_an_award"
    ),
)
"""Every status an award has had; none comes back, so each stands once."""

holders = Table(
    "holders",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("term", BigInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
)
"""Who last held each programme's lock; `until` is empty while a night goes on, and where one ended without finishing.

`term` counts the holders: whoever writes shows the number it was given, so that one who lost the lock unnoticed cannot.
"""
