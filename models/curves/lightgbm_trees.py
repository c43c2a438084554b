"""LightGBM: link⁻¹(Σ_t tree_t) in double precision, read from the booster's own text, in which numbers are exact.

Ke et al. (2017). A node's decision_type holds how it treats missing inputs; where none were seen in training a missing input
counts as 0. What is not plain (categories, linear leaves, averaging, zero as missing, other objectives) is left to the grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.curves.additive import Sums, TreeSum, tree_curve
from models.curves.curve import Curve, Unclear, as_array
from models.curves.trees import LEAF, Tree

IDENTITY = frozenset({"regression", "regression_l1", "huber", "fair", "quantile", "mape"})
EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})

CATEGORICAL, DEFAULT_LEFT = 1, 2
NEVER_MISSING, MISSING_IS_NAN = 0, 2


def lightgbm_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of an LGBMRegressor or LGBMClassifier.

    Raises
    ------
    Unclear
        If anything about the booster is not plain.
    """
    head, *blocks = estimator.booster_.model_to_string().split("\nTree=")
    facts = _facts(head)
    if "average_output" in head or facts.get("num_tree_per_iteration") != "1" or not blocks:
        raise Unclear("averaged, or several outcomes")
    if any("pred" in name for name in estimator.get_params()):
        raise Unclear("options of its predict, such as stopping early")
    kind, *options = facts.get("objective", "").split()
    ensemble = TreeSum(
        trees=tuple(_read(_facts(block.split("\nend of trees")[0])) for block in blocks),
        precision=np.float64,
        start=np.float64(0.0),
        finish=_Link(kind, options, classifies=hasattr(estimator, "predict_proba")),
        missing=True,
        sparse=False,
    )
    return tree_curve(ensemble, column, as_array(sample, missing=True)[:, column])


class _Link:
    """From sums to outcomes, by the objective."""

    def __init__(self, kind: str, options: list[str], *, classifies: bool) -> None:
        numbers = dict(option.split(":") for option in options if ":" in option)
        self.kind = kind
        if kind == "binary":
            self.steepness = float(numbers["sigmoid"])
        known = kind == "binary" or (not classifies and kind in IDENTITY | EXPONENTIAL)
        if not known or "sqrt" in options:
            raise Unclear(f"an objective {kind} {options}")

    def __call__(self, sums: Sums) -> Sums:
        if self.kind == "binary":
            return np.asarray(expit(self.steepness * sums))
        return np.exp(sums) if self.kind in EXPONENTIAL else sums


def _facts(text: str) -> dict[str, str]:
    return dict(line.split("=", maxsplit=1) for line in text.splitlines() if "=" in line)


def _read(facts: dict[str, str]) -> Tree:
    if facts["num_cat"] != "0" or facts.get("is_linear", "0") != "0":
        raise Unclear("categories or linear leaves")
    leaves = _numbers(facts["leaf_value"])
    if leaves.size == 1:
        return _tree(np.empty(0), np.empty(0), np.empty(0), np.empty(0), np.empty(0, dtype=bool), leaves)
    decision = _numbers(facts["decision_type"]).astype(np.intp)
    missing, threshold = decision >> 2 & 3, _numbers(facts["threshold"])
    if not np.isin(missing, (NEVER_MISSING, MISSING_IS_NAN)).all() or (decision & CATEGORICAL).any():
        raise Unclear("zero as missing")
    goes_left = np.where(missing == MISSING_IS_NAN, (decision & DEFAULT_LEFT) > 0, threshold >= 0.0)
    return _tree(
        _numbers(facts["split_feature"]),
        threshold,
        _numbers(facts["left_child"]),
        _numbers(facts["right_child"]),
        goes_left,
        leaves,
    )


def _tree(
    feature: NDArray[np.float64],
    threshold: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    missing_left: NDArray[np.bool_],
    leaves: NDArray[np.float64],
) -> Tree:
    """Inner nodes first, then leaves; LightGBM calls leaf l the child −l − 1."""
    inner, no = feature.size, np.zeros(leaves.size)
    children = [np.where(side < 0, inner - 1 - side, side).astype(np.intp) for side in (left, right)]
    return Tree(
        feature=np.append(feature, np.full(leaves.size, LEAF)).astype(np.intp),
        threshold=np.append(threshold, no),
        left=np.append(children[0], no).astype(np.intp),
        right=np.append(children[1], no).astype(np.intp),
        missing_left=np.append(missing_left, no).astype(bool),
        value=np.append(np.zeros(inner), leaves),
    )


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)
