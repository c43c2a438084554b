"""The persons that the page shows, packed small: numbers in base64, curves in 16 bits between each one's ends.

    v_k ≈ low + (high − low) · q_k / 65 535,    q_k in 0 … 65 535

The amounts that explain the choice (the chosen one, its neighbours, the award nearest to its price) are held apart, in single
precision, so that what is said of them does not suffer.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.result import SEGMENTS

SHOWN = 10_000
"""Persons on the page; the file beside it has all."""

NUMBERS = 600_000
"""Of all curves on the page together, so that it stays small whatever the amounts are."""

FINEST = 65_535
"""Steps between the ends of a curve."""

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What money, an award and an outcome cost each of n units, in expected outcome; (n,) each.

    An option is worth (1 − outcome)·v_k − money·c_k − award·1[k > 0] at these prices.
    """

    money: NDArray[np.float64]
    award: NDArray[np.float64]
    outcome: NDArray[np.float64]

    def cost(self, curves: Curves) -> NDArray[np.float64]:
        """(n, m): what else could be had for each option."""
        heads = np.arange(curves.shape[1]) > 0
        cost: NDArray[np.float64] = self.money[:, None] * curves.costs + self.award[:, None] * heads
        return cost

    def needed(self, curves: Curves, chosen: Index) -> NDArray[np.float64]:
        """(n, m): the outcome at which an option would be worth as much as the chosen one."""
        cost = self.cost(curves)
        rows = np.arange(len(chosen))
        needed: NDArray[np.float64] = curves.values[rows, chosen][:, None] + (cost - cost[rows, chosen][:, None]) / self._left
        return needed

    @property
    def _left(self) -> NDArray[np.float64]:
        return (1.0 - self.outcome)[:, None]


def prices_of(certificate: Certificate, coupling: Coupling, groups: Index) -> Prices | None:
    """The prices of units in these groups; None where expected outcomes are not what was maximised, or where they count twice."""
    rows = coupling.row_prices(certificate.shadow_prices)
    money, award, outcome = (np.tensordot(rows, table, axes=1)[groups] for table in coupling.coefficients)
    if certificate.cautious is not None or (outcome >= 1.0).any():
        return None
    return Prices(money=money, award=award, outcome=outcome)


def shown(amount: NDArray[np.int64]) -> Index:
    """Which of the units the page shows, in their order: recipients first, then others, evenly spread."""
    recipients, others = np.flatnonzero(amount > 0), np.flatnonzero(amount == 0)
    if len(amount) <= SHOWN:
        return np.arange(len(amount))
    some = _evenly(recipients, SHOWN)
    return np.sort(np.concatenate([some, _evenly(others, SHOWN - len(some))]))


def _evenly(units: Index, most: int) -> Index:
    if len(units) <= most:
        return units
    return units[np.arange(most) * len(units) // most]


def packed(table: pd.DataFrame, curves: Curves, prices: Prices | None, named: pd.DataFrame) -> dict[str, Any]:
    """The shown units: `table` has a row for each, `curves` are theirs, `named` the columns that limits name."""
    chosen = np.searchsorted(curves.amounts.array, table["amount"].to_numpy())
    grid = _grid(curves.shape)
    lows, spans, steps = _quantised(curves.values[:, grid])
    near = _near(curves, chosen, prices)
    rows = np.arange(len(chosen))[:, None]
    segments = pd.Series(table["segment"]).map({name: place + 1 for place, name in enumerate(SEGMENTS)}).fillna(0)
    document = {
        "id": [str(name) for name in table["id"]],
        "chosen": _base64(chosen, "<u2"),
        "without": _base64(table["outcome_without"], "<f4"),
        "with": _base64(table["outcome_with"], "<f4"),
        "segment": _base64(segments, "<u1"),
        "beyond": _base64(table["extrapolated"].map({True: 1, "True": 1}).fillna(0), "<u1"),
        "grid": grid.tolist(),
        "low": _base64(lows, "<f4"),
        "span": _base64(spans, "<f4"),
        "curve": _base64(steps, "<u2"),
        "near": _base64(near, "<u2"),
        "nearValue": _base64(curves.values[rows, near], "<f4"),
        "named": {str(column): _coded(named[column]) for column in named},
    }
    if prices is not None:
        cost = prices.cost(curves) / (1.0 - prices.outcome)[:, None]
        # Costs are mostly everybody's, so there are few different rows.
        unlike, row = np.unique(cost[:, grid], axis=0, return_inverse=True)
        low, span, steps = _quantised(unlike)
        document |= {
            "costLow": _base64(low, "<f4"),
            "costSpan": _base64(span, "<f4"),
            "cost": _base64(steps, "<u2"),
            "costRow": _base64(row, "<u2"),
            "nearCost": _base64(cost[rows, near], "<f4"),
        }
    if curves.barred is not None:
        document["barred"] = _base64(np.packbits(curves.barred[:, grid], axis=1, bitorder="little"), "<u1")
    return document


def _grid(shape: tuple[int, int]) -> Index:
    """The options whose outcomes are kept: all of them, or as many, evenly spread, as there is room for."""
    n, m = shape
    most = max(20, NUMBERS // n)
    return np.arange(m) if m <= most else np.unique(np.linspace(0, m - 1, most).astype(np.intp))


def _quantised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    low = values.min(axis=1)
    span = values.max(axis=1) - low
    scale = np.where(span > 0, span, 1.0)
    return low, span, np.rint((values - low[:, None]) / scale[:, None] * FINEST)


def _near(curves: Curves, chosen: Index, prices: Prices | None) -> Index:
    """(n, 4): the amount below the chosen one, that above, the award nearest to its price, and the chosen one.

    Only amounts that the unit may be given count; where there is none, the chosen one stands.
    """
    n, m = curves.shape
    rows, options = np.arange(n), np.arange(m)
    offered = np.ones((n, m), dtype=bool) if curves.barred is None else ~curves.barred
    below = np.where(offered & (options < chosen[:, None]), options, -1).max(axis=1)
    above = np.where(offered & (options > chosen[:, None]), options, m).min(axis=1)
    worth = curves.values if prices is None else (1.0 - prices.outcome)[:, None] * curves.values - prices.cost(curves)
    others = offered & (options > 0) & (options != chosen[:, None])
    best = np.where(others, worth, -np.inf).argmax(axis=1)
    return np.column_stack(
        [
            np.where(below < 0, chosen, below),
            np.where(above == m, chosen, above),
            np.where(others[rows, best], best, chosen),
            chosen,
        ]
    )


def _coded(column: pd.Series[Any]) -> dict[str, Any]:
    """A column of few values as codes; empty cells as an empty text."""
    codes, values = pd.factorize(column.astype(object).where(column.notna(), "").map(written), sort=False)
    return {"values": values.tolist(), "codes": _base64(codes, "<u2")}


def written(value: object) -> str:
    """A cell as a person writes it: 1 rather than 1.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _base64(numbers: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype=kind).tobytes()).decode("ascii")
