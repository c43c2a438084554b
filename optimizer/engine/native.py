"""The textbook formulation: every unit's fitted regressor embedded in one model, with continuous awards.

    x_i ∈ {0} ∪ [min, max],   z_i = 1[x_i > 0],   y_i = f(features_i, x_i),   maximise Σ y_i   under the limits

gurobi-machinelearning writes f as constraints. Awards are snapped down to the grid and the model is asked again there, since
an embedded tree may claim a value that its own `predict` does not earn at the award it returns. A ReLU network whose awards fall
in strata is one embedded head for each, of which a unit's award chooses one.
"""

from __future__ import annotations

from typing import Any

import gurobipy as gp
import numpy as np
from gurobi_ml import add_predictor_constr
from numpy.typing import NDArray

from models.base import Branch
from models.head import Head
from optimizer.engine import gurobi
from optimizer.errors import Infeasible, ModelError, NoIncumbent
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.solver import Solver

SUPPORTED = (
    "LinearRegression",
    "Ridge",
    "Lasso",
    "LogisticRegression",
    "DecisionTreeRegressor",
    "RandomForestRegressor",
    "GradientBoostingRegressor",
    "MLPRegressor",
    "PLSRegression",
    "XGBRegressor",
    "LGBMRegressor",
)
SQUARED = {"XGBRegressor": ("reg:squarederror",), "LGBMRegressor": (None, "regression", "regression_l2", "l2", "mse")}
"""Objectives whose prediction is the sum of the leaves; others are accepted by the embedding and silently wrong."""

TREES = ("DecisionTreeRegressor", "RandomForestRegressor", "GradientBoostingRegressor", "XGBRegressor", "LGBMRegressor")
EPSILON = 1e-4
"""How far an award must pass a tree's threshold, in the model's unit of money: above single precision, below a grid's step."""


def solve_native(branches: tuple[Branch, Branch], curves: Curves, coupling: Coupling, solver: Solver) -> NDArray[np.intp]:
    """The choice of each unit: awards of the embedded model, snapped down to the grid.

    Raises
    ------
    ModelError
        If the estimator cannot be embedded, or the model is too large for the licence.
    Infeasible
        If no awards satisfy the limits.
    NoIncumbent
        If the search stopped before it found any, or the snapped awards break a limit.
    """
    without, with_award = branches
    for branch in branches:
        _check_embeddable(branch)
    n, scale = curves.shape[0], with_award.scale
    with gp.Model(env=gurobi.environment()) as model:
        for name, value in {
            "MIPGap": solver.gap,
            "MIPGapAbs": 0.0,
            "Seed": solver.seed,
            "FeasibilityTol": 1e-9,
            "IntFeasTol": 1e-9,
            "TimeLimit": solver.time_limit or gp.GRB.INFINITY,
        }.items():
            model.setParam(name, value)
        lowest, highest = curves.amounts.values[1] / scale, curves.amounts.values[-1] / scale
        award = model.addMVar(n, ub=highest, name="award")
        given = model.addMVar(n, vtype=gp.GRB.BINARY, name="given")
        model.addConstr(award >= lowest * given)
        model.addConstr(award <= highest * given)
        outcome = model.addMVar(n, lb=-gp.GRB.INFINITY, name="outcome")
        _embed(model, without is with_award, with_award, curves, (award, given, outcome))
        _limit(model, coupling, scale, (award, given, outcome))
        model.setObjective(outcome.sum(), gp.GRB.MAXIMIZE)
        return _snap(_optimise(model, award, n) * scale, curves)


def _check_embeddable(branch: Branch) -> None:
    estimator, kind = branch.estimator, type(branch.estimator).__name__
    if isinstance(estimator, Head):
        if estimator.obstacle:
            raise ModelError(
                "model.options: embedding native takes networks with activation relu, a continuous outcome and dose none or "
                f"strata, got {estimator.obstacle}; use embedding: curves"
            )
        return
    if kind not in SUPPORTED:
        raise ModelError(
            f"model.estimator: embedding native takes {', '.join(SUPPORTED)}, got {kind}; "
            "use embedding: curves, which takes every estimator"
        )
    if kind in SQUARED and estimator.get_params().get("objective") not in SQUARED[kind]:
        raise ModelError(
            f"model.estimator: embedding native takes {kind} with a squared-error objective, "
            f"got {estimator.get_params()['objective']}; use embedding: curves"
        )
    if kind == "MLPRegressor" and estimator.activation not in ("relu", "identity"):
        raise ModelError(
            f"model.estimator: embedding native takes relu networks, got {estimator.activation}; use embedding: curves"
        )
    if not isinstance(branch.features, np.ndarray):
        raise ModelError("model.prepare: embedding native needs prepare='auto', got passthrough; use embedding: curves")


