"""Units in the order of a score, best first; equal scores are one step.

Whatever is summed along the order is known at the ends of steps and runs straight between them, which is its expectation
when ties are broken at random. So nothing depends on the order of rows, and a constant score is a random one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order with ties.

    Attributes
    ----------
    rows : (n,) the units' rows, best score first.
    starts : (k,) where in `rows` each step starts.
    """

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def read(cls, score: NDArray[np.float64]) -> Self:
        """The order of n ≥ 1 scores."""
        rows = np.argsort(-score, kind="stable")
        new = np.diff(score[rows], prepend=np.inf) != 0
        return cls(rows=rows, starts=np.flatnonzero(new))

    def cumulated(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of values (b, n) over the first 0, 1, … k steps: (b, k + 1)."""
        steps = np.add.reduceat(values[:, self.rows], self.starts, axis=1)
        return np.asarray(np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1), dtype=np.float64)


def between(points: NDArray[np.float64], at: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (b, k) known at rising places (b, k), straight between them and level beyond: at (b, m) places, (b, m)."""
    return np.array([np.interp(p, a, v) for p, a, v in zip(points, at, values, strict=True)])


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64], empty: float) -> NDArray[np.float64]:
    """A quotient, and this number where the denominator is 0."""
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), empty)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out
