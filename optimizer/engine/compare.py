"""The same money spent in simpler ways, valued on the same curves: what planning is worth.

nobody                       no award at all
largest to highest uplift    the largest award down the list of uplift at that award, while money and heads last
equal to a random share      as many heads as are allowed, drawn at random, each the same award
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.engine.largest import Chosen, largest, ordered, taken
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.parts import Parts
from optimizer.problem.result import Rule
from optimizer.problem.strata import scrambled
from optimizer.problem.streamed import Streamed
from optimizer.problem.totals import Tally

LARGEST_TO_HIGHEST = "largest award to the highest uplift"

UNIT_RULES = "rules for single units"
"""What a rule is said to break that gives a unit what it may not be given."""

NOTHING, EQUAL, LARGEST = 0, 1, 2
"""The three options that the rules give: no award, the equal one, the largest one."""


@dataclass(frozen=True, slots=True)
class _Means:
    """What every rule may spend: the tightest overall budget and head count, or what giving everyone the most takes."""

    money: int
    heads: int


@dataclass(frozen=True, slots=True)
class _Ways:
    """The simpler ways to spend the same money.

    Attributes
    ----------
    few : in parts, the units with the three options alone.
    highest, drawn : who gets the largest award, and who the equal one.
    """

    few: Parts[Part]
    highest: tuple[Parts[NDArray[np.uint64]], Chosen]
    drawn: tuple[Parts[NDArray[np.uint64]], Chosen]


def compare(curves: Curves | Streamed, coupling: Coupling, seed: int) -> tuple[Rule, ...]:
    """Three simpler rules within the overall budget and head count; other limits they may break, and it is said."""
    return compare_parts(Fleet.of(curves, coupling), coupling, seed)


def compare_parts(fleet: Fleet, coupling: Coupling, seed: int) -> tuple[Rule, ...]:
    """As `compare`, of units in parts."""
    ways = _ways(fleet, coupling, seed)
    told = ways.few.told(_tallies, ways.highest[0], ways.highest[1].each, ways.drawn[0], ways.drawn[1].each, coupling.bare())
    names = ("nobody", LARGEST_TO_HIGHEST, "equal awards to a random share")
    return tuple(_rule(name, coupling, every) for name, every in zip(names, zip(*told, strict=True), strict=True))


def largest_to_highest(curves: Curves | Streamed, coupling: Coupling) -> NDArray[np.intp]:
    """The second of them: the option of each unit, (n,)."""
    keys, chosen = _ways(Fleet.of(curves, coupling), coupling, 0).highest
    given = np.concatenate(keys.told(taken, chosen.each))
    return np.where(given, len(curves.amounts) - 1, 0)


def _ways(fleet: Fleet, coupling: Coupling, seed: int) -> _Ways:
    means, offered = _means(fleet, coupling), fleet.amounts.values
    heads = min(means.heads, means.money // offered[1])
    award = int(np.searchsorted(fleet.amounts.array, means.money // heads, side="right")) - 1 if heads else 0
    few = fleet.parts.kept(_few, np.array([0, award, len(offered) - 1]))
    uplift = few.kept(_uplift)
    lots = few.kept(_lots, fleet.each(fleet.starts), seed)
    # Who would be harmed gets nothing.
    gaining = sum(uplift.told(_gaining))
    most = min(means.heads, means.money // offered[-1], gaining)
    return _Ways(few, (uplift, largest(uplift, most)), (lots, largest(lots, heads)))


def _means(fleet: Fleet, coupling: Coupling) -> _Means:
    n = fleet.n
    money, heads = n * fleet.amounts.values[-1], n
    for row in coupling.rows:
        limit = row.limit
        if row.sign > 0 and limit.where is None and limit.by is None and limit.of in (None, "units"):
            money = min(money, int(row.allowed)) if limit.measure == "cost" else money
            heads = min(heads, int(row.allowed)) if limit.measure == "recipients" else heads
    return _Means(money, heads)


def _few(part: Part, options: NDArray[np.intp]) -> Part:
    """The units with three options alone."""
    return replace(part, curves=Curves.join([dense.offering(options) for _, dense in part.curves.parts()]))


def _uplift(part: Part) -> NDArray[np.uint64]:
    return ordered(part.curves.column(LARGEST) - part.curves.column(NOTHING))


def _gaining(uplift: NDArray[np.uint64]) -> int:
    return int((uplift > ordered(np.zeros(1))).sum())


def _lots(part: Part, start: int, seed: int) -> NDArray[np.uint64]:
    """A number drawn for each unit: the same however the units are parted."""
    places = np.arange(start, start + part.curves.shape[0], dtype=np.uint64)
    return scrambled(places ^ scrambled(np.array([seed], dtype=np.uint64)))


def _tallies(
    part: Part,
    uplift: NDArray[np.uint64],
    highest: tuple[int, int],
    lots: NDArray[np.uint64],
    drawn: tuple[int, int],
    coupling: Coupling,
) -> list[tuple[Tally, bool]]:
    """What each rule adds up to, and whether it gives what may not be given."""
    curves, own = part.curves.dense(), part.under(coupling)
    nobody = np.zeros(len(lots), dtype=np.intp)
    rules = (nobody, LARGEST * taken(uplift, highest), EQUAL * taken(lots, drawn))
    return [
        (Tally.of(choice.astype(np.intp), curves, own), bool(curves.barred_at(choice.astype(np.intp)).any())) for choice in rules
    ]


def _rule(name: str, coupling: Coupling, told: tuple[tuple[Tally, bool], ...]) -> Rule:
    totals = Tally.sum(tally for tally, _ in told).totals
    broken = tuple(dict.fromkeys(row.limit.name for row in coupling.broken(totals)))
    if any(barred for _, barred in told):
        broken = (*broken, UNIT_RULES)
    return Rule(name=name, spent=totals.cost, recipients=totals.recipients, outcome=totals.outcome, breaks=broken)
