"""The limits compiled on given units: every limit is a row Σ_i u_lik ≤ b_l, with

    u_lik = A_lg c_ik + B_lg 1[k > 0] + C_lg v_ik,       g the group that unit i is in.

Units that no limit tells apart form a group, so a few small tables (L × G) hold all usages. Coefficients are exact fractions;
a total is compared with b_l in exact arithmetic, so a budget is never a floating-point matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups, groups_together, masks_of, patterns_in, values_of, values_together
from optimizer.problem.rows import MEASURES, Row, in_steps, rows_of, slack
from optimizer.problem.sums import Sums, exact_parts_by
from optimizer.problem.totals import Totals as Totals  # noqa: PLC0414 — a noun of its own, but part of what this module is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """All limits as rows over groups.

    Attributes
    ----------
    rows : L rows.
    groups : (n,) group of each unit, 0 … G − 1.
    coefficients : (3, L, G) float64: A, B and C, for pricing; totals are compared through the rows' fractions.
    allowed : (L,) float64: b.
    without : for each group, its outcome without any award; zeros where no limit counts uplift.
    """

    rows: tuple[Row, ...]
    groups: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    allowed: NDArray[np.float64]
    without: tuple[Fraction, ...]

    @classmethod
    def compile(
        cls,
        limits: Sequence[Limit],
        n: int,
        frame: pd.DataFrame | None = None,
        without: Callable[[], NDArray[np.float64]] | None = None,
    ) -> Self:
        """Compile limits on n units, whose columns `frame` holds.

        Parameters
        ----------
        without : gives each unit's outcome without an award, (n,); asked if a limit counts uplift.

        Raises
        ------
        DataError
            If a limit names a group and there are no columns, or the column is absent.
        """
        limits = distinct_names(limits)
        values = values_together(limits, [values_of(limits, n, frame)])
        masks = masks_of(limits, n, frame, values)
        groups = groups_together(limits, values, [patterns_in(masks)])
        own = groups.of(masks)
        bases = None
        if without is not None and counts_uplift(limits):
            bases = exact_parts_by(without(), own, len(groups.patterns))
        return cls.of_groups(limits, groups, own, bases)

    @classmethod
    def of_groups(
        cls, limits: Sequence[Limit], groups: Groups, own: NDArray[np.intp], without: Sequence[Sums] | None = None
    ) -> Self:
        """Compile limits, each with a name of its own, on units whose groups are known.

        Parameters
        ----------
        own : (n,) group of each unit; empty where the units are elsewhere.
        without : the outcome without an award of each group, exactly; needed if a limit counts uplift.
        """
        bases = tuple(Fraction(math.fsum(parts)) for parts in without or ((),) * len(groups.sizes))
        rows = [row for place, limit in enumerate(limits) for row in rows_of(limit, groups.inside(place), groups.sizes, bases)]
        return cls.over(tuple(rows), own, len(groups.sizes), bases)

    @classmethod
    def over(cls, rows: tuple[Row, ...], groups: NDArray[np.intp], n_groups: int, without: tuple[Fraction, ...] = ()) -> Self:
        """Rows over units whose groups are known."""
        table = np.array([row.coefficients for row in rows], dtype=np.float64).reshape(len(rows), 3, n_groups)
        allowed = np.array([float(row.allowed) for row in rows], dtype=np.float64)
        bases = without or (Fraction(0),) * n_groups
        return cls(rows=rows, groups=groups, coefficients=table.transpose(1, 0, 2), allowed=allowed, without=bases)

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
        return Coupling.over(self.rows if rows is None else rows, self.groups[units], self.n_groups, self.without)

    def at(self, units: NDArray[np.intp] | slice) -> Coupling:
        """The same rows over a part of the units."""
        return replace(self, groups=self.groups[units])

    def bare(self) -> Coupling:
        """The rows alone, for units whose groups stand elsewhere."""
        return self.at(slice(0))

    def keeping(self, rows: Sequence[Row]) -> Coupling:
        """These rows over the same units."""
        return Coupling.over(tuple(rows), self.groups, self.n_groups, self.without)

    def tightened(self, costs: NDArray[np.int64] | None) -> Coupling:
        """The same limits in whole steps: if every usage is a multiple of 50 000, no plan uses more than the last such step.

        A bound with these figures is a bound still, and a closer one. Costs of single units, and rows that count outcomes, have
        no common step.
        """
        if costs is None or costs.ndim > 1:
            return self
        return self.keeping([in_steps(row, costs) for row in self.rows])

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
            measured = used if row.limit.by else self._measured(row, totals)
            report[row.name] = (float(measured), float(measured - row.sign * (used - row.allowed)))
        return report

    def _measured(self, row: Row, totals: Totals) -> Fraction:
        own = row.limit.measure
        return sum(
            (
                Fraction(group[2]) - without if own == "uplift" else Fraction(group[MEASURES.index(own)])
                for group, without, is_in in zip(totals.by_group, self.without, row.inside, strict=True)
                if is_in
            ),
            Fraction(0),
        )

    def over_use(self, totals: Totals) -> tuple[Fraction, ...]:
        """How far each row's usage passes what it allows; negative where something is left."""
        return tuple(used - row.allowed for row, used in zip(self.rows, self.used(totals), strict=True))

    def with_figure(self, row: Row, figure: Fraction) -> Row:
        """The row that its limit, or that side of it, would be with another figure."""
        if row.limit.by is not None:
            return replace(row, limit=replace(row.limit, figure=figure), allowed=figure)
        sizes = tuple(np.bincount(self.groups, minlength=self.n_groups).tolist())
        other = rows_of(replace(row.limit, figure=figure), {"": row.inside}, sizes, self.without)
        return next(side for side in other if side.sign == row.sign)

    def at_figure(self, name: str, figure: Fraction) -> Coupling:
        """All limits, that of this name with another figure."""
        return self.keeping([self.with_figure(row, figure) if row.limit.name == name else row for row in self.rows])

    def figure_of(self, row: Row, totals: Totals) -> Fraction:
        """The figure at which this allocation keeps the row's limit with nothing to spare."""
        measured = self._measured(row, totals)
        # The row is measure − figure · base, all on one side, so two figures tell the base.
        at = [self.keeping([self.with_figure(row, Fraction(figure))]).over_use(totals)[0] for figure in (0, 1)]
        base = row.sign * (at[0] - at[1])
        return measured / base if base else row.limit.figure

    def shadow_prices(self, prices: NDArray[np.float64]) -> dict[str, float]:
        """By limit, what one unit more of its figure is worth, given the rows' prices (L,); an equation has two rows."""
        report = {row.name: 0.0 for row in self.rows}
        for row, price in zip(self.rows, prices, strict=True):
            report[row.name] += row.sign * float(price)
        return report

    def row_prices(self, shadow: Mapping[str, float]) -> NDArray[np.float64]:
        """The rows' prices (L,) that `shadow_prices` came from: an equation's price is that of the side it presses on."""
        prices = np.array([row.sign * float(shadow[row.name]) for row in self.rows])
        return np.where([row.limit.sense == "exactly" for row in self.rows], np.maximum(prices, 0.0), prices)

    def broken(self, totals: Totals) -> tuple[Row, ...]:
        """The rows that an allocation with these totals breaks."""
        return tuple(row for row, used in zip(self.rows, self.used(totals), strict=True) if used > row.allowed + slack(row))


def counts_uplift(limits: Sequence[Limit]) -> bool:
    """Whether a limit counts uplift."""
    return any("uplift" in (limit.measure, limit.of) for limit in limits)


def distinct_names(limits: Sequence[Limit]) -> list[Limit]:
    """The limits, each with a name of its own."""
    taken = {limit.name for limit in limits}
    named: list[Limit] = []
    for limit in limits:
        name = limit.name
        if any(name == earlier.name for earlier in named):
            name = next(f"{name} ({i})" for i in count(2) if f"{name} ({i})" not in taken)
            taken.add(name)
        named.append(replace(limit, name=name))
    return named
