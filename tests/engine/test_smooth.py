"""Newton's step in a box: by slope and curvature where there is curvature, by the slope alone where there is none."""

import numpy as np
import pytest

from optimizer.engine.smooth import _newton


@pytest.mark.parametrize("curvature", [0.0, 1e-320, 1e-200])
@pytest.mark.parametrize("slope", [1e-6, 1.0, 1e9])
def test_without_curvature_the_step_goes_as_far_as_it_may(curvature, slope):
    move = _newton(slope * np.array([-1.0, 1.0, 1.0]), curvature * np.eye(3), np.array([0.0, 0.0, 5.0]), 2.0)
    assert move == pytest.approx([2.0, 0.0, -2.0], abs=1e-9)


def test_without_slope_either_it_stays():
    assert _newton(np.zeros(2), np.zeros((2, 2)), np.ones(2), 1.0) == pytest.approx(np.zeros(2), abs=1e-9)


def test_with_curvature_it_is_newtons_where_the_box_allows():
    curvature, slope = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([0.3, -0.2])
    assert _newton(slope, curvature, np.ones(2), 1.0) == pytest.approx(-np.linalg.solve(curvature, slope), rel=1e-9)
