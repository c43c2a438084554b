"""Ties merged: units with the same open options, whose curves differ on them by no more than a constant, are one class.

    g_ik − g_ir = g_jk − g_jr for all open k, r the first of them    (up to rounding, which is measured and charged to the bound)

A constant decides nothing, nor does what a curve does at options that are out; and trees and linear models give thousands of
units the very same rise. Units are told apart by a 64-bit hash of their options and rises, so that n numbers are sorted and not
n × m; each is then compared with its class's first unit, so that a collision cannot pass.
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

Index = NDArray[np.intp]
Bits = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes in the order of their first unit.

    Attributes
    ----------
    units, klass : (U,) the open units, ascending, and the class of each.
    leaders : (J,) the first unit of each class.
    options : the open options, owned by classes.
    spread : (J,) how far a member's rise differs from the leader's at most.
    """

    units: Index
    klass: Index
    leaders: Index
    options: Options
    spread: NDArray[np.float64]

    def members(self, classes: Index) -> tuple[Index, ...]:
        """The units of each of these classes, ascending."""
        order = np.argsort(self.klass, kind="stable")
        ends = np.cumsum(np.bincount(self.klass, minlength=len(self.leaders)))
        runs = np.split(self.units[order], ends[:-1]) if len(ends) else []
        return tuple(runs[j] for j in classes)


def merge(curves: Curves, coupling: Coupling, options: Options) -> Classes:
    """Merge the owners of `options`, which are units, into classes."""
    start = options.starts()
    units = options.owner[start]
    if not len(units):
        return Classes(units, units, units, options, np.zeros(0))
    owner = np.repeat(np.arange(len(units)), np.diff(np.append(start, len(options.owner))))
    rise = curves.gains[options.owner, options.option] - curves.gains[units, options.option[start]][owner]
    tokens = _tokens(curves, coupling, options, rise)
    sums = np.add.reduceat(tokens, start) + _scramble(coupling.groups[units].astype(np.uint64))
    _, first, klass = np.unique(sums, return_index=True, return_inverse=True)
    first, klass = _in_order(first, klass.ravel())
    strange = _strangers(tokens, start, owner, coupling.groups[units], first[klass])
    if strange.any():
        # Two hashes met by chance: the odd ones out stand alone.
        klass = np.where(strange, len(first) + np.cumsum(strange) - 1, klass)
        first, klass = _in_order(np.unique(klass, return_index=True)[1], klass)
    leads = np.zeros(len(units), dtype=bool)
    leads[first] = True
    twin = start[first[klass]][owner] + np.arange(len(owner)) - start[owner]
    spread = np.zeros(len(first))
    np.maximum.at(spread, klass[owner], np.abs(rise - rise[twin]))
    led = options.where(leads[owner])
    return Classes(units, klass, units[first], Options(klass[owner[leads[owner]]], led.option, led.reduced), spread)


def _tokens(curves: Curves, coupling: Coupling, options: Options, rise: NDArray[np.float64]) -> Bits:
    """One number for each open option that tells its amount and rise; its own cost, and its outcome where a limit counts it."""
    grain = GRAIN * max(float(np.abs(curves.gains[options.owner, options.option]).max()), np.finfo(float).tiny)
    token = _scramble(options.option.astype(np.uint64))
    token = _scramble(token + np.rint(rise / grain).astype(np.int64).view(np.uint64))
    if curves.costs.ndim > 1:
        token = _scramble(token + curves.costs[options.owner, options.option].view(np.uint64))
    if any(row.counts_outcome for row in coupling.rows):
        token = _scramble(token + (curves.values[options.owner, options.option] + 0.0).view(np.uint64))
    return token


def _scramble(number: Bits) -> Bits:
    """A bijection of 64 bits that spreads every bit over all (splitmix64: Steele, Lea & Flood 2014)."""
    number = (number + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _in_order(first: Index, klass: Index) -> tuple[Index, Index]:
    """Classes renumbered by their first unit."""
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.sort(first), rank[klass]


def _strangers(tokens: Bits, start: Index, owner: Index, groups: Index, leader: Index) -> NDArray[np.bool_]:
    """Which units differ from the unit that leads their class in group, in number of options, or in any of them."""
    sizes = np.diff(np.append(start, len(tokens)))
    strange: NDArray[np.bool_] = (groups != groups[leader]) | (sizes != sizes[leader])
    twin = start[leader][owner] + np.arange(len(owner)) - start[owner]
    differs = tokens != tokens[np.minimum(twin, len(tokens) - 1)]
    strange[owner[differs]] = True
    return strange
