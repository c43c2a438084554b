"""Studies of the response models: published ones run again, and every kind of model in a world whose truth is known.

transfer-1, transfer-2   models.studies.transfer   what a small history gains from a large one
ihdp                     models.studies.ihdp       effects of single infants, beside the published errors
kinds                    below                     one scenario by every kind of model: predicted, and what would come true
caution                  caution_study             small histories: whether a cautious objective attains more in truth
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from models.base import ResponseError, ResponseModel
from models.catalogue import build_model
from models.studies import ihdp, transfer
from models.tarnet import TARNet
from models.truth import ScholarshipWorld
from models.two_model import TwoModel
from optimizer.decide import Progress, silent
from optimizer.edge.fitted import fit
from optimizer.edge.model_store import ModelStore
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import read_sources
from optimizer.errors import DataError, Fault, ModelError, ScenarioError
from optimizer.plan import plan
from optimizer.problem.amounts import Amounts
from optimizer.problem.objective import Objective
from optimizer.problem.problem import Problem
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_estimator import EstimatorSpec
from optimizer.problem.units import History, Units
from optimizer.studies.caution import Worlds, compare_plans, gained

log = logging.getLogger(__name__)

STUDIES = ("transfer-1", "transfer-2", "ihdp", "kinds", "caution")

OF_THEIR_OWN = ("uplift_tree", "uplift_forest", "tarnet", "tl_tarnet")
KINDS = ("s_learner", "two_model", "class_transform", "transformed_outcome", "x_learner", "dr_learner", *OF_THEIR_OWN)
"""Every kind that is fitted, in the order of the table; all but the last four are made of an estimator."""

OF_ONE_AWARD = ("class_transform", "tl_tarnet")
"""Kinds to which every award is the same: they are offered one size, the usual one of the first kind's plan."""

USUAL = {"estimator": "sklearn.ensemble.GradientBoostingRegressor"}
"""What those are made of where the scenario's own model names no estimator."""

STIFF = {"estimator": "sklearn.linear_model.Ridge", "params": {"alpha": 100.0}}
"""What effects are fitted with by the kinds that learn them from scores of single units, which are mostly noise."""

OVERFITTING = {"boosting": GradientBoostingRegressor(random_state=0), "logistic": LogisticRegression(max_iter=1_000)}
CAUTIONS = (Objective(caution="lower", figure=0.1), Objective(caution="mean_minus_sd", figure=1.0))
"""What `caution` compares: two models of each arm, of 300 people, and two ways to doubt them."""

WORLD = ("family_income", "family_size", "exam_score", "distance_km", "first_generation", "faculty")
"""The columns that the simulated world's response depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a study found.

    Attributes
    ----------
    table : its figures.
    notes : what must be known to read them.
    text : the table as text, where it is too wide for a screen otherwise.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How a study is carried out; each reads what it needs.

    Attributes
    ----------
    scenario : the scenario file of `kinds`.
    data : the files of `ihdp`, as in `models.studies.ihdp.replications`.
    preset : the network of `ihdp`, as `TARNet.preset` takes it.
    reps : replications; None for as many as are usual: 10 of `ihdp`, 30 of the transfer studies, 50 worlds of `caution`.
    seed : of the first replication.
    jobs : processes at once.
    small : fewer cells of the transfer studies.
    progress : told each stage.
    """

    scenario: Path = Path("scenarios/scholarship.yaml")
    data: Path | None = None
    preset: str = "ihdp"
    reps: int | None = None
    seed: int = 0
    jobs: int = 1
    small: bool = False
    progress: Progress = silent


