"""Past units decided about by models that have not seen them: fit on the other folds, allocate, and match with what was recorded.

Each fold is allocated under the limits scaled to it, and beside the plan stand simpler rules with its means:

nobody                                   no award at all
equal awards to a random share           as many recipients and as much money as the plan; the mean over all such draws
equal awards to everyone                 the plan's money
equal awards to the plan's recipients    the plan's money
largest award to the highest uplift      down the list, as in `engine/compare.py`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from models.evaluation.matching import Matching, matching
from models.outcome import classifies
from models.propensity import LEAST_PROPENSITY
from optimizer.decide import Progress, silent
from optimizer.engine.compare import LARGEST_TO_HIGHEST, UNIT_RULES, largest_to_highest
from optimizer.errors import Infeasible
from optimizer.evaluating.asked import Asked
from optimizer.plan import plan
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.streamed import Streamed
from optimizer.problem.sums import exact_sum
from optimizer.problem.terms import Terms
from optimizer.problem.units import History

THIS_PLAN, NOBODY, GIVEN = "this plan", "nobody", "the plan given"
RANDOM, EVERYONE, SAME = "equal awards to a random share", "equal awards to everyone", "equal awards to the plan's recipients"

Part = TypeVar("Part", "Held", "AnyAward")

NEAR_ENOUGH = 1e-4
"""A fold's plan is proven to this gap at least: what it leaves is nothing beside what recorded outcomes leave open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a rule gives n units: award `awards[r, i]` with chance `chances[r, i]`.

    Attributes
    ----------
    awards, chances : (r, n); the chances of a unit sum to 1.
    """

    awards: NDArray[np.float64]
    chances: NDArray[np.float64]

    @classmethod
    def surely(cls, awards: NDArray[np.float64]) -> Given:
        """These awards (n,)."""
        return cls(awards=awards[None, :], chances=np.ones((1, awards.size)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A rule on n past units, by what models that have not seen them say.

    Attributes
    ----------
    offered, recipient : (n,) its award, and whether there is one; expectations for a rule that draws lots.
    predicted : (n,) expected outcome by the model.
    nearby : (n,) the same, at the awards that history gave that stand for the rule's (`models.evaluation.matching`).
    weight : (n,) how much the unit's record says of the rule.
    trimmed : (n,) whether that was limited.
    breaks : the limits that it does not keep; none are looked for where it draws lots.
    """

    offered: NDArray[np.float64]
    recipient: NDArray[np.float64]
    predicted: NDArray[np.float64]
    nearby: NDArray[np.float64]
    weight: NDArray[np.float64]
    trimmed: NDArray[np.bool_]
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyAward:
    """Any award, drawn as history drew them, beside none, by what models that have not seen the units say.

    Attributes
    ----------
    chance : (n,) of any.
    awarded, without : (n,) expected outcome with one, and without.
    """

    chance: NDArray[np.float64]
    awarded: NDArray[np.float64]
    without: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """All past units.

    Attributes
    ----------
    rules : by name, the plan first.
    each : the rule that gives everybody the same, for each of the awards that it was asked for.
    any : any award beside none.
    fitted : (n,) expected outcome at the award that was recorded.
    matched : how awards were matched.
    """

    rules: dict[str, Held]
    each: dict[float, Held]
    any: AnyAward
    fitted: NDArray[np.float64]
    matched: str


def held_out(
    history: History,
    fold: NDArray[np.intp],
    asked: Asked,
    *,
    other: NDArray[np.int64] | None = None,
    simpler: bool = True,
    each: Sequence[float] = (),
    progress: Progress = silent,
) -> HeldOut:
    """Decide about each fold of a history by what the other folds teach.

    Parameters
    ----------
    fold : (n,) the fold of each past unit, from 0.
    other : (n,) amounts of another plan to compare with, if there is one.
    simpler : whether simpler rules than nobody stand beside the plan.
    each : awards of which it is asked what they would do to everybody.
    progress : told how far it is.

    Raises
    ------
    ResponseError
        If propensities cannot be learned of some folds.
    BursarError
        As in `plan`; Infeasible says in which fold.
    """
    learned = classifies(asked.propensity)
    everyone = None if learned else _matching(history, history, asked)
    parts, places = [], []
    for k in range(int(fold.max()) + 1):
        progress("evaluate", k / (int(fold.max()) + 1))
        rest, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        past = history.take(rest)
        near = everyone or _matching(past, history, asked)
        beside = {} if other is None else {GIVEN: Given.surely(other[held].astype(np.float64))}
        try:
            parts.append(_decided(past, history.take(held), near, asked, beside if simpler else None, each))
        except Infeasible as conflict:
            where = f"fold {k + 1}, {held.size:,} past units under the limits scaled to them: "
            raise Infeasible(f"{where}{conflict}", conflict.limits, conflict.nearest) from conflict
        places.append(held)
    return _joined(parts, np.argsort(np.concatenate(places), kind="stable"))


def _matching(past: History, history: History, asked: Asked) -> Matching:
    return matching(past.X, past.treatment, asked.propensity, history.treatment)


