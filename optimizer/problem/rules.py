"""Rules for single units: who may be given which of the amounts.

    never: where          nothing at all            fixed: column      an award that was promised and stands
    cap, floor: column    at most, at least         only: where        a group's own tiers
    cost_per_uplift       no award that costs more for what it brings:  c_ik ≤ figure · (v_ik − v_i0)

A promise, or a floor, stands whatever its return. Two rules that leave a unit nothing are an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST, Amounts
from optimizer.problem.costs import amounts_in
from optimizer.problem.where import Where

Group = Where | Mapping[str, Any]

NO_CAP = 10**18
"""What an empty cell of a column of caps says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What single units may be given, besides what limits say of their totals.

    Attributes
    ----------
    never : groups that get nothing, each as `Limit` takes its group.
    fixed : the units' column of awards that stand; an empty cell is no promise, 0 is one.
    cap, floor : the units' columns of the largest and the smallest award; an empty cell is none, and a floor of 0 is none.
    only : groups, each with the amounts that its units may be given, besides none.
    cost_per_uplift : what one more expected outcome may cost at most, for each award, in currency units.
    """

    never: Sequence[Group] = ()
    fixed: str | None = None
    cap: str | None = None
    floor: str | None = None
    only: Sequence[tuple[Group, Sequence[int]]] = ()
    cost_per_uplift: int | None = None

    def __post_init__(self) -> None:
        most = self.cost_per_uplift
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= LARGEST):
            raise ValueError(
                f"rules.cost_per_uplift: must be whole currency units from 0 to {LARGEST}, got {most!r}; "
                "leave it out to have no such rule"
            )

    @property
    def barred_groups(self) -> tuple[Where, ...]:
        """The groups that get nothing."""
        return tuple(Where.read(group) for group in self.never)

    @property
    def tiers(self) -> tuple[tuple[Where, tuple[int, ...]], ...]:
        """The groups with amounts of their own, and these."""
        return tuple((Where.read(group), tuple(kept)) for group, kept in self.only)

    @property
    def columns(self) -> tuple[str, ...]:
        """The units' columns that they name."""
        groups = (*self.barred_groups, *(group for group, _ in self.tiers))
        own = (self.fixed, self.cap, self.floor)
        return (*(column for group in groups for column in group.columns), *(column for column in own if column is not None))

    def menu(self, frame: pd.DataFrame | None, n: int, amounts: Amounts) -> Menu:
        """Who of n units may be given what.

        Raises
        ------
        DataError
            If a column is absent or holds no amounts, a promise is not on offer, or a unit is left nothing.
        """
        if frame is not None and len(frame) != n:
            raise DataError(f"units: must have one row for each of the {n} curves, got {len(frame)}")
        offered, least = amounts.array, np.zeros(n, dtype=np.int64)
        most = np.full(n, offered[-1])
        if self.floor is not None:
            least = amounts_in(frame, self.floor, "rules.floor", missing=0)
        if self.cap is not None:
            most = np.minimum(most, amounts_in(frame, self.cap, "rules.cap", missing=NO_CAP))
        for group in self.barred_groups:
            most[_mask(group, frame, "never")] = 0
        low, high = np.searchsorted(offered, least), np.searchsorted(offered, most, side="right") - 1
        tiers, tier = self._tiers(frame, n, amounts)
        if self.fixed is not None:
            low, high = self._promises(frame, amounts, low, high)
        menu = Menu(low=low, high=high, tiers=tiers, tier=tier)
        _check_left(menu, n, len(amounts))
        return menu

    def _tiers(self, frame: pd.DataFrame | None, n: int, amounts: Amounts) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        patterns, which = np.ones((1, len(amounts)), dtype=bool), np.zeros(n, dtype=np.intp)
        for group, kept in self.tiers:
            unknown = sorted(set(kept) - set(amounts))
            if unknown:
                raise DataError(f"rules.only: {unknown[0]} is not among the amounts on offer; add it to the amounts, or drop it")
            tier = np.isin(amounts.array, (0, *kept))
            inside = _mask(group, frame, "only")
            patterns = np.concatenate([patterns, patterns & tier])
            which = np.where(inside, which + len(patterns) // 2, which)
        return patterns, which

    def _promises(
        self, frame: pd.DataFrame | None, amounts: Amounts, low: NDArray[np.intp], high: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        assert self.fixed is not None
        promised = amounts_in(frame, self.fixed, "rules.fixed", missing=-1)
        offered = amounts.array
        place = np.searchsorted(offered, np.maximum(promised, 0)).clip(max=len(offered) - 1)
        given = promised >= 0
        wrong = np.flatnonzero(given & (offered[place] != promised))
        if len(wrong):
            raise DataError(
                f"rules.fixed: {promised[wrong[0]]} in row {wrong[0] + 1} of the units is not among the amounts on offer, "
                f"{len(wrong)} such in all; add it to the amounts, or correct it"
            )
        return np.where(given, np.maximum(low, place), low), np.where(given, np.minimum(high, place), high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What each of n units may be given: options low … high that are in its tier.

    Attributes
    ----------
    low, high : (n,) option index.
    tiers, tier : (P, m) bool and (n,): the patterns of options, and each unit's.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    tiers: NDArray[np.bool_]
    tier: NDArray[np.intp]

    def barred(self, units: NDArray[np.intp] | slice) -> NDArray[np.bool_]:
        """(units, m): options that they may not be given."""
        option = np.arange(self.tiers.shape[1])
        low, high = self.low[units, None], self.high[units, None]
        outside: NDArray[np.bool_] = (option < low) | (option > high) | ~self.tiers[self.tier[units]]
        return outside


def too_dear(
    costs: NDArray[np.int64], values: NDArray[np.float64], most: int, barred: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """(units, m): awards that cost more than `most` for each outcome that they bring; not of a unit that must be given one."""
    dear: NDArray[np.bool_] = costs > most * (values - values[:, :1])
    dear[:, 0] = False
    if barred is not None:
        dear[barred[:, 0]] = False
    return dear


def unlike(seen: NDArray[np.bool_], barred: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """(units, m): what is barred, or was not seen with units alike; who must be given an award may get the least it may have."""
    if barred is None:
        return ~seen
    outside = barred | ~seen
    must = np.flatnonzero(barred[:, 0])
    outside[must, np.argmin(barred[must], axis=1)] = False
    return outside


def _mask(group: Where, frame: pd.DataFrame | None, rule: str) -> NDArray[np.bool_]:
    if frame is None:
        raise DataError(f"rules.{rule}: names the group {group}, but no columns of the units are known; pass units=")
    try:
        return group.mask(frame)
    except ValueError as wrong:
        raise DataError(f"rules.{rule}: {wrong}") from wrong


def _check_left(menu: Menu, n: int, m: int) -> None:
    for start in range(0, n, step := max(1, (1 << 24) // m)):
        stuck = np.flatnonzero(menu.barred(slice(start, start + step)).all(axis=1))
        if len(stuck):
            raise DataError(
                f"rules: leave row {start + stuck[0] + 1} of the units no amount that it may be given, not even none; "
                "see its promise, floor, cap, groups and the amounts on offer"
            )
