"""What the fixed units leave of each limit, and what each open option takes of it, in coprime whole numbers.

Solvers compare with absolute tolerances; 2 400 steps of 50 000 yen are compared exactly where 120 000 000 yen are not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.rows import Row, slack

LARGEST = 10**6
"""Whole coefficients up to this are given to the solver as they are."""


def residual(
    curves: Curves,
    coupling: Coupling,
    unit: NDArray[np.intp],
    option: NDArray[np.intp],
    fixed: NDArray[np.intp],
    counted: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Usage (L, O) of the options (unit[o], option[o]), and what is left (L,) when the `counted` units take `fixed`."""
    used = coupling.used(Totals.of(fixed, curves, coupling, counted))
    groups, costs = coupling.groups[unit], curves.cost_of(option, unit)
    usage, left = np.zeros((len(coupling.rows), len(unit))), np.zeros(len(coupling.rows))
    for l, row in enumerate(coupling.rows):
        free = row.allowed - used[l]
        if row.counts_outcome:
            by_group = np.array(row.coefficients, dtype=np.float64)[:, groups]
            usage[l] = by_group[0] * costs + by_group[1] * (option > 0) + by_group[2] * curves.values[unit, option]
            left[l] = float(free + slack(row) / 2)
            continue
        unit_of_row = math.lcm(*(c.denominator for measure in row.coefficients for c in measure))
        whole = _whole(row, unit_of_row, groups, costs, option)
        step = math.gcd(*whole) or 1
        # Past these, solvers' tolerances need coefficients of about 1 more than they need whole numbers.
        largest = max(map(abs, whole), default=0) / step
        size = largest if largest > LARGEST else 1.0
        usage[l] = [taken // step / size for taken in whole]
        left[l] = math.floor(free * unit_of_row / step) / size
    return usage, left


def _whole(row: Row, unit_of_row: int, groups: NDArray[np.intp], costs: NDArray[np.int64], option: NDArray[np.intp]) -> list[int]:
    per_cost = [int(c * unit_of_row) for c in row.coefficients[0]]
    per_award = [int(c * unit_of_row) for c in row.coefficients[1]]
    return [
        per_cost[g] * cost + per_award[g] * (k > 0)
        for g, cost, k in zip(groups.tolist(), costs.tolist(), option.tolist(), strict=True)
    ]
