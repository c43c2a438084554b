"""A query's rows are a table like any other, read a few at a time by somebody who cannot write."""

import numpy as np
import pandas as pd
import pytest

from optimizer import solve, verify
from optimizer.edge import sql_table
from optimizer.edge.connections import connection, engine
from optimizer.edge.sql_table import read_sql
from optimizer.edge.tables import read_table, table_of
from optimizer.errors import DataError, VerificationError

VARIABLE = "STUDENTS"
EVERY_TYPE = """SELECT * FROM (VALUES
    (9007199254740993, 1.50::numeric, 2::numeric(30), 0.1::real, true, 'F', '00123',
     'd85fc10a-55b4-4f3a-8a0f-5a5a4f0d3b52'::uuid, date '2026-04-01', NULL::integer),
    (2, NULL, 3, 2.5, NULL, NULL, 'a%d :b', NULL, NULL, NULL)
) AS t (whole, money, counted, single, flag, gender, code, token, day, nothing)"""


@pytest.fixture
def database(tmp_path, monkeypatch):
    """A SQLite file that STUDENTS names; fills a table of it with a frame."""
    path = tmp_path / "students.db"
    monkeypatch.setenv(VARIABLE, str(path))

    def fill(frame, name="t"):
        made = engine(connection(path))
        frame.to_sql(name, made, index=False, if_exists="replace")
        made.dispose()

    return fill


@pytest.fixture(params=["sqlite", "postgres"])
def either(request, database, monkeypatch):
    """The same in SQLite and in PostgreSQL."""
    if request.param == "sqlite":
        return database
    url = request.getfixturevalue("postgres")
    monkeypatch.setenv(VARIABLE, url.render_as_string(hide_password=False))

    def fill(frame, name="t"):
        made = engine(url)
        frame.to_sql(name, made, index=False, if_exists="replace")
        made.dispose()

    return fill


def read(query, **options):
    return read_sql(query, f"env:{VARIABLE}", name="units.sql", **options)


def rows(n=10):
    return pd.DataFrame(
        {
            "id": np.arange(n) + 2**53,
            "income": np.where(np.arange(n) % 3 == 0, np.nan, np.arange(n) / 2),
            "gender": pd.Series(["F", None, "M", "00123"] * n, dtype="str")[:n],
            "late": np.where(np.arange(n) < n - 1, np.nan, 7.0),
        }
    )


