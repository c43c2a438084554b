"""An estimator as it is written: an import path, and parameters that may hold more of the same.

    {estimator: sklearn.ensemble.GradientBoostingRegressor, params: {n_estimators: 100}}

An estimator may stand wherever a parameter does, as {estimator: PATH, params: {…}}: pipelines, calibration, stacking.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from optimizer.problem.scenario_part import Part, fault, reject, shown


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


def _share_or_estimator(value: object) -> str:
    return "<estimator>" if isinstance(value, EstimatorSpec | dict) else "<value>"


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


Propensity = Annotated[
    Annotated[EstimatorSpec, Tag("<estimator>")] | Annotated[float, Field(gt=0, lt=1), Tag("<value>")],
    Discriminator(_share_or_estimator),
]
"""The chance of an award: a number where a trial fixed it, or a classifier that is fitted on who received one."""
