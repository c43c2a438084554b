"""A night decides for whom there is news, never twice, never beyond the season; and what it says is what the ledger has."""

import json
import pkgutil
import signal
from datetime import date

import numpy as np
import pandas as pd
import pytest

from optimizer import Infeasible, ScenarioError, VerificationError, WriteError, cli, run_night, verify
from optimizer.edge.ledger import Ledger
from optimizer.problem.night import LIVE

FIRST, SECOND, THIRD = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)


def live(where, programme="season"):
    """Amounts of live awards by unit."""
    return {award.unit: award.amount for award in Ledger.open(where).awards(programme) if award.status in LIVE}


def test_nobody_is_awarded_twice_and_the_season_holds(programme, ledger):
    given = {}
    for night, upto in ((FIRST, 100), (SECOND, 200), (THIRD, 300)):
        result = run_night(programme(slice(0, upto)), ledger, as_of=night).run.result
        assert result["units"] == 100
        now = live(ledger)
        assert given.items() <= now.items()
        assert len(now) - len(given) == result["recipients"]
        given = now
        assert sum(given.values()) == result["season"]["spent"] <= 30_000_000
        assert len(given) == result["season"]["recipients_so_far"] <= 40


@pytest.mark.parametrize(
    ("stage", "said", "stands"),
    [
        ("record", "nothing was written", False),
        ("commit", "night 2026-11-24 of season may stand in the ledger; run it again to see", True),
        ("show", "night 2026-11-24 of season is in the ledger", True),
    ],
)
def test_an_interrupted_night_says_what_it_leaves(programme, ledger, monkeypatch, capfd, stage, said, stands):
    where = "optimizer.edge.show_night.show_night" if stage == "show" else f"optimizer.edge.ledger_night.HeldNight.{stage}"
    work = pkgutil.resolve_name(where)
    monkeypatch.setattr(where, lambda *given: [work(*given), signal.raise_signal(signal.SIGINT)])
    argv = ["nightly", str(programme(slice(0, 30))), "--ledger", str(ledger), "--as-of", "2026-11-24"]
    assert cli.main(argv) == 130
    assert capfd.readouterr().err.endswith(f"stopped; {said}\n")
    assert bool(live(ledger)) == stands


def test_money_is_kept_for_those_to_come(programme, ledger):
    first = run_night(programme(slice(0, 30)), ledger, as_of=FIRST).run.result
    assert first["season"]["expected"] == 270
    assert 0 < first["spent"] < 30_000_000 * 0.3
    assert first["bid_price"] > 0


def test_the_same_night_again_changes_nothing_and_says_the_same(programme, ledger, tmp_path):
    scenario = programme(slice(0, 80))
    first = run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "out")
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    before = live(ledger)
    again = run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "out")
    assert (first.status, again.status) == ("decided", "repeated")
    assert again.run.result == json.loads(json.dumps(first.run.result))
    assert live(ledger) == before
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == files


def test_files_that_were_lost_are_made_again_from_the_ledger(programme, ledger, tmp_path):
    run_night(programme(slice(0, 60)), ledger, as_of=FIRST, out=tmp_path / "out")
    scenario = programme(slice(0, 150))
    run_night(scenario, ledger, as_of=SECOND, out=tmp_path / "out")
    kept = (tmp_path / "out" / "2026-11-25" / "allocation.csv").read_bytes()
    Ledger.open(ledger).decline("season", list(live(ledger))[:2])
    run_night(scenario, ledger, as_of=SECOND, out=tmp_path / "other")
    assert (tmp_path / "other" / "2026-11-25" / "allocation.csv").read_bytes() == kept


def test_another_table_under_the_same_key_is_refused(programme, ledger):
    run_night(programme(slice(0, 60)), ledger, as_of=FIRST)
    with pytest.raises(WriteError, match=r"decided before from another tables.* --key"):
        run_night(programme(slice(0, 61)), ledger, as_of=FIRST)
    assert run_night(programme(slice(0, 61)), ledger, as_of=FIRST, key="2026-11-24b").run.result["units"] == 1


def test_a_dry_run_writes_nothing(programme, ledger, tmp_path):
    scenario = programme(slice(0, 60))
    tried = run_night(scenario, ledger, as_of=FIRST, dry_run=True, out=tmp_path / "out")
    assert tried.status == "tried"
    assert live(ledger) == {}
    assert not (tmp_path / "out").exists()
    assert run_night(scenario, ledger, as_of=FIRST).run.result["spent"] == tried.run.result["spent"]


def test_each_night_learns_of_those_who_came_and_the_next_goes_on_from_there(programme, ledger):
    first = run_night(programme(slice(0, 60)), ledger, as_of=FIRST).run.result["season"]
    second = run_night(programme(slice(0, 150)), ledger, as_of=SECOND).run.result["season"]
    assert first["trend"]["n"] == 0
    assert first["learned"] == second["trend"]
    assert (first["learned"]["n"], second["learned"]["n"]) == (60, 150)
    assert first["mean"] != 0.0 != second["mean"]


def test_declined_money_comes_back(programme, ledger):
    run_night(programme(slice(0, 100)), ledger, as_of=FIRST)
    [first, *_] = sorted(live(ledger).items())
    Ledger.open(ledger).decline("season", [first[0]])
    result = run_night(programme(slice(0, 120)), ledger, as_of=SECOND).run.result
    assert result["season"]["spent_before"] == sum(live(ledger).values()) - result["spent"]
    assert first[0] not in live(ledger)


