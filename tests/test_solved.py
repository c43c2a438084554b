"""What a notebook shows of a plan: small tables, escaped, and two pictures."""

import numpy as np
import pandas as pd
import pytest

from optimizer import Plan, allocate, solve
from optimizer.errors import DataError
from optimizer.options import Options


@pytest.fixture
def plan(folder):
    applicants = pd.read_csv(folder / "applicants.csv")
    applicants["student_id"] = ["<b>bold</b>", *applicants["student_id"].iloc[1:]]
    applicants.to_csv(folder / "applicants.csv", index=False)
    return solve(folder / "small.yaml")


def test_solve_returns_the_public_plan_and_it_compares_without_what_it_was_decided_on(plan):
    assert isinstance(plan, Plan)
    assert "basis" not in repr(plan)


def test_a_notebook_shows_the_figures_and_the_first_recipients(plan):
    shown = plan._repr_html_()
    assert f"<td>{plan.summary.uplift:,.4f}</td>" in shown
    assert "<th scope='row'>limit women</th>" in shown
    assert shown.count("<tr>") == 6 + len(plan.summary.usage) + 1 + min(10, plan.summary.recipients)


def test_names_are_escaped(plan):
    table = plan.table.assign(amount=500_000)
    assert (
        "&lt;b&gt;bold"
        in Plan(
            allocation=plan.allocation, certificate=plan.certificate, table=table, summary=plan.summary, basis=plan.basis
        )._repr_html_()
    )
    shown = allocate(np.array([[0.0, 1.0]]), [0, 1], [])._repr_html_()
    assert "<caption>Allocation</caption>" in shown
    assert "1 of 1" in shown


def test_a_curve_is_drawn_with_the_chosen_amount_and_the_price_line_through_it(plan):
    row = int(np.flatnonzero(plan.allocation.index)[0])
    figure = plan.plot_curve(plan.table["id"][row])
    curve, price, chosen, _ = figure.data
    assert list(curve.y) == plan.basis.curves.values[row].tolist()
    assert (list(chosen.x), list(chosen.y)) == ([plan.table["amount"][row]], [plan.table["outcome_with"][row]])
    at = list(price.x).index(plan.table["amount"][row])
    assert price.y[at] == pytest.approx(plan.table["outcome_with"][row])
    with pytest.raises(DataError, match="plot_curve: must name a unit of the plan, got 'nobody'"):
        plan.plot_curve("nobody")


def test_the_frontier_goes_through_the_plan(plan):
    line, mine, _ = plan.plot_frontier().data
    assert list(mine.x) == [10_000_000]
    assert mine.y[0] == pytest.approx(plan.summary.uplift)
    assert list(line.x) == sorted(line.x)
    assert len(line.x) == 21


def test_without_a_budget_there_is_no_frontier(folder):
    free = solve(folder / "small.yaml", options=Options(overrides=["limits.0.at_most=30%", "limits.0.of=recipients"]))
    assert free.plot_curve(free.table["id"][0]) is not None
    with pytest.raises(DataError, match="plot_frontier: needs a limit on everyone's cost"):
        free.plot_frontier()
