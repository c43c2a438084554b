import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from models import Branch
from models.curves import curves_of, network


def fitted(estimator, past, outcome):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.set_params(max_iter=10, random_state=0).fit(past.inputs, outcome)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("hidden", [(), (1,), (8,), (30, 30), (7, 5, 3)], ids=str)
def test_curves_are_predict(activation, hidden, past, gap):
    shape = {"activation": activation, "hidden_layer_sizes": hidden}
    assert gap(fitted(MLPRegressor(**shape), past, past.level)) <= 1e-12
    assert gap(fitted(MLPClassifier(**shape), past, past.chosen)) <= 1e-12


def test_counts_through_their_link(past, gap):
    estimator = MLPRegressor(loss="poisson", hidden_layer_sizes=(5,))
    assert gap(fitted(estimator, past, np.exp(past.level / 4))) <= 1e-12


def test_blocks_change_nothing(past, amounts, monkeypatch, gap):
    estimator = fitted(MLPClassifier((9, 4)), past, past.chosen)
    monkeypatch.setattr(network, "ACTIVE", 9 * amounts.size * 7)
    assert gap(estimator) <= 1e-12


def test_several_outcomes_are_left_to_the_grid(past, units, amounts):
    estimator = fitted(MLPRegressor(hidden_layer_sizes=(3,)), past, np.c_[past.level, past.level])
    assert curves_of(Branch(estimator=estimator, features=units, column=2), amounts) is None
