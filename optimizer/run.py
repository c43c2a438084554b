"""The shell around the story: read the scenario's tables, fit its model, plan, and write what a run leaves, or nothing."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pandas as pd

from models.base import ResponseModel
from optimizer.budgets import other_budgets
from optimizer.cautious import between
from optimizer.decide import Progress, silent
from optimizer.edge.fitted import fitted_model, fitted_support
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.outputs import Found, Left, read_left, write_left
from optimizer.edge.pool import read_pool_again
from optimizer.edge.previous import Previous, read_previous
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import read_sources, source_histories
from optimizer.edge.units_from import part_of
from optimizer.engine.respond import aim, respond
from optimizer.engine.verify import certify
from optimizer.errors import Fault, ScenarioError, VerificationError
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.optimism import optimism
from optimizer.far import solve_far, verify_far
from optimizer.options import Options
from optimizer.pacing import in_groups
from optimizer.plan import plan
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import FINEST, Limit
from optimizer.problem.problem import Problem
from optimizer.problem.result import table_of_frontier
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.scenario_part import parse_percent
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import History, Units
from optimizer.problem.words import costs_in_words, in_words, objective_in_words, rules_in_words, then_in_words
from optimizer.solved import Plan
from optimizer.told import told
from optimizer.tonight import again
from optimizer.trace import trace

log = logging.getLogger(__name__)

OBJECTIVE = "objective"
"""What a frontier goes over between the expected and the cautious outcome."""


def solve(
    scenario: str | Path | Scenario, *, out: str | Path | None = None, options: Options | None = None, cluster: str | None = None
) -> Plan:
    """Solve a scenario: who gets how much, with a proof.

    Parameters
    ----------
    scenario : a YAML file, or what `read_scenario` returned.
    out : folder for what the run leaves; all of it is written, or none.
    cluster : where the units stand in parts: ``local:2``, or a Dask scheduler's address; None for this process.

    Raises
    ------
    BursarError
        One of its tree: the scenario, the data, the model, the limits, the search, the proof or the folder is at fault.
    """
    settings = options or Options()
    read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario, settings.overrides)
    if cluster is not None:
        return solve_far(read, cluster, out=None if out is None else Path(out), options=settings)
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    settings.progress("read", None)
    units, history = read_sources(read, store)
    ready = prepare(read, (units, history), store, settings.progress)
    units, model, previous = ready.units, ready.model, ready.previous
    curves, coupling, allocation, certificate = plan(model, units, ready.problem, read.solver.build(), settings.progress)
    result = told(read, (units, history), (curves, coupling), allocation, certificate)
    if history is not None and not isinstance(read.model, WrappedSpec):
        settings.progress("promise", None)
        promise = optimism(Asked.by(read, len(units), history, store), history)
        result = replace(result, summary=replace(result.summary, promise=promise))
    if out is not None:
        left = Left.of(read, result, model, units, history, previous)
        other = other_budgets(result.basis, allocation, settings.progress)
        settings.progress("write", None)
        write_left(Path(out), replace(left, frontier=other, lang=settings.lang))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a scenario asks of its units, and the model that says what they would do."""

    units: Units
    previous: Previous | None
    problem: Problem
    model: ResponseModel


def prepare(
    scenario: Scenario, sources: tuple[Units, History | None], store: ModelStore, progress: Progress = silent
) -> Prepared:
    """The problem of these units, and the model fitted on their history.

    Raises
    ------
    DataError, ModelError
        If the previous plan cannot be read, or the model not be fitted.
    """
    units, history = sources
    problem, previous = _asked(scenario, units)
    if previous is not None:
        units = replace(units, notes=(*units.notes, *previous.notes))
    problem = _seen(scenario, problem, units, history)
    progress("fit", None)
    return Prepared(units=units, previous=previous, problem=problem, model=fitted_model(scenario, history, store))


def frontier(
    scenario: str | Path | Scenario,
    over: str = "limits.0",
    *,
    start: float | str | None = None,
    stop: float | str | None = None,
    points: int = 40,
    options: Options | None = None,
) -> pd.DataFrame:
    """What one limit costs: a proven plan for each of many figures of it; a second objective is left aside.

    Parameters
    ----------
    over : the limit, by its place (``limits.0``) or its name; ``objective`` for weights of a cautious objective beside the
        expected outcome, from 0 to 1.
    start, stop : the first and the last figure, in the limit's own unit, a share as a decimal or as text such as ``"5%"``; by
        default half and one and a half times the figure that the scenario gives.
    points : how many figures, evenly spaced; those that round to the same whole number are one.

    Returns
    -------
    One row a figure: figure, feasible, value (expected outcome), uplift, spent, recipients, price (what one unit more of the
    figure is worth), bound, bound_source, gap. Where no plan keeps the figure with the other limits, all but the figure is empty.
    Over the objective: weight, expected, cautious, spent, recipients, bound, bound_source, gap (`optimizer.cautious.between`).

    Raises
    ------
    ScenarioError
        If there is no such limit, or the figures are not ones it may have.
    BursarError
        As in `solve`.
    """
    settings = options or Options()
    read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario, settings.overrides)
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    problem = read.build_problem()
    limit = None if over == OBJECTIVE else _limit(problem, over)
    figures = _weights(problem, start, stop, points) if limit is None else _figures(limit, start, stop, points)
    settings.progress("read", None)
    units, history = read_sources(read, store)
    problem = _seen(read, problem, units, history)
    settings.progress("fit", None)
    model = fitted_model(read, history, store)
    terms = problem.terms(len(units), units.frame)
    curves = respond(model, units, terms, progress=lambda share: settings.progress("respond", share)).dense()
    coupling = Coupling.compile(problem.limits, len(units), units.frame, lambda: curves.column(0))
    solver = read.solver.build()
    if problem.objective is not None and limit is None:
        aimed = aim(model, units, curves, problem.objective)
        return between(aimed, coupling, [float(weight) for weight in figures], solver, settings.progress)
    assert limit is not None
    plans = trace(curves, coupling, limit.name, figures, solver, settings.progress)
    return table_of_frontier(figures, plans, curves, limit)


