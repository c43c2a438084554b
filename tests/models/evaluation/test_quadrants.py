import numpy as np
import pytest

from models import ResponseError
from models.evaluation.quadrants import SEGMENTS, Quadrants

RNG = np.random.default_rng(0)
WITHOUT, AWARDED = RNG.random(200), RNG.random(200)
PERSUADABLE, SURE, LOST, SLEEPING = range(4)


def test_the_chances_of_one_unit_are_those_by_hand():
    quadrants = Quadrants.read([0.3], [0.6])
    assert quadrants.bounds[0] == pytest.approx(np.array([[0.3, 0.6], [0.0, 0.3], [0.1, 0.4], [0.0, 0.3]]))
    assert quadrants.monotone[0] == pytest.approx([0.3, 0.3, 0.4, 0.0])
    assert SEGMENTS[quadrants.likeliest[0]] == "lost cause"
    assert not quadrants.told[0]


def test_bounds_are_the_formulas_of_frechet():
    low, high = np.moveaxis(Quadrants.read(WITHOUT, AWARDED).bounds, -1, 0)
    a, b, zero = WITHOUT, AWARDED, np.zeros(200)
    least = [np.maximum(zero, b - a), np.maximum(zero, a + b - 1), np.maximum(zero, 1 - a - b), np.maximum(zero, a - b)]
    most = [np.minimum(b, 1 - a), np.minimum(a, b), np.minimum(1 - a, 1 - b), np.minimum(a, 1 - b)]
    assert low == pytest.approx(np.column_stack(least))
    assert high == pytest.approx(np.column_stack(most))


@pytest.mark.parametrize("end", ["monotone", "opposite"])
def test_chances_agree_with_both_probabilities_and_are_together_1(end):
    chances = getattr(Quadrants.read(WITHOUT, AWARDED), end)
    assert (chances >= 0).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(200))
    assert chances[:, SURE] + chances[:, SLEEPING] == pytest.approx(WITHOUT)
    assert chances[:, SURE] + chances[:, PERSUADABLE] == pytest.approx(AWARDED)


def test_under_monotonicity_persuadables_are_the_uplift_and_nobody_sleeps():
    rises = AWARDED >= WITHOUT
    chances = Quadrants.read(WITHOUT, AWARDED).monotone
    assert chances[rises, PERSUADABLE] == pytest.approx((AWARDED - WITHOUT)[rises])
    assert (chances[rises, SLEEPING] == 0).all()
    assert (chances[~rises, PERSUADABLE] == 0).all()


def test_told_are_those_whose_likeliest_quadrant_no_coupling_changes():
    quadrants = Quadrants.read(WITHOUT, AWARDED)
    shares = np.linspace(0.0, 1.0, 101)[:, None, None]
    between = (1 - shares) * quadrants.monotone + shares * quadrants.opposite
    own = np.take_along_axis(between, np.broadcast_to(quadrants.likeliest[None, :, None], (101, 200, 1)), axis=2)[..., 0]
    assert quadrants.told.tolist() == (own >= between.max(axis=2) - 1e-12).all(axis=0).tolist()
    assert 0 < quadrants.told.sum() < 200


def test_certain_outcomes_are_certain_quadrants():
    quadrants = Quadrants.read([0, 1, 0, 1], [1, 1, 0, 0])
    assert [SEGMENTS[k] for k in quadrants.likeliest] == list(SEGMENTS)
    assert quadrants.told.all()
    table = quadrants.table([100, 20, 3, 0])
    assert table["segment"].tolist() == list(SEGMENTS)
    for column in ("units", "told", "expected", "low", "high"):
        assert table[column].tolist() == [1, 1, 1, 1]
    assert table["money"].tolist() == table["expected_money"].tolist() == [100, 20, 3, 0]


def test_the_table_adds_up():
    amount = RNG.integers(0, 1000, 200)
    table = Quadrants.read(WITHOUT, AWARDED).table(amount)
    assert table["units"].sum() == 200
    assert table["expected"].sum() == pytest.approx(200)
    assert table["money"].sum() == amount.sum()
    assert table["expected_money"].sum() == pytest.approx(amount.sum())
    assert (table["low"] <= table["expected"] + 1e-9).all()
    assert (table["expected"] <= table["high"] + 1e-9).all()
    assert (table["told"] <= table["units"]).all()


def test_what_lies_outside_0_to_1_counts_as_the_nearer_end():
    assert Quadrants.read([-0.2], [1.1]).monotone.tolist() == [[1, 0, 0, 0]]


def test_amounts_of_others_are_refused():
    with pytest.raises(ResponseError, match="quadrants, amount: must be finite numbers of shape"):
        Quadrants.read([0.1], [0.2]).table([1, 2])
