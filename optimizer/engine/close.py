"""Close the core: an integer program in its options, by Gurobi with embedded curves or by HiGHS."""

from __future__ import annotations

import math

import gurobipy as gp
import numpy as np
from gurobi_ml import add_predictor_constr
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from optimizer.engine import gurobi
from optimizer.engine.embed import CoreCurves, register
from optimizer.problem.core import Capacity, Closed, Core
from optimizer.problem.solver import Backend

TIGHT = {"MIPGap": 0.0, "FeasibilityTol": 1e-9, "OptimalityTol": 1e-9, "IntFeasTol": 1e-9, "Threads": 1}
"""Nothing given away to tolerances, and one thread: the same plan on every machine."""

LAST_DIGITS = 1e-10
"""A bound that is this near a solution's value, for each class, differs from it by rounding."""

HIGHS_CAPACITY = Capacity(variables=50_000, rows=50_000)
HIGHS_PATIENCE = 300.0
"""Seconds; HiGHS can loop on barely infeasible cores, so it never runs without a limit."""

SHARPNESS = 1e4
"""HiGHS stops at an absolute gap of 1e-6, and lets rows be broken by as much; scaled by this that is 1e-10 of an outcome."""


def capacity(backend: Backend) -> Capacity:
    """How large a core the backend takes."""
    return gurobi.capacity() if backend == "gurobi" else HIGHS_CAPACITY


def close(core: Core, backend: Backend, *, seed: int = 0, seconds: float | None = None, enough: float = 0.0) -> Closed:
    """The best solution of the core and a bound on all of them.

    Parameters
    ----------
    enough : how far the bound may stay from the solution, in what is maximised.
    """
    if not core.members:
        feasible = bool((core.left >= 0).all())
        return Closed(counts=np.zeros(0, np.int64) if feasible else None, bound=0.0 if feasible else -math.inf)
    return _by_gurobi(core, seed, seconds, enough) if backend == "gurobi" else _by_highs(core, seconds)


def _by_gurobi(core: Core, seed: int, seconds: float | None, enough: float) -> Closed:
    register()
    with gp.Model(env=gurobi.environment()) as model:
        model.Params.Seed = seed
        for name, value in TIGHT.items():
            model.setParam(name, value)
        model.Params.MIPGapAbs = enough
        if seconds is not None:
            model.Params.TimeLimit = seconds
        x = model.addMVar((1, len(core.klass)), ub=core.most[None, :].astype(float), vtype=gp.GRB.INTEGER, name="units")
        y = model.addMVar((1, len(core.members)), lb=-gp.GRB.INFINITY, name="outcome")
        model.addConstr(_assignment(core) @ x[0] == core.sizes.astype(float), name="one_amount_each")
        model.addConstr(core.usage @ x[0] <= core.left, name="limits")
        add_predictor_constr(model, CoreCurves.of(core), x, y)
        model.setObjective(y.sum(), gp.GRB.MAXIMIZE)
        gurobi.optimize(model)
        # Every option is bounded, so what presolve takes for either is infeasible.
        if model.Status in (gp.GRB.INFEASIBLE, gp.GRB.INF_OR_UNBD):
            return Closed(counts=None, bound=-math.inf)
        counts = np.rint(x.X)[0].astype(np.int64) if model.SolCount else None
        return Closed(counts=counts, bound=_settled(core, counts, model.ObjBound, done=model.Status == gp.GRB.OPTIMAL))


def _by_highs(core: Core, seconds: float | None) -> Closed:
    assignment = _assignment(core)
    # Rows in whole numbers need no finer tolerance than HiGHS has; others do.
    finer = np.where((core.usage % 1.0).any(axis=1), SHARPNESS, 1.0)
    limits = LinearConstraint(core.usage * finer[:, None], -np.inf, core.left * finer)
    constraints = [LinearConstraint(assignment, core.sizes, core.sizes), limits]
    solved = milp(
        -SHARPNESS * core.value,
        integrality=np.ones(len(core.klass)),
        bounds=Bounds(0, core.most),
        constraints=constraints,
        options={"mip_rel_gap": 0.0, "time_limit": HIGHS_PATIENCE if seconds is None else min(seconds, HIGHS_PATIENCE)},
    )
    infeasible = 2
    if solved.status == infeasible:
        return Closed(counts=None, bound=-math.inf)
    counts = None if solved.x is None else np.rint(solved.x).astype(np.int64)
    bound = math.inf if solved.mip_dual_bound is None else -float(solved.mip_dual_bound) / SHARPNESS
    return Closed(counts=counts, bound=_settled(core, counts, bound, done=solved.status == 0))


def _assignment(core: Core) -> csr_array:
    shape = (len(core.members), len(core.klass))
    return csr_array((np.ones(len(core.klass)), (core.klass, np.arange(len(core.klass)))), shape=shape)


def _settled(core: Core, counts: np.ndarray[tuple[int], np.dtype[np.int64]] | None, bound: float, *, done: bool) -> float:
    """The backend's bound; a finished search proves its own solution best, whatever the last digits of its bound say.

    But only the last digits: a backend takes a count of 2.999999 for whole, and what it is worth as 3 may be less.
    """
    if counts is None or not done:
        return bound
    value = float(core.value @ counts)
    return value if abs(bound - value) <= LAST_DIGITS * (1.0 + abs(value) + len(core.members)) else max(bound, value)
