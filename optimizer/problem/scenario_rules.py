"""Rules for single units, and what an award costs, as they are written:

rules: {never: [{status: withdrawn}], fixed: promised, cap: need, only: [{where: {faculty: law}, amounts: [250_000]}]}
costs: {paid: if_outcome, per_award: 10_000, column: handling_cost}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import InitErrorDetails

from optimizer.problem.costs import Costs, Paid
from optimizer.problem.rules import Rules
from optimizer.problem.scenario_limits import Group, group_of
from optimizer.problem.scenario_part import Column, Part, Whole, built, fault, shown


class ColumnSpec(Part):
    """A column of the units."""

    column: Column
    """The column's name."""


def _column_alone(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


ColumnOf = Annotated[ColumnSpec, BeforeValidator(_column_alone, json_schema_input_type=Column | ColumnSpec)]
"""A column, as its bare name or as {column: name}."""


class TierSpec(Part):
    """A group with amounts of its own."""

    where: Group
    """The group, as {column: value | [values] | {at_least, at_most}}."""
    amounts: Annotated[tuple[Whole, ...], Field(min_length=1, strict=False)]
    """What its units may be given besides nothing; each must be on offer."""


def _sort(groups: object) -> str:
    return "<list>" if isinstance(groups, list | tuple) else "<mapping>"


class RulesSpec(Part):
    """What single units may be given, whatever the limits say of totals."""

    never: Annotated[
        Annotated[tuple[Group, ...], Field(strict=False), Tag("<list>")] | Annotated[Group, Tag("<mapping>")],
        Discriminator(_sort),
    ] = ()
    """Groups that get nothing: a list of {column: value | [values] | {at_least, at_most}}, or one of them."""
    fixed: ColumnOf | None = None
    """The column of awards that were promised and stand; an empty cell is no promise, and a 0 stands too."""
    cap: ColumnOf | None = None
    """The column of the largest award for each unit; an empty cell is no cap."""
    floor: ColumnOf | None = None
    """The column of the smallest award, which each unit is sure of; an empty cell or 0 is none."""
    only: Annotated[tuple[TierSpec, ...], Field(strict=False)] = ()
    """Groups with amounts of their own; a unit in two of them may be given what both allow."""
    cost_per_uplift: Whole | None = None
    """No award may cost more than this for each extra outcome it brings; promises and floors stand whatever they bring."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        return built(self)

    def build(self) -> Rules:
        """The rules for single units."""
        never = (self.never,) if isinstance(self.never, dict) else self.never
        return Rules(
            never=tuple(group_of(where) for where in never),
            fixed=None if self.fixed is None else self.fixed.column,
            cap=None if self.cap is None else self.cap.column,
            floor=None if self.floor is None else self.floor.column,
            only=tuple((group_of(tier.where), tier.amounts) for tier in self.only),
            cost_per_uplift=self.cost_per_uplift,
        )

    def not_on_offer(self, amounts: Collection[int]) -> Iterator[InitErrorDetails]:
        """A fault at each amount of a group that is not among these."""
        for i, tier in enumerate(self.only):
            for j, amount in enumerate(tier.amounts):
                if amount not in amounts:
                    remedy = "add it to the amounts, or drop it here"
                    yield fault("is not among the amounts on offer", remedy, at=("only", i, "amounts", j), got=shown(amount))


class CostsSpec(Part):
    """What an award is charged to the limits on cost."""

    paid: Paid = "always"
    """always charges the amount; if_outcome only where the outcome happens, so that costs are expectations."""
    per_award: Whole = 0
    """What each award costs besides its amount, in currency units."""
    column: Column | None = None
    """The column of what an award costs besides for each unit, in currency units; no cell may be empty."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        return built(self)

    def build(self) -> Costs:
        """How awards are charged."""
        return Costs(paid=self.paid, per_award=self.per_award, column=self.column)
