import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.uplift_forest import UpliftForest
from models.uplift_tree import UpliftTree
from optimizer.edge.model_file import dump_model, load_model


def smooth(n, seed):
    """History whose uplift is a plane of two of six features, and the uplift."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.random((n, 6)), columns=[f"f{j}" for j in range(6)])
    uplift = 0.5 * X.f0 - 0.3 * X.f1
    treated = rng.integers(0, 2, n)
    y = (rng.random(n) < 0.35 + 0.1 * X.f2 + treated * uplift).astype(int)
    return X, treated, y, uplift


def test_a_forest_is_nearer_to_a_smooth_truth_than_a_tree():
    X, t, y, _ = smooth(6000, 0)
    fresh, *_, uplift = smooth(2000, 1)
    errors = [
        np.square(model.fit(X, t, y).effect(fresh) - uplift).mean()
        for model in (UpliftTree(max_depth=8), UpliftForest(30, max_features=0.5))
    ]
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.parametrize("prune", [0.0, 0.3])
def test_the_forest_is_the_same_for_any_number_of_processes(past, units, prune):
    one, two = (UpliftForest(5, n_jobs=jobs, min_leaf=20, prune=prune).fit(past.X, past.award, past.enrolled) for jobs in (1, 2))
    assert one.outcomes(units).tobytes() == two.outcomes(units).tobytes()


def test_outcomes_are_the_mean_of_the_trees(past, units):
    forest = UpliftForest(4, min_leaf=20).fit(past.X, past.award, past.enrolled)
    features = forest.preparation_.transform(units)
    each = np.array([tree.outcomes(features) for tree in forest.trees_])
    assert np.ptp(each, axis=0).max() > 0
    assert forest.outcomes(units) == pytest.approx(each.mean(axis=0))


def test_every_tree_draws_as_many_units_of_every_arm_as_it_has(past):
    sizes = [np.count_nonzero(past.award == award) for award in (0, 500_000, 1_000_000, 2_500_000)]
    whole, half = (UpliftForest(3, bootstrap=share, min_leaf=20).fit(past.X, past.award, past.enrolled) for share in (1.0, 0.5))
    assert [tree.counts[0].tolist() for tree in whole.trees_] == [sizes] * 3
    assert [tree.counts[0].tolist() for tree in half.trees_] == [[round(0.5 * size) for size in sizes]] * 3


def test_a_rare_arm_is_in_every_tree():
    rng = np.random.default_rng(0)
    t = np.repeat([0, 1, 2], [300, 298, 2])
    forest = UpliftForest(20, min_leaf=10, min_treated=1).fit(pd.DataFrame({"x": rng.random(600)}), t, rng.integers(0, 2, 600))
    assert min(tree.counts[:, 2].min() for tree in forest.trees_) >= 1


@pytest.mark.parametrize(("max_features", "asked"), [("sqrt", 3), (0.5, 5), (0.01, 1), (1.0, 10), (None, None)])
def test_a_node_asks_about_so_many_features(max_features, asked):
    assert UpliftForest(max_features=max_features)._asked(10) == asked


def test_equal_seeds_give_equal_forests_and_other_seeds_others(past, units):
    outcomes = [
        UpliftForest(3, min_leaf=20, random_state=seed).fit(past.X, past.award, past.enrolled).outcomes(units).tobytes()
        for seed in (1, 1, 2)
    ]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]


def test_a_model_file_gives_back_the_same_response(past, units, tmp_path):
    forest = UpliftForest(3, min_leaf=20).fit(past.X, past.award, past.enrolled)
    dump_model(forest, tmp_path / "forest.skops")
    again = load_model(tmp_path / "forest.skops")
    assert again.response(units, [0, 4e5, 2e6]).tobytes() == forest.response(units, [0, 4e5, 2e6]).tobytes()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_trees": 0}, "UpliftForest.n_trees: must be a whole number of at least 1, got 0"),
        ({"max_features": "all"}, "UpliftForest.max_features: must be 'sqrt', a share"),
        ({"max_features": 0.0}, "UpliftForest.max_features: must be"),
        ({"bootstrap": 1.5}, "UpliftForest.bootstrap: must be a share above 0 and at most 1"),
        ({"criterion": "gini"}, "UpliftForest.criterion: must be one of"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(past, settings, said):
    with pytest.raises(ResponseError, match=said):
        UpliftForest(**settings).fit(past.X, past.award, past.enrolled)
