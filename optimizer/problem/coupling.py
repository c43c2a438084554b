"""The limits compiled on given units: every limit is a row Σ_i u_lik ≤ b_l, with

    u_lik = A_lg c_ik + B_lg 1[k > 0] + C_lg v_ik,       g the group that unit i is in.

Units that no limit tells apart form a group, so a few small tables (L × G) hold all usages. Coefficients are exact
fractions; a total is compared with b_l in exact arithmetic, so a budget is never a floating-point matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum

OUTCOME_TOLERANCE = 1e-9
"""Relative slack of a row that counts expected outcomes: those are floats, and their sums round."""

MEASURES = ("cost", "recipients", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One limit as Σ usage ≤ allowed.

    Attributes
    ----------
    limit : where the row comes from.
    inside : whether the limit counts the units of each group.
    coefficients : for each measure (cost, recipients, outcome), its coefficient in each group.
    allowed : b_l.
    """

    limit: Limit
    inside: tuple[bool, ...]
    coefficients: tuple[tuple[Fraction, ...], tuple[Fraction, ...], tuple[Fraction, ...]]
    allowed: Fraction

    @property
    def sign(self) -> int:
        """+1 for at_most, −1 for at_least: a row's price times its sign is the limit's shadow price."""
        return 1 if self.limit.sense == "at_most" else -1

    @property
    def counts_outcome(self) -> bool:
        """Whether the row's usage is a float."""
        return any(self.coefficients[2])


