"""The season as it is written:

season: {budget: 120_000_000, recipients: 5%, ends: 2027-03-31, expected_units: 6000, pool: {table: past.csv}, waiting: false}
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails

from optimizer.problem.scenario_limits import LimitSpec, ParitySpec
from optimizer.problem.scenario_part import DIGITS_SCHEMA, PERCENT_SCHEMA, Part, Whole, fault, parse_percent, reject, shown
from optimizer.problem.scenario_tables import RowsSpec
from optimizer.problem.season import BUDGET, RECIPIENTS, WITH_THOSE_TO_COME, Season

COUNTED = ("cost", "recipients")
"""What a ledger knows of the nights before."""


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise reject(fault("must be a day", "write it as YEAR-MONTH-DAY, such as 2027-03-31", got=shown(value)))


def _heads(value: object) -> int | Fraction:
    share = parse_percent(value) if isinstance(value, str) else None
    if share is not None and not 0 <= share <= 1:
        raise reject(fault("a share must be from 0 to 100 %", "lower it, or leave it out to have no limit", got=shown(value)))
    if share is not None:
        return share
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise reject(fault("must be a head count or a percentage such as 5%", "write a whole number", got=shown(value)))
    return value


Day = Annotated[
    date, PlainValidator(_day, json_schema_input_type=Annotated[str, WithJsonSchema({"type": "string", "format": "date"})])
]
Heads = Annotated[
    int | Fraction,
    PlainValidator(
        _heads,
        json_schema_input_type=Annotated[
            Any, Field(json_schema_extra={"anyOf": [{"type": "integer", "minimum": 0}, DIGITS_SCHEMA, PERCENT_SCHEMA]})
        ],
    ),
]


class PoolSpec(RowsSpec):
    """Past applicants that those to come resemble."""


class SeasonSpec(Part):
    """One budget for many nights, each of which decides about those who have come by then."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["budget"]}, {"required": ["recipients"]}]})

    budget: Annotated[Whole, Field(ge=0)] | None = None
    """Whole currency units over the whole season."""
    recipients: Heads | None = None
    """Heads over the whole season; a percentage is of expected_units, rounded down."""
    ends: Day
    """The last night, as YEAR-MONTH-DAY."""
    expected_units: Annotated[Whole, Field(gt=0)] | None = None
    """How many units come over the whole season; without it nothing is kept for those to come."""
    pool: PoolSpec | None = None
    """Past applicants that those to come resemble; by default the history."""
    waiting: bool = False
    """Whether who was decided without an award may be decided again, while the units' table still names them."""

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if self.budget is None and self.recipients is None:
            raise reject(fault("needs budget or recipients", "add `budget: AMOUNT`, for the whole season"))
        faults = [*self._without_expectation()]
        if faults:
            raise reject(*faults)
        return self

    def _without_expectation(self) -> Iterator[InitErrorDetails]:
        remedy = "add `expected_units: NUMBER`"
        if self.expected_units is None and isinstance(self.recipients, Fraction):
            yield fault("a percentage needs expected_units", f"{remedy}, or write a head count", at=("recipients",))
        if self.expected_units is None and self.pool is not None:
            yield fault("a forecast needs expected_units", f"{remedy}, or leave the pool out", at=("pool",))

    def build(self) -> Season:
        """The season, in heads."""
        heads = self.recipients
        if isinstance(heads, Fraction):
            heads = math.floor(heads * (self.expected_units or 0))
        return Season(
            budget=self.budget, recipients=heads, ends=self.ends, expected_units=self.expected_units, waiting=self.waiting
        )


def beside_a_season(limits: Iterable[LimitSpec | ParitySpec]) -> Iterator[InitErrorDetails]:
    """A fault at each limit that cannot be kept night by night: it counts what a ledger does not know of other nights."""
    for place, limit in enumerate(limits):
        if limit.name in (BUDGET, RECIPIENTS) or (limit.name or "").endswith(WITH_THOSE_TO_COME):
            yield fault("is a name that the season gives", "choose another", at=(place, "name"), got=shown(limit.name))
        if wrong := _not_over_nights(limit):
            yield fault(f"over a season's nights {wrong[0]}", wrong[1], at=(place,))


def _not_over_nights(limit: LimitSpec | ParitySpec) -> tuple[str, str] | None:
    """What is wrong with it, and what to do."""
    if isinstance(limit, ParitySpec):
        return "groups cannot be held together", "write shares, such as {measure: recipients, at_least: 40%, of: recipients, …}"
    if limit.measure not in COUNTED:
        return f"{limit.measure} cannot be limited", "limit cost or recipients"
    built = limit.build()
    if built.of is None and built.sense != "at_most":
        return f"{built.sense} a figure cannot be kept", "write at_most, or a share `of: recipients` or `of: cost`"
    if built.of not in (None, *COUNTED):
        return f"a share of {built.of} cannot be kept", "write a figure, or a share `of: recipients` or `of: cost`"
    return None
