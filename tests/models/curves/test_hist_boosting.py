import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from models import Branch
from models.curves import curves_of

NUMERIC = [
    HistGradientBoostingRegressor(max_iter=20),
    HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=100, min_samples_leaf=2),
    HistGradientBoostingRegressor(max_iter=5, max_depth=1),
    HistGradientBoostingRegressor(max_iter=5, loss="quantile", quantile=0.3),
    HistGradientBoostingRegressor(max_iter=5, monotonic_cst=[0, 0, 1, 0, 0, 0, 0, 0]),
    HistGradientBoostingClassifier(max_iter=20),
    HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=None, min_samples_leaf=1),
    HistGradientBoostingClassifier(max_iter=20, early_stopping=True),
]
CATEGORICAL = [
    HistGradientBoostingRegressor(max_iter=20, categorical_features=[4, 7]),
    HistGradientBoostingClassifier(max_iter=20, categorical_features=[7]),
]


def fitted(estimator, past, inputs=None):
    outcome = past.chosen if hasattr(estimator, "predict_proba") else past.level
    return estimator.set_params(random_state=0).fit(past.inputs if inputs is None else inputs, outcome)


@pytest.mark.parametrize("estimator", NUMERIC + CATEGORICAL, ids=str)
def test_curves_are_predict(estimator, past, gap):
    assert gap(fitted(estimator, past)) == 0.0


@pytest.mark.parametrize("estimator", NUMERIC + CATEGORICAL, ids=str)
def test_missing_values_go_where_they_went_in_training(estimator, past, holes, gap):
    inputs = past.inputs
    inputs[::5, 0] = np.nan
    inputs[::4, 7] = np.nan
    assert gap(fitted(estimator, past), holes) == 0.0
    assert gap(fitted(estimator, past, inputs), holes) == 0.0


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_links_of_counts_and_sizes(loss, past, gap):
    estimator = HistGradientBoostingRegressor(loss=loss, max_iter=10)
    assert gap(estimator.fit(past.inputs, np.exp(past.level / 4))) == 0.0


@pytest.mark.parametrize("estimator", CATEGORICAL, ids=str)
def test_categories_never_seen_count_as_missing(estimator, past, units, gap):
    features = units.copy()
    features[::3, 6] = 17.0
    features[1::3, 6] = -1.0
    assert gap(fitted(estimator, past), features) == 0.0


def test_columns_of_categories_by_dtype(past, units, gap):
    names = ["a", "b", "amount", "c", "d", "e", "f", "g"]

    def frame(numbers, columns):
        return pd.DataFrame(numbers, columns=columns).assign(g=lambda table: pd.Categorical(table["g"].astype(int).astype(str)))

    estimator = HistGradientBoostingClassifier(max_iter=20).fit(frame(past.inputs, names), past.chosen)
    assert gap(estimator, frame(units, [name for name in names if name != "amount"])) == 0.0


def test_an_amount_that_is_a_category_is_left_to_the_grid(past, units):
    estimator = HistGradientBoostingRegressor(max_iter=3, categorical_features=[2]).fit(past.inputs, past.level)
    assert curves_of(Branch(estimator=estimator, features=units, column=2), np.array([0.0, 1.0])) is None


def test_infinite_features_are_compared_like_others(past, units, gap):
    features = units.copy()
    features[::2, 0], features[1::2, 1] = np.inf, -np.inf
    assert gap(fitted(NUMERIC[0], past), features) == 0.0
