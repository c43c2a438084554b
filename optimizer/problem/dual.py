"""What the dual says: prices of the limits, and a value that no allocation can exceed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """Prices λ and what follows from them.

    Attributes
    ----------
    prices : (L,) λ ≥ 0, outcome per unit of each row's usage.
    bound : D(λ), at least the value of every feasible allocation.
    choice : (n,) the best option of each unit at these prices.
    best : (n,) its score; reduced cost of an option is `best` minus the option's score.
    size : Σ_l |λ_l b_l| + Σ_i |best_i|, which D(λ) is a difference of.
    near : (n,) options of small reduced cost that together use about what the limits allow: where many options tie at
        these prices, `choice` may use far more or less.
    """

    prices: NDArray[np.float64]
    bound: float
    choice: NDArray[np.intp]
    best: NDArray[np.float64]
    near: NDArray[np.intp]
    size: float = 0.0

    @property
    def rounding(self) -> float:
        """How far floating point may have moved D(λ) or a reduced cost."""
        return (
            16 * float(np.finfo(np.float64).eps) * (max(abs(self.bound), self.size) + float(np.abs(self.best).max(initial=0.0)))
        )
