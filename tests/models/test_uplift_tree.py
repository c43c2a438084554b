from math import log

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models import ResponseError
from models.splits import CRITERIA, Criterion
from models.uplift_nodes import LEAF
from models.uplift_tree import UpliftTree
from optimizer.edge.model_file import dump_model, load_model


def known(n, uplifts, seed=0):
    """History from a tree of three questions, f0 ≤ 0.5, f1 ≤ 0.3, f2 ≤ 0.7, beside three features of noise.

    `uplifts` are those of the four leaves (LL, LR, RL, RR), one number for each treatment.
    """
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.random((n, 6)), columns=[f"f{j}" for j in range(6)])
    leaf = np.where(X.f0 <= 0.5, np.where(X.f1 <= 0.3, 0, 1), np.where(X.f2 <= 0.7, 2, 3))
    table = np.column_stack([np.zeros(4), uplifts])
    arm = rng.integers(0, table.shape[1], n)
    # What moves the outcome of all arms alike must not mislead the tree.
    y = (rng.random(n) < 0.3 + 0.1 * (X.f5 > 0.5) + table[leaf, arm]).astype(int)
    return X, 1000.0 * arm, y


def asked(model):
    """(feature, threshold in the feature's own units) of the three upper nodes."""
    tree, scale = model.tree_, model.preparation_.transformer_.named_transformers_["numbers"].named_steps["scale"]
    nodes = [0, tree.left[0], tree.right[0]]
    return [(tree.feature[v], tree.threshold[v] * scale.scale_[tree.feature[v]] + scale.mean_[tree.feature[v]]) for v in nodes]


def close(found):
    """Whether these are the questions of `known`, thresholds within two of 256 bins."""
    features, thresholds = zip(*found, strict=True)
    return features == (0, 1, 2) and np.allclose(thresholds, [0.5, 0.3, 0.7], atol=2 / 256)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_known_tree_is_found_again(criterion):
    X, t, y = known(30_000, [[0.4], [0.2], [-0.2], [0.1]])
    model = UpliftTree(criterion, max_depth=2).fit(X, t, y)
    assert close(asked(model))
    leaves = pd.DataFrame([[0.2, 0.1, 0, 0, 0, 0], [0.2, 0.9, 0, 0, 0, 0], [0.9, 0, 0.1, 0, 0, 0], [0.9, 0, 0.9, 0, 0, 0]])
    assert model.effect(leaves.set_axis(X.columns, axis=1), 0, 1000) == pytest.approx([0.4, 0.2, -0.2, 0.1], abs=0.04)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_known_tree_of_two_treatments_is_found_again(criterion):
    X, t, y = known(40_000, [[0.4, 0.1], [0.1, 0.1], [-0.2, 0.2], [0.0, 0.5]])
    assert close(asked(UpliftTree(criterion, max_depth=2).fit(X, t, y)))


def test_a_pruned_tree_keeps_the_questions_that_tell_whom_an_award_helps_or_harms():
    X, t, y = known(30_000, [[0.5], [-0.05], [-0.25], [0.1]])
    grown, pruned = (UpliftTree(max_depth=5, prune=share).fit(X, t, y) for share in (0.0, 0.3))
    assert len(pruned.tree_) < len(grown.tree_)
    assert close(asked(pruned))


def counted(*cells):
    """x, treatment and outcome from cells (x, treatment, units, successes)."""
    rows = [(x, t, int(i < good)) for x, t, units, good in cells for i in range(units)]
    x, t, y = np.array(rows, dtype=float).T
    return pd.DataFrame({"x": x}), t, y


CELLS = counted((0, 0, 70, 14), (0, 5, 30, 18), (1, 0, 30, 9), (1, 5, 70, 21))


def test_gain_and_rates_of_a_small_table_are_those_of_the_formulas():
    model = UpliftTree(max_depth=1, min_leaf=1, min_treated=1, shrinkage=10).fit(*CELLS)
    root, left, right = model.tree_.rates
    assert root == pytest.approx([0.23, 0.39])
    assert left == pytest.approx([(14 + 2.3) / 80, (18 + 3.9) / 40])
    assert right == pytest.approx([(9 + 2.3) / 40, (21 + 3.9) / 80])

    def kl(p, q):
        return p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))

    gained = 0.5 * kl(21.9 / 40, 16.3 / 80) + 0.5 * kl(24.9 / 80, 11.3 / 40) - kl(0.39, 0.23)
    normaliser = log(2) * kl(0.3, 0.7) - (0.3 * log(0.3) + 0.7 * log(0.7)) + 0.5
    assert model.tree_.gain.tolist() == pytest.approx([gained / normaliser, 0.0, 0.0])


def test_a_leaf_says_the_difference_of_its_rates():
    model = UpliftTree("euclidean", max_depth=1, min_leaf=1, min_treated=1, shrinkage=0).fit(*CELLS)
    x = pd.DataFrame({"x": [0.0, 1.0]})
    assert model.outcomes(x) == pytest.approx(np.array([[0.2, 0.6], [0.3, 0.3]]))
    assert model.effect(x, 0, 5) == pytest.approx([0.4, 0.0])