@pytest.mark.parametrize("at_a_time", [1, 3, 1_000])
def test_cells_are_what_a_parquet_file_of_the_same_rows_would_hold(either, tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(sql_table, "ROWS", at_a_time)
    either(rows())
    rows().to_parquet(tmp_path / "t.parquet")
    table = read("SELECT * FROM t ORDER BY id")
    pd.testing.assert_frame_equal(table.frame, read_table(tmp_path / "t.parquet").frame)
    assert table.digest == table_of(rows()).digest
    assert (table.name, table.first_row) == ("units.sql", 1)


def test_no_more_rows_than_a_few_are_held_at_a_time(either, monkeypatch):
    held = []
    typed = sql_table._typed
    monkeypatch.setattr(
        sql_table, "_typed", lambda values, *rest, **named: held.append(len(values)) or typed(values, *rest, **named)
    )
    monkeypatch.setattr(sql_table, "ROWS", 4)
    either(rows())
    assert len(read("SELECT id FROM t").frame) == 10
    assert held == [4, 4, 2]


def test_ids_are_text_without_a_decimal_point_however_large(either):
    either(rows(2))
    query = "SELECT id, CAST(7 AS {}) AS money FROM t ORDER BY id"
    assert read(query.format("REAL"), text_columns=("id", "money")).frame.to_dict("list") == {
        "id": [str(2**53), str(2**53 + 1)],
        "money": ["7", "7"],
    }


def test_every_type_of_postgresql_becomes_numbers_text_or_dates(postgres, monkeypatch):
    monkeypatch.setenv(VARIABLE, postgres.render_as_string(hide_password=False))
    frame = read(EVERY_TYPE, text_columns=("counted",)).frame
    assert frame["whole"].tolist() == [9007199254740993, 2]
    assert [str(frame[column].dtype) for column in ("money", "single", "flag", "nothing")] == ["float64"] * 4
    assert frame["money"].tolist()[0] == 1.5
    assert frame["counted"].tolist() == ["2", "3"]
    assert frame["single"].tolist() == [0.1, 2.5]
    assert frame["code"].tolist() == ["00123", "a%d :b"]
    assert frame["token"].tolist()[0] == "d85fc10a-55b4-4f3a-8a0f-5a5a4f0d3b52"
    assert str(frame["day"][0]) == "2026-04-01"
    assert isinstance(frame["gender"].dtype, pd.StringDtype)


def test_whole_numbers_beyond_64_bits_are_still_numbers(postgres, monkeypatch):
    monkeypatch.setenv(VARIABLE, postgres.render_as_string(hide_password=False))
    monkeypatch.setattr(sql_table, "ROWS", 1)
    query = "SELECT n FROM (VALUES (9007199254740993::numeric), (100000000000000000000)) AS t (n) ORDER BY n"
    assert read(query).frame["n"].tolist() == [9007199254740992.0, 1e20]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT nope FROM t", "nope"),
        ("SELECT id FROM t WHERE id < 0", "has no rows"),
        ("SELECT id, id FROM t", 'column "id" appears 2 times'),
        ("SELECT 1; SELECT 2", "units.sql: "),
        ("DELETE FROM t", "units.sql: "),
        ("DELETE FROM t RETURNING id", "units.sql: "),
        ("WITH gone AS (SELECT 1) DELETE FROM t RETURNING id", "units.sql: "),
    ],
)
def test_what_is_not_one_select_with_rows_is_refused_and_changes_nothing(either, query, says):
    either(rows())
    with pytest.raises(DataError, match=says) as caught:
        read(query)
    assert ";" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(read("SELECT id FROM t").frame) == 10


@pytest.mark.parametrize("at_a_time", [1, 1_000])
def test_a_column_of_several_types_is_refused(database, monkeypatch, at_a_time):
    database(rows())
    monkeypatch.setattr(sql_table, "ROWS", at_a_time)
    with pytest.raises(DataError, match=r'units\.sql: column "x" must hold values of one type.*; CAST it in the query'):
        read("SELECT 1 AS x UNION ALL SELECT 'one'")


@pytest.fixture
def programme(folder, database):
    """The small scenario with its units and history in a database; numbers are ids."""
    units = pd.read_csv(folder / "applicants.csv")
    database(units, "applicants")
    database(pd.read_csv(folder / "history.csv"), "history")
    text = (folder / "small.yaml").read_text()
    queries = {
        name: f'{{sql: "SELECT * FROM {name} ORDER BY 1", connection: env:{VARIABLE}' for name in ("applicants", "history")
    }
    for name, query in queries.items():
        text = text.replace(f"{{table: {name}.csv", query)
    (folder / "sql.yaml").write_text(text)
    return folder, units


def test_a_scenario_on_queries_is_solved_as_on_files_and_verified_until_its_rows_change(programme, database):
    folder, units = programme
    plan = solve(folder / "sql.yaml", out=folder / "out")
    pd.testing.assert_frame_equal(plan.table, solve(folder / "small.yaml").table)
    assert f"connection: env:{VARIABLE}" in (folder / "out" / "scenario.resolved.yaml").read_text()
    verify(folder / "out")
    database(units.assign(exam_score=units.exam_score + 1), "applicants")
    with pytest.raises(VerificationError, match="changed since the run; a query reads what is there now"):
        verify(folder / "out")


def test_the_address_may_stand_in_a_private_file_beside_the_scenario(programme, monkeypatch, tmp_path):
    folder, _ = programme
    (folder / "address").write_text(str(tmp_path / "students.db"))
    (folder / "address").chmod(0o600)
    text = (folder / "sql.yaml").read_text().replace(f"env:{VARIABLE}", "file:address")
    (folder / "file.yaml").write_text(text)
    expected = solve(folder / "sql.yaml")
    monkeypatch.delenv(VARIABLE)
    pd.testing.assert_frame_equal(solve(folder / "file.yaml").table, expected.table)
