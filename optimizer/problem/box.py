"""A box of prices around good ones, in which the best are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Prices |λ − centre| ≤ reach, and the margin by which a settled unit's other options lose anywhere in it."""

    centre: Vector
    reach: Vector
    margin: float

    def holds(self, prices: Vector) -> bool:
        """Whether prices lie inside the box, not on an edge that they might want to pass."""
        return bool(((np.abs(prices - self.centre) < 0.999 * self.reach) | ((prices == 0.0) & (self.centre <= self.reach))).all())
