"""A group of units: those whose columns meet every condition; structured, never an expression that is evaluated.

{gender: F, faculty: [law, arts], income: {at_most: 3_000_000}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Scalar = str | bool | int | float


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column holds one of these values."""

    values: tuple[Scalar, ...]

    def mask(self, column: pd.Series[Any]) -> NDArray[np.bool_]:
        """Whether each unit's value is among `values`; a missing value is in no group."""
        return (column.isin(list(self.values)) & column.notna()).to_numpy(dtype=bool)

    def __str__(self) -> str:
        return " or ".join(map(str, self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The column's number lies in [at_least, at_most]; either end may be open."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        for end in (self.at_least, self.at_most):
            if end is not None and (isinstance(end, bool) or not isinstance(end, int | float | np.number)):
                raise ValueError(f"where: the ends of a range must be numbers, got {end!r}; write them without quotes")
        if self.at_least is None and self.at_most is None:
            raise ValueError("where: a range needs at_least or at_most, got neither")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"where: at_least {self.at_least} is above at_most {self.at_most}; swap them")

    def mask(self, column: pd.Series[Any]) -> NDArray[np.bool_]:
        """Whether each unit's number lies in the range; a missing value is in no group."""
        if not pd.api.types.is_numeric_dtype(column):
            raise ValueError(f"where: column {column.name!r} must hold numbers to be compared, got {column.dtype}")
        inside = column.notna()
        if self.at_least is not None:
            inside &= column >= self.at_least
        if self.at_most is not None:
            inside &= column <= self.at_most
        return inside.to_numpy(dtype=bool, na_value=False)

    def __str__(self) -> str:
        if self.at_least is None:
            return f"at most {self.at_most:,.15g}"
        if self.at_most is None:
            return f"at least {self.at_least:,.15g}"
        return f"from {self.at_least:,.15g} to {self.at_most:,.15g}"


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on columns, all of which must hold."""

    conditions: tuple[tuple[str, OneOf | Between], ...]

    @classmethod
    def parse(cls, where: Mapping[str, Any]) -> Self:
        """Read ``{column: value | [values] | {at_least: …, at_most: …}}``.

        Raises
        ------
        ValueError
            If a condition is none of these, or there is no condition.
        """
        if not where:
            raise ValueError("where: must name at least one column, got {}; leave `where` out to mean everyone")
        return cls(tuple((str(column), _condition(column, wanted)) for column, wanted in where.items()))

    @classmethod
    def read(cls, where: Where | Mapping[str, Any]) -> Where:
        """The group, whether it is one already or is written as `parse` reads it."""
        return where if isinstance(where, Where) else cls.parse(where)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be known of every unit."""
        return tuple(column for column, _ in self.conditions)

    def mask(self, units: pd.DataFrame) -> NDArray[np.bool_]:
        """Whether each of n units belongs to the group: (n,) bool.

        Raises
        ------
        ValueError
            If a column is absent, or holds no numbers where a range is asked.
        """
        inside = np.ones(len(units), dtype=bool)
        for column, condition in self.conditions:
            if column not in units.columns:
                raise ValueError(f"where: column {column!r} is not in the units; they have {sorted(map(str, units.columns))}")
            inside &= condition.mask(units[column])
        return inside

    def __str__(self) -> str:
        return ", ".join(f"{column} {condition}" for column, condition in self.conditions)


def _condition(column: str, wanted: object) -> OneOf | Between:
    if isinstance(wanted, OneOf | Between):
        return wanted
    if isinstance(wanted, Mapping):
        unknown = set(wanted) - {"at_least", "at_most"}
        if unknown:
            raise ValueError(f"where.{column}: a range has at_least and at_most, got {sorted(map(str, unknown))}")
        return Between(**wanted)
    if isinstance(wanted, str | bool | int | float | np.generic):
        return OneOf((_scalar(wanted),))
    if isinstance(wanted, Iterable):
        values = tuple(_scalar(value) for value in wanted)
        if values:
            return OneOf(values)
    raise ValueError(f"where.{column}: must be a value, a list of values or a range, got {wanted!r}")


def _scalar(value: object) -> Scalar:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, str | bool | int | float):
        return plain
    raise ValueError(f"where: a value must be text, a number or true/false, got {value!r}")
