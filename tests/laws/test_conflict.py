"""Where no plan keeps all limits, the named conflict is minimal and each named figure is the nearest that is feasible."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from optimizer.decide import decide
from optimizer.errors import Infeasible
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import FINEST, Limit
from optimizer.problem.solver import Solver

INSTANCES = {"gurobi": 200, "highs": 40}


def draw(rng):
    """A random instance of 4–30 units; about half of them have no plan."""
    n, m = int(rng.integers(4, 31)), int(rng.integers(2, 7))
    values = rng.random((n, m)).cumsum(axis=1) / m if rng.random() < 0.7 else rng.normal(size=(n, m))
    amounts = Amounts((0, *np.cumsum(rng.integers(1, 8, size=m - 1)).tolist()))
    units = pd.DataFrame({"gender": rng.choice(["F", "M"], size=n), "score": rng.integers(0, 5, size=n)})
    high = {"score": {"at_least": 3}}
    some = int(rng.integers(1, n + 1))
    pool = [
        Limit.cost(at_most=int(rng.integers(0, 2 * n)), name="budget"),
        Limit.recipients(at_most=int(rng.integers(0, n)), name="heads"),
        Limit.recipients(at_least=some, name="coverage"),
        Limit.recipients(at_least=float(rng.integers(1, 11)) / 10, where={"gender": "F"}, name="women"),
        Limit.recipients(at_least=float(rng.integers(5, 10)) / 10, of="recipients", where={"gender": "M"}, name="men"),
        Limit.cost(at_least=int(rng.integers(1, 3 * n)), where=high, name="fund"),
        Limit.cost(at_most=0.3, of="cost", where=high, name="share of money"),
        Limit.cost(exactly=int(rng.integers(1, 2 * n)), name="all of it"),
        Limit.recipients(exactly=int(rng.integers(0, n)), where=high, name="high"),
        Limit.outcome(at_least=round(float(values.max(axis=1).sum() * rng.uniform(0.7, 1.1)), 3), name="seats"),
        Limit.uplift(at_least=round(float(rng.uniform(0.01, 0.3)), 3), of="cost", name="return"),
        Limit.parity("recipients", by="gender", within=float(rng.integers(0, 20)) / 100, name="parity"),
    ]
    chosen = rng.choice(len(pool), size=int(rng.integers(2, 6)), replace=False)
    return values, amounts, [pool[j] for j in sorted(chosen)], units


def feasible(values, amounts, limits, units, backend):
    coupling = Coupling.compile(limits, len(values), units, lambda: values[:, 0])
    try:
        decide(Curves.of(values, amounts), coupling, Solver(backend=backend, gap=0.9))
    except Infeasible:
        return False
    return True


def with_figure(limits, name, figure):
    return [replace(limit, figure=figure) if limit.name == name else limit for limit in limits]


def one_less(limit, figure, units):
    """The next figure that asks a little more than `figure` does."""
    if limit.by or limit.measure in ("outcome", "uplift") or limit.of not in (None, "units"):
        unit = Fraction(1, FINEST)
    else:
        size = len(units) if limit.where is None else int(limit.where.mask(units).sum())
        unit = Fraction(1) if limit.of is None else Fraction(1, size)
    return figure - unit if limit.sense == "at_most" else figure + unit


def check(values, amounts, limits, units, backend):
    """Whether there was a conflict to check."""
    with pytest.raises(Infeasible) as raised:
        allocate(values, amounts, limits, units=units, solver=Solver(backend=backend))
    found = raised.value
    conflict = [limit for limit in limits if limit.name in found.limits]
    assert [limit.name for limit in conflict] == list(found.limits) == list(found.nearest)
    assert not feasible(values, amounts, conflict, units, backend)
    for left_out in conflict:
        assert feasible(values, amounts, [limit for limit in conflict if limit is not left_out], units, backend)
        others = [limit for limit in limits if limit is not left_out]
        figures = found.nearest[left_out.name]
        assert bool(figures) or left_out.sense == "exactly" or not feasible(values, amounts, others, units, backend)
        for figure in figures:
            assert feasible(values, amounts, with_figure(limits, left_out.name, figure), units, backend)
            if left_out.sense == "exactly":
                low, high = sorted((left_out.figure, figure))
                between = [low + k for k in range(1, int(high - low))]
                assert not any(feasible(values, amounts, with_figure(limits, left_out.name, f), units, backend) for f in between)
            else:
                closer = with_figure(limits, left_out.name, one_less(left_out, figure, units))
                assert not feasible(values, amounts, closer, units, backend)


@pytest.mark.parametrize("backend", ["gurobi", "highs"])
@pytest.mark.parametrize("start", range(4))
def test_the_conflict_is_minimal_and_the_nearest_figures_are_tight(start, backend):
    rng, seen = np.random.default_rng(start), 0
    while seen < INSTANCES[backend] // 4:
        instance = draw(rng)
        if not feasible(*instance, backend):
            check(*instance, backend)
            seen += 1
