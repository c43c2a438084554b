"""A limit: the total of a measure over a group, compared with a number or with a share of another total.

    Σ_{i ∈ group} measure_i  ≤ | ≥ | =  figure            (of = None)
    Σ_{i ∈ group} measure_i  ≤ | ≥ | =  figure · total    (of = units | recipients | cost | outcome | uplift)
    |mean_g − mean_h| ≤ figure  for all g, h among the groups of a column    (parity)

Shares are read as what was written (0.29 is 29/100, and 1/3 in floating point is 1/3), so that floor(0.29 · 100) is 29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, Self, get_args

import numpy as np

from optimizer.problem.where import Where

Measure = Literal["cost", "recipients", "outcome", "uplift"]
Base = Literal["units", "recipients", "cost", "outcome", "uplift"]
Sense = Literal["at_most", "at_least", "exactly"]
Among = Literal["group", "everyone"]

FINEST = 10**6
"""Shares are fractions with at most this denominator: beyond it solvers' tolerances blur what is allowed."""

EXPECTED = ("outcome", "uplift")
"""Measures that are expectations: floats, where the others are whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit on an allocation; build it with `Limit.cost`, `.recipients`, `.outcome`, `.uplift` or `.parity`.

    Attributes
    ----------
    measure : what is counted: cost (currency units), recipients (heads), outcome (expected), or uplift (the part of the
        outcome that the awards bring).
    sense : ``at_most``, ``at_least`` or ``exactly``; a share of units that is no whole number is rounded down, for at_least up.
    figure : an exact number; a share where `of` is set.
    of : the total that a share is taken of.
    among : whose total that is, the group's own or everyone's.
    where : the group that is counted; None is everyone.
    by : the column whose groups are held together, for parity: `figure` is then how far their means may lie apart.
    name : how reports call it.

    Raises
    ------
    ValueError
        If the figure is negative, not finite, or of the wrong kind for its measure.
    """

    measure: Measure
    sense: Sense
    figure: Fraction
    of: Base | None = None
    among: Among = "group"
    where: Where | None = None
    by: str | None = None
    name: str

    @classmethod
    def cost(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        exactly: float | None = None,
        of: Base | None = None,
        among: Among | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the money spent: an int in currency units, or a share `of` (per head with ``of="units"``)."""
        return cls._build("cost", (at_most, at_least, exactly), (of, among), where, name)

    @classmethod
    def recipients(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        exactly: float | None = None,
        of: Base | None = None,
        among: Among | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the number of awards: an int is a head count, a float a share (of the group's units unless `of`)."""
        return cls._build("recipients", (at_most, at_least, exactly), (of, among), where, name)

    @classmethod
    def outcome(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        of: Base | None = None,
        among: Among | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the expected outcome (seats): a number, or a share `of`."""
        return cls._build("outcome", (at_most, at_least, None), (of, among), where, name)

    @classmethod
    def uplift(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        of: Base | None = None,
        among: Among | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit what the awards bring: a number, or a share `of`; ``of="cost"`` is the return on each currency unit."""
        return cls._build("uplift", (at_most, at_least, None), (of, among), where, name)

    @classmethod
    def parity(
        cls, measure: Measure, *, by: str, within: float, where: Mapping[str, Any] | None = None, name: str | None = None
    ) -> Self:
        """Hold the groups of column `by` together: their means of `measure` per unit lie at most `within` apart.

        For recipients the mean is the award rate, and `within` a share: 0.05 is five percentage points.
        """
        place = f"limit parity of {measure}.within"
        if measure not in get_args(Measure):
            raise ValueError(f"limit parity: the measure must be one of {', '.join(get_args(Measure))}, got {measure!r}")
        if not isinstance(by, str) or not by:
            raise ValueError(f"limit parity.by: must name a column of the units, got {by!r}")
        return cls(
            measure=measure,
            sense="at_most",
            figure=_figure(place, within, "recipients" if measure == "recipients" else "outcome", "units"),
            of="units",
            where=_group(where),
            by=by,
            name=name or f"parity of {measure} by {by}",
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The units' columns that it names."""
        return (*(self.where.columns if self.where else ()), *((self.by,) if self.by else ()))

    def at(self, figure: Fraction) -> Self:
        """The limit with another figure.

        Raises
        ------
        ValueError
            If it may not have that figure.
        """
        measure, base = ("outcome", "units") if self.by and self.measure != "recipients" else (self.measure, self.of)
        return replace(self, figure=_figure(f"limit {self.name}.{self.sense}", figure, measure, base))

    @property
    def counts_outcome(self) -> bool:
        """Whether a float, the expected outcome, enters it."""
        return self.measure in EXPECTED or self.of in EXPECTED

    @classmethod
    def _build(
        cls,
        measure: Measure,
        figures: tuple[float | None, float | None, float | None],
        share: tuple[Base | None, Among | None],
        where: Mapping[str, Any] | None,
        name: str | None,
    ) -> Self:
        given = {sense: figure for sense, figure in zip(get_args(Sense), figures, strict=True) if figure is not None}
        if len(given) != 1:
            got = ", ".join(f"{sense}={figure}" for sense, figure in given.items()) or "neither"
            raise ValueError(
                f"limit {measure}: give exactly one of at_most, at_least and exactly, got {got}; two sides are two limits"
            )
        [(sense, figure)] = given.items()
        group = _group(where)
        base = _base(measure, figure, share[0])
        if sense == "exactly" and base in EXPECTED:
            raise ValueError(
                f"limit {measure}.exactly: a share of an expected {base} is never met exactly; "
                "write two limits, at_most and at_least"
            )
        return cls(
            measure=measure,
            sense=sense,
            figure=_figure(f"limit {measure}.{sense}", figure, measure, base),
            of=base,
            among=_among(measure, base, share[1]),
            where=group,
            name=name or f"{measure}{f' of {group}' if group else ''}",
        )


def _group(where: Mapping[str, Any] | Where | None) -> Where | None:
    return None if where is None else Where.read(where)


def _base(measure: Measure, figure: float, of: Base | None) -> Base | None:
    if of is not None and of not in get_args(Base):
        raise ValueError(f"limit {measure}.of: must be one of {', '.join(get_args(Base))}, got {of!r}")
    shared = measure == "recipients" and of is None and isinstance(figure, float | np.floating | Fraction)
    return "units" if shared else of


def _among(measure: Measure, of: Base | None, among: Among | None) -> Among:
    """A share of the same measure is of everyone's total, since of the group's own it would say nothing."""
    if among not in (None, *get_args(Among)):
        raise ValueError(f"limit {measure}.among: must be one of {', '.join(get_args(Among))}, got {among!r}")
    if among is not None and of is None:
        raise ValueError(f"limit {measure}.among: needs a share `of` something, got {among!r} alone; add `of`")
    return among or ("everyone" if of == measure else "group")


def _figure(place: str, figure: float | Fraction, measure: Measure, of: Base | None) -> Fraction:
    if isinstance(figure, bool) or not isinstance(figure, int | float | np.number | Fraction):
        raise ValueError(f"{place}: must be a number, got {figure!r}")
    exact = figure if isinstance(figure, Fraction) else _as_written(place, figure)
    if exact < 0:
        raise ValueError(f"{place}: must be at least 0, got {figure}; use 0 to forbid")
    if measure == "cost" and of is None and exact.denominator != 1:
        raise ValueError(f"{place}: must be whole currency units, got {figure}; for a share say what it is a share `of`")
    if ((measure == "recipients" and of is not None) or of == measure) and exact > 1:
        raise ValueError(f"{place}: a share must be at most 1 (100 %), got {figure}; an int is a head count")
    whole = measure not in EXPECTED and of not in (None, "units", *EXPECTED)
    if whole and exact.denominator > FINEST:
        raise ValueError(f"{place}: a share must have at most 6 decimals, or be a fraction such as 1/3, got {figure}; round it")
    return exact


def _as_written(place: str, figure: float) -> Fraction:
    if isinstance(figure, int):
        return Fraction(figure)
    if not np.isfinite(figure):
        raise ValueError(f"{place}: must be finite, got {figure}; leave the limit out to have none")
    # str, for a single-precision 0.29 is written 0.29 too.
    plain = float(str(figure))
    simple = Fraction(plain).limit_denominator(FINEST)
    return simple if float(simple) == plain else Fraction(repr(plain))
