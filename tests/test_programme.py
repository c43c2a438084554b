"""The programme scenario, which shows the whole grammar, is solved to a proof, and its plan keeps all that the file says."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from optimizer import read_scenario, solve, verify
from optimizer.edge.show_plan import show_plan
from optimizer.edge.terminal import show_certificate
from optimizer.problem.scenario_limits import LimitSpec, ParitySpec
from optimizer.problem.scenario_rules import CostsSpec, RulesSpec
from optimizer.run import describe

PROGRAMME = Path(__file__).parents[1] / "scenarios" / "scholarship_programme.yaml"


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The plan, and the folder that it left."""
    folder = tmp_path_factory.mktemp("programme") / "out"
    return solve(PROGRAMME, out=folder), folder


@pytest.fixture(scope="module")
def plan(left):
    return left[0]


@pytest.fixture(scope="module")
def rows(plan):
    """One row an applicant: what is known of it, what it gets, and what that costs by the file's own words."""
    known = pd.read_csv(PROGRAMME.parent / "data" / "programme_applicants.csv")
    table = pd.concat([known, plan.table.drop(columns="id")], axis=1)
    awarded = table["amount"] > 0
    paid = np.ceil(table["amount"] * table["outcome_with"].clip(0, 1)).astype(int)
    return table.assign(awarded=awarded, cost=paid + awarded * (5_000 + table["handling_cost"]))


def test_the_file_shows_every_key_of_limits_rules_and_costs():
    text = PROGRAMME.read_text(encoding="utf-8")
    keys = {key for part in (LimitSpec, ParitySpec, RulesSpec, CostsSpec) for key in part.model_fields}
    assert [key for key in sorted(keys) if f"{key}: " not in text and f"  {key}:" not in text] == []


def test_the_plan_is_proven_and_the_proof_holds_without_a_solver(left):
    plan, folder = left
    second = plan.allocation.then
    assert plan.allocation.bound <= second.best * (1 + 1e-6)
    assert second.gap <= 1e-9
    assert second.value < second.before
    assert second.best * (1 - 0.005) - 1e-6 <= plan.allocation.value <= second.best
    assert verify(folder).value == plan.allocation.value


def test_every_rule_for_single_units_is_kept(rows):
    out = rows["status"].isin(["incomplete", "withdrawn"]) | (rows["family_income"] >= 15_000_000)
    assert not rows.loc[out, "amount"].any()
    promised = rows[rows["promised"].notna()]
    assert (promised["amount"] == promised["promised"]).all()
    assert not (rows["amount"] > rows["need"]).any()
    assert not (rows["amount"] < rows["guaranteed"]).any()
    assert set(rows.loc[rows["faculty"] == "engineering", "amount"]) <= {0, 200_000, 300_000, 500_000, 1_000_000, 2_000_000}
    free = rows[rows["promised"].isna() & rows["guaranteed"].isna()]
    assert (free["cost"] <= 4_000_000 * free["uplift"]).all()


def test_every_limit_is_kept(rows):
    cost, heads, outcome, uplift = (rows[column] for column in ("cost", "awarded", "outcome_with", "uplift"))
    faculty, women, first = rows["faculty"], rows["gender"] == "F", rows["first_generation"] == 1
    assert cost.sum() <= 60_000_000
    assert cost[faculty == "law"].sum() <= 8_000_000
    assert cost[faculty.isin(["arts", "economics"])].sum() <= 0.25 * cost.sum()
    assert cost.sum() <= 400_000 * heads.sum()
    assert heads.sum() <= 200
    assert heads[women].sum() >= 0.4 * heads.sum()
    assert heads[first].sum() >= 0.35 * first.sum()
    assert heads[faculty == "medicine"].sum() == 12
    assert heads[rows["region"].isin(["Kanto", "Kansai"])].sum() <= 100
    assert abs(heads[women].mean() - heads[~women].mean()) <= 0.05
    assert outcome[faculty == "arts"].sum() <= 66.5 + 1e-6
    assert outcome[faculty == "economics"].sum() >= 60
    assert cost.sum() <= 1_000_000 * uplift.sum()
    assert uplift[first].sum() >= 15


def test_several_limits_hold_the_plan_back(plan):
    assert sum("would bring" in sentence and "nothing" not in sentence for sentence in plan.summary.prices) >= 5


def test_costs_are_told_as_expectations_with_what_is_offered_in_all(plan, rows):
    assert plan.certificate.expected_cost
    assert (plan.summary.spent, plan.summary.offered) == (rows["cost"].sum(), rows["amount"].sum())
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    show_plan(plan, console)
    show_certificate(plan.certificate, console)
    text = " ".join(shown.getvalue().split())
    assert f"offered in all {plan.summary.offered:,} JPY spent (expected) {plan.summary.spent:,} JPY" in text
    assert f"costs are expectations: {plan.summary.spent:,} currency units" in text


def test_the_report_tells_what_is_offered_and_what_is_expected_to_be_spent(left):
    plan, folder = left
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"receive an award, {plan.summary.offered:,} JPY in all." in page
    assert f"{plan.summary.spent:,} JPY are expected to be spent" in page


def test_simpler_ways_that_give_what_may_not_be_given_are_said_to_break_the_rules(plan):
    assert ["rules for single units" in rule.breaks for rule in plan.summary.rules] == [True, True, True]


def test_groups_held_together_are_one_limit_to_whoever_breaks_them(plan):
    told = [name for rule in plan.summary.rules for name in rule.breaks]
    assert not any(" over " in name for name in told)


def test_what_would_be_solved_is_said_in_words():
    facts = describe(PROGRAMME)
    assert facts["costs"].startswith("the amount where the outcome happens, so that costs are expectations, plus 5,000 JPY")
    assert facts["rule never"] == "nothing where status incomplete or withdrawn; nothing where family_income at least 15,000,000"
    assert facts["rule cost_per_uplift"] == "no award that costs more than 4,000,000 JPY for each extra outcome it brings"
    assert facts["limit parity of recipients by gender"] == "award rates by gender at most 5 percentage points apart"
    assert facts["limit places of the medical fund"] == "recipients where faculty medicine exactly 12"
    assert facts["limit from nearby"] == "recipients where region Kanto or Kansai at most 100"
    rules = [name for name in facts if name.startswith("rule ")]
    limits = [name for name in facts if name.startswith("limit ")]
    assert (len(rules), len(limits)) == (6, len(read_scenario(PROGRAMME).limits))
