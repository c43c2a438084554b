"""What verification found to hold of an allocation; it is computed from curves, limits and prices alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.problem.allocation import BoundSource, Cautious, Second, relative_gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Figures that were recomputed, not taken over.

    Attributes
    ----------
    units, amounts : n and m.
    value : expected outcome with the plan; `without` is that of giving nothing.
    bound, bound_source : as claimed, and found consistent; a ``dual`` bound was re-proved.
    dual_bound : D(λ) at the shadow prices: re-proved, whatever the source of `bound`.
    spent, recipients : currency units and heads.
    shadow_prices, usage : by limit, as in `Allocation`.
    expected_cost : whether `spent`, and whatever counts cost, is an expectation: awards are paid only if the outcome happens.
    passes : how often the search for the best outcome passed over all units, as claimed; this proof takes one pass.
    then : the second objective, its figure and bound recomputed as well; None if there is none.
    cautious : likewise what was maximised in place of the expected outcome; `value` stays the expected outcome of the plan.
    """

    units: int
    amounts: int
    value: float
    without: float
    bound: float
    bound_source: BoundSource
    dual_bound: float
    spent: int
    recipients: int
    shadow_prices: Mapping[str, float]
    usage: Mapping[str, tuple[float, float]]
    expected_cost: bool = False
    passes: int = 0
    then: Second | None = None
    cautious: Cautious | None = None

    @property
    def gap(self) -> float:
        """(bound − value)/|value|."""
        return relative_gap(self.value, self.bound)
