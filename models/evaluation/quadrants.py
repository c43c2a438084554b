"""The four quadrants of uplift, by (outcome without an award, outcome with one), and what is known of them.

    persuadable (0,1) · sure thing (1,1) · lost cause (0,0) · sleeping dog (1,0)

Only μ0 = P(1 without) and μ1 = P(1 with) are known of a unit, not which outcomes go together. With p = P(persuadable) the rest
follows: sure thing μ1 − p, lost cause 1 − μ0 − p, sleeping dog p − τ, where τ = μ1 − μ0; and nothing more is known of p than

    max(0, τ) ≤ p ≤ min(μ1, 1 − μ0)

(Fréchet bounds; Tian and Pearl 2000). The lower end is monotonicity: among units alike the award moves none against the others,
so that p = τ where τ ≥ 0 and there are no sleeping dogs, and the reverse where τ < 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.evaluation.rows import column

SEGMENTS = ("persuadable", "sure thing", "lost cause", "sleeping dog")
"""In the order in which everything here is given."""


@dataclass(frozen=True, kw_only=True)
class Quadrants:
    """Which quadrants units lie in.

    Attributes
    ----------
    monotone : (n, 4) chance of each quadrant under monotonicity.
    opposite : (n, 4) the same at the other end of what the two probabilities allow.
    """

    monotone: NDArray[np.float64]
    opposite: NDArray[np.float64]

    @classmethod
    def read(cls, without: ArrayLike, awarded: ArrayLike) -> Quadrants:
        """Quadrants of n units.

        Parameters
        ----------
        without, awarded
            (n,) P(outcome = 1) without an award and with one; what lies outside [0, 1] counts as its nearer end.

        Raises
        ------
        ResponseError
            If they do not fit together.
        """
        n = np.size(without)
        low = np.clip(column(without, n, "quadrants, without"), 0.0, 1.0)
        high = np.clip(column(awarded, n, "quadrants, awarded"), 0.0, 1.0)
        least, most = np.maximum(0.0, high - low), np.minimum(high, 1.0 - low)
        return cls(monotone=_chances(low, high, least), opposite=_chances(low, high, most))

    def __len__(self) -> int:
        return len(self.monotone)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """What each quadrant's chance lies between: (n, 4, 2)."""
        ends = np.stack([self.monotone, self.opposite], axis=-1)
        return np.sort(ends, axis=-1)

    @property
    def likeliest(self) -> NDArray[np.intp]:
        """The most likely quadrant of each unit under monotonicity, as a position in `SEGMENTS`; the first of equals: (n,)."""
        return np.asarray(self.monotone.argmax(axis=1), dtype=np.intp)

    @property
    def told(self) -> NDArray[np.bool_]:
        """Whether the likeliest quadrant is so without monotonicity too: (n,)."""
        # Chances are linear in p: what is largest at both ends is so between them.
        own = np.take_along_axis(self.opposite, self.likeliest[:, None], axis=1)[:, 0]
        return np.asarray(own >= self.opposite.max(axis=1), dtype=np.bool_)

    def table(self, amount: ArrayLike | None = None) -> pd.DataFrame:
        """How many units lie in each quadrant, and what money they get.

        Parameters
        ----------
        amount
            (n,) what each unit is given (currency units); None for nothing.

        Returns
        -------
        One row a segment: `units`, whose likeliest quadrant it is; `told`, of whom that needs no assumption; `expected` heads
        under monotonicity, `low` and `high` without it; `money` of the units; `expected_money`, awards counted by chance.

        Raises
        ------
        ResponseError
            If the amounts do not fit.
        """
        money = column(np.zeros(len(self)) if amount is None else amount, len(self), "quadrants, amount")
        low, high = np.moveaxis(self.bounds.sum(axis=0), -1, 0)
        return pd.DataFrame(
            {
                "segment": SEGMENTS,
                "units": np.bincount(self.likeliest, minlength=len(SEGMENTS)),
                "told": np.bincount(self.likeliest[self.told], minlength=len(SEGMENTS)),
                "expected": self.monotone.sum(axis=0),
                "low": low,
                "high": high,
                "money": np.bincount(self.likeliest, weights=money, minlength=len(SEGMENTS)),
                "expected_money": money @ self.monotone,
            }
        )


def _chances(low: NDArray[np.float64], high: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance of each quadrant, if that of the first is p: (n, 4)."""
    chances = np.column_stack([p, high - p, 1.0 - low - p, p - (high - low)])
    return np.asarray(np.maximum(chances, 0.0), dtype=np.float64)  # rounding may leave a hair below 0
