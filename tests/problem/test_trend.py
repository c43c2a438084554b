"""A trend: nothing before anybody came, little after a few, and where it leads after many."""

import numpy as np
import pytest

from optimizer.problem.trend import Trend


def after(mean, n, upto=1.0, nights=100):
    """Arrivals of mean(x), evenly up to a share of the season."""
    rng, trend = np.random.default_rng(0), Trend()
    for x in (np.arange(nights) + 0.5) / nights * upto:
        came = n // nights
        trend = trend.seen(came, float((mean(x) + rng.normal(size=came)).sum()), float(x))
    return trend


def test_before_anybody_came_those_to_come_are_like_the_pool():
    assert Trend().beyond(0.0) == 0.0


def test_a_few_say_little():
    assert 0.0 < Trend().seen(3, 3.0, 0.01).beyond(0.02) < 0.6


@pytest.mark.parametrize("level", [-0.8, 0.0, 0.8])
def test_a_season_that_differs_from_its_pool_is_known_after_a_third(level):
    assert after(lambda _: level, 4_000, upto=1 / 3).beyond(1 / 3) == pytest.approx(level, abs=0.15)


def test_where_it_moves_it_is_led_on_to_the_end():
    trend = after(lambda x: 1.5 * x, 6_000, upto=0.5)
    assert trend.beyond(0.5) == pytest.approx(1.5 * 0.75, abs=0.15)


def test_the_sums_are_those_of_all_arrivals():
    trend = Trend().seen(2, 3.0, 0.5).seen(1, 4.0, 1.0)
    assert trend == Trend(n=3, x=2.0, xx=1.5, z=7.0, xz=5.5)