def study(name: str, choices: Choices | None = None) -> Study:
    """Run a study of `STUDIES`.

    Raises
    ------
    ScenarioError
        If there is no such study, or it lacks something it needs.
    BursarError
        As in `optimizer.run.solve`; DataError if the files of `ihdp` are not of its layout.
    """
    chosen = choices or Choices()
    match name:
        case "kinds":
            return kinds(read_scenario(chosen.scenario), chosen.progress)
        case "ihdp":
            return _ihdp(chosen)
        case "transfer-1" | "transfer-2":
            return _transfer(name, chosen)
        case "caution":
            return _caution(chosen)
    raise ScenarioError(Fault("study", f"must be one of {', '.join(STUDIES)}", name))


def kinds(scenario: Scenario, progress: Progress = silent) -> Study:
    """Decide one scenario of the simulated world by every kind of model; a second objective is left aside.

    Returns
    -------
    One row a kind, the truth itself as a model last: model, attained (outcomes that the plan would bring in truth), predicted
    (by its own model), uplift and uplift_predicted (over no awards), spent, recipients, gap.

    Raises
    ------
    DataError
        If there is no history, or the units lack a column of the world.
    BursarError
        As in `optimizer.run.solve`.
    """
    units, history = read_sources(scenario, ModelStore())
    missing = [column for column in WORLD if column not in units.frame]
    if history is None or missing:
        got = f"units without {', '.join(missing)}" if missing else "no history"
        raise DataError(f"kinds: needs units and history of the simulated world (models.truth), got {got}")
    problem = replace(scenario.build_problem(), then=None)
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        log.info("kinds: %s", kind)
        asked = problem
        if kind in OF_ONE_AWARD:
            asked = replace(problem, amounts=Amounts.tiers([usual_award(problem.amounts, rows[0])]))
        rows.append({"model": kind} | _attained(_fitted(kind, scenario, history), units, asked, scenario, progress))
    # The world reads more than a model's features.
    seen = replace(units, features=tuple(units.frame.columns))
    rows.append({"model": "the truth itself"} | _attained(ScholarshipWorld(), seen, problem, scenario, progress))
    notes = (
        "attained and uplift are what each plan would bring in the simulated world; the other figures are its own model's.",
        f"{' and '.join(OF_ONE_AWARD)} know one award size: they were offered {usual_award(problem.amounts, rows[0]):,} alone.",
        "effects of transformed_outcome, x_learner and dr_learner are fitted with ridge regression.",
        "tl_tarnet learned from the first half of the history and was carried over to the second; the others learned from all.",
    )
    return Study(table=pd.DataFrame(rows), notes=notes)


