"""A scenario's response model: fitted on history and kept, taken from the store, or read from a file."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Sequence
from typing import Any

from models.base import ResponseError, ResponseModel
from models.catalogue import build_model
from models.ensemble import Ensemble
from models.learner import Learner
from models.monotone import Monotone, rising
from models.support import Support
from models.wrapped import wrap
from optimizer.edge.model_file import load_model
from optimizer.edge.model_store import ModelStore
from optimizer.edge.sources import source_histories
from optimizer.errors import ModelError
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_estimator import EstimatorSpec
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.units import History

log = logging.getLogger(__name__)


def fitted_model(scenario: Scenario, history: History | None, store: ModelStore) -> ResponseModel:
    """The response model that a scenario asks for.

    Raises
    ------
    ModelError
        If it cannot be built, fitted or read.
    DataError
        If another history that it learns from does not hold what the scenario says of it.
    """
    if isinstance(scenario.model, WrappedSpec):
        wrapped = wrapped_model(scenario.model, store)
        return Monotone.around(wrapped, _offered(scenario)) if scenario.model.monotone else wrapped
    if history is None:
        raise ModelError(f"model.kind: {scenario.model.kind} is fitted on a history, got none; add `history` to the scenario")
    spec = _plain(scenario.model)
    sources = source_histories(scenario)
    parts = {"model": spec, "history": history.digest, "columns": _columns(scenario), "seed": scenario.solver.seed}
    if scenario.model.monotone:
        parts["amounts"] = _offered(scenario)
    if scenario.objective is not None:
        parts["members"] = scenario.objective.members
    if sources:
        parts["sources"] = [_identity(source) for source in sources]
    key = store.key(parts)
    kept: ResponseModel | None = store.load(key)
    if kept is not None:
        log.info("model: fitted before, taken from %s", store.folder)
        return kept
    model = fit(_asked(scenario, _built(scenario, spec, store.allowed_modules)), history, sources)
    store.save(key, model)
    # What a later run will read, so that both leave the same bytes.
    again: ResponseModel | None = store.load(key)
    return model if again is None else again


def wrapped_model(spec: WrappedSpec, store: ModelStore) -> ResponseModel:
    """An estimator that was fitted elsewhere.

    Raises
    ------
    ModelError
        If the file cannot be read, or holds no fitted estimator.
    """
    fitted = load_model(spec.file, allowed_modules=store.allowed_modules)
    if isinstance(fitted, ResponseModel):
        return fitted
    try:
        model: ResponseModel = wrap(fitted, amount=spec.amount, per=spec.per)
    except ResponseError as wrong:
        raise ModelError(f"{spec.file}: {wrong}") from wrong
    return model


def _built(scenario: Scenario, spec: dict[str, Any], allowed: tuple[str, ...]) -> Learner:
    """The unfitted learner: `params` are its estimator's where it is made of one, else its own."""
    kind, params = spec["kind"], spec.get("params", {})
    options = {name: value for name, value in spec.items() if name not in ("kind", "estimator", "params", "monotone")}
    estimator = None
    if isinstance(scenario.model, EstimatorSpec):
        estimator = {"estimator": spec["estimator"], "params": params}
    else:
        options |= params
    try:
        return build_model(kind, estimator, options, allowed=allowed, random_state=scenario.solver.seed)
    except ResponseError as wrong:
        raise ModelError(f"model: {wrong}") from wrong


def _asked(scenario: Scenario, model: Learner) -> Learner:
    """The unfitted learner with curves of the shape that is asked for, and in an ensemble where the objective needs one."""
    if scenario.model.monotone:
        model = rising(model, _offered(scenario))
    if scenario.objective is None:
        return model
    return Ensemble(model, scenario.objective.members, n_jobs=-1, random_state=scenario.solver.seed)


def _offered(scenario: Scenario) -> tuple[int, ...]:
    return scenario.amounts.build().values


def fitted_support(scenario: Scenario, history: History) -> Support:
    """What units like a unit were seen with in the history.

    Raises
    ------
    ModelError
        If the history cannot be used.
    """
    try:
        return Support(random_state=scenario.solver.seed).fit(history.X, history.treatment)
    except ResponseError as wrong:
        raise ModelError(f"amounts.support: {wrong}") from wrong


def fit(model: Learner, history: History, sources: Sequence[History] = ()) -> ResponseModel:
    """A learner fitted on a history, for a transferred model after other histories; what it warns of is logged.

    Raises
    ------
    ModelError
        If it cannot be fitted.
    """
    told = {"source": [(source.X, source.treatment, source.outcome) for source in sources]} if sources else {}
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            fitted: ResponseModel = model.fit(history.X, history.treatment, history.outcome, **told)
        except ResponseError as wrong:
            raise ModelError(f"model: {wrong}") from wrong
    for said in dict.fromkeys(str(warning.message) for warning in raised):
        log.warning("model: while fitting, %s", said)
    if verdict := getattr(fitted, "verdict_", ""):
        log.info("model: %s", verdict)
    whole = fitted
    while isinstance(whole, Ensemble | Monotone):
        whole = whole.model_
    for column, missing in getattr(whole, "imputed_", {}).items():
        log.info("model: %s is missing in %d history rows, imputed from the others", column, missing)
    return fitted


def _columns(scenario: Scenario) -> dict[str, Any]:
    """What the fit reads of its table; not where the table stands, which its digest makes irrelevant."""
    columns = dict(scenario.resolved()["history"])
    columns.pop("table", None)
    return columns


def _identity(source: History) -> list[str]:
    """What the fit reads of another history: its rows, and which of its columns were what, in which unit."""
    read = hashlib.sha256(source.treatment.tobytes() + source.outcome.tobytes())
    return [source.digest, read.hexdigest()]


def _plain(spec: Any) -> dict[str, Any]:
    """The model as it is written, but for where its source stands, which the source's digest makes irrelevant."""
    plain: dict[str, Any] = spec.model_dump(exclude_none=True, exclude={"source"})
    return plain
