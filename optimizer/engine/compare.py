"""The same money spent in simpler ways, valued on the same curves: what planning is worth.

nobody                       no award at all
largest to highest uplift    the largest award down the list of uplift at that award, while money and heads last
equal to a random share      as many heads as are allowed, drawn at random, each the same award
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.result import Rule
from optimizer.problem.streamed import Streamed

LARGEST_TO_HIGHEST = "largest award to the highest uplift"

UNIT_RULES = "rules for single units"
"""What a rule is said to break that gives a unit what it may not be given."""


@dataclass(frozen=True, slots=True)
class _Means:
    """What every rule may spend: the tightest overall budget and head count, or what giving everyone the most takes."""

    money: int
    heads: int


def compare(curves: Curves | Streamed, coupling: Coupling, seed: int) -> tuple[Rule, ...]:
    """Three simpler rules within the overall budget and head count; other limits they may break, and it is said."""
    means = _means(curves, coupling)
    chosen = {
        "nobody": np.zeros(curves.shape[0], dtype=np.intp),
        LARGEST_TO_HIGHEST: _largest_to_highest(curves, means),
        "equal awards to a random share": _equal_to_random(curves, means, np.random.default_rng(seed)),
    }
    return tuple(_rule(name, choice, curves, coupling) for name, choice in chosen.items())


def largest_to_highest(curves: Curves | Streamed, coupling: Coupling) -> NDArray[np.intp]:
    """The second of them: the option of each unit, (n,)."""
    return _largest_to_highest(curves, _means(curves, coupling))


def _means(curves: Curves | Streamed, coupling: Coupling) -> _Means:
    n = curves.shape[0]
    money, heads = n * curves.amounts.values[-1], n
    for row in coupling.rows:
        limit = row.limit
        if row.sign > 0 and limit.where is None and limit.by is None and limit.of in (None, "units"):
            money = min(money, int(row.allowed)) if limit.measure == "cost" else money
            heads = min(heads, int(row.allowed)) if limit.measure == "recipients" else heads
    return _Means(money, heads)


def _largest_to_highest(curves: Curves | Streamed, means: _Means) -> NDArray[np.intp]:
    largest = curves.amounts.values[-1]
    uplift = curves.column(-1) - curves.column(0)
    order = np.argsort(-uplift, kind="stable")
    chosen = order[: min(means.heads, means.money // largest)]
    choice = np.zeros(len(uplift), dtype=np.intp)
    choice[chosen[uplift[chosen] > 0]] = len(curves.amounts) - 1
    return choice


def _equal_to_random(curves: Curves | Streamed, means: _Means, rng: np.random.Generator) -> NDArray[np.intp]:
    n, smallest = curves.shape[0], curves.amounts.values[1]
    heads = min(means.heads, means.money // smallest)
    choice = np.zeros(n, dtype=np.intp)
    if heads:
        award = np.searchsorted(curves.amounts.array, means.money // heads, side="right") - 1
        choice[rng.permutation(n)[:heads]] = award
    return choice


def _rule(name: str, choice: NDArray[np.intp], curves: Curves | Streamed, coupling: Coupling) -> Rule:
    totals = Totals.of(choice, curves, coupling)
    broken = tuple(dict.fromkeys(row.limit.name for row in coupling.broken(totals)))
    if curves.barred_at(choice).any():
        broken = (*broken, UNIT_RULES)
    return Rule(name=name, spent=totals.cost, recipients=totals.recipients, outcome=totals.outcome, breaks=broken)
