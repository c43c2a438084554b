"""What a run returns: the plan, its proof, a row for each unit, and the figures a committee asks for first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evaluation.quadrants import Quadrants
from optimizer.problem.allocation import Allocation, Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.curves import Curves
from optimizer.problem.evaluation import Promise
from optimizer.problem.limits import Limit
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum
from optimizer.problem.units import Units

SEGMENTS = np.array(["lost cause", "persuadable", "sleeping dog", "sure thing"], dtype=object)
"""By 2·(likely without) + (likely with): the four quadrants of uplift."""

COLUMNS = ("id", "amount", "outcome_without", "outcome_with", "uplift", "segment", "extrapolated")


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
class Segment:
    """One of the four quadrants of uplift.

    Attributes
    ----------
    units : those whose segment it is.
    low, high : between what the number of units in it lies, whichever outcomes without and with an award go together.
    money : the awards of those units.
    """

    name: str
    units: int
    low: float
    high: float
    money: int


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
    objective_in_words : what a cautious objective came to and cost; "" if the expected outcome was maximised.
    extrapolated : awards that nobody like the unit was seen with; None where history cannot tell.
    segments : the quadrants of uplift; none where outcomes are no probabilities.
    rules : the same money spent in simpler ways.
    promise : how far predictions are from records at awards chosen by them, a unit's outcome; None where it is not known.
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
    objective_in_words: str = ""
    extrapolated: int | None = None
    segments: tuple[Segment, ...] = ()
    rules: tuple[Rule, ...]
    promise: Promise | None = None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who gets how much, and everything that backs it.

    Attributes
    ----------
    table : one row a unit: id, amount, outcome_without, outcome_with, uplift, segment, extrapolated.
    """

    allocation: Allocation
    certificate: Certificate
    table: pd.DataFrame
    summary: Summary


def table_of_plan(
    units: Units,
    curves: Curves | Streamed,
    allocation: Allocation,
    *,
    probabilities: bool,
    extrapolated: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """One row a unit; the segment compares the likelier outcome without an award and at the largest one.

    Segments are given where outcomes are probabilities, and left empty elsewhere; so is whether the award is extrapolated where
    that is not known.
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
            "extrapolated": "" if extrapolated is None else extrapolated,
        }
    )


def segments_of(curves: Curves | Streamed, table: pd.DataFrame) -> tuple[Segment, ...]:
    """How many units each segment has, between what that number lies, and what money they get.

    A model says how likely the outcome is without and with an award, not which outcomes go together: that leaves bounds
    (`models.evaluation.quadrants`).
    """
    quadrants = Quadrants.read(curves.column(0), curves.column(-1)).table().set_index("segment")
    counted = table.groupby("segment")["amount"].agg(["size", "sum"])
    return tuple(
        Segment(
            name=name,
            units=int(counted["size"].get(name, 0)),
            low=float(quadrants.loc[name, "low"]),  # type: ignore[arg-type]
            high=float(quadrants.loc[name, "high"]),  # type: ignore[arg-type]
            money=int(counted["sum"].get(name, 0)),
        )
        for name in ("persuadable", "sure thing", "lost cause", "sleeping dog")
    )


def table_of_frontier(
    figures: Sequence[Fraction], plans: Sequence[Allocation | None], curves: Curves, limit: Limit
) -> pd.DataFrame:
    """One row a figure of the limit; where there is no plan, only the figure and that it is not feasible."""
    without = exact_sum(curves.column(0))
    whole = limit.of is None and limit.measure in ("cost", "recipients")
    rows = []
    for figure, plan in zip(figures, plans, strict=True):
        row: dict[str, Any] = {"figure": int(figure) if whole else float(figure), "feasible": plan is not None}
        if plan is not None:
            row |= {
                "value": plan.value,
                "uplift": plan.value - without,
                "spent": int(curves.cost_of(plan.index).sum()),
                "recipients": int(np.count_nonzero(plan.index)),
                # Parity has a price for each pair of groups, all of them for the same figure.
                "price": sum(price for name, price in plan.shadow_prices.items() if _of(limit, name)),
                "bound": plan.bound,
                "bound_source": plan.bound_source,
                "gap": plan.gap,
            }
        rows.append(row)
    columns = ["figure", "feasible", "value", "uplift", "spent", "recipients", "price", "bound", "bound_source", "gap"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"spent": "Int64", "recipients": "Int64"})


def _of(limit: Limit, row: str) -> bool:
    return row == limit.name or (limit.by is not None and row.startswith(f"{limit.name}: "))


def _segments(curves: Curves | Streamed) -> NDArray[np.object_]:
    likely = np.column_stack([curves.column(0), curves.column(-1)]) >= 0.5  # noqa: PLR2004 — more likely than not
    segments: NDArray[np.object_] = SEGMENTS[2 * likely[:, 0] + likely[:, 1]]
    return segments
