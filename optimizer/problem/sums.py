"""Sums that are rounded once, whatever the order: the same total for one process, for blocks and for workers.

    Σ_i x_i = p_1 + p_2 + … exactly, a few floats; what parts of the units add up to is told by such floats, one after the other

Each round splits off the leading bits of all numbers at once, as multiples of one power of two so coarse that their
floating-point sum is exact; the few exact parts are then added with a single rounding (Rump, Ogita & Oishi 2008, "accurate
floating-point summation, part I"). The result is that of `math.fsum`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FEW = 1000
"""Numbers that `math.fsum` adds as quickly."""

Sums = tuple[float, ...]


def exact_sum(numbers: NDArray[np.float64]) -> float:
    """The sum of n finite numbers, correctly rounded; O(n) a round, two to four rounds for numbers of like size."""
    return math.fsum(numbers.tolist() if len(numbers) <= FEW else exact_parts(numbers))


def exact_parts(numbers: NDArray[np.float64]) -> Sums:
    """A few numbers whose sum is that of n finite numbers, exactly."""
    rounds = _rounds(numbers)
    return tuple(numbers.tolist()) if rounds is None else tuple(float(leading.sum()) for leading in rounds)


def exact_parts_by(numbers: NDArray[np.float64], groups: NDArray[np.intp], n_groups: int) -> tuple[Sums, ...]:
    """The same for the numbers of each group."""
    if n_groups == 1:
        return (exact_parts(numbers),)
    rounds = _rounds(numbers)
    if rounds is None:
        return tuple(tuple(numbers[groups == group].tolist()) for group in range(n_groups))
    sums = [np.bincount(groups, weights=leading, minlength=n_groups) for leading in rounds]
    return tuple(tuple(float(each[group]) for each in sums if each[group]) for group in range(n_groups))


def _rounds(numbers: NDArray[np.float64]) -> Iterator[NDArray[np.float64]] | None:
    """The numbers' leading bits, then those of what is left, …; None where numbers are so large that they leave no room."""
    if not len(numbers):
        return iter(())
    room = math.ceil(math.log2(len(numbers))) + 1
    _, exponent = math.frexp(max(float(numbers.max()), -float(numbers.min())))
    return None if exponent + room > np.finfo(float).maxexp - 1 else _split(numbers, room)


def _split(rest: NDArray[np.float64], room: int) -> Iterator[NDArray[np.float64]]:
    while largest := max(float(rest.max()), -float(rest.min())):
        coarse = math.ldexp(1.0, math.frexp(largest)[1] + room)
        leading = (rest + coarse) - coarse
        yield leading
        rest = rest - leading
