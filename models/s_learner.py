"""One model of features and amount: v(x, a) = f(x, a) (the S-learner of Künzel et al. 2019).

Any classifier or regressor; the amount is its last input, divided by a power of ten so that yen and standardised features
are comparable, and a tree's thresholds keep their order when it compares in single precision.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.base import AMOUNT, Branch, with_amount
from models.features import preparation
from models.fitting import fitted_clone
from models.learner import BranchedLearner
from models.observed import Observed


class SLearner(BranchedLearner):
    """One estimator fitted on [features, amount / scale].

    Parameters
    ----------
    estimator
        Any scikit-learn classifier (outcome 0/1) or regressor. Constraints may be given by column name,
        such as ``monotonic_cst={"amount": 1}``.
    prepare
        ``auto`` imputes, standardises and one-hot encodes; ``passthrough`` hands the estimator a DataFrame of the
        features followed by the column ``amount``.

    Attributes
    ----------
    estimator_ : the fitted clone.
    preparation_ : the fitted preparation.
    amount_scale_ : currency units in one unit of the amount's input, a power of ten.
    feature_names_ : names of the estimator's inputs, ``amount`` last.
    imputed_ : {column: count} of the values missing in history.
    """

    def __init__(self, estimator: Any, prepare: str = "auto") -> None:
        self.estimator = estimator
        self.prepare = prepare

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units.

        Parameters
        ----------
        X
            N rows of features.
        treatment
            (n,) amount received, currency units; 0 is control.
        y
            (n,) outcome; 0/1 for a classifier.
        sample_weight
            (n,) how much each unit counts.

        Raises
        ------
        ResponseError
            If history or estimator cannot be used.
        """
        past = Observed.read(X, treatment, y, sample_weight)
        self.preparation_ = preparation(self.prepare).fit(past.X)
        features = self.preparation_.transform(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.amount_scale_ = amount_scale(past.treatment)
        self.feature_names_ = [*self.preparation_.feature_names_, AMOUNT]
        inputs = with_amount(features, features.shape[1], past.treatment / self.amount_scale_)
        self.estimator_ = fitted_clone(self.estimator, inputs, self.feature_names_, past.outcome, past.weight, "SLearner")
        return self

    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The same branch twice: one estimator serves every amount."""
        check_is_fitted(self)
        features = self.preparation_.transform(X)
        branch = Branch(estimator=self.estimator_, features=features, column=features.shape[1], scale=self.amount_scale_)
        return branch, branch


def amount_scale(treatment: NDArray[np.float64]) -> float:
    """The largest power of ten that is at most the largest amount: millions of yen, single dollars."""
    return float(10.0 ** np.floor(np.log10(treatment.max())))
