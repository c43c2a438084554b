"""scikit-learn's trees, forests and gradient boosting: inputs in single precision against thresholds in double.

A tree answers the value of its leaf (of class 1), a forest the mean, gradient boosting  link⁻¹(init + η Σ_t tree_t)  with
Friedman's (2001) shrinkage η, where init is a constant or an estimator of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from models.curves.additive import Sums, TreeCurve, TreeSum, tree_curve
from models.curves.curve import Curve, Unclear, as_array, rows_within
from models.curves.trees import LEAF, Tree

CONSTANT = frozenset({"prior", "most_frequent", "mean", "median", "quantile", "constant"})
"""Strategies of a dummy init that say the same of everyone; the others draw lots."""

BY_TREES = frozenset(
    {
        DecisionTreeClassifier,
        DecisionTreeRegressor,
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    }
)
"""Starts of their own whose answer for a row does not depend on the rows beside it. An init is fitted on, and given, single
precision, in which a matrix product of other shape differs by 1e-7: then not even predict repeats itself."""

STARTS = 2**22
"""Numbers an init estimator is given at once: 16 MB."""


def one_tree_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a decision tree."""
    return _averaged(estimator, [estimator], sample, column)


def forest_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a random forest or extra trees."""
    return _averaged(estimator, estimator.estimators_, sample, column)


def boosting_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of gradient boosting."""
    if estimator.estimators_.shape[1] != 1:
        raise Unclear("several outcomes")

    def finish(sums: Sums) -> Sums:
        if not hasattr(estimator, "classes_"):
            return sums
        return np.asarray(estimator._loss.predict_proba(sums.ravel())[:, 1].reshape(sums.shape))  # noqa: SLF001 — shown nowhere else

    seen = as_array(sample, np.float32)
    starts = estimator._raw_predict_init(seen)[:, 0]  # noqa: SLF001 — shown nowhere else
    constant = isinstance(estimator.init_, str) or type(estimator.init_) in (DummyClassifier, DummyRegressor)
    if constant and getattr(estimator.init_, "strategy", "mean") not in CONSTANT:
        raise Unclear("a start that draws lots")
    if not constant and type(estimator.init_) not in BY_TREES:
        raise Unclear("a start that rounds as the rows beside it")
    ensemble = TreeSum(
        trees=tuple(_read(tree.tree_, estimator.learning_rate) for tree in estimator.estimators_[:, 0]),
        precision=np.float32,
        start=np.float64(starts[0]) if constant else np.float64(0.0),
        finish=finish,
        missing=False,
    )
    curve = tree_curve(ensemble, column, seen[:, column], keep_all=not constant)
    return curve if constant else StartedCurve(curve=curve, estimator=estimator)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCurve:
    """Gradient boosting on an estimator of its own, which is asked at every amount."""

    curve: TreeCurve
    estimator: Any

    @property
    def rows(self) -> int:
        """Units at once."""
        return min(self.curve.rows, rows_within(STARTS, self.curve.kept.size * self.estimator.n_features_in_))

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        fixed = as_array(inputs, np.float32)
        amounts = self.curve.kept
        pairs = np.tile(fixed, (amounts.size, 1))
        pairs[:, self.curve.column] = np.repeat(amounts, len(fixed))
        starts = self.estimator._raw_predict_init(pairs)[:, 0]  # noqa: SLF001 — shown nowhere else
        return self.curve.from_array(fixed, starts.reshape(amounts.size, len(fixed)).astype(np.float64))


def _averaged(estimator: Any, members: list[Any], sample: Any, column: int) -> Curve:
    if estimator.n_outputs_ != 1:
        raise Unclear("several outcomes")
    missing = _takes_missing(estimator)
    ensemble = TreeSum(
        trees=tuple(_read(member.tree_, 1.0) for member in members),
        precision=np.float32,
        start=np.float64(0.0),
        finish=lambda sums: sums / len(members),
        missing=missing,
    )
    return tree_curve(ensemble, column, as_array(sample, np.float32, missing=missing)[:, column])


def _takes_missing(estimator: Any) -> bool:
    # As the estimators themselves judge: constraints on monotony exclude missing values.
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan) and getattr(estimator, "monotonic_cst", None) is None


def _read(tree: Any, rate: float) -> Tree:
    """A fitted tree_; the last of a leaf's values is that of class 1, or the only one there is."""
    leaf = tree.children_left < 0
    return Tree(
        feature=np.where(leaf, LEAF, tree.feature),
        threshold=np.asarray(tree.threshold, dtype=np.float64),
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left.astype(bool),
        value=rate * tree.value[:, 0, -1],
    )
