"""Shares of many digits, such as 1/3 as a float: the plan is still the best of all, and the proof still true."""

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

BACKENDS = ["gurobi", "highs"]
KINDS = {
    "women among the recipients": lambda share: Limit.recipients(at_least=share, of="recipients", where={"g": "F"}, name="women"),
    "men's share of the money": lambda share: Limit.cost(at_most=share, of="cost", where={"g": "M"}, name="men"),
    "women's share of the money": lambda share: Limit.cost(at_least=share, of="cost", where={"g": "F"}, name="money"),
}


def drawn(seed, kind, share):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    amounts = (
        Amounts((0, *np.sort(rng.choice(np.arange(1, 50), 2, replace=False)).tolist())) if seed % 2 else Amounts((0, 100, 250))
    )
    limits = [KINDS[kind](share), Limit.recipients(at_most=n // 2 + 1)]
    return rng.random((n, 3)), amounts, limits, pd.DataFrame({"g": rng.choice(list("FM"), n)})


def best_of_all(values, amounts, limits, units):
    curves, coupling = Curves.of(values, amounts), Coupling.compile(limits, len(values), units)
    choices = (np.array(choice) for choice in itertools.product(range(len(amounts)), repeat=len(values)))
    totals = (Totals.of(choice, curves, coupling) for choice in choices)
    return max(total.outcome for total in totals if not coupling.broken(total))


def check(kind, share, backend, seeds):
    for seed in seeds:
        values, amounts, limits, units = drawn(seed, kind, share)
        plan = allocate(values, amounts, limits, units=units, solver=Solver(backend=backend))
        truth = best_of_all(values, amounts, limits, units)
        assert plan.bound >= truth - 1e-9, seed
        assert plan.value == pytest.approx(truth, abs=1e-9), seed


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.4, 0.25, 0.3333, Fraction(1, 3), Fraction(3, 7)])
def test_shares_of_few_digits_and_fractions_are_planned_exactly(kind, share, backend):
    check(kind, share, backend, range(5))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_third_as_a_float_is_planned_exactly(kind, backend):
    check(kind, 1 / 3, backend, range(60))


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_of_twelve_digits_is_refused(kind):
    with pytest.raises(ValueError, match="at most 6 decimals, or be a fraction such as 1/3"):
        KINDS[kind](0.333333333333)


def test_a_share_of_money_in_amounts_without_a_common_step_is_never_proven_falsely():
    values = np.array([[0.43, 0.51, 0.50], [0.87, 0.89, 0.87], [0.88, 0.57, 0.28]])
    amounts, units = Amounts((0, 1_088_562, 2_555_171)), pd.DataFrame({"g": ["F", "M", "F"]})
    limits = [Limit.cost(at_most=0.333333, of="cost", where={"g": "M"}, name="men")]
    truth = best_of_all(values, amounts, limits, units)
    assert truth == pytest.approx(2.27)  # the first two get 2,555,171 and 1,088,562
    assert allocate(values, amounts, limits, units=units).bound >= truth - 1e-9