def _embed(model: gp.Model, single: bool, branch: Branch, curves: Curves, variables: tuple[Any, Any, Any]) -> None:
    award, given, outcome = variables
    if branch.column is None:
        rise = curves.values[:, 1] - curves.values[:, 0]
        model.addConstr(outcome == curves.values[:, 0] + rise * given)
        return
    inputs = np.empty((len(branch), branch.features.shape[1] + 1), dtype=object)
    inputs[:, np.arange(inputs.shape[1]) != branch.column] = branch.features
    inputs[:, branch.column] = award.tolist()
    if isinstance(branch.estimator, Head):
        _embed_strata(model, branch, inputs, curves, variables)
        return
    kind = type(branch.estimator).__name__
    options: dict[str, Any] = {"epsilon": EPSILON} if kind in TREES else {}
    if kind == "LogisticRegression":
        options["output_type"] = "probability_1"
    if single:
        add_predictor_constr(model, branch.estimator, inputs, outcome.reshape(-1, 1), **options)
        return
    treated = add_predictor_constr(model, branch.estimator, inputs, **options).output.reshape(-1)
    _where(model, given, True, outcome, treated.tolist())
    _where(model, given, False, outcome, curves.values[:, 0].tolist())


def _embed_strata(model: gp.Model, branch: Branch, inputs: Any, curves: Curves, variables: tuple[Any, Any, Any]) -> None:
    """Σ_j c_ij = z_i,   low_j ≤ x_i ≤ high_j and y_i = f_j(x_i) where c_ij = 1."""
    award, given, outcome = variables
    offered = curves.amounts.array[1:] / branch.scale
    # A stratum begins at its first amount of the grid: below that, snapping would end in the stratum below.
    inside = [(piece, offered[piece.holds(offered)]) for piece in branch.estimator.pieces()]
    ranges = [(piece, float(own[0]), min(float(offered[-1]), piece.highest)) for piece, own in inside if own.size]
    chosen = model.addMVar((len(branch), len(ranges)), vtype=gp.GRB.BINARY, name="stratum")
    model.addConstr(chosen.sum(axis=1) == given)
    model.addConstr(award >= chosen @ np.array([low for _, low, _ in ranges]))
    model.addConstr(award <= chosen @ np.array([high for _, _, high in ranges]))
    for place, (piece, _, _) in enumerate(ranges):
        treated = add_predictor_constr(model, piece.sequential(), inputs).output.reshape(-1)
        _where(model, chosen[:, place], True, outcome, treated.tolist())
    _where(model, given, False, outcome, curves.values[:, 0].tolist())


def _where(model: gp.Model, chosen: Any, holds: bool, outcome: Any, values: list[Any]) -> None:
    """y_i is this value (a number or a variable) for each unit whose binary is so."""
    for binary, variable, value in zip(chosen.tolist(), outcome.tolist(), values, strict=True):
        model.addGenConstrIndicator(binary, holds, variable == value)


def _limit(model: gp.Model, coupling: Coupling, scale: float, variables: tuple[Any, Any, Any]) -> None:
    """Each row, with costs in the model's unit of money and divided by the largest coefficient."""
    for row, coefficients in zip(coupling.rows, coupling.coefficients.transpose(1, 0, 2), strict=True):
        per = coefficients[:, coupling.groups] * np.array([[scale], [1.0], [1.0]])
        size = max(float(np.abs(per).max(initial=0.0)), 1e-300)
        used = sum((weights / size) @ variable for weights, variable in zip(per, variables, strict=True) if weights.any())
        if not isinstance(used, int):
            model.addConstr(used <= float(row.allowed) / size, name=row.name)


def _optimise(model: gp.Model, award: Any, n: int) -> NDArray[np.float64]:
    try:
        gurobi.optimize(model)
    except gp.GurobiError as refused:
        if refused.errno != gurobi.TOO_LARGE:
            raise
        model.update()
        raise ModelError(
            f"solver.embedding: native needs {model.NumVars} variables for {n} units, more than the licence takes "
            "(2000, or 200 with a logistic model); use embedding: curves"
        ) from refused
    if model.Status in (gp.GRB.INFEASIBLE, gp.GRB.INF_OR_UNBD):
        raise Infeasible("limits: no awards satisfy all limits together; relax one of them")
    if not model.SolCount:
        raise NoIncumbent("search: stopped before it found awards that keep every limit; allow more time (solver.time_limit)")
    awards: NDArray[np.float64] = award.X
    return awards


def _snap(awards: NDArray[np.float64], curves: Curves) -> NDArray[np.intp]:
    """The largest amount at most the award; a hair below a step counts as the step, as solvers return it."""
    offered = curves.amounts.array
    hair = 1e-6 * float(offered[-1])
    return np.searchsorted(offered, awards + hair, side="right") - 1
