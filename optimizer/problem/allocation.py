"""The answer: one amount for each unit, what it is worth, and what no other answer can exceed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BoundSource = Literal["dual", "core"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Who gets how much, with a proof of how good that is.

    Attributes
    ----------
    index : (n,) position of each unit's amount among the amounts.
    amount : (n,) int64 currency units.
    value : expected outcome of all units together.
    bound : no allocation within the limits is worth more.
    bound_source : ``dual`` if one pass over the units at the shadow prices re-proves the bound, ``core`` if it also
        rests on the backend's solution of the core.
    shadow_prices : by limit, what one unit more of its figure would be worth; negative for at_least limits.
    usage : by limit, (used, allowed) in the limit's own measure.
    """

    index: NDArray[np.intp]
    amount: NDArray[np.int64]
    value: float
    bound: float
    bound_source: BoundSource
    shadow_prices: Mapping[str, float]
    usage: Mapping[str, tuple[float, float]]

    @property
    def gap(self) -> float:
        """(bound − value)/|value|; 0 is a proven optimum."""
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """(bound − value)/|value|, and 0 where both are equal."""
    if bound <= value:
        return 0.0
    return (bound - value) / abs(value) if value else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """The search so far: the best feasible choice, its value, and the best bound.

    Attributes
    ----------
    choice : (n,) option of each unit, or None while none is feasible.
    value : its value; −inf while there is none.
    """

    choice: NDArray[np.intp] | None
    value: float
    bound: float
    source: BoundSource

    @property
    def gap(self) -> float:
        """Relative gap between bound and value."""
        return relative_gap(self.value, self.bound)
