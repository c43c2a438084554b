import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from models import ResponseError
from models.crossfit import Trial
from models.propensity import LEAST_PROPENSITY, Propensity


def trial(arm, x=None, weight=None, outcome=None, **settings):
    arm = np.asarray(arm)
    features = np.zeros((arm.size, 1)) if x is None else np.asarray(x, dtype=float).reshape(arm.size, -1)
    outcome = np.zeros(arm.size) if outcome is None else np.asarray(outcome, dtype=float)
    names = [f"x{j}" for j in range(features.shape[1])]
    known = {"folds": 2, "random_state": 0, "where": "Learner", **settings}
    return Trial(features=features, names=names, arm=arm, outcome=outcome, weight=weight, **known)


def chosen(n, seed=0):
    """Arms 0, 1 and 2 that one feature decides on, and their true chances."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.5, 1.5, n)
    odds = np.column_stack([np.ones(n), np.exp(x - 0.5), np.exp(-x - 1.0)])
    chances = odds / odds.sum(axis=1, keepdims=True)
    return x, (rng.random(n)[:, None] > chances.cumsum(axis=1)).sum(axis=1), chances


def test_in_a_trial_the_chances_are_the_shares_of_the_arms_by_weight():
    plain = Propensity.read(None, trial([0, 0, 1, 2]))
    assert plain.past.tolist() == [[0.5, 0.25, 0.25]] * 4
    weighted = Propensity.read(None, trial([0, 1, 2], weight=np.array([2.0, 1.0, 1.0])))
    assert weighted.past[0].tolist() == plain.past[0].tolist()
    assert plain.of(np.zeros((2, 1))).tolist() == [[0.5, 0.25, 0.25]] * 2


def test_a_number_is_the_chance_of_the_one_award():
    assert Propensity.read(0.25, trial([0, 1, 1])).past.tolist() == [[0.75, 0.25]] * 3


def test_a_classifier_finds_the_chances_of_three_arms():
    x, arm, chances = chosen(4000)
    found = Propensity.read(LogisticRegression(C=np.inf), trial(arm, x, folds=4))
    assert np.abs(found.past - chances).mean() < 0.02
    assert found.past.sum(axis=1) == pytest.approx(np.ones(4000))
    assert found.clipped == 0
    assert len(found.estimators) == 4
    assert np.abs(found.of(x[:, None]) - chances).mean() < 0.02
    assert found.of(np.empty((0, 1))).shape == (0, 3)


def test_a_units_chances_come_from_classifiers_that_have_not_seen_it():
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, 400)
    tree = DecisionTreeClassifier(random_state=0)  # remembers every unit it has seen
    found = Propensity.read(tree, trial(arm, rng.normal(size=400)))
    assert np.mean(found.past.argmax(axis=1) == arm) < 0.6
    for fold, (_, held) in zip(found.estimators, trial(arm, rng.normal(size=400)).splits, strict=True):
        assert fold.tree_.n_node_samples[0] == 400 - held.size


def test_small_chances_are_raised_and_their_units_counted():
    found = Propensity.read(KNeighborsClassifier(1), trial([0, 0, 1, 1], [0.0, 0.1, 5.0, 5.1]))
    assert found.clipped == 4
    assert found.past.tolist() == [[1.0, LEAST_PROPENSITY]] * 2 + [[LEAST_PROPENSITY, 1.0]] * 2
    assert found.of(np.array([[0.0]])).tolist() == [[1.0, LEAST_PROPENSITY]]


def test_folds_part_history_and_spread_arms_and_rare_outcomes_evenly():
    arm, outcome = np.repeat([0, 1], [30, 5]), np.arange(35) % 10 == 0
    splits = trial(arm, outcome=outcome, folds=5).splits
    assert sorted(np.concatenate([held for _, held in splits]).tolist()) == list(range(35))
    assert all(np.intersect1d(rest, held).size == 0 and rest.size + held.size == 35 for rest, held in splits)
    assert [int(arm[held].sum()) for _, held in splits] == [1] * 5
    assert max(int(outcome[held][arm[held] == 0].sum()) for _, held in splits) == 1


def test_the_seed_decides_the_folds():
    arm = np.arange(40) % 2
    held = [[part.tolist() for _, part in trial(arm, random_state=seed).splits] for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


def test_two_units_of_an_arm_are_enough_for_five_folds():
    splits = trial([0] * 8 + [1] * 2, folds=5).splits
    assert all({0, 1} <= set(np.repeat([0, 1], [8, 2])[rest]) for rest, _ in splits)


def test_a_table_reaches_the_classifier_as_a_table():
    past = trial([0, 1] * 10)
    table = pd.DataFrame({"x": np.arange(20.0)})
    as_table = Trial(**{name: getattr(past, name) for name in past.__dataclass_fields__} | {"features": table, "names": ["x"]})
    assert Propensity.read(LogisticRegression(), as_table).estimators[0].feature_names_in_.tolist() == ["x"]


@pytest.mark.parametrize(
    ("given", "past", "said"),
    [
        (1.0, trial([0, 1]), "Learner.propensity: must lie between 0 and 1, got 1"),
        (0.5, trial([0, 1, 2]), "a number is the chance of the one award, got 2 awards"),
        ("half", trial([0, 1]), "Learner, propensity.estimator: must be an estimator with fit and predict, got 'half'"),
        (LinearRegression(), trial([0, 1]), "or a classifier such as"),
        (LogisticRegression, trial([0, 1]), "must be an estimator with fit and predict"),
        (None, trial([0, 1], weight=np.array([1.0, 0.0])), "got weights of 0 throughout arm 1"),
        (LogisticRegression(), trial([0, 0, 1]), "each arm must have at least 2 units"),
        (LogisticRegression(), trial([0, 0, 1, 1], folds=1), "Learner.folds: must be a whole number from 2 to 4 units, got 1"),
        (LogisticRegression(C=-1), trial([0, 0, 1, 1]), "Learner, propensity: LogisticRegression cannot be fitted on 2 rows"),
        (KNeighborsClassifier(1), trial([0, 0, 1, 1], weight=np.ones(4)), "KNeighborsClassifier which takes none"),
        (KNeighborsClassifier(3), trial([0, 0, 1, 1]), "KNeighborsClassifier: cannot predict 2 rows"),
    ],
)
def test_chances_that_cannot_be_had_are_refused(given, past, said):
    with pytest.raises(ResponseError, match=said):
        Propensity.read(given, past)


def test_a_classifier_of_several_outputs_is_refused():
    class Odd(RandomForestClassifier):
        def predict_proba(self, inputs):
            return super().predict_proba(inputs)[:, :1]

    with pytest.raises(ResponseError, match=r"one finite chance for each of 2 arms, got shape \(2, 1\)"):
        Propensity.read(Odd(2, random_state=0), trial([0, 0, 1, 1]))
