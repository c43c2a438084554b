"""The limits of a scenario as they are written:

    {measure: recipients, at_most: 20%, where: {gender: F}, name: women}     a total, and the figure it keeps to
    {parity: recipients, by: gender, within: 5%}                             groups that are held together

A figure is a number, or a percentage that stays the exact share it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain, count
from typing import Annotated, Any, Self, get_args

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, model_validator
from pydantic_core import InitErrorDetails

from optimizer.problem.limits import EXPECTED, Among, Base, Limit, Measure, Sense
from optimizer.problem.scenario_part import (
    DIGITS_SCHEMA,
    PERCENT_SCHEMA,
    Column,
    Part,
    built,
    fault,
    format_percent,
    parse_percent,
    reject,
    shown,
)
from optimizer.problem.where import Scalar, Where

LARGEST_FIGURE = 10**18
"""Figures up to this fit 64 bits."""


def _figure(value: object) -> float | Fraction:
    """A number, or the exact share that a percentage says."""
    figure = parse_percent(value) if isinstance(value, str) else value
    if isinstance(figure, bool) or not isinstance(figure, int | float | Fraction):
        remedy = "write a number without quotes, units or separators but _"
        raise reject(fault("must be a number or a percentage such as 20%", remedy, got=shown(value)))
    if not figure <= LARGEST_FIGURE:  # not a number is neither
        raise reject(fault("must be at most 10^18", "leave the limit out to have none", got=shown(value)))
    if figure < 0:
        raise reject(fault("must be at least 0", "use 0 to forbid", got=shown(value)))
    if isinstance(figure, Fraction) and figure > 1:
        raise reject(fault("a share must be at most 100 %", "lower it, or leave the limit out to have none", got=shown(value)))
    return figure


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_FIGURE:
        raise reject(fault("must be a number to compare with", "write it without quotes", got=shown(value)))
    return value


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) <= LARGEST_FIGURE):
        return value
    raise reject(fault("must be text, a number or true/false", "quote it if it is text", got=shown(value)))


def _sort(condition: object) -> str:
    if isinstance(condition, dict | RangeSpec):
        return "<range>"
    return "<values>" if isinstance(condition, list | tuple) else "<value>"


def _written(schema: dict[str, Any]) -> Any:
    return Annotated[Any, Field(json_schema_extra=schema)]


Figure = Annotated[
    int | float | Fraction,
    PlainValidator(
        _figure, json_schema_input_type=_written({"anyOf": [{"type": "number", "minimum": 0}, DIGITS_SCHEMA, PERCENT_SCHEMA]})
    ),
]
Number = Annotated[int | float, PlainValidator(_number, json_schema_input_type=int | float)]
Value = Annotated[str | bool | int | float, PlainValidator(_scalar, json_schema_input_type=str | bool | int | float)]


class RangeSpec(Part):
    """The column's number lies between two ends, either of which may be open."""

    at_least: Number | None = None
    """The lower end, included."""
    at_most: Number | None = None
    """The upper end, included."""

    @model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise reject(fault("a range needs at_least or at_most", "add one of them"))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise reject(fault(f"at_least {self.at_least} is above at_most {self.at_most}", "swap them"))
        return self


Condition = Annotated[
    Annotated[RangeSpec, Tag("<range>")]
    | Annotated[tuple[Value, ...], Field(min_length=1, strict=False), Tag("<values>")]
    | Annotated[Value, Tag("<value>")],
    Discriminator(_sort),
]


Group = Annotated[dict[Column, Condition], Field(min_length=1)]
"""A group of units, as {column: value | [values] | {at_least, at_most}}."""


def group_of(where: dict[str, Any]) -> Where:
    """The group that a validated `Group` describes."""
    plain = {
        column: wanted.model_dump(exclude_none=True) if isinstance(wanted, RangeSpec) else wanted
        for column, wanted in where.items()
    }
    return Where.parse(plain)