def _limit(problem: Problem, over: str) -> Limit:
    named = {f"limits.{place}": limit for place, limit in enumerate(problem.limits)}
    named |= {limit.name: limit for limit in problem.limits}
    if over not in named:
        raise ScenarioError(Fault("frontier", "over must name a limit of the scenario", over, f"one of {', '.join(named)}"))
    return named[over]


def _figure(place: str, figure: float | str) -> Fraction:
    text = str(figure)
    try:
        percent = parse_percent(text)
        return Fraction(text) if percent is None else percent
    except ValueError as wrong:
        fault = Fault("frontier", f"{place} must be a number, or a percentage such as 5%", text)
        raise ScenarioError(fault) from wrong


def _weights(problem: Problem, start: float | str | None, stop: float | str | None, points: int) -> list[Fraction]:
    """Evenly spaced weights of the cautious outcome beside the expected one, from 0 to 1."""
    if problem.objective is None:
        remedy = "add `objective: {lower: 0.1}`, or name a limit"
        raise ScenarioError(Fault("frontier", "over: objective needs a cautious objective", "none", remedy))
    first = Fraction(0) if start is None else _figure("from", start)
    last = Fraction(1) if stop is None else _figure("to", stop)
    if points < 2 or not 0 <= first < last <= 1:  # noqa: PLR2004 — the two ends
        got = f"{points} points from {float(first):g} to {float(last):g}"
        raise ScenarioError(Fault("frontier", "needs at least 2 points from a weight of at least 0 to a larger one up to 1", got))
    return [first + (last - first) * k / (points - 1) for k in range(points)]


