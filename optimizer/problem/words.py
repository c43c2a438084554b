"""A problem and its prices in words: "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.allocation import Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.costs import Costs
from optimizer.problem.limits import Limit
from optimizer.problem.objective import Objective
from optimizer.problem.rows import MEASURES, Row
from optimizer.problem.rules import Rules
from optimizer.problem.then import Then

NOTHING = 1e-15
"""Prices below this are rounding."""

NATIVE = {("JPY", "ja"): "{}円"}
"""How an amount of money is written where it is not followed by its currency's code."""

EVERYONES = {
    "units": "all units",
    "recipients": "all recipients",
    "cost": "everyone's cost",
    "outcome": "everyone's outcome",
    "uplift": "everyone's uplift",
}
"""A total that is not the group's own."""

EACH = {
    "units": "unit",
    "recipients": "recipient",
    "cost": "currency unit spent",
    "outcome": "expected outcome",
    "uplift": "extra outcome",
}
"""One of what a share is taken of."""

MEANS = {"cost": "cost per unit", "recipients": "award rates", "outcome": "outcome per unit", "uplift": "uplift per unit"}
"""What parity compares."""


LEAST = {"cost": "the cheapest", "recipients": "the fewest awards", "changes": "the fewest changes"}
"""What is chosen among the plans near the best."""


def in_words(row: Row) -> str:
    """A limit on these units: "recipients at most 200"; the rows of one limit read the same."""
    limit = row.limit
    group = f" where {limit.where}" if limit.where else ""
    if limit.by is not None:
        return f"{MEANS[limit.measure]} by {limit.by}{group} at most {_apart(limit)} apart"
    return f"{limit.measure}{group} {limit.sense.replace('_', ' ')} {_figure(row)}"


def _figure(row: Row) -> str:
    limit, figure = row.limit, float(row.limit.figure)
    other = limit.where is not None and limit.among == "everyone"
    if limit.of is None:
        return f"{figure:,.15g}"
    if limit.of == "units" and limit.measure != "uplift":
        return f"{float(row.sign * row.allowed):,.15g}"
    if limit.of == limit.measure:
        return f"{100 * figure:.15g} % of {EVERYONES[limit.of] if other else limit.of}"
    return f"{figure:,.15g} for each {EACH[limit.of]}" + (" of everyone" if other else "")


def _apart(limit: Limit) -> str:
    if limit.measure == "recipients":
        return f"{100 * float(limit.figure):.15g} percentage points"
    return f"{float(limit.figure):,.15g}"


def total_in_words(total: float) -> str:
    """What a limit uses or allows: whole where it is whole, else to four decimals."""
    return f"{total:,.0f}" if total == round(total) else f"{total:,.4f}"


def money_pattern(currency: str, lang: str) -> str:
    """Where the number of an amount of money stands: "{} JPY"."""
    return NATIVE.get((currency, lang), f"{{}} {currency}".rstrip())


def costs_in_words(costs: Costs, *, currency: str) -> str:
    """What an award is charged: "the amount, plus 10,000 JPY an award"."""
    paid = "the amount where the outcome happens, so that costs are expectations" if costs.expected else "the amount"
    besides = [f"{costs.per_award:,} {currency}".strip() + " an award"] if costs.per_award else []
    besides += [f"what column {costs.column} says"] if costs.column else []
    return ", plus ".join([paid, *besides])


def rules_in_words(rules: Rules, *, currency: str) -> dict[str, str]:
    """What single units may be given, by rule; rules that are not set are left out."""
    only = [f"{' or '.join(f'{amount:,}' for amount in amounts)} where {group}" for group, amounts in rules.tiers]
    dear = "" if rules.cost_per_uplift is None else f"{rules.cost_per_uplift:,} {currency}".strip()
    said = {
        "never": "; ".join(f"nothing where {group}" for group in rules.barred_groups),
        "fixed": f"exactly what column {rules.fixed} says, where it says something" if rules.fixed else "",
        "cap": f"at most what column {rules.cap} says" if rules.cap else "",
        "floor": f"at least what column {rules.floor} says" if rules.floor else "",
        "only": "; ".join(only),
        "cost_per_uplift": f"no award that costs more than {dear} for each extra outcome it brings" if dear else "",
    }
    return {rule: words for rule, words in said.items() if words}


def then_in_words(then: Then) -> str:
    """What decides among the plans near the best: "the cheapest within 1 % of the best outcome"."""
    return f"{LEAST[then.minimise]} {then.name}"


def second_in_words(second: Second | None, *, currency: str, outcome: str) -> str:
    """What the second objective came to: "the cheapest within 1 % of the best (438.03 enrolled): 96,500,000 JPY instead of …"."""
    if second is None:
        return ""
    some = "" if second.value == 1 else "s"
    unit = {"cost": f" {currency}".rstrip(), "recipients": f" award{some}", "changes": f" change{some}"}[second.minimised]
    proof = "no plan there does with less" if second.gap <= 0 else f"no plan there does with less than {second.bound:,.0f}"
    return (
        f"{LEAST[second.minimised]} within {100 * second.within:g} % of the best ({second.best:,.2f} {outcome}): "
        f"{second.value:,.0f}{unit} instead of {second.before:,.0f}; {proof}"
    )


