"""What the learners share: an effect is a difference of responses, and a response is read off two branches.

v_i0 = f_0(x_i),   v_ik = f_1(x_i, a_k) for a_k > 0
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from models.base import Branch, offered, received
from models.grid import response_at, response_on_grid


class Learner(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A response model that is fitted on history."""

    @abstractmethod
    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units): (n, m)."""

    def effect(self, X: pd.DataFrame, T0: float = 0, T1: float = 1) -> NDArray[np.float64]:
        """Expected outcome at amount T1 less that at T0, of n units: (n,)."""
        at_first, at_second = self.response(X, [T0, T1]).T
        return np.asarray(at_second - at_first, dtype=np.float64)


class BranchedLearner(Learner):
    """A learner whose response is one plain estimator at amount 0 and one (maybe the same) at amounts above."""

    @abstractmethod
    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The branch used at amount 0 and the one used at amounts above 0, for n units."""

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units): (n, m)."""
        vector = offered(amounts)
        without, with_award = self.branches(X)
        if without is with_award:
            return response_on_grid(without, vector)
        values = np.empty((len(without), vector.size))
        for branch, wanted in ((without, vector == 0), (with_award, vector > 0)):
            if wanted.any():
                values[:, wanted] = response_on_grid(branch, vector[wanted])
        return values

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount (currency units), by the estimators' own predict: (n,)."""
        amounts = received(treatment, len(X))
        without, with_award = self.branches(X)
        values = np.empty(amounts.size)
        for branch, wanted in ((without, amounts == 0), (with_award, amounts > 0)):
            rows = np.flatnonzero(wanted)
            values[rows] = response_at(branch, amounts[rows], rows)
        return values
