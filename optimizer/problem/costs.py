"""What an award costs: the amount itself, or the amount only if the outcome happens, and what it takes to hand it out.

    c_ik = a_k  or  ⌈a_k v_ik⌉,   plus (per_award + column_i) 1[k > 0]

A scholarship that is paid to those who enrol costs a_k v_ik in expectation; it is rounded up to whole currency units, so that
a budget stays a matter of whole numbers and is never exceeded by rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST

Paid = Literal["always", "if_outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """How an award is charged to the limits on cost.

    Attributes
    ----------
    paid : ``always``, or ``if_outcome``: only where the outcome happens, so that costs are expectations.
    per_award : currency units that each award costs besides.
    column : the units' column of what an award costs for each of them besides, in whole currency units.

    Raises
    ------
    ValueError
        If `per_award` is negative or not whole.
    """

    paid: Paid = "always"
    per_award: int = 0
    column: str | None = None

    def __post_init__(self) -> None:
        if self.paid not in ("always", "if_outcome"):
            raise ValueError(f"costs.paid: must be always or if_outcome, got {self.paid!r}")
        if isinstance(self.per_award, bool) or not isinstance(self.per_award, int) or not 0 <= self.per_award <= LARGEST:
            raise ValueError(
                f"costs.per_award: must be whole currency units from 0 to {LARGEST}, got {self.per_award!r}; "
                "use 0 where an award costs its amount and no more"
            )

    @property
    def expected(self) -> bool:
        """Whether costs are expectations."""
        return self.paid == "if_outcome"

    def charges(self, frame: pd.DataFrame | None) -> Charges:
        """The costs of these units.

        Raises
        ------
        DataError
            If the column is absent, or holds what is no cost.
        """
        extra = None if self.column is None else amounts_in(frame, self.column, "costs.column", missing=None)
        return Charges(expected=self.expected, per_award=self.per_award, extra=extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """Costs of n units.

    Attributes
    ----------
    extra : (n,) int64 currency units that an award costs besides, or None.
    """

    expected: bool = False
    per_award: int = 0
    extra: NDArray[np.int64] | None = None

    @property
    def common(self) -> bool:
        """Whether an amount costs the same for every unit."""
        return not self.expected and self.extra is None

    def of(self, amount: NDArray[np.int64], value: NDArray[np.float64], units: Any) -> NDArray[np.int64]:
        """Currency units of giving `amount` to units whose expected outcome is then `value`; the two are broadcast."""
        paid = np.ceil(amount * np.clip(value, 0.0, 1.0)).astype(np.int64) if self.expected else amount
        besides = self.per_award if self.extra is None else self.per_award + self.extra[units]
        if np.ndim(besides) and np.ndim(value) > 1:
            besides = np.asarray(besides)[:, None]
        return paid + besides * (amount > 0)


def amounts_in(frame: pd.DataFrame | None, column: str, place: str, *, missing: int | None) -> NDArray[np.int64]:
    """A column of whole currency units, (n,) int64.

    Parameters
    ----------
    missing : what an empty cell says; None if there may be none.

    Raises
    ------
    DataError
        If the column is absent, or a cell is not a whole number of at least 0.
    """
    if frame is None or column not in frame.columns:
        known = (
            "no columns of the units are known; pass units=" if frame is None else f"they have {sorted(map(str, frame.columns))}"
        )
        raise DataError(f"{place}: column {column!r} is not in the units; {known}")
    cells = frame[column]
    if not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        raise DataError(f"{place}: column {column!r} must hold whole currency units, got {cells.dtype}; write plain numbers")
    numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    absent = np.isnan(numbers)
    filled = np.where(absent, 0.0 if missing is None else missing, numbers)
    with np.errstate(invalid="ignore"):
        wrong = ((filled < 0) | (filled > LARGEST) | (filled != np.floor(filled))) & ~absent
    if missing is None:
        wrong |= absent
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise DataError(
            f"{place}: column {column!r} must hold whole currency units from 0 to {LARGEST}, got {cells.iloc[rows[0]]} in row "
            f"{rows[0] + 1} of the units, {len(rows)} such in all; correct them"
        )
    return filled.astype(np.int64)