def objective_in_words(objective: Objective) -> str:
    """What is maximised: "outcomes at the 10 % quantile of each response over the ensemble"."""
    return f"outcomes at {objective.words} over the ensemble"


def cautious_in_words(certificate: Certificate, *, outcome: str) -> str:
    """What a cautious objective came to and cost: "401.20 enrolled at the 10 % quantile …; predicted loss 2.10 enrolled …"."""
    said = certificate.cautious
    if said is None:
        return ""
    # A claim of another caution than these is refused before it is put into words.
    asked = Objective(caution="lower" if said.caution == "lower" else "mean_minus_sd", figure=said.figure)
    proof = "no plan has more" if said.gap <= 0 else f"no plan has more than {said.bound:,.2f}"
    return (
        f"{said.value:,.2f} {outcome} at {asked.words}, {proof}; the plan with most expected has {said.before:,.2f}; "
        f"predicted loss: {said.best - certificate.value:,.2f} of its {said.best:,.2f} expected"
    )


def falls_in_words(falls: NDArray[np.float64]) -> str:
    """How many of the curves fall with money, given by how much each does: "31 % of the curves fall …"; "" if none does."""
    if not falls.any():
        return ""
    return f"{100 * np.mean(falls > 0):.3g} % of the units' curves fall with money somewhere, by up to {falls.max():.3g}"


def price_in_words(certificate: Certificate, rows: Sequence[Row], *, step: int, currency: str, outcome: str) -> tuple[str, ...]:
    """What a little more of each limit would bring, one sentence each; of pairs held together, those that hold the plan back.

    Parameters
    ----------
    step : how much money "a little" is.
    """
    sentences: list[str] = []
    for limit, of_limit in groupby(rows, key=lambda row: row.limit):
        prices = {row.name: certificate.shadow_prices[row.name] for row in of_limit}
        pressing = {name: price for name, price in prices.items() if abs(price) >= NOTHING}
        if not pressing:
            sentences.append(f"{limit.name}: not what holds the plan back; more of it would bring nothing")
        for name, price in pressing.items():
            few = little(limit, certificate, step)
            more, amount = _little_in_words(few, limit, currency, outcome), few.amount
            change = f"{more} more allowed" if price > 0 else f"{more} less required"
            sentences.append(f"{name}: {change} would bring {abs(price) * amount:.3g} {outcome}")
    return tuple(sentences)


@dataclass(frozen=True, slots=True)
class Little:
    """A little more of a limit's figure.

    Attributes
    ----------
    kind : ``cost``, ``recipients``, ``outcome`` or ``uplift``, one of which a total is made of; ``cost_a_unit`` or
        ``outcome_a_unit`` between means that parity holds together; ``point``, a percentage point; ``figure``, 1 % of the figure.
    shown : how much that is, as one would say it.
    amount : and in what the limit's price is the price of.
    """

    kind: str
    shown: float
    amount: float


def little(limit: Limit, certificate: Certificate, step: int) -> Little:
    """A little of the limit's figure, where `step` is a little money."""
    if limit.by is not None and limit.measure == "cost":
        few = max(1, step // 100)
        return Little("cost_a_unit", few, few)
    if limit.by is not None:
        return Little("point" if limit.measure == "recipients" else "outcome_a_unit", 1, 0.01)
    if limit.of is not None and limit.of == limit.measure:
        return Little("point", 1, _taken_of(limit, certificate) / 100)
    if limit.of in MEASURES:
        figure = float(limit.figure) / 100
        return Little("figure", figure, figure * _taken_of(limit, certificate))
    amount = step if limit.measure == "cost" else 1
    return Little(limit.measure, amount, amount)


def _little_in_words(few: Little, limit: Limit, currency: str, outcome: str) -> str:
    return {
        "cost": f"{few.shown:,} {currency}".strip(),
        "cost_a_unit": f"{few.shown:,} {currency}".strip() + " a unit",
        "point": "one percentage point",
        "outcome_a_unit": f"0.01 {outcome} a unit",
        "figure": f"1 % of its figure ({few.shown:,.6g} for each {EACH.get(limit.of or '', '')})",
        "recipients": "one award",
        "outcome": f"one {outcome}",
        "uplift": f"one extra {outcome}",
    }[few.kind]


def _taken_of(limit: Limit, certificate: Certificate) -> float:
    """The total that a share is taken of: what the limit allows is its figure times that."""
    if limit.figure:
        return certificate.usage[limit.name][1] / float(limit.figure)
    totals = {
        "cost": certificate.spent,
        "recipients": certificate.recipients,
        "outcome": certificate.value,
        "uplift": certificate.value - certificate.without,
    }
    return totals[limit.of or "cost"]
