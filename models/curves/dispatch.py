"""Which estimators' structure is known: an exact type → the file that reads it. Anything else has no curve here.

A subclass may override predict, so that only the very class counts. What a reader makes of an estimator is compared with the
estimator's own predict on a few units before it is believed: another version's internals then cost time, not truth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import Branch
from models.curves.curve import Curve, Unclear
from models.outcome import classifies, expected, positive_class

Reader = Callable[[Any, Any, int], Curve]

PROBED = 8
"""How many units, and how many amounts, are predicted by the estimator itself to compare."""

TOLERANCE = 1e-10

LEAST_SQUARES = (
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "HuberRegressor",
    "Lars",
    "LarsCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "LinearRegression",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "QuantileRegressor",
    "Ridge",
    "RidgeCV",
    "SGDRegressor",
    "TheilSenRegressor",
)

READERS: dict[tuple[str, str], tuple[str, str]] = {
    **{("sklearn.linear_model", name): ("linear", "linear_curve") for name in LEAST_SQUARES},
    ("sklearn.svm", "LinearSVR"): ("linear", "linear_curve"),
    ("sklearn.linear_model", "LogisticRegression"): ("linear", "logistic_curve"),
    ("sklearn.linear_model", "LogisticRegressionCV"): ("linear", "logistic_curve"),
    ("sklearn.linear_model", "PoissonRegressor"): ("linear", "generalised_curve"),
    ("sklearn.linear_model", "GammaRegressor"): ("linear", "generalised_curve"),
    ("sklearn.linear_model", "TweedieRegressor"): ("linear", "generalised_curve"),
    ("sklearn.tree", "DecisionTreeClassifier"): ("sklearn_trees", "one_tree_curve"),
    ("sklearn.tree", "DecisionTreeRegressor"): ("sklearn_trees", "one_tree_curve"),
    ("sklearn.tree", "ExtraTreeClassifier"): ("sklearn_trees", "one_tree_curve"),
    ("sklearn.tree", "ExtraTreeRegressor"): ("sklearn_trees", "one_tree_curve"),
    ("sklearn.ensemble", "RandomForestClassifier"): ("sklearn_trees", "forest_curve"),
    ("sklearn.ensemble", "RandomForestRegressor"): ("sklearn_trees", "forest_curve"),
    ("sklearn.ensemble", "ExtraTreesClassifier"): ("sklearn_trees", "forest_curve"),
    ("sklearn.ensemble", "ExtraTreesRegressor"): ("sklearn_trees", "forest_curve"),
    ("sklearn.ensemble", "GradientBoostingClassifier"): ("sklearn_trees", "boosting_curve"),
    ("sklearn.ensemble", "GradientBoostingRegressor"): ("sklearn_trees", "boosting_curve"),
    ("sklearn.ensemble", "HistGradientBoostingClassifier"): ("hist_boosting", "hist_curve"),
    ("sklearn.ensemble", "HistGradientBoostingRegressor"): ("hist_boosting", "hist_curve"),
    ("sklearn.neural_network", "MLPClassifier"): ("network", "network_curve"),
    ("sklearn.neural_network", "MLPRegressor"): ("network", "network_curve"),
    ("xgboost", "XGBClassifier"): ("xgboost_trees", "xgboost_curve"),
    ("xgboost", "XGBRegressor"): ("xgboost_trees", "xgboost_curve"),
    ("xgboost", "XGBRFClassifier"): ("xgboost_trees", "xgboost_curve"),
    ("xgboost", "XGBRFRegressor"): ("xgboost_trees", "xgboost_curve"),
    ("lightgbm", "LGBMClassifier"): ("lightgbm_trees", "lightgbm_curve"),
    ("lightgbm", "LGBMRegressor"): ("lightgbm_trees", "lightgbm_curve"),
}
"""(public module, class) of an estimator: (file, function) that reads it."""


def curves_of(branch: Branch, amounts: NDArray[np.float64], threads: int | None = None) -> NDArray[np.float64] | None:
    """Expected outcome of the branch's n units at each of m amounts, (n, m), or None where the structure is not known.

    Parameters
    ----------
    branch
        The fitted estimator and its features.
    amounts
        (m,) currency units, in any order.
    threads
        How many blocks of units are computed at a time; by default one a core. The values do not depend on it.
    """
    if branch.column is None or not len(branch) or not amounts.size:
        return None
    try:
        if classifies(branch.estimator) and positive_class(branch.estimator) != 1:
            return None
        sample = branch.inputs(np.zeros(amounts.size, dtype=np.intp), amounts)
        curve = curve_of(branch.estimator, sample, branch.column)
        return _computed(curve, branch, amounts, threads) if _agrees(curve, branch, amounts) else None
    except Unclear:
        return None


def curve_of(estimator: Any, sample: Any, column: int) -> Curve:
    """The curve of a fitted estimator; `sample` holds one unit's inputs at each of the m amounts, which are in `column`.

    Raises
    ------
    Unclear
        If its structure is not known.
    """
    kind = type(estimator)
    if kind is getattr(sys.modules.get("sklearn.pipeline"), "Pipeline", None):
        return import_module("models.curves.pipeline").pipeline_curve(estimator, sample, column, curve_of)  # type: ignore[no-any-return]
    for (module, name), (file, function) in READERS.items():
        # An estimator's package is loaded, so that none is imported to look.
        if name == kind.__name__ and getattr(sys.modules.get(module), name, None) is kind:
            return _read(file, function, estimator, sample, column)
    raise Unclear(kind.__name__)


def _read(file: str, function: str, estimator: Any, sample: Any, column: int) -> Curve:
    try:
        reader: Reader = getattr(import_module(f"models.curves.{file}"), function)
        return reader(estimator, sample, column)
    except (AttributeError, ImportError, KeyError) as fault:
        raise Unclear(f"{type(estimator).__name__} of a version that keeps its parts elsewhere: {fault}") from fault


def _computed(curve: Curve, branch: Branch, amounts: NDArray[np.float64], threads: int | None) -> NDArray[np.float64]:
    values = np.empty((len(branch), amounts.size))

    def compute(start: int) -> None:
        rows = np.arange(start, min(start + curve.rows, len(branch)))
        values[rows[0] : rows[-1] + 1] = curve(branch.inputs(rows, np.full(rows.size, amounts[0])))

    starts = range(0, len(branch), curve.rows)
    workers = min(len(starts), threads or joblib.cpu_count())
    if workers == 1:
        for start in starts:
            compute(start)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(compute, starts))
    return values if np.isfinite(values).all() else _unclear()


def _unclear() -> NDArray[np.float64]:
    raise Unclear("outcomes that are not finite")


def _agrees(curve: Curve, branch: Branch, amounts: NDArray[np.float64]) -> bool:
    """Whether curve and estimator say the same of units and amounts from all over, one with missing features among them."""
    rows = _spread(len(branch))
    gaps = np.flatnonzero(np.asarray(pd.isna(branch.features)).any(axis=1))[:1]
    rows = np.unique(np.append(rows, gaps))
    chosen = _spread(amounts.size)
    ours = curve(branch.inputs(rows, np.full(rows.size, amounts[0])))[:, chosen]
    inputs = branch.inputs(np.repeat(rows, chosen.size), np.tile(amounts[chosen], rows.size))
    theirs = expected(branch.estimator, inputs).reshape(ours.shape)
    return bool((np.abs(ours - theirs) <= TOLERANCE * np.maximum(1.0, np.abs(theirs))).all())


def _spread(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, PROBED).astype(np.intp))
