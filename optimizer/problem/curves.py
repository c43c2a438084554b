"""Response curves: v_ik, the expected outcome of unit i if it is offered amount k, and c_ik, what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    """

    values: NDArray[np.float64]
    costs: NDArray[np.int64]
    amounts: Amounts

    @classmethod
    def of(cls, values: ArrayLike, amounts: Amounts, costs: ArrayLike | None = None) -> Self:
        """Curves from an (n, m) table of expected outcomes; costs default to the amounts.

        Raises
        ------
        DataError
            If a shape does not fit, a value is not finite, or a cost is negative or not whole.
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
        return cls(values=_read_only(table), costs=_read_only(_costs(costs, amounts, table.shape)), amounts=amounts)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m)."""
        return self.values.shape[0], self.values.shape[1]

    def parts(self) -> Iterator[tuple[slice, Curves]]:
        """All units at once: they are in memory anyway."""
        yield slice(0, self.shape[0]), self

    def rows(self, units: NDArray[np.intp]) -> NDArray[np.float64]:
        """(units, m): the curves of these units."""
        return self.values[units]

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


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
