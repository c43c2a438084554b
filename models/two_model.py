"""Two models, one an arm: v(x, 0) = f_control(x), v(x, a) = f_treated(x, a) (the T-learner of Künzel et al. 2019).

The arms share no estimator, so that each finds its own features; the price is that their errors do not cancel in the uplift.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from models.base import AMOUNT, Branch
from models.features import preparation
from models.fitting import fitted_clone
from models.learner import BranchedLearner
from models.observed import Observed
from models.s_learner import amount_scale


class TwoModel(BranchedLearner):
    """One clone fitted on the controls, one on the treated with the amount among its inputs.

    Parameters
    ----------
    estimator, prepare
        As in `SLearner`; the control clone gets no column ``amount``.

    Attributes
    ----------
    control_, treated_ : the fitted clones.
    amount_column_ : position of the amount among the treated clone's inputs; None if all treated received one amount,
        whose clone then answers for every amount above 0.
    preparation_, amount_scale_, imputed_ : as in `SLearner`.
    feature_names_ : names of the prepared features, without the amount.
    """

    def __init__(self, estimator: Any, prepare: str = "auto") -> None:
        self.estimator = estimator
        self.prepare = prepare

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units; parameters as in `SLearner.fit`.

        Raises
        ------
        ResponseError
            If an arm is empty or has outcomes of one kind only, or history or estimator cannot be used.
        """
        past = Observed.read(X, treatment, y, sample_weight)
        arms = {name: past.arm(name) for name in ("control", "treated")}
        self.preparation_ = preparation(self.prepare).fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.feature_names_ = list(self.preparation_.feature_names_)
        self.amount_scale_ = amount_scale(past.treatment)
        several = np.unique(past.treatment[arms["treated"]]).size > 1
        self.amount_column_ = len(self.feature_names_) if several else None
        features = self.preparation_.transform(past.X)
        for name, rows in arms.items():
            branch = self._branch(self.estimator, features, takes_amount=name == "treated")
            names = self.feature_names_ if branch.column is None else [*self.feature_names_, AMOUNT]
            clone = fitted_clone(
                self.estimator,
                branch.inputs(rows, past.treatment[rows]),
                names,
                past.outcome[rows],
                None if past.weight is None else past.weight[rows],
                f"TwoModel, {name} arm",
            )
            setattr(self, f"{name}_", clone)
        return self

    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The control's branch and the treated's."""
        check_is_fitted(self)
        features = self.preparation_.transform(X)
        return (
            self._branch(self.control_, features, takes_amount=False),
            self._branch(self.treated_, features, takes_amount=True),
        )

    def _branch(self, estimator: Any, features: Any, *, takes_amount: bool) -> Branch:
        column = self.amount_column_ if takes_amount else None
        return Branch(estimator=estimator, features=features, column=column, scale=self.amount_scale_)