@dataclass(frozen=True, slots=True)
class Totals:
    """What an allocation adds up to in each group, exactly: cost, recipients, and outcome (correctly rounded)."""

    by_group: tuple[tuple[int, int, float], ...]

    @classmethod
    def of(
        cls, choice: NDArray[np.intp], curves: Curves | Streamed, coupling: Coupling, counted: NDArray[np.bool_] | None = None
    ) -> Self:
        """Totals of choosing option `choice[i]` for unit i, over the units that are `counted` (all, by default)."""
        costs, values = curves.cost_of(choice), curves.value_of(choice)

        def total(inside: NDArray[np.bool_]) -> tuple[int, int, float]:
            heads = int(np.count_nonzero(choice[inside]))
            return int(costs[inside].sum()), heads, exact_sum(values[inside])

        everyone = np.ones(len(choice), dtype=bool) if counted is None else counted
        if coupling.n_groups == 1:
            return cls((total(everyone),))
        return cls(tuple(total(everyone & (coupling.groups == g)) for g in range(coupling.n_groups)))

    @property
    def cost(self) -> int:
        """Currency units spent."""
        return sum(cost for cost, _, _ in self.by_group)

    @property
    def recipients(self) -> int:
        """Units with an award."""
        return sum(heads for _, heads, _ in self.by_group)

    @property
    def outcome(self) -> float:
        """Expected outcome."""
        return math.fsum(outcome for _, _, outcome in self.by_group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """All limits as rows over groups.

    Attributes
    ----------
    rows : L rows.
    groups : (n,) group of each unit, 0 … G − 1.
    coefficients : (3, L, G) float64: A, B and C, for pricing; totals are compared through the rows' fractions.
    allowed : (L,) float64: b.
    """

    rows: tuple[Row, ...]
    groups: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    allowed: NDArray[np.float64]

    @classmethod
    def compile(cls, limits: Sequence[Limit], n: int, frame: pd.DataFrame | None = None) -> Self:
        """Compile limits on n units, whose columns `frame` holds.

        Raises
        ------
        DataError
            If a limit names a group and there are no columns, or the column is absent.
        """
        limits = _distinct_names(limits)
        masks = [_members(limit, n, frame) for limit in limits]
        distinct = [mask for mask in masks if not mask.all()]
        patterns, groups = _patterns(distinct, n)
        inside = iter(patterns.T)
        member_of = [np.ones(len(patterns), bool) if mask.all() else next(inside) for mask in masks]
        rows = tuple(
            _row(limit, [bool(is_in) for is_in in in_group], int(mask.sum()))
            for limit, mask, in_group in zip(limits, masks, member_of, strict=True)
        )
        return cls.over(rows, groups, len(patterns))

    @classmethod
    def over(cls, rows: tuple[Row, ...], groups: NDArray[np.intp], n_groups: int) -> Self:
        """Rows over units whose groups are known."""
        table = np.array([row.coefficients for row in rows], dtype=np.float64).reshape(len(rows), 3, n_groups)
        allowed = np.array([float(row.allowed) for row in rows], dtype=np.float64)
        return cls(rows=rows, groups=groups, coefficients=table.transpose(1, 0, 2), allowed=allowed)

    @property
    def n_groups(self) -> int:
        """G."""
        return int(self.coefficients.shape[2])

    @property
    def packing(self) -> bool:
        """Whether every row's usage is a non-negative whole number, so that giving less never breaks a limit."""
        return all(
            c >= 0 and c.denominator == 1 for row in self.rows for measure in row.coefficients[:2] for c in measure
        ) and not any(row.counts_outcome for row in self.rows)

    def of_part(self, units: NDArray[np.intp] | slice, rows: tuple[Row, ...] | None = None) -> Coupling:
        """The rows (others, if given) over a part of the units."""
        return Coupling.over(self.rows if rows is None else rows, self.groups[units], self.n_groups)

    def tightened(self, costs: NDArray[np.int64]) -> Coupling:
        """The same limits in whole steps: if every usage is a multiple of 50 000, no plan uses more than the last such step.

        A bound with these figures is a bound still, and a closer one. Costs of single units, and rows that count outcomes, have
        no common step.
        """
        if costs.ndim > 1:
            return self
        return Coupling.over(tuple(_in_steps(row, costs) for row in self.rows), self.groups, self.n_groups)

    def used(self, totals: Totals) -> tuple[Fraction, ...]:
        """Usage of each row, exactly."""
        return tuple(
            sum(
                (
                    row.coefficients[q][g] * Fraction(totals.by_group[g][q])
                    for q in range(3)
                    for g in range(self.n_groups)
                    if row.coefficients[q][g]
                ),
                Fraction(0),
            )
            for row in self.rows
        )

    def usage(self, totals: Totals) -> dict[str, tuple[float, float]]:
        """By limit, (used, allowed) in the limit's own measure; of a share, what it allows of the total it is taken of."""
        report = {}
        for row, used in zip(self.rows, self.used(totals), strict=True):
            own = MEASURES.index(row.limit.measure)
            measured = sum(
                (Fraction(group[own]) for group, is_in in zip(totals.by_group, row.inside, strict=True) if is_in), Fraction(0)
            )
            report[row.limit.name] = (float(measured), float(measured - row.sign * (used - row.allowed)))
        return report

    def broken(self, totals: Totals) -> tuple[Row, ...]:
        """The rows that an allocation with these totals breaks."""
        return tuple(row for row, used in zip(self.rows, self.used(totals), strict=True) if used > row.allowed + slack(row))


def _in_steps(row: Row, costs: NDArray[np.int64]) -> Row:
    if row.counts_outcome:
        return row
    unit = math.lcm(*(c.denominator for measure in row.coefficients for c in measure))
    pairs = set(zip(*row.coefficients[:2], strict=True))
    usages = [int(a * unit) * cost + int(b * unit) * (k > 0) for a, b in pairs for k, cost in enumerate(costs.tolist())]
    step = math.gcd(*usages)
    return replace(row, allowed=Fraction(math.floor(row.allowed * unit / step) * step, unit)) if step else row


def slack(row: Row) -> Fraction:
    """How far a row's usage may pass its figure: nothing, but for rows that count expected outcomes."""
    return Fraction(OUTCOME_TOLERANCE) * max(Fraction(1), abs(row.allowed)) if row.counts_outcome else Fraction(0)


def _distinct_names(limits: Sequence[Limit]) -> list[Limit]:
    taken = {limit.name for limit in limits}
    named: list[Limit] = []
    for limit in limits:
        name = limit.name
        if any(name == earlier.name for earlier in named):
            name = next(f"{name} ({i})" for i in count(2) if f"{name} ({i})" not in taken)
            taken.add(name)
        named.append(replace(limit, name=name))
    return named


def _members(limit: Limit, n: int, frame: pd.DataFrame | None) -> NDArray[np.bool_]:
    if limit.where is None:
        return np.ones(n, dtype=bool)
    if frame is None:
        raise DataError(f"limit {limit.name}: names the group {limit.where}, but no columns of the units are known; pass units=")
    if len(frame) != n:
        raise DataError(f"units: must have one row for each of the {n} curves, got {len(frame)}")
    try:
        return limit.where.mask(frame)
    except ValueError as wrong:
        raise DataError(f"limit {limit.name}: {wrong}") from wrong


def _patterns(masks: Sequence[NDArray[np.bool_]], n: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Distinct membership patterns (G, masks) and the pattern of each unit (n,)."""
    if not masks:
        return np.ones((1, 0), dtype=bool), np.zeros(n, dtype=np.intp)
    patterns, groups = np.unique(np.column_stack(masks), axis=0, return_inverse=True)
    return patterns, groups.reshape(-1).astype(np.intp)


def _row(limit: Limit, in_group: Sequence[bool], size: int) -> Row:
    sign = 1 if limit.sense == "at_most" else -1
    coefficients = [[Fraction(0)] * len(in_group) for _ in MEASURES]
    for g, is_in in enumerate(in_group):
        if is_in:
            coefficients[MEASURES.index(limit.measure)][g] += sign
        if limit.of in MEASURES and (is_in or limit.of == limit.measure):
            coefficients[MEASURES.index(limit.of)][g] -= sign * limit.figure
    cost, recipients, outcome = (tuple(by_group) for by_group in coefficients)
    return Row(limit=limit, inside=tuple(in_group), coefficients=(cost, recipients, outcome), allowed=sign * _figure(limit, size))


def _figure(limit: Limit, size: int) -> Fraction:
    if limit.of is None:
        return limit.figure
    if limit.of != "units":
        return Fraction(0)
    exact = limit.figure * size
    if limit.measure == "outcome":
        return exact
    return Fraction(math.floor(exact) if limit.sense == "at_most" else math.ceil(exact))
