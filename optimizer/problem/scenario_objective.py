"""What is maximised, as it is written where it is not the expected outcome:

objective: {lower: 0.1}   or   {mean_minus_sd: 1.0, members: 50}
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from optimizer.problem.objective import Objective
from optimizer.problem.scenario_part import Part, built, fault, reject


class ObjectiveSpec(Part):
    """A cautious objective: outcomes count as low as fits of the model on bootstrap samples of the history say they may be."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["lower"]}, {"required": ["mean_minus_sd"]}]})

    lower: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """A quantile of each response over the fits, from 0 to 0.5."""
    mean_minus_sd: Annotated[float, Field(ge=0)] | None = None
    """So many standard deviations are taken off each response's mean over the fits."""
    members: Annotated[int, Field(ge=2)] = 20
    """How many bootstrap samples of the history the model is fitted on."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.lower is None) == (self.mean_minus_sd is None):
            got = "neither" if self.lower is None else "both"
            raise reject(fault("takes lower or mean_minus_sd", "write {lower: 0.1} or {mean_minus_sd: 1.0}", got=got))
        return built(self)

    def build(self) -> Objective:
        """What is maximised."""
        if self.lower is not None:
            return Objective(caution="lower", figure=self.lower)
        assert self.mean_minus_sd is not None
        return Objective(caution="mean_minus_sd", figure=self.mean_minus_sd)
