"""Gurobi as bursar starts it: one silent environment, and a capacity found by asking."""

import gurobipy as gp
import pytest

from optimizer.engine import gurobi


def test_there_is_one_environment_a_process():
    assert gurobi.environment() is gurobi.environment()


def test_gurobi_says_nothing(capfd):
    with gp.Model(env=gurobi.environment()) as model:
        model.addVar(ub=1.0, obj=-1.0)
        model.optimize()
        assert model.ObjVal == -1.0
    assert capfd.readouterr() == ("", "")


def test_the_licence_that_pip_brings_takes_2000_variables():
    if gurobi.capacity() == gurobi.FULL_LICENCE:
        pytest.skip("a full Gurobi licence is installed: nothing is refused for its size")
    assert gurobi.capacity() == gurobi.PIP_LICENCE
    assert (gurobi.PIP_LICENCE.variables, gurobi.PIP_LICENCE.rows) == (2000, 2000)
    with gp.Model(env=gurobi.environment()) as model:
        model.addMVar(2000, ub=1.0)
        model.optimize()
        model.addVar()
        with pytest.raises(gp.GurobiError) as refused:
            model.optimize()
    assert refused.value.errno == gurobi.TOO_LARGE == 10010


def test_any_other_refusal_is_not_taken_for_a_size(monkeypatch):
    def refuse(_):
        raise gp.GurobiError(gp.GRB.Error.NO_LICENSE, "no licence")

    monkeypatch.setattr(gp.Model, "optimize", refuse)
    with pytest.raises(gp.GurobiError, match="no licence"):
        gurobi.capacity.__wrapped__()
