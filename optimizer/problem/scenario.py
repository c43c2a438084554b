"""What is to be solved, as it is written in a scenario file: whom, from what past, by which model, with what money.

    name: scholarship
    units:   {table: data/applicants.csv, id: student_id}
    history: {table: data/history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score]}
    model:   {kind: two_model, estimator: sklearn.ensemble.GradientBoostingRegressor}
    amounts: {max: 2_500_000, step: 50_000}
    limits:  [{measure: cost, at_most: 120_000_000}, {measure: recipients, at_most: 20%}]

Three more may stand between amounts and limits: costs, what an award costs besides, rules, what single units may be given, and
season, one budget for many nights.
After the limits `objective` may say what is maximised in place of the expected outcome, or `then` what decides among the plans
whose outcome is near the best.
A scenario that exists is valid: each part builds the value of `optimizer.problem` that it describes.
"""

from __future__ import annotations

import json
import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from optimizer.problem.amounts import Amounts
from optimizer.problem.problem import Problem
from optimizer.problem.scenario_limits import AnyLimit, LimitSpec, ParitySpec, RangeSpec, name_apart
from optimizer.problem.scenario_model import ClassTransformSpec, ModelSpec, TLTARNetSpec, WrappedSpec, part_of_model
from optimizer.problem.scenario_objective import ObjectiveSpec
from optimizer.problem.scenario_part import Part, Whole, built, fault, format_percent, reject, shown
from optimizer.problem.scenario_rules import ColumnSpec, CostsSpec, RulesSpec, TierSpec
from optimizer.problem.scenario_season import PoolSpec, SeasonSpec, beside_a_season
from optimizer.problem.scenario_tables import HistorySpec, TreatmentSpec, UnitsSpec
from optimizer.problem.scenario_then import ThenSpec
from optimizer.problem.solver import Backend, Embedding, Solver

ORDER = ("name", "units", "history", "model", "amounts", "costs", "rules", "season", "limits", "objective", "then", "solver")
"""The sections of a file, in the order in which it reads best."""


def _folder_name(name: str) -> str:
    if not re.fullmatch(r"[^\W_][\w.-]{0,63}", name):
        raise reject(
            fault(
                "must be a name for a folder",
                "use letters, digits, - _ and . only, at most 64, a letter or digit first",
                got=shown(name),
            )
        )
    return name


class AmountsSpec(Part):
    """What can be awarded: a grid 0, min, min + step, …, max, or named tiers; whole currency units."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["max", "step"]}, {"required": ["tiers"]}]})

    max: Whole | None = None
    """The largest award."""
    step: Whole | None = None
    """The distance between two awards."""
    min: Whole | None = Field(default=None, validate_default=True)
    """The smallest award; by default one step."""
    tiers: Annotated[tuple[Whole, ...], Field(strict=False)] | None = None
    """The awards one by one, instead of a grid."""
    currency: Annotated[str, Field(max_length=20)] = ""
    """What the amounts are counted in, for reports: JPY, US cents."""
    support: Literal["observed"] | None = None
    """observed keeps each unit's amounts to those that units like it were seen with in the history; by default, any."""

    @field_validator("min")
    @classmethod
    def _one_step(cls, low: int | None, info: ValidationInfo) -> int | None:
        return info.data.get("step") if low is None else low

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        grid = [key for key in ("max", "step", "min") if getattr(self, key) is not None]
        if self.tiers is not None and grid:
            raise reject(fault("takes a grid or tiers", "keep max, step and min, or tiers", got=", ".join([*grid, "tiers"])))
        if self.tiers is None and (self.max is None or self.step is None):
            missing = " and ".join(key for key in ("max", "step") if getattr(self, key) is None)
            raise reject(fault(f"a grid needs {missing}", "write {max: …, step: …} or {tiers: […]}"))
        return built(self)

    def build(self) -> Amounts:
        """The finite set of amounts, 0 among them."""
        if self.tiers is not None:
            return Amounts.tiers(self.tiers)
        assert self.max is not None
        assert self.step is not None
        return Amounts.grid(max=self.max, step=self.step, min=self.min)