def _decided(
    past: History, held: History, near: Matching, asked: Asked, beside: dict[str, Given] | None, each: Sequence[float]
) -> HeldOut:
    """Decide about past units that are held out, and see what their records say of the plan, and of rules beside it."""
    model = asked.fitted(past)
    problem, units = asked.of(past, held)
    solver = replace(asked.solver, embedding="curves", gap=max(asked.solver.gap, NEAR_ENOUGH))
    curves, coupling, allocation, _ = plan(model, units, problem, solver)
    awards = allocation.amount.astype(np.float64)
    rules = {THIS_PLAN: Given.surely(awards), NOBODY: Given.surely(np.zeros(len(held)))}
    if beside is not None:
        largest = curves.amounts.array[largest_to_highest(curves, coupling)].astype(np.float64)
        rules |= _simpler(awards) | {LARGEST_TO_HIGHEST: Given.surely(largest)} | beside
    at_nodes = model.response(held.X, near.nodes.tolist())
    valued = {name: _held(given, held, model, near, at_nodes) for name, given in rules.items()}
    terms = problem.terms(len(units), units.frame)
    broken = {name: _broken(given, valued[name].predicted, terms, curves, coupling) for name, given in rules.items()}
    return HeldOut(
        rules={name: replace(rule, breaks=broken[name]) for name, rule in valued.items()},
        each={award: _held(Given.surely(np.full(len(held), award)), held, model, near, at_nodes) for award in each},
        any=_any(near.chances_of(held.X), at_nodes),
        fitted=model.predict(held.X, held.treatment),
        matched=near.in_words(),
    )


def _simpler(awards: NDArray[np.float64]) -> dict[str, Given]:
    n, recipient = awards.size, awards > 0
    share = recipient.mean()
    mean = awards.sum() / max(1, recipient.sum())
    draw = Given(awards=np.stack([np.zeros(n), np.full(n, mean)]), chances=np.stack([np.full(n, 1 - share), np.full(n, share)]))
    return {RANDOM: draw, EVERYONE: Given.surely(np.full(n, awards.mean())), SAME: Given.surely(np.where(recipient, mean, 0.0))}


def _held(given: Given, past: History, model: ResponseModel, near: Matching, curves: NDArray[np.float64]) -> Held:
    """The mean over what the rule may give; `curves` are the outcomes at the nodes of the matching."""
    zero = np.zeros(len(past))
    held = Held(offered=zero, recipient=zero, predicted=zero, nearby=zero, weight=zero, trimmed=zero > 0)
    for awards, chances in zip(given.awards, given.chances, strict=True):
        match, predicted = near.match(past.X, past.treatment, awards), model.predict(past.X, awards)
        nearby = np.where(match.shares.any(axis=1), (match.shares * curves).sum(axis=1), predicted)
        held = Held(
            offered=held.offered + chances * awards,
            recipient=held.recipient + chances * (awards > 0),
            predicted=held.predicted + chances * predicted,
            nearby=held.nearby + chances * nearby,
            weight=held.weight + chances * match.weight,
            trimmed=held.trimmed | (match.trimmed & (chances > 0)),
        )
    return held


def _broken(
    given: Given, predicted: NDArray[np.float64], terms: Terms, curves: Curves | Streamed, coupling: Coupling
) -> tuple[str, ...]:
    """The limits that sure awards do not keep; they need not be on offer, but cost as if they were."""
    if len(given.awards) > 1:
        return ()
    [awards] = given.awards
    costs = terms.charges.of(awards.astype(np.int64), predicted, slice(None))
    groups = [coupling.groups == group for group in range(coupling.n_groups)]
    totals = Totals(tuple((int(costs[of].sum()), int((awards[of] > 0).sum()), exact_sum(predicted[of])) for of in groups))
    broken = tuple(dict.fromkeys(row.limit.name for row in coupling.broken(totals)))
    on_offer = np.searchsorted(curves.amounts.array, awards, side="right") - 1
    return (*broken, UNIT_RULES) if curves.barred_at(on_offer).any() else broken


def _any(chances: NDArray[np.float64], at_nodes: NDArray[np.float64]) -> AnyAward:
    """The nodes above 0 together, given their chances and outcomes (n, nodes)."""
    chance = np.clip(1.0 - chances[:, 0], LEAST_PROPENSITY, 1.0 - LEAST_PROPENSITY)
    awarded = np.average(at_nodes[:, 1:], axis=1, weights=chances[:, 1:])
    return AnyAward(chance=chance, awarded=awarded, without=at_nodes[:, 0])


def _joined(parts: list[HeldOut], order: NDArray[np.intp]) -> HeldOut:
    first = parts[0]
    return HeldOut(
        rules={name: _whole([part.rules[name] for part in parts], order) for name in first.rules},
        each={award: _whole([part.each[award] for part in parts], order) for award in first.each},
        any=_whole([part.any for part in parts], order),
        fitted=np.concatenate([part.fitted for part in parts])[order],
        matched=first.matched,
    )


def _whole(parts: Sequence[Part], order: NDArray[np.intp]) -> Part:
    """Parts of the same kind as one: vectors joined and put in order, limits that are broken each once."""

    def joined(values: list[Any]) -> Any:
        if isinstance(values[0], tuple):
            return tuple(dict.fromkeys(limit for broken in values for limit in broken))
        return np.concatenate(values)[order]

    return replace(parts[0], **{field.name: joined([getattr(part, field.name) for part in parts]) for field in fields(parts[0])})
