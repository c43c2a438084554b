"""A fitted uplift tree in flat arrays: node v sends x left if x[feature_v] ≤ threshold_v, else right; a leaf says its rates."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

LEAF = -1
"""The feature and the children of a leaf."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of a tree, root first, each before its children and the left child's before the right's.

    Attributes
    ----------
    feature : (nodes,) position of the prepared feature that is asked, `LEAF` in a leaf.
    threshold : (nodes,) what it is compared with, in prepared units; NaN in a leaf.
    left, right : (nodes,) the children, `LEAF` in a leaf.
    rates : (nodes, arms) expected outcome in each arm.
    counts : (nodes, arms) units in each arm, by weight.
    gain : (nodes,) of the split, 0 in a leaf.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    rates: NDArray[np.float64]
    counts: NDArray[np.float64]
    gain: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def leaves(self) -> NDArray[np.bool_]:
        """Which nodes are leaves: (nodes,)."""
        return np.equal(self.feature, LEAF)

    def leaf_of(self, features: NDArray[np.float64]) -> NDArray[np.intp]:
        """The leaf of each of n units with these prepared features: (n,)."""
        node = np.zeros(len(features), dtype=np.intp)
        rows = np.arange(len(features))
        while rows.size:
            rows = rows[self.feature[node[rows]] != LEAF]
            at = node[rows]
            goes_left = features[rows, self.feature[at]] <= self.threshold[at]
            node[rows] = np.where(goes_left, self.left[at], self.right[at])
        return node

    def outcomes(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected outcome of n units in each arm: (n, arms)."""
        return self.rates[self.leaf_of(features)]

    def cut(self, nodes: NDArray[np.bool_]) -> Nodes:
        """The tree in which these nodes are leaves, and what was below them is gone."""
        stays = np.zeros(len(self), dtype=np.bool_)
        stays[0] = True
        for v in np.flatnonzero(~self.leaves):
            stays[[self.left[v], self.right[v]]] = stays[v] and not nodes[v]
        place = np.where(stays, np.cumsum(stays) - 1, LEAF)
        kept = {field.name: getattr(self, field.name)[stays] for field in fields(self)}
        ends = nodes[stays] | (kept["feature"] == LEAF)
        return Nodes(
            feature=np.where(ends, LEAF, kept["feature"]),
            threshold=np.where(ends, np.nan, kept["threshold"]),
            left=np.where(ends, LEAF, place[kept["left"]]),
            right=np.where(ends, LEAF, place[kept["right"]]),
            rates=kept["rates"],
            counts=kept["counts"],
            gain=np.where(ends, 0.0, kept["gain"]),
        )
