"""Models of effects from elsewhere: wrapped stand-ins of the same interface, and the packages where they are installed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression

from models import ResponseError, ResponseModel, wrap

X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.0, -1.0]})


class Slopes:
    """EconML's interface, continuous: an effect of (1 + a) per unit of treatment; it sees columns by position."""

    def effect(self, X=None, *, T0=0, T1=1):
        return (1.0 + np.asarray(X, dtype=float)[:, 0]) * (T1 - T0)


class Seen(Slopes):
    """EconML's interface, discrete, with an outcome of one column: it says the effects of 5 and 10."""

    def effect(self, X=None, *, T0=0, T1=1):
        if T1 not in (5, 10):
            raise ValueError(f"Found unknown categories [{T1}] in column 0 during transform")
        return super().effect(X, T0=T0, T1=T1)[:, None]


class Groups:
    """causalml's interface: one column of effects for each treatment group, called in the order of their names."""

    t_groups = ("large", "medium", "small")

    def predict(self, X):
        return np.asarray(X, dtype=float)[:, [0]] * [9.0, 3.0, 1.0]


class Rates:
    """The interface of causalml's uplift trees: a column of rates for each group, the control's first."""

    def predict(self, X):
        return np.tile([0.2, 0.3, 0.7], (len(X), 1))


def baseline(columns):
    return LinearRegression().fit(columns, [1.0, 2.0, 4.0])


def test_an_effect_is_asked_at_each_amount_in_its_own_unit():
    model = wrap(Slopes(), per=1000)
    assert model.response(X, [0, 500, 2000]).tolist() == [[0.0, 1.0, 4.0], [0.0, 1.5, 6.0], [0.0, 2.0, 8.0]]
    assert model.effect(X, 500, 2000).tolist() == [3.0, 4.5, 6.0]
    assert model.predict(X, [0, 500, 2000]).tolist() == [0.0, 1.5, 8.0]
    assert isinstance(model, ResponseModel)


def test_the_baseline_is_the_outcome_without_an_award():
    fitted = baseline(X)
    model = wrap(Slopes(), baseline=fitted)
    assert model.response(X, [0])[:, 0] == pytest.approx(fitted.predict(X))
    assert model.effect(X, 0, 1) == pytest.approx([2.0, 3.0, 4.0])
    assert model.predict(X, [0, 1, 1]) == pytest.approx(fitted.predict(X) + np.array([0.0, 3.0, 4.0]))


def test_a_classifier_may_be_the_baseline():
    fitted = LogisticRegression().fit(X, [0, 1, 1])
    assert wrap(Slopes(), baseline=fitted).response(X, [0])[:, 0] == pytest.approx(fitted.predict_proba(X)[:, 1])


def test_named_columns_reach_model_and_baseline_whatever_else_stands_beside_them():
    table = X[["b", "a"]].assign(note="x")
    fitted = baseline(X[["b"]])
    model = wrap(Slopes(), features=["a", "b"], baseline=fitted)
    assert model.effect(table, 0, 1).tolist() == [2.0, 3.0, 4.0]
    assert model.response(table, [0])[:, 0] == pytest.approx(fitted.predict(X[["b"]]))


def test_a_baseline_fitted_without_names_takes_the_models_columns():
    fitted = LinearRegression().fit(X.to_numpy(), [1.0, 2.0, 4.0])
    assert wrap(Slopes(), baseline=fitted).response(X, [0])[:, 0] == pytest.approx([1.0, 2.0, 4.0])
    assert wrap(Slopes(), baseline=fitted).response(X.to_numpy(), [0])[:, 0] == pytest.approx([1.0, 2.0, 4.0])


def test_discrete_treatments_are_known_where_they_were_seen():
    model = wrap(Seen(), per=100)
    assert model.response(X, [0, 500, 1000])[0].tolist() == [0.0, 10.0, 20.0]
    for ask in (lambda: model.response(X, [0, 700]), lambda: model.predict(X, [0, 500, 700])):
        with pytest.raises(ResponseError, match=r"Seen cannot say its effects, got Found unknown categories \[7.0\]"):
            ask()


def test_groups_have_amounts_in_the_order_of_the_models_columns():
    model = wrap(Groups(), amounts=(900, 300, 100))
    assert model.response(X, [0, 100, 300, 900])[1].tolist() == [0.0, 2.0, 6.0, 18.0]
    assert model.response(X, [50, 200, 5000])[0].tolist() == [0.5, 2.0, 9.0]  # straight between, level beyond the largest
    assert model.predict(X, [0, 100, 900]).tolist() == [0.0, 2.0, 27.0]
    assert isinstance(model, ResponseModel)


