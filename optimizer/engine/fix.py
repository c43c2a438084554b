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

FIRST, STEP, STEPS = 256, 4, 10
"""How many options the first threshold lets in, and how many times more each next one."""

HALVINGS = 2
"""How often the first threshold that lets in too many is halved towards the last that does not."""

KEPT = 1 << 22
"""Options held at once; beyond it those of largest reduced cost are left outside, and said so."""


def fix(curves: Curves, coupling: Coupling, dual: Dual, incumbent: Incumbent, capacity: Capacity) -> Core:
    """The core that remains when every option that cannot beat the incumbent is fixed out."""
    largest = max(float(curves.gains.max(initial=0.0)), -float(curves.gains.min(initial=0.0)))
    gap = dual.bound - incumbent.value + dual.rounding + GRAIN * largest
    fixed = (dual.near if incumbent.choice is None else incumbent.choice).copy()
    within, outside = _within(curves, coupling, dual, gap, fixed)
    classes, options, left_out = _grow(curves, coupling, within, fixed, capacity)
    _settle(fixed, classes, options)
    options = options.undecided()
    used, settled = _in_use(fixed, classes, options)
    kept, lost = options.smallest(used, settled, capacity, len(coupling.rows))
    return _core(curves, coupling, fixed, gap, classes, kept, min(outside, left_out, lost))


def _grow(
    curves: Curves, coupling: Coupling, within: Options, fixed: NDArray[np.intp], capacity: Capacity
) -> tuple[Classes, Options, float]:
    """The largest set {r ≤ threshold} whose classes fit, and the smallest reduced cost beyond it.

    The fewer options are open, the more units are alike, so classes are formed anew at each threshold; it rises until they do not
    fit any more, and is then halved towards where they just do. If not even the ties at 0 fit, they are returned, to be cut.
    """
    here = within.option == fixed[within.owner]
    rising = np.sort(within.reduced[~here])

    def opened(count: int) -> tuple[Classes, Options, float]:
        threshold = float(rising[count - 1]) if count else 0.0
        classes = merge(curves, coupling, within.where(here | (within.reduced <= threshold)).undecided())
        left_out = float(rising[np.searchsorted(rising, threshold, side="right") :].min(initial=math.inf))
        return classes, _undominated(curves, coupling, classes), left_out

    def fits(core: tuple[Classes, Options, float]) -> bool:
        return core[1].undecided().fit(capacity, len(coupling.rows))

    best, most, too_many = opened(0), 0, len(rising) + 1
    for count in (*(FIRST * STEP**k for k in range(STEPS) if FIRST * STEP**k < len(rising)), len(rising)):
        if math.isinf(best[2]) or not fits(best):
            break
        larger = opened(count)
        if not fits(larger):
            too_many = count
            break
        best, most = larger, count
    for _ in range(HALVINGS if most and too_many <= len(rising) else 0):
        count = (most + too_many) // 2
        larger = opened(count)
        if fits(larger):
            best, most = larger, count
        else:
            too_many = count
    return best


def _within(curves: Curves, coupling: Coupling, dual: Dual, gap: float, fixed: NDArray[np.intp]) -> tuple[Options, float]:
    """All options within the gap, and the smallest reduced cost among those that were too many to hold.

    A unit's best option and the one it is fixed at are always held, so that a unit with one option left is decided.
    """
    held, count, most, outside = [Options.none()], 0, gap, math.inf
    for block in blocks(curves):
        reduced = dual.best[block, None] - scores(curves, coupling, dual.prices, block)
        keep = (reduced <= most) & (reduced < np.inf)
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
    """Without the options that bring no more than a cheaper open one; with packing limits an optimum needs none of them."""
    options, leaders = classes.options, classes.leaders
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[leaders]
    if not coupling.packing or (np.diff(costs, axis=-1) < 0).any() or not len(leaders):
        return options
    values = np.full((len(leaders), curves.shape[1]), -np.inf)
    values[options.owner, options.option] = curves.gains[leaders[options.owner], options.option]
    best_before = np.maximum.accumulate(values, axis=1)[:, :-1]
    dominated = np.pad(values[:, 1:] <= best_before, ((0, 0), (1, 0)))
    return options.where(~dominated[options.owner, options.option])


def _settle(fixed: NDArray[np.intp], classes: Classes, options: Options) -> None:
    """Give the members of classes with a single option left that option."""
    only = np.full(len(classes.leaders), -1, dtype=np.intp)
    single = np.bincount(options.owner, minlength=len(only))[options.owner] == 1
    only[options.owner[single]] = options.option[single]
    option = only[classes.klass]
    fixed[classes.units[option >= 0]] = option[option >= 0]


def _in_use(fixed: NDArray[np.intp], classes: Classes, options: Options) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each option, whether some, and whether all, units of its class are at it."""
    if not len(classes.units):
        nothing = np.zeros(len(options.owner), dtype=bool)
        return nothing, nothing
    stride = int(max(options.option.max(initial=0), fixed.max(initial=0))) + 1
    taken, counts = np.unique(classes.klass * stride + fixed[classes.units], return_counts=True)
    sizes = np.bincount(classes.klass)
    keys = options.owner * stride + options.option
    at = np.minimum(np.searchsorted(taken, keys), len(taken) - 1)
    used = taken[at] == keys
    return used, used & (counts[at] == sizes[options.owner])


def _core(
    curves: Curves, coupling: Coupling, fixed: NDArray[np.intp], gap: float, classes: Classes, kept: Options, outside: float
) -> Core:
    open_classes, klass = np.unique(kept.owner, return_inverse=True)
    members = classes.members(open_classes)
    counted = np.ones(len(fixed), dtype=bool)
    level = curves.gain_of(fixed)
    reference = kept.option[kept.starts()]
    for units, first in zip(members, reference, strict=True):
        counted[units] = False
        level[units] = curves.gains[units, first]
    leader = classes.leaders[kept.owner]
    usage, left = residual(curves, coupling, leader, kept.option, fixed, counted)
    sizes = np.array([len(units) for units in members], dtype=np.int64)
    uses = np.floor(gap / np.maximum(kept.reduced, gap * 1e-12 + 1e-300) + 1e-9) if math.isfinite(gap) else np.inf
    return Core(
        members=members,
        klass=klass.astype(np.intp),
        option=kept.option,
        value=curves.gains[leader, kept.option] - curves.gains[leader, reference[klass]],
        most=np.minimum(sizes[klass], uses).astype(np.int64),
        usage=usage,
        left=left,
        fixed=fixed,
        offset=exact_sum(level),
        spread=float(2.0 * classes.spread[open_classes] @ sizes),
        outside=outside,
    )
