"""A run: the same input gives the same bytes, and what it leaves cannot be changed unnoticed."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestRegressor

from optimizer import Scenario, VerificationError, narrow, read_scenario, solve, verify
from optimizer.edge.outputs import _canonical, sha256_of
from optimizer.engine import respond
from optimizer.errors import DataError
from optimizer.problem import streamed
from optimizer.run import Options, describe


@pytest.fixture
def solved(folder):
    solve(folder / "small.yaml", out=folder / "out")
    return folder / "out"


def resealed(certificate, change):
    """A forger's certificate: changed, and sealed again."""
    document = json.loads(certificate.read_text())
    document.pop("seal")
    change(document)
    certificate.write_text(json.dumps(document | {"seal": sha256_of(_canonical(document))}))


def rehashed(out, name):
    resealed(out / "certificate.json", lambda d: d["files"].update({name: sha256_of((out / name).read_bytes())}))


def test_the_plan_keeps_its_limits_and_adds_up(folder):
    plan = solve(folder / "small.yaml")
    assert plan.allocation.gap <= 1e-9
    assert int(plan.table["amount"].sum()) == plan.summary.spent <= 10_000_000
    assert int((plan.table["amount"] > 0).sum()) == plan.summary.recipients <= 12
    assert plan.table["outcome_with"].sum() == pytest.approx(plan.allocation.value)
    assert plan.table["uplift"].sum() == pytest.approx(plan.summary.uplift)
    applicants = pd.read_csv(folder / "applicants.csv")
    women = (plan.table["amount"] > 0) & (applicants["gender"] == "F")
    assert women.sum() >= 0.4 * plan.summary.recipients


def test_the_same_input_leaves_the_same_bytes(folder, monkeypatch):
    left = []
    for run in ("first", "second"):
        monkeypatch.setenv("BURSAR_CACHE", str(folder / f"store of the {run}"))
        solve(folder / "small.yaml", out=folder / "out")
        left.append({path.name: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()})
    assert left[0] == left[1]


def test_a_scenario_object_is_solved_as_its_file_is(folder):
    scenario = read_scenario(folder / "small.yaml")
    assert isinstance(scenario, Scenario)
    assert np.array_equal(solve(scenario).allocation.index, solve(folder / "small.yaml").allocation.index)


def test_a_parquet_table_gets_a_parquet_allocation_that_is_worth_the_same(folder):
    from_csv = solve(folder / "small.yaml", out=folder / "out")
    pd.read_csv(folder / "applicants.csv").to_parquet(folder / "applicants.parquet")
    text = (folder / "small.yaml").read_text().replace("applicants.csv", "applicants.parquet")
    (folder / "small.yaml").write_text(text)
    plan = solve(folder / "small.yaml", out=folder / "out")
    assert plan.allocation.value == from_csv.allocation.value
    assert sorted(path.suffix for path in (folder / "out").glob("allocation.*")) == [".parquet"]
    assert pd.read_parquet(folder / "out" / "allocation.parquet")["amount"].tolist() == plan.table["amount"].tolist()
    assert verify(folder / "out").value == plan.allocation.value


def test_curves_that_are_not_held_give_the_same_bytes(folder, monkeypatch):
    text = (folder / "small.yaml").read_text().replace("  - {measure: recipients, at_least: 40%", "#")
    (folder / "small.yaml").write_text(text)
    monkeypatch.setattr(narrow, "SMALL", 10)
    monkeypatch.setattr(narrow, "GROWTH", 3)
    solve(folder / "small.yaml", out=folder / "held")
    monkeypatch.setattr(respond, "HELD", 0)
    monkeypatch.setattr(streamed, "PART", 35)
    solve(folder / "small.yaml", out=folder / "streamed")
    for name in ("allocation.csv", "certificate.json", "summary.json", "frontier.csv", "report.html"):
        assert (folder / "held" / name).read_bytes() == (folder / "streamed" / name).read_bytes()
    assert verify(folder / "streamed").units == 60


def test_overrides_reach_the_plan(folder):
    plan = solve(folder / "small.yaml", options=Options(overrides=["limits.0.at_most=0"]))
    assert plan.summary.spent == 0
    assert plan.summary.cost_per_outcome is None


def test_both_backends_reach_the_same_value(folder):
    plan = solve(folder / "small.yaml")
    other = solve(folder / "small.yaml", options=Options(overrides=["solver.backend=highs"]))
    assert other.allocation.value == pytest.approx(plan.allocation.value, rel=1e-9)


def test_an_untouched_folder_is_verified(solved):
    certificate = verify(solved)
    assert certificate.gap <= 1e-9
    assert certificate.units == 60


