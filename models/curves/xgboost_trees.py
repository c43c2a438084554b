"""XGBoost: margin + Σ_t tree_t in single precision, tree after tree, then the objective's link in single precision too.

Chen and Guestrin (2016). A node sends inputs *below* its threshold to the left; sums and link are made with the same roundings
as XGBoost's own, so that outcomes agree to the last bit. What is not plain (dart, categories, vector leaves, other objectives
or missing marks) is left to the grid.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.curves.additive import Sums, TreeSum, tree_curve
from models.curves.curve import Curve, Unclear, as_array
from models.curves.trees import LEAF, Tree

IDENTITY = frozenset({"reg:squarederror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror"})
LOGISTIC = frozenset({"binary:logistic", "reg:logistic"})


def xgboost_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of an XGBRegressor, XGBClassifier or one of its random forests.

    Raises
    ------
    Unclear
        If anything about the booster is not plain.
    """
    model = json.loads(bytes(estimator.get_booster().save_raw("json")))["learner"]
    objective = model["objective"]["name"]
    classifies = hasattr(estimator, "predict_proba")
    plain = model["gradient_booster"]["name"] == "gbtree" and np.isnan(np.float64(estimator.missing))
    if not plain or objective not in LOGISTIC | (frozenset() if classifies else IDENTITY):
        raise Unclear(f"an objective {objective}, or no plain trees")
    ensemble = TreeSum(
        trees=_trees(model["gradient_booster"]["model"], estimator),
        precision=np.float32,
        start=_margin(model["learner_model_param"], logistic=objective in LOGISTIC),
        finish=_logistic if objective in LOGISTIC else _identity,
        missing=True,
        sparse=False,
    )
    return tree_curve(ensemble, column, as_array(sample, np.float32, missing=True)[:, column])


def _identity(sums: Sums) -> Sums:
    return sums


def _logistic(sums: Sums) -> Sums:
    # scipy's logistic function of a float32 is C's, as XGBoost's; numpy's exp of one rounds otherwise.
    return np.asarray(expit(sums))


def _margin(parameters: dict[str, str], *, logistic: bool) -> np.float32:
    score = np.float32(parameters["base_score"].strip("[]"))
    if not logistic:
        return score
    return np.float32(-np.log(np.float64(np.float32(1.0) / score - np.float32(1.0))))


def _trees(model: dict[str, Any], estimator: Any) -> tuple[Tree, ...]:
    if any(model["tree_info"]):
        raise Unclear("several outcomes")
    try:
        rounds = estimator.best_iteration + 1
    except AttributeError:  # XGBoost's way of saying that it was not stopped early
        rounds = len(model["iteration_indptr"]) - 1
    return tuple(_read(tree) for tree in model["trees"][: model["iteration_indptr"][rounds]])


def _read(tree: dict[str, Any]) -> Tree:
    if any(tree["split_type"]) or tree["categories"] or tree["tree_param"]["size_leaf_vector"] not in ("0", "1"):
        raise Unclear("categories or vector leaves")
    left = np.array(tree["left_children"], dtype=np.intp)
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        feature=np.where(left < 0, LEAF, np.array(tree["split_indices"], dtype=np.intp)),
        threshold=_just_below(condition),
        left=left,
        right=np.array(tree["right_children"], dtype=np.intp),
        missing_left=np.array(tree["default_left"], dtype=bool),
        value=condition.astype(np.float64),
    )


def _just_below(condition: NDArray[np.float32]) -> NDArray[np.float64]:
    """The largest float32 that is less: x < t if and only if x ≤ it."""
    return np.nextafter(condition, np.float32(-np.inf)).astype(np.float64)
