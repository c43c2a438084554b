"""What is asked: the amounts on offer, what they cost, who may be given which, and the limits on their totals."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.limits import Limit
from optimizer.problem.objective import Objective
from optimizer.problem.rules import Rules
from optimizer.problem.terms import Terms
from optimizer.problem.then import Then


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One allocation problem, but for the units and their responses.

    Attributes
    ----------
    limits : on totals over all units or a group of them.
    costs : what an award is charged to the limits on cost.
    rules : what single units may be given.
    then : what is minimised among the plans whose outcome is near the best; None if nothing is.
    objective : what is maximised in place of the expected outcome; None if that is maximised.
    seen : (n, m) the amounts that units like each unit were seen with, and no award; None if any may be given.
    """

    amounts: Amounts
    limits: tuple[Limit, ...] = ()
    costs: Costs = field(default_factory=Costs)
    rules: Rules = field(default_factory=Rules)
    then: Then | None = None
    objective: Objective | None = None
    seen: NDArray[np.bool_] | None = field(default=None, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The units' columns that limits, costs and rules name, each once."""
        extra = () if self.costs.column is None else (self.costs.column,)
        return tuple(sorted({*self.columns_of_limits, *extra, *self.rules.columns}))

    @property
    def columns_of_limits(self) -> tuple[str, ...]:
        """The units' columns that limits name, each once."""
        return tuple(sorted({column for limit in self.limits for column in limit.columns}))

    def terms(self, n: int, frame: pd.DataFrame | None) -> Terms:
        """The terms on which amounts are offered to n units, whose columns `frame` holds.

        Raises
        ------
        DataError
            If a column that costs or rules name is absent or holds what it should not, or a unit is left nothing.
        """
        return Terms.of(self.amounts, n, frame, self.costs, self.rules, self.seen)
