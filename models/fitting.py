"""One estimator fitted on one set of rows: the constructor's estimator stays untouched, a clone learns.

Whatever a third party's estimator refuses comes out as one error that names the estimator and the arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from models.base import AMOUNT, ResponseError
from models.outcome import called, check_estimator, classifies, expected

CONSTRAINTS = ("monotonic_cst", "monotone_constraints")
"""What scikit-learn, and XGBoost and LightGBM, call the directions a prediction may move in."""


def fitted_clone(
    estimator: Any,
    inputs: NDArray[np.float64] | pd.DataFrame,
    names: Sequence[str],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    where: str,
) -> Any:
    """A clone of the estimator, fitted.

    Parameters
    ----------
    estimator
        Classifier or regressor; constraints given by column name are translated to its inputs.
    inputs
        (n, p) what it learns from.
    names
        The p columns' names.
    outcome
        (n,) what it learns; 0/1 for a classifier.
    weight
        (n,) passed on as sample_weight, or None.
    where
        What is being fitted, for messages.

    Raises
    ------
    ResponseError
        If the estimator cannot be used, does not take weights that were given, or fails.
    """
    check_estimator(estimator, where)
    target = _target(estimator, outcome, where)
    settings = {} if weight is None else {weight_parameter(estimator, where): weight}
    learner = _constrained(clone(estimator), names, named=isinstance(inputs, pd.DataFrame), where=where)
    try:
        learner.fit(inputs, target, **settings)
    except Exception as fault:
        raise ResponseError(f"{where}: {called(estimator)} cannot be fitted on {len(target)} rows, got {fault}") from fault
    expected(learner, inputs[:1])
    return learner


def takes_weights(estimator: Any) -> bool:
    """Whether fit takes sample_weight, itself or (a Pipeline) in its last step."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return bool(has_fit_parameter(last, "sample_weight"))


def weight_parameter(estimator: Any, where: str) -> str:
    """What fit calls sample_weight.

    Raises
    ------
    ResponseError
        If it takes none.
    """
    if not takes_weights(estimator):
        raise ResponseError(
            f"{where}: sample_weight was given, got {called(estimator)} which takes none; "
            "leave the weights out or choose an estimator that takes them"
        )
    return f"{estimator.steps[-1][0]}__sample_weight" if isinstance(estimator, Pipeline) else "sample_weight"


def _target(estimator: Any, outcome: NDArray[np.float64], where: str) -> NDArray[Any]:
    if not classifies(estimator):
        return outcome
    values = np.unique(outcome)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ResponseError(
            f"{where}: the outcome must be 0 or 1 for the classifier {called(estimator)}, "
            f"got {values[:5].tolist()}; use a regressor for other outcomes"
        )
    if values.size == 1:
        raise ResponseError(
            f"{where}: {called(estimator)} needs outcomes of both kinds, got only {values[0]:g} in "
            f"{outcome.size} rows; give more history or use a regressor"
        )
    return outcome.astype(np.int64)


def _constrained(estimator: Any, names: Sequence[str], *, named: bool, where: str) -> Any:
    settings = estimator.get_params(deep=False)
    for parameter in CONSTRAINTS:
        if isinstance(settings.get(parameter), Mapping):
            signs = _signs(settings[parameter], names, f"{where}: {called(estimator)}.{parameter}")
            estimator.set_params(**{parameter: signs if named else tuple(signs.get(name, 0) for name in names)})
    return estimator


def _signs(wanted: Mapping[str, int], names: Sequence[str], where: str) -> dict[str, int]:
    # An arm that does not take the amount is constant in it, so that any direction in the amount holds by itself.
    signs = {name: sign for name, sign in wanted.items() if name != AMOUNT or AMOUNT in names}
    for name in signs:
        if name not in names:
            near = get_close_matches(str(name), [*names, AMOUNT], n=3) or list(names)[:5]
            raise ResponseError(f"{where}: must name the estimator's inputs, got {name!r}; did you mean {', '.join(near)}?")
    return signs
