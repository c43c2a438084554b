"""A limit: the total of a measure over a group, compared with a number or with a share of another total.

    Σ_{i ∈ group} measure_i  ≤ | ≥  figure            (of = None)
    Σ_{i ∈ group} measure_i  ≤ | ≥  figure · total    (of = units | recipients | cost | outcome)

Shares are read as what was written (0.29 is 29/100, and 1/3 in floating point is 1/3), so that floor(0.29 · 100) is 29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Self, get_args

import numpy as np

from optimizer.problem.where import Where

Measure = Literal["cost", "recipients", "outcome"]
Base = Literal["units", "recipients", "cost", "outcome"]
Sense = Literal["at_most", "at_least"]

FINEST = 10**6
"""Shares are fractions with at most this denominator: beyond it solvers' tolerances blur what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit on an allocation; build it with `Limit.cost`, `Limit.recipients` or `Limit.outcome`.

    Attributes
    ----------
    measure : what is counted: cost (currency units), recipients (heads), outcome (expected).
    sense : ``at_most`` or ``at_least``.
    figure : an exact number; a share where `of` is set.
    of : the total that a share is taken of. For the same measure (recipients of recipients) it is everyone's
        total; for another measure it is the group's own.
    where : the group that is counted; None is everyone.
    name : how reports call it.

    Raises
    ------
    ValueError
        If the figure is negative, not finite, or of the wrong kind for its measure.
    """

    measure: Measure
    sense: Sense
    figure: Fraction
    of: Base | None
    where: Where | None
    name: str

    @classmethod
    def cost(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        of: Base | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the money spent: an int in currency units, or a share `of` (per head with ``of="units"``)."""
        return cls._build("cost", at_most, at_least, of, where, name)

    @classmethod
    def recipients(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        of: Base | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the number of awards: an int is a head count, a float a share (of the group's units unless `of`)."""
        return cls._build("recipients", at_most, at_least, of, where, name)

    @classmethod
    def outcome(
        cls,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        of: Base | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Limit the expected outcome (seats): a number, or a share `of`."""
        return cls._build("outcome", at_most, at_least, of, where, name)

    @classmethod
    def _build(
        cls,
        measure: Measure,
        at_most: float | None,
        at_least: float | None,
        of: Base | None,
        where: Mapping[str, Any] | None,
        name: str | None,
    ) -> Self:
        figure = at_most if at_least is None else at_least
        if figure is None or (at_most is not None and at_least is not None):
            raise ValueError(
                f"limit {measure}: give exactly one of at_most and at_least, got "
                f"at_most={at_most}, at_least={at_least}; two sides are two limits"
            )
        sense: Sense = "at_most" if at_least is None else "at_least"
        group = where if where is None or isinstance(where, Where) else Where.parse(where)
        base = _base(measure, figure, of)
        return cls(
            measure=measure,
            sense=sense,
            figure=_figure(f"limit {measure}.{sense}", figure, measure, base),
            of=base,
            where=group,
            name=name or f"{measure}{f' of {group}' if group else ''}",
        )


def _base(measure: Measure, figure: float, of: Base | None) -> Base | None:
    if of is not None and of not in get_args(Base):
        raise ValueError(f"limit {measure}.of: must be one of {', '.join(get_args(Base))}, got {of!r}")
    shared = measure == "recipients" and of is None and isinstance(figure, float | np.floating | Fraction)
    return "units" if shared else of


def _figure(place: str, figure: float, measure: Measure, of: Base | None) -> Fraction:
    if isinstance(figure, bool) or not isinstance(figure, int | float | np.number | Fraction):
        raise ValueError(f"{place}: must be a number, got {figure!r}")
    exact = figure if isinstance(figure, Fraction) else _as_written(place, figure)
    if exact < 0:
        raise ValueError(f"{place}: must be at least 0, got {figure}; use 0 to forbid")
    if measure == "cost" and of is None and exact.denominator != 1:
        raise ValueError(f"{place}: must be whole currency units, got {figure}; for a share say what it is a share `of`")
    if ((measure == "recipients" and of is not None) or of == measure) and exact > 1:
        raise ValueError(f"{place}: a share must be at most 1 (100 %), got {figure}; an int is a head count")
    if of not in (None, "units") and exact.denominator > FINEST:
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
