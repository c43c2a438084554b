"""Respond: v_ik, what each unit would do at each amount, by the response model; its columns are the amounts.

Up to `HELD` numbers they are asked for once and held; beyond, they are asked for in parts, whenever they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseError, ResponseModel
from models.ensemble import Ensemble
from optimizer.errors import DataError, ModelError
from optimizer.problem.curves import Curves
from optimizer.problem.objective import Aimed, Objective
from optimizer.problem.streamed import Streamed
from optimizer.problem.terms import Terms
from optimizer.problem.units import Units

HELD = 1 << 27
"""Numbers that are held at once: 1 GiB of float64."""

BATCH = 1 << 23
"""Responses that are asked for at once, between two ticks of the progress bar."""

Index = NDArray[np.intp]


def respond(
    model: ResponseModel, units: Units, terms: Terms, progress: Callable[[float], None] = lambda _: None
) -> Curves | Streamed:
    """Response curves of n units at the m amounts of the terms.

    Parameters
    ----------
    progress : told the share that is done.

    Raises
    ------
    ModelError
        If the model cannot answer for these units.
    DataError
        If it answers with a number that is not finite.
    """
    n, m = len(units), len(terms.amounts)
    X, offered = units.X, terms.amounts.array

    def ask(rows: Index, options: Index) -> NDArray[np.float64]:
        values = np.empty((len(rows), len(options)))
        step = max(1, BATCH // len(options))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            values[part] = _answers(model, X.iloc[rows[part]], offered[options].tolist(), rows[part])
            progress(min(1.0, (start + step) / n))
        return values

    if n * m > HELD:
        return Streamed(ask=ask, n=n, terms=terms)
    return terms.curves(ask(np.arange(n), np.arange(m)), slice(None))


def _answers(model: ResponseModel, X: object, amounts: list[int], rows: Index) -> NDArray[np.float64]:
    values = _asked(lambda: model.response(X, amounts))  # type: ignore[arg-type]
    if not np.isfinite(values).all():
        strange = rows[~np.isfinite(values).all(axis=1)]
        raise DataError(
            f"values: must be finite, got {len(strange)} rows that are not, first {strange[:5].tolist()}; "
            "see what the model predicts for them"
        )
    return values


def _asked(answer: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
    try:
        return answer()
    except ResponseError as wrong:
        raise ModelError(f"response of the units: {wrong}") from wrong


def aim(
    model: ResponseModel,
    units: Units,
    curves: Curves | Streamed,
    objective: Objective,
    progress: Callable[[float], None] = lambda _: None,
) -> Aimed:
    """The curves, all of them held, aimed at what the objective counts, by an ensemble of the model.

    Parameters
    ----------
    progress : told the share that is done.

    Raises
    ------
    ModelError
        If the model is no ensemble, or cannot answer for these units.
    """
    if not isinstance(model, Ensemble):
        raise ModelError(f"objective: {objective.caution} needs an Ensemble of the model, got {type(model).__name__}; wrap it")
    held, X = curves.dense(), units.X
    offered, settings = held.amounts.array.tolist(), (objective.caution, objective.figure)
    n, m = held.shape
    aims = np.empty((n, m))
    step = max(1, BATCH // m)
    for start in range(0, n, step):
        part = X.iloc[start : start + step]
        aims[start : start + step] = _asked(partial(model.cautious, part, offered, *settings))
        progress(min(1.0, (start + step) / n))

    def predict(amount: NDArray[np.int64]) -> NDArray[np.float64]:
        return _asked(lambda: model.cautious_at(X, amount, *settings))

    return Aimed(objective=objective, curves=replace(held, aims=aims), predict=predict)
