"""Curves that are asked for in parts and not kept: memory is set by a part, not by n × m; each full pass asks the model again.

What the search keeps is a few numbers a unit, and the full curves of the units that stay open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves
from optimizer.problem.terms import Terms

PART = 1 << 24
"""Numbers in a part: 128 MiB of float64."""

FEW = 4
"""Options that are asked for one by one rather than with all the others."""

Index = NDArray[np.intp]
Ask = Callable[[Index, Index], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """The curves of n units at m amounts, asked for when they are looked at.

    Attributes
    ----------
    ask : (units, options) → their expected outcomes, (units, options) float64, the same whenever it is asked.
    n : how many units there are.
    terms : what the amounts cost, and who may be given which.
    """

    ask: Ask
    n: int
    terms: Terms
    _last: dict[str, tuple[Index, NDArray[np.float64]]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m)."""
        return self.n, len(self.amounts)

    @property
    def amounts(self) -> Amounts:
        """The m amounts."""
        return self.terms.amounts

    @property
    def aimed(self) -> bool:
        """Whether something else than the outcome is maximised: never."""
        return False

    @property
    def expected(self) -> bool:
        """Whether costs are expectations."""
        return self.terms.charges.expected

    def in_steps(self, bound: float, rounding: float) -> float:  # noqa: ARG002 — as of `Curves`
        """A bound on the outcome, which comes in no steps."""
        return bound

    @property
    def common_costs(self) -> NDArray[np.int64] | None:
        """(m,) costs that are every unit's, or None if units have their own."""
        return self.terms.common_costs

    def parts(self) -> Iterator[tuple[slice, Curves]]:
        """Consecutive units and their curves, one part at a time in memory."""
        step = max(1, PART // len(self.amounts))
        for start in range(0, self.n, step):
            part = slice(start, min(start + step, self.n))
            yield part, self.part(np.arange(part.start, part.stop))

    def part(self, units: Index) -> Curves:
        """The curves of these units."""
        return self.terms.curves(self.ask(units, np.arange(len(self.amounts))), units)

    def column(self, option: int) -> NDArray[np.float64]:
        """(n,): every unit's outcome at one option."""
        return self.ask(np.arange(self.n), np.array([option % len(self.amounts)]))[:, 0]

    def cost_of(self, choice: Index) -> NDArray[np.int64]:
        """Cost of option `choice[i]` for each unit, in currency units."""
        common = self.common_costs
        return self.terms.cost_of(choice, self.value_of(choice)) if common is None else common[choice]

    def value_of(self, choice: Index) -> NDArray[np.float64]:
        """Expected outcome of each unit at its option `choice[i]`: (n,)."""
        if "choice" in self._last and self._last["choice"][0] is choice:
            # A plan's outcomes are asked for by several who look at it; a pass over the model is dear.
            return self._last["choice"][1]
        offered = np.unique(choice)
        values = np.empty(self.n)
        if len(offered) <= FEW:
            for option in offered:
                values[choice == option] = self.column(int(option))[choice == option]
        else:
            for part, curves in self.parts():
                values[part] = curves.value_of(choice[part])
        self._last["choice"] = (choice, values)
        return values

    def gain_of(self, choice: Index) -> NDArray[np.float64]:
        """What each unit adds to what is maximised: its expected outcome."""
        return self.value_of(choice)

    def barred_at(self, choice: Index) -> NDArray[np.bool_]:
        """Whether each unit may not be given its option `choice[i]`: (n,)."""
        barred = np.zeros(self.n, dtype=bool)
        if self.terms.cost_per_uplift is not None:
            return np.concatenate([curves.barred_at(choice[part]) for part, curves in self.parts()])
        for start in range(0, self.n, step := max(1, PART // len(self.amounts))):
            units = slice(start, start + step)
            outside = self.terms.barred(units)
            if outside is None:
                break
            barred[units] = np.take_along_axis(outside, choice[units, None], axis=1)[:, 0]
        return barred

    def dense(self) -> Curves:
        """All curves at once."""
        return self.part(np.arange(self.n))
