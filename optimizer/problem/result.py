"""What a run returns: the plan, its proof, a row for each unit, and the figures a committee asks for first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evaluation.quadrants import SEGMENTS as QUADRANTS
from models.evaluation.quadrants import Quadrants
from optimizer.problem.allocation import Allocation, Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.evaluation import Promise
from optimizer.problem.limits import Limit
from optimizer.problem.markup import facts_html, rows_html
from optimizer.problem.solver import Solver
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import Sums, exact_parts, exact_sum
from optimizer.problem.units import Units

SEGMENTS = np.array(["lost cause", "persuadable", "sleeping dog", "sure thing"], dtype=object)
"""By 2·(likely without) + (likely with): the four quadrants of uplift."""

FIRST = 10
"""Recipients that a notebook shows."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """What a plan was decided on: who would do what, within which limits, how searched for."""

    curves: Curves | Streamed
    coupling: Coupling
    solver: Solver


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who gets how much, and everything that backs it.

    Attributes
    ----------
    table : one row a unit: id, amount, outcome_without, outcome_with, uplift, segment, extrapolated.
    basis : what its pictures are drawn from.
    """

    allocation: Allocation
    certificate: Certificate
    table: pd.DataFrame
    summary: Summary
    basis: Basis = field(repr=False, compare=False)

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures a committee asks for first, the limits, and the first recipients."""
        said, money = self.summary, f" {self.summary.currency}".rstrip()
        facts = {
            "recipients": f"{said.recipients:,} of {said.units:,}",
            "spent": f"{said.spent:,}{money}",
            f"expected {said.outcome_name} without awards": f"{said.without:,.4f}",
            f"expected {said.outcome_name} with this plan": f"{said.value:,.4f}",
            "uplift": f"{said.uplift:,.4f}",
            "gap": f"{100 * said.gap:.6g} %",
        }
        limits = {f"limit {name}": f"{used:,.10g} of {allowed:,.10g}" for name, (used, allowed) in said.usage.items()}
        awarded = self.table.loc[self.table["amount"] > 0].head(FIRST)
        rows = [
            (str(row.id), f"{row.amount:,}", f"{row.outcome_without:.4f}", f"{row.outcome_with:.4f}", f"{row.uplift:.4f}")
            for row in awarded.itertuples(index=False)
        ]
        caption = f"The first {len(rows)} of {said.recipients:,} recipients"
        return facts_html(said.name, facts | limits) + rows_html(caption, COLUMNS[:5], rows)


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
            "segment": segment_of(without, curves.column(-1)) if probabilities else "",
            "extrapolated": "" if extrapolated is None else extrapolated,
        }
    )


def segments_of(curves: Curves | Streamed, table: pd.DataFrame) -> tuple[Segment, ...]:
    """How many units each segment has, between what that number lies, and what money they get.

    A model says how likely the outcome is without and with an award, not which outcomes go together: that leaves bounds
    (`models.evaluation.quadrants`).
    """
    return segments_together([segments_in(curves.column(0), curves.column(-1), table["amount"].to_numpy())])


Counted = tuple[int, Sums, Sums, int]
"""Of a segment: units, the sums that are the bounds, and money."""


def segments_in(without: NDArray[np.float64], largest: NDArray[np.float64], amount: NDArray[np.int64]) -> dict[str, Counted]:
    """What a part of the units adds to each segment, exactly."""
    bounds, own = Quadrants.read(without, largest).bounds, segment_of(without, largest)
    return {
        name: (
            int((own == name).sum()),
            exact_parts(bounds[:, place, 0]),
            exact_parts(bounds[:, place, 1]),
            int(amount[own == name].sum()),
        )
        for place, name in enumerate(QUADRANTS)
    }


def segments_together(told: Sequence[dict[str, Counted]]) -> tuple[Segment, ...]:
    """The segments of several parts of the units."""
    return tuple(
        Segment(
            name=name,
            units=sum(own[name][0] for own in told),
            low=math.fsum(part for own in told for part in own[name][1]),
            high=math.fsum(part for own in told for part in own[name][2]),
            money=sum(own[name][3] for own in told),
        )
        for name in QUADRANTS
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


def segment_of(without: NDArray[np.float64], largest: NDArray[np.float64]) -> NDArray[np.object_]:
    """(n,) the segment of each unit, given its outcomes without an award and at the largest one."""
    likely = np.column_stack([without, largest]) >= 0.5  # noqa: PLR2004 — more likely than not
    segments: NDArray[np.object_] = SEGMENTS[2 * likely[:, 0] + likely[:, 1]]
    return segments
