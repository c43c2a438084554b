"""Cross-fitting: what is estimated of a unit on the way to an effect comes from estimators that have not seen the unit.

History is cut into folds; a unit's nuisances are those of clones fitted on the other folds, so that their overfitting does not
pass into the effect (Chernozhukov et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from models.base import Branch, ResponseError
from models.fitting import fitted_clone
from models.grid import response_at
from models.outcome import expected

FEWEST = 2
"""Folds, and units of an arm: what is fitted on the others needs others."""

Features = NDArray[np.float64] | pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Past units by arm, their features ready for an estimator.

    Attributes
    ----------
    features : (n, p) prepared.
    names : the p columns' names.
    arm : (n,) arm of each unit, 0 is no award; every arm has units.
    outcome : (n,) what happened.
    weight : (n,) how much each unit counts, or None for equally.
    folds : into how many parts history is cut.
    random_state : seed of the folds.
    where : what is being fitted, for messages.
    """

    features: Features
    names: Sequence[str]
    arm: NDArray[np.intp]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    folds: int
    random_state: Any
    where: str

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def arms(self) -> int:
        """How many arms there are, that without award among them."""
        return int(self.arm.max()) + 1

    def rows(self, arm: int) -> NDArray[np.intp]:
        """The units of an arm."""
        return np.flatnonzero(self.arm == arm)

    def take(self, rows: NDArray[np.intp]) -> Features:
        """The features of these units, in this order."""
        return self.features.iloc[rows] if isinstance(self.features, pd.DataFrame) else self.features[rows]

    def weights(self, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """How much these units count, or None for equally."""
        return None if self.weight is None else self.weight[rows]

    def fitted(self, estimator: Any, rows: NDArray[np.intp], target: NDArray[np.float64], what: str) -> Any:
        """A clone fitted on these units and their targets (rows,).

        Raises
        ------
        ResponseError
            If the estimator cannot be used, does not take weights that were given, or fails.
        """
        return fitted_clone(estimator, self.take(rows), self.names, target, self.weights(rows), f"{self.where}, {what}")

    @cached_property
    def splits(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """For each fold the units outside it and those in it; arms, and the highest outcome, are spread evenly.

        Raises
        ------
        ResponseError
            If the number of folds is no whole number of at least 2, or an arm has but one unit.
        """
        if isinstance(self.folds, bool) or not isinstance(self.folds, int) or not FEWEST <= self.folds <= len(self):
            raise ResponseError(f"{self.where}.folds: must be a whole number from 2 to {len(self)} units, got {self.folds!r}")
        least = np.bincount(self.arm).min()
        if least < FEWEST:
            raise ResponseError(
                f"{self.where}: each arm must have at least {FEWEST} units to be fitted across folds, got one with {least}; "
                "give more history, or group its awards in fewer `tiers`"
            )
        # Dealt like cards, kind by kind: two units of a kind suffice for each fold to have one outside it.
        shuffled = check_random_state(self.random_state).permutation(len(self))
        kind = 2 * self.arm + (self.outcome == self.outcome.max())
        fold = np.empty(len(self), dtype=np.intp)
        fold[shuffled[np.argsort(kind[shuffled], kind="stable")]] = np.arange(len(self)) % self.folds
        return [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(self.folds)]

    def outside(self, estimator: Any) -> NDArray[np.float64]:
        """Expected outcome of each unit in each arm, by clones fitted on that arm's units of the other folds: (n, arms)."""
        values = np.empty((len(self), self.arms))
        for rest, held in self.splits:
            inputs = self.take(held)
            for arm in range(self.arms):
                rows = rest[self.arm[rest] == arm]
                values[held, arm] = expected(self.fitted(estimator, rows, self.outcome[rows], f"arm {arm}"), inputs)
        return values


def predicted(estimator: Any, features: Features) -> NDArray[np.float64]:
    """Expected outcome of n units by a fitted estimator of their features: (n,), in blocks of bounded memory."""
    return response_at(Branch(estimator=estimator, features=features, column=None), np.zeros(len(features)))
