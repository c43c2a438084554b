"""A model that was fitted elsewhere: v(x, a) = f(x, a / per), any estimator that has the amount among its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from models.base import AMOUNT, Branch, ResponseError
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
        absent = [name for name in others if name not in frame.columns]
        if absent:
            raise ResponseError(
                f"wrap: X must hold the columns {called(self.estimator)} was fitted on, got no {', '.join(absent)}; add them"
            )
        return names.index(self.amount), frame.loc[:, others]

    def _by_position(self, frame: pd.DataFrame) -> tuple[int, NDArray[np.float64]]:
        wanted = getattr(self.estimator, "n_features_in_", frame.shape[1] + 1)
        if wanted != frame.shape[1] + 1:
            raise ResponseError(
                f"wrap: {called(self.estimator)} was fitted on {wanted} unnamed columns, the amount last, "
                f"got {frame.shape[1]} columns and the amount; hand in its columns in their order"
            )
        try:
            return frame.shape[1], frame.to_numpy(dtype=np.float64)
        except (TypeError, ValueError) as fault:
            raise ResponseError(f"wrap: columns must be numbers for an estimator fitted without names, got {fault}") from fault


def wrap(fitted: Any, *, amount: str = AMOUNT, per: float = 1.0) -> WrappedModel:
    """A fitted estimator as a response model.

    Parameters
    ----------
    fitted
        Classifier of 0/1 or regressor that has the amount among its inputs: where it was fitted on names, the
        column of that name; otherwise the last column, after the columns of X.
    amount
        What the amount is called there.
    per
        Currency units in one unit of that column; 1000 for a column in thousands.

    Raises
    ------
    ResponseError
        If the estimator is not fitted, does not have the amount, or is no 0/1 classifier or regressor.
    """
    check_estimator(fitted, "wrap")
    try:
        check_is_fitted(fitted)
    except NotFittedError as fault:
        raise ResponseError(
            f"wrap: the estimator must be fitted, got an unfitted {called(fitted)}; fit it first, or give it to SLearner"
        ) from fault
    if not (np.isfinite(per) and per > 0):
        raise ResponseError(f"wrap.per: must be a finite number above 0, got {per}; 1000 means a column in thousands")
    if classifies(fitted):
        positive_class(fitted)
    names = input_names(fitted)
    if names and amount not in names:
        raise ResponseError(
            f"wrap.amount: must be a column {called(fitted)} was fitted on, got {amount!r}; it has {', '.join(names)}"
        )
    return WrappedModel(estimator=fitted, amount=amount, per=float(per))


def input_names(fitted: Any) -> list[str]:
    """Names of the columns an estimator was fitted on; empty if it was fitted without."""
    names = [str(name) for name in getattr(fitted, "feature_names_in_", ())]
    # LightGBM makes up Column_0, Column_1, … where it was given no names.
    return [] if names == [f"Column_{j}" for j in range(len(names))] else names
