"""The textbook formulation: on the grid it can lose what the snapping loses, and never more; it never wins."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBRegressor

from models import SLearner, TARNet, TwoModel
from optimizer.engine import gurobi, native
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.plan import plan
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

AMOUNTS = Amounts.grid(max=2_500_000, step=250_000, min=250_000)
LIMITS = [Limit.cost(at_most=5_000_000), Limit.recipients(at_most=3)]
POINTS = 200
"""Where between two amounts of the grid a response is looked up, to see what snapping can lose."""

KINDS = {
    "linear": LinearRegression(),
    "ridge": Ridge(),
    "lasso": Lasso(alpha=0.001),
    "logistic": LogisticRegression(),
    "tree": DecisionTreeRegressor(max_depth=3, random_state=0),
    "forest": RandomForestRegressor(n_estimators=3, max_depth=2, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=4, max_depth=2, random_state=0),
    "net": MLPRegressor(hidden_layer_sizes=(4,), max_iter=3000, tol=1e-3, random_state=0),
    "least squares": PLSRegression(n_components=1),
    "xgboost": XGBRegressor(n_estimators=3, max_depth=2, n_jobs=1),
    "lightgbm": LGBMRegressor(n_estimators=3, num_leaves=4, n_jobs=1, verbose=-1),
}


def people(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"score": rng.normal(60.0, 10.0, n), "distance": rng.exponential(20.0, n)})


@pytest.fixture(scope="module")
def history():
    X, rng = people(400, 1), np.random.default_rng(2)
    award = rng.choice([0, *range(250_000, 2_500_001, 250_000)], size=400, p=[0.5, *[0.05] * 10])
    logit = -0.8 - 0.05 * (X["score"] - 60.0) - 0.01 * X["distance"] + 1.6 * (1 - np.exp(-award / 6e5))
    return X, award, (rng.random(400) < 1.0 / (1.0 + np.exp(-logit))).astype(int)


@pytest.fixture(scope="module")
def fitted(history):
    return lambda learner, estimator: learner(estimator).fit(*history)


def some(n):
    frame = people(n, 3)
    return Units(ids=np.arange(n).astype(str).astype(object), frame=frame, features=("score", "distance"))


def planned(model, units, limits=LIMITS, **solver):
    return plan(model, units, Problem(amounts=AMOUNTS, limits=tuple(limits)), Solver(**solver))


def lost_by_snapping(model, units):
    """Σ_i max_k max_{a_k ≤ x < a_{k+1}} v_i(x) − v_i(a_k): the most that rounding awards down to the grid can cost.

    The embedded model may use every award of the grid, so its optimum before snapping is at least the grid's.
    """
    worst = np.zeros(len(units))
    for low, high in zip(AMOUNTS.values[1:-1], AMOUNTS.values[2:], strict=True):
        inside = model.response(units.X, np.linspace(low, high, POINTS))
        worst = np.maximum(worst, inside.max(axis=1) - inside[:, 0])
    return float(np.sort(worst)[-3:].sum())  # no more than three units have an award


@pytest.mark.parametrize("learner", [SLearner, TwoModel])
@pytest.mark.parametrize("kind", KINDS)
def test_a_native_plan_is_worth_what_curves_are_less_what_snapping_loses(fitted, kind, learner):
    model, units = fitted(learner, KINDS[kind]), some(6)
    curves, coupling, native, certificate = planned(model, units, embedding="native")
    *_, exact, _ = planned(model, units, embedding="curves")
    assert not coupling.broken(Totals.of(native.index, curves, coupling))
    assert certificate.value == pytest.approx(float(curves.value_of(native.index).sum()), abs=1e-9)
    assert native.value <= exact.value + 1e-6
    embedding_error = 1e-3 if kind == "logistic" else 1e-6  # Gurobi approximates the logistic function piecewise
    assert native.value >= exact.value - lost_by_snapping(model, units) - embedding_error
    assert native.value <= native.bound + 1e-9


@pytest.mark.parametrize("learner", [SLearner, TwoModel])
def test_where_the_best_awards_lie_on_the_grid_nothing_is_lost(fitted, learner):
    model, units = fitted(learner, LinearRegression()), some(6)
    *_, native, _ = planned(model, units, embedding="native")
    *_, exact, _ = planned(model, units, embedding="curves")
    assert native.value == pytest.approx(exact.value, abs=1e-6)


def test_limits_on_groups_hold_in_the_native_model_too(fitted):
    units = some(8)
    group = {"score": {"at_least": float(units.frame["score"].median())}}
    limits = [
        *LIMITS,
        Limit.recipients(at_least=0.7, of="recipients", where=group, name="high scores"),
        Limit.recipients(at_least=2, where=group, name="two"),
    ]
    *_, native, _ = planned(fitted(SLearner, LinearRegression()), units, limits, embedding="native")
    inside = units.frame["score"] >= group["score"]["at_least"]
    assert (native.amount[inside] > 0).sum() >= max(2, 0.7 * (native.amount > 0).sum())


def test_awards_are_nothing_or_at_least_the_smallest(fitted):
    *_, native, _ = planned(fitted(SLearner, LinearRegression()), some(6), [Limit.cost(at_most=200_000)], embedding="native")
    assert not native.amount.any()


def test_limits_that_no_awards_satisfy_are_infeasible(fitted):
    limits = [Limit.cost(at_most=100_000, name="budget"), Limit.recipients(at_least=1, name="one")]
    with pytest.raises(Infeasible, match="limits: no a"):
        planned(fitted(SLearner, LinearRegression()), some(4), limits, embedding="native")


@pytest.mark.parametrize(
    ("kind", "learner", "n"),
    [("tree", SLearner, 400), ("boosting", TwoModel, 150), ("logistic", SLearner, 60), ("net", SLearner, 400)],
)
def test_more_units_than_the_licence_takes_are_refused_with_the_way_out(fitted, kind, learner, n):
    if gurobi.capacity() == gurobi.FULL_LICENCE:
        pytest.skip("a full Gurobi licence is installed: no model is refused for its size")
    with pytest.raises(
        ModelError, match=rf"solver\.embedding: native needs \d+ variables for {n} units, .*use embedding: curves"
    ):
        planned(fitted(learner, KINDS[kind]), some(n), embedding="native")


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (DecisionTreeClassifier(max_depth=2), "got DecisionTreeClassifier; use embedding: curves, which takes every estimator"),
        (RandomForestClassifier(n_estimators=2, max_depth=2), "got RandomForestClassifier; use embedding: curves"),
        (HistGradientBoostingRegressor(max_iter=2), "got HistGradientBoostingRegressor; use embedding: curves"),
        (
            LGBMRegressor(n_estimators=2, num_leaves=3, objective="binary", n_jobs=1, verbose=-1),
            "takes LGBMRegressor with a squared-error objective, got binary; use embedding: curves",
        ),
        (
            XGBRegressor(n_estimators=2, max_depth=2, objective="binary:logistic", n_jobs=1),
            "takes XGBRegressor with a squared-error objective, got binary:logistic; use embedding: curves",
        ),
        (
            MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", max_iter=3000, tol=1e-2),
            "takes relu networks, got tanh; use embedding: curves",
        ),
    ],
)
@pytest.mark.parametrize("learner", [SLearner, TwoModel])
def test_what_would_be_embedded_wrongly_is_refused(fitted, learner, estimator, message):
    with pytest.raises(ModelError, match=rf"model\.estimator: embedding native .*{message}"):
        planned(fitted(learner, estimator), some(3), embedding="native")


def test_a_model_that_is_no_plain_estimator_is_refused():
    class Flat:
        def response(self, X, amounts):
            return np.zeros((len(X), len(list(amounts))))

        def predict(self, X, _treatment):
            return np.zeros(len(X))

    with pytest.raises(
        ModelError, match=r"model\.kind: embedding native needs one plain estimator, got Flat; use embedding: curves"
    ):
        planned(Flat(), some(3), embedding="native")
    *_, flat, _ = planned(Flat(), some(3))
    assert flat.value == 0.0


def test_an_estimator_that_prepares_itself_is_refused(history):
    model = SLearner(LinearRegression(), prepare="passthrough").fit(*history)
    with pytest.raises(ModelError, match=r"model\.prepare: embedding native needs prepare='auto', got passthrough"):
        planned(model, some(3), embedding="native")


def test_a_treated_arm_with_a_single_award_is_embedded_without_an_amount(history):
    X, award, enrolled = history
    model = TwoModel(LinearRegression()).fit(X, np.where(award > 0, 1_000_000, 0), enrolled)
    units = some(6)
    *_, native, _ = planned(model, units, embedding="native")
    *_, exact, _ = planned(model, units, embedding="curves")
    assert native.value == pytest.approx(exact.value, abs=1e-6)


def test_a_search_without_any_awards_in_time_says_so(fitted, monkeypatch):
    monkeypatch.setattr("gurobipy.Model.optimize", lambda _: None)
    with pytest.raises(NoIncumbent, match=r"search: stopped before it found awards that keep every limit; allow more time"):
        planned(fitted(SLearner, KINDS["forest"]), some(6), embedding="native", time_limit=1.0)


NET = {"activation": "relu", "representation_width": 6, "head_width": 4, "batch_size": 50, "max_steps": 400}


@pytest.fixture(scope="module")
def networks():
    X, rng = people(400, 1), np.random.default_rng(2)
    award = rng.choice([0, *range(250_000, 2_500_001, 250_000)], size=400, p=[0.5, *[0.05] * 10])
    gain = (1.0 - np.exp(-award / 6e5)) * (1.5 - 0.02 * X["distance"])
    outcome = 3.0 - 0.02 * (X["score"] - 60.0) + gain + rng.normal(0.0, 0.1, 400)

    def fitted(**parameters):
        return TARNet(**{**NET, **parameters}).fit(X, award, outcome if parameters.get("outcome") != "binary" else outcome > 3.0)

    return fitted


@pytest.mark.parametrize("strata", [1, 3])
def test_an_embedded_network_says_what_its_response_does_at_awards_of_all_kinds(networks, strata, monkeypatch):
    pytest.importorskip("torch")
    model, X, rng = networks(dose="strata", strata=strata), people(50, 3), np.random.default_rng(5)
    # Anywhere in a stratum, also between the grid's amounts, but not before its first one: that would be snapped out of it.
    edges = np.array(model.doses_.highest)
    begins = np.array(AMOUNTS.values)[np.searchsorted(AMOUNTS.values, edges[:-1], side="right")]
    stratum = rng.integers(0, strata, 50)
    awards = begins[stratum] + rng.random(50) * (edges[stratum + 1] - begins[stratum])
    awards[rng.random(50) < 0.2] = 0.0
    said = np.empty(50)

    def at_these_awards(mip, award, n):
        award.LB = award.UB = awards[batch] / model.doses_.largest
        mip.optimize()
        said[batch] = [mip.getVarByName(f"outcome[{i}]").X for i in range(n)]
        return award.X

    monkeypatch.setattr(native, "_optimise", at_these_awards)
    for start in range(0, 50, 10):
        batch = np.arange(start, start + 10)
        curves = Curves.of(model.response(X.iloc[batch], AMOUNTS.values), AMOUNTS)
        coupling = Coupling.compile((), 10, None, lambda: None)
        native.solve_native(model.branches(X.iloc[batch]), curves, coupling, Solver())
    assert said == pytest.approx(model.predict(X, awards), abs=1e-6)


@pytest.mark.parametrize(("strata", "dose"), [(5, "none"), (1, "strata"), (3, "strata")])
def test_a_native_plan_of_a_network_is_worth_what_curves_are_less_what_snapping_loses(networks, strata, dose):
    pytest.importorskip("torch")
    model, units = networks(dose=dose, strata=strata), some(6)
    *_, found, _ = planned(model, units, embedding="native")
    *_, exact, _ = planned(model, units, embedding="curves")
    assert found.value <= exact.value + 1e-6
    assert found.value >= exact.value - lost_within_strata(model, units) - 1e-6


def lost_within_strata(model, units):
    """As `lost_by_snapping`, but an embedded award never lies in a stratum that begins between two amounts of the grid."""
    worst = np.zeros(len(units))
    for low, high in zip(AMOUNTS.values[1:-1], AMOUNTS.values[2:], strict=True):
        between = np.linspace(low, high, POINTS)
        same = between[(model.doses_.mix(between) == model.doses_.mix(between[:1])).all(axis=1)]
        inside = model.response(units.X, same)
        worst = np.maximum(worst, inside.max(axis=1) - inside[:, 0])
    return float(np.sort(worst)[-3:].sum())


@pytest.mark.parametrize(
    ("parameters", "obstacle"),
    [
        ({"dose": "strata", "activation": "elu"}, "activation elu"),
        ({"dose": "varying"}, "dose varying"),
        ({"dose": "strata", "outcome": "binary"}, "outcome binary"),
    ],
)
def test_a_network_that_is_not_piecewise_linear_is_refused(networks, parameters, obstacle):
    pytest.importorskip("torch")
    model = networks(**parameters, max_steps=5)
    with pytest.raises(
        ModelError, match=rf"embedding native takes networks with activation relu, .*got {obstacle}; use embedding: curves"
    ):
        planned(model, some(3), embedding="native")