def _figures(limit: Limit, start: float | str | None, stop: float | str | None, points: int) -> list[Fraction]:
    """Evenly spaced figures that the limit may have, increasing, each once."""
    first = limit.figure / 2 if start is None else _figure("from", start)
    last = limit.figure * Fraction(3, 2) if stop is None else _figure("to", stop)
    if points < 2 or not 0 <= first < last:  # noqa: PLR2004 — the two ends
        got = f"{points} points from {float(first):g} to {float(last):g}"
        raise ScenarioError(Fault("frontier", "needs at least 2 points from a figure of at least 0 to a larger one", got))
    whole = limit.of is None and limit.measure in ("cost", "recipients")
    spaced = [first + (last - first) * k / (points - 1) for k in range(points)]
    rounded = [Fraction(math.floor(figure)) if whole else figure.limit_denominator(FINEST) for figure in spaced]
    figures = list(dict.fromkeys(rounded))
    try:
        return [limit.at(figure).figure for figure in figures]
    except ValueError as wrong:
        raise ScenarioError(Fault("frontier", str(wrong))) from wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The problem of a run, built again from what the run left and from the tables that it read."""

    left: Found
    units: Units
    history: History | None
    problem: Problem
    curves: Curves | Streamed
    coupling: Coupling


def rebuild(folder: str | Path, *, allow_modules: Sequence[str] = ()) -> Rebuilt:
    """The problem that a run solved, its curves asked again of the model that the run left.

    Raises
    ------
    VerificationError
        If a file or a table was changed since the run.
    DataError, ModelError, ScenarioError
        If a file cannot be read.
    """
    left = read_left(Path(folder), allowed_modules=(*ALLOWED, *allow_modules))
    scenario, model = left.scenario, left.model
    units, history = read_sources(scenario, ModelStore(allowed_modules=(*ALLOWED, *allow_modules)))
    if left.season is not None:
        units = part_of(units, left.rows_of(left.table["id"], units.ids), scenario.build_problem().columns)
    if units.digest != left.units_digest:
        remedy = "verify with the table the run read" if scenario.units.sql is None else "a query reads what is there now"
        raise VerificationError(f"{folder}: the units' table changed since the run; {remedy}")
    problem, previous = _asked(scenario, units)
    if previous is not None and previous.digest != left.previous_digest:
        raise VerificationError(f"{folder}: the previous plan changed since the run; verify with the one the run read")
    if scenario.amounts.support is not None and history is not None and history.digest != left.history_digest:
        raise VerificationError(f"{folder}: the history changed since the run; verify with the one the run read")
    problem = _seen(scenario, problem, units, history)
    curves: Curves | Streamed
    if left.season is not None:
        curves, coupling = _tonight_again(left, units, history, problem)
    else:
        curves = respond(model, units, problem.terms(len(units), units.frame))
        coupling = Coupling.compile(problem.limits, len(units), units.frame, lambda: curves.column(0))
    return Rebuilt(left=left, units=units, history=history, problem=problem, curves=curves, coupling=coupling)


def _tonight_again(left: Found, units: Units, history: History | None, problem: Problem) -> tuple[Curves, Coupling]:
    season = left.season
    assert season is not None
    tonight = in_groups(respond(left.model, units, problem.terms(len(units), units.frame)).dense(), units.frame, problem.limits)
    pool = read_pool_again(left.scenario, season, history, units.features)
    alone = again(tonight, problem, season, left.model, pool, left.scenario.solver.seed)
    part = tonight[0].brought()
    return part.curves.dense(), part.under(alone)


def verify(folder: str | Path, *, allow_modules: Sequence[str] = (), cluster: str | None = None) -> Certificate:
    """Prove again, without any solver, what a run left in a folder.

    Parameters
    ----------
    cluster : as of `solve`.

    Raises
    ------
    VerificationError
        If a file was changed, or a claim does not hold.
    DataError, ModelError, ScenarioError
        If a file that the proof needs cannot be read.
    """
    if cluster is not None:
        return verify_far(Path(folder), cluster, allow_modules=allow_modules)
    run = rebuild(folder, allow_modules=allow_modules)
    left, units, problem, curves = run.left, run.units, run.problem, run.curves
    model = left.model
    allocation = left.allocation(units, curves)
    aimed = None if problem.objective is None else aim(model, units, curves, problem.objective)
    certificate = certify(allocation, curves, run.coupling, lambda amount: model.predict(units.X, amount), problem.then, aimed)
    left.check(certificate)
    return certificate


def describe(scenario: str | Path | Scenario, *, overrides: Sequence[str] = ()) -> dict[str, str]:
    """What a scenario would solve, in words; its tables are read and checked, nothing is fitted.

    Raises
    ------
    ScenarioError, DataError, ModelError
        If the scenario or a table is at fault.
    """
    read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario, overrides)
    units, history = read_sources(read, ModelStore())
    amounts, solver = read.amounts.build(), read.solver
    problem, previous = _asked(read, units)
    coupling = Coupling.compile(problem.limits, len(units), units.frame)
    currency = read.amounts.currency
    made_of = getattr(read.model, "estimator", getattr(read.model, "file", None))
    _, lowest, *_ = amounts.values
    facts = {
        "scenario": read.name,
        "units": f"{len(units):,}",
        "features": ", ".join(units.features),
        "history": "none" if history is None else f"{len(history):,} rows, {int((history.treatment > 0).sum()):,} treated",
        "model": read.model.kind if made_of is None else f"{read.model.kind} over {made_of}",
        "amounts": f"0 and {len(amounts) - 1} awards from {lowest:,} to {amounts.values[-1]:,} {currency}".rstrip(),
        "costs": costs_in_words(problem.costs, currency=currency),
        **{f"rule {rule}": words for rule, words in rules_in_words(problem.rules, currency=currency).items()},
        **{f"limit {row.limit.name}": in_words(row) for row in coupling.rows},
        **({} if problem.objective is None else {"objective": objective_in_words(problem.objective)}),
        **({} if problem.then is None else {"then": then_in_words(problem.then)}),
        "solver": f"{solver.embedding}, {solver.backend}, gap {solver.gap:g}, seed {solver.seed}",
    }
    past = (*((history,) if history else ()), *source_histories(read))
    notes = (*(note for table in past for note in table.notes), *units.notes, *(previous.notes if previous else ()))
    return facts | {f"note {i}": note for i, note in enumerate(notes, 1)}


def _asked(scenario: Scenario, units: Units) -> tuple[Problem, Previous | None]:
    """What the scenario asks of these units, and the previous plan where it is compared with one."""
    problem, then = scenario.build_problem(), scenario.then
    if then is None:
        return problem, None
    previous = None if then.previous is None else read_previous(then.previous, units.ids)
    for note in previous.notes if previous else ():
        log.info("%s", note)
    return replace(problem, then=then.build(previous.amount if previous else None)), previous


def _seen(scenario: Scenario, problem: Problem, units: Units, history: History | None) -> Problem:
    """The problem with amounts kept to those that units alike were seen with, where that is asked for."""
    if scenario.amounts.support is None or history is None:
        return problem
    return replace(problem, seen=fitted_support(scenario, history).allowed(units.X, problem.amounts))
