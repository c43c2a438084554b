"""A small tree without a walk: leaf = lowest bit of the AND, over nodes that send x right, of ~(leaves to their left).

Lucchese et al. (2015), QuickScorer. The AND splits into a part the features decide, once a unit, and a constant for each
interval of the amount. A feature acts through its rank among the thresholds, so that all of a tree's nodes on it are one
table look-up; features with few thresholds share a table (their ranks as digits of one number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.curves.trees import LEAF, MOST_CODES, Tree, coded, leaves_in_order

MOST_LEAVES = 63
"""Bits of an int64 that leave it positive."""

MOST_TOGETHER = 1024
"""Entries of a table that features share: it stays in the first cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A feature's rank: how many of the thresholds lie below; categories are their own rank; missing is the last."""

    feature: int
    thresholds: NDArray[np.float64] | None

    @property
    def points(self) -> NDArray[np.float64]:
        """One input of each rank."""
        within = np.arange(float(MOST_CODES)) if self.thresholds is None else np.append(self.thresholds, np.inf)
        return np.append(within, np.nan)

    def rank(self, inputs: NDArray[np.floating]) -> NDArray[np.intp]:
        """Ranks of inputs of this feature."""
        if self.thresholds is None:
            return coded(inputs)
        ranks: NDArray[np.intp] = np.searchsorted(self.thresholds, inputs.astype(np.float64))
        # searchsorted ranks nan like what lies above all thresholds, which is the rank before.
        ranks += np.isnan(inputs)
        return ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """Axes whose ranks are the digits of one number; their table has `size` entries."""

    axes: tuple[Axis, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many ranks each axis has."""
        return tuple(axis.points.size for axis in self.axes)

    def number(self, inputs: NDArray[np.floating]) -> NDArray[np.intp]:
        """The number of each row of inputs (rows, p)."""
        total = np.zeros(len(inputs), dtype=np.intp)
        for axis, size in zip(self.axes, self.sizes, strict=True):
            total *= size
            total += axis.rank(inputs[:, axis.feature])
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A tree as tables.

    Attributes
    ----------
    tables : (which number, mask of leaves for each of its values).
    runs : (first column, last column + 1, mask) of the amount's intervals.
    answers : what a mask's lowest bit means: indexed by the whole mask if it has 8 bits, else by its exponent as a float.
    """

    tables: tuple[tuple[int, NDArray[np.integer]], ...]
    runs: tuple[tuple[int, int, np.integer], ...]
    answers: NDArray[np.floating]

    def add_to(self, total: NDArray[np.floating], numbers: Sequence[NDArray[np.intp]]) -> None:
        """Add the tree's answers to total (columns, rows)."""
        fixed = self._fixed(numbers, total.shape[1])
        for first, last, mask in self.runs:
            total[first:last] += self._answer(fixed & mask)

    def _fixed(self, numbers: Sequence[NDArray[np.intp]], rows: int) -> NDArray[np.integer]:
        if not self.tables:
            return np.full(rows, -1).astype(self.runs[0][2].dtype)
        (which, table), *others = self.tables
        mask = table.take(numbers[which], mode="clip")
        for which, table in others:
            mask &= table.take(numbers[which], mode="clip")
        return mask

    def _answer(self, mask: NDArray[np.integer]) -> NDArray[np.floating]:
        if mask.dtype == np.uint8:
            return self.answers.take(mask, mode="clip")
        # A power of two as a float is its exponent, shifted by the length of the fraction.
        mask &= -mask
        if mask.dtype == np.int32:
            return self.answers.take(mask.astype(np.float32).view(np.int32) >> 23, mode="clip")
        return self.answers.take(mask.astype(np.float64).view(np.int64) >> 52, mode="clip")


def digits_of(trees: Sequence[Tree], column: int) -> tuple[Digits, ...]:
    """The features of these trees other than the amount's column, gathered while their tables stay small."""
    features = np.concatenate([tree.feature for tree in trees])
    thresholds = np.concatenate([tree.threshold for tree in trees])
    categories = {int(tree.feature[node]) for tree in trees for node in tree.codes}
    axes = [
        Axis(feature=f, thresholds=None if f in categories else np.unique(thresholds[features == f]))
        for f in np.unique(features).tolist()
        if f not in (LEAF, column)
    ]
    gathered: list[list[Axis]] = []
    size = MOST_TOGETHER
    for axis in sorted(axes, key=lambda axis: axis.points.size):
        if size * axis.points.size > MOST_TOGETHER:
            gathered.append([])
            size = 1
        gathered[-1].append(axis)
        size *= axis.points.size
    return tuple(Digits(axes=tuple(together)) for together in gathered)


def masked(tree: Tree, digits: Sequence[Digits], column: int, amounts: NDArray[np.floating], total: type) -> Masked:
    """The tree as tables over these numbers, for these amounts (ascending)."""
    order, left_of = leaves_in_order(tree)
    kind = np.uint8 if len(order) <= 8 else np.int32 if len(order) <= 31 else np.int64  # noqa: PLR2004 — bits
    full = kind((1 << len(order)) - 1)
    used = set(tree.feature.tolist())

    def mask_of(feature: int, points: NDArray[np.floating]) -> NDArray[np.integer]:
        mask = np.full(points.size, full)
        for node in np.flatnonzero(tree.feature == feature).tolist():
            mask[~tree.goes_left(node, points)] &= full ^ kind(left_of[node])
        return mask

    tables = []
    for which, together in enumerate(digits):
        if used.isdisjoint(axis.feature for axis in together.axes):
            continue
        table = np.full(1, full)
        for axis in together.axes:
            table = (table[:, None] & mask_of(axis.feature, axis.points)).ravel()
        tables.append((which, table))
    return Masked(
        tables=tuple(tables), runs=_runs(mask_of(column, amounts)), answers=_answers(tree.value[order].astype(total), kind)
    )


def _runs(masks: NDArray[np.integer]) -> tuple[tuple[int, int, np.integer], ...]:
    starts = np.flatnonzero(np.append(True, masks[1:] != masks[:-1]))
    return tuple((a, b, masks[a]) for a, b in zip(starts.tolist(), [*starts[1:].tolist(), masks.size], strict=True))


def _answers(values: NDArray[np.floating], kind: type) -> NDArray[np.floating]:
    if kind is np.uint8:
        lowest = [(mask & -mask).bit_length() - 1 for mask in range(256)]
        return values.take(lowest, mode="clip")
    return np.concatenate([np.zeros(127 if kind is np.int32 else 1023, dtype=values.dtype), values])
