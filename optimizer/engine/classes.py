"""Ties merged: units with the same curve, the same costs and the same group are one class with a multiplicity.

Trees give thousands of units the very same curve; without classes their core would neither shrink nor close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.options import Options
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes in the order of their first unit.

    Attributes
    ----------
    members : for each class its units, ascending.
    leaders : the first unit of each class.
    options : the open options, owned by classes.
    """

    members: tuple[NDArray[np.intp], ...]
    leaders: NDArray[np.intp]
    options: Options


def merge(curves: Curves, coupling: Coupling, options: Options) -> Classes:
    """Merge the owners of `options`, which are units, into classes."""
    units = np.unique(options.owner)
    if not len(units):
        return Classes((), units, options)
    _, first, inverse = np.unique(_keys(curves, coupling, units), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    klass = rank[inverse.ravel()]
    order = np.argsort(klass, kind="stable")
    members = tuple(np.split(units[order], np.cumsum(np.bincount(klass))[:-1]))
    leaders = units[np.sort(first)]
    led = options.where(np.isin(options.owner, leaders))
    return Classes(members, leaders, Options(np.searchsorted(leaders, led.owner), led.option, led.reduced))


def _keys(curves: Curves, coupling: Coupling, units: NDArray[np.intp]) -> NDArray[np.void]:
    """One opaque key a unit: the bytes of its curve, its group and its own costs (adding 0.0 makes −0.0 equal 0.0)."""
    columns = [curves.values[units] + 0.0, coupling.groups[units, None].astype(np.float64)]
    if curves.costs.ndim > 1:
        columns.append(curves.costs[units].view(np.float64))
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1))
    return rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel()
