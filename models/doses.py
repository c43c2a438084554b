"""How a network's heads share a unit's amount: m_h(a), and the dose d = a / largest award of history.

    none      m = (1[a = 0], 1[a > 0])                                              TARNet: all awards alike
    strata    m = (1[a = 0], 1[a in stratum 1], …), d joined at every layer         DRNet (Schwab et al. 2020)
    varying   m = (1, d, d², (d − ⅓)₊², (d − ⅔)₊²), no award being d = 0            VCNet (Nie et al. 2021)

Strata hold about equally many past awards. They meet in jumps; a varying head is smooth, and beyond the largest award it
stays what it is there, since a parabola would run away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.tiers import Tiers

KINDS = ("none", "strata", "varying")
KNOTS = (1.0 / 3.0, 2.0 / 3.0)
"""Where the parabolas of a varying head meet, as published."""

HAIR = 1e-9
"""By how much, relatively, an award may pass a stratum's largest and still belong to it: amounts come back from doses rounded."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Doses:
    """Amounts of one history, as the heads see them.

    Attributes
    ----------
    kind : one of `KINDS`.
    largest : the largest award of history, which is dose 1.
    highest : the largest award of each stratum, the first 0; empty unless the kind is strata.
    """

    kind: str
    largest: float
    highest: tuple[float, ...] = ()

    @classmethod
    def read(cls, kind: str, treatment: Floats, strata: int) -> Self:
        """The doses of n past units; there are fewer strata than asked for if history has fewer awards."""
        highest = Tiers.read(treatment, strata, "TARNet").highest if kind == "strata" else ()
        return cls(kind=kind, largest=float(treatment.max()), highest=highest)

    @property
    def heads(self) -> int:
        """How many heads there are to mix."""
        return {"none": 2, "strata": len(self.highest), "varying": 3 + len(KNOTS)}[self.kind]

    @property
    def joined(self) -> bool:
        """Whether the dose is an input of every layer."""
        return self.kind == "strata"

    def dose(self, amounts: Floats) -> Floats:
        """Amounts as shares of the largest award: (n,)."""
        return amounts / self.largest

    def mix(self, amounts: Floats) -> Floats:
        """Share of each head at each amount: (n, heads)."""
        if self.kind == "varying":
            d = np.minimum(self.dose(amounts), 1.0)
            return np.column_stack([np.ones_like(d), d, d**2, *(np.maximum(d - knot, 0.0) ** 2 for knot in KNOTS)])
        ends = np.array(self.highest) * (1.0 + HAIR)
        head = np.searchsorted(ends, amounts) if self.kind == "strata" else (amounts > 0).astype(np.intp)
        return np.eye(self.heads)[np.minimum(head, self.heads - 1)]
