"""A scenario's tables: whom to decide about, and what is known of those decided before."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.edge.datasets import read_dataset
from optimizer.edge.history_from import history_from
from optimizer.edge.holdout import hold_out
from optimizer.edge.model_file import load_model
from optimizer.edge.model_store import ModelStore
from optimizer.edge.sql_table import read_sql
from optimizer.edge.tables import SHOWN, Table, read_table
from optimizer.edge.units_from import check_same_kinds, units_from
from optimizer.errors import DataError, ModelError
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import TLTARNetSpec, WrappedSpec
from optimizer.problem.scenario_tables import HistorySpec, RowsSpec, SourceSpec, UnitsSpec
from optimizer.problem.units import History, Units

log = logging.getLogger(__name__)

COARSE = 1_000
"""Where no award reaches this many currency units, a whole one matters to an expected cost."""

PLACES: dict[type[RowsSpec], str] = {UnitsSpec: "units", HistorySpec: "history", SourceSpec: "model.source"}
"""What messages call a query's rows; those of a season's pool are the only others."""


def read_sources(scenario: Scenario, store: ModelStore) -> tuple[Units, History | None]:
    """The units and their history, which is None where a wrapped model needs none.

    Raises
    ------
    DataError
        If a table does not hold what the scenario says of it.
    ModelError
        If the features must be asked of a wrapped model that cannot say them.
    """
    past = None if scenario.history is None else table_of_spec(scenario.history)
    candidates = _candidates(scenario, past)
    if scenario.units.holdout is not None:
        past, candidates = _split(scenario, past)
    history = _history(scenario, past)
    problem = scenario.build_problem()
    units = units_from(candidates, id=scenario.units.id, features=features_of(scenario, store), columns=problem.columns)
    units = known_from(scenario, units, history)
    # What rules and costs read is told before anything is fitted.
    problem.terms(len(units), units.frame)
    for note in (*(history.notes if history else ()), *units.notes):
        log.info("%s", note)
    return units, history


def read_history(scenario: Scenario) -> History | None:
    """The history alone, where the units are read elsewhere; None where a wrapped model needs none.

    Raises
    ------
    DataError
        If the table does not hold what the scenario says of it.
    """
    history = _history(scenario, None if scenario.history is None else table_of_spec(scenario.history))
    for note in history.notes if history else ():
        log.info("%s", note)
    return history


def known_from(scenario: Scenario, units: Units, history: History | None) -> Units:
    """The units, with what their history says about them noted.

    Raises
    ------
    DataError
        If they cannot be decided by this history.
    """
    if history is not None and not isinstance(scenario.model, WrappedSpec):
        check_same_kinds(history, units)
    return _paid_if_outcome(scenario, units, history) if scenario.build_problem().costs.expected else units


def _history(scenario: Scenario, past: Table | None) -> History | None:
    spec = scenario.history
    if spec is None or past is None:
        return None
    return history_from(
        past, outcome=spec.outcome, treatment=spec.treatment.column, features=spec.features, per=spec.treatment.per
    )


def source_histories(scenario: Scenario) -> tuple[History, ...]:
    """The other histories that a model learns from before the scenario's own; only a transferred model has any.

    Raises
    ------
    DataError
        If a table does not hold what the scenario says of it.
    """
    model, spec = scenario.model, scenario.history
    if not isinstance(model, TLTARNetSpec) or spec is None:
        return ()
    histories = tuple(_source(source, spec) for source in model.sources)
    for note in (note for history in histories for note in history.notes):
        log.info("source: %s", note)
    return histories


def _source(source: SourceSpec, spec: HistorySpec) -> History:
    treatment = source.treatment or spec.treatment
    outcome = source.outcome or spec.outcome
    return history_from(
        table_of_spec(source), outcome=outcome, treatment=treatment.column, features=spec.features, per=treatment.per
    )


def _paid_if_outcome(scenario: Scenario, units: Units, history: History | None) -> Units:
    """The units, with a note where rounding expected costs up to whole currency units is coarse."""
    strange = [] if history is None else np.setdiff1d(history.outcome, (0.0, 1.0)).tolist()
    if scenario.history is not None and strange:
        shown = ", ".join(f"{value:g}" for value in strange[:SHOWN])
        raise DataError(
            f'history: outcome "{scenario.history.outcome}" must be 0 or 1 for costs.paid: if_outcome, got {shown}; '
            "write 1 where an award is paid out and 0 where it is not, or choose costs.paid: always"
        )
    largest = scenario.amounts.build().values[-1]
    if largest >= COARSE:
        return units
    note = (
        f"expected costs are rounded up to whole currency units, which is coarse for awards of at most {largest}; "
        "a smaller unit, such as cents, would be closer"
    )
    return replace(units, notes=(*units.notes, note))


def table_of_spec(spec: RowsSpec) -> Table:
    """The table that a part of a scenario names."""
    names: Any = {spec.id} if isinstance(spec, UnitsSpec) and spec.id else ()
    if spec.dataset is not None:
        return read_dataset(spec.dataset)
    if spec.sql is not None and spec.connection is not None:
        return read_sql(spec.sql, spec.connection, name=f"{PLACES.get(type(spec), 'pool')}.sql", text_columns=names)
    if spec.table is None:
        raise DataError("table: there is no table to read; name one with `table:`")
    return read_table(spec.table, text_columns=names)


def _candidates(scenario: Scenario, past: Table | None) -> Table:
    return past if scenario.units.holdout is not None and past is not None else table_of_spec(scenario.units)


def _split(scenario: Scenario, past: Table | None) -> tuple[Table, Table]:
    spec, share = scenario.history, scenario.units.holdout
    if spec is None or past is None or share is None:
        raise DataError("units.holdout: there is no history to hold out of; add `history`")
    return hold_out(past, outcome=spec.outcome, treatment=spec.treatment.column, share=share, seed=scenario.solver.seed)


def features_of(scenario: Scenario, store: ModelStore) -> tuple[str, ...]:
    """The columns that the response model reads.

    Raises
    ------
    ModelError
        If they must be asked of a wrapped model that cannot say them.
    """
    model = scenario.model
    if isinstance(model, WrappedSpec):
        if model.features is not None:
            return model.features
        fitted = load_model(model.file, allowed_modules=store.allowed_modules)
        names = getattr(fitted, "feature_names_in_", None)
        if names is None:
            raise ModelError(f"{model.file}: the estimator does not say which columns it was fitted on; add model.features")
        return tuple(str(name) for name in names if name != model.amount)
    if scenario.history is None:
        raise DataError("history: there is none to take the features from; add `history`")
    return scenario.history.features
