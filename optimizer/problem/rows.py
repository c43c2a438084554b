"""A limit as rows Σ usage ≤ allowed, and whom it counts.

An at_least limit is the negative of an at_most one, an equation both; uplift is the outcome less a constant, which the other
side takes up; parity is a row for each ordered pair of groups. Coefficients are exact fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.errors import DataError
from optimizer.problem.limits import EXPECTED, Limit, Measure

OUTCOME_TOLERANCE = 1e-9
"""Relative slack of a row that counts expected outcomes: those are floats, and their sums round."""

MEASURES = ("cost", "recipients", "outcome", "uplift")

MOST_GROUPS = 12
"""Groups that parity may hold together: each pair of them is two rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One limit, or a side of it, as Σ usage ≤ allowed.

    Attributes
    ----------
    name : the limit's, or for a pair of groups held together one of its own.
    limit : where the row comes from.
    sign : +1 for at_most, −1 for at_least: a row's price times its sign is the limit's shadow price.
    inside : whether the limit counts the units of each group.
    coefficients : for cost, recipients and outcome, the coefficient in each group.
    allowed : b_l.
    """

    name: str
    limit: Limit
    sign: int
    inside: tuple[bool, ...]
    coefficients: tuple[tuple[Fraction, ...], tuple[Fraction, ...], tuple[Fraction, ...]]
    allowed: Fraction

    @property
    def counts_outcome(self) -> bool:
        """Whether the row's usage is a float."""
        return any(self.coefficients[2])


def in_steps(row: Row, costs: NDArray[np.int64]) -> Row:
    """The row with its figure lowered to what common costs can reach; usages come in whole steps."""
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


def counted(
    limit: Limit, n: int, frame: pd.DataFrame | None, values: Sequence[Any] | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Whom the limit counts: one mask (n,), or by name one for each group that parity holds together.

    Parameters
    ----------
    values : of the column that parity compares; by default those that these units have.
    """
    if limit.where is None and limit.by is None:
        return {"": np.ones(n, dtype=bool)}
    inside = _inside(limit, n, frame)
    if limit.by is None:
        return {"": inside}
    assert frame is not None
    held = compared(limit, [values_in(limit, n, frame)]) if values is None else tuple(values)
    codes = pd.Index(held).get_indexer(frame[limit.by].where(inside))
    return {str(value): codes == code for code, value in enumerate(held)}


def values_in(limit: Limit, n: int, frame: pd.DataFrame | None) -> tuple[Any, ...]:
    """The values that parity compares among n units, as many as a fault would show; none for another limit."""
    if limit.by is None:
        return ()
    inside = _inside(limit, n, frame)
    assert frame is not None
    if limit.by not in frame.columns:
        known = sorted(map(str, frame.columns))
        raise DataError(f"limit {limit.name}: column {limit.by!r} is not in the units; they have {known}")
    return tuple(frame.loc[inside, limit.by].dropna().unique().tolist())


def compared(limit: Limit, told: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    """The values that parity compares, in order, given those of each part of the units."""
    values = pd.factorize(pd.Series([value for own in told for value in own]), sort=True)[1].tolist()
    if len(values) > MOST_GROUPS:
        raise DataError(
            f"limit {limit.name}: column {limit.by!r} has {len(values)} values, more than the {MOST_GROUPS} that parity "
            "compares; name a column with fewer"
        )
    return tuple(values)


def _inside(limit: Limit, n: int, frame: pd.DataFrame | None) -> NDArray[np.bool_]:
    if frame is None:
        group = f"column {limit.by!r}" if limit.where is None else f"group {limit.where}"
        raise DataError(f"limit {limit.name}: names the {group}, but no columns of the units are known; pass units=")
    if len(frame) != n:
        raise DataError(f"units: must have one row for each of the {n} curves, got {len(frame)}")
    try:
        return np.ones(n, dtype=bool) if limit.where is None else limit.where.mask(frame)
    except ValueError as wrong:
        raise DataError(f"limit {limit.name}: {wrong}") from wrong


def rows_of(
    limit: Limit, inside: Mapping[str, tuple[bool, ...]], sizes: tuple[int, ...], without: tuple[Fraction, ...]
) -> Iterator[Row]:
    """The limit's rows; `inside` says by name which groups it counts, `sizes` and `without` describe every group."""
    if limit.by is not None:
        for (one, first), (other, second) in permutations(inside.items(), 2):
            apart = tuple(a - b for a, b in zip(_mean(first, sizes), _mean(second, sizes), strict=True))
            name = f"{limit.name}: {one} over {other}"
            either = tuple(a or b for a, b in zip(first, second, strict=True))
            yield _row(name, limit, +1, either, {limit.measure: apart}, limit.figure, without)
        return
    [counted] = inside.values()
    own = tuple(Fraction(is_in) for is_in in counted)
    base = (Fraction(1),) * len(own) if limit.among == "everyone" else own
    figure = Fraction(0) if limit.of in MEASURES else limit.figure
    if limit.of == "units":
        figure *= sum(size for size, share in zip(sizes, base, strict=True) if share)
    for sign in {"at_most": (1,), "at_least": (-1,), "exactly": (1, -1)}[limit.sense]:
        weights: dict[str, tuple[Fraction, ...]] = {limit.measure: tuple(sign * share for share in own)}
        if limit.of in MEASURES:
            taken = tuple(-sign * limit.figure * share for share in base)
            before = weights.get(limit.of, (Fraction(0),) * len(own))
            weights[limit.of] = tuple(a + b for a, b in zip(before, taken, strict=True))
        # What is counted in whole numbers can only keep to whole figures.
        whole = figure if limit.measure in EXPECTED else math.ceil(figure) if limit.sense == "at_least" else math.floor(figure)
        yield _row(limit.name, limit, sign, counted, weights, sign * Fraction(whole), without)


def _mean(inside: tuple[bool, ...], sizes: tuple[int, ...]) -> tuple[Fraction, ...]:
    total = sum(size for size, is_in in zip(sizes, inside, strict=True) if is_in)
    return tuple(Fraction(int(is_in), total) for is_in in inside)


def _row(
    name: str,
    limit: Limit,
    sign: int,
    inside: tuple[bool, ...],
    weights: Mapping[str, tuple[Fraction, ...]],
    allowed: Fraction,
    without: tuple[Fraction, ...],
) -> Row:
    """Uplift is the outcome less what there is without awards, so its part that no plan moves goes to the other side."""
    nothing = (Fraction(0),) * len(inside)
    cost, recipients, outcome, uplift = (weights.get(measure, nothing) for measure in get_args(Measure))
    both = tuple(a + b for a, b in zip(outcome, uplift, strict=True))
    shift = sum((share * base for share, base in zip(uplift, without, strict=True)), Fraction(0))
    return Row(name=name, limit=limit, sign=sign, inside=inside, coefficients=(cost, recipients, both), allowed=allowed + shift)
