"""Growing an uplift tree: every node takes the split of greatest gain that leaves enough units of every arm on both sides.

A node's rates are (successes + m · parent's rate)/(units + m), so that no rate in a small node is 0 or 1 and no divergence
infinite. A node's splits are all judged at once: one table of arm × outcome for each bin, summed up along the bins.

Source: Rzepakowski and Jaroszewicz (2012), Knowledge and Information Systems 32, sections 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.splits import Criterion
from models.uplift_bins import BinnedHistory
from models.uplift_nodes import LEAF, Nodes
from models.uplift_pruning import pruned

TIED = 1e-12
"""Gains this near to each other, relatively, are equal but for rounding; a gain must exceed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How trees grow.

    Attributes
    ----------
    criterion : the gain.
    max_depth : how many questions lead to a leaf at most.
    min_leaf : least units in a leaf.
    min_treated : least units of every arm, the controls among them, in a leaf.
    shrinkage : m, how many units the parent's rate counts as.
    prune : share of the units held out to prune with; 0 for no pruning.
    features : how many features, drawn anew, a node may ask about; None for all.
    """

    criterion: Criterion
    max_depth: int
    min_leaf: float
    min_treated: float
    shrinkage: float
    prune: float
    features: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A question and what it is worth."""

    feature: int
    code: int
    gain: float


def grown(past: BinnedHistory, growth: Growth, rng: Generator, drawn: float | None = None) -> Nodes:
    """A tree, pruned where units are held out.

    Parameters
    ----------
    past
        History.
    growth
        How the tree grows.
    rng
        Source of chance; with neither held-out units nor a choice of features or units, none is used.
    drawn
        Share of each arm's units drawn, with replacement, to grow the tree from; None for everyone once.
    """
    held = np.zeros(past.arm.size, dtype=np.bool_)
    times = np.ones(past.arm.size)
    for arm in range(past.arms):
        rows = np.flatnonzero(past.arm == arm)
        if growth.prune > 0:
            rows = rng.permutation(rows)
            out = int(growth.prune * rows.size)
            held[rows[:out]] = True
            rows = rows[out:]
        if drawn is not None:
            times[rows] = np.bincount(rng.integers(0, rows.size, max(1, round(drawn * rows.size))), minlength=rows.size)
    nodes, seen = grow(past, np.where(held, 0.0, past.weight * times), np.where(held, past.weight, 0.0), growth, rng)
    return pruned(nodes, seen) if growth.prune > 0 else nodes


def grow(
    past: BinnedHistory, weight: NDArray[np.float64], held: NDArray[np.float64], growth: Growth, rng: Generator
) -> tuple[Nodes, NDArray[np.float64]]:
    """A tree grown from units with one weight (n,), and how many with the other pass each node: (nodes, arms, 2)."""
    nodes: list[_Node] = []
    waiting = [(np.flatnonzero((weight > 0) | (held > 0)), 0, LEAF)]
    while waiting:
        rows, depth, parent = waiting.pop()
        node = _Node(past, rows, weight, held)
        node.rates = root_rates(node.counts) if parent == LEAF else shrunk(node.counts, nodes[parent].rates, growth.shrinkage)
        if depth < growth.max_depth:
            node.split = _best(past, node, growth, rng)
        here = len(nodes)
        if parent != LEAF:
            # A left child comes right after its parent, so that the right child's visit is the last to set this.
            nodes[parent].right = here
        nodes.append(node)
        if node.split is not None:
            goes_left = past.codes[node.split.feature, rows] <= node.split.code
            waiting += [(rows[~goes_left], depth + 1, here), (rows[goes_left], depth + 1, here)]
        node.forget()
    return _flat(past, nodes), np.array([node.held for node in nodes])


