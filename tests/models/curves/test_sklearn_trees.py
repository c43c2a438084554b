"""Trees, forests and gradient boosting give predict's own numbers, bit by bit: the same leaf, the same sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from models import Branch
from models.curves import curves_of
from models.grid import predicted_on_grid

AVERAGED = [
    DecisionTreeRegressor(max_depth=1),
    DecisionTreeRegressor(max_depth=4),
    DecisionTreeRegressor(),
    DecisionTreeRegressor(criterion="poisson", max_leaf_nodes=9),
    DecisionTreeRegressor(max_leaf_nodes=8),
    DecisionTreeRegressor(max_leaf_nodes=31),
    DecisionTreeRegressor(max_leaf_nodes=32),
    DecisionTreeRegressor(max_leaf_nodes=63),
    DecisionTreeRegressor(max_leaf_nodes=64),
    DecisionTreeClassifier(max_depth=5),
    DecisionTreeClassifier(class_weight="balanced"),
    ExtraTreeRegressor(max_depth=6),
    ExtraTreeClassifier(),
    RandomForestRegressor(8, max_depth=6),
    RandomForestRegressor(4),
    RandomForestRegressor(5, max_depth=3, monotonic_cst=[0, 0, 1, 0, 0, 0, 0, 0]),
    RandomForestClassifier(8, max_depth=6),
    RandomForestClassifier(4),
    ExtraTreesRegressor(8, max_depth=5),
    ExtraTreesClassifier(8, max_depth=5),
]
BOOSTED = [
    GradientBoostingRegressor(n_estimators=1),
    GradientBoostingRegressor(n_estimators=20, subsample=0.7),
    GradientBoostingRegressor(n_estimators=5, max_depth=1, loss="huber"),
    GradientBoostingRegressor(n_estimators=3, max_depth=None),
    GradientBoostingRegressor(n_estimators=5, init="zero", loss="quantile"),
    GradientBoostingClassifier(n_estimators=20),
    GradientBoostingClassifier(n_estimators=5, loss="exponential"),
    GradientBoostingClassifier(n_estimators=5, init="zero"),
]


def fitted(estimator, past, *, weighted=False):
    outcome = past.chosen if hasattr(estimator, "predict_proba") else past.level
    outcome = outcome - outcome.min() if estimator.get_params().get("criterion") == "poisson" else outcome
    weight = 0.2 + past.features[:, 3] if weighted else None
    return estimator.set_params(random_state=0).fit(past.inputs, outcome, sample_weight=weight)


@pytest.mark.parametrize("estimator", AVERAGED + BOOSTED, ids=str)
def test_curves_are_predict(estimator, past, gap):
    assert gap(fitted(estimator, past)) == 0.0


@pytest.mark.parametrize("start", [DecisionTreeRegressor(max_depth=3), RandomForestRegressor(3)], ids=str)
def test_boosting_may_start_from_another_regressor(start, past, gap):
    assert gap(fitted(GradientBoostingRegressor(n_estimators=5, init=start), past)) == 0.0


def test_boosting_may_start_from_another_classifier(past, gap):
    start = RandomForestClassifier(3, max_depth=4, random_state=0)
    assert gap(fitted(GradientBoostingClassifier(n_estimators=5, init=start), past)) == 0.0


def test_a_start_that_computes_in_single_precision_is_left_to_the_grid(past, units, amounts):
    for estimator in (
        GradientBoostingRegressor(n_estimators=2, init=LinearRegression()),
        GradientBoostingClassifier(n_estimators=2, init=LogisticRegression()),
    ):
        assert curves_of(Branch(estimator=fitted(estimator, past), features=units, column=2), amounts) is None


@pytest.mark.parametrize("estimator", [AVERAGED[1], AVERAGED[13], BOOSTED[5]], ids=str)
def test_weights_change_nothing_about_that(estimator, past, gap):
    assert gap(fitted(estimator, past, weighted=True)) == 0.0


@pytest.mark.parametrize("estimator", AVERAGED[:15], ids=str)
def test_missing_features_go_where_the_tree_sends_them(estimator, past, holes, gap):
    if not (estimator.__sklearn_tags__().input_tags.allow_nan and estimator.get_params().get("monotonic_cst") is None):
        pytest.skip("this criterion or splitter takes no missing values")
    assert gap(fitted(estimator, past), holes) == 0.0


def test_missing_features_that_training_had_too(past, holes, gap):
    inputs = past.inputs
    inputs[::5, 0] = np.nan
    inputs[::7, 7] = np.nan
    assert gap(RandomForestClassifier(8, random_state=0).fit(inputs, past.chosen), holes) == 0.0


def test_an_estimator_that_takes_no_missing_features_says_so_itself(past, holes, amounts):
    branch = Branch(estimator=fitted(BOOSTED[1], past), features=holes, column=2)
    assert curves_of(branch, amounts) is None


def test_trees_that_never_look_at_the_amount_are_flat(past, units, gap, amounts):
    inputs = past.inputs
    inputs[:, 2] = 0.0
    forest = RandomForestRegressor(5, random_state=0).fit(inputs, past.level)
    assert gap(forest) == 0.0
    curves = curves_of(Branch(estimator=forest, features=units, column=2), amounts)
    assert (np.ptp(curves, axis=1) == 0).all()


def test_trees_that_look_at_nothing_else(past, gap):
    inputs = past.inputs
    inputs[:, [0, 1, *range(3, 8)]] = 0.0
    assert gap(GradientBoostingRegressor(n_estimators=10, random_state=0).fit(inputs, past.level)) == 0.0
    assert gap(DecisionTreeRegressor().fit(inputs, np.ones(len(inputs)))) == 0.0


@pytest.mark.parametrize("estimator", [AVERAGED[2], AVERAGED[13], BOOSTED[1]], ids=str)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 40), (40, 1)])
def test_one_unit_or_one_amount(estimator, n, m, past, units, amounts, gap):
    assert gap(fitted(estimator, past), units[:n], at=amounts[:m]) == 0.0


def test_the_amount_may_stand_anywhere_and_be_scaled(past, amounts, gap):
    for column in (0, 7):
        inputs = np.insert(past.features, column, past.amount, axis=1)
        forest = RandomForestRegressor(5, random_state=0).fit(inputs, past.level)
        assert gap(forest, column=column, at=amounts * 1e6, scale=1e6) == 0.0


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_features_too_large_for_single_precision_are_the_estimators_to_refuse(past, units, amounts):
    features = units.copy()
    features[-1, 0] = 1e300
    assert curves_of(Branch(estimator=fitted(AVERAGED[1], past), features=features, column=2), amounts) is None


def test_a_random_start_is_left_to_the_grid(past, units, amounts):
    estimator = GradientBoostingClassifier(n_estimators=2, init=DummyClassifier(strategy="stratified", random_state=None))
    branch = Branch(estimator=estimator.fit(past.inputs, past.chosen), features=units, column=2)
    assert curves_of(branch, amounts) is None


def test_several_outcomes_are_left_to_the_grid(past, units, amounts):
    estimator = RandomForestRegressor(2).fit(past.inputs, np.c_[past.level, past.level])
    assert curves_of(Branch(estimator=estimator, features=units, column=2), amounts) is None


cells = st.floats(-2, 2, width=16).map(lambda value: round(value, 1))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(cells, cells, cells, st.integers(-3, 3)), min_size=2, max_size=25),
    asked=st.lists(st.floats(0, 2.5, width=32), min_size=1, max_size=8),
    leaves=st.integers(2, 12),
    kind=st.sampled_from([DecisionTreeRegressor, ExtraTreeRegressor]),
)
def test_any_small_tree(rows, asked, leaves, kind):
    table = np.array(rows, dtype=float)
    table[:, 2] = np.abs(table[:, 2])
    tree = kind(max_leaf_nodes=leaves, random_state=0).fit(table[:, :3], table[:, 3])
    thresholds = tree.tree_.threshold[tree.tree_.feature == 2]
    asked = np.concatenate([asked, table[:, 2], thresholds[thresholds >= 0]])
    branch = Branch(estimator=tree, features=table[:, :2], column=2)
    assert curves_of(branch, asked).tolist() == predicted_on_grid(branch, asked).tolist()
