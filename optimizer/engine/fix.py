"""Reduced-cost fixing: an allocation that uses option (i, k) is worth at most D(λ) − r_ik, so options with
r_ik > D(λ) − incumbent are out, and a unit left with one option is decided.

What stays open is merged into classes of equal units and cut to what the backend takes, smallest reduced costs first
(Ingargiola & Korsh 1973 for the fixing; Pisinger 1995 for growing a core by reduced cost).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.classes import GRAIN, Classes, merge
from optimizer.engine.options import Options
from optimizer.engine.pricing import blocks, scores
from optimizer.engine.residual import residual
from optimizer.problem.allocation import Incumbent
from optimizer.problem.core import Capacity, Core
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.dual import Dual
from optimizer.problem.sums import exact_sum

KEPT = 1 << 22
"""Options held at once; beyond it those of largest reduced cost are left outside, and said so."""


def fix(curves: Curves, coupling: Coupling, dual: Dual, incumbent: Incumbent, capacity: Capacity) -> Core:
    """The core that remains when every option that cannot beat the incumbent is fixed out."""
    largest = max(float(curves.values.max(initial=0.0)), -float(curves.values.min(initial=0.0)))
    gap = dual.bound - incumbent.value + dual.rounding + GRAIN * largest
    fixed = (dual.near if incumbent.choice is None else incumbent.choice).copy()
    within, outside = _within(curves, coupling, dual, gap, fixed)
    classes = merge(curves, coupling, within.undecided())
    options = _undominated(curves, coupling, classes)
    _settle(fixed, classes, options)
    options = options.undecided()
    used, settled = _in_use(fixed, classes, options)
    kept, lost = options.smallest(used, settled, capacity, len(coupling.rows))
    return _core(curves, coupling, fixed, gap, classes, kept, min(outside, lost))


def _within(curves: Curves, coupling: Coupling, dual: Dual, gap: float, fixed: NDArray[np.intp]) -> tuple[Options, float]:
    """All options within the gap, and the smallest reduced cost among those that were too many to hold.

    A unit's best option and the one it is fixed at are always held, so that a unit with one option left is decided.
    """
    held, count, most, outside = [Options.none()], 0, gap, math.inf
    for block in blocks(curves):
        reduced = dual.best[block, None] - scores(curves, coupling, dual.prices, block)
        keep = reduced <= most
        keep[np.arange(len(keep)), fixed[block]] = True
        unit, option = np.nonzero(keep)
        held.append(Options(unit + block.start, option, reduced[unit, option]))
        if most < gap:
            outside = min(outside, float(reduced[~keep & (reduced <= gap)].min(initial=math.inf)))
        count += len(unit)
        if count > 2 * KEPT:
            everything = Options.join(held)
            most = max(0.0, float(np.partition(everything.reduced, KEPT)[KEPT]))
            few = (everything.reduced <= most) | (everything.option == fixed[everything.owner])
            outside = min(outside, float(everything.reduced[~few].min(initial=math.inf)))
            held, count = [everything.where(few)], 0
    return Options.join(held), outside


def _undominated(curves: Curves, coupling: Coupling, classes: Classes) -> Options:
    """Without the options that bring no more than a cheaper one; with packing limits an optimum needs none of them."""
    options, leaders = classes.options, classes.leaders
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[leaders]
    if not coupling.packing or (np.diff(costs, axis=-1) < 0).any() or not len(leaders):
        return options
    values = curves.values[leaders]
    best_before = np.maximum.accumulate(values, axis=1)[:, :-1]
    dominated = np.pad(values[:, 1:] <= best_before, ((0, 0), (1, 0)))
    return options.where(~dominated[options.owner, options.option])


def _settle(fixed: NDArray[np.intp], classes: Classes, options: Options) -> None:
    """Give the members of classes with a single option left that option."""
    single = np.flatnonzero(np.bincount(options.owner, minlength=len(classes.members)) == 1)
    for at in np.flatnonzero(np.isin(options.owner, single)):
        fixed[classes.members[options.owner[at]]] = options.option[at]


def _in_use(fixed: NDArray[np.intp], classes: Classes, options: Options) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each option, whether some, and whether all, units of its class are at it."""
    owners = np.concatenate([np.full(len(units), j) for j, units in enumerate(classes.members)] or [np.zeros(0, np.intp)])
    units = np.concatenate(classes.members or (np.zeros(0, np.intp),))
    stride = int(max(options.option.max(initial=0), fixed.max(initial=0))) + 1
    taken, counts = np.unique(owners * stride + fixed[units], return_counts=True)
    sizes = np.bincount(owners.astype(np.intp), minlength=len(classes.members))
    keys = options.owner * stride + options.option
    at = np.minimum(np.searchsorted(taken, keys), max(len(taken) - 1, 0))
    used = taken[at] == keys if len(taken) else np.zeros(len(keys), dtype=bool)
    settled = used & (counts[at] == sizes[options.owner]) if len(taken) else used
    return used, settled


def _core(
    curves: Curves, coupling: Coupling, fixed: NDArray[np.intp], gap: float, classes: Classes, kept: Options, outside: float
) -> Core:
    open_classes, klass = np.unique(kept.owner, return_inverse=True)
    members = tuple(classes.members[j] for j in open_classes)
    counted = np.ones(len(fixed), dtype=bool)
    for units in members:
        counted[units] = False
    leader = classes.leaders[kept.owner]
    usage, left = residual(curves, coupling, leader, kept.option, fixed, counted)
    sizes = np.array([len(units) for units in members], dtype=np.int64)
    uses = np.floor(gap / np.maximum(kept.reduced, gap * 1e-12 + 1e-300) + 1e-9) if math.isfinite(gap) else np.inf
    return Core(
        members=members,
        klass=klass.astype(np.intp),
        option=kept.option,
        value=curves.values[leader, kept.option] - curves.values[leader, 0],
        most=np.minimum(sizes[klass], uses).astype(np.int64),
        usage=usage,
        left=left,
        fixed=fixed,
        offset=exact_sum(np.where(counted, curves.value_of(fixed), curves.values[:, 0])),
        spread=float(classes.spread[open_classes] @ sizes),
        outside=outside,
    )