def test_a_tree_without_questions_says_the_arms_means(past):
    model = UpliftTree(max_depth=0).fit(past.X, past.award, past.enrolled)
    means = [past.enrolled[past.award == award].mean() for award in (0, 500_000, 1_000_000, 2_500_000)]
    assert model.outcomes(past.X[:2]).tolist() == [means, means]


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("seed", range(3))
def test_the_split_taken_is_the_best_of_all_that_are_allowed(criterion, seed):
    rng = np.random.default_rng(seed)
    X, t = pd.DataFrame(rng.integers(0, [3, 9, 30], (300, 3)), columns=list("abc")), rng.integers(0, 3, 300)
    y = (rng.random(300) < 0.3 + 0.1 * t * (X.b > 4)).astype(int).to_numpy()
    tree = UpliftTree(criterion, max_depth=1, min_leaf=40, min_treated=11, prepare="passthrough").fit(X, t, y).tree_
    judge = Criterion.of(criterion, np.bincount(t), 0.5, normalise=True)
    found = []
    for j, column in enumerate(X):
        for threshold in np.unique(X[column])[:-1] + 0.5:
            sides = [X[column].to_numpy() <= threshold, X[column].to_numpy() > threshold]
            units = np.array([[np.bincount(t[side], minlength=3)] for side in sides])
            good = np.array([[np.bincount(t[side], y[side], minlength=3)] for side in sides])
            if units.min() >= 11 and units.sum(axis=2).min() >= 40:
                gain = judge.gain(tree.rates[0], units, (good + 10 * tree.rates[0]) / (units + 10))[0]
                found.append((gain, -j, -threshold))
    gain, feature, threshold = max(found)
    assert tree.gain[0] == pytest.approx(gain)
    assert (tree.feature[0], tree.threshold[0]) == (-feature, pytest.approx(-threshold))


def test_every_leaf_keeps_the_limits(past):
    model = UpliftTree(max_depth=4, min_leaf=60, min_treated=12).fit(past.X, past.award, past.enrolled)
    leaves = model.tree_.counts[model.tree_.leaves]
    assert len(leaves) > 2
    assert leaves.min() >= 12
    assert leaves.sum(axis=1).min() >= 60


def test_new_names_change_nothing_but_names(past):
    plain = UpliftTree(min_leaf=20).fit(past.X, past.award, past.enrolled)
    renamed = UpliftTree(min_leaf=20).fit(past.X.set_axis(["a", "b"], axis=1), past.award, past.enrolled)
    assert renamed.tree_.threshold.tobytes() == plain.tree_.threshold.tobytes()
    assert renamed.tree_.rates.tobytes() == plain.tree_.rates.tobytes()
    assert renamed.to_text() == plain.to_text().replace("score", "a").replace("faculty", "b")


@pytest.mark.parametrize("twice", [slice(None), slice(0, 150)])
def test_a_weight_of_two_is_a_row_written_twice(past, twice):
    weight = np.ones(400)
    weight[twice] = 2
    rows = np.repeat(np.arange(400), weight.astype(int))
    settings = {"min_leaf": 30, "min_treated": 8, "max_candidates": 20}
    weighted = UpliftTree(**settings).fit(past.X, past.award, past.enrolled, weight)
    repeated = UpliftTree(**settings).fit(past.X.iloc[rows], past.award[rows], past.enrolled[rows])
    assert len(weighted.tree_) > 3
    assert weighted.tree_.feature.tolist() == repeated.tree_.feature.tolist()
    assert weighted.tree_.counts.tolist() == repeated.tree_.counts.tolist()
    assert weighted.response(past.X, [0, 7e5]) == pytest.approx(repeated.response(past.X, [0, 7e5]), abs=1e-12)


def test_of_equal_splits_the_first_feature_and_the_lowest_threshold_are_taken():
    X, t, y = counted((0, 0, 40, 10), (0, 1, 40, 20), (2, 0, 40, 10), (2, 1, 40, 10))
    X = pd.DataFrame({"mirrored": -X.x, "x": X.x, "again": X.x})
    tree = UpliftTree(max_depth=1, min_leaf=1, prepare="passthrough").fit(X, t, y).tree_
    assert (tree.feature[0], tree.threshold[0]) == (0, -1.0)
    same = counted((0, 0, 40, 20), (0, 1, 40, 20), (1, 0, 40, 10), (1, 1, 40, 20), (2, 0, 40, 20), (2, 1, 40, 20))
    tree = UpliftTree("euclidean", max_depth=1, min_leaf=1, prepare="passthrough").fit(*same).tree_
    assert tree.threshold[0] == 0.5


@pytest.mark.parametrize("criterion", CRITERIA)
def test_an_arm_without_a_single_success_is_no_infinite_distance_away(criterion):
    X, t, y = counted((0, 0, 50, 0), (0, 1, 50, 0), (1, 0, 50, 0), (1, 1, 50, 30))
    model = UpliftTree(criterion, min_leaf=1).fit(X, t, y)
    assert np.isfinite(model.tree_.gain).all()
    assert model.tree_.rates[0, 0] == pytest.approx(0.5 / 101)
    assert model.effect(pd.DataFrame({"x": [0.0, 1.0]})) == pytest.approx([0.05, 0.55], abs=0.01)


