"""Which response model answers “what if this unit is offered that amount?”: a kind, and what it is made of.

    {kind: two_model, estimator: sklearn.ensemble.GradientBoostingRegressor, params: {n_estimators: 100}}   or
    {kind: uplift_forest, params: {n_trees: 100}}

A kind that is made of an estimator names it, and `params` are the estimator's; else `params` are the kind's own.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from optimizer.problem.scenario_estimator import EstimatorSpec, Param, Propensity
from optimizer.problem.scenario_part import Column, Part, fault, reject, shown
from optimizer.problem.scenario_tables import FilePath, SourceSpec, TreatmentSpec, repeated


def _one_or_several(given: object) -> str:
    return "<list>" if isinstance(given, list | tuple) else "<mapping>"


class ShapeSpec(Part):
    """What is asked of a response's shape."""

    monotone: bool = False
    """true lets no curve fall with the amount, by the estimator's own constraint where it has one, else by pooling amounts."""


class SLearnerSpec(ShapeSpec, EstimatorSpec):
    """One estimator over the features and the amount."""

    kind: Literal["s_learner"]
    """One estimator over the features and the amount."""


class TwoModelSpec(ShapeSpec, EstimatorSpec):
    """One estimator for those who received nothing, one for those who received an award."""

    kind: Literal["two_model"]
    """One estimator for those who received nothing, one for those who received an award."""


class ClassTransformSpec(ShapeSpec, EstimatorSpec):
    """One estimator of the transformed outcome; knows a single award size."""

    kind: Literal["class_transform"]
    """One estimator of the transformed outcome; knows a single award size."""
    propensity: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The share of the history that received the award, where the trial fixed it; else it is estimated."""


class ArmsSpec(ShapeSpec, EstimatorSpec):
    """An estimator for the arms of a history: no award, and tiers of awards."""

    propensity: Propensity | None = None
    """The chance of an award, where the trial fixed it, or a classifier {estimator: …} of it; by default the arms' shares."""
    tiers: Annotated[int, Field(gt=0)] | None = None
    """How many arms awards are grouped in; by default one an award, or five where there are more than ten."""
    folds: Annotated[int, Field(gt=1)] | None = None
    """In how many parts the history is cut where a part is judged by what was fitted on the others; by default five."""


class TransformedOutcomeSpec(ArmsSpec):
    """One estimator of an outcome whose expectation is the uplift, for each arm."""

    kind: Literal["transformed_outcome"]
    """One estimator of an outcome whose expectation is the uplift, for each arm."""


class XLearnerSpec(ArmsSpec):
    """Each arm's outcomes imputed for the other, and the uplift fitted on the differences."""

    kind: Literal["x_learner"]
    """Each arm's outcomes imputed for the other, and the uplift fitted on the differences."""
    effect_estimator: EstimatorSpec | None = None
    """What the differences are fitted with; by default the estimator."""


class DRLearnerSpec(ArmsSpec):
    """The uplift fitted on doubly robust scores, which need only the outcomes or the propensities to be right."""

    kind: Literal["dr_learner"]
    """The uplift fitted on doubly robust scores, which need only the outcomes or the propensities to be right."""
    effect_estimator: EstimatorSpec | None = None
    """What the scores are fitted with; by default the estimator."""


class OwnSpec(Part):
    """A model that is made of no other estimator."""

    params: dict[str, Param] = Field(default_factory=dict)
    """Parameters of its constructor."""


class UpliftTreeSpec(ShapeSpec, OwnSpec):
    """A tree that is split where the arms' outcomes part most."""

    kind: Literal["uplift_tree"]
    """A tree that is split where the arms' outcomes part most."""


class UpliftForestSpec(ShapeSpec, OwnSpec):
    """The mean of many uplift trees."""

    kind: Literal["uplift_forest"]
    """The mean of many uplift trees."""


class TARNetSpec(ShapeSpec, OwnSpec):
    """A network of one representation and a head for each arm; needs bursar[nets]."""

    kind: Literal["tarnet"]
    """A network of one representation and a head for each arm; needs bursar[nets]."""


class TLTARNetSpec(ShapeSpec, OwnSpec):
    """That network, trained on another history first and carried over; knows a single award size; needs bursar[nets]."""

    kind: Literal["tl_tarnet"]
    """That network, trained on another history first and carried over; knows a single award size; needs bursar[nets]."""
    network: dict[str, Param] = Field(default_factory=dict)
    """Parameters of the network, as for tarnet; `params` are those of carrying it over."""
    source: Annotated[
        Annotated[SourceSpec, Tag("<mapping>")] | Annotated[tuple[SourceSpec, ...], Field(strict=False), Tag("<list>")],
        Discriminator(_one_or_several),
    ]
    """The other history, {table: …} or {dataset: …}, or a list of them; the columns are called as in `history`."""

    @field_validator("source")
    @classmethod
    def _one_at_least(cls, source: SourceSpec | tuple[SourceSpec, ...]) -> SourceSpec | tuple[SourceSpec, ...]:
        if source == ():
            raise reject(fault("must not be empty", "add a history: {table: FILE}", got="[]"))
        return source

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """The other histories, at least one."""
        return self.source if isinstance(self.source, tuple) else (self.source,)


class WrappedSpec(Part):
    """An estimator that was fitted elsewhere and takes the amount as one of its columns."""

    kind: Literal["wrapped"]
    """An estimator that was fitted elsewhere."""
    file: FilePath
    """The fitted estimator, written by skops, relative to the scenario file."""
    amount: Column = "amount"
    """The name by which the estimator knows the amount's column."""
    per: float = Field(default=1, gt=0)
    """Currency units in one unit of that column: amount = column × per."""
    features: Annotated[tuple[Column, ...], Field(min_length=1, strict=False)] | None = None
    """The columns the estimator reads besides the amount; by default those it was fitted on."""
    monotone: bool = False
    """true lets no curve fall with the amount, by pooling amounts."""

    @field_validator("features")
    @classmethod
    def _named_once(cls, features: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if faults := list(repeated(features or ())):
            raise reject(*faults)
        return features

    @model_validator(mode="after")
    def _amount_apart(self) -> Self:
        if self.amount in (self.features or ()):
            raise reject(fault("must not be a feature", "leave it out of the features", at=("amount",), got=shown(self.amount)))
        return self


ModelSpec = Annotated[
    SLearnerSpec
    | TwoModelSpec
    | ClassTransformSpec
    | TransformedOutcomeSpec
    | XLearnerSpec
    | DRLearnerSpec
    | UpliftTreeSpec
    | UpliftForestSpec
    | TARNetSpec
    | TLTARNetSpec
    | WrappedSpec,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[Part]] = {
    "s_learner": SLearnerSpec,
    "two_model": TwoModelSpec,
    "class_transform": ClassTransformSpec,
    "transformed_outcome": TransformedOutcomeSpec,
    "x_learner": XLearnerSpec,
    "dr_learner": DRLearnerSpec,
    "uplift_tree": UpliftTreeSpec,
    "uplift_forest": UpliftForestSpec,
    "tarnet": TARNetSpec,
    "tl_tarnet": TLTARNetSpec,
    "wrapped": WrappedSpec,
}


def part_of_model(place: tuple[int | str, ...]) -> type[Part] | None:
    """What the mapping at this place below `model` is, the kind first; None where any key may stand."""
    match place:
        case (str() as kind,):
            return KINDS[kind]
        case (_, "source", *_, "treatment"):
            return TreatmentSpec
        case (_, "source", *_):
            return SourceSpec
    return EstimatorSpec if place[-1] in ("effect_estimator", "<estimator>") else None
