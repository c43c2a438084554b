"""Folds: every past unit is in one, kinds of unit are spread evenly, and clusters are never parted.

Units are dealt like cards, kind by kind. Whole clusters, the largest first, each go where there are fewest of its kinds so far.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseError

FEWEST = 2
"""Folds: what is fitted on the others needs others."""


def dealt(
    kinds: NDArray[np.intp], folds: int, rng: np.random.Generator, clusters: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """The fold of each of n units: (n,), from 0.

    Parameters
    ----------
    kinds
        (n,) what is to be spread evenly, such as the treatment's arm, numbered from 0.
    folds
        How many.
    rng
        Shuffles the units, or the clusters.
    clusters
        (n,) units of the same number stay together; None if each stands for itself.

    Raises
    ------
    ResponseError
        If the number of folds is no whole number from 2 to the number of units, or of clusters.
    """
    most, what = (len(kinds), "units") if clusters is None else (np.unique(clusters).size, "clusters")
    if isinstance(folds, bool) or not isinstance(folds, int) or not FEWEST <= folds <= most:
        raise ResponseError(f"folds: must be a whole number from {FEWEST} to {most} {what}, got {folds!r}; choose another")
    if clusters is not None:
        return _whole(kinds, folds, rng, clusters)
    shuffled = rng.permutation(len(kinds))
    fold = np.empty(len(kinds), dtype=np.intp)
    fold[shuffled[np.argsort(kinds[shuffled], kind="stable")]] = np.arange(len(kinds)) % folds
    return fold


def _whole(kinds: NDArray[np.intp], folds: int, rng: np.random.Generator, clusters: NDArray[np.intp]) -> NDArray[np.intp]:
    _, cluster = np.unique(clusters, return_inverse=True)
    counts = np.zeros((cluster.max() + 1, kinds.max() + 1))
    np.add.at(counts, (cluster, kinds), 1.0)
    shares = counts / np.maximum(counts.sum(axis=0), 1.0)
    shuffled = rng.permutation(len(counts))
    held, place = np.zeros((folds, counts.shape[1])), np.empty(len(counts), dtype=np.intp)
    for each in shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]:
        # The sum of squared shares grows least where there are fewest of the cluster's kinds.
        place[each] = np.argmin(held @ shares[each])
        held[place[each]] += shares[each]
    return np.asarray(place[cluster], dtype=np.intp)
