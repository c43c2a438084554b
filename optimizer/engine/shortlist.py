"""The options that can be best somewhere in a box of prices, as one ragged list: a pass over it costs far less than n × m.

unit i's options are entries start_i … start_{i+1} − 1; its best score is max over them of g − Σ_l λ_l u_l
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.pricing import group_prices
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves

Vector = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """Options one after the other, by unit and amount; each unit has at least one.

    Attributes
    ----------
    start : (n,) where each unit's options begin.
    option : (E,) amount index.
    gain, outcome, cost, award : (E,) what is maximised, the expected outcome, currency units, and 1 or 0.
    group : (E,) the unit's group.
    """

    start: Index
    option: Index
    gain: Vector
    outcome: Vector
    cost: Vector
    award: Vector
    group: Index

    @classmethod
    def of(cls, curves: Curves, coupling: Coupling, listed: NDArray[np.bool_]) -> Shortlist:
        """The options that are `listed`, (n, m), at least one in each row."""
        unit, option = np.nonzero(listed)
        outcome = curves.values[unit, option]
        return cls(
            start=np.flatnonzero(np.diff(unit, prepend=-1)),
            option=option,
            gain=outcome if curves.aims is None else curves.aims[unit, option],
            outcome=outcome,
            cost=curves.cost_of(option, unit).astype(np.float64),
            award=(option > 0).astype(np.float64),
            group=coupling.groups[unit],
        )

    def best(self, coupling: Coupling, prices: Vector) -> tuple[Index, float, Vector]:
        """At these prices: each unit's best option, the sum of the best scores, and what each row uses, (L,)."""
        per_cost, per_award, per_outcome = group_prices(coupling, prices)
        priced = self.gain - (per_cost[self.group] * self.cost + per_award[self.group] * self.award)
        if per_outcome.any():
            priced -= per_outcome[self.group] * self.outcome
        top = np.maximum.reduceat(priced, self.start)
        sizes = np.diff(np.append(self.start, len(priced)))
        ties = np.flatnonzero(priced == np.repeat(top, sizes))
        owners = np.searchsorted(self.start, ties, side="right")
        first = ties[np.flatnonzero(np.diff(owners, prepend=0))]
        totals = np.array(
            [
                np.bincount(self.group[first], weights=weights[first], minlength=coupling.n_groups)
                for weights in (self.cost, self.award, self.outcome)
            ]
        )
        return self.option[first], float(top.sum()), np.einsum("qlg,qg->l", coupling.coefficients, totals)
