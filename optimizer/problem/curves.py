"""Response curves: v_ik, the expected outcome of unit i if it is offered amount k, c_ik, what that costs, and whether it may be.

What is maximised is the outcome, unless a second objective says otherwise: then the curves carry its gains g_ik as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST, Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What each of n units would do, and cost, at each of m amounts; arrays are read-only.

    Attributes
    ----------
    values : (n, m) float64; column 0 is the outcome without an award.
    costs : (m,) or (n, m) int64 currency units; column 0 is what giving nothing costs.
    amounts : the m amounts.
    barred : (n, m) options that a unit may not be given, at most m − 1 of them each; None if there are none.
    aims : (n, m) what is maximised in place of the outcome; None if it is the outcome.
    step : all aims are whole multiples of it; 0 if that is not known.
    expected : whether costs are expectations.
    """

    values: NDArray[np.float64]
    costs: NDArray[np.int64]
    amounts: Amounts
    barred: NDArray[np.bool_] | None = None
    aims: NDArray[np.float64] | None = None
    step: float = 0.0
    expected: bool = False

    @classmethod
    def of(
        cls, values: ArrayLike, amounts: Amounts, costs: ArrayLike | None = None, barred: NDArray[np.bool_] | None = None
    ) -> Self:
        """Curves from an (n, m) table of expected outcomes; costs default to the amounts.

        Raises
        ------
        DataError
            If a shape does not fit, a value is not finite, a cost is negative or not whole, or every option of a unit is barred.
        """
        table = np.ascontiguousarray(values, dtype=np.float64)
        if table.shape[1:] != (len(amounts),):
            raise DataError(f"values: must be (units, {len(amounts)}), one column an amount, got shape {table.shape}")
        if not len(table):
            raise DataError("values: must have at least one unit, got none; see whether the table of units is empty")
        with np.errstate(invalid="ignore", over="ignore"):
            plain = bool(np.isfinite(table.sum()))
        if not plain and not np.isfinite(table).all():
            rows = np.flatnonzero(~np.isfinite(table).all(axis=1))
            raise DataError(
                f"values: must be finite, got {len(rows)} rows that are not, first {rows[:5].tolist()}; "
                "see what the model predicts for them"
            )
        return cls(
            values=_read_only(table),
            costs=_read_only(_costs(costs, amounts, table.shape)),
            amounts=amounts,
            barred=None if barred is None else _read_only(_barred(barred, table.shape)),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m)."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def gains(self) -> NDArray[np.float64]:
        """(n, m): what is maximised."""
        return self.values if self.aims is None else self.aims

    @property
    def aimed(self) -> bool:
        """Whether something else than the outcome is maximised."""
        return self.aims is not None

    def in_steps(self, bound: float, rounding: float) -> float:
        """As the function of this name, in the steps of these."""
        return in_steps(bound, self.step, rounding)

    @property
    def common_costs(self) -> NDArray[np.int64] | None:
        """(m,) costs that are every unit's, or None if units have their own."""
        return self.costs if self.costs.ndim == 1 else None

    def parts(self) -> Iterator[tuple[slice, Curves]]:
        """All units at once: they are in memory anyway."""
        yield slice(0, self.shape[0]), self

    def part(self, units: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Curves:
        """The curves of these units."""
        return replace(
            self,
            values=self.values[units],
            costs=self.costs if self.costs.ndim == 1 else self.costs[units],
            barred=None if self.barred is None else self.barred[units],
            aims=None if self.aims is None else self.aims[units],
        )

    def offering(self, options: NDArray[np.intp]) -> Curves:
        """The same units with these options alone, which stand in that order; outcomes are what is maximised."""
        return replace(
            self,
            values=self.values[:, options],
            costs=self.costs[..., options],
            barred=None if self.barred is None else self.barred[:, options],
            aims=None,
        )

    @staticmethod
    def join(parts: Sequence[Curves]) -> Curves:
        """Curves of the same kind, one after the other; of some of them nothing may be barred."""
        first, *others = parts
        if not others:
            return first

        def whole(name: str) -> Any:
            return None if getattr(first, name) is None else np.concatenate([getattr(part, name) for part in parts])

        costs = first.costs if first.costs.ndim == 1 else whole("costs")
        barred = None
        if any(part.barred is not None for part in parts):
            free = [np.zeros(part.shape, dtype=bool) if part.barred is None else part.barred for part in parts]
            barred = np.concatenate(free)
        return replace(first, values=whole("values"), costs=costs, barred=barred, aims=whole("aims"))

    def column(self, option: int) -> NDArray[np.float64]:
        """(n,): every unit's outcome at one option."""
        return self.values[:, option]

    def dense(self) -> Curves:
        """All curves at once."""
        return self

    def cost_of(self, choice: NDArray[np.intp], units: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.int64]:
        """Cost of option `choice[j]` for each chosen unit, in currency units."""
        if self.costs.ndim == 1:
            return self.costs[choice]
        return np.take_along_axis(self.costs[units], choice[:, None], axis=1)[:, 0]

    def value_of(self, choice: NDArray[np.intp]) -> NDArray[np.float64]:
        """Expected outcome of each unit at its option `choice[i]`: (n,)."""
        n, m = self.shape
        outcome: NDArray[np.float64] = self.values.reshape(-1)[np.arange(n) * m + choice]
        return outcome

    def gain_of(self, choice: NDArray[np.intp]) -> NDArray[np.float64]:
        """What each unit adds to what is maximised, at its option `choice[i]`: (n,)."""
        return self.value_of(choice) if self.aims is None else self.aims[np.arange(len(choice)), choice]

    def barred_at(self, choice: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether each unit may not be given its option `choice[i]`: (n,)."""
        return np.zeros(len(choice), dtype=bool) if self.barred is None else self.barred[np.arange(len(choice)), choice]


def in_steps(bound: float, step: float, rounding: float) -> float:
    """A bound in whole steps, if what is maximised comes in steps; floating point may have lowered it by `rounding`."""
    if not step or not math.isfinite(bound):
        return bound
    return min(bound, math.floor((bound + rounding) / step) * step)


def _costs(costs: ArrayLike | None, amounts: Amounts, shape: tuple[int, ...]) -> NDArray[np.int64]:
    if costs is None:
        return amounts.array
    given = np.asarray(costs)
    if given.shape not in ((shape[1],), shape):
        raise DataError(f"costs: must be ({shape[1]},) or {shape}, got shape {given.shape}")
    if not np.issubdtype(given.dtype, np.number) or not np.isfinite(given).all() or (np.abs(given) > LARGEST).any():
        raise DataError(f"costs: must be finite numbers of at most {LARGEST}, got {given.max()}; use a larger currency unit")
    whole = given.astype(np.int64)
    if not np.array_equal(whole, given):
        raise DataError("costs: must be whole currency units, got fractions; choose a smaller currency unit, such as cents")
    if (whole < 0).any():
        raise DataError(f"costs: must be at least 0, got {whole.min()}")
    return whole


def _barred(barred: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if barred.shape != shape or barred.dtype != np.bool_:
        raise DataError(f"barred: must be {shape} of true and false, got {barred.dtype} of shape {barred.shape}")
    stuck = np.flatnonzero(barred.all(axis=1))
    if len(stuck):
        raise DataError(
            f"barred: every unit needs an amount that it may be given, 0 perhaps, got none for {len(stuck)} units, "
            f"first row {stuck[0]}; bar fewer"
        )
    return barred


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
