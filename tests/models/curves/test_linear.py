import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    RidgeCV,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.svm import LinearSVR

from models import Branch
from models.curves import curves_of

REGRESSORS = [
    LinearRegression(),
    LinearRegression(fit_intercept=False),
    LinearRegression(positive=True),
    Ridge(),
    RidgeCV(),
    Lasso(0.01),
    Lasso(100.0),
    ElasticNet(0.01),
    HuberRegressor(max_iter=1000),
    BayesianRidge(),
    QuantileRegressor(),
    SGDRegressor(random_state=0),
    LinearSVR(random_state=0, max_iter=100_000),
]
CLASSIFIERS = [
    LogisticRegression(),
    LogisticRegression(solver="liblinear", class_weight="balanced"),
    LogisticRegressionCV(Cs=2, cv=2, scoring="neg_log_loss", l1_ratios=(0.0,), use_legacy_attributes=False),
]
GENERALISED = [PoissonRegressor(), GammaRegressor(), TweedieRegressor(power=1.5), TweedieRegressor(power=0)]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=str)
def test_a_regression_is_an_outer_sum(estimator, past, gap):
    assert gap(estimator.fit(past.inputs, past.level)) <= 1e-12


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
def test_a_logistic_regression_is_one_through_the_logistic_function(estimator, past, gap):
    assert gap(estimator.fit(past.inputs, past.chosen)) <= 1e-12
    assert gap(estimator.fit(past.inputs, past.chosen.astype(bool))) <= 1e-12


@pytest.mark.parametrize("estimator", GENERALISED, ids=str)
def test_a_generalised_linear_model_is_one_through_its_link(estimator, past, gap):
    assert gap(estimator.fit(past.inputs, np.exp(past.level / 4))) <= 1e-12


def test_columns_of_a_frame_are_taken_by_name(past, units, gap):
    names = ["a", "b", "amount", "c", "d", "e", "f", "g"]
    estimator = Ridge().fit(pd.DataFrame(past.inputs, columns=names), past.level)
    features = pd.DataFrame(units, columns=[n for n in names if n != "amount"]).astype({"g": int, "c": np.float32})
    assert gap(estimator, features) <= 1e-12


def test_training_on_whole_numbers_changes_nothing(past, gap):
    estimator = LinearRegression().fit(np.round(past.inputs).astype(int), past.level)
    assert gap(estimator) <= 1e-12


def test_single_precision_inputs_are_left_to_the_grid(past, units, amounts):
    branch = Branch(estimator=Ridge().fit(past.inputs, past.level), features=units.astype(np.float32), column=2)
    assert curves_of(branch, amounts) is None


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 30), (120, 1)])
def test_one_unit_or_one_amount(n, m, past, units, amounts, gap):
    assert gap(LogisticRegression().fit(past.inputs, past.chosen), units[:n], at=amounts[:m]) <= 1e-12
