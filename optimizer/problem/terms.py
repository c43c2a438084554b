"""The terms on which amounts are offered to n units: what each costs, and who may be given which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Charges, Costs
from optimizer.problem.curves import Curves
from optimizer.problem.rules import Menu, Rules, too_dear, unlike


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What turns outcomes into curves.

    Attributes
    ----------
    menu : who may be given what; None if everyone anything.
    cost_per_uplift : what one more expected outcome may cost at most, for each award; None is no such rule.
    seen : (n, m) the amounts that units alike were seen with, and no award; None if any may be given.
    """

    amounts: Amounts
    charges: Charges = field(default_factory=Charges)
    menu: Menu | None = None
    cost_per_uplift: int | None = None
    seen: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        amounts: Amounts,
        n: int,
        frame: pd.DataFrame | None = None,
        costs: Costs | None = None,
        rules: Rules | None = None,
        seen: NDArray[np.bool_] | None = None,
    ) -> Terms:
        """The terms for n units, whose columns `frame` holds.

        Raises
        ------
        DataError
            If a column that they name is absent or holds what it should not, a unit is left nothing, or `seen` is of other units
            or amounts.
        """
        if seen is not None and (seen.shape != (n, len(amounts)) or not seen[:, 0].all()):
            raise DataError(f"seen: must be ({n}, {len(amounts)}), the first column true, got shape {seen.shape}")
        if rules == Rules():
            rules = None
        return cls(
            amounts=amounts,
            charges=(costs or Costs()).charges(frame),
            menu=None if rules is None else rules.menu(frame, n, amounts),
            cost_per_uplift=None if rules is None else rules.cost_per_uplift,
            seen=seen,
        )

    @property
    def common_costs(self) -> NDArray[np.int64] | None:
        """(m,) costs that are every unit's, or None if units have their own."""
        return self.charges.of(self.amounts.array, np.zeros(len(self.amounts)), ()) if self.charges.common else None

    def curves(
        self, values: NDArray[np.float64], units: NDArray[np.intp] | slice, costs: NDArray[np.int64] | None = None
    ) -> Curves:
        """The curves of these units, whose outcomes are `values`, (units, m), and whose costs, if given, are not the charges."""
        if costs is None:
            costs = self.common_costs
        if costs is None:
            costs = self.charges.of(self.amounts.array, values, units)
        barred = self.barred(units)
        if self.cost_per_uplift is not None:
            dear = too_dear(costs, values, self.cost_per_uplift, barred)
            barred = dear if barred is None else barred | dear
        return replace(Curves.of(values, self.amounts, costs, barred), expected=self.charges.expected)

    def barred(self, units: NDArray[np.intp] | slice) -> NDArray[np.bool_] | None:
        """(units, m): options that they may not be given, whatever an award costs or brings; None if there are none."""
        barred = None if self.menu is None else self.menu.barred(units)
        return barred if self.seen is None else unlike(self.seen[units], barred)

    def cost_of(self, choice: NDArray[np.intp], value: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cost of option `choice[i]` for each of the n units, whose outcome is then `value[i]`."""
        return self.charges.of(self.amounts.array[choice], value, slice(None))
