"""The options that can be best somewhere in a box of prices, as one ragged list: a pass over it costs far less than n × m.

unit i's options are entries start_i … start_{i+1} − 1; its best score is max over them of g − Σ_l λ_l u_l

In a smaller box fewer options can be best, and units that have one left are settled: they add a constant and a usage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.pricing import group_prices
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves

Vector = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """Options one after the other, by unit and amount, of the units that have more than one; the others are settled.

    Attributes
    ----------
    unit, start : (n',) the units that are listed, and where each one's options begin.
    option : (E,) amount index.
    gain, outcome, cost, award : (E,) what is maximised, the expected outcome, currency units, and 1 or 0.
    group : (E,) the unit's group.
    choice : (n,) the option of every settled unit.
    settled_gain, settled : what the settled units add to what is maximised, and to cost, awards and outcome by group, (3, G).
    """

    unit: Index
    start: Index
    option: Index
    gain: Vector
    outcome: Vector
    cost: Vector
    award: Vector
    group: Index
    choice: Index
    settled_gain: float
    settled: NDArray[np.float64]

    @classmethod
    def of(cls, curves: Curves, coupling: Coupling, listed: NDArray[np.bool_]) -> Shortlist:
        """The options that are `listed`, (n, m), at least one in each row."""
        unit, option = np.nonzero(listed)
        outcome = curves.values[unit, option]
        start = np.flatnonzero(np.diff(unit, prepend=-1))
        return cls(
            unit=unit[start],
            start=start,
            option=option,
            gain=outcome if curves.aims is None else curves.aims[unit, option],
            outcome=outcome,
            cost=curves.cost_of(option, unit).astype(np.float64),
            award=(option > 0).astype(np.float64),
            group=coupling.groups[unit],
            choice=np.zeros(len(listed), dtype=np.intp),
            settled_gain=0.0,
            settled=np.zeros((3, coupling.n_groups)),
        )

    def best(self, coupling: Coupling, prices: Vector) -> tuple[Index, float, Vector]:
        """At these prices: each unit's best option, the sum of the best scores, and what each row uses, (L,)."""
        top, first, _ = self._tops(self._scores(coupling, prices))
        choice = self.choice.copy()
        choice[self.unit] = self.option[first]
        totals = self.settled + self._totals(first, coupling)
        rest = self.settled_gain - float((group_prices(coupling, prices) * self.settled).sum())
        used: Vector = np.einsum("qlg,qg->l", coupling.coefficients, totals)
        return choice, float(top.sum()) + rest, used

    def within(self, coupling: Coupling, box: Box) -> Shortlist:
        """Those options that can be best, or within the margin of it, somewhere in a smaller box."""
        priced = self._scores(coupling, box.centre)
        top, first, sizes = self._tops(priced)
        best = np.repeat(first, sizes)
        per = np.einsum("l,qlg->qg", box.reach, np.abs(coupling.coefficients))[:, self.group]
        for price, measure in zip(per, (self.cost, self.award, self.outcome), strict=True):
            priced += price * np.abs(measure - measure[best])
        keep = priced + box.margin >= np.repeat(top, sizes)
        keep[first] = True
        left = np.add.reduceat(keep, self.start, dtype=np.intp) if len(self.start) else np.zeros(0, dtype=np.intp)
        open_ = left > 1
        keep &= np.repeat(open_, sizes)
        done = first[~open_]
        choice = self.choice.copy()
        choice[self.unit[~open_]] = self.option[done]
        ends = np.cumsum(left[open_])
        return Shortlist(
            unit=self.unit[open_],
            start=np.append(0, ends[:-1])[: len(ends)],
            option=self.option[keep],
            gain=self.gain[keep],
            outcome=self.outcome[keep],
            cost=self.cost[keep],
            award=self.award[keep],
            group=self.group[keep],
            choice=choice,
            settled_gain=self.settled_gain + float(self.gain[done].sum()),
            settled=self.settled + self._totals(done, coupling),
        )

    def _scores(self, coupling: Coupling, prices: Vector) -> Vector:
        per_cost, per_award, per_outcome = group_prices(coupling, prices)
        priced: Vector = self.gain - (per_cost[self.group] * self.cost + per_award[self.group] * self.award)
        if per_outcome.any():
            priced -= per_outcome[self.group] * self.outcome
        return priced

    def _tops(self, priced: Vector) -> tuple[Vector, Index, Index]:
        """Each listed unit's best score, the entry it stands at (the first of equals), and how many options the unit has."""
        if not len(self.start):
            return np.zeros(0), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        top = np.maximum.reduceat(priced, self.start)
        sizes = np.diff(np.append(self.start, len(priced)))
        ties = np.flatnonzero(priced == np.repeat(top, sizes))
        owners = np.searchsorted(self.start, ties, side="right")
        return top, ties[np.flatnonzero(np.diff(owners, prepend=0))], sizes

    def _totals(self, entries: Index, coupling: Coupling) -> NDArray[np.float64]:
        totals: NDArray[np.float64] = np.array(
            [
                np.bincount(self.group[entries], weights=weights[entries], minlength=coupling.n_groups)
                for weights in (self.cost, self.award, self.outcome)
            ]
        )
        return totals
