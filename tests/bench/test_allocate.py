"""How the whole of `allocate` compares with one `values.argmax(axis=1)` over the same array, in the same run.

A million units × 51 amounts with both limits binding: at most 25 times. Ten million × 21: at most 12 times a million × 21.
"""

import time
import tracemalloc

import numpy as np
import pytest

from optimizer import Amounts, Limit, Solver, allocate

AMOUNTS = {51: Amounts.grid(max=2_500_000, step=50_000), 21: Amounts.grid(max=2_000_000, step=100_000)}


def logistic(n, amounts, rng):
    """Responses that rise with the award as a logistic function does, each unit's at its own pace."""
    a = amounts.array / 1e6
    values = np.empty((n, len(a)))
    for start in range(0, n, 100_000):
        size = min(100_000, n - start)
        level, slope, half = rng.normal(size=size), rng.gamma(2.0, 0.5, size=size), rng.uniform(0.3, 2.0, size=size)
        values[start : start + size] = 1 / (1 + np.exp(0.5 - level[:, None] - slope[:, None] * (1 - np.exp(-a / half[:, None]))))
    return values


def steps(n, amounts, rng):
    """Responses that jump at four amounts, as those of small trees do."""
    values = np.full((n, len(amounts)), 0.2)
    for start in range(0, n, 100_000):
        size = min(100_000, n - start)
        at, rise = rng.integers(1, len(amounts), size=(size, 4)), 0.15 * rng.random((size, 4))
        np.add.at(values[start : start + size], (np.arange(size)[:, None], at), rise)
    return np.cumsum(values, axis=1, out=values) - 0.2 * np.arange(len(amounts))


def limits(n, amounts):
    return [Limit.cost(at_most=amounts.values[-1] // 20 * n), Limit.recipients(at_most=0.2)]


@pytest.fixture(scope="module", params=[logistic, steps])
def million(request):
    return request.param(1_000_000, AMOUNTS[51], np.random.default_rng(0))


def test_a_million_units_take_at_most_25_times_one_argmax(record, million):
    argmax = min(clocked(lambda: million.argmax(axis=1)) for _ in range(5))
    asked = limits(len(million), AMOUNTS[51])
    plan = allocate(million, AMOUNTS[51], asked)
    median = sorted(clocked(lambda: allocate(million, AMOUNTS[51], asked)) for _ in range(5))[2]
    record(gap=plan.gap, times_one_argmax=median / argmax)
    assert plan.gap <= 1e-9
    assert all(price > 0 for price in plan.shadow_prices.values())
    assert median <= 25 * argmax


def test_both_backends_agree_on_a_million_units(million):
    asked = limits(len(million), AMOUNTS[51])
    plans = [allocate(million, AMOUNTS[51], asked, solver=Solver(backend=backend)) for backend in ("gurobi", "highs")]
    assert plans[0].value == pytest.approx(plans[1].value, rel=1e-9)


@pytest.mark.parametrize("binding", ["none", "cost", "recipients", "both"])
@pytest.mark.parametrize("m", [21, 51])
@pytest.mark.parametrize("n", [1_000, 10_000, 100_000])
@pytest.mark.parametrize("kind", [logistic, steps])
def test_any_size_is_proven(record, kind, n, m, binding):
    amounts = AMOUNTS[m]
    values = kind(n, amounts, np.random.default_rng(3))
    cost, heads = limits(n, amounts)
    asked = {"none": [], "cost": [cost], "recipients": [heads], "both": [cost, heads]}[binding]
    argmax = min(clocked(lambda: values.argmax(axis=1)) for _ in range(5))
    plan = allocate(values, amounts, asked)
    record(gap=plan.gap, times_one_argmax=clocked(lambda: allocate(values, amounts, asked)) / argmax)
    assert plan.gap <= 1e-9


def test_ten_million_units_take_at_most_12_times_a_million(record):
    amounts, rng = AMOUNTS[21], np.random.default_rng(1)
    small, large = logistic(1_000_000, amounts, rng), logistic(10_000_000, amounts, rng)
    allocate(small, amounts, limits(len(small), amounts))
    one = min(clocked(lambda: allocate(small, amounts, limits(len(small), amounts))) for _ in range(3))
    ten = min(clocked(lambda: allocate(large, amounts, limits(len(large), amounts))) for _ in range(2))
    tracemalloc.start()
    plan = allocate(large, amounts, limits(len(large), amounts))
    memory = tracemalloc.get_traced_memory()[1] + large.nbytes
    tracemalloc.stop()
    record(gap=plan.gap, ten_over_one=ten / one, gibibytes=memory / 2**30)
    assert plan.gap <= 1e-9
    assert ten <= 12 * one
    assert memory <= 8 * 2**30


def clocked(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


WORST = {
    "all curves equal": lambda n, a, _: np.tile(1 - np.exp(-a.array / 1e6), (n, 1)),
    "two values only": lambda n, a, rng: (rng.integers(0, len(a), size=(n, 1)) <= np.arange(len(a))).astype(float),
    "value proportional to cost": lambda n, a, rng: rng.uniform(0.9, 1.1, size=(n, 1)) * (a.array / 1e7),
    "value is cost, with noise": lambda n, a, rng: a.array / 1e7 + 1e-6 * rng.random((n, len(a))),
    "no curve moves": lambda n, a, _: np.full((n, len(a)), 0.5),
    "money repels": lambda n, a, _: -np.tile(a.array / 1e7, (n, 1)),
}


@pytest.mark.parametrize("budget", ["binding", "one short of a tier", "nothing"])
@pytest.mark.parametrize("case", WORST)
def test_worst_cases_end_in_seconds_with_a_true_gap(record, case, budget):
    n, amounts = 1_000_000, AMOUNTS[51]
    values = WORST[case](n, amounts, np.random.default_rng(2))
    most = {"binding": 120_000 * n, "one short of a tier": 120_000 * n - 1, "nothing": 0}[budget]
    seconds = time.perf_counter()
    plan = allocate(values, amounts, [Limit.cost(at_most=most), Limit.recipients(at_most=0.2)])
    seconds = time.perf_counter() - seconds
    record(gap=plan.gap, seconds=seconds)
    assert plan.bound >= plan.value
    assert seconds < 90
