"""What an estimator expects to happen: predict of a regressor, P(outcome = 1 | inputs) of a classifier.

Any scikit-learn estimator will do, and whatever else keeps to its interface.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import is_classifier

from models.base import ResponseError


def called(estimator: object) -> str:
    """How messages call an estimator: its class."""
    return type(estimator).__name__


def classifies(estimator: object) -> bool:
    """Whether the estimator is a classifier; one that does not say is judged by whether it has predict_proba."""
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(is_classifier(estimator))
    return hasattr(estimator, "predict_proba")


def check_estimator(estimator: object, where: str) -> None:
    """Refuse what cannot be fitted, or cannot say a probability.

    Raises
    ------
    ResponseError
        If it is no instance with fit, predict and get_params, or a classifier without predict_proba.
    """
    lacking = [name for name in ("fit", "predict", "get_params") if not hasattr(estimator, name)]
    if isinstance(estimator, type) or lacking:
        raise ResponseError(
            f"{where}.estimator: must be an estimator with fit and predict, got {estimator!r}; "
            "give an instance such as LogisticRegression()"
        )
    if classifies(estimator) and not hasattr(estimator, "predict_proba"):
        raise ResponseError(
            f"{where}.estimator: a classifier must have predict_proba, got {called(estimator)} without; "
            "wrap it in sklearn.calibration.CalibratedClassifierCV"
        )


def expected(estimator: Any, inputs: NDArray[np.float64] | pd.DataFrame) -> NDArray[np.float64]:
    """Expected outcome of each of n input rows by the estimator's own predict or predict_proba: (n,).

    Raises
    ------
    ResponseError
        If the estimator fails, is no 0/1 classifier, or gives anything but one finite number a row.
    """
    if not len(inputs):
        return np.empty(0)
    positive = positive_class(estimator) if classifies(estimator) else None
    try:
        values = estimator.predict(inputs) if positive is None else estimator.predict_proba(inputs)[:, positive]
    except Exception as fault:
        raise ResponseError(f"{called(estimator)}: cannot predict {len(inputs)} rows, got {fault}") from fault
    outcome = np.asarray(values, dtype=np.float64)
    if outcome.shape == (len(inputs), 1):
        outcome = outcome[:, 0]
    if outcome.shape != (len(inputs),) or not np.isfinite(outcome).all():
        raise ResponseError(
            f"{called(estimator)}: must predict one finite number a row, got shape {outcome.shape}, "
            f"{np.count_nonzero(~np.isfinite(outcome))} of them not finite; choose an estimator of one outcome"
        )
    return outcome


def positive_class(estimator: Any) -> int:
    """Position of class 1 among a fitted classifier's classes.

    Raises
    ------
    ResponseError
        If its classes are not 0 and 1, nor False and True.
    """
    classes: Sequence[Any] = np.asarray(estimator.classes_).tolist()
    if len(classes) != 2 or set(classes) != {0, 1}:  # noqa: PLR2004 — two outcomes
        raise ResponseError(f"{called(estimator)}: its classes must be 0 and 1, got {classes}; code the outcome as 0/1")
    return classes.index(1)
