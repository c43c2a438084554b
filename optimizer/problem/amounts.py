"""The finite set of awards a unit can be offered: 0 = a_0 < a_1 < … < a_{m-1}, whole currency units.

The set is finite everywhere, so that a bound, a fixing argument and a solution speak of the same problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

LARGEST = 10**11
"""Awards up to 100 billion: the cost of ten million of them still fits 64 bits."""
MOST = 10_000
"""Awards on one grid; a step that is slipped by some zeros must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts on offer, in whole currency units.

    Attributes
    ----------
    values : strictly increasing, the first is 0 (no award).

    Raises
    ------
    ValueError
        If the amounts do not start at 0, do not increase, are not whole, or exceed `LARGEST`.
    """

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        values = tuple(_whole(value) for value in self.values)
        object.__setattr__(self, "values", values)
        if not values or values[0] != 0:
            raise ValueError(f"amounts: the first must be 0 (no award), got {values[:1]}; put 0 first")
        if any(low >= high for low, high in pairwise(values)):
            raise ValueError(f"amounts: must increase strictly, got {values}; sort them and drop repeats")
        if values[-1] > LARGEST:
            raise ValueError(f"amounts: must be at most {LARGEST}, got {values[-1]}; use a larger currency unit")

    @classmethod
    def grid(cls, *, max: int, step: int, min: int | None = None) -> Self:  # noqa: A002
        """Amounts 0, min, min + step, …, max; `min` defaults to `step`.

        Raises
        ------
        ValueError
            If the step is not positive, min is above max, or the steps never reach max.
        """
        low, high, stride = _whole(step if min is None else min), _whole(max), _whole(step)
        if stride <= 0:
            raise ValueError(f"amounts.step: must be positive, got {stride}; give the distance between two awards")
        if not 0 < low <= high:
            raise ValueError(f"amounts.min: must be above 0 and at most max = {high}, got {low}; lower min or raise max")
        if (high - low) % stride:
            near = high - (high - low) % stride
            raise ValueError(
                f"amounts.step: steps of {stride} from {low} never reach max = {high}; "
                f"set max to {near} or {near + stride}, or choose a step that divides {high - low}"
            )
        if (awards := (high - low) // stride + 1) > MOST:
            raise ValueError(f"amounts.step: must leave at most {MOST} awards, got {awards}; choose a larger step")
        return cls((0, *range(low, high + 1, stride)))

    @classmethod
    def tiers(cls, awards: Iterable[int]) -> Self:
        """Amounts 0 and the given positive awards, in any order.

        Raises
        ------
        ValueError
            If an award is not positive, not whole, or named twice.
        """
        chosen = sorted(_whole(award) for award in awards)
        if not chosen or chosen[0] <= 0:
            raise ValueError(f"amounts.tiers: need at least one award, each above 0, got {chosen}; 0 is always offered")
        return cls((0, *chosen))

    @property
    def array(self) -> NDArray[np.int64]:
        """The amounts as a read-only int64 vector of length m."""
        array = np.array(self.values, dtype=np.int64)
        array.flags.writeable = False
        return array

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[int]:
        return iter(self.values)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer | float | np.floating):
        raise ValueError(f"amounts: must be whole numbers, got {value!r}; money is counted in whole currency units")
    if not math.isfinite(value) or value != int(value):
        raise ValueError(f"amounts: must be whole numbers, got {value!r}; choose a smaller currency unit, such as cents")
    return int(value)
