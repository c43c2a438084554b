"""What a plan came to, for those who ask: the table, and the figures a committee asks for first."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.support import MOST_MARKED
from optimizer.edge.fitted import fitted_support
from optimizer.engine.compare import compare_parts
from optimizer.errors import ModelError
from optimizer.pieces import falling
from optimizer.problem.allocation import Allocation
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet
from optimizer.problem.result import Basis, Summary, segments_of, table_of_plan
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import History, Units
from optimizer.problem.words import cautious_in_words, falls_in_words, price_in_words, second_in_words
from optimizer.solved import Plan

log = logging.getLogger(__name__)

LOOKED_AT = 10_000
"""Curves of which it is said how many fall with money."""


def told(
    scenario: Scenario,
    sources: tuple[Units, History | None],
    compiled: tuple[Curves | Streamed, Coupling],
    allocation: Allocation,
    certificate: Certificate,
) -> Plan:
    """The plan of a scenario's units, by a model of its history, with all that is said of it."""
    units, history = sources
    curves, coupling = compiled
    binary = history is not None and set(np.unique(history.outcome)) <= {0.0, 1.0}
    beyond = _extrapolated(scenario, units, history, allocation)
    table = table_of_plan(units, curves, allocation, probabilities=binary, extrapolated=beyond)
    known, offered = (history, units.notes), int(allocation.amount.sum())
    summary = replace(
        summary_of(scenario, known, Fleet.of(curves, coupling), coupling, certificate, offered),
        extrapolated=None if beyond is None else int(beyond.sum()),
        segments=segments_of(curves, table) if binary else (),
    )
    basis = Basis(curves=curves, coupling=coupling, solver=scenario.solver.build())
    return Plan(allocation=allocation, certificate=certificate, table=table, summary=summary, basis=basis)


def summary_of(
    scenario: Scenario,
    known: tuple[History | None, tuple[str, ...]],
    fleet: Fleet,
    coupling: Coupling,
    certificate: Certificate,
    offered: int,
) -> Summary:
    """The figures of a plan but for its segments and extrapolated awards.

    Parameters
    ----------
    known : the history, and the notes on the units.
    offered : the sum of the awards.
    """
    history, notes = known
    uplift = certificate.value - certificate.without
    outcome = "outcomes" if scenario.history is None else scenario.history.outcome
    words = price_in_words(
        certificate,
        coupling.rows,
        step=10 ** (len(str(fleet.amounts.values[-1])) - 1),
        currency=scenario.amounts.currency,
        outcome=outcome,
    )
    return Summary(
        name=scenario.name,
        currency=scenario.amounts.currency,
        outcome_name=outcome,
        units=certificate.units,
        recipients=certificate.recipients,
        spent=certificate.spent,
        offered=offered,
        expected_cost=certificate.expected_cost,
        without=certificate.without,
        value=certificate.value,
        uplift=uplift,
        cost_per_outcome=certificate.spent / uplift if uplift > 0 else None,
        usage=dict(certificate.usage),
        prices=words,
        bound=certificate.bound,
        bound_source=certificate.bound_source,
        gap=certificate.gap,
        then=certificate.then,
        then_in_words=second_in_words(certificate.then, currency=scenario.amounts.currency, outcome=outcome),
        objective_in_words=cautious_in_words(certificate, outcome=outcome),
        rules=compare_parts(fleet, coupling, scenario.solver.seed),
        notes=(*(history.notes if history else ()), *notes, *_falls(fleet)),
    )


def _falls(fleet: Fleet) -> tuple[str, ...]:
    """How many of the curves, or of 10 000 of more, fall with money."""
    every = max(1, fleet.n // LOOKED_AT)
    said = falls_in_words(np.concatenate(fleet.parts.told(falling, fleet.each(fleet.starts), every)))
    return (f"{said}.",) if said else ()


def _extrapolated(scenario: Scenario, units: Units, history: History | None, allocation: Allocation) -> NDArray[np.bool_] | None:
    """Whose award is one that nobody like them was seen with; None where history cannot tell, or it would take minutes."""
    if history is None or isinstance(scenario.model, WrappedSpec) or np.count_nonzero(allocation.index) > MOST_MARKED:
        return None
    try:
        return ~fitted_support(scenario, history).allowed_at(units.X, allocation.amount)
    except ModelError as wrong:
        log.info("extrapolated awards are not marked: %s", wrong)
        return None
