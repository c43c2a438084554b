"""A scenario's response model: fitted on history and kept, taken from the store, or read from a file."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from models.base import ResponseError, ResponseModel
from models.catalogue import build_model
from models.wrapped import wrap
from optimizer.edge.model_file import load_model
from optimizer.edge.model_store import ModelStore
from optimizer.errors import ModelError
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.units import History

log = logging.getLogger(__name__)


def fitted_model(scenario: Scenario, history: History | None, store: ModelStore) -> ResponseModel:
    """The response model that a scenario asks for.

    Raises
    ------
    ModelError
        If it cannot be built, fitted or read.
    """
    if isinstance(scenario.model, WrappedSpec):
        return wrapped_model(scenario.model, store)
    if history is None:
        raise ModelError(f"model.kind: {scenario.model.kind} is fitted on a history, got none; add `history` to the scenario")
    spec = _plain(scenario.model)
    columns = _columns(scenario)
    key = store.key({"model": spec, "history": history.digest, "columns": columns, "seed": scenario.solver.seed})
    kept: ResponseModel | None = store.load(key)
    if kept is not None:
        log.info("model: fitted before, taken from %s", store.folder)
        return kept
    model = _fit(spec, history, scenario.solver.seed, store.allowed_modules)
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


def _fit(spec: dict[str, Any], history: History, seed: int, allowed: tuple[str, ...]) -> ResponseModel:
    kind, estimator = spec.pop("kind"), {"estimator": spec.pop("estimator"), "params": spec.pop("params", {})}
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            model = build_model(kind, estimator, spec, allowed=allowed, random_state=seed)
            fitted: ResponseModel = model.fit(history.X, history.treatment, history.outcome)
        except ResponseError as wrong:
            raise ModelError(f"model: {wrong}") from wrong
    for said in dict.fromkeys(str(warning.message) for warning in raised):
        log.warning("model: while fitting, %s", said)
    for column, missing in getattr(fitted, "imputed_", {}).items():
        log.info("model: %s is missing in %d history rows, imputed from the others", column, missing)
    return fitted


def _columns(scenario: Scenario) -> dict[str, Any]:
    """What the fit reads of its table; not where the table stands, which its digest makes irrelevant."""
    columns = dict(scenario.resolved()["history"])
    columns.pop("table", None)
    return columns


def _plain(spec: Any) -> dict[str, Any]:
    plain: dict[str, Any] = spec.model_dump(exclude_none=True)
    return plain