def test_who_waits_may_be_decided_again_but_not_who_declined(programme, ledger):
    scenario = programme(slice(0, 100))
    scenario.write_text(scenario.read_text().replace("expected_units: 300", "expected_units: 300, waiting: true"))
    first = run_night(scenario, ledger, as_of=FIRST).run.result
    [gone, *_] = sorted(live(ledger))
    Ledger.open(ledger).decline("season", [gone])
    second = run_night(scenario, ledger, as_of=SECOND).run.result
    assert second["units"] == 100 - first["recipients"]
    assert second["season"]["seen"] == 100
    assert gone not in live(ledger)


def test_a_night_without_news_is_recorded_and_gives_nothing(programme, ledger):
    scenario = programme(slice(0, 50))
    run_night(scenario, ledger, as_of=FIRST)
    before = live(ledger)
    night = run_night(scenario, ledger, as_of=SECOND)
    assert (night.run.result["units"], night.run.result["spent"]) == (0, 0)
    assert live(ledger) == before


def test_the_last_night_keeps_nothing_back(programme, ledger):
    result = run_night(programme(slice(0, 300)), ledger, as_of=date(2026, 12, 31)).run.result
    assert result["season"]["expected"] == 0
    assert result["recipients"] == 40 or result["season"]["spent"] > 29_500_000


def test_after_its_end_a_season_is_over(programme, ledger):
    with pytest.raises(ScenarioError, match="ends 2026-12-31, tonight 2027-01-01"):
        run_night(programme(slice(0, 50)), ledger, as_of=date(2027, 1, 1))


def test_a_scenario_without_a_season_is_refused(folder, ledger):
    with pytest.raises(ScenarioError, match="a night needs a season"):
        run_night(folder / "small.yaml", ledger, as_of=FIRST)


def test_shares_of_recipients_hold_for_all_that_stands(programme, ledger, tmp_path):
    for night, upto in ((FIRST, 70), (SECOND, 140), (THIRD, 210)):
        run_night(programme(slice(0, upto)), ledger, as_of=night)
        people = pd.read_csv(tmp_path / "season.csv", dtype={"student_id": str}).set_index("student_id")["gender"]
        women = [people[unit] == "F" for unit in live(ledger)]
        assert sum(women) >= 0.4 * len(women)


def test_what_a_night_leaves_is_verified_also_when_more_have_come(programme, ledger, tmp_path):
    run_night(programme(slice(0, 80)), ledger, as_of=FIRST, out=tmp_path / "out")
    night = run_night(programme(slice(0, 160)), ledger, as_of=SECOND, out=tmp_path / "out")
    programme(slice(0, 300))
    assert night.plan is not None
    for name in ("2026-11-24", "2026-11-25"):
        certificate = verify(tmp_path / "out" / name)
    assert certificate.value == pytest.approx(night.plan.certificate.value)
    table = pd.read_csv(tmp_path / "season.csv")
    table["exam_score"] += 1
    table.to_csv(tmp_path / "season.csv", index=False)
    with pytest.raises(VerificationError, match="changed since the run"):
        verify(tmp_path / "out" / "2026-11-25")


def test_a_night_that_fails_leaves_nothing(programme, ledger, tmp_path):
    scenario = programme(slice(0, 60))
    text = scenario.read_text().replace("limits:", "rules: {fixed: promised}\nlimits:")
    scenario.write_text(text.replace("budget: 30_000_000", "budget: 1_000_000"))
    table = pd.read_csv(tmp_path / "season.csv")
    table["promised"] = np.where(np.arange(60) < 5, 500_000, np.nan)
    table.to_csv(tmp_path / "season.csv", index=False)
    with pytest.raises(Infeasible):
        run_night(scenario, ledger, as_of=FIRST, out=tmp_path / "out")
    assert live(ledger) == {}
    assert not list(tmp_path.glob("**/*.bursar-*"))


def test_one_scenario_that_fails_does_not_stop_the_others(programme, ledger, tmp_path, capfd):
    for name in ("first", "second", "third"):
        programme(slice(0, 50), name)
    tonight = tmp_path / "tonight"
    tonight.mkdir()
    for name in ("first", "second", "third"):
        text = (
            (tmp_path / f"{name}.yaml")
            .read_text()
            .replace(f"{name}.csv", f"../{name}.csv")
            .replace("history.csv", "../history.csv")
        )
        (tonight / f"{name}.yaml").write_text(text)
    (tmp_path / "second.csv").unlink()
    code = cli.main(["nightly", str(tonight), "--ledger", ledger, "--as-of", "2026-11-24", "--out", str(tmp_path / "out")])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert code == 3
    assert [line["status"] for line in lines] == ["decided", "failed", "decided"]
    assert "no such file" in lines[1]["error"]
    assert live(ledger, "first")
    assert live(ledger, "third")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first", "third"]


def test_the_command_prints_what_the_night_came_to(programme, ledger, capfd):
    scenario = programme(slice(0, 60))
    code = cli.main(["nightly", str(scenario), "--ledger", ledger, "--as-of", "2026-11-24"])
    out = capfd.readouterr().out
    assert code == 0
    for words in ("season, night 2026-11-24: decided", "new tonight", "season: spent", "of 30,000,000", "still expected"):
        assert words in out
    assert cli.main(["nightly", str(scenario), "--ledger", ledger, "--as-of", "2026-11-24", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["status"] == "repeated"
