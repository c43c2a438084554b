"""Respond: v_ik, what each unit would do at each amount, by the response model; its columns are the amounts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.base import ResponseError, ResponseModel
from optimizer.errors import ModelError
from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves
from optimizer.problem.units import Units

BATCH = 1 << 22
"""Responses that are asked for at once, between two ticks of the progress bar."""


def respond(model: ResponseModel, units: Units, amounts: Amounts, progress: Callable[[float], None] = lambda _: None) -> Curves:
    """Response curves of n units at m amounts.

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
    n, m = len(units), len(amounts)
    values = np.empty((n, m))
    step = max(1, BATCH // m)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        try:
            values[rows] = model.response(units.X.iloc[rows], amounts.values)
        except ResponseError as wrong:
            raise ModelError(f"response of the units: {wrong}") from wrong
        progress(rows.stop / n)
    return Curves.of(values, amounts)
