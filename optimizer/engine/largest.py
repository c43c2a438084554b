"""The k largest of n numbers that stand in parts: counted digit by digit, so that only counts come to one place.

    digits, the first first: how many numbers have the digits found so far and then each next one → the digit of the k-th largest

Eight rounds of 256 counts find the k-th largest number; of those equal to it the first ones are taken (radix selection).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.parts import Each, Parts

Bits = NDArray[np.uint64]

ROUNDS, DIGIT = 8, 8
"""Digits of a number, and bits of a digit."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Those above a number, and of those equal to it the first few of each part."""

    each: Each[tuple[int, int]]


def ordered(numbers: NDArray[np.float64]) -> Bits:
    """Whole numbers in the order of these, the zeros equal."""
    bits = (numbers + 0.0).view(np.uint64)
    top = np.uint64(1 << 63)
    return np.where(bits & top, ~bits, bits | top)


def largest(keys: Parts[Bits], count: int) -> Chosen:
    """The `count` largest of all; of equal ones those that stand first."""
    prefix, left = 0, count
    if not count:
        return Chosen(Each([(1 << 64, 0) for _ in keys.told(len)]))
    for place in range(ROUNDS):
        counts = np.sum(keys.told(_counts, prefix, place), axis=0)
        above = counts.sum() - np.cumsum(counts)
        digit = int(np.flatnonzero(above < left).min())
        left -= int(above[digit])
        prefix = prefix << DIGIT | digit
    return Chosen(Each(_shared(prefix, left, keys.told(_equal, prefix))))


def taken(keys: Bits, chosen: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of a part's units are chosen."""
    level, first = chosen
    if level >> 64:
        return np.zeros(len(keys), dtype=bool)
    given = keys > np.uint64(level)
    given[np.flatnonzero(keys == np.uint64(level))[:first]] = True
    return given


def _shared(level: int, left: int, equal: Sequence[int]) -> list[tuple[int, int]]:
    before = np.cumsum([0, *equal])[:-1]
    return [(level, int(min(max(left - ahead, 0), own))) for ahead, own in zip(before, equal, strict=True)]


def _counts(keys: Bits, prefix: int, place: int) -> NDArray[np.int64]:
    """How many of those that begin with the prefix have each next digit."""
    shift = np.uint64(64 - DIGIT * (place + 1))
    begun = keys if not place else keys[keys >> (shift + np.uint64(DIGIT)) == np.uint64(prefix)]
    return np.bincount((begun >> shift & np.uint64(0xFF)).astype(np.intp), minlength=1 << DIGIT)


def _equal(keys: Bits, level: int) -> int:
    return int((keys == np.uint64(level)).sum())
