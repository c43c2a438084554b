import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from models import Branch, grid
from models.grid import response_at, response_on_grid


class Counting(RegressorMixin, BaseEstimator):
    """Predicts feature + 10 · amount, and remembers how many rows it was given at once."""

    def __init__(self):
        self.calls = []

    def predict(self, inputs):
        self.calls.append(len(inputs))
        return inputs @ np.array([1.0, 10.0])[: inputs.shape[1]]


AMOUNTS = np.array([0.0, 1.0, 3.0])


def test_every_pair_of_unit_and_amount_is_predicted():
    branch = Branch(estimator=Counting(), features=np.array([[1.0], [2.0]]), column=1)
    assert response_on_grid(branch, AMOUNTS).tolist() == [[1.0, 11.0, 31.0], [2.0, 12.0, 32.0]]


def test_blocks_are_bounded_and_change_nothing(monkeypatch):
    monkeypatch.setattr(grid, "MOST_ROWS", 7)
    branch = Branch(estimator=Counting(), features=np.arange(11.0)[:, None], column=1)
    assert response_on_grid(branch, AMOUNTS).tolist() == (np.arange(11.0)[:, None] + 10.0 * AMOUNTS).tolist()
    assert response_at(branch, np.arange(11.0)).tolist() == (11.0 * np.arange(11.0)).tolist()
    assert max(branch.estimator.calls) <= 7


def test_blocks_are_bounded_in_values_too(monkeypatch):
    monkeypatch.setattr(grid, "MOST_VALUES", 12)
    branch = Branch(estimator=Counting(), features=np.arange(11.0)[:, None], column=1)
    response_on_grid(branch, AMOUNTS)
    assert max(branch.estimator.calls) * 2 <= 12


def test_an_estimator_without_amount_is_asked_once_a_unit():
    branch = Branch(estimator=Counting(), features=np.array([[1.0], [2.0]]), column=None)
    assert response_on_grid(branch, AMOUNTS).tolist() == [[1.0] * 3, [2.0] * 3]
    assert branch.estimator.calls == [2]


@pytest.mark.parametrize("n", [0, 1])
def test_no_units_and_one_unit_are_fine(n):
    branch = Branch(estimator=Counting(), features=np.ones((n, 1)), column=1)
    assert response_on_grid(branch, AMOUNTS).shape == (n, 3)