def test_groups_stand_on_their_baseline():
    fitted = baseline(X)
    model = wrap(Groups(), amounts=(900, 300, 100), baseline=fitted)
    assert model.response(X, [0, 100]) == pytest.approx(fitted.predict(X)[:, None] + [[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]])


def test_rates_hold_the_outcome_without_an_award():
    model = wrap(Rates(), amounts=(0, 100, 200))
    assert model.response(X, [0, 100, 200])[0].tolist() == [0.2, 0.3, 0.7]
    assert model.effect(X, 0, 200) == pytest.approx([0.5] * 3)


def test_one_group_may_be_a_plain_vector():
    class One(Groups):
        def predict(self, X):
            return super().predict(X)[:, 0]

    assert wrap(One(), amounts=[50]).effect(X, 0, 50).tolist() == [9.0, 18.0, 27.0]


def test_nobody_has_no_effects():
    nobody = X.iloc[:0]
    assert wrap(Slopes()).response(nobody, [0, 1]).shape == (0, 2)
    assert wrap(Slopes(), baseline=baseline(X)).predict(nobody, []).size == 0
    assert wrap(Groups(), amounts=(3, 2, 1)).response(nobody, [0, 1, 2]).shape == (0, 3)


def test_cloning_keeps_what_is_wrapped_fitted():
    for model in (wrap(Slopes()), wrap(Groups(), amounts=(3, 2, 1))):
        assert clone(model) is model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: wrap(Slopes(), per=0), "wrap.per: must be a finite number above 0"),
        (lambda: wrap(Slopes(), baseline=LinearRegression()), "an unfitted LinearRegression; fit it on units without an award"),
        (lambda: wrap(Slopes(), baseline="none"), "wrap.baseline.estimator: must be an estimator"),
        (lambda: wrap(Slopes(), baseline=LogisticRegression().fit(X, [1, 2, 2])), "classes must be 0 and 1"),
        (lambda: wrap(Groups()), r"wrap.amounts: must say the amount of each of the groups \['large', 'medium', 'small'\]"),
        (lambda: wrap(Groups(), amounts=[]), "amounts: must be a list of finite amounts"),
        (lambda: wrap(Groups(), amounts=[5, 5, 1]), "wrap.amounts: must be different amounts"),
        (lambda: wrap(Groups(), amounts=[0]), "wrap.amounts: must be different amounts, one of them above 0"),
        (lambda: wrap(Slopes(), amounts=[1]), "must have predict, got Slopes without"),
        (lambda: wrap(Rates(), amounts=[0, 1, 2], baseline=baseline(X)), "wrap.baseline: must be left out where amounts hold 0"),
        (lambda: wrap(baseline(X), features=["a"]), "baseline and features go with a model of effects, got LinearRegression"),
        (lambda: wrap(Slopes(), features=["a", "c"]).effect(X), "the columns Slopes was fitted on, got no c"),
        (lambda: wrap(Slopes()).effect(X.assign(b="x")), "columns must be numbers"),
        (lambda: wrap(Groups(), amounts=[1, 2]).effect(X), r"must say 2 finite numbers for each of 3 units, got shape \(3, 3\)"),
        (lambda: wrap(Groups(), amounts=[1, 2, 3]).effect(X.assign(a=np.nan)), "9 of them not finite"),
    ],
)
def test_what_does_not_go_together_is_refused(make, said):
    with pytest.raises(ResponseError, match=said):
        make()


