"""History in bins: a feature's values become codes 0…b, and "code ≤ c" is the question "x ≤ threshold c".

Thresholds are the midpoints between neighbouring values, or those at evenly spread ranks where there are too many; computed
once, they serve every node of every tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MOST_CANDIDATES = np.iinfo(np.uint16).max
"""Codes are kept in two bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinnedHistory:
    """Past units with a weight above 0.

    Attributes
    ----------
    codes : (p, n) bin of each feature of each unit.
    thresholds : p vectors, what lies between a feature's bins, ascending.
    arm : (n,) which arm a unit was in, 0 for the controls.
    outcome : (n,) 0 or 1.
    weight : (n,) how many units each counts as.
    arms : how many arms there are.
    """

    codes: NDArray[np.uint16]
    thresholds: tuple[NDArray[np.float64], ...]
    arm: NDArray[np.intp]
    outcome: NDArray[np.intp]
    weight: NDArray[np.float64]
    arms: int

    @classmethod
    def read(
        cls,
        features: NDArray[np.float64],
        arm: NDArray[np.intp],
        outcome: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
        arms: int,
        most: int,
    ) -> Self:
        """Bins of n units' prepared features (n, p), with at most so many thresholds a feature."""
        weights = np.ones(len(features)) if weight is None else weight
        rows = np.flatnonzero(weights > 0)
        columns = [np.ascontiguousarray(column[rows]) for column in features.T]
        thresholds = tuple(between(column, weights[rows], most) for column in columns)
        codes = np.empty((len(columns), rows.size), dtype=np.uint16)
        for j, column in enumerate(columns):
            codes[j] = np.searchsorted(thresholds[j], column, side="left")
        return cls(
            codes=codes,
            thresholds=thresholds,
            arm=arm[rows],
            outcome=outcome[rows].astype(np.intp),
            weight=weights[rows],
            arms=arms,
        )

    def units(self) -> NDArray[np.float64]:
        """Units in each arm, by weight: (arms,)."""
        return np.asarray(np.bincount(self.arm, self.weight, minlength=self.arms), dtype=np.float64)


def between(values: NDArray[np.float64], weight: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """At most so many thresholds between the distinct values of n units, ascending; each parts some values from others."""
    distinct, place = np.unique(values, return_inverse=True)
    lower, upper = distinct[:-1], distinct[1:]
    if lower.size > most:
        passed = np.cumsum(np.bincount(place, weight))
        wanted = np.arange(1, most + 1) / (most + 1) * passed[-1]
        chosen = np.unique(np.minimum(np.searchsorted(passed, wanted), lower.size - 1))
        lower, upper = lower[chosen], upper[chosen]
    middle = lower + (upper - lower) / 2
    # Between two neighbouring floats there is no third.
    return np.where(middle < upper, middle, lower)
