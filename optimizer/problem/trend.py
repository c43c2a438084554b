"""How those who come differ from the pool, and where that leads: a mean that moves along the season.

    E[z | x] = a + b·x,   a, b ~ N(0, S²)        z the largest uplift, standardised by the pool's
                                                 x the share of the season's units that came before

The posterior mean of a Gaussian linear model (Bishop 2006, § 3.3.1) with unit noise: a few arrivals say little, and a season that
resembles its pool is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

SPREAD = 0.5
"""S: how far a season is thought to begin from its pool, and to move from there, before anybody has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Sums over those who came: their number, and of x, x², z and x·z."""

    n: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    z: float = 0.0
    xz: float = 0.0

    def seen(self, n: int, total: float, x: float) -> Self:
        """With n more of them, whose z add up to `total`, who came at x."""
        sums = (self.n + n, self.x + n * x, self.xx + n * x * x, self.z + total, self.xz + x * total)
        return type(self)(**dict(zip(("n", "x", "xx", "z", "xz"), sums, strict=True)))

    def beyond(self, x: float) -> float:
        """The mean of z over those who are still to come, from x to the end."""
        prior = np.eye(2) / SPREAD**2
        a, b = np.linalg.solve(prior + np.array([[self.n, self.x], [self.x, self.xx]]), [self.z, self.xz])
        return float(a + b * (1.0 + x) / 2.0)
