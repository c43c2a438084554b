import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from models import Branch
from models.curves import curves_of

NAMES = ["a", "b", "amount", "c", "d", "e", "f", "town"]
SCALERS = [
    StandardScaler(),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(),
    PowerTransformer(),
    QuantileTransformer(n_quantiles=20),
    FunctionTransformer(),
    FunctionTransformer(np.cbrt),
    "passthrough",
]


def frame(numbers, names=NAMES):
    table = pd.DataFrame(numbers, columns=names)
    return table.assign(town=np.array(["north", "east", "south"])[table["town"].astype(int) % 3])


@pytest.fixture
def people(units):
    return frame(units, [name for name in NAMES if name != "amount"])


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_scalers_leave_the_amount_a_column_of_its_own(scaler, past, gap):
    assert gap(make_pipeline(scaler, LogisticRegression()).fit(past.inputs, past.chosen)) <= 1e-12
    assert gap(make_pipeline(scaler, RandomForestRegressor(3)).fit(past.inputs, past.level)) == 0.0


@pytest.mark.parametrize(
    "last",
    [
        Ridge(),
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingRegressor(max_iter=5),
        MLPRegressor(hidden_layer_sizes=(4,), tol=1e9, n_iter_no_change=1),
    ],
    ids=str,
)
def test_the_last_step_may_be_any_that_is_known(last, past, gap):
    outcome = past.chosen if hasattr(last, "predict_proba") else past.level
    assert gap(Pipeline([("scale", StandardScaler()), ("none", None), ("last", last)]).fit(past.inputs, outcome)) <= 1e-12


def test_pipelines_within_pipelines(past, gap):
    inner = make_pipeline(SimpleImputer(), StandardScaler())
    assert gap(make_pipeline(inner, MinMaxScaler(), make_pipeline(RobustScaler(), Ridge())).fit(past.inputs, past.level)) <= 1e-12


TABLES = [
    make_column_transformer((StandardScaler(), ["b", "amount"]), (OneHotEncoder(), ["town"]), remainder="passthrough"),
    make_column_transformer((OneHotEncoder(sparse_output=False), ["town"]), (PCA(2), ["a", "b"]), ("passthrough", ["amount"])),
    make_column_transformer((OrdinalEncoder(), ["town"]), remainder=make_pipeline(SimpleImputer(), StandardScaler())),
    make_column_transformer(
        (OneHotEncoder(), ["town"]),
        (KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), ["a"]),
        remainder="passthrough",
    ),
    make_column_transformer((StandardScaler(), [2]), (OneHotEncoder(), [7]), ("drop", [0])),
    make_column_transformer((StandardScaler(), lambda table: [c for c in table if c != "town"]), (OneHotEncoder(), ["town"])),
]


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
def test_other_columns_may_become_anything(table, past, people, gap):
    assert gap(make_pipeline(table, LogisticRegression()).fit(frame(past.inputs), past.chosen), people) <= 1e-12
    assert (
        gap(
            make_pipeline(table, StandardScaler(with_mean=False), RandomForestRegressor(3)).fit(frame(past.inputs), past.level),
            people,
        )
        == 0.0
    )


def test_missing_features_are_filled_once(past, holes, gap):
    assert gap(make_pipeline(SimpleImputer(), StandardScaler(), Ridge()).fit(past.inputs, past.level), holes) <= 1e-12


UNCLEAR = [
    PolynomialFeatures(2),
    PCA(3),
    SimpleImputer(add_indicator=True),
    FunctionTransformer(lambda rows: rows - rows.mean(axis=0)),
    make_column_transformer((StandardScaler(), [0, 2]), (MinMaxScaler(), [2])),
    make_column_transformer((StandardScaler(), [0, 1])),
    make_column_transformer((PCA(2), [1, 2]), remainder="passthrough"),
    make_column_transformer((FunctionTransformer(lambda rows: rows - rows.mean(axis=0)), [0, 1]), remainder="passthrough"),
]


@pytest.mark.parametrize("step", UNCLEAR, ids=range(len(UNCLEAR)))
def test_an_amount_that_is_mixed_split_or_lost_is_left_to_the_grid(step, past, units, amounts):
    estimator = make_pipeline(step, LinearRegression()).fit(past.inputs, past.level)
    assert curves_of(Branch(estimator=estimator, features=units, column=2), amounts) is None


def test_an_unknown_last_step_is_left_to_the_grid(past, units, amounts):
    estimator = make_pipeline(StandardScaler(), KNeighbours()).fit(past.inputs, past.level)
    assert curves_of(Branch(estimator=estimator, features=units, column=2), amounts) is None


class KNeighbours(Ridge):
    """A subclass, whose predict may be anything."""