def test_a_grid_of_awards_is_read_in_tiers_and_between_them_the_response_runs_straight():
    rng = np.random.default_rng(3)
    X, award = pd.DataFrame({"x": rng.random(3000)}), 100.0 * rng.integers(0, 26, 3000)
    y = (rng.random(3000) < 0.2 + award / 5000 * (X.x > 0.5)).astype(int)
    model = UpliftTree(max_depth=2, tiers=4).fit(X, award, y)
    amounts = np.array(model.tiers_.amounts)
    assert amounts.size == 5
    assert model.response(X[:9], amounts).tolist() == model.outcomes(X[:9]).tolist()
    middle = model.response(X[:9], (amounts[:-1] + amounts[1:]) / 2)
    assert middle == pytest.approx((model.outcomes(X[:9])[:, :-1] + model.outcomes(X[:9])[:, 1:]) / 2)
    assert model.predict(X[:9], [500.0] * 9) == pytest.approx(model.response(X[:9], [500.0])[:, 0])


def test_equal_seeds_give_equal_bytes_and_other_seeds_hold_out_others(past, tmp_path):
    fits = [UpliftTree(min_leaf=20, prune=0.3, random_state=seed).fit(past.X, past.award, past.enrolled) for seed in (4, 4, 5)]
    for k, model in enumerate(fits):
        dump_model(model, tmp_path / str(k))
    first, again, other = ((tmp_path / str(k)).read_bytes() for k in range(3))
    assert first == again
    assert first != other


def test_a_model_file_gives_back_the_same_response(past, units, tmp_path):
    model = UpliftTree(min_leaf=20, prune=0.2).fit(past.X, past.award, past.enrolled)
    dump_model(model, tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    assert again.response(units, [0, 3e5, 1e6]).tobytes() == model.response(units, [0, 3e5, 1e6]).tobytes()
    assert again.to_text() == model.to_text()


def test_a_clone_grows_the_same_tree(past):
    model = UpliftTree("chi2", max_depth=3, min_leaf=30, prune=0.25, random_state=2)
    trees = [clone(model).fit(past.X, past.award, past.enrolled).tree_ for _ in range(2)]
    assert trees[0].rates.tobytes() == trees[1].rates.tobytes()


def test_unprepared_numbers_are_split_in_their_own_units():
    X, t, y = known(4000, [[0.4], [0.2], [-0.2], [0.1]])
    prepared, plain = (UpliftTree(max_depth=2, prepare=kind).fit(X, t, y) for kind in ("auto", "passthrough"))
    assert prepared.tree_.feature.tolist() == plain.tree_.feature.tolist()
    inner = ~plain.tree_.leaves
    assert [threshold for _, threshold in asked(prepared)] == pytest.approx(plain.tree_.threshold[inner][:3])
    assert (plain.tree_.feature == LEAF).tolist() == np.isnan(plain.tree_.threshold).tolist()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"criterion": "gini"}, "UpliftTree.criterion: must be one of kl, euclidean, chi2, got 'gini'"),
        ({"max_depth": -1}, "UpliftTree.max_depth: must be a whole number of at least 0, got -1"),
        ({"min_leaf": 0}, "UpliftTree.min_leaf: must be a number of at least 1"),
        ({"min_treated": 0.5}, "UpliftTree.min_treated: must be a number of at least 1"),
        ({"shrinkage": 0}, "UpliftTree.shrinkage: must be above 0"),
        ({"prune": 1.0}, "UpliftTree.prune: must be a share"),
        ({"alpha": np.nan}, "UpliftTree.alpha: must be a number from 0 to 1, got nan"),
        ({"max_candidates": True}, "UpliftTree.max_candidates: must be a whole number from 1"),
        ({"tiers": 0}, "UpliftTree.tiers: must be"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(settings, said):
    with pytest.raises(ResponseError, match=said):
        UpliftTree(**settings).fit(*CELLS)


@pytest.mark.parametrize(
    ("X", "treatment", "y", "weight", "said"),
    [
        ([[0.0], [1.0]], [0, 1], [0.0, 2.5], None, r"the outcome must be 0 or 1, got \[0.0, 2.5\]; use SLearner or TwoModel"),
        ([[0.0], [1.0]], [1, 2], [0, 1], None, "control arm is empty"),
        (
            [[0.0], [1.0], [2.0]],
            [0, 1, 2],
            [0, 1, 1],
            [1, 1, 0],
            "every arm needs units of a weight above 0, got none of amount 2",
        ),
        ([[0.0], [np.nan]], [0, 1], [0, 1], None, "features must be finite"),
        ([["a"], ["b"]], [0, 1], [0, 1], None, "features must be numbers"),
    ],
)
def test_a_history_that_cannot_be_learned_from_is_refused(X, treatment, y, weight, said):
    with pytest.raises(ResponseError, match=said):
        UpliftTree(prepare="passthrough").fit(pd.DataFrame(X, columns=["x"]), treatment, y, weight)
