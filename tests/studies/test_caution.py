"""The study of caution: two plans in each world, and what the truth says of them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from models import SLearner, TwoModel
from optimizer.problem.objective import Objective
from optimizer.studies.caution import Worlds, compare_plans, gained

LOWER = Objective(caution="lower", figure=0.1)


@pytest.fixture(scope="module")
def table():
    # Trees of a few leaves err much on so few people.
    model = TwoModel(DecisionTreeRegressor(max_depth=4, min_samples_leaf=5, random_state=0))
    return compare_plans(model, LOWER, Worlds(worlds=6, units=150), members=6)


def test_in_small_samples_caution_attains_more_in_truth_than_it_gives_up_in_prediction(table):
    mean, error = gained(table)
    assert mean > 0
    assert error == pytest.approx(table["gained"].std() / np.sqrt(6))
    assert table["gained"].tolist() == pytest.approx((table["cautious"] - table["plain"]).tolist())
    assert (table["predicted_loss"] > 0).all()


def test_plans_keep_the_limits_and_worlds_are_drawn_the_same_each_time(table):
    assert table[["recipients", "recipients_cautious"]].max().max() <= 30
    model = SLearner(LogisticRegression())
    one, two = (compare_plans(model, LOWER, Worlds(worlds=1, seed=3, units=30), members=3) for _ in range(2))
    assert one.equals(two)
    assert one["seed"].tolist() == [3]
