"""Any classifier or regressor will do: the contract every learner keeps, whatever it is built on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from models import ClassTransform, SLearner, TwoModel

RISING = {"amount": 1}
CLASSIFIERS = [
    LogisticRegression(),
    RandomForestClassifier(10, random_state=0),
    GradientBoostingClassifier(n_estimators=10, random_state=0),
    HistGradientBoostingClassifier(max_iter=10, monotonic_cst=RISING),
    MLPClassifier((8,), solver="lbfgs", max_iter=500, tol=1e-2, alpha=1.0, random_state=0),
    CalibratedClassifierCV(SVC(), cv=2),
    KNeighborsClassifier(15),
    GaussianNB(),
    XGBClassifier(n_estimators=5, n_jobs=1, monotone_constraints=RISING),
    LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1, monotone_constraints=RISING),
]
REGRESSORS = [
    LinearRegression(),
    make_pipeline(PolynomialFeatures(2), Ridge()),
    DecisionTreeRegressor(max_depth=4),
    RandomForestRegressor(10, random_state=0),
    HistGradientBoostingRegressor(max_iter=10, monotonic_cst=RISING),
    KNeighborsRegressor(15),
    SVR(),
    XGBRegressor(n_estimators=5, n_jobs=1),
    LGBMRegressor(n_estimators=5, n_jobs=1, verbose=-1),
]
EVERY = [pytest.param(estimator, id=type(estimator).__name__) for estimator in CLASSIFIERS + REGRESSORS]
MONOTONE = [
    pytest.param(e, id=type(e).__name__)
    for e in CLASSIFIERS + REGRESSORS
    if RISING in (e.get_params().get("monotonic_cst"), e.get_params().get("monotone_constraints"))
]
AMOUNTS = np.array([0, 100_000, 750_000, 2_500_000])


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize("learner", [SLearner, TwoModel])
def test_the_response_is_column_by_column_what_the_estimator_predicts(learner, estimator, past, units):
    model = learner(estimator).fit(past.X, past.award, past.enrolled)
    values = model.response(units, AMOUNTS)
    assert values.shape == (30, 4)
    assert values.dtype == np.float64
    for column, amount in enumerate(AMOUNTS):
        assert values[:, column] == pytest.approx(model.predict(units, np.full(30, amount)), rel=1e-12, abs=1e-12)
    own = np.resize(AMOUNTS, 30)
    assert model.predict(units, own) == pytest.approx(values[np.arange(30), np.resize(np.arange(4), 30)], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("estimator", EVERY)
def test_the_class_transform_takes_any_estimator(estimator, past, units):
    model = ClassTransform(estimator).fit(past.X, past.award, past.enrolled)
    values = model.response(units, [0, 2_500_000])
    assert model.effect(units, 0, 2_500_000) == pytest.approx(values[:, 1] - values[:, 0])
    assert (np.abs(values[:, 1] - values[:, 0]) <= 1.0).all()
    assert np.ptp(values[:, 1] - values[:, 0]) > 0


@pytest.mark.parametrize("estimator", MONOTONE)
@pytest.mark.parametrize("learner", [SLearner, TwoModel])
def test_a_response_asked_to_rise_with_the_amount_does(learner, estimator, past, units):
    model = learner(estimator).fit(past.X, past.award, past.enrolled)
    values = model.response(units, np.arange(50_000, 2_500_001, 50_000))
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values[:, -1] > values[:, 0]).any()


@pytest.mark.parametrize(
    "model",
    [
        *(pytest.param(SLearner(estimator), id=type(estimator).__name__) for estimator in CLASSIFIERS + REGRESSORS),
        TwoModel(LogisticRegression()),
        ClassTransform(LogisticRegression(), propensity=LogisticRegression()),
        SLearner(LinearRegression(), prepare="passthrough"),
    ],
)
def test_a_fitted_learner_survives_a_file_without_pickle(model, past, units):
    past, units = (past, units) if model.prepare == "auto" else (replace(past, X=past.X[["score"]]), units[["score"]])
    model = clone(model).fit(past.X, past.award, past.enrolled)
    data = skops.io.dumps(model)
    unknown = skops.io.get_untrusted_types(data=data)
    assert all(name.split(".")[0] in {"models", "sklearn", "numpy", "xgboost", "lightgbm", "collections"} for name in unknown)
    again = skops.io.loads(data, trusted=unknown)
    assert again.response(units, AMOUNTS[[0, 3]]).tolist() == model.response(units, AMOUNTS[[0, 3]]).tolist()


@pytest.mark.parametrize("learner", [SLearner, TwoModel, ClassTransform])
def test_missing_values_and_unseen_texts_are_no_obstacle(learner, past):
    X = past.X.assign(score=past.X["score"].where(past.X.index % 9 > 0), faculty=past.X["faculty"].where(past.X.index % 7 > 0))
    model = learner(LogisticRegression()).fit(X, past.award, past.enrolled)
    units = pd.DataFrame({"score": [np.nan, 60.0], "faculty": ["alchemy", None]})
    assert model.imputed_ == {"score": 45, "faculty": 58}
    assert np.isfinite(model.response(units, [0, 1_000_000])).all()


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(30)), amounts=st.lists(st.integers(0, 3_000_000), min_size=1, max_size=5))
@pytest.mark.parametrize("learner", [SLearner, TwoModel])
def test_a_units_response_depends_on_no_other_unit_or_amount(learner, order, amounts, past, units):
    model = learner(DecisionTreeRegressor(max_depth=5)).fit(past.X, past.award, past.enrolled)
    values = model.response(units, amounts)
    assert model.response(units.iloc[order], amounts).tolist() == values[order].tolist()
    for column, amount in enumerate(amounts):
        assert model.response(units, [amount])[:, 0].tolist() == values[:, column].tolist()