class LimitSpec(Part):
    """A total over a group of units, and the figure it must keep to."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [sense]} for sense in get_args(Sense)]})

    measure: Measure
    """What is counted: cost (currency units), recipients (heads), outcome (expected) or uplift (what the awards bring of it)."""
    at_most: Figure | None = None
    """The total must not exceed this; for recipients a whole number is a head count, a decimal or percentage a share."""
    at_least: Figure | None = None
    """The total must reach this."""
    exactly: Figure | None = None
    """The total must be this; cost and recipients only. A share of the units is rounded down."""
    of: Base | None = None
    """What a share is a share of; for recipients it is the group's units unless said here."""
    among: Among | None = None
    """Whose total that is: the group's own, or everyone's; everyone's by default where a measure is a share of itself."""
    where: Group | None = None
    """The group that is counted, as {column: value | [values] | {at_least, at_most}}; without it, everyone."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """What reports call this limit; by default its measure and group."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        given = [sense for sense in get_args(Sense) if getattr(self, sense) is not None]
        if not given:
            raise reject(fault("needs at_most, at_least or exactly", "add `at_most: FIGURE`"))
        if len(given) > 1:
            remedy = "write two limits, one for each"
            raise reject(fault("takes one of at_most, at_least and exactly", remedy, got=" and ".join(given)))
        if isinstance(getattr(self, given[0]), Fraction) and self.of is None and self.measure != "recipients":
            raise reject(
                fault(
                    f"a percentage of {self.measure} needs `of`",
                    "say what it is a share of: units, recipients, cost, outcome or uplift",
                    at=(given[0],),
                )
            )
        if self.exactly is not None and self.measure in EXPECTED:
            remedy = "write two limits, at_most and at_least"
            raise reject(fault(f"an expected {self.measure} is never met exactly", remedy, at=("exactly",)))
        return built(self)

    def build(self) -> Limit:
        """The limit, in exact figures.

        Raises
        ------
        ValueError
            Never for a part that was validated.
        """
        make: Any = getattr(Limit, self.measure)
        figures = {sense: figure for sense in get_args(Sense) if (figure := getattr(self, sense)) is not None}
        group = None if self.where is None else group_of(self.where)
        limit: Limit = make(**figures, of=self.of, among=self.among, where=group, name=self.name)
        return limit


class ParitySpec(Part):
    """Groups whose means of a measure, per unit, must lie close together."""

    parity: Measure
    """What is compared, as a mean over each group's units; for recipients it is the award rate."""
    by: Column
    """The column whose values are the groups; units without a value are in none."""
    within: Figure
    """How far two groups may lie apart: 5% is five percentage points; of cost, currency units for each unit."""
    where: Group | None = None
    """Whom this is about, as {column: value | [values] | {at_least, at_most}}; without it, everyone."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """What reports call this limit; by default its measure and column."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        if isinstance(self.within, Fraction) and self.parity == "cost":
            got, remedy = format_percent(self.within), "write a number, such as 50_000"
            raise reject(fault("must be currency units for each unit", remedy, at=("within",), got=got))
        return built(self)

    def build(self) -> Limit:
        """The limit, in exact figures.

        Raises
        ------
        ValueError
            Never for a part that was validated.
        """
        group: Any = None if self.where is None else group_of(self.where)
        within: Any = self.within
        return Limit.parity(self.parity, by=self.by, within=within, where=group, name=self.name)


def _kind(limit: object) -> str:
    if isinstance(limit, dict):
        # Where `parity` is misspelt, the keys that only it has tell what is meant.
        parity = "parity" in limit or ("measure" not in limit and not limit.keys().isdisjoint(("by", "within")))
        return "<parity>" if parity else "<total>"
    return "<parity>" if isinstance(limit, ParitySpec) else "<total>"


AnyLimit = Annotated[Annotated[LimitSpec, Tag("<total>")] | Annotated[ParitySpec, Tag("<parity>")], Discriminator(_kind)]
"""Either kind of limit; the key `parity` tells them apart."""


def name_apart(limits: Iterable[LimitSpec | ParitySpec]) -> tuple[LimitSpec | ParitySpec, ...]:
    """The limits, each with a name of its own: names that were given stay, default names get a number where they repeat.

    Raises
    ------
    ValidationError
        If two limits were given the same name.
    """
    limits = tuple(limits)
    given = [limit.name for limit in limits if limit.name is not None]
    if faults := [_namesake(place, limit.name) for place, limit in enumerate(limits) if given.count(limit.name or "") > 1]:
        raise reject(*faults)
    named: list[LimitSpec | ParitySpec] = []
    taken = set(given)
    for limit in limits:
        name = limit.name or _unused(limit.build().name, taken)
        taken.add(name)
        named.append(limit.model_copy(update={"name": name}))
    return tuple(named)


def _namesake(place: int, name: str | None) -> InitErrorDetails:
    return fault("is the name of two limits", "give each limit a name of its own", at=(place, "name"), got=shown(name))


def _unused(name: str, taken: set[str]) -> str:
    numbered = (f"{name} ({number})" for number in count(2))
    return next(candidate for candidate in chain([name], numbered) if candidate not in taken)
