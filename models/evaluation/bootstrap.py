"""How certain a figure is: sd of the figure over random halves of the units (Yadlowsky et al. 2021, section 3).

Half of n units drawn without replacement differ from all n by as much as all n from the population, so that the standard
deviation over halves is the standard error; value ± z·error is the interval. Unlike a bootstrap with replacement, halves add
no ties to a ranking. Units that belong together (villages, schools) are drawn together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from models.base import ResponseError

BLOCK = 2**20
"""So many draws × units are worked on at once."""

FEWEST_GROUPS = 2
"""There is no half of one."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure, its standard error and its interval; nan where it is not defined."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Band:
    """Several figures with their standard errors and pointwise intervals, (k,) each; `band[i]` is one of them."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, at: int) -> Estimate:
        return Estimate(
            value=float(self.value[at]), error=float(self.error[at]), low=float(self.low[at]), high=float(self.high[at])
        )

    def part(self, start: int, stop: int) -> Band:
        """The figures from start to before stop."""
        chosen = slice(start, stop)
        return Band(value=self.value[chosen], error=self.error[chosen], low=self.low[chosen], high=self.high[chosen])


@dataclass(frozen=True, kw_only=True)
class HalfSamples:
    """How halves are drawn.

    Attributes
    ----------
    draws : how many halves.
    level : what share of intervals should hold the truth.
    random_state : seed; equal seeds give equal intervals.
    cluster : (n,) whom each unit belongs with, or None for nobody.
    """

    draws: int = 200
    level: float = 0.95
    random_state: int = 0
    cluster: ArrayLike | None = None

    def band(self, statistic: Statistic, n: int) -> Band:
        """Figures of n units and how certain they are.

        Parameters
        ----------
        statistic
            From who is kept, (b, n) of 0 and 1 for b samples at once, to k figures of each: (b, k).
        n
            Number of units.

        Raises
        ------
        ResponseError
            If the settings make no sense, or there are fewer than two units or clusters.
        """
        groups, member = self._groups(n)
        value = statistic(np.ones((1, n)))[0]
        rng = np.random.default_rng(self.random_state)
        half, step = groups // 2, max(BLOCK // n, 1)
        drawn = [
            statistic(_halves(rng, min(step, self.draws - first), groups, half)[:, member])
            for first in range(0, self.draws, step)
        ]
        # Of an odd number the smaller half is drawn, which varies a little more.
        error = _deviation(np.concatenate(drawn)) * np.sqrt(half / (groups - half))
        reach = norm.ppf(0.5 + self.level / 2) * error
        return Band(value=value, error=error, low=value - reach, high=value + reach)

    def _groups(self, n: int) -> tuple[int, NDArray[np.intp]]:
        if self.draws < 2 or not 0 < self.level < 1:  # noqa: PLR2004 — a deviation needs two
            raise ResponseError(
                f"half-samples: draws must be at least 2 and level between 0 and 1, got {self.draws} and {self.level:g}"
            )
        if self.cluster is None:
            groups, member = n, np.arange(n)
        else:
            label = np.asarray(self.cluster)
            if label.shape != (n,):
                raise ResponseError(f"half-samples: cluster must name one for each of {n} units, got shape {label.shape}")
            distinct, member = np.unique(label, return_inverse=True)
            groups = distinct.size
        if groups < FEWEST_GROUPS:
            raise ResponseError(f"half-samples: need at least {FEWEST_GROUPS} units or clusters, got {groups}; leave cluster out")
        return groups, member


def _halves(rng: np.random.Generator, draws: int, groups: int, half: int) -> NDArray[np.float64]:
    kept = np.zeros((draws, groups))
    for row in kept:
        row[rng.permutation(groups)[:half]] = 1.0
    return kept


def _deviation(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of each figure over the halves in which it is defined; nan if that is not most of them."""
    known = np.isfinite(drawn)
    count = known.sum(axis=0)
    mean = np.where(known, drawn, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, drawn - mean, 0.0) ** 2
    deviation = np.sqrt(squares.sum(axis=0) / np.maximum(count - 1, 1))
    return np.asarray(np.where(2 * count > len(drawn), deviation, np.nan), dtype=np.float64)
