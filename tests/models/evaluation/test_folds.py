"""Folds part every kind evenly and no cluster at all."""

import numpy as np
import pytest

from models.base import ResponseError
from models.evaluation.folds import dealt


def test_every_kind_is_spread_evenly():
    kinds = np.repeat([0, 1, 2], [50, 23, 4])
    fold = dealt(kinds, 5, np.random.default_rng(0))
    counts = np.stack([np.bincount(fold[kinds == kind], minlength=5) for kind in range(3)])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert np.ptp(counts.sum(axis=0)) <= 1


def test_clusters_stay_whole_and_their_kinds_are_spread():
    rng = np.random.default_rng(1)
    clusters = rng.integers(60, size=900)
    kinds = (rng.random(900) < 0.1 + 0.6 * (clusters % 2)).astype(np.intp)
    fold = dealt(kinds, 4, rng, clusters)
    assert all(np.unique(fold[clusters == each]).size == 1 for each in range(60))
    counts = np.stack([np.bincount(fold[kinds == kind], minlength=4) for kind in (0, 1)])
    assert (np.ptp(counts, axis=1) <= 0.15 * counts.mean(axis=1)).all()


def test_equal_seeds_deal_alike_and_others_do_not():
    kinds = np.zeros(40, dtype=np.intp)
    first, again, other = (dealt(kinds, 4, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(("folds", "clusters"), [(1, None), (11, None), (2.0, None), (True, None), (3, [0, 1] * 5)])
def test_folds_are_a_whole_number_of_what_there_is(folds, clusters):
    with pytest.raises(ResponseError, match="folds: must be a whole number from 2 to"):
        dealt(np.zeros(10, dtype=np.intp), folds, np.random.default_rng(0), None if clusters is None else np.array(clusters))
