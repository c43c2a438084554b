"""A large tree walked once for all amounts: the units at a node part at a split on a feature, the amounts at one on the amount.

Which amounts reach a node depends on the node alone, so that units travel as lists of rows and a subtree that no amount reaches
is never entered. As its amount rises a unit only ever moves to leaves further right: it is enough to note where a leaf begins,
and the leaf at any amount is the furthest right noted so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.curves.trees import LEAF, Tree, leaves_in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A tree, and its leaves from left to right: their values, and each node's place among them."""

    tree: Tree
    values: NDArray[np.floating]
    places: NDArray[np.unsignedinteger]

    @classmethod
    def of(cls, tree: Tree, number: type[np.floating]) -> Self:
        """The tree made ready; `number` is the type of the sum."""
        order = leaves_in_order(tree)[0]
        places = np.zeros(tree.feature.size, dtype=np.min_scalar_type(len(order)))
        places[order] = np.arange(len(order))
        return cls(tree=tree, values=tree.value[order].astype(number), places=places)

    def add_to(
        self, sums: NDArray[np.floating], inputs: NDArray[np.floating], column: int, amounts: NDArray[np.floating]
    ) -> None:
        """Add the tree's answers to sums (amounts, rows); inputs (rows, p) in column order, amounts ascending."""
        begins = np.zeros(sums.shape, dtype=self.places.dtype)
        for first, rows, leaf in self._visits(inputs, column, amounts):
            begins[first, rows] = self.places[leaf]
        furthest = begins[0]
        # A column at a time: whole arrays would not stay in the cache.
        for place, begun in enumerate(begins):
            np.maximum(furthest, begun, out=furthest)
            sums[place] += self.values.take(furthest, mode="clip")

    def _visits(
        self, inputs: NDArray[np.floating], column: int, amounts: NDArray[np.floating]
    ) -> Iterator[tuple[int, NDArray[np.intp], int]]:
        """The first amount at which these rows are in this leaf, for every leaf that is reached."""
        tree = self.tree
        feature, left, right = tree.feature.tolist(), tree.left.tolist(), tree.right.tolist()
        stack = [(0, np.arange(len(inputs)), 0, amounts.size)]
        while stack:
            node, rows, first, last = stack.pop()
            if feature[node] == LEAF:
                yield first, rows, node
            elif feature[node] == column:
                middle = first + int(np.count_nonzero(tree.goes_left(node, amounts[first:last])))
                stack += [(left[node], rows, first, middle)] if middle > first else []
                stack += [(right[node], rows, middle, last)] if middle < last else []
            else:
                goes = tree.goes_left(node, inputs[:, feature[node]].take(rows, mode="clip"))
                lefts, rights = rows.compress(goes), rows.compress(~goes)
                stack += [(left[node], lefts, first, last)] if lefts.size else []
                stack += [(right[node], rights, first, last)] if rights.size else []
