"""Curves that are asked for in parts answer as curves that are held."""

import numpy as np
import pytest

from optimizer.problem import streamed
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.streamed import Streamed
from optimizer.problem.terms import Terms

AMOUNTS = Amounts.grid(max=60, step=10)
VALUES = np.random.default_rng(0).random((50, 7))


@pytest.fixture
def both(monkeypatch):
    monkeypatch.setattr(streamed, "PART", 60)
    asked = []

    def ask(units, options):
        asked.append(len(units) * len(options))
        return VALUES[np.ix_(units, options)]

    return Streamed(ask=ask, n=50, terms=Terms(amounts=AMOUNTS)), Curves.of(VALUES, AMOUNTS), asked


def test_no_part_is_larger_than_it_may_be(both):
    curves, _, asked = both
    parts = list(curves.parts())
    assert max(asked) <= 60
    assert np.array_equal(np.concatenate([part.values for _, part in parts]), VALUES)


def test_rows_columns_and_choices_are_the_same(both):
    curves, held, _ = both
    choice = np.random.default_rng(1).integers(0, 7, size=50)
    assert np.array_equal(curves.part(np.array([3, 40])).values, held.part(np.array([3, 40])).values)
    assert np.array_equal(curves.column(-1), held.column(-1))
    assert np.array_equal(curves.value_of(choice), held.value_of(choice))
    assert np.array_equal(curves.cost_of(choice), held.cost_of(choice))
    assert np.array_equal(curves.dense().values, VALUES)


def test_a_choices_outcomes_are_asked_for_once(both):
    curves, _, asked = both
    choice = np.arange(50) % 7
    first = curves.value_of(choice)
    passes = len(asked)
    assert np.array_equal(curves.value_of(choice), first)
    assert len(asked) == passes
    assert not np.array_equal(curves.value_of(choice[::-1].copy()), first)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [
        (Limit.cost(at_most=119), 110),
        (Limit.cost(at_most=110), 110),
        (Limit.cost(at_least=101), -110),
        (Limit.recipients(at_most=3), 3),
        (Limit.cost(at_most=15, of="recipients"), 0),
    ],
)
def test_limits_are_tightened_to_the_last_step_that_costs_can_reach(limit, allowed):
    assert Coupling.compile([limit], 50).tightened(AMOUNTS.array).rows[0].allowed == allowed
