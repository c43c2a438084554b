"""The ledger says what was decided and awarded, the same in SQLite and PostgreSQL; the database itself keeps what must hold."""

import json
import shutil
import stat
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from optimizer.edge import ledger_schema
from optimizer.edge.cells import original
from optimizer.edge.connections import connection
from optimizer.edge.ledger import Ledger
from optimizer.edge.ledger_connection import connected
from optimizer.edge.ledger_night import CHUNK
from optimizer.edge.ledger_tables import award_history, awards, decisions, metadata, models, runs
from optimizer.errors import DataError, WriteError
from optimizer.problem.night import Run

ODD = ["s1", "'); DROP TABLE awards; --", "=1+1", "名前 100%", '"a b"', ":x"]


def run_of(key="2026-11-24", programme="grants", **other):
    """A night of that key, which is its date too."""
    known = {
        "night": date.fromisoformat(key),
        "scenario_digest": "s",
        "data_digest": "d",
        "model_digest": "m",
        "code_version": "0.1.0",
        "started": datetime(2026, 11, 24, 2, 0, 0, 5, tzinfo=timezone(timedelta(hours=9))),
        "finished": datetime(2026, 11, 24, 2, 1, tzinfo=UTC),
        "result": {"spent": 3, "nested": {"é": [1, 2.5, None]}},
        "model": "two trees",
    }
    return Run(key=key, programme=programme, **(known | other))


def table_of(amounts, facts=None):
    """Decisions of these amounts by unit: each is expected to cost half."""
    units, given = list(amounts), list(amounts.values())
    return pd.DataFrame(
        {
            "unit": np.array(units, dtype=object),
            "amount": np.array(given, dtype=np.int64),
            "cost": np.array(given, dtype=np.int64) // 2,
            "due": np.array(given, dtype=np.int64),
            "facts": [json.dumps((facts or {}).get(unit, {"gender": "F"})) for unit in units],
        }
    )


def decided(ledger, amounts, key="2026-11-24", programme="grants", facts=None):
    with ledger.night(programme) as night:
        night.record(run_of(key, programme), table_of(amounts, facts))
        night.commit()


def changed(where, statement):
    """Do something to the database that bursar does not."""
    with connected(connection(where)) as link, link.begin():
        link.execute(statement)


def rows(where, table):
    with connected(connection(where)) as link, link.begin():
        return sorted(link.execute(select(table)).all(), key=str)


def everything(where):
    return {table.name: rows(where, table) for table in (models, runs, decisions, awards, award_history)}


def statuses(ledger):
    return {award.unit: award.status for award in ledger.awards()}


@pytest.fixture
def ledger(where):
    return Ledger.create(where)


def test_a_ledger_is_made_once_and_its_tables_are_those_the_code_knows(where, tmp_path):
    decided(Ledger.create(where), {"a": 100})
    before = everything(where)
    Ledger.create(where)
    Ledger.open(where)
    assert everything(where) == before
    with connected(connection(where)) as link, link.begin():
        assert compare_metadata(MigrationContext.configure(link), metadata) == []
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_where_no_ledger_is_none_is_made_by_opening_it(where, tmp_path):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(WriteError, match=r"no ledger; run `bursar ledger init`"):
        Ledger.open(where)
    assert sorted(tmp_path.iterdir()) == before


