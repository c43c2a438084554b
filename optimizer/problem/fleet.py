"""A fleet: the curves of n units in parts, of which stages ask a few questions; one part in this process, or many elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.parts import Each, Here, Parts
from optimizer.problem.streamed import Streamed

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Part:
    """Some units: their curves, and each one's group."""

    curves: Curves | Streamed
    groups: Index

    def under(self, coupling: Coupling) -> Coupling:
        """The same limits over these units."""
        return replace(coupling, groups=self.groups)

    def dense(self) -> Part:
        """The same with its curves held."""
        return replace(self, curves=self.curves.dense())

    def of(self, units: Index) -> Part:
        """Some of them."""
        return Part(self.curves.part(units), self.groups[units])


@dataclass(slots=True)
class Looks:
    """How often all units were looked at."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The units of an instance, in parts.

    Attributes
    ----------
    sizes : how many units each part has.
    common_costs, aimed, step, expected : as of `Curves`.
    held : whether passing over the curves is cheap: they are held rather than asked for.
    room : how many numbers may be brought here at once.
    """

    parts: Parts[Part]
    sizes: tuple[int, ...]
    amounts: Amounts
    common_costs: NDArray[np.int64] | None
    aimed: bool = False
    step: float = 0.0
    expected: bool = False
    held: bool = True
    room: float = math.inf
    looks: Looks = field(default_factory=Looks, compare=False)

    @classmethod
    def of(cls, curves: Curves | Streamed, coupling: Coupling) -> Fleet:
        """One part, in this process."""
        held = isinstance(curves, Curves)
        return cls(
            parts=Here((Part(curves, coupling.groups),)),
            sizes=(curves.shape[0],),
            amounts=curves.amounts,
            common_costs=curves.common_costs,
            aimed=curves.aimed,
            step=curves.step if isinstance(curves, Curves) else 0.0,
            expected=curves.expected,
            held=held,
        )

    @property
    def n(self) -> int:
        """How many units there are."""
        return sum(self.sizes)

    def takes(self, n: int) -> bool:
        """Whether so many units may be brought here."""
        return n * len(self.amounts) <= self.room

    @property
    def starts(self) -> tuple[int, ...]:
        """The place of each part's first unit among all."""
        return tuple(accumulate(self.sizes, initial=0))[:-1]

    def look(self, work: Any, *others: Any) -> list[Any]:
        """Ask every part, and count that all units were looked at."""
        self.looks.count += 1
        return self.parts.told(work, *others)

    def of_parts(self, parts: Parts[Part], sizes: tuple[int, ...]) -> Fleet:
        """Other units of the same kind."""
        return replace(self, parts=parts, sizes=sizes, looks=Looks())

    def followed_by(self, part: Part) -> Fleet:
        """The same units and some more, whose costs are of the same kind."""
        n = part.curves.shape[0]
        return self.of_parts(self.parts.followed_by(part), (*self.sizes, n))

    def split(self, units: Index) -> list[slice]:
        """Which of these units, ascending, stand in each part."""
        ends = np.searchsorted(units, [*self.starts[1:], self.n])
        return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    def brought(self) -> Part:
        """All of them in this process, curves held."""
        every = self.parts.told(Part.dense)
        return Part(Curves.join([_held(part) for part in every]), np.concatenate([part.groups for part in every]))

    def here(self, coupling: Coupling) -> tuple[Fleet, Coupling]:
        """The same units as one part in this process, and the limits over them."""
        part = self.brought()
        return self.of_parts(Here((part,)), (self.n,)), part.under(coupling)

    def each(self, numbers: Any) -> Each[Any]:
        """A value for each part."""
        return Each(list(numbers))


def _held(part: Part) -> Curves:
    assert isinstance(part.curves, Curves)
    return part.curves
