"""The second objective: among the plans that are nearly best, the cheapest, the one with the fewest awards, or the least changed.

    maximise outcome → best     then     minimise figure   s.t. outcome ≥ best − within · |best|, and every limit

What is minimised comes in whole steps (the costs' common divisor, one head, one change), so it is proven to the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.rows import Row

Minimised = Literal["cost", "recipients", "changes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Then:
    """What decides among the plans whose outcome is near the best.

    Attributes
    ----------
    minimise : ``cost`` (currency units, as limits on cost count them), ``recipients`` (awards), or ``changes`` (units whose
        amount is another than in the previous plan).
    within : how much of the best outcome may be given up, a share; 0 gives up nothing.
    previous : for changes, (n,) what each unit was given before, in currency units; 0 for those who had no award, or were not
        there. An amount that is no longer on offer cannot be kept: whatever that unit is given is a change.

    Raises
    ------
    ValueError
        If the share is not in [0, 1), or changes are minimised and no previous plan is known, or one that is no list of amounts.
    """

    minimise: Minimised
    within: float | Fraction = Fraction(0)
    previous: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.minimise not in get_args(Minimised):
            raise ValueError(f"then.minimise: must be one of {', '.join(get_args(Minimised))}, got {self.minimise!r}")
        number = isinstance(self.within, int | float | Fraction) and not isinstance(self.within, bool)
        if not number or not 0 <= self.within < 1:
            raise ValueError(f"then.within: must be a share from 0 to below 1, got {self.within!r}; 0.01 gives up one percent")
        # A float means the decimal that was written: 0.01 is 1/100.
        share = self.within if isinstance(self.within, Fraction) else Fraction(repr(self.within))
        object.__setattr__(self, "within", share)
        if self.minimise == "changes":
            object.__setattr__(self, "previous", _amounts(self.previous))
        elif self.previous is not None:
            raise ValueError(f"then.previous: is for changes only, got one to minimise {self.minimise}; leave it out")

    @property
    def share(self) -> Fraction:
        """`within`, exactly."""
        return Fraction(self.within)

    @property
    def name(self) -> str:
        """How reports call the floor on the outcome: "within 1 % of the best outcome"."""
        return f"within {float(100 * self.share):g} % of the best outcome"

    def floor(self, best: float) -> Fraction:
        """The least outcome that is near enough to the best, exactly."""
        return Fraction(best) - self.share * abs(Fraction(best))

    def above_floor(self, coupling: Coupling, best: float) -> Coupling:
        """The limits, and the floor on the outcome as one more row."""
        limit = Limit(measure="outcome", sense="at_least", figure=self.floor(best), name=_apart(self.name, coupling))
        return coupling.keeping((*coupling.rows, _row(limit, coupling)))

    def no_worse(self, choice: NDArray[np.intp], curves: Curves, coupling: Coupling) -> tuple[Curves, Coupling]:
        """The problem whose plans have no more of what is minimised than a choice (n,) has; for changes, none that it has not."""
        if self.minimise == "changes":
            bars = self._changed(curves) & (curves.amounts.array[choice] == self.previous)[:, None]
            return replace(curves, barred=bars if curves.barred is None else bars | curves.barred), coupling
        most = int(curves.cost_of(choice).sum()) if self.minimise == "cost" else int((choice > 0).sum())
        name = _apart(f"no more {self.minimise}", coupling)
        limit = Limit(measure=self.minimise, sense="at_most", figure=Fraction(most), name=name)
        return curves, coupling.keeping((*coupling.rows, _row(limit, coupling)))

    def aim(self, curves: Curves) -> tuple[Curves, int]:
        """The same curves, aimed at what is minimised, in steps; and how large a step is.

        Raises
        ------
        DataError
            If the previous plan is one of other units.
        """
        unit, spent = 1, curves.costs
        if self.minimise == "cost":
            unit = int(np.gcd.reduce(curves.costs, axis=None)) or 1
            aims = -(spent / unit)
        elif self.minimise == "recipients":
            aims = -(np.arange(curves.shape[1]) > 0).astype(np.float64)
        else:
            aims = -self._changed(curves).astype(np.float64)
        # What is every unit's is told once, however many units there are.
        return replace(curves, aims=np.broadcast_to(aims, curves.shape), step=1.0), unit

    def _changed(self, curves: Curves) -> NDArray[np.bool_]:
        n, _ = curves.shape
        assert self.previous is not None
        if len(self.previous) != n:
            raise DataError(f"then.previous: must hold {n} amounts, one for each unit, got {len(self.previous)}")
        changed: NDArray[np.bool_] = curves.amounts.array != self.previous[:, None]
        return changed


def _apart(name: str, coupling: Coupling) -> str:
    """The name, changed if a limit has it already."""
    while any(row.name == name for row in coupling.rows):
        name += "'"
    return name


def _row(limit: Limit, coupling: Coupling) -> Row:
    """A limit on everyone's total as a row."""
    sign = 1 if limit.sense == "at_most" else -1
    cost, recipients, outcome = (
        (Fraction(sign * (limit.measure == measure)),) * coupling.n_groups for measure in ("cost", "recipients", "outcome")
    )
    return Row(
        name=limit.name,
        limit=limit,
        sign=sign,
        inside=(True,) * coupling.n_groups,
        coefficients=(cost, recipients, outcome),
        allowed=sign * limit.figure,
    )


def _amounts(previous: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if previous is None:
        raise ValueError("then.previous: is missing; changes need the previous plan's amounts, one for each unit")
    given = np.asarray(previous)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"then.previous: must be whole amounts, one for each unit, got {given.dtype} of shape {given.shape}")
    amounts = given.astype(np.int64)
    amounts.flags.writeable = False
    return amounts


def figure_of(gain: float, unit: int) -> float:
    """The figure that is minimised, given what is maximised in its place, in steps of `unit`."""
    return 0.0 - unit * gain


def per_step(shadow_prices: Mapping[str, float], unit: int) -> dict[str, float]:
    """Prices of the figure as prices of its steps of `unit`."""
    return {name: price / unit for name, price in shadow_prices.items()}
