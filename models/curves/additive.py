"""A sum of trees: v(x, a) = finish(start + Σ_t tree_t(x, a)), the trees added in their order, as `predict` adds them.

The thresholds on the amount cut it into few intervals; within one nothing changes, so that the sum is kept for one amount
of each. The same leaves, added in the same order with the same precision, give the very same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from models.curves.bitmask import MOST_LEAVES, Digits, Masked, digits_of, masked
from models.curves.curve import Unclear, as_array, rows_within
from models.curves.trees import LEAF, Tree
from models.curves.walk import Walked

MOST_TREES = 256
MOST_NODES = 8192
"""Trees and nodes whose thresholds share their ranks: tables grow with the product of both."""

MOST_SUMS, TABULATED, WALKED = 2**22, 2**13, 2**16
"""Sums held at once (32 MB), and units at once if every tree is tabulated, or some are walked."""

Sums = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSum:
    """What a fitted ensemble adds up.

    Attributes
    ----------
    trees : in the order they are added.
    precision : the type their inputs are compared in.
    start : what the sum starts from; its type is the type of the sum.
    finish : from sums (any shape) to outcomes.
    missing : whether inputs may be missing.
    sparse : whether a sparse zero is a zero.
    """

    trees: tuple[Tree, ...]
    precision: type[np.floating]
    start: np.floating
    finish: Callable[[Sums], Sums]
    missing: bool
    sparse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive trees that share their ranks; a large tree is walked instead of tabulated."""

    digits: tuple[Digits, ...]
    trees: tuple[Masked | Walked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCurve:
    """Curve of a sum of trees; `kept` holds one amount of each interval, `places` the interval of each amount."""

    ensemble: TreeSum
    batches: tuple[Batch, ...]
    column: int
    kept: NDArray[np.floating]
    places: NDArray[np.intp]

    @property
    def rows(self) -> int:
        """Units at once: a walk costs as much for few as for many, tables want their numbers in the cache."""
        walks = any(isinstance(tree, Walked) for batch in self.batches for tree in batch.trees)
        return rows_within(MOST_SUMS, self.places.size, WALKED if walks else TABULATED)

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        if issparse(inputs) and not self.ensemble.sparse:
            raise Unclear("sparse inputs, whose zeros may count as missing")
        return self.from_array(as_array(inputs, self.ensemble.precision, missing=self.ensemble.missing))

    def from_array(self, inputs: NDArray[np.floating], starts: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """Outcomes (rows, m) of inputs as the trees compare them; `starts` (kept, rows) stands in for the constant start."""
        by_column = np.asfortranarray(inputs)
        sums = np.full((self.kept.size, len(inputs)), self.ensemble.start) if starts is None else starts
        for batch in self.batches:
            numbers = [digits.number(by_column) for digits in batch.digits]
            for tree in batch.trees:
                if isinstance(tree, Masked):
                    tree.add_to(sums, numbers)
                else:
                    tree.add_to(sums, by_column, self.column, self.kept)
        return np.asarray(self.ensemble.finish(sums)[self.places].T, dtype=np.float64)


def tree_curve(ensemble: TreeSum, column: int, amounts: NDArray[np.floating], *, keep_all: bool = False) -> TreeCurve:
    """Curve over these amounts, as the trees compare them; `keep_all` keeps each, not one of each interval."""
    kept, places = np.unique(amounts, return_inverse=True) if keep_all else _intervals(ensemble.trees, column, amounts)
    number = type(ensemble.start)
    batches = []
    for trees in _batches(ensemble.trees):
        small = [tree for tree in trees if tree.leaves <= MOST_LEAVES]
        digits = digits_of(small, column) if small else ()
        ready = [
            masked(tree, digits, column, kept, number) if tree.leaves <= MOST_LEAVES else Walked.of(tree, number)
            for tree in trees
        ]
        batches.append(Batch(digits=digits, trees=tuple(ready)))
    return TreeCurve(ensemble=ensemble, batches=tuple(batches), column=column, kept=kept, places=places)


def _intervals(
    trees: Sequence[Tree], column: int, amounts: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
    """One amount of each interval that no threshold cuts, ascending, and the interval of each amount."""
    on_amount = [tree.threshold[tree.feature == column] for tree in trees]
    thresholds = np.unique(np.concatenate([*on_amount, np.empty(0)]))
    _, first, places = np.unique(np.searchsorted(thresholds, amounts.astype(np.float64)), return_index=True, return_inverse=True)
    return amounts[first], places


def _batches(trees: Sequence[Tree]) -> Iterator[Sequence[Tree]]:
    some: list[Tree] = []
    nodes = 0
    for tree in trees:
        inner = int(np.count_nonzero(tree.feature != LEAF)) if tree.leaves <= MOST_LEAVES else 0
        if some and (len(some) == MOST_TREES or nodes + inner > MOST_NODES):
            yield some
            some, nodes = [], 0
        some.append(tree)
        nodes += inner
    if some:
        yield some