def trial(n=1500):
    """Effects of 1 + b per unit of treatment, over an outcome of a: treatments 0, 1 and 2 at random."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    t = rng.integers(0, 3, n)
    return frame, t, (frame["a"] + t * (1.0 + frame["b"]) + 0.1 * rng.normal(size=n)).to_numpy()


AT = pd.DataFrame({"a": [0.0, 0.0], "b": [-0.5, 1.0]})
"""Two units whose effects are ½ and 2 per unit of treatment."""


@pytest.mark.filterwarnings("ignore")  # what the package says of its own dependencies
class TestEconML:
    def continuous(self):
        dml = pytest.importorskip("econml.dml", reason="econml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        model = dml.LinearDML(model_y=LinearRegression(), model_t=LinearRegression(), random_state=0)
        return frame, t, y, model.fit(y, t.astype(float), X=frame)

    def test_a_continuous_treatment_is_a_line_in_the_amount(self):
        frame, t, y, fitted = self.continuous()
        without = LinearRegression().fit(frame[t == 0], y[t == 0])
        model = wrap(fitted, per=1000, features=["a", "b"], baseline=without)
        assert model.response(AT, [0, 500, 2000]) == pytest.approx(np.array([[0, 0.25, 1], [0, 1, 4]]), abs=0.15)
        assert model.effect(frame, 0, 1500).tolist() == pytest.approx(fitted.effect(frame, T0=0, T1=1.5).tolist())
        assert model.predict(AT, [500, 2000]) == pytest.approx(model.response(AT, [500, 2000]).diagonal())

    def test_an_outcome_of_one_column_and_a_forest_are_the_same_to_it(self):
        dml = pytest.importorskip("econml.dml", reason="econml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        forest = dml.CausalForestDML(
            model_y=LinearRegression(), model_t=LinearRegression(), n_estimators=48, n_jobs=1, random_state=0
        )
        model = wrap(forest.fit(y[:, None], t.astype(float)[:, None], X=frame.to_numpy()))
        assert model.response(AT, [0, 1, 2]) == pytest.approx(np.array([[0, 0.5, 1], [0, 2, 4]]), abs=0.5)
        assert model.predict(AT, [1, 2]) == pytest.approx(model.response(AT, [1, 2]).diagonal())

    def test_discrete_treatments_are_known_where_they_were_seen(self):
        dr = pytest.importorskip("econml.dr", reason="econml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        learner = dr.LinearDRLearner(model_regression=LinearRegression(), model_propensity=LogisticRegression(), random_state=0)
        model = wrap(learner.fit(y, 500_000 * t, X=frame))
        values = model.response(AT, [0, 500_000, 1_000_000])
        assert values == pytest.approx(np.array([[0, 0.5, 1], [0, 2, 4]]), abs=0.3)
        with pytest.raises(ResponseError, match=r"LinearDRLearner cannot say its effects, got Found unknown categories"):
            model.response(AT, [250_000])

    def test_an_unfitted_one_says_so_when_it_is_asked(self):
        metalearners = pytest.importorskip("econml.metalearners", reason="econml is not installed", exc_type=ImportError)
        with pytest.raises(ResponseError, match="TLearner cannot say its effects"):
            wrap(metalearners.TLearner(models=LinearRegression())).effect(AT)


@pytest.mark.filterwarnings("ignore")  # what the package says of its own dependencies
class TestCausalML:
    def test_groups_of_a_meta_learner_have_the_amounts_they_are_given(self):
        meta = pytest.importorskip("causalml.inference.meta", reason="causalml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        fitted = meta.BaseXRegressor(learner=LinearRegression(), control_name="none")
        fitted.fit(X=frame, treatment=np.take(["none", "b_small", "a_large"], t), y=y)
        with pytest.raises(ResponseError, match="must say the amount of each of the groups"):
            wrap(fitted)
        model = wrap(fitted, amounts=(200, 100), features=["a", "b"])
        assert model.response(AT, [0, 100, 150, 200]) == pytest.approx(np.array([[0, 0.5, 0.75, 1], [0, 2, 3, 4]]), abs=0.15)
        assert model.effect(frame, 0, 200).tolist() == fitted.predict(frame)[:, 0].tolist()

    def test_a_classifier_of_outcomes_has_effects_on_chances(self):
        meta = pytest.importorskip("causalml.inference.meta", reason="causalml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        fitted = meta.BaseXClassifier(outcome_learner=LogisticRegression(), effect_learner=LinearRegression(), control_name=0)
        fitted.fit(X=frame.to_numpy(), treatment=np.minimum(t, 1), y=(y > 1).astype(int))
        uplift = wrap(fitted, amounts=[100]).effect(AT, 0, 100)
        assert uplift.tolist() == fitted.predict(AT.to_numpy())[:, 0].tolist()
        assert uplift[1] > uplift[0]

    def test_an_uplift_trees_rates_hold_the_outcome_without_an_award(self):
        tree = pytest.importorskip("causalml.inference.tree", reason="causalml is not installed", exc_type=ImportError)
        frame, t, y = trial()
        fitted = tree.UpliftTreeClassifier(control_name="none", max_depth=3, random_state=0)
        fitted.fit(frame.to_numpy(), np.take(["none", "one", "two"], t), (y > 1).astype(int))
        assert wrap(fitted, amounts=(0, 100, 200)).response(AT, [0, 100, 200]).tolist() == fitted.predict(AT.to_numpy()).tolist()
