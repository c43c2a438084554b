"""A core's curves enter a model through gurobi-machinelearning, and say there what they predict."""

import gurobipy as gp
import numpy as np
import pytest
from gurobi_ml import add_predictor_constr
from gurobi_ml.exceptions import NoSolutionError
from scipy.sparse import csr_array

from optimizer.engine import gurobi
from optimizer.engine.bound import bound
from optimizer.engine.embed import CoreCurves, register
from optimizer.engine.fix import fix
from optimizer.problem.allocation import Incumbent
from optimizer.problem.core import Capacity
from optimizer.problem.limits import Limit

WEIGHTS = np.array([[0.0, 0.3, 0.7, 0.0, 0.0], [0.0, 0.0, 0.0, -0.1, 0.4]])


@pytest.fixture
def model():
    register()
    with gp.Model(env=gurobi.environment()) as model:
        yield model


def embedded(model, *, count=2):
    x = model.addMVar((1, 5), ub=3.0, vtype=gp.GRB.INTEGER)
    y = model.addMVar((1, 2), lb=-gp.GRB.INFINITY)
    model.addConstr(x.sum() == count)
    constr = add_predictor_constr(model, CoreCurves(csr_array(WEIGHTS)), x, y)
    return x, y, constr


@pytest.mark.parametrize("sense", [gp.GRB.MAXIMIZE, gp.GRB.MINIMIZE])
def test_the_models_outcome_is_what_the_curves_predict(model, sense):
    x, y, constr = embedded(model)
    model.setObjective(y.sum(), sense)
    model.optimize()
    assert constr.get_error() == pytest.approx(np.zeros((1, 2)), abs=1e-9)
    assert CoreCurves(csr_array(WEIGHTS)).predict(x.X) == pytest.approx(y.X, abs=1e-9)
    assert model.ObjVal == pytest.approx(1.4 if sense == gp.GRB.MAXIMIZE else -0.2)


def test_the_error_is_none_where_it_is_within_what_is_asked(model):
    _, y, constr = embedded(model)
    model.setObjective(y.sum(), gp.GRB.MAXIMIZE)
    model.optimize()
    assert constr.get_error(1e-6) is None
    assert constr.get_error(-1.0) is not None


def test_there_is_no_error_without_a_solution(model):
    _, _, constr = embedded(model, count=100)
    model.optimize()
    assert model.Status == gp.GRB.INFEASIBLE
    with pytest.raises(NoSolutionError):
        constr.get_error()


def test_an_embedding_costs_one_row_a_class(model):
    embedded(model)
    model.update()
    assert (model.NumConstrs, model.NumGenConstrs) == (1 + 2, 0)


def test_registering_twice_changes_nothing(model):
    register()
    register()
    _, _, constr = embedded(model)
    assert constr is not None


def test_the_curves_of_a_core_are_its_values_by_class(make):
    drawn = make(np.random.default_rng(0).random((6, 3)).cumsum(axis=1), [0, 2, 5], [Limit.cost(at_most=12)])
    dual = bound(drawn.curves, drawn.coupling)
    core = fix(
        drawn.curves, drawn.coupling, dual, Incumbent(choice=None, value=-np.inf, bound=dual.bound, source="dual"), Capacity()
    )
    curves = CoreCurves.of(core)
    assert curves.weights.shape == (len(core.members), len(core.klass))
    one_each = np.eye(len(core.klass))
    assert (curves.predict(one_each).sum(axis=1) == core.value).all()
    assert (curves.predict(one_each).argmax(axis=1)[core.value > 0] == core.klass[core.value > 0]).all()
