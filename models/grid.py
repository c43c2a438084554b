"""A branch on a grid: v_ik = f(x_i, a_k) for every unit and amount, in blocks of bounded memory, O(n·m) predictions.

Where the estimator's structure is known its curves are read off (`models.curves`); otherwise the fitted estimator's own
predict is called on each pair. Both give the same numbers, and neither interpolates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.base import Branch
from models.curves import curves_of
from models.outcome import expected

MOST_ROWS = 2**18
"""Rows an estimator is given at once: a network's hidden layer of 100 stays at 200 MB."""

MOST_VALUES = 2**24
"""Inputs an estimator is given at once: 128 MB."""


def response_on_grid(branch: Branch, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected outcome of the branch's n units at each of m amounts: (n, m)."""
    curves = curves_of(branch, amounts)
    return predicted_on_grid(branch, amounts) if curves is None else curves


def predicted_on_grid(branch: Branch, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same by the estimator's own predict on every pair of unit and amount: (n, m)."""
    values = np.empty((len(branch), amounts.size))
    if branch.column is None:
        values[:] = response_at(branch, np.zeros(len(branch)))[:, None]
        return values
    step = max(1, _block(branch) // amounts.size)
    for start in range(0, len(branch), step):
        rows = np.arange(start, min(start + step, len(branch)))
        inputs = branch.inputs(np.repeat(rows, amounts.size), np.tile(amounts, rows.size))
        values[rows] = expected(branch.estimator, inputs).reshape(rows.size, amounts.size)
    return values


def response_at(branch: Branch, treatment: NDArray[np.float64], rows: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
    """Expected outcome of the given rows (all by default), each at its own amount: (rows,)."""
    chosen = np.arange(len(branch)) if rows is None else rows
    values = np.empty(chosen.size)
    step = _block(branch)
    for start in range(0, chosen.size, step):
        part = slice(start, start + step)
        values[part] = expected(branch.estimator, branch.inputs(chosen[part], treatment[part]))
    return values


def _block(branch: Branch) -> int:
    width: int = branch.features.shape[1] + 1
    return max(1, min(MOST_ROWS, MOST_VALUES // width))
