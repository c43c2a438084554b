"""Small random instances that can be enumerated, and the enumeration."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit


@dataclass(frozen=True)
class Instance:
    curves: Curves
    coupling: Coupling
    limits: list
    units: pd.DataFrame

    def choices(self):
        """All m^n choices that keep every limit, and their values; the best first."""
        n, m = self.curves.shape
        every = np.array(list(itertools.product(range(m), repeat=n)), dtype=np.intp)
        kept = every[[not self.coupling.broken(Totals.of(choice, self.curves, self.coupling)) for choice in every]]
        values = self.curves.values[np.arange(n), kept].sum(axis=1)
        order = np.argsort(-values, kind="stable")
        return kept[order], values[order]

    def scores(self, prices):
        """s_ik by the formula, one option at a time."""
        n, m = self.curves.shape
        costs = np.broadcast_to(self.curves.costs, (n, m))
        scores = self.curves.values.copy()
        for i, k in itertools.product(range(n), range(m)):
            for row, price in zip(self.coupling.rows, prices, strict=True):
                a, b, c = (float(q[self.coupling.groups[i]]) for q in row.coefficients)
                scores[i, k] -= price * (a * costs[i, k] + b * (k > 0) + c * self.curves.values[i, k])
        return scores


def drawn(seed, *, extra=True, ties=True, most=5):
    """2 to `most` units, 2–4 amounts; falling curves, ties and classes; limits on groups when `extra`."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, most + 1)), int(rng.integers(2, 5))
    values = rng.normal(size=(n, m)) if rng.random() < 0.4 else rng.random((n, m)).cumsum(axis=1) / m
    if ties and rng.random() < 0.4:
        values = np.round(values, 1)
    if ties and rng.random() < 0.5:
        values = values[rng.integers(0, max(1, n // 2), size=n)] + rng.integers(0, 3, size=(n, 1))
    amounts = Amounts((0, *np.cumsum(rng.integers(1, 8, size=m - 1)).tolist()))
    costs = rng.integers(0, 9, size=(n, m)) if extra and rng.random() < 0.2 else None
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], size=n), "score": rng.integers(0, 5, size=n)})
    limits = [Limit.cost(at_most=int(rng.integers(0, 8 * n))), Limit.recipients(at_most=int(rng.integers(0, n + 1)))]
    groups = [
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women"),
        Limit.recipients(at_least=1, where={"score": {"at_least": 3}}, name="coverage"),
        Limit.cost(at_most=0.5, of="cost", where={"gender": "M"}, name="share of money"),
        Limit.cost(at_most=3, of="recipients", name="mean award"),
        Limit.outcome(at_most=round(abs(float(rng.normal(n / 3, 1))), 3), name="seats"),
        Limit.recipients(at_most=0.5, where={"gender": "F"}, name="half of the women"),
    ]
    kept = [limit for limit in groups if rng.random() < 0.25] if extra else []
    return instance(values, amounts, limits + kept, units, costs)


def instance(values, amounts, limits, units=None, costs=None):
    curves = Curves.of(values, amounts if isinstance(amounts, Amounts) else Amounts(tuple(amounts)), costs)
    return Instance(curves, Coupling.compile(limits, curves.shape[0], units), limits, units)


@pytest.fixture(scope="session")
def draw():
    return drawn


@pytest.fixture(scope="session")
def make():
    return instance


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    with threadpool_limits(1):
        yield
