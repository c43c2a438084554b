"""A sample of which every part of the units knows its own members: one of each run of consecutive units, drawn by a hash.

    stratum q is the units size·q … size·q + size − 1;  its member is size·q + hash(seed, n, q) mod size

Nothing is drawn in one place and sent to others, and how the units are parted makes no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Strata:
    """One in `size` of n units."""

    n: int
    size: int
    seed: int

    @property
    def count(self) -> int:
        """How many are drawn."""
        return self.n // self.size

    def members(self, first: int, last: int) -> NDArray[np.intp]:
        """Those among the units first … last − 1, counted from `first`."""
        strata = np.arange(first // self.size, min(self.count, -(-last // self.size)), dtype=np.uint64)
        drawn = (strata * np.uint64(self.size) + self._hash(strata) % np.uint64(self.size)).astype(np.intp)
        return drawn[(drawn >= first) & (drawn < last)] - first

    def _hash(self, strata: Bits) -> Bits:
        start = scrambled(np.array([self.seed % (1 << 63), self.n], dtype=np.uint64))
        return scrambled(strata ^ scrambled(start[:1] ^ (start[1:] << np.uint64(1))))


def scrambled(number: Bits) -> Bits:
    """A bijection of 64 bits that spreads every bit over all (splitmix64: Steele, Lea & Flood 2014)."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
