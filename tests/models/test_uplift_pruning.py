import numpy as np
import pytest

from models.splits import Criterion
from models.uplift_bins import BinnedHistory
from models.uplift_growth import Growth, grow, grown
from models.uplift_nodes import LEAF, Nodes
from models.uplift_pruning import pruned, told, told_below


def stump(rates):
    """A root and two leaves with these rates (3, arms)."""
    return Nodes(
        feature=np.array([0, LEAF, LEAF]),
        threshold=np.array([0.0, np.nan, np.nan]),
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        rates=np.array(rates),
        counts=np.ones((3, len(rates[0]))),
        gain=np.array([0.1, 0.0, 0.0]),
    )


def held(*nodes):
    """Held-out counts from (units, successes) of every arm of every node."""
    return np.array([[(n - good, good) for n, good in arms] for arms in nodes], dtype=float)


def test_a_subtree_stays_where_its_leaves_tell_more_of_held_out_units():
    nodes = stump([[0.3, 0.4], [0.3, 0.6], [0.3, 0.2]])
    # Left +0.2 among 20, right −0.2 among 20 as its leaf said: 20 · 0.2 + 20 · 0.2 = 8. The root: 40 · 0.
    counts = held([(20, 8), (20, 8)], [(10, 3), (10, 5)], [(10, 5), (10, 3)])
    assert told_below(nodes, counts).tolist() == pytest.approx([8.0, 4.0, 4.0])
    assert len(pruned(nodes, counts)) == 3


def test_a_leaf_that_was_wrong_about_the_sign_counts_against_its_subtree():
    nodes = stump([[0.3, 0.4], [0.3, 0.6], [0.3, 0.2]])
    counts = held([(20, 6), (20, 10)], [(10, 3), (10, 5)], [(10, 3), (10, 5)])
    assert told_below(nodes, counts).tolist() == pytest.approx([0.0, 4.0, -4.0])
    assert told(nodes, counts)[0] == pytest.approx(40 * 0.2)
    left = pruned(nodes, counts)
    assert (len(left), left.feature[0], left.gain[0]) == (1, LEAF, 0.0)
    assert left.rates.tolist() == [[0.3, 0.4]]


def test_the_treatment_in_question_is_the_one_that_differed_most():
    nodes = stump([[0.3, 0.4, 0.35], [0.3, 0.35, 0.1], [0.3, 0.5, 0.9]])
    counts = held([(9, 0), (9, 9), (9, 0)], [(10, 5), (10, 10), (10, 2)], [(10, 5), (10, 0), (10, 8)])
    assert told(nodes, counts) == pytest.approx([27 * 1.0, 30 * 0.3, 30 * 0.3])


def test_without_held_out_units_of_an_arm_nothing_is_told():
    nodes = stump([[0.3, 0.4], [0.3, 0.6], [0.3, 0.2]])
    counts = held([(20, 6), (0, 0)], [(10, 3), (0, 0)], [(10, 3), (0, 0)])
    assert told_below(nodes, counts).tolist() == [0.0, 0.0, 0.0]
    assert len(pruned(nodes, counts)) == 1


def noise(seed, n=1500):
    """History of three arms in which only the first of four features matters, and to few."""
    rng = np.random.default_rng(seed)
    features, arm = rng.random((n, 4)), rng.integers(0, 3, n)
    outcome = (rng.random(n) < 0.3 + 0.3 * (arm == 2) * (features[:, 0] > 0.7)).astype(float)
    past = BinnedHistory.read(features, arm, outcome, None, 3, 64)
    criterion = Criterion.of("kl", past.units(), 0.5, normalise=True)
    growth = Growth(criterion=criterion, max_depth=6, min_leaf=20, min_treated=5, shrinkage=5.0, prune=0.4)
    return features, past, growth


def difference(nodes, features, past, rows):
    """Held-out units' N · MD over the leaves, leaf by leaf."""
    total, leaf = 0.0, nodes.leaf_of(features[rows])
    for v in np.unique(leaf):
        apart = nodes.rates[v, 1:] - nodes.rates[v, 0]
        best = int(np.abs(apart).argmax())
        inside = rows[leaf == v]
        treated, control = inside[past.arm[inside] == best + 1], inside[past.arm[inside] == 0]
        if treated.size and control.size:
            total += inside.size * np.sign(apart[best]) * (past.outcome[treated].mean() - past.outcome[control].mean())
    return total


@pytest.mark.parametrize("seed", range(4))
def test_pruning_never_lowers_what_is_told_of_held_out_units(seed):
    features, past, growth = noise(seed)
    out = np.random.default_rng(seed).random(past.arm.size) < 0.4
    nodes, counts = grow(past, (~out).astype(float), out.astype(float), growth, np.random.default_rng(0))
    less = pruned(nodes, counts)
    before, after = (difference(tree, features, past, np.flatnonzero(out)) for tree in (nodes, less))
    assert told_below(nodes, counts)[0] == pytest.approx(before)
    assert after >= before
    assert len(less) < len(nodes)


def test_a_pruned_tree_is_the_grown_one_cut_off():
    features, past, growth = noise(0)
    rng = np.random.default_rng(5)
    nodes = grown(past, growth, rng)
    at = nodes.leaf_of(features)
    inner = np.flatnonzero(~nodes.leaves)
    assert set(at) == set(np.flatnonzero(nodes.leaves))
    assert nodes.counts[inner] == pytest.approx(nodes.counts[nodes.left[inner]] + nodes.counts[nodes.right[inner]])
    # Whole numbers of every arm are held out.
    assert nodes.counts[0].tolist() == [n - int(0.4 * n) for n in past.units()]
