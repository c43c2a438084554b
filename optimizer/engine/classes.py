"""Ties merged: units whose curves differ by no more than a constant, with equal costs in one group, are one class.

    v_ik − v_i0 = v_jk − v_j0 for all k    (up to rounding, which is measured and charged to the bound)

A constant decides nothing, and trees and linear models give thousands of units the very same rise; without classes their
core would neither shrink nor close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.options import Options
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves

GRAIN = 2.0**-40
"""Rises that agree to this, relative to the largest value, are called equal."""


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes in the order of their first unit.

    Attributes
    ----------
    members : for each class its units, ascending.
    leaders : the first unit of each class.
    options : the open options, owned by classes.
    spread : for each class, how far a member's rise differs from the leader's at most.
    """

    members: tuple[NDArray[np.intp], ...]
    leaders: NDArray[np.intp]
    options: Options
    spread: NDArray[np.float64]


def merge(curves: Curves, coupling: Coupling, options: Options) -> Classes:
    """Merge the owners of `options`, which are units, into classes."""
    units = np.unique(options.owner)
    if not len(units):
        return Classes((), units, options, np.zeros(0))
    rise = curves.values[units] - curves.values[units, :1]
    keys = _keys(curves, coupling, units, rise)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    klass = rank[inverse.ravel()]
    leading = np.sort(first)
    order = np.argsort(klass, kind="stable")
    members = tuple(np.split(units[order], np.cumsum(np.bincount(klass))[:-1]))
    leaders = units[leading]
    spread = np.zeros(len(leaders))
    np.maximum.at(spread, klass, np.abs(rise - rise[leading[klass]]).max(axis=1))
    led = options.where(np.isin(options.owner, leaders))
    return Classes(members, leaders, Options(np.searchsorted(leaders, led.owner), led.option, led.reduced), spread)


def _keys(curves: Curves, coupling: Coupling, units: NDArray[np.intp], rise: NDArray[np.float64]) -> NDArray[np.void]:
    """One opaque key a unit: its rounded rise, its group and its own costs; its level too, where a limit counts outcomes."""
    grain = GRAIN * max(float(np.abs(curves.values[units]).max()), np.finfo(float).tiny)
    columns = [np.rint(rise / grain).astype(np.int64), coupling.groups[units, None].astype(np.int64)]
    if curves.costs.ndim > 1:
        columns.append(curves.costs[units])
    if any(row.counts_outcome for row in coupling.rows):
        columns.append((curves.values[units, :1] + 0.0).view(np.int64))
        columns.append((rise + 0.0).view(np.int64))
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1))
    return rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel()