def usual_award(amounts: Amounts, row: dict[str, Any]) -> int:
    """The amount on offer nearest to the mean award of a plan; if it gave none, the middle one."""
    awards = amounts.values[1:]
    if not row["recipients"]:
        return awards[len(awards) // 2]
    return min(awards, key=lambda award: abs(award - row["spent"] / row["recipients"]))


def _fitted(kind: str, scenario: Scenario, history: History) -> ResponseModel:
    spec, seed = scenario.model, scenario.solver.seed
    if kind in OF_THEIR_OWN:
        earlier, later = _halves(history) if kind == "tl_tarnet" else (None, history)
        return fit(build_model(kind, random_state=seed), later, () if earlier is None else (earlier,))
    own = spec.model_dump(include={"estimator", "params"}) if isinstance(spec, EstimatorSpec) else USUAL
    if kind == "transformed_outcome":
        own = STIFF
    options = {"effect_estimator": STIFF} if kind in ("x_learner", "dr_learner") else None
    return fit(build_model(kind, own, options, random_state=seed), history)


def _halves(history: History) -> tuple[History, History]:
    """The history's first half of rows, and its second."""
    middle = len(history) // 2
    return _taken(history, np.arange(middle)), _taken(history, np.arange(middle, len(history)))


def _taken(history: History, rows: NDArray[np.intp]) -> History:
    frame = history.frame.iloc[rows].reset_index(drop=True)
    return replace(history, frame=frame, treatment=history.treatment[rows], outcome=history.outcome[rows])


def _attained(
    model: ResponseModel, units: Units, problem: Problem, scenario: Scenario, progress: Progress
) -> dict[str, float | int]:
    _, _, allocation, certificate = plan(model, units, problem, scenario.solver.build(), progress)
    world = ScholarshipWorld()
    attained = float(world.predict(units.frame, allocation.amount).sum())
    return {
        "attained": attained,
        "predicted": certificate.value,
        "uplift": attained - float(world.predict(units.frame, np.zeros(len(units))).sum()),
        "uplift_predicted": certificate.value - certificate.without,
        "spent": certificate.spent,
        "recipients": certificate.recipients,
        "gap": certificate.gap,
    }


def _ihdp(chosen: Choices) -> Study:
    if chosen.data is None:
        raise ScenarioError(Fault("study ihdp", "needs the public files", "", "add --data PATH to ihdp_npci_1-1000.train.npz"))
    try:
        network = TARNet.preset(chosen.preset)
    except ResponseError as wrong:
        raise ScenarioError(Fault("study ihdp", f"preset: {wrong}")) from wrong
    reps = 10 if chosen.reps is None else chosen.reps
    models = {"here: least squares, one an arm": TwoModel(LinearRegression()), f"here: {chosen.preset}": network}
    try:
        # The first replication shows whether the files are of the layout, before anything is fitted.
        next(ihdp.replications(chosen.data, reps=1, seed=chosen.seed))
    except ResponseError as wrong:
        raise DataError(f"study ihdp: {wrong}") from wrong
    try:
        found = [
            ihdp.summary(name, ihdp.study(model, chosen.data, reps=reps, seed=chosen.seed)) for name, model in models.items()
        ]
    except ResponseError as wrong:
        raise ModelError(f"study ihdp: {wrong}") from wrong
    notes = (
        "pehe: root of the mean squared error of single effects; ate: error of the mean effect; in-sample and out-of-sample.",
        "Means over replications, and their standard errors (se); the published ones are over 1 000.",
    )
    return Study(table=pd.concat([ihdp.PUBLISHED, pd.DataFrame(found)], ignore_index=True), notes=notes)


def _caution(chosen: Choices) -> Study:
    drawn = Worlds(seed=chosen.seed) if chosen.reps is None else Worlds(seed=chosen.seed, worlds=chosen.reps)
    rows = []
    for name, estimator in OVERFITTING.items():
        for objective in CAUTIONS:
            table = compare_plans(TwoModel(estimator), objective, drawn, progress=chosen.progress)
            mean, (gain, error) = table.mean(), gained(table)
            rows.append(
                {"two_model of": name, "objective": f"{objective.caution} {objective.figure:g}"}
                | {figure: float(mean[figure]) for figure in ("plain", "cautious", "predicted_loss")}
                | {"gained": gain, "se": error}
            )
    notes = (
        f"Means over {drawn.worlds} worlds, {drawn.past} past people and {drawn.units} to decide about in each.",
        "plain, cautious, gained: enrolments that plans attain in truth; predicted_loss: what the model says that caution costs.",
        "Caution helps models that over-fit; one that shrinks the uplift already, such as a boosted s_learner, loses by it.",
    )
    return Study(table=pd.DataFrame(rows), notes=notes)


def _transfer(name: str, chosen: Choices) -> Study:
    reps: dict[str, Any] = {} if chosen.reps is None else {"reps": chosen.reps}
    try:
        table = transfer.study(name, seed=chosen.seed, small=chosen.small, n_jobs=chosen.jobs, **reps)
    except ResponseError as wrong:
        raise ModelError(f"study {name}: {wrong}") from wrong
    notes = (
        "transfer is what TLTARNet's guard chose; target_only, source_only and unguarded are its three networks by themselves.",
        "published_* is what was reported (Aydin and Brandt 2025); chose_* are the shares of replications.",
    )
    return Study(table=table, notes=notes, text=transfer.text(name, table))
