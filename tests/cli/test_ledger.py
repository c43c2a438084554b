"""`bursar ledger`: made, looked at, and told what became of awards, on stdout for people and for programs."""

import json
import re
import stat
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from optimizer.edge.ledger import Ledger
from optimizer.problem.night import Run

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """A ledger where one is by default, with a night that made three awards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BURSAR_LEDGER", raising=False)
    made = Ledger.create()
    units = ["a", "=b", "c", "d"]
    money = [100, 200, 300, 0]
    table = pd.DataFrame({"unit": units, "amount": money, "cost": money, "due": money, "facts": "{}"})
    digests = dict.fromkeys(("scenario_digest", "data_digest", "model_digest", "code_version"), "")
    with made.night("grants") as night:
        night.record(
            Run(key="k", programme="grants", night=date(2026, 11, 24), started=NOW, finished=NOW, result={}, **digests), table
        )
        night.commit()
    return made


def statuses(ledger):
    return {award.unit: award.status for award in ledger.awards()}


def test_init_makes_a_ledger_where_it_is_told_to(run, tmp_path):
    where = tmp_path / "season.sqlite"
    assert run("ledger", "status", "--ledger", where)[0] == 8
    code, out, err = run("ledger", "init", "--ledger", where)
    assert (code, out, err) == (0, f"sqlite:///{where}: ready\n", "")
    assert run("ledger", "status", "--ledger", where)[:2] == (0, "no night was decided yet\n")
    assert json.loads(run("ledger", "init", "--ledger", where, "--json")[1])["status"] == "ready"


def test_the_environment_says_where_the_ledger_is(run, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_LEDGER", str(tmp_path / "other.sqlite"))
    run("ledger", "init")
    assert (tmp_path / "other.sqlite").is_file()


def test_status_shows_each_programme(run, ledger):
    with ledger.night("loans"):
        code, out, _ = run("ledger", "status")
    assert code == 0
    assert re.search(r"grants +1 +2026-11-24 +4 +3 +0 +0 +0 +600", out)
    assert "loans: a night has not finished: process " in out
    assert json.loads(run("ledger", "status", "grants", "--json")[1]) == [
        {
            "programme": "grants",
            "nights": 1,
            "last_night": "2026-11-24",
            "decided": 4,
            "offered": 3,
            "accepted": 0,
            "declined": 0,
            "expired": 0,
            "committed": 600,
            "holder": "",
        }
    ]


def test_awards_are_accepted_declined_and_expire(run, ledger, tmp_path):
    assert run("ledger", "accept", "grants", "a", "c", "--note", "by post")[:2] == (0, "grants: 2 accepted\n")
    assert run("ledger", "accept", "grants", "a")[:2] == (0, "grants: 0 accepted\n  1 were accepted before: a\n")
    (tmp_path / "gone.csv").write_text("student,why\na,moved\n")
    code, out, _ = run("ledger", "decline", "grants", "--from", tmp_path / "gone.csv", "--id", "student", "--json")
    assert (code, json.loads(out)) == (0, {"programme": "grants", "status": "declined", "changed": ["a"], "already": []})
    assert run("ledger", "expire", "grants", "--before", "2026-11-25")[1] == "grants: 1 expired\n"
    assert statuses(ledger) == {"a": "declined", "=b": "expired", "c": "accepted"}


def test_an_export_names_units_that_are_taken_again(run, ledger, tmp_path):
    assert run("ledger", "export", "awards.csv")[:2] == (0, "3 awards written to awards.csv\n")
    assert stat.S_IMODE((tmp_path / "awards.csv").stat().st_mode) == 0o600
    assert "'=b" in (tmp_path / "awards.csv").read_text()
    assert run("ledger", "accept", "grants", "--from", "awards.csv", "--id", "unit")[1] == "grants: 3 accepted\n"
    assert set(statuses(ledger).values()) == {"accepted"}


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["accept", "grants", "a", "x"], 3, "x has no award; only an award that is offered can become accepted; nothing was ch"),
        (["accept", "grants"], 2, "name units, or a file of them with --from"),
        (["decline", "grants", "--from", "no.csv"], 3, "no.csv: no such file"),
        (["decline", "grants", "--from", "ids.csv"], 3, 'column "id" is not in the table'),
        (["export", "no/awards.csv"], 8, "no/awards.csv: cannot be written"),
        (["status", "--ledger", "no.sqlite"], 8, "no.sqlite: there is no ledger; run `bursar ledger init`"),
        (["status", "--ledger", "postgresql://ann:s3cret@host/db"], 3, "must hold no password"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr_and_changes_nothing(run, ledger, tmp_path, argv, code, says):
    (tmp_path / "ids.csv").write_text("student\na\n")
    found = run("ledger", *argv)
    assert found[:2] == (code, "")
    assert says in found[2]
    assert "s3cret" not in found[2]
    assert set(statuses(ledger).values()) == {"offered"}


def test_a_ledger_may_be_named_by_a_file_that_holds_its_address(run, where):
    assert run("ledger", "init", "--ledger", where)[0] == 0
    code, _, err = run("ledger", "accept", "grants", "a", "--ledger", where)
    assert (code, "a has no award" in err) == (3, True)


def test_every_verb_of_the_ledger_has_an_example_that_names_it(run):
    listed = run("ledger", "--help")[1]
    for verb in ("init", "status", "accept", "decline", "expire", "export"):
        assert verb in listed
        assert f"Example: bursar ledger {verb}" in run("ledger", verb, "--help")[1]
