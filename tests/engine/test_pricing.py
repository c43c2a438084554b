"""Scores s_ik = v_ik − Σ_l λ_l u_lik, whatever the groups, costs and blocks."""

import numpy as np
import pytest

from optimizer.engine import pricing
from optimizer.engine.pricing import best_options, blocks, group_prices, scores
from optimizer.problem.limits import Limit


def prices_of(instance, seed):
    return np.random.default_rng(seed).exponential(size=len(instance.coupling.rows))


@pytest.mark.parametrize("seed", range(40))
def test_scores_follow_the_formula(draw, seed):
    drawn = draw(seed)
    prices = prices_of(drawn, seed)
    got = scores(drawn.curves, drawn.coupling, prices, slice(None))
    assert got == pytest.approx(drawn.scores(prices), abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_scores_of_chosen_units_are_those_of_all_units(draw, seed):
    drawn = draw(seed)
    prices, some = prices_of(drawn, seed), np.array([1, 0])
    everyone = scores(drawn.curves, drawn.coupling, prices, slice(None))
    assert np.array_equal(scores(drawn.curves, drawn.coupling, prices, some), everyone[some])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("block", [1, 7, 1 << 18])
def test_the_best_options_do_not_depend_on_the_size_of_blocks(draw, monkeypatch, seed, block):
    drawn = draw(seed)
    prices = prices_of(drawn, seed)
    table = drawn.scores(prices)
    monkeypatch.setattr(pricing, "BLOCK", block)
    choice, best = best_options(drawn.curves, drawn.coupling, prices)
    assert best == pytest.approx(table.max(axis=1), abs=1e-12)
    assert table[np.arange(len(choice)), choice] == pytest.approx(best, abs=1e-12)


def test_of_two_equal_options_the_cheaper_is_best(make):
    same = make([[0.5, 0.5, 0.5], [0.1, 0.4, 0.4]], [0, 1, 2], [])
    choice, best = best_options(same.curves, same.coupling, np.zeros(0))
    assert choice.tolist() == [0, 1]
    assert best.tolist() == [0.5, 0.4]


@pytest.mark.parametrize(("m", "block", "expected"), [(3, 6, [2, 2, 1]), (3, 100, [5]), (3, 1, [1] * 5)])
def test_blocks_cover_all_units_once_and_in_order(make, monkeypatch, m, block, expected):
    monkeypatch.setattr(pricing, "BLOCK", block)
    slices = list(blocks(make(np.zeros((5, m)), range(m), []).curves))
    assert [part.stop - part.start for part in slices] == expected
    assert np.concatenate([np.arange(5)[part] for part in slices]).tolist() == list(range(5))


def test_a_price_is_spread_over_the_groups_by_coefficient(draw):
    drawn = draw(3)
    prices = prices_of(drawn, 3)
    priced = group_prices(drawn.coupling, prices)
    for q in range(3):
        for g in range(drawn.coupling.n_groups):
            by_hand = sum(price * float(row.coefficients[q][g]) for price, row in zip(prices, drawn.coupling.rows, strict=True))
            assert priced[q, g] == pytest.approx(by_hand)


def test_scores_leave_the_curves_untouched(make):
    two = make([[0.0, 1.0]], [0, 5], [Limit.cost(at_most=1), Limit.recipients(at_most=1)])
    assert scores(two.curves, two.coupling, np.array([0.1, 0.2]), slice(None)) == pytest.approx(np.array([[0.0, 0.3]]))
    assert two.curves.values.tolist() == [[0.0, 1.0]]
