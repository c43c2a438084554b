"""The limits of a programme: twelve of them against two on the same people, and a frontier of 40 budgets against one solve."""

import time

import numpy as np
import pytest

import optimizer
from models.truth import FACULTIES, ScholarshipWorld
from optimizer import Amounts, Limit, allocate

N = 100_000
AMOUNTS = Amounts.grid(max=2_500_000, step=50_000, min=100_000)

SCENARIO = """
name: hundred-thousand
units: {table: applicants.csv, id: student_id}
history: {table: history.csv, outcome: enrolled, treatment: award,
          features: [family_income, family_size, exam_score, distance_km, gender, first_generation, faculty, region]}
model: {kind: s_learner, estimator: sklearn.ensemble.HistGradientBoostingClassifier, params: {max_iter: 50}}
amounts: {max: 2_500_000, step: 50_000, currency: JPY}
limits:
  - {measure: cost, at_most: 12_000_000_000}
  - {measure: recipients, at_most: 20%}
"""


def clocked(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.fixture(scope="module")
def people():
    world, rng = ScholarshipWorld(missing_share=0.0), np.random.default_rng(7)
    frame = world.draw_applicants(rng, n=N)
    return frame, world.response(frame, AMOUNTS.values)


def two_limits(frame):
    return [Limit.cost(at_most=120_000 * len(frame), name="budget"), Limit.recipients(at_most=0.2, name="heads")]


def twelve_limits(frame, values):
    """A total and six faculty budgets, heads, two quotas, seats of a faculty, and parity; most of them bind."""
    plain = allocate(values, AMOUNTS, two_limits(frame))
    law = (frame["faculty"] == "law").to_numpy()
    seats = 0.99 * values[np.arange(len(frame)), plain.index][law].sum()
    budget = 120_000 * len(frame)
    funds = [
        Limit.cost(at_most=int(0.98 * share * budget), where={"faculty": faculty}, name=f"fund of {faculty}")
        for faculty, share in FACULTIES.items()
    ]
    return [
        *two_limits(frame),
        *funds,
        Limit.recipients(at_least=0.5, of="recipients", where={"gender": "F"}, name="women"),
        Limit.recipients(at_least=0.3, where={"first_generation": 1}, name="first generation"),
        Limit.outcome(at_most=round(float(seats), 3), where={"faculty": "law"}, name="seats in law"),
        Limit.parity("recipients", by="gender", within=0.05, name="parity"),
    ]


def test_twelve_limits_take_at_most_8_times_as_long_as_two(record, people):
    frame, values = people
    twelve = twelve_limits(frame, values)
    two = two_limits(frame)
    plan = allocate(values, AMOUNTS, twelve, units=frame)
    few = sorted(clocked(lambda: allocate(values, AMOUNTS, two, units=frame)) for _ in range(3))[1]
    many = sorted(clocked(lambda: allocate(values, AMOUNTS, twelve, units=frame)) for _ in range(3))[1]
    binding = sum(price != 0.0 for price in plan.shadow_prices.values())
    record(gap=plan.gap, times_two_limits=many / few, prices=binding)
    assert plan.gap <= 1e-6
    assert many <= 8 * few


def test_a_frontier_of_40_budgets_takes_at_most_6_times_one_solve(record, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_CACHE", str(tmp_path / "models"))
    world, rng = ScholarshipWorld(), np.random.default_rng(5)
    world.draw_history(rng).to_csv(tmp_path / "history.csv", index=False)
    world.draw_applicants(rng, n=N, first=10_000).to_csv(tmp_path / "applicants.csv", index=False)
    (tmp_path / "many.yaml").write_text(SCENARIO, encoding="utf-8")
    optimizer.solve(tmp_path / "many.yaml")
    one = sorted(clocked(lambda: optimizer.solve(tmp_path / "many.yaml")) for _ in range(3))[1]
    start = time.perf_counter()
    table = optimizer.frontier(tmp_path / "many.yaml", start=3_000_000_000, stop=24_000_000_000)
    ratio = (time.perf_counter() - start) / one
    record(gap=table["gap"].max(), times_one_solve=ratio)
    assert len(table) == 40
    assert table["gap"].max() <= 1e-9
    assert table["value"].is_monotonic_increasing
    assert (np.diff(table["value"], 2) <= 1e-6 * table["value"].max()).all()
    for place in (0, 13, 39):
        budget = int(table["figure"][place])
        alone = optimizer.solve(tmp_path / "many.yaml", options=optimizer.Options(overrides=[f"limits.0.at_most={budget}"]))
        assert alone.certificate.value == pytest.approx(table["value"][place], rel=1e-9)
    assert ratio <= 6