class SolverSpec(Part):
    """How the plan is searched for, and when to stop."""

    embedding: Embedding = "curves"
    """curves embeds each open unit's response curve; native the fitted regressor itself."""
    backend: Backend = "gurobi"
    """What closes the core: gurobi, or highs, which needs no licence."""
    gap: float = 0.0
    """Stop once (bound − value)/|value| is at most this; 0 asks for a proven optimum."""
    time_limit: float | None = None
    """Seconds for each search, once its limits have prices."""
    seed: int = 0
    """Of every random choice."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        return built(self)

    def build(self) -> Solver:
        """The settings of the search."""
        return Solver(embedding=self.embedding, backend=self.backend, gap=self.gap, time_limit=self.time_limit, seed=self.seed)


class Scenario(Part):
    """One problem to solve. Fields stand in the order in which they depend on one another.

    Raises
    ------
    pydantic.ValidationError
        If a part is wrong or two parts contradict each other; every fault that was found is in it.
    """

    name: Annotated[str, AfterValidator(_folder_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64})]
    """What the run and its folder are called."""
    model: ModelSpec
    """What predicts the outcome at each amount."""
    history: HistorySpec | None = Field(default=None, validate_default=True)
    """What is known of earlier units; only a wrapped model needs none."""
    units: UnitsSpec
    """Whom to decide about."""
    amounts: AmountsSpec
    """What can be awarded."""
    costs: CostsSpec = CostsSpec()
    """What an award is charged to the limits on cost; by default its amount."""
    rules: RulesSpec = RulesSpec()
    """What single units may be given; by default any of the amounts."""
    season: SeasonSpec | None = None
    """One budget for many nights, which `bursar nightly` decides; by default everybody is here."""
    limits: Annotated[tuple[AnyLimit, ...], Field(max_length=100, strict=False)] = ()
    """What the plan must keep to in total."""
    objective: ObjectiveSpec | None = None
    """What is maximised in place of the expected outcome; by default that is maximised."""
    then: ThenSpec | None = None
    """What decides among the plans whose outcome is near the best; by default nothing."""
    solver: SolverSpec = SolverSpec()
    """How the plan is searched for."""

    @field_validator("history")
    @classmethod
    def _fitted_on(cls, history: HistorySpec | None, info: ValidationInfo) -> HistorySpec | None:
        model = info.data.get("model")
        if history is None and model is not None and not isinstance(model, WrappedSpec):
            raise reject(fault("is missing", "add `history: {table: …, outcome: …, treatment: …, features: […]}` to fit on"))
        return history

    @field_validator("units")
    @classmethod
    def _held_out(cls, units: UnitsSpec, info: ValidationInfo) -> UnitsSpec:
        if units.holdout is not None and info.data.get("history", ...) is None:
            raise reject(fault("needs a history to hold out of", "add `history`, or name the units' table", at=("holdout",)))
        return units

    @field_validator("units")
    @classmethod
    def _unseen(cls, units: UnitsSpec, info: ValidationInfo) -> UnitsSpec:
        model, history = info.data.get("model"), info.data.get("history")
        told = isinstance(model, TLTARNetSpec) and history is not None and any(source.holds(history) for source in model.sources)
        if units.holdout is not None and told:
            remedy = "name another source, or the units' table"
            raise reject(fault("would be seen by the model, whose source holds the history", remedy, at=("holdout",)))
        return units

    @field_validator("amounts")
    @classmethod
    def _one_award(cls, amounts: AmountsSpec, info: ValidationInfo) -> AmountsSpec:
        _, *awards = amounts.build()
        model = info.data.get("model")
        if isinstance(model, ClassTransformSpec | TLTARNetSpec) and len(awards) > 1:
            remedy = f"write {{tiers: [{awards[-1]}]}}, or choose another model.kind"
            raise reject(fault(f"{model.kind} knows one award size", remedy, got=f"{len(awards)} sizes up to {awards[-1]}"))
        return amounts

    @field_validator("amounts")
    @classmethod
    def _observed(cls, amounts: AmountsSpec, info: ValidationInfo) -> AmountsSpec:
        if amounts.support is not None and info.data.get("history", ...) is None:
            raise reject(fault("needs a history to be seen in", "add `history`, or leave it out", at=("support",)))
        return amounts

    @field_validator("rules")
    @classmethod
    def _on_offer(cls, rules: RulesSpec, info: ValidationInfo) -> RulesSpec:
        amounts = info.data.get("amounts")
        if amounts is not None and (faults := [*rules.not_on_offer(amounts.build())]):
            raise reject(*faults)
        return rules

    @field_validator("limits")
    @classmethod
    def _named_apart(cls, limits: tuple[LimitSpec | ParitySpec, ...]) -> tuple[LimitSpec | ParitySpec, ...]:
        return name_apart(limits)

    @field_validator("season")
    @classmethod
    def _arriving(cls, season: SeasonSpec | None, info: ValidationInfo) -> SeasonSpec | None:
        units, amounts = info.data.get("units"), info.data.get("amounts")
        if season is not None and units is not None and units.holdout is not None:
            raise reject(fault("needs units that arrive", "name their table, or leave `season` out", got="units.holdout"))
        if season is not None and units is not None and units.id is None:
            raise reject(fault("needs units that can be told apart", "add units.id, the column that identifies a unit"))
        if season is not None and amounts is not None and amounts.support is not None:
            raise reject(fault("takes any amount on offer", "leave `season` or amounts.support out", got="amounts.support"))
        if season is not None and season.expected_units and not season.pool and info.data.get("history", ...) is None:
            raise reject(fault("needs past units that those to come resemble", "add `pool: {table: …}`", at=("expected_units",)))
        return season

    @field_validator("limits")
    @classmethod
    def _over_nights(cls, limits: tuple[AnyLimit, ...], info: ValidationInfo) -> tuple[AnyLimit, ...]:
        if info.data.get("season") is not None and (faults := [*beside_a_season(limits)]):
            raise reject(*faults)
        return limits

    @field_validator("objective", "then")
    @classmethod
    def _of_one_night(cls, other: Any, info: ValidationInfo) -> Any:
        if other is not None and info.data.get("season") is not None:
            raise reject(fault("takes everybody at once", f"leave `season` or `{info.field_name}` out"))
        return other

    @field_validator("objective")
    @classmethod
    def _fitted_again(cls, objective: ObjectiveSpec | None, info: ValidationInfo) -> ObjectiveSpec | None:
        if objective is not None and isinstance(info.data.get("model"), WrappedSpec):
            remedy = "leave it out, or choose a model.kind that is fitted on the history"
            raise reject(fault("needs a model that can be fitted again", remedy, got="a wrapped one"))
        return objective

    @field_validator("then")
    @classmethod
    def _one_objective(cls, then: ThenSpec | None, info: ValidationInfo) -> ThenSpec | None:
        if then is not None and info.data.get("objective") is not None:
            raise reject(fault("takes the plans near the best expected outcome", "leave `then` or `objective` out"))
        return then

    @field_validator("solver")
    @classmethod
    def _looks_ahead(cls, solver: SolverSpec, info: ValidationInfo) -> SolverSpec:
        if solver.embedding == "native" and info.data.get("season") is not None:
            remedy = "write embedding: curves, or leave `season` out"
            raise reject(fault("a season needs curves", remedy, at=("embedding",), got="native"))
        return solver

    @field_validator("solver")
    @classmethod
    def _aims_at_outcome(cls, solver: SolverSpec, info: ValidationInfo) -> SolverSpec:
        if solver.embedding == "native" and info.data.get("objective") is not None:
            remedy = "write embedding: curves, or leave `objective` out"
            raise reject(fault("a cautious objective needs curves", remedy, at=("embedding",), got="native"))
        return solver

    @field_validator("solver")
    @classmethod
    def _can_solve_twice(cls, solver: SolverSpec, info: ValidationInfo) -> SolverSpec:
        if solver.embedding == "native" and info.data.get("then") is not None:
            remedy = "write embedding: curves, or leave `then` out"
            raise reject(fault("a second objective needs curves", remedy, at=("embedding",), got="native"))
        return solver

    @field_validator("solver")
    @classmethod
    def _offers_any_amount(cls, solver: SolverSpec, info: ValidationInfo) -> SolverSpec:
        plain = info.data.get("costs", CostsSpec()) == CostsSpec() and info.data.get("rules", RulesSpec()) == RulesSpec()
        amounts = info.data.get("amounts")
        if solver.embedding == "native" and amounts is not None and amounts.support is not None:
            remedy = "write embedding: curves, or leave amounts.support out"
            raise reject(fault("amounts.support needs curves", remedy, at=("embedding",), got="native"))
        if solver.embedding == "native" and not plain:
            remedy = "write embedding: curves, or leave both out"
            raise reject(fault("costs and rules need curves", remedy, at=("embedding",), got="native"))
        return solver

    def build_problem(self) -> Problem:
        """What is asked, but for `then`, which may need a previous plan; each limit has a name of its own."""
        season = () if self.season is None else self.season.build().limits()
        return Problem(
            amounts=self.amounts.build(),
            limits=(*season, *(limit.build() for limit in self.limits)),
            costs=self.costs.build(),
            rules=self.rules.build(),
            objective=None if self.objective is None else self.objective.build(),
        )

    def resolved(self) -> dict[str, Any]:
        """Plain data that says all of it, defaults too, and reads back as an equal scenario; paths are absolute."""
        return {key: _plain(getattr(self, key)) for key in ORDER if getattr(self, key) is not None}


def _plain(value: Any) -> Any:
    match value:
        case Part():
            # What a part is comes first: its kind, then the rest as declared.
            keys = sorted(type(value).model_fields, key=lambda key: key != "kind")
            return {key: _plain(getattr(value, key)) for key in keys if getattr(value, key) is not None}
        case dict():
            return {key: _plain(given) for key, given in value.items()}
        case list() | tuple():
            return [_plain(given) for given in value]
        case Path():
            return str(value.absolute())
        case Fraction() | date():
            return format_percent(value) if isinstance(value, Fraction) else value.isoformat()
    return value


SECTIONS: dict[str, type[Part]] = {
    "units": UnitsSpec,
    "history": HistorySpec,
    "amounts": AmountsSpec,
    "costs": CostsSpec,
    "rules": RulesSpec,
    "season": SeasonSpec,
    "objective": ObjectiveSpec,
    "then": ThenSpec,
    "solver": SolverSpec,
}
"""The sections that are mappings with keys of their own."""


def known_keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys that the mapping at this place of a validation may have; none where any key may stand."""
    part: Any
    match place:
        case ():
            return ORDER
        case ("history", "treatment") | ("season", "pool"):
            part = TreatmentSpec if place[0] == "history" else PoolSpec
        case ("model", _, *_):
            part = part_of_model(place[1:])
        case ("limits", int(), "<total>"):
            part = LimitSpec
        case ("limits", int(), "<parity>"):
            part = ParitySpec
        case ("rules", "fixed" | "cap" | "floor"):
            part = ColumnSpec
        case ("rules", "only", int()):
            part = TierSpec
        case (("limits" | "rules"), *_, "<range>"):
            part = RangeSpec
        case (str() as key,):
            part = SECTIONS.get(key)
        case _:
            part = None
    return () if part is None else tuple(part.model_fields)


def schema_json() -> str:
    """The JSON Schema (draft 2020-12) of a scenario file, for editors; ends with a newline."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Scenario.model_json_schema()
    return json.dumps(schema | {"title": "bursar scenario"}, indent=2, ensure_ascii=False) + "\n"