@pytest.mark.parametrize(
    "name", ["allocation.csv", "certificate.json", "scenario.resolved.yaml", "model/model.skops", "summary.json", "frontier.csv"]
)
def test_a_changed_byte_in_any_file_is_noticed(solved, name):
    content = bytearray((solved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (solved / name).write_bytes(bytes(content))
    with pytest.raises(VerificationError):
        verify(solved)


@pytest.mark.parametrize("name", ["allocation.csv", "scenario.resolved.yaml", "model/model.skops", "summary.json"])
def test_a_missing_file_is_named(solved, name):
    (solved / name).unlink()
    with pytest.raises(DataError, match=re.escape(name)):
        verify(solved)


def forge_award(table):
    table.loc[table["amount"] == 0, "amount"] = 500_000


def forge_swap(table):
    first, last = table.index[table["amount"] > 0][0], table.index[table["amount"] == 0][0]
    table.loc[[first, last], "amount"] = table.loc[[last, first], "amount"].to_numpy()


def forge_outcome(table):
    table.loc[0, "outcome_with"] += 0.01


def forge_order(table):
    table["id"] = table["id"].to_numpy()[::-1]


def forge_amount_off_the_grid(table):
    table.loc[table.index[table["amount"] > 0][0], "amount"] -= 1


@pytest.mark.parametrize("forge", [forge_award, forge_swap, forge_outcome, forge_order, forge_amount_off_the_grid])
def test_a_forged_allocation_is_rejected_even_when_its_hash_is_forged_too(solved, forge):
    table = pd.read_csv(solved / "allocation.csv", dtype={"id": str})
    forge(table)
    table.to_csv(solved / "allocation.csv", index=False, lineterminator="\n")
    rehashed(solved, "allocation.csv")
    with pytest.raises(VerificationError):
        verify(solved)


@pytest.mark.parametrize(
    ("figure", "factor"),
    [
        ("value", 1.001),
        ("bound", 1.001),
        ("bound", 0.99),
        ("without", 0.9),
        ("dual_bound", 0.999),
        ("spent", 2),
        ("recipients", 2),
    ],
)
def test_a_forged_certificate_is_rejected_even_when_it_is_sealed_again(solved, figure, factor):
    def change(document):
        document["certificate"][figure] *= factor

    resealed(solved / "certificate.json", change)
    with pytest.raises(VerificationError):
        verify(solved)


def test_a_forged_summary_is_rejected_even_when_its_hash_is_forged_too(solved):
    summary = json.loads((solved / "summary.json").read_text())
    (solved / "summary.json").write_text(json.dumps(summary | {"value": summary["value"] + 1}))
    rehashed(solved, "summary.json")
    with pytest.raises(VerificationError, match="value is"):
        verify(solved)


def test_forged_prices_and_usage_are_rejected(solved):
    def cheaper(document):
        document["certificate"]["shadow_prices"]["cost"] *= 0.5

    resealed(solved / "certificate.json", cheaper)
    with pytest.raises(VerificationError):
        verify(solved)


def test_a_table_that_changed_since_is_noticed(solved, folder):
    with (folder / "applicants.csv").open("a") as file:
        file.write((folder / "applicants.csv").read_text().splitlines()[-1].replace("S", "T", 1) + "\n")
    with pytest.raises(VerificationError, match="changed since the run"):
        verify(solved)


def test_a_fitted_estimator_from_a_file_needs_no_history(folder):
    past = pd.read_csv(folder / "history.csv").dropna()
    inputs = past[["exam_score", "family_size", "award"]]
    skops.io.dump(RandomForestRegressor(10, max_depth=4, random_state=0).fit(inputs, past["enrolled"]), folder / "fitted.skops")
    applicants = pd.read_csv(folder / "applicants.csv")
    applicants.fillna({"exam_score": 50.0}).to_csv(folder / "applicants.csv", index=False)
    (folder / "wrapped.yaml").write_text(
        "name: wrapped\nunits: {table: applicants.csv, id: student_id}\n"
        "model: {kind: wrapped, file: fitted.skops, amount: award}\namounts: {tiers: [500_000, 1_000_000]}\n"
        "limits: [{measure: cost, at_most: 5_000_000}]\n"
    )
    plan = solve(folder / "wrapped.yaml", out=folder / "out")
    assert plan.allocation.gap <= 1e-9
    assert verify(folder / "out").value == plan.allocation.value


def test_the_held_out_part_of_a_history_is_planned_for(folder):
    text = (
        (folder / "small.yaml").read_text().replace("{table: applicants.csv, id: student_id}", "{holdout: 10%, id: student_id}")
    )
    (folder / "holdout.yaml").write_text(text)
    plan = solve(folder / "holdout.yaml", out=folder / "out")
    past = pd.read_csv(folder / "history.csv")
    usable = past["enrolled"].notna().sum()
    assert len(plan.table) == usable // 10
    assert set(plan.table["id"]) <= set(past["student_id"])
    assert verify(folder / "out").units == len(plan.table)


def test_a_fitted_model_is_reused_and_not_fitted_again(folder, caplog):
    solve(folder / "small.yaml")
    with caplog.at_level("INFO"):
        solve(folder / "small.yaml")
    assert "fitted before" in caplog.text


def test_describe_counts_the_rows_that_cannot_be_used(folder):
    facts = describe(folder / "small.yaml")
    assert any("left out of the fit" in fact for name, fact in facts.items() if name.startswith("note"))
