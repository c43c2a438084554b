"""Awards grouped in tiers: arm 0 is no award, arm j has amount a_j, and v(x, a) runs straight between the arms' outcomes.

    v(x, a) = (1 − s)·v_j(x) + s·v_{j+1}(x),   a = (1 − s)·a_j + s·a_{j+1};   beyond the last arm v stays what it is there

What is estimated is an outcome for each arm, as in trials of several treatments (Rzepakowski and Jaroszewicz 2012, section 6);
where every award of history is an arm of its own, nothing is interpolated at the amounts that history has seen.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError, offered, received
from models.learner import Learner

MOST_ARMS = 10
"""Up to so many different awards each is an arm of its own, unless a number of tiers is asked for."""

USUAL_ARMS = 5
"""Into how many arms more awards than that are grouped."""


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """The arms of a history.

    Attributes
    ----------
    amounts : amount of each arm, the first 0; the mean of its awards where an arm groups several.
    highest : the largest award of each arm, the first 0.
    """

    amounts: tuple[float, ...]
    highest: tuple[float, ...]

    @classmethod
    def read(cls, treatment: NDArray[np.float64], tiers: int | None, where: str) -> Self:
        """The arms of n past units' awards.

        Parameters
        ----------
        treatment
            (n,) amount received, 0 for none.
        tiers
            How many arms above 0, about equally frequent; None for one an award, or five if there are more than ten.
        where
            What is being fitted, for messages.

        Raises
        ------
        ResponseError
            If `tiers` is no whole number of at least 1, or nobody received an award.
        """
        awards = treatment[treatment > 0]
        if not awards.size:
            raise ResponseError(f"{where}: the treated arm is empty, got only amounts of 0; give a history with awards")
        distinct, place = np.unique(awards, return_inverse=True)
        if tiers is not None and (isinstance(tiers, bool) or not isinstance(tiers, int) or tiers < 1):
            raise ResponseError(f"{where}.tiers: must be a whole number of at least 1, or None, got {tiers!r}")
        wanted = tiers if tiers is not None else distinct.size if distinct.size <= MOST_ARMS else USUAL_ARMS
        # An award's arm is that of its middle rank, so that equal awards are never parted.
        counts = np.bincount(place)
        middle = (np.cumsum(counts) - counts / 2) / awards.size
        arms = (
            np.arange(distinct.size) if wanted >= distinct.size else np.unique(np.floor(middle * wanted), return_inverse=True)[1]
        )
        groups = [np.flatnonzero(arms == arm) for arm in range(int(arms.max()) + 1)]
        means = [float(np.average(distinct[group], weights=counts[group])) for group in groups]
        return cls(amounts=(0.0, *means), highest=(0.0, *(float(distinct[group[-1]]) for group in groups)))

    def __len__(self) -> int:
        return len(self.amounts)

    def of(self, treatment: NDArray[np.float64]) -> NDArray[np.intp]:
        """The arm of each unit's amount: (n,), 0 for no award."""
        return np.minimum(np.searchsorted(self.highest, treatment, side="left"), len(self) - 1)

    def curves(self, outcomes: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outcomes (n, m) at m amounts of n units whose outcomes (n, arms) are known."""
        low, share = self._between(amounts)
        return np.asarray(outcomes[:, low] * (1.0 - share) + outcomes[:, low + 1] * share, dtype=np.float64)

    def at(self, outcomes: NDArray[np.float64], treatment: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outcomes (n,) of n units, each at its own amount."""
        low, share = self._between(treatment)
        rows = np.arange(len(outcomes))
        return np.asarray(outcomes[rows, low] * (1.0 - share) + outcomes[rows, low + 1] * share, dtype=np.float64)

    def _between(self, amounts: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The arm below each amount, and how far the amount is on its way to the next."""
        known = np.array(self.amounts)
        low = np.clip(np.searchsorted(known, amounts, side="right") - 1, 0, len(self) - 2)
        return low, np.clip((amounts - known[low]) / (known[low + 1] - known[low]), 0.0, 1.0)


class TieredLearner(Learner):
    """A learner that knows an outcome for each arm of history, and runs straight between them.

    Attributes
    ----------
    tiers_ : the arms, set by `fit`.
    """

    tiers_: Tiers

    @abstractmethod
    def outcomes(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units in each arm: (n, arms), arm 0 is no award."""

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units): (n, m)."""
        vector = offered(amounts)
        return self.tiers_.curves(self.outcomes(X), vector)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount (currency units): (n,)."""
        amounts = received(treatment, len(X))
        return self.tiers_.at(self.outcomes(X), amounts)
