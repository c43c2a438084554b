"""The answer: one amount for each unit, what it is worth, and what no other answer can exceed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.markup import facts_html
from optimizer.problem.streamed import Streamed

BoundSource = Literal["dual", "core"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """What was minimised among the plans whose outcome is near the best, with a proof of how little is possible.

    Attributes
    ----------
    minimised : ``cost``, ``recipients`` or ``changes``.
    within : how much of the best outcome could be given up, a share.
    best, before : expected outcome, and the figure that is minimised, of the best plan found; that plan is not kept, so both are
        what the run says.
    floor : the least outcome that is near enough to `best`; it is held to 1e-9, as every limit on outcomes.
    value : the figure that is minimised: currency units, awards, or units whose amount changes.
    bound : no plan within the limits whose outcome reaches the floor has less; the value, where the plan uses that slack.
    bound_source : as of `Allocation`.
    dual_bound : what one pass re-proves, whatever the source of `bound`.
    shadow_prices : by limit, the floor's too, how much less of the figure one unit more of the limit's would make possible;
        negative for at_least limits.
    """

    minimised: str
    within: float
    best: float
    before: float
    floor: float
    value: float
    bound: float
    bound_source: BoundSource
    dual_bound: float
    shadow_prices: Mapping[str, float]

    @property
    def gap(self) -> float:
        """(value − bound)/|value|; 0 is proven to be the least."""
        return relative_gap(-self.value, -self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cautious:
    """What a cautious objective came to, with a proof of how good that is.

    Attributes
    ----------
    caution, figure : what was maximised, as of `optimizer.problem.objective.Objective`.
    best, before : expected outcome, and cautious outcome, of the plan found that has most of the expected one; that plan is not
        kept, so both are what the run says. `best` less the plan's own expected outcome is the predicted loss.
    value : the plan's cautious outcome.
    bound : no allocation within the limits has a higher one.
    bound_source : as of `Allocation`.
    dual_bound : what one pass re-proves, whatever the source of `bound`.
    shadow_prices : by limit, what one unit more of its figure would be worth in cautious outcome; negative for at_least limits.
    """

    caution: str
    figure: float
    best: float
    before: float
    value: float
    bound: float
    bound_source: BoundSource
    dual_bound: float
    shadow_prices: Mapping[str, float]

    @property
    def gap(self) -> float:
        """(bound − value)/|value|; 0 is a proven optimum."""
        return relative_gap(self.value, self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Who gets how much, with a proof of how good that is.

    Attributes
    ----------
    index : (n,) position of each unit's amount among the amounts.
    amount : (n,) int64 currency units.
    value : expected outcome of all units together.
    bound : no allocation within the limits is worth more.
    bound_source : ``dual`` if one pass over the units at the shadow prices re-proves the bound, ``core`` if it also
        rests on the backend's solution of the core.
    shadow_prices : by limit, what one unit more of its figure would be worth; negative for at_least limits.
    usage : by limit, (used, allowed) in the limit's own measure.
    passes : how often the search for the best outcome passed over all units.
    then : what was minimised among plans near the best; None if nothing was. Value and usage are then those of the plan that
        was chosen last, bound and prices those of the best outcome, so that the gap holds what was given up.
    cautious : what was maximised in place of the expected outcome; None if that was maximised. Value, usage, bound and prices
        are as with `then`.
    """

    index: NDArray[np.intp]
    amount: NDArray[np.int64]
    value: float
    bound: float
    bound_source: BoundSource
    shadow_prices: Mapping[str, float]
    usage: Mapping[str, tuple[float, float]]
    then: Second | None = None
    cautious: Cautious | None = None
    passes: int = 0

    def choosing(self, index: NDArray[np.intp], curves: Curves | Streamed, coupling: Coupling) -> Self:
        """Another choice (of a part of the units, perhaps), with its amounts, value and usage; bound and prices stay."""
        totals = Totals.of(index, curves, coupling)
        amount = curves.amounts.array[index]
        return replace(self, index=index, amount=amount, value=totals.outcome, usage=coupling.usage(totals))

    @property
    def gap(self) -> float:
        """(bound − value)/|value|; 0 is a proven optimum; with another objective up to about what it gave up."""
        return relative_gap(self.value, self.bound)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        facts = {
            "recipients": f"{np.count_nonzero(self.amount):,} of {len(self.amount):,}",
            "awards in all": f"{int(self.amount.sum()):,}",
            "expected outcome": f"{self.value:,.4f}",
            "no allocation can exceed": f"{self.bound:,.4f} (bound source: {self.bound_source})",
            "gap": f"{100 * self.gap:.6g} %",
        }
        limits = {f"limit {name}": f"{used:,.10g} of {allowed:,.10g}" for name, (used, allowed) in self.usage.items()}
        return facts_html("Allocation", facts | limits)


def relative_gap(value: float, bound: float) -> float:
    """(bound − value)/|value|, and 0 where both are equal."""
    if bound <= value:
        return 0.0
    return (bound - value) / abs(value) if value else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """The search so far: the best feasible choice, its value, and the best bound.

    Attributes
    ----------
    choice : (n,) option of each unit, or None while none is feasible.
    value : its value; −inf while there is none.
    """

    choice: NDArray[np.intp] | None
    value: float
    bound: float
    source: BoundSource

    @property
    def gap(self) -> float:
        """Relative gap between bound and value."""
        return relative_gap(self.value, self.bound)
