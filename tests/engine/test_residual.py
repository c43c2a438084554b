"""What is left for the core, in coprime whole numbers that floats hold exactly."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from optimizer.engine.residual import residual
from optimizer.problem.coupling import Totals
from optimizer.problem.limits import Limit
from optimizer.problem.rows import slack

EVERYONE_OPEN = np.zeros(3, dtype=bool)


def of(instance, unit, option, fixed, counted):
    return residual(instance.curves, instance.coupling, np.array(unit), np.array(option), np.array(fixed), np.array(counted))


def test_yen_become_steps(make):
    drawn = make(np.zeros((3, 3)), [0, 100_000, 250_000], [Limit.cost(at_most=120_000_000), Limit.recipients(at_most=2)])
    usage, left = of(drawn, [0, 0, 1], [0, 1, 2], [0, 0, 2], [False, False, True])
    assert usage.tolist() == [[0, 2, 5], [0, 1, 1]]
    assert left.tolist() == [(120_000_000 - 250_000) / 50_000, 1]


def test_what_does_not_fill_a_step_is_not_left(make):
    drawn = make(np.zeros((3, 3)), [0, 100, 250], [Limit.cost(at_most=349)])
    _, left = of(drawn, [0, 0], [1, 2], [0, 0, 0], EVERYONE_OPEN)
    assert left.tolist() == [6]


def test_what_the_fixed_units_overspend_is_missing(make):
    drawn = make(np.zeros((3, 3)), [0, 100, 250], [Limit.cost(at_most=300)])
    _, left = of(drawn, [0, 0], [0, 1], [0, 2, 1], [False, True, True])
    assert left.tolist() == [-1]


def test_shares_become_whole_coefficients(make):
    units = pd.DataFrame({"g": ["F", "M", "M"]})
    women = Limit.recipients(at_least=0.4, of="recipients", where={"g": "F"}, name="women")
    drawn = make(np.zeros((3, 2)), [0, 5], [women], units)
    usage, left = of(drawn, [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1], [False, False, True])
    assert usage.tolist() == [[0, -3, 0, 2]]
    assert left.tolist() == [-2]


def test_a_row_without_usage_is_left_as_it_is(make):
    drawn = make(np.zeros((3, 2)), [0, 5], [Limit.cost(at_most=7)])
    usage, left = of(drawn, [0], [0], [0, 0, 0], EVERYONE_OPEN)
    assert (usage.tolist(), left.tolist()) == ([[0]], [7])


def test_rows_that_count_outcomes_stay_floats_with_half_their_slack(make):
    drawn = make([[0.1, 0.4], [0.2, 0.9], [0.3, 0.3]], [0, 5], [Limit.outcome(at_most=1.0)])
    usage, left = of(drawn, [0, 0], [0, 1], [0, 1, 0], [False, True, False])
    assert usage.tolist() == [[0.1, 0.4]]
    assert left[0] == pytest.approx(0.1 + float(slack(drawn.coupling.rows[0])) / 2, abs=1e-15)


@pytest.mark.parametrize("seed", range(60))
def test_whole_rows_are_coprime_and_say_exactly_what_the_limits_say(draw, seed):
    drawn = draw(seed)
    rng = np.random.default_rng(seed)
    n, m = drawn.curves.shape
    unit, option = np.repeat([0, 1], m), np.tile(np.arange(m), 2)
    fixed, counted = rng.integers(0, m, size=n), np.arange(n) >= 2
    usage, left = residual(drawn.curves, drawn.coupling, unit, option, fixed, counted)
    for first in range(m):
        for second in range(m):
            choice = np.concatenate([[first, second], fixed[2:]])
            used = drawn.coupling.used(Totals.of(choice, drawn.curves, drawn.coupling))
            for l, row in enumerate(drawn.coupling.rows):
                if not row.counts_outcome:
                    assert (usage[l, first] + usage[l, m + second] <= left[l]) == (used[l] <= row.allowed)
    for l, row in enumerate(drawn.coupling.rows):
        if not row.counts_outcome:
            assert (usage[l] == np.rint(usage[l])).all()
            assert math.gcd(*(int(taken) for taken in usage[l])) in (0, 1)
            assert left[l] == int(left[l])


def test_figures_of_many_digits_are_divided_before_they_are_floats(make):
    per = Fraction(1, 3)
    units = pd.DataFrame({"g": ["F", "M", "M"]})
    limit = Limit.cost(at_most=per, of="cost", where={"g": "F"}, name="a third")
    drawn = make(np.zeros((3, 2)), [0, 90_000_000_001], [limit], units)
    usage, _ = of(drawn, [0, 1], [1, 1], [0, 0, 0], EVERYONE_OPEN)
    assert usage.tolist() == [[2, -1]]
