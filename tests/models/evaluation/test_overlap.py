import numpy as np
import pytest

from models import ResponseError
from models.evaluation.overlap import overlap


def test_the_figures_of_four_units_are_those_by_hand():
    said = overlap([[0.5, 0.5], [0.02, 0.98], [0.8, 0.2], [0.96, 0.04]], [0, 1, 1, 0])
    assert said["units"].tolist() == [2, 2]
    assert said[["least", "most", "below", "above"]].to_numpy().tolist() == [[0.02, 0.96, 0.25, 0.25], [0.04, 0.98, 0.25, 0.25]]
    first = [1 / 0.5, 1 / 0.96]
    second = [1 / 0.98, 1 / 0.2]
    assert said["effective"].tolist() == pytest.approx([sum(w) ** 2 / sum(v**2 for v in w) for w in (first, second)])
    assert said["heaviest"].tolist() == pytest.approx([max(w) / sum(w) for w in (first, second)])


def test_in_a_trial_all_units_count():
    arm = np.tile([0, 1, 2, 2], 25)
    said = overlap(np.tile([0.25, 0.25, 0.5], (100, 1)), arm)
    assert said["effective"].tolist() == pytest.approx(said["units"].tolist())
    assert said["heaviest"].tolist() == pytest.approx([1 / 25, 1 / 25, 1 / 50])


def test_units_of_no_weight_do_not_count():
    said = overlap([[0.5, 0.5], [0.5, 0.5], [0.01, 0.99]], [0, 1, 1], weight=[1, 1, 0])
    assert said["below"].tolist() == [0.0, 0.0]
    assert said["effective"].tolist() == pytest.approx([1.0, 1.0])


def test_an_empty_arm_has_no_weight_to_share():
    said = overlap([[0.5, 0.5]], [0])
    assert np.isnan(said.loc[1, ["effective", "heaviest"]].to_numpy(dtype=float)).all()


def test_chances_of_0_are_refused():
    with pytest.raises(ResponseError, match="propensity: must lie above 0"):
        overlap([[0.0, 1.0]], [1])
