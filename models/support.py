"""What similar units were seen with: an amount is supported for a unit if enough of its neighbours received about as much.

    supported(x, a)  ⇔  #{ j among the k nearest past units, no farther than r : 0 < t_j, |t_j − a| ≤ h } ≥ least,     a > 0

Nearness is Euclidean in prepared features (numbers standardised, text one-hot). r is the distance within which nearly all past
units have their own k nearest, so that who is unlike all of them has no neighbours; h is the bandwidth of a density estimate
from the awards of a neighbourhood, 0.9 · s · c^(−1/5) with the standard deviation s and the number c of these awards, each its
median over neighbourhoods (Silverman 1986, eq. 3.31 without the quartiles); 0 where all awards alike were equal. No award is
always supported. Positivity, and what to do where it fails: Petersen et al. (2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from models.base import ResponseError, offered, received
from models.features import Preparation
from models.observed import Observed
from models.uplift_learner import whole

MOST_PAST = 10_000
"""Of more past units so many are drawn: neighbours of a million units are then found in minutes."""

PROBED = 1_000
"""Past units whose own neighbourhoods are looked at."""

MOST_MARKED = 100_000
"""Units whose own amounts are looked up in seconds."""

NEARLY_ALL = 0.99
"""The share of past units whose own neighbourhoods set how far is near."""

ROWS = 1 << 13
"""Units whose neighbours are looked up at once."""


class Support(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The amounts that units like a unit were seen with.

    Parameters
    ----------
    neighbours
        k, how many past units are near a unit.
    least
        How many of these must have received about the amount.
    random_state
        Seed of the sample of a long history.

    Attributes
    ----------
    bandwidth_ : h, currency units: amounts no further apart are about the same.
    radius_ : r, the distance beyond which nobody is near.
    treatment_ : what the past units received that are looked among.
    preparation_, imputed_ : as in `SLearner`.
    """

    def __init__(self, neighbours: int = 100, least: int = 1, random_state: Any = 0) -> None:
        self.neighbours = neighbours
        self.least = least
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, treatment: ArrayLike) -> Self:
        """Remember n past units and what they received (currency units, 0 for none).

        Raises
        ------
        ResponseError
            If history or a parameter cannot be used.
        """
        if not whole(self.neighbours, 1) or not whole(self.least, 1, self.neighbours):
            got = f"{self.neighbours!r} and {self.least!r}"
            raise ResponseError(f"Support: neighbours must be a whole number of at least 1, least at most that, got {got}")
        past = Observed.read(X, treatment, np.zeros(len(X)))
        rows = np.arange(len(past.X))
        if rows.size > MOST_PAST:
            rows = np.sort(check_random_state(self.random_state).choice(rows, MOST_PAST, replace=False))
        self.preparation_ = Preparation().fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.treatment_ = past.treatment[rows]
        features = self.preparation_.transform(past.X.iloc[rows])
        near = min(self.neighbours, rows.size)
        self.neighbours_ = NearestNeighbors(n_neighbors=near, algorithm="brute").fit(features)
        probed = features[:: max(1, rows.size // PROBED)]
        distances, places = self.neighbours_.kneighbors(probed)
        self.radius_ = float(np.quantile(distances[:, -1], NEARLY_ALL))
        self.bandwidth_ = _bandwidth(self.treatment_[places])
        return self

    def allowed(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.bool_]:
        """Which of m amounts (currency units) are supported for each of n units: (n, m)."""
        check_is_fitted(self)
        vector = offered(amounts)
        # Whoever is no neighbour stands in the last row, which received nothing.
        about = np.append(self._about(self.treatment_[:, None], vector), np.zeros((1, vector.size), dtype=bool), axis=0)
        supported = np.empty((len(X), vector.size), dtype=bool)
        for rows, places, near in self._neighbours_of(self.preparation_.transform(X)):
            counts = np.zeros((len(places), vector.size), dtype=np.int32)
            for place in np.where(near, places, self.treatment_.size).T:
                counts += about[place]
            supported[rows] = counts >= self.least
        supported[:, vector == 0] = True
        return supported

    def allowed_at(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of n units' own amount (currency units) is supported for it: (n,)."""
        check_is_fitted(self)
        own = received(treatment, len(X))
        supported = np.asarray(own == 0)
        awarded = np.flatnonzero(own)
        for part, places, near in self._neighbours_of(self.preparation_.transform(X.iloc[awarded])):
            about = self._about(self.treatment_[places], own[awarded[part], None])
            supported[awarded[part]] = (about & near).sum(axis=1) >= self.least
        return supported

    def _about(self, received: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether what was received is an award of about the amount."""
        about: NDArray[np.bool_] = (received > 0) & (np.abs(received - amounts) <= self.bandwidth_)
        return about

    def _neighbours_of(self, features: NDArray[np.float64]) -> Iterator[tuple[slice, NDArray[np.intp], NDArray[np.bool_]]]:
        """Block by block: which units, the places of their k nearest past units, and whether these are near, (rows, k)."""
        for start in range(0, len(features), ROWS):
            rows = slice(start, start + ROWS)
            distances, places = self.neighbours_.kneighbors(features[rows])
            yield rows, places, distances <= self.radius_


def _bandwidth(received: NDArray[np.float64]) -> float:
    """Silverman's rule for a density of the awards in a neighbourhood, given what each of several (several, k) received."""
    awards = np.where(received > 0, received, np.nan)
    counts = (received > 0).sum(axis=1)
    held = counts > 0
    if not held.any():
        return 0.0
    return float(0.9 * np.median(np.nanstd(awards[held], axis=1)) * np.median(counts[held]) ** -0.2)