def test_a_ledger_of_a_newer_bursar_is_left_alone(where, ledger):
    decided(ledger, {"a": 100})
    changed(where, text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (Ledger.open, Ledger.create):
        with pytest.raises(WriteError, match=r"is of revision 9999, newer than 0001, which this bursar knows; update bursar"):
            use(where)


STEP = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.add_column("holders", sa.Column("more", sa.Text))
"""


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Make this bursar a later one, whose migrations have this second step too."""

    def write(step):
        folder = tmp_path / "migrations"
        shutil.copytree(ledger_schema.MIGRATIONS, folder)
        (folder / "versions" / "0002_more.py").write_text(step)
        monkeypatch.setattr(ledger_schema, "MIGRATIONS", folder)

    return write


def test_an_older_ledger_asks_for_init_which_keeps_what_it_says(where, ledger, later):
    decided(ledger, {"a": 100})
    before = everything(where)
    later(STEP)
    with pytest.raises(WriteError, match=r"is of revision 0001, older than 0002; run `bursar ledger init`"):
        Ledger.open(where)
    Ledger.create(where)
    Ledger.open(where)
    assert everything(where) == before
    changed(where, text("SELECT more FROM holders"))


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(where, ledger, later):
    decided(ledger, {"a": 100})
    before = everything(where)
    later(STEP + '    op.execute("DELETE FROM no_such_table")\n')
    with pytest.raises(WriteError, match="no_such_table"):
        Ledger.create(where)
    with pytest.raises(WriteError, match="is of revision 0001, older than 0002"):
        Ledger.open(where)
    with pytest.raises(DBAPIError, match="more"):
        changed(where, text("SELECT more FROM holders"))
    assert everything(where) == before


def test_a_file_that_is_no_ledger_is_told_and_kept(tmp_path):
    (tmp_path / "x.sqlite").write_text("no database at all, only a text that is long enough" * 20)
    for use in (Ledger.open, Ledger.create):
        with pytest.raises(WriteError, match="file is not a database"):
            use(tmp_path / "x.sqlite")
    with pytest.raises(WriteError, match="no such folder"):
        Ledger.create(tmp_path / "nowhere" / "x.sqlite")


def test_a_night_is_read_as_it_was_written(ledger):
    amounts = dict(zip(ODD, (100, 0, 2**40, 0, 7, 50), strict=True))
    decided(ledger, amounts)
    with ledger.night("grants") as night:
        assert night.run("2026-11-24") == run_of()
        assert night.run("2026-11-25") is None
        found = night.decisions("2026-11-24")
        assert dict(zip(found["unit"], found["amount"], strict=True)) == amounts
        assert list(found["unit"]) == ODD
        assert found["amount"].dtype == np.int64
        assert night.decisions("2026-11-25").empty
    assert {award.unit: award.amount for award in ledger.awards()} == {unit: given for unit, given in amounts.items() if given}
    with ledger.night("other") as night:
        assert night.run("2026-11-24") is None
        assert night.standing(["gender"]).seen == 0


def test_a_night_without_news_is_a_run_without_a_model(ledger):
    nobody = run_of(model_digest="", model="")
    with ledger.night("grants") as night:
        night.record(nobody, table_of({}))
        night.commit()
        assert night.run(nobody.key) == nobody


@pytest.mark.parametrize("ends", [None, ValueError, KeyboardInterrupt, SystemExit])
def test_what_is_not_committed_is_gone(where, ledger, ends):
    try:
        with ledger.night("grants") as night:
            night.record(run_of(), table_of({"a": 100}))
            if ends is not None:
                raise ends
    except (ValueError, KeyboardInterrupt, SystemExit):
        pass
    assert not any(everything(where).values())
    decided(ledger, {"a": 100})
    assert statuses(ledger) == {"a": "offered"}


def test_a_night_is_decided_once(where, ledger):
    decided(ledger, {"a": 100})
    before = everything(where)
    says = r"(?i)night 2026-11-24: contradicts what the ledger holds \(.*unique"
    with ledger.night("grants") as night, pytest.raises(WriteError, match=says):
        night.record(run_of(), table_of({"b": 100}))
    assert everything(where) == before


def test_a_unit_has_one_live_award(where, ledger):
    decided(ledger, {"a": 100, "b": 50})
    before = everything(where)
    with ledger.night("grants") as night, pytest.raises(WriteError):
        night.record(run_of("2026-11-25"), table_of({"c": 1, "a": 100}))
    assert everything(where) == before
    ledger.decline("grants", ["a"])
    decided(ledger, {"a": 70}, key="2026-11-25")
    ledger.accept("grants", ["a"])
    assert [(award.unit, award.amount, award.status) for award in ledger.awards("grants")] == [
        ("a", 100, "declined"),
        ("b", 50, "offered"),
        ("a", 70, "accepted"),
    ]


def test_the_database_refuses_amounts_that_are_none(where, ledger):
    decided(ledger, {"a": 0})
    which = {"programme": "grants", "run": "2026-11-24", "facts": "{}", "offered_at": datetime.now(UTC)}
    good = {"unit": "a", "amount": 1, "cost": 0, "due": 0, "status": "offered", **which}
    for wrong in ({"amount": 0}, {"amount": -1}, {"cost": -1}, {"due": -1}, {"status": "lost"}, {"unit": "nobody"}):
        with pytest.raises(DBAPIError):
            changed(where, insert(awards).values(good | wrong))
    changed(where, insert(awards).values(good))
    with pytest.raises(DBAPIError):
        changed(where, insert(decisions).values(programme="grants", run="2026-11-24", unit="b", place=1, amount=-1))


def test_what_was_written_is_never_changed(where, ledger):
    decided(ledger, {"a": 100})
    ledger.accept("grants", ["a"])
    before = everything(where)
    for table in (models, runs, decisions, awards, award_history):
        fixed = [column for column in table.c if (table, column.name) != (awards, "status")]
        for statement in (delete(table), *(update(table).values({column: column}) for column in fixed)):
            with pytest.raises(DBAPIError, match="is never changed"):
                changed(where, statement)
    assert everything(where) == before


def test_an_award_holds_its_cost_until_it_is_accepted_and_then_what_is_due(ledger):
    decided(ledger, {"a": 100, "b": 60, "c": 40, "d": 20, "e": 0})

    def standing(columns=()):
        with ledger.night("grants") as night:
            return night.standing(columns)

    assert (standing().spent, standing().recipients, standing().seen) == (110, 4, 5)
    ledger.accept("grants", ["a", "b"])
    assert (standing().spent, standing().recipients) == (190, 4)
    ledger.decline("grants", ["a", "c"])
    ledger.expire("grants", ["d"])
    assert (standing().spent, standing().recipients, standing().seen) == (60, 1, 5)


def test_what_stands_is_told_by_the_columns_of_limits(ledger):
    facts = {"a": {"gender": "F", "year": 1}, "b": {"gender": "M", "year": 1}, "c": {"gender": "F", "year": 2}}
    decided(ledger, {"a": 100, "b": 60, "c": 40}, facts=facts)
    with ledger.night("grants") as night:
        by_both, by_one = night.standing(["year", "gender"]).groups, night.standing(["gender"]).groups
        nothing = night.standing([]).groups
        with pytest.raises(DataError, match='earlier awards do not say "region", which a limit names; limit what'):
            night.standing(["region"])
    assert by_both.to_dict("records") == [
        {"year": 1, "gender": "F", "cost": 50, "recipients": 1},
        {"year": 2, "gender": "F", "cost": 20, "recipients": 1},
        {"year": 1, "gender": "M", "cost": 30, "recipients": 1},
    ]
    assert by_one.to_dict("records") == [
        {"gender": "F", "cost": 70, "recipients": 2},
        {"gender": "M", "cost": 30, "recipients": 1},
    ]
    assert nothing.to_dict("records") == [{"cost": 100, "recipients": 3}]
    assert {str(by_both[name].dtype) for name in ("cost", "recipients")} == {"int64"}
    with ledger.night("other") as night:
        empty = night.standing(["gender"])
        assert list(empty.groups.columns) == ["gender", "cost", "recipients"]
        assert (empty.spent, empty.recipients, empty.seen) == (0, 0, 0)


def test_who_was_decided_is_not_decided_again_unless_they_wait_without_an_award(ledger):
    decided(ledger, {"a": 100, "b": 0, "c": 30})
    ledger.decline("grants", ["c"])
    ids = np.array(["b", "x", "a", "c", *ODD], dtype=object)
    with ledger.night("grants") as night:
        assert list(ids[~night.open(ids, waiting=False)]) == ["b", "a", "c"]
        assert list(ids[~night.open(ids, waiting=True)]) == ["a", "c"]
        assert night.open(np.zeros(0, dtype=object), waiting=False).shape == (0,)
    decided(ledger, {"b": 10}, key="2026-11-25")
    with ledger.night("grants") as night:
        assert not night.open(ids, waiting=True)[0]
        assert night.standing([]).seen == 3


def test_more_units_than_one_statement_names_are_all_told_apart(ledger):
    many = {f"u{n}": n % 2 for n in range(CHUNK + 10)}
    decided(ledger, many)
    with ledger.night("grants") as night:
        assert night.open(np.array([*many, "new"], dtype=object), waiting=False).sum() == 1
        assert list(night.decisions("2026-11-24")["unit"]) == list(many)
    assert len(ledger.expire("grants", before=date(2026, 11, 25)).changed) == CHUNK // 2 + 5
    assert len(ledger.expire("grants", list(many)[1::2]).already) == CHUNK // 2 + 5


def test_an_award_moves_as_allowed_and_each_move_is_history(where, ledger):
    decided(ledger, dict.fromkeys("abcd", 10))
    done = ledger.accept("grants", ["b", "a", "b"], note="by post")
    assert (done.changed, done.already) == (("b", "a"), ())
    again = ledger.accept("grants", ["a", "c"])
    assert (again.changed, again.already) == (("c",), ("a",))
    ledger.decline("grants", ["a"])
    ledger.expire("grants", ["d"])
    assert statuses(ledger) == {"a": "declined", "b": "accepted", "c": "accepted", "d": "expired"}
    moves = {(row.unit, row.was, row.became, row.note) for row in rows(where, award_history)}
    assert moves == {
        *((unit, None, "offered", "") for unit in "abcd"),
        ("a", "offered", "accepted", "by post"),
        ("b", "offered", "accepted", "by post"),
        ("c", "offered", "accepted", ""),
        ("a", "accepted", "declined", ""),
        ("d", "offered", "expired", ""),
    }


def test_a_change_is_made_for_all_or_for_none(where, ledger):
    decided(ledger, {"a": 10, "b": 10, "c": 10, "d": 0})
    ledger.decline("grants", ["b"])
    ledger.accept("grants", ["c"])
    before = everything(where)
    for change, units, says in (
        (ledger.accept, ["a", "b", "d", "x"], "b's award is declined, d has no award, x has no award; only an award that is off"),
        (ledger.expire, ["a", "c"], "c's award is accepted; only an award that is offered can become expired; nothing was ch"),
        (ledger.accept, [str(n) for n in range(9)], "4 has no award and 4 more; only"),
    ):
        with pytest.raises(DataError, match=says):
            change("grants", units)
    with pytest.raises(DataError, match="a has no award"):
        ledger.accept("other", ["a"])
    assert everything(where) == before
    assert ledger.accept("grants", []).changed == ()


def test_offers_of_nights_before_a_day_expire(ledger):
    decided(ledger, {"a": 10, "b": 10})
    decided(ledger, {"c": 10}, key="2026-11-25")
    ledger.accept("grants", ["b"])
    assert ledger.expire("grants", before=date(2026, 11, 25)).changed == ("a",)
    assert ledger.expire("grants", before=date(2026, 11, 25)).changed == ()
    assert statuses(ledger) == {"a": "expired", "b": "accepted", "c": "offered"}


def test_status_adds_up_each_programme(ledger):
    decided(ledger, {"a": 100, "b": 60, "c": 40, "d": 20, "e": 0})
    decided(ledger, {"f": 0}, key="2026-11-25")
    ledger.accept("grants", ["a"])
    ledger.decline("grants", ["b"])
    ledger.expire("grants", ["c"])
    with ledger.night("other"):
        table = ledger.status().set_index("programme")
    assert table.loc["grants"].to_dict() == {
        "nights": 2,
        "last_night": "2026-11-25",
        "decided": 6,
        "offered": 1,
        "accepted": 1,
        "declined": 1,
        "expired": 1,
        "committed": 110,
        "holder": "",
    }
    assert table.loc["other", "holder"].startswith("process ")
    assert list(ledger.status("grants")["programme"]) == ["grants"]
    assert ledger.status("unknown").empty


def test_an_export_is_private_runs_no_formula_and_is_read_back_unchanged(ledger, tmp_path):
    decided(ledger, dict.fromkeys(ODD, 10))
    ledger.decline("grants", ["=1+1"])
    assert ledger.export(tmp_path / "awards.csv") == len(ODD)
    assert stat.S_IMODE((tmp_path / "awards.csv").stat().st_mode) == 0o600
    table = pd.read_csv(tmp_path / "awards.csv", dtype=str)
    assert not table["unit"].str.startswith("=").any()
    back = original(table)
    assert sorted(back["unit"]) == sorted(ODD)
    assert set(zip(back["unit"], back["status"], strict=True)) == set(statuses(ledger).items())
    assert set(back["offered_at"]) == {"2026-11-24 02:01:00+00:00"}
    assert ledger.export(tmp_path / "awards.csv", "other") == 0
