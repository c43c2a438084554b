"""Pruning by the maximum class probability difference: a subtree stays if its leaves tell more of held-out units than its root.

    MD(leaf) = s* · (P^T*(Y=1) − P^C(Y=1)) on held-out units,   MD(subtree) = Σ_l N(l)/N · MD(l)

T* is the treatment, and s* the sign, of the leaf's largest difference from the controls in the units it was grown from: a
leaf that merely follows noise gets the sign wrong as often as right. With outcomes 0 and 1 both classes differ by as much.
What is measured is therefore who should be treated, and how, not by how much it helps: of leaves that agree on treatment and
sign, and differ in size only, the weighted mean is the root's own but for chance, and chance decides whether they stay.

Source: Rzepakowski and Jaroszewicz (2012), Knowledge and Information Systems 32, section 5, and 6 for several treatments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.uplift_nodes import Nodes


def told(nodes: Nodes, held: NDArray[np.float64]) -> NDArray[np.float64]:
    """N(v) · MD(v) of every node v, were it a leaf: (nodes,).

    Parameters
    ----------
    nodes
        The tree as grown.
    held
        (nodes, arms, 2) held-out units that pass each node, by arm and outcome.

    Returns
    -------
    0 where the treatment in question, or the controls, have no held-out unit: nothing is known against or for the node.
    """
    at = np.arange(len(nodes))
    apart = nodes.rates[:, 1:] - nodes.rates[:, :1]
    arm = 1 + np.abs(apart).argmax(axis=1)
    units = held.sum(axis=-1)
    rates = np.divide(held[..., 1], units, out=np.zeros_like(units), where=units > 0)
    known = (units[at, arm] > 0) & (units[:, 0] > 0)
    difference = np.sign(apart[at, arm - 1]) * (rates[at, arm] - rates[:, 0])
    return np.where(known, units.sum(axis=1) * difference, 0.0)


def told_below(nodes: Nodes, held: NDArray[np.float64]) -> NDArray[np.float64]:
    """N(v) · MD of the subtree under every node v: (nodes,); parameters as in `told`."""
    values = told(nodes, held)
    for v in np.flatnonzero(~nodes.leaves)[::-1]:
        values[v] = values[nodes.left[v]] + values[nodes.right[v]]
    return values


def pruned(nodes: Nodes, held: NDArray[np.float64]) -> Nodes:
    """The tree with every subtree cut, from below, whose root tells at least as much as its leaves; parameters as in `told`."""
    alone = told(nodes, held)
    best = alone.copy()
    cut = np.zeros(len(nodes), dtype=np.bool_)
    for v in np.flatnonzero(~nodes.leaves)[::-1]:
        below = best[nodes.left[v]] + best[nodes.right[v]]
        cut[v] = alone[v] >= below
        best[v] = max(alone[v], below)
    return nodes.cut(cut)
