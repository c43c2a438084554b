import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.evaluation.balance import balance


def test_the_differences_of_four_units_are_those_by_hand():
    X = pd.DataFrame({"x": [0.0, 2.0, 3.0, 5.0], "faculty": ["law", "arts", "law", "law"]})
    said = balance(X, [0, 0, 1, 1], [[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]).set_index("feature")
    assert said.index.tolist() == ["x", "faculty_arts", "faculty_law"]
    assert said["before"].tolist() == pytest.approx([3.0, -0.5 / np.sqrt(0.125), 0.5 / np.sqrt(0.125)])
    # By 1/e the two without award count 2 and 4, so that their mean is 4/3.
    assert said.loc["x", "after"] == pytest.approx(4 - 4 / 3)


def test_true_propensities_balance_what_was_confounded():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    odds = np.exp(np.column_stack([np.zeros(x.size), x, -0.5 * x]))
    e = odds / odds.sum(axis=1, keepdims=True)
    arm = (rng.random((x.size, 1)) > np.cumsum(e, axis=1)).sum(axis=1)
    said = balance(pd.DataFrame({"x": x, "noise": rng.normal(size=x.size)}), arm, e)
    assert said["arm"].tolist() == [1, 2, 1, 2]
    assert (np.abs(said.loc[said["feature"] == "x", "before"]) > 0.4).all()
    assert (np.abs(said["after"]) < 0.06).all()


def test_scale_does_not_matter_and_a_constant_feature_is_balanced():
    X = pd.DataFrame({"x": [0.0, 1.0, 1.0, 3.0], "yen": [0.0, 1e6, 1e6, 3e6], "same": [7.0] * 4})
    said = balance(X, [0, 0, 1, 1], np.full((4, 2), 0.5))
    assert said["before"].tolist() == pytest.approx([said["before"][0]] * 2 + [0.0])


def test_what_parts_the_arms_altogether_is_infinitely_far():
    said = balance(pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0]}), [0, 0, 1, 1], np.full((4, 2), 0.5))
    assert said["before"].tolist() == [np.inf]


def test_an_arm_without_units_is_refused():
    with pytest.raises(ResponseError, match="got none in arm 1"):
        balance(pd.DataFrame({"x": [0.0, 1.0]}), [0, 0], np.full((2, 2), 0.5))