class _Node:
    """A node while it grows: its units, their cells (arm × outcome) and weights, and what became of it."""

    def __init__(
        self, past: BinnedHistory, rows: NDArray[np.intp], weight: NDArray[np.float64], held: NDArray[np.float64]
    ) -> None:
        self.rows, self.cell, self.weight = rows, 2 * past.arm[rows] + past.outcome[rows], weight[rows]
        self.counts = counted(self.cell, self.weight, 1, past.arms)[0]
        self.held = counted(self.cell, held[rows], 1, past.arms)[0]
        self.rates = np.empty(past.arms)
        self.split: Split | None = None
        self.right = LEAF

    def forget(self) -> None:
        """Let go of the units; only what describes the node is kept."""
        del self.rows, self.cell, self.weight


def _flat(past: BinnedHistory, nodes: list[_Node]) -> Nodes:
    parts = [node.split for node in nodes]
    return Nodes(
        feature=np.array([LEAF if split is None else split.feature for split in parts], dtype=np.intp),
        threshold=np.array([np.nan if split is None else past.thresholds[split.feature][split.code] for split in parts]),
        left=np.array([LEAF if split is None else v + 1 for v, split in enumerate(parts)], dtype=np.intp),
        right=np.array([node.right for node in nodes], dtype=np.intp),
        rates=np.array([node.rates for node in nodes]),
        counts=np.array([node.counts.sum(axis=-1) for node in nodes]),
        gain=np.array([0.0 if split is None else split.gain for split in parts]),
    )


def root_rates(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of outcome 1 in each arm (arms,) of counts (arms, 2).

    To an arm all of whose outcomes are of one kind half an outcome of either kind is added (Krichevsky and Trofimov 1981),
    so that it lies no infinite divergence away from another.
    """
    added = 0.5 * (counts.min(axis=-1) == 0)
    return np.asarray((counts[:, 1] + added) / (counts.sum(axis=-1) + 2 * added), dtype=np.float64)


def shrunk(counts: NDArray[np.float64], towards: NDArray[np.float64], m: float) -> NDArray[np.float64]:
    """Rates (..., arms) of counts (..., arms, 2), shrunk towards others (arms,) that count as m units."""
    return np.asarray((counts[..., 1] + m * towards) / (counts.sum(axis=-1) + m), dtype=np.float64)


def _best(past: BinnedHistory, node: _Node, growth: Growth, rng: Generator) -> Split | None:
    """The split of greatest gain, of equal ones the first feature's lowest; None if none gains or is allowed."""
    p = len(past.thresholds)
    asked = np.arange(p) if growth.features is None else np.sort(rng.choice(p, growth.features, replace=False))
    left = np.concatenate([_left(past, node, int(j)) for j in asked])
    children = np.stack([left, np.maximum(node.counts - left, 0.0)])
    units = children.sum(axis=-1)
    enough = (units >= growth.min_treated).all(axis=-1) & (units.sum(axis=-1) >= growth.min_leaf)
    allowed = np.flatnonzero(enough.all(axis=0))
    if not allowed.size:
        return None
    child_rates = shrunk(children[:, allowed], node.rates, growth.shrinkage)
    gains = growth.criterion.gain(node.rates, units[:, allowed], child_rates)
    if gains.max() <= TIED:
        return None
    first = int(np.flatnonzero(gains >= gains.max() * (1.0 - TIED))[0])
    features = np.repeat(asked, [past.thresholds[j].size for j in asked])
    feature = int(features[allowed[first]])
    return Split(feature, int(allowed[first] - np.searchsorted(features, feature)), float(gains[first]))


def _left(past: BinnedHistory, node: _Node, j: int) -> NDArray[np.float64]:
    """Counts (thresholds, arms, 2) of a node's units on the left of each of a feature's thresholds."""
    place = past.codes[j, node.rows].astype(np.intp) * 2 * past.arms + node.cell
    table = counted(place, node.weight, past.thresholds[j].size + 1, past.arms)
    return np.asarray(np.cumsum(table, axis=0)[:-1], dtype=np.float64)


def counted(place: NDArray[np.intp], weight: NDArray[np.float64], bins: int, arms: int) -> NDArray[np.float64]:
    """Weight at each place of a table (bins, arms, 2), laid out flat."""
    return np.asarray(np.bincount(place, weight, minlength=bins * arms * 2), dtype=np.float64).reshape(bins, arms, 2)
