"""Sums that are rounded once, whatever the order: the same total for one process, for blocks and for workers.

Each round splits off the leading bits of all numbers at once, as multiples of one power of two so coarse that their
floating-point sum is exact; the few exact parts are then added with a single rounding (Rump, Ogita & Oishi 2008, "accurate
floating-point summation, part I"). The result is that of `math.fsum`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FEW = 1000
"""Numbers that `math.fsum` adds as quickly."""


def exact_sum(numbers: NDArray[np.float64]) -> float:
    """The sum of n finite numbers, correctly rounded; O(n) a round, two to four rounds for numbers of like size."""
    if len(numbers) <= FEW:
        return math.fsum(numbers.tolist())
    parts, rest = [], numbers
    while largest := max(float(rest.max()), -float(rest.min())):
        _, exponent = math.frexp(largest)
        if exponent + math.ceil(math.log2(len(numbers))) + 1 > np.finfo(float).maxexp - 1:
            return math.fsum(numbers.tolist())
        coarse = math.ldexp(1.0, exponent + math.ceil(math.log2(len(numbers))) + 1)
        leading = (rest + coarse) - coarse
        parts.append(float(leading.sum()))
        rest = rest - leading
    return math.fsum(parts)
