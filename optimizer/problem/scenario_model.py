"""Which response model answers “what if this unit is offered that amount?”: a kind, and the estimator it is made of.

    {kind: two_model, estimator: sklearn.ensemble.GradientBoostingRegressor, params: {n_estimators: 100}}

An estimator may stand wherever a parameter does, as {estimator: PATH, params: {…}}: pipelines, calibration, stacking.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator
from typing_extensions import TypeAliasType

from optimizer.problem.scenario_part import Column, Part, fault, reject, shown
from optimizer.problem.scenario_tables import FilePath, repeated


def _dotted(path: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", path):
        raise reject(
            fault(
                "must be an import path", "write module.Class, such as sklearn.linear_model.LogisticRegression", got=shown(path)
            )
        )
    return path


def _sort(value: object) -> str:
    match value:
        case EstimatorSpec():
            return "<estimator>"
        case dict() if isinstance(value.get("estimator"), str) and value.keys() <= {"estimator", "params"}:
            return "<estimator>"
        case dict():
            return "<mapping>"
        case list():
            return "<list>"
        case _:
            return "<value>"


if TYPE_CHECKING:
    Param = Any  # mypy resolves no alias that contains itself below Annotated
else:
    # The keys of a mapping may be numbers: class_weight: {0: 1, 1: 5}.
    Param = TypeAliasType(
        "Param",
        Annotated[
            Annotated["EstimatorSpec", Tag("<estimator>")]
            | Annotated[dict[Any, "Param"], Tag("<mapping>")]
            | Annotated[list["Param"], Tag("<list>")]
            | Annotated[Any, Tag("<value>")],
            Discriminator(_sort),
        ],
    )
ImportPath = Annotated[str, AfterValidator(_dotted), Field(json_schema_extra={"pattern": r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"})]


class EstimatorSpec(Part):
    """An estimator by its import path, and the parameters of its constructor."""

    estimator: ImportPath
    """Import path of the class, such as sklearn.linear_model.LogisticRegression."""
    params: dict[str, Param] = Field(default_factory=dict)
    """Parameters of its constructor; {estimator: …, params: …} stands for a nested estimator."""


class SLearnerSpec(EstimatorSpec):
    """One estimator over the features and the amount."""

    kind: Literal["s_learner"]
    """One estimator over the features and the amount."""


class TwoModelSpec(EstimatorSpec):
    """One estimator for those who received nothing, one for those who received an award."""

    kind: Literal["two_model"]
    """One estimator for those who received nothing, one for those who received an award."""


class ClassTransformSpec(EstimatorSpec):
    """One estimator of the transformed outcome; knows a single award size."""

    kind: Literal["class_transform"]
    """One estimator of the transformed outcome; knows a single award size."""
    propensity: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The share of the history that received the award, where the trial fixed it; else it is estimated."""


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


ModelSpec = Annotated[SLearnerSpec | TwoModelSpec | ClassTransformSpec | WrappedSpec, Field(discriminator="kind")]
KINDS: dict[str, type[Part]] = {
    "s_learner": SLearnerSpec,
    "two_model": TwoModelSpec,
    "class_transform": ClassTransformSpec,
    "wrapped": WrappedSpec,
}
