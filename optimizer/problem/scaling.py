"""The same problem for another number of units: figures that count are in proportion to it, shares stay what they are.

figure · n / N     of cost, recipients, outcome and uplift; whole figures rounded down, for at_least up, exact ones to the nearest
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from optimizer.problem.limits import EXPECTED, Limit, Sense
from optimizer.problem.problem import Problem
from optimizer.problem.rules import Rules


def scaled(problem: Problem, share: Fraction) -> Problem:
    """The problem for `share` times as many units."""
    return replace(problem, limits=tuple(_scaled(limit, share) for limit in problem.limits))


def _scaled(limit: Limit, share: Fraction) -> Limit:
    if limit.of is not None:
        return limit
    figure = limit.figure * share
    if limit.measure not in EXPECTED:
        figure = Fraction(_whole(figure, limit.sense))
    return replace(limit, figure=figure)


def _whole(figure: Fraction, sense: Sense) -> int:
    if sense == "exactly":
        return round(figure)
    return math.floor(figure) if sense == "at_most" else math.ceil(figure)


def known_by(problem: Problem, columns: Iterable[str]) -> tuple[Problem, tuple[str, ...]]:
    """What can be asked of units that have only these columns, and in words what cannot and is left aside."""
    has = frozenset(columns)
    limits = tuple(limit for limit in problem.limits if has.issuperset(limit.columns))
    aside = [f"limit {limit.name}" for limit in problem.limits if not has.issuperset(limit.columns)]
    costs = problem.costs
    if costs.column is not None and costs.column not in has:
        aside.append(f"costs of column {costs.column}")
        costs = replace(costs, column=None)
    rules, lost = _rules(problem.rules, has)
    then = problem.then
    if then is not None and then.minimise == "changes":
        aside.append("then, which compares with an earlier plan")
        then = None
    return replace(problem, limits=limits, costs=costs, rules=rules, then=then), (*aside, *lost)


def _rules(rules: Rules, has: frozenset[str]) -> tuple[Rules, tuple[str, ...]]:
    never = tuple(group for group in rules.barred_groups if has.issuperset(group.columns))
    only = tuple((group, amounts) for group, amounts in rules.tiers if has.issuperset(group.columns))
    lost = [f"rule never where {group}" for group in rules.barred_groups if group not in never]
    lost += [f"rule only where {group}" for group, _ in rules.tiers if not has.issuperset(group.columns)]
    own = {"fixed": rules.fixed, "cap": rules.cap, "floor": rules.floor}
    lost += [f"rule {name} (column {column})" for name, column in own.items() if column is not None and column not in has]
    fixed, cap, floor = (column if column in has else None for column in own.values())
    return replace(rules, never=never, only=only, fixed=fixed, cap=cap, floor=floor), tuple(lost)
