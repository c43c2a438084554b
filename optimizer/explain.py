"""Why a unit was given its amount, and what would change that.

    at the plan's prices     net_k = g_k − Σ_l λ_l u_lk     beside the best other amount, and what D(λ) proves of it
    decided again            with another budget, head count, or outcome of this unit, until its amount is another

What D(λ) is above the plan's own worth is what the proof leaves open: a unit whose amount is ahead by more than that is given
the same by every plan as good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optimizer.again import Held
from optimizer.decide import Progress, silent
from optimizer.engine.pricing import best_options, group_prices, scores
from optimizer.engine.weak_duality import dual_bound
from optimizer.errors import DataError, ModelError
from optimizer.otherwise import Otherwise
from optimizer.problem.allocation import Allocation
from optimizer.problem.curves import Curves
from optimizer.problem.explanation import Barred, Explanation, Ground, Option, Price
from optimizer.problem.rules import Rules
from optimizer.problem.scenario import Scenario
from optimizer.problem.terms import Terms
from optimizer.problem.units import History, Units
from optimizer.run import rebuild

ROUNDING = 1e-9
"""Relative; a proof does not rest on less."""


def explain(folder: str | Path, unit: str, *, allow_modules: Sequence[str] = (), progress: Progress = silent) -> Explanation:
    """Why this unit was given its amount in the plan that a run left, and what would change it.

    Raises
    ------
    DataError
        If there is no such unit, or a file is missing.
    VerificationError
        If a file or a table was changed since the run.
    ModelError
        If the plan was made with solver.embedding native, which has no curves.
    """
    progress("read", None)
    run = rebuild(folder, allow_modules=allow_modules)
    scenario = run.left.scenario
    if scenario.solver.embedding == "native":
        raise ModelError("solver.embedding: only plans made with curves can be explained, got native; solve with curves")
    place = _place(run.units, unit)
    held = Held.of(run)
    seen = _Seen.of(held, run.left.allocation(run.units, held.curves), place)
    found = _explanation(scenario, run.history, seen)
    if run.left.season is not None:
        # A night's plan is tonight's part of one for the season's other nights too: it is not decided again alone.
        return found
    otherwise = Otherwise(scenario, held, place, seen.allocation, found)
    return replace(found, changes=tuple(otherwise.changes(progress)))


def _place(units: Units, unit: str) -> int:
    places = np.flatnonzero(units.ids == unit)
    if not len(places):
        near = get_close_matches(unit, units.ids.tolist(), n=3, cutoff=0.0)
        raise DataError(f"--unit: no unit of the plan is called {unit!r}; the nearest are {', '.join(near)}")
    return int(places[0])


@dataclass(frozen=True, slots=True)
class _Seen:
    """One unit, at its place among those of a plan, with the prices at which the plan was chosen."""

    held: Held
    place: int
    allocation: Allocation
    curves: Curves
    prices: NDArray[np.float64]
    proof: float
    """How far D(λ) is above the plan: no plan as good gives a unit an amount that loses more."""

    @classmethod
    def of(cls, held: Held, allocation: Allocation, place: int) -> _Seen:
        chosen_for = allocation.cautious or allocation
        curves = held.curves if held.aimed is None else held.aimed.curves
        bound = dual_bound(chosen_for.shadow_prices, curves, held.coupling)
        prices = held.coupling.row_prices(chosen_for.shadow_prices)
        proof = bound - chosen_for.value + ROUNDING * max(1.0, abs(bound))
        return cls(held, place, allocation, curves, prices, proof)

    @property
    def chosen(self) -> int:
        """The place of the unit's amount."""
        return int(self.allocation.index[self.place])

    @property
    def own(self) -> slice:
        """The unit alone."""
        return slice(self.place, self.place + 1)

    def per(self) -> NDArray[np.float64]:
        """(3,): the price of a currency unit, of an award and of an outcome, for this unit."""
        return group_prices(self.held.coupling, self.prices)[:, self.held.coupling.groups[self.place]]

    def open_units(self) -> int:
        """Units with a second amount that loses no more than what is left unproven."""
        found = 0
        _, best = best_options(self.curves, self.held.coupling, self.prices)
        for units in np.array_split(np.arange(len(best)), 1 + self.curves.values.size // (1 << 22)):
            near = scores(self.curves, self.held.coupling, self.prices, units) >= best[units, None] - self.proof
            found += int((near.sum(axis=1) > 1).sum())
        return found


def _explanation(scenario: Scenario, history: History | None, seen: _Seen) -> Explanation:
    options = _options(seen)
    problem, held = seen.held.problem, seen.held
    counted = [row for row in held.coupling.rows if row.inside[held.coupling.groups[seen.place]]]
    shadow = (seen.allocation.cautious or seen.allocation).shadow_prices
    prices = {row.name: Price(limit=row.name, measure=row.limit.measure, price=shadow[row.name]) for row in counted}
    found = Explanation(
        unit=str(held.units.ids[seen.place]),
        currency=scenario.amounts.currency,
        outcome_name="outcomes" if scenario.history is None else scenario.history.outcome,
        likely=history is not None and set(np.unique(history.outcome)) <= {0.0, 1.0},
        options=options,
        chosen=seen.chosen,
        prices=tuple(prices.values()),
        money=float(seen.per()[0]),
        ground="search",
        open_units=seen.open_units(),
        barred=tuple(_barred(seen)),
        caution="" if problem.objective is None else problem.objective.words,
    )
    return replace(found, ground=_ground(seen, found))


def _options(seen: _Seen) -> tuple[Option, ...]:
    curves, i = seen.held.curves, seen.place
    costs = curves.costs if curves.costs.ndim == 1 else curves.costs[i]
    barred = np.zeros(len(costs), dtype=bool) if curves.barred is None else curves.barred[i]
    gains = seen.curves.gains[i]
    free = replace(seen.curves, barred=None)
    charges = gains - scores(free, seen.held.coupling, seen.prices, seen.own)[0]
    columns = (
        curves.amounts.values,
        costs.tolist(),
        curves.values[i].tolist(),
        gains.tolist(),
        charges.tolist(),
        barred.tolist(),
    )
    return tuple(
        Option(amount=amount, cost=cost, outcome=outcome, gain=gain, charge=charge, barred=bar)
        for amount, cost, outcome, gain, charge, bar in zip(*columns, strict=True)
    )


def _ground(seen: _Seen, found: Explanation) -> Ground:
    """What the amount rests on: weak duality bounds every plan that gives the unit another."""
    if seen.held.problem.then is not None:
        return "then"
    if found.rival is None:
        return "proven"
    ahead = found.given.net - found.rival.net
    return "proven" if ahead > seen.proof else "search"


def _barred(seen: _Seen) -> Iterator[Barred]:
    """What each rule by itself forbids the unit."""
    problem, offered = seen.held.problem, seen.held.curves.amounts
    row = seen.held.units.frame.iloc[seen.own].reset_index(drop=True)
    values = seen.held.curves.values[seen.own]
    for rule in ("never", "fixed", "cap", "floor", "only", "cost_per_uplift"):
        alone = replace(Rules(), **{rule: getattr(problem.rules, rule)})
        if alone == Rules():
            continue
        barred = Terms.of(offered, 1, row, problem.costs, alone).curves(values, slice(None)).barred
        if barred is not None and barred.any():
            yield Barred(rule=rule, amounts=tuple(offered.array[barred[0]].tolist()))
    if problem.seen is not None and not problem.seen[seen.place].all():
        yield Barred(rule="support", amounts=tuple(offered.array[~problem.seen[seen.place]].tolist()))
