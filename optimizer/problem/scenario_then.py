"""The second objective as it is written:

then: {minimise: cost, within: 1%}   or   {minimise: changes, within: 1%, previous: out/2025/allocation.csv}
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PlainValidator, model_validator

from optimizer.problem.scenario_part import PERCENT_SCHEMA, Part, fault, parse_percent, reject, shown
from optimizer.problem.scenario_tables import FilePath
from optimizer.problem.then import Minimised, Then


def _within(value: object) -> Fraction:
    share = parse_percent(value) if isinstance(value, str) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        # A float means the decimal that was written: 0.01 is 1/100.
        share = Fraction(repr(value))
    if share is None or not 0 <= share < 1:
        remedy = "write a percentage such as 1%, or leave it out to give up nothing"
        raise reject(fault("must be a share from 0 to below 100 %", remedy, got=shown(value)))
    return share


Within = Annotated[
    Fraction,
    PlainValidator(
        _within,
        json_schema_input_type=Annotated[
            Any, Field(json_schema_extra={"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, PERCENT_SCHEMA]})
        ],
    ),
]


class ThenSpec(Part):
    """What decides among the plans whose outcome is near the best; it may take solver.time_limit once more."""

    minimise: Minimised
    """cost (currency units), recipients (awards), or changes (units whose amount is another than in the previous plan)."""
    within: Within = Fraction(0)
    """How much of the best outcome may be given up for it, a share; by default nothing."""
    previous: FilePath | None = None
    """For changes: the allocation that an earlier run left, or any CSV or Parquet file with the columns id and amount."""

    @model_validator(mode="after")
    def _has_a_past(self) -> Self:
        if self.minimise == "changes" and self.previous is None:
            remedy = "add `previous: FILE`, the allocation.csv of an earlier run"
            raise reject(fault("changes need a plan to be compared with", remedy, at=("previous",)))
        if self.minimise != "changes" and self.previous is not None:
            raise reject(
                fault(
                    "is for changes only",
                    "leave it out, or write minimise: changes",
                    at=("previous",),
                    got=f"minimise: {self.minimise}",
                )
            )
        return self

    def build(self, previous: NDArray[np.int64] | None) -> Then:
        """The second objective, given what the units had before."""
        return Then(minimise=self.minimise, within=self.within, previous=previous)
