import numpy as np
import pytest
from scipy.optimize import linprog

from models import ResponseError
from models.evaluation.bootstrap import HalfSamples
from models.evaluation.gain import spending

FEW = HalfSamples(draws=20)


def drawn(n, m, seed):
    rng = np.random.default_rng(seed)
    predicted = np.cumsum(rng.normal(0.1, 0.3, (n, m)), axis=1)
    return predicted, rng.uniform(0.5, 3.0, (n, m)), predicted + rng.normal(size=(n, m))


def test_money_goes_where_it_is_predicted_to_bring_most_and_is_valued_by_the_scores():
    # Unit 0: 4 for the first 1, then 1 more for 2 more; unit 1: the cheap award lies under the hull, 6 for 3.
    predicted, cost = [[4.0, 5.0], [1.0, 6.0]], [1.0, 3.0]
    scores = [[10.0, 20.0], [0.0, -6.0]]
    said = spending(predicted, cost, scores, [0.25, 0.5, 2.0, 3.0, 9.0], resampling=FEW)
    assert said.predicted == pytest.approx([1.0, 2.0, 5.0, 5.5, 5.5])
    assert said.gain.value == pytest.approx([2.5, 5.0, 2.0, 7.0, 7.0])
    # For the mean unit, 2.5 for 1 and then 3 more for 2 more: by the scores 5 a unit, then 2 more.
    assert said.untargeted.value == pytest.approx([1.25, 2.5, 6.0, 7.0, 7.0])
    assert said.difference.value == pytest.approx(said.gain.value - said.untargeted.value)


@pytest.mark.parametrize("seed", range(5))
def test_the_prediction_is_the_best_that_any_split_of_the_budget_reaches(seed):
    predicted, cost, scores = drawn(12, 4, seed)
    budgets = np.array([0.2, 0.5, 1.0, 5.0])
    said = spending(predicted, cost, scores, budgets, resampling=FEW)
    one_each = np.kron(np.eye(12), np.ones(4))
    for budget, value in zip(budgets, said.predicted, strict=True):
        rows = np.vstack([one_each, cost.ravel() / 12])
        best = linprog(-predicted.ravel() / 12, A_ub=rows, b_ub=np.append(np.ones(12), budget))
        assert value == pytest.approx(-best.fun)


def test_one_award_of_one_price_is_a_ranking():
    rng = np.random.default_rng(1)
    score, t, y = rng.uniform(0.1, 1.0, 200), rng.integers(0, 2, 200), rng.integers(0, 2, 200)
    signed = np.where(t == 1, y, -y)
    shares = np.array([0.2, 0.55, 1.0])
    said = spending(score[:, None], [7.0], signed[:, None], 7.0 * shares, resampling=FEW)
    order = np.argsort(-score)
    assert said.gain.value == pytest.approx([signed[order][: int(200 * s)].sum() / 200 for s in shares])
    assert said.untargeted.value == pytest.approx(shares * signed.mean())


def test_predictions_that_know_nothing_gain_nothing_over_the_mean_unit():
    n = 400
    scores = np.random.default_rng(2).normal(size=(n, 2))
    said = spending(np.tile([1.0, 1.5], (n, 1)), [1.0, 2.0], scores, [0.5, 1.0, 2.0], resampling=FEW)
    assert said.difference.value == pytest.approx(np.zeros(3), abs=1e-12)
    assert said.area.value == pytest.approx(0.0, abs=1e-12)
    covered = 0
    for seed in range(60):
        predicted, cost, scores = drawn(300, 3, seed)
        permuted = np.random.default_rng(seed).permutation(300)
        area = spending(predicted, cost.mean(axis=0), scores[permuted], [0.5, 1.0], resampling=HalfSamples(draws=60)).area
        covered += area.low <= 0 <= area.high
    assert covered >= 52


def test_predictions_that_know_the_effect_gain():
    predicted, cost, scores = drawn(500, 3, seed=3)
    said = spending(predicted, cost, scores, [0.25, 0.5, 1.0])
    assert (said.difference.low > 0).all()
    assert said.area.low > 0


def test_nobody_is_given_what_is_predicted_to_harm():
    said = spending([[-1.0], [-2.0]], [1.0], [[5.0], [5.0]], [1.0], resampling=FEW)
    assert [said.gain.value[0], said.predicted[0]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("cost", "budgets", "said"),
    [([0.0, 1.0], [1.0], "cost: must be above 0"), ([1.0, 2.0], [2.0, 1.0], "must rise"), ([1.0, 2.0], [], "must rise")],
)
def test_what_cannot_be_spent_is_refused(cost, budgets, said):
    with pytest.raises(ResponseError, match=said):
        spending(np.ones((3, 2)), cost, np.ones((3, 2)), budgets)
