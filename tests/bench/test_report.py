"""The report of a million units: how long it takes, and how large it is."""

from time import perf_counter

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from optimizer import Amounts, Limit, Scenario
from optimizer.edge.report import Page, render
from optimizer.problem.allocation import Allocation
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.result import Basis, Plan, Rule, Summary, segments_of, table_of_plan
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

UNITS = 1_000_000
SCENARIO = """
name: million
units: {table: units.parquet, id: id}
history: {table: history.csv, outcome: enrolled, treatment: award, features: [x]}
model: {kind: s_learner, estimator: sklearn.linear_model.LogisticRegression}
amounts: {max: 2_500_000, step: 50_000, currency: JPY}
limits: [{measure: cost, at_most: 100_000_000_000}, {measure: recipients, at_most: 20%, where: {gender: F}}]
"""


def plan_of(units):
    """Awards by a simple rule: what the page shows does not depend on how they were chosen."""
    rng = np.random.default_rng(0)
    amounts = Amounts.grid(max=2_500_000, step=50_000)
    values = np.clip(rng.random((UNITS, 1)) * 0.6 + rng.random((UNITS, 1)) * np.sqrt(np.arange(51) / 50) * 0.3, 0, 1)
    curves = Curves.of(values, amounts)
    index = np.where(rng.random(UNITS) < 0.2, rng.integers(1, 51, UNITS), 0)
    coupling = Coupling.compile(
        [Limit.cost(at_most=10**11), Limit.recipients(at_most=0.2, where={"gender": "F"})], UNITS, units.frame
    )
    totals = Totals.of(index, curves, coupling)
    without, prices, usage = float(values[:, 0].sum()), {row.name: 1e-7 for row in coupling.rows}, coupling.usage(totals)
    proof = {"value": totals.outcome, "bound": totals.outcome, "bound_source": "dual", "shadow_prices": prices, "usage": usage}
    allocation = Allocation(index=index, amount=amounts.array[index], **proof)
    table = table_of_plan(units, curves, allocation, probabilities=True)
    certificate = Certificate(
        units=UNITS,
        amounts=51,
        without=without,
        dual_bound=totals.outcome,
        spent=totals.cost,
        recipients=totals.recipients,
        **proof,
    )
    summary = Summary(
        name="million", currency="JPY", outcome_name="enrolled", units=UNITS, recipients=totals.recipients, spent=totals.cost,
        offered=totals.cost, expected_cost=False, without=without, value=totals.outcome, uplift=totals.outcome - without,
        cost_per_outcome=None, usage=usage, prices=(), bound=totals.outcome, bound_source="dual", gap=0.0,
        segments=segments_of(curves, table), notes=(),
        rules=(Rule(name="nobody", spent=0, recipients=0, outcome=without, breaks=()),),
    )  # fmt: skip
    basis = Basis(curves=curves, coupling=coupling, solver=Solver())
    return Plan(allocation=allocation, certificate=certificate, table=table, summary=summary, basis=basis)


def test_the_report_of_a_million_units_is_small(capsys, record):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"gender": rng.choice(["F", "M"], UNITS), "x": 0.0})
    units = Units(ids=np.char.add("S", np.arange(UNITS).astype(str)).astype(object), frame=frame, features=("x",))
    plan = plan_of(units)
    document = {"files": {"allocation.parquet": "0" * 64}, "data": {"units": "0" * 64}, "versions": {}, "seed": 0}
    start = perf_counter()
    page = render(Page.of(Scenario.model_validate(YAML(typ="safe").load(SCENARIO)), plan, frame, None, document))
    seconds, size = perf_counter() - start, len(page.encode()) / 1e6
    record(seconds=seconds, megabytes=size)
    with capsys.disabled():
        print(f"\nreport of {UNITS:,} units: {seconds:.1f} s, {size:.2f} MB")
    assert seconds < 20
    assert size < 10
