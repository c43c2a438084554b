"""The core: what reduced-cost fixing leaves open (the word is Balas & Zemel's 1980, and Pisinger's 1995 for this knapsack).

Units with equal curves and equal usages are one class with a multiplicity; the core asks how many of each class get what:

    maximise Σ_o value_o x_o   s.t.  Σ_{o ∈ class j} x_o = size_j,   Σ_o usage_lo x_o ≤ left_l,   0 ≤ x_o ≤ most_o integer
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """An integer program in a few options; o runs over options, j over classes, l over limits.

    Attributes
    ----------
    members : for each class, the units in it, ascending.
    klass, option : (O,) class and amount index of each open option; options of a class stand together.
    value : (O,) what one unit gains at that option over the first of its class.
    most : (O,) how many of the class can use it in an optimum.
    usage, left : (L, O) and (L,), each row scaled to coprime whole numbers unless it counts outcomes.
    fixed : (n,) the choice of every unit; that of a member of a class is what `expand` replaces.
    offset : value of a core's solution = offset + Σ_o value_o x_o, give or take `spread`.
    spread : how far the members of the classes may differ from their leaders, all together.
    outside : smallest reduced cost among options that are neither open nor fixed out; inf if there is none.
    """

    members: tuple[NDArray[np.intp], ...]
    klass: NDArray[np.intp]
    option: NDArray[np.intp]
    value: NDArray[np.float64]
    most: NDArray[np.int64]
    usage: NDArray[np.float64]
    left: NDArray[np.float64]
    fixed: NDArray[np.intp]
    offset: float
    spread: float
    outside: float

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(J,) multiplicity of each class."""
        return np.array([len(units) for units in self.members], dtype=np.int64)

    @property
    def complete(self) -> bool:
        """Whether every option that an optimum could use is open."""
        return bool(np.isinf(self.outside))

    def expand(self, counts: NDArray[np.int64]) -> NDArray[np.intp]:
        """The choice of every unit when `counts[o]` units of option o's class use it; earlier units get the smaller awards."""
        choice = self.fixed.copy()
        for j, units in enumerate(self.members):
            inside = self.klass == j
            choice[units] = np.repeat(self.option[inside], counts[inside])
        choice.flags.writeable = False
        return choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How large a core the backend takes; None is no limit."""

    variables: int | None = None
    rows: int | None = None

    def at_least(self, other: Capacity) -> bool:
        """Whether it takes whatever the other takes."""
        return all(
            mine is None or (theirs is not None and mine >= theirs)
            for mine, theirs in ((self.variables, other.variables), (self.rows, other.rows))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What a backend says of a core.

    Attributes
    ----------
    counts : (O,) units at each option in the best solution found, or None.
    bound : no solution of the core is worth more; −inf if it has none.
    """

    counts: NDArray[np.int64] | None
    bound: float
