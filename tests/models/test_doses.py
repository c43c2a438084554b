import numpy as np
import pytest

from models.doses import Doses

AWARDS = np.array([0, 0, 0, 100, 200, 300, 400, 500, 600], dtype=float)


def test_without_doses_all_awards_are_alike():
    doses = Doses.read("none", AWARDS, 5)
    assert (doses.heads, doses.joined, doses.largest) == (2, False, 600.0)
    assert doses.mix(np.array([0.0, 1.0, 600.0, 900.0])).tolist() == [[1, 0], [0, 1], [0, 1], [0, 1]]


def test_strata_hold_equally_many_awards_and_every_amount_falls_in_one():
    doses = Doses.read("strata", AWARDS, 3)
    assert doses.highest == (0.0, 200.0, 400.0, 600.0)
    assert (doses.heads, doses.joined) == (4, True)
    heads = doses.mix(np.array([0.0, 1.0, 200.0, 200.1, 400.0, 401.0, 600.0, 5_000.0])).argmax(axis=1)
    assert heads.tolist() == [0, 1, 1, 2, 2, 3, 3, 3]


def test_history_with_fewer_awards_than_strata_has_a_stratum_an_award():
    assert Doses.read("strata", np.array([0.0, 50.0, 70.0]), 5).highest == (0.0, 50.0, 70.0)


def test_an_amount_that_comes_back_from_its_dose_stays_in_its_stratum():
    awards = np.array([0.0, *np.arange(1, 40) * 70_000.0])
    doses = Doses.read("strata", awards, 7)
    back = doses.dose(awards) * doses.largest
    assert (doses.mix(back) == doses.mix(awards)).all()


def test_the_spline_is_the_published_truncated_power_basis():
    doses = Doses.read("varying", AWARDS, 5)
    assert (doses.heads, doses.joined) == (5, False)
    at = 0.8
    wanted = [1, at, at**2, (at - 1 / 3) ** 2, (at - 2 / 3) ** 2]
    assert doses.mix(np.array([480.0]))[0] == pytest.approx(wanted)
    assert doses.mix(np.array([0.0]))[0].tolist() == [1, 0, 0, 0, 0]


def test_the_spline_is_smooth_at_its_knots_and_constant_beyond_the_largest_award():
    doses = Doses.read("varying", AWARDS, 5)
    knot, step = 200.0, 1e-3
    below, at, above = doses.mix(np.array([knot - step, knot, knot + step]))
    assert (above - at) == pytest.approx(at - below, abs=1e-8)
    assert doses.mix(np.array([600.0])).tolist() == doses.mix(np.array([60_000.0])).tolist()
