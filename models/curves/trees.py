"""A regression tree as plain arrays: at node j go left if x[feature_j] ≤ threshold_j, at a leaf the answer is value_j.

Every library's trees are brought to this one form, whatever they compare with (< is ≤ of the number just below) and however
they treat missing values and categories; each in a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LEAF = -1
"""The feature of a node that splits no more."""

MOST_CODES = 256
"""Categories are the codes 0 … 255; anything else is unknown, and treated as missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree of N nodes, node 0 the root.

    Attributes
    ----------
    feature : (N,) which input a node compares, `LEAF` at a leaf.
    threshold : (N,) float64; inputs that are at most this go left.
    left, right : (N,) children.
    missing_left : (N,) whether a missing input goes left.
    value : (N,) what a leaf answers.
    codes : {node: (257,) whether each code, and at the end a missing or unknown one, goes left} of nodes that split categories.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    codes: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def leaves(self) -> int:
        """How many leaves."""
        return int(np.count_nonzero(self.feature == LEAF))

    def goes_left(self, node: int, inputs: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether each of these inputs of the node's feature goes left."""
        if node in self.codes:
            chosen: NDArray[np.bool_] = self.codes[node][coded(inputs)]
            return chosen
        chosen = inputs <= self.threshold[node]
        return chosen | np.isnan(inputs) if self.missing_left[node] else chosen


def coded(inputs: NDArray[np.floating]) -> NDArray[np.intp]:
    """Categories as places in a table of codes; what is no code is at its end."""
    known = (inputs >= 0) & (inputs < MOST_CODES)
    return np.where(known, inputs, MOST_CODES).astype(np.intp)


def leaves_in_order(tree: Tree) -> tuple[list[int], dict[int, int]]:
    """Leaves from left to right, and for each inner node the bits of the leaves to its left."""
    order: list[int] = []
    left_of: dict[int, int] = {}
    starts: dict[int, int] = {}
    # A node is met three times: before its left subtree, between the two, and never again.
    stack = [(0, False)]
    while stack:
        node, between = stack.pop()
        if tree.feature[node] == LEAF:
            order.append(node)
        elif between:
            left_of[node] = (1 << len(order)) - (1 << starts[node])
        else:
            starts[node] = len(order)
            stack += [(int(tree.right[node]), False), (node, True), (int(tree.left[node]), False)]
    return order, left_of
