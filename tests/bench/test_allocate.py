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


def test_a_million_units_take_at_most_25_times_one_argmax(benchmark, million):
    argmax = min(clocked(lambda: million.argmax(axis=1)) for _ in range(5))
    plan = benchmark.pedantic(allocate, args=(million, AMOUNTS[51], limits(len(million), AMOUNTS[51])), rounds=5, warmup_rounds=1)
    benchmark.extra_info |= {"times one argmax": round(benchmark.stats["median"] / argmax, 1), "gap": plan.gap}
    print(f"\n{benchmark.extra_info}")
    assert plan.gap <= 1e-9
    assert all(price > 0 for price in plan.shadow_prices.values())
    assert benchmark.stats["median"] <= 25 * argmax


def test_both_backends_agree_on_a_million_units(million):
    plans = [
        allocate(million, AMOUNTS[51], limits(len(million), AMOUNTS[51]), solver=Solver(backend=b)) for b in ("gurobi", "highs")
    ]
    assert plans[0].value == pytest.approx(plans[1].value, rel=1e-9)


def test_ten_million_units_take_at_most_12_times_a_million():
    amounts, rng = AMOUNTS[21], np.random.default_rng(1)
    small, large = logistic(1_000_000, amounts, rng), logistic(10_000_000, amounts, rng)
    allocate(small, amounts, limits(len(small), amounts))
    one = min(clocked(lambda: allocate(small, amounts, limits(len(small), amounts))) for _ in range(3))
    ten = clocked(lambda: allocate(large, amounts, limits(len(large), amounts)))
    tracemalloc.start()
    plan = allocate(large, amounts, limits(len(large), amounts))
    memory = tracemalloc.get_traced_memory()[1] + large.nbytes
    tracemalloc.stop()
    print(f"\nten million over one million: {ten / one:.1f}; memory {memory / 2**30:.2f} GiB; gap {plan.gap:.1e}")
    assert plan.gap <= 1e-9
    assert ten <= 12 * one
    assert memory <= 8 * 2**30


def clocked(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


WORST = {
    "all curves equal": lambda n, a, rng: np.tile(1 - np.exp(-a.array / 1e6), (n, 1)),
    "two values only": lambda n, a, rng: (rng.integers(0, len(a), size=(n, 1)) <= np.arange(len(a))).astype(float),
    "value proportional to cost": lambda n, a, rng: rng.uniform(0.9, 1.1, size=(n, 1)) * (a.array / 1e7),
    "value is cost, with noise": lambda n, a, rng: a.array / 1e7 + 1e-6 * rng.random((n, len(a))),
    "no curve moves": lambda n, a, rng: np.full((n, len(a)), 0.5),
    "money repels": lambda n, a, rng: -np.tile(a.array / 1e7, (n, 1)),
}


@pytest.mark.parametrize("budget", ["binding", "one short of a tier", "nothing"])
@pytest.mark.parametrize("case", WORST)
def test_worst_cases_end_in_seconds_with_a_true_gap(case, budget):
    n, amounts = 1_000_000, AMOUNTS[51]
    values = WORST[case](n, amounts, np.random.default_rng(2))
    most = {"binding": 120_000 * n, "one short of a tier": 120_000 * n - 1, "nothing": 0}[budget]
    seconds = time.perf_counter()
    plan = allocate(values, amounts, [Limit.cost(at_most=most), Limit.recipients(at_most=0.2)])
    seconds = time.perf_counter() - seconds
    print(f"\n{case}, {budget}: gap {plan.gap:.2e}, {seconds:.1f} s")
    assert plan.bound >= plan.value
    assert seconds < 30
