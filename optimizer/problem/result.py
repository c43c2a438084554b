"""What a run returns: the plan, its proof, a row for each unit, and the figures a committee asks for first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.problem.allocation import Allocation, Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.curves import Curves
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import Units

SEGMENTS = np.array(["lost cause", "persuadable", "sleeping dog", "sure thing"], dtype=object)
"""By 2·(likely without) + (likely with): the four quadrants of uplift."""

COLUMNS = ("id", "amount", "outcome_without", "outcome_with", "uplift", "segment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A simpler way to spend the same money.

    Attributes
    ----------
    spent, recipients, outcome : what it adds up to on the same curves.
    breaks : the limits it does not keep.
    """

    name: str
    spent: int
    recipients: int
    outcome: float
    breaks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of a plan, ready to be shown.

    Attributes
    ----------
    outcome_name : what is counted, such as the outcome's column.
    units, recipients, spent : heads and currency units.
    offered : the sum of the awards; `spent` differs where awards cost more than their amount, or are paid to some only.
    expected_cost : whether `spent` is an expectation.
    without, value, uplift : expected outcome with no award, with the plan, and their difference.
    cost_per_outcome : currency units spent for each extra outcome; None if there is none.
    usage : by limit, (used, allowed).
    prices : what a little more of each limit would bring, one sentence each.
    bound, bound_source, gap : the proof.
    then, then_in_words : what was minimised among the plans whose outcome is near the best; None and "" if nothing was.
    rules : the same money spent in simpler ways.
    notes : what was done to the data on the way in.
    """

    name: str
    currency: str
    outcome_name: str
    units: int
    recipients: int
    spent: int
    offered: int
    expected_cost: bool
    without: float
    value: float
    uplift: float
    cost_per_outcome: float | None
    usage: dict[str, tuple[float, float]]
    prices: tuple[str, ...]
    bound: float
    bound_source: str
    gap: float
    then: Second | None = None
    then_in_words: str = ""
    rules: tuple[Rule, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who gets how much, and everything that backs it.

    Attributes
    ----------
    table : one row a unit: id, amount, outcome_without, outcome_with, uplift, segment.
    """

    allocation: Allocation
    certificate: Certificate
    table: pd.DataFrame
    summary: Summary


def table_of_plan(units: Units, curves: Curves | Streamed, allocation: Allocation, *, probabilities: bool) -> pd.DataFrame:
    """One row a unit; the segment compares the likelier outcome without an award and at the largest one.

    Segments are given where outcomes are probabilities, and left empty elsewhere.
    """
    without, value = curves.column(0), curves.value_of(allocation.index)
    return pd.DataFrame(
        {
            "id": units.ids,
            "amount": allocation.amount,
            "outcome_without": without,
            "outcome_with": value,
            "uplift": value - without,
            "segment": _segments(curves) if probabilities else "",
        }
    )


def _segments(curves: Curves | Streamed) -> NDArray[np.object_]:
    likely = np.column_stack([curves.column(0), curves.column(-1)]) >= 0.5  # noqa: PLR2004 — more likely than not
    segments: NDArray[np.object_] = SEGMENTS[2 * likely[:, 0] + likely[:, 1]]
    return segments
