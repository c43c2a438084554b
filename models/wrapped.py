"""A model that was fitted elsewhere: v(x, a) = f(x, a / per), any estimator that has the amount among its inputs.

`wrap` also takes models of effects, which do not say the outcome itself: see `models.effects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from models.base import AMOUNT, Branch, ResponseError, ResponseModel
from models.effects import WrappedEffect, WrappedGroups, wrap_groups
from models.inputs import input_names, named_columns, numbers
from models.learner import BranchedLearner
from models.observed import as_frame
from models.outcome import called, check_estimator, classifies, positive_class


@dataclass(frozen=True, kw_only=True, repr=False)
class WrappedModel(BranchedLearner):
    """A fitted estimator as a response model; build it with `wrap`.

    Attributes
    ----------
    estimator : the fitted estimator.
    amount : what the amount is called among its inputs.
    per : currency units in one unit of that input.
    """

    estimator: Any
    amount: str = AMOUNT
    per: float = 1.0

    def __sklearn_clone__(self) -> Self:
        """Stay as it is: what it wraps is fitted, and a clone would not be."""
        return self

    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The same branch twice: one estimator serves every amount.

        Raises
        ------
        ResponseError
            If a column of the estimator is absent, or a column without a name to go by holds no numbers.
        """
        frame = as_frame(X).drop(columns=self.amount, errors="ignore")
        names = input_names(self.estimator)
        column, features = self._by_name(frame, names) if names else self._by_position(frame)
        branch = Branch(estimator=self.estimator, features=features, column=column, scale=self.per, name=self.amount)
        return branch, branch

    def _by_name(self, frame: pd.DataFrame, names: list[str]) -> tuple[int, pd.DataFrame]:
        others = [name for name in names if name != self.amount]
        return names.index(self.amount), named_columns(self.estimator, frame, others)

    def _by_position(self, frame: pd.DataFrame) -> tuple[int, NDArray[np.float64]]:
        wanted = getattr(self.estimator, "n_features_in_", frame.shape[1] + 1)
        if wanted != frame.shape[1] + 1:
            raise ResponseError(
                f"wrap: {called(self.estimator)} was fitted on {wanted} unnamed columns, the amount last, "
                f"got {frame.shape[1]} columns and the amount; hand in its columns in their order"
            )
        return frame.shape[1], numbers(frame)


def wrap(
    fitted: Any,
    *,
    amount: str = AMOUNT,
    per: float = 1.0,
    amounts: Iterable[float] | None = None,
    baseline: Any = None,
    features: Sequence[str] | None = None,
) -> WrappedModel | WrappedEffect | WrappedGroups:
    """A fitted estimator, or a fitted model of effects, as a response model.

    Parameters
    ----------
    fitted
        Classifier of 0/1 or regressor that has the amount among its inputs: where it was fitted on names, the
        column of that name; otherwise the last column, after the columns of X. Or a model of effects: with
        ``effect(X, T0=, T1=)`` as EconML's, or, if `amounts` are given, with ``predict(X)`` as causalml's.
    amount
        What the amount is called among an estimator's inputs.
    per
        Currency units in one unit of that column, or of the treatment of ``effect``; 1000 for thousands.
    amounts
        Amount (currency units) of each column of ``predict``, in its order, which holds effects against no award; with a 0
        among them it holds outcomes, as an uplift tree's probabilities, and that column is the one without an award.
    baseline
        For a model of effects, a fitted estimator of the outcome without an award, from the columns it was fitted on; None
        takes that outcome for 0, so that a plan's value is its uplift alone.
    features
        For a model of effects, the columns it was fitted on if that was a table. None hands it all columns of X as numbers,
        in their order.

    Raises
    ------
    ResponseError
        If the estimator is not fitted, does not have the amount, or is no 0/1 classifier or regressor; or if the settings do
        not go with what was given.
    """
    if not (np.isfinite(per) and per > 0):
        raise ResponseError(f"wrap.per: must be a finite number above 0, got {per}; 1000 means a column in thousands")
    columns = tuple(features or ())
    _check_baseline(baseline)
    if amounts is not None:
        return wrap_groups(fitted, amounts, baseline, columns)
    if hasattr(fitted, "effect") and not isinstance(fitted, ResponseModel):
        return WrappedEffect(model=fitted, baseline=baseline, features=columns, per=float(per))
    if hasattr(fitted, "t_groups"):
        raise ResponseError(
            f"wrap.amounts: must say the amount of each of the groups {list(fitted.t_groups)} of {called(fitted)}, got none"
        )
    if baseline is not None or columns:
        raise ResponseError(f"wrap: baseline and features go with a model of effects, got {called(fitted)}; leave them out")
    return _wrap_estimator(fitted, amount, float(per))


def _wrap_estimator(fitted: Any, amount: str, per: float) -> WrappedModel:
    check_estimator(fitted, "wrap")
    _check_fitted(fitted, "fit it first, or give it to SLearner")
    if classifies(fitted):
        positive_class(fitted)
    names = input_names(fitted)
    if names and amount not in names:
        raise ResponseError(
            f"wrap.amount: must be a column {called(fitted)} was fitted on, got {amount!r}; it has {', '.join(names)}"
        )
    return WrappedModel(estimator=fitted, amount=amount, per=per)


def _check_baseline(baseline: Any) -> None:
    if baseline is None:
        return
    check_estimator(baseline, "wrap.baseline")
    _check_fitted(baseline, "fit it on units without an award")
    if classifies(baseline):
        positive_class(baseline)


def _check_fitted(estimator: Any, remedy: str) -> None:
    try:
        check_is_fitted(estimator)
    except NotFittedError as fault:
        raise ResponseError(f"wrap: the estimator must be fitted, got an unfitted {called(estimator)}; {remedy}") from fault
