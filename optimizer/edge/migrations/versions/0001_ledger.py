"""The first ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ADDED_ONLY = ("models", "runs", "decisions", "award_history")
"""Tables whose rows are never changed nor removed."""

TERMS = ("programme", "unit", "run", "amount", "cost", "due", "facts", "offered_at")
"""What is never changed of an award: all but its status."""

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and the triggers that guard them; there is no way back, for a ledger is never unmade."""
    _models_and_runs()
    _decisions()
    _awards()
    _award_history()
    _holders()
    if op.get_bind().dialect.name == "postgresql":
        _guarded_in_postgresql()
    else:
        _guarded_in_sqlite()


def _models_and_runs() -> None:
    op.create_table(
        "models",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("programme", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("night", sa.Date, nullable=False),
        sa.Column("scenario_digest", sa.Text, nullable=False),
        sa.Column("data_digest", sa.Text, nullable=False),
        sa.Column("model_digest", sa.Text),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("finished", MOMENT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["model_digest"], ["models.digest"], name="run_of_a_model"),
        sa.CheckConstraint("status IN ('decided')", name="run_status"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("programme", "unit", "run")),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["programme", "run"], ["runs.programme", "runs.key"], name="decision_of_a_run"),
        sa.UniqueConstraint("programme", "run", "place", name="decision_place"),
        sa.CheckConstraint("amount >= 0", name="decision_amount"),
    )


def _awards() -> None:
    decision = ["programme", "unit", "run"]
    op.create_table(
        "awards",
        *(sa.Column(name, sa.Text, primary_key=True) for name in decision),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("amount", "cost", "due")),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(decision, [f"decisions.{name}" for name in decision], name="award_of_a_decision"),
        sa.CheckConstraint("amount > 0", name="award_amount"),
        sa.CheckConstraint("cost >= 0 AND due >= 0", name="award_cost"),
        sa.CheckConstraint("status IN ('offered', 'accepted', 'declined', 'expired')", name="award_status"),
    )
    live = sa.text("status IN ('offered', 'accepted')")
    op.create_index("one_live_award", "awards", ["programme", "unit"], unique=True, sqlite_where=live, postgresql_where=live)


def _award_history() -> None:
    award = ["programme", "unit", "run"]
    op.create_table(
        "award_history",
        *(sa.Column(name, sa.Text, primary_key=True) for name in (*award, "became")),
        sa.Column("was", sa.Text),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(award, [f"awards.{name}" for name in award], name="change_of_an_award"),
    )


def _holders() -> None:
    op.create_table(
        "holders",
        sa.Column("programme", sa.Text, primary_key=True),
        sa.Column("term", sa.BigInteger, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("process", sa.BigInteger, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
    )


def _guarded_in_sqlite() -> None:
    refused = "BEGIN SELECT RAISE(ABORT, '{} is never changed'); END"
    for table in ADDED_ONLY:
        for event in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} {refused.format(table)}")
    of_terms = f"UPDATE OF {', '.join(TERMS)}"
    for name, event in (("terms", of_terms), ("delete", "DELETE")):
        op.execute(f"CREATE TRIGGER awards_{name} BEFORE {event} ON awards {refused.format('an award but for its status')}")


def _guarded_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0] || '' is never changed''; END'"
    )
    for table in ADDED_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"EXECUTE FUNCTION never_changed('{table}')"
        )
    of_terms = f"UPDATE OF {', '.join(TERMS)} OR DELETE OR TRUNCATE"
    op.execute(
        f"CREATE TRIGGER awards_guard BEFORE {of_terms} ON awards EXECUTE FUNCTION never_changed('an award but for its status')"
    )
