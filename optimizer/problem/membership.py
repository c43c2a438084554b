"""Whom the limits count, told part by part: which values parity compares, and which patterns of membership there are.

    values (that parity compares)  →  masks (n, K)  →  patterns (G, K) with sizes, and each unit's pattern

Units of one pattern are a group. Patterns are in the order of their bits, so that groups are the same however units are parted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.problem.limits import Limit
from optimizer.problem.rows import compared, counted, values_in

BITS = 62
"""A number holds so many of them."""

Values = tuple[tuple[Any, ...], ...]
Pattern = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of n units, in parts or not.

    Attributes
    ----------
    names : for each limit, what the groups that it counts are called.
    patterns : for each group, which of all these it belongs to.
    sizes : how many units each group has.
    """

    names: tuple[tuple[str, ...], ...]
    patterns: tuple[Pattern, ...]
    sizes: tuple[int, ...]

    def inside(self, place: int) -> dict[str, tuple[bool, ...]]:
        """Which groups the limit at this place counts, by name."""
        first = sum(len(names) for names in self.names[:place])
        return {name: tuple(pattern[first + k] for pattern in self.patterns) for k, name in enumerate(self.names[place])}

    def of(self, masks: NDArray[np.bool_]) -> NDArray[np.intp]:
        """(n,): the group of each unit, given whom the limits count."""
        own, which = _patterns(masks)
        place = {pattern: group for group, pattern in enumerate(self.patterns)}
        return np.array([place[pattern] for pattern in own], dtype=np.intp)[which]


def values_of(limits: Sequence[Limit], n: int, frame: pd.DataFrame | None) -> Values:
    """The values that each limit compares among n units.

    Raises
    ------
    DataError
        If a limit names a group and there are no columns, or the column is absent.
    """
    return tuple(values_in(limit, n, frame) for limit in limits)


def values_together(limits: Sequence[Limit], told: Sequence[Values]) -> Values:
    """The values of several parts of the units.

    Raises
    ------
    DataError
        If parity compares more groups than it may.
    """
    return tuple(compared(limit, own) for limit, own in zip(limits, zip(*told, strict=True), strict=True))


def masks_of(limits: Sequence[Limit], n: int, frame: pd.DataFrame | None, values: Values) -> NDArray[np.bool_]:
    """(n, K): whom each limit counts; for parity one column a value."""
    every = [mask for limit, own in zip(limits, values, strict=True) for mask in counted(limit, n, frame, own).values()]
    return np.column_stack(every) if every else np.ones((n, 0), dtype=bool)


def patterns_in(masks: NDArray[np.bool_]) -> dict[Pattern, int]:
    """The patterns of n units, and how many have each."""
    patterns, which = _patterns(masks)
    return dict(zip(patterns, np.bincount(which, minlength=len(patterns)).tolist(), strict=True))


def groups_together(limits: Sequence[Limit], values: Values, told: Iterable[dict[Pattern, int]]) -> Groups:
    """The groups of several parts of the units."""
    total: Counter[Pattern] = Counter()
    for own in told:
        total.update(own)
    names = tuple(("",) if limit.by is None else tuple(map(str, own)) for limit, own in zip(limits, values, strict=True))
    patterns = tuple(sorted(total))
    return Groups(names, patterns, tuple(total[pattern] for pattern in patterns))


def _patterns(masks: NDArray[np.bool_]) -> tuple[list[Pattern], NDArray[np.intp]]:
    n, width = masks.shape
    if masks.all():
        return [(True,) * width], np.zeros(n, dtype=np.intp)
    if width <= BITS:
        # One number a unit, whose order is that of its bits, is sorted far sooner than a row.
        codes = masks @ (1 << np.arange(width - 1, -1, -1, dtype=np.int64))
        _, first, which = np.unique(codes, return_index=True, return_inverse=True)
        rows = masks[first]
    else:
        rows, which = np.unique(masks, axis=0, return_inverse=True)
    return [tuple(map(bool, row)) for row in rows], which.reshape(-1).astype(np.intp)
