"""Would it really bring more? A plan valued by recorded outcomes, at the scenario's own limits, beside simpler rules.

History is cut into folds. Each is decided about by the model that the others teach, under the limits scaled to it; what was
recorded of it says what that would have brought (`models.evaluation.policy_value`). Nothing that a figure is learned from is
what it is tested on, so a plan gains nothing by chasing its model's errors.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseError
from models.evaluation.folds import dealt
from models.evaluation.matching import SHARES, Propensities, usual_classifier
from models.tiers import Tiers
from optimizer.edge.columns import present
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.previous import read_previous
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import read_sources
from optimizer.edge.tables import Table
from optimizer.edge.units_from import identifiers
from optimizer.errors import DataError, Fault, ScenarioError
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.heldout import held_out
from optimizer.evaluating.ranked import ranked, sensitivity
from optimizer.evaluating.valued import Valued
from optimizer.options import Options
from optimizer.problem.evaluation import Evaluation
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.units import History

ESTIMATED, KNOWN = "estimated", "known:"
"""How propensities may be given, besides `SHARES`, a number and a classifier."""


def evaluate(
    scenario: str | Path | Scenario,
    *,
    folds: int = 5,
    cluster: str | None = None,
    propensity: Propensities = ESTIMATED,
    plan: str | Path | None = None,
    options: Options | None = None,
) -> Evaluation:
    """Value a scenario's plan by the outcomes that its history records.

    Parameters
    ----------
    folds : in how many parts history is cut; the model is fitted as often.
    cluster : a column of history; units with the same value stay in one fold, and standard errors count them as one.
    propensity : the chance that history gave an award: ``estimated`` by logistic regression of the arms on the features,
        ``shares`` as recorded, the same for everybody, as in a trial, ``known:P`` or P for the chance of any award, or a
        classifier.
    plan : a CSV or Parquet file with the id and amount of past units, to compare with; ids are those of the column that
        `units.id` names, else history's rows that could be used, numbered from 1.

    Raises
    ------
    ScenarioError
        If there is no history, or the propensity is none of those.
    DataError
        If history cannot be cut so, or a column or the plan does not hold what it should.
    BursarError
        As in `optimizer.run.solve`.
    """
    settings = options or Options()
    read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario, settings.overrides)
    chances = _propensity(propensity)
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    settings.progress("read", None)
    units, history = read_sources(read, store)
    if history is None:
        raise ScenarioError(Fault("evaluate", "needs recorded outcomes", "no history", "add `history` to the scenario"))
    if isinstance(read.model, WrappedSpec):
        # It was fitted on features of its own.
        present(_table(history), units.features)
        history = replace(history, features=units.features)
    asked = Asked.by(read, len(units), history, store, chances)
    other = None if plan is None else read_previous(Path(plan), _ids(read, history))
    clusters = None if cluster is None else _clusters(history, cluster)
    try:
        fold = dealt(_kinds(history), folds, np.random.default_rng(read.solver.seed), clusters)
        given = None if other is None else other.amount
        found = held_out(history, fold, asked, other=given, each=_awards(history), progress=settings.progress)
        valued = Valued.of(found, history.outcome, clusters)
        further = ranked(history, found, clusters, read.solver.seed)
    except ResponseError as wrong:
        raise DataError(f"evaluate: {wrong}") from wrong
    return Evaluation(
        name=read.name,
        currency=read.amounts.currency,
        outcome_name="outcome" if read.history is None else read.history.outcome,
        units=len(units),
        history=len(history),
        folds=folds,
        clusters=None if clusters is None else np.unique(clusters).size,
        matched=found.matched,
        values=valued.values(),
        differences=valued.differences(),
        optimism=valued.optimism(),
        further=further,
        hidden=sensitivity(history, found),
        notes=_notes(read, history, asked.aside, () if other is None else other.notes),
    )


def _propensity(given: Propensities) -> Propensities:
    if not isinstance(given, str) or given == SHARES:
        return given
    if given == ESTIMATED:
        return usual_classifier()
    try:
        return float(given.removeprefix(KNOWN))
    except ValueError:
        remedy = "write estimated, shares, or known:0.5 where everybody had an even chance of an award"
        raise ScenarioError(Fault("evaluate", "propensity is not one it knows", given, remedy)) from None


def _ids(scenario: Scenario, history: History) -> NDArray[np.object_]:
    column = scenario.units.id
    if column is None or column not in history.frame:
        return np.arange(1, len(history) + 1).astype(str).astype(object)
    return identifiers(_table(history), column)


def _clusters(history: History, column: str) -> NDArray[np.intp]:
    """The cluster of each past unit, numbered; one without a cluster is one of its own."""
    present(_table(history), [column])
    codes, _ = pd.factorize(history.frame[column])
    alone = np.cumsum(codes < 0) + codes.max()
    return np.asarray(np.where(codes < 0, alone, codes), dtype=np.intp)


def _table(history: History) -> Table:
    return Table(frame=history.frame, digest=history.digest, name="history")


def _awards(history: History) -> tuple[float, ...]:
    """Awards that everybody is imagined with: history's, or its tiers' means where they are many."""
    return Tiers.read(history.treatment, None, "evaluate").amounts[1:]


def _kinds(history: History) -> NDArray[np.intp]:
    """What folds have evenly: the arms, and in each the highest outcome, as 1 among 0 and 1."""
    arms = Tiers.read(history.treatment, None, "evaluate").of(history.treatment)
    return np.asarray(2 * arms + (history.outcome == history.outcome.max()), dtype=np.intp)


def _notes(scenario: Scenario, history: History, aside: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    fixed = "the model was fitted elsewhere and is not fitted again: if it has seen this history, the figures flatter it"
    left = f"left aside, since history does not tell it: {'; '.join(aside)}"
    told = ([left] if aside else []) + ([fixed] if isinstance(scenario.model, WrappedSpec) else [])
    return (*history.notes, *other, *told)
