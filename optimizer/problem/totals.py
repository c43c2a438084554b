"""What an allocation adds up to; a part of the units' tally is exact, so that tallies may be added in any order."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.curves import Curves
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import Sums, exact_parts, exact_parts_by

HALF = 1 << 26
"""Costs are added in two halves, each of which a float holds exactly."""


class Grouped(Protocol):
    """Units in groups, as of `Coupling`."""

    @property
    def groups(self) -> NDArray[np.intp]:
        """(n,) group of each unit."""

    @property
    def n_groups(self) -> int:
        """G."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What an allocation adds up to.

    Attributes
    ----------
    by_group : in each group, exactly, cost and recipients, and the outcome, correctly rounded.
    gain : what is maximised.
    """

    by_group: tuple[tuple[int, int, float], ...]
    gain: float = 0.0

    @classmethod
    def of(
        cls, choice: NDArray[np.intp], curves: Curves | Streamed, coupling: Grouped, counted: NDArray[np.bool_] | None = None
    ) -> Totals:
        """Totals of choosing option `choice[i]` for unit i, over the units that are `counted` (all, by default)."""
        return Tally.of(choice, curves, coupling, counted).totals

    @property
    def cost(self) -> int:
        """Currency units spent."""
        return sum(cost for cost, _, _ in self.by_group)

    @property
    def recipients(self) -> int:
        """Units with an award."""
        return sum(heads for _, heads, _ in self.by_group)

    @property
    def outcome(self) -> float:
        """Expected outcome."""
        return math.fsum(outcome for _, _, outcome in self.by_group)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a choice for a part of the units adds up to, exactly.

    Attributes
    ----------
    cost, heads, outcome : in each group; an outcome is the sum of a few floats.
    aimed : what is maximised where that is not the outcome; else None.
    """

    cost: tuple[int, ...]
    heads: tuple[int, ...]
    outcome: tuple[Sums, ...]
    aimed: Sums | None = None

    @classmethod
    def of(
        cls, choice: NDArray[np.intp], curves: Curves | Streamed, coupling: Grouped, counted: NDArray[np.bool_] | None = None
    ) -> Self:
        """The tally of choosing option `choice[i]` for unit i, over the units that are `counted` (all, by default)."""
        costs, values, groups = curves.cost_of(choice), curves.value_of(choice), coupling.groups
        awarded = choice > 0
        aimed = curves.gain_of(choice) if curves.aimed else None
        if counted is not None:
            costs, values, groups, awarded = costs[counted], values[counted], groups[counted], awarded[counted]
            aimed = None if aimed is None else aimed[counted]
        size = coupling.n_groups
        heads = (int(awarded.sum()),) if size == 1 else tuple(np.bincount(groups[awarded], minlength=size).tolist())
        told = None if aimed is None else exact_parts(aimed)
        return cls(_whole(costs, groups, size), heads, exact_parts_by(values, groups, size), told)

    @classmethod
    def none(cls, n_groups: int, *, aimed: bool) -> Self:
        """Of nobody."""
        return cls((0,) * n_groups, (0,) * n_groups, ((),) * n_groups, () if aimed else None)

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """The tally of several parts together; one at least."""
        every = list(tallies)
        aimed = None if every[0].aimed is None else tuple(part for each in every for part in each.aimed or ())
        return Tally(
            tuple(map(sum, zip(*(each.cost for each in every), strict=True))),
            tuple(map(sum, zip(*(each.heads for each in every), strict=True))),
            tuple(tuple(part for parts in own for part in parts) for own in zip(*(each.outcome for each in every), strict=True)),
            aimed,
        )

    @property
    def totals(self) -> Totals:
        """What it comes to, rounded once."""
        outcomes = [math.fsum(parts) for parts in self.outcome]
        gain = math.fsum(outcomes) if self.aimed is None else math.fsum(self.aimed)
        return Totals(tuple(zip(self.cost, self.heads, outcomes, strict=True)), gain)


def _whole(costs: NDArray[np.int64], groups: NDArray[np.intp], n_groups: int) -> tuple[int, ...]:
    if n_groups == 1:
        return (int(costs.sum()),)
    high, low = np.divmod(costs, HALF)
    halves = [np.bincount(groups, weights=half, minlength=n_groups).astype(np.int64).tolist() for half in (high, low)]
    return tuple(HALF * large + small for large, small in zip(*halves, strict=True))
