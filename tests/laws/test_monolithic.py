"""Limits, costs and rules of every kind at once: the plan is that of one model written from what the limits say."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizer.engine.verify import certify
from optimizer.errors import Infeasible
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.rules import Rules
from optimizer.problem.solver import Solver
from optimizer.problem.where import OneOf, Where

INSTANCES = 1000
BACKENDS = ["gurobi", "highs"]

BAND = 2e-6
"""How far the oracle's model opens rows of floats, so that its solver's tolerance shuts out nothing; what comes in is tried."""

TRIES = 40
"""Choices in the band that may be shut out, one by one, before an instance counts as too close to call."""

FEW = 12
"""Units that outcomes are capped for at will: many units can meet such a cap in so many ways that no solver tells them apart."""

UNDECIDED = object()


@dataclass(frozen=True)
class Instance:
    values: np.ndarray
    amounts: Amounts
    limits: list[Limit]
    units: pd.DataFrame
    costs: Any
    rules: Rules | None


# What the words mean, unit by unit, from the definitions alone.


def said_of(where, units):
    """(n,) whether each unit is in the group; an empty cell is in none."""
    inside = np.ones(len(units), dtype=bool)
    for column, condition in () if where is None else where.conditions:
        for i, cell in enumerate(units[column]):
            if cell is None or cell != cell:  # noqa: PLR0124
                inside[i] = False
            elif isinstance(condition, OneOf):
                inside[i] &= any(cell == value for value in condition.values)
            else:
                inside[i] &= condition.at_least is None or cell >= condition.at_least
                inside[i] &= condition.at_most is None or cell <= condition.at_most
    return inside


def charged(instance):
    """[n][m] whole currency units that each award costs."""
    n, m = instance.values.shape
    costs, amounts = instance.costs, list(instance.amounts)
    if costs is None:
        return [amounts] * n
    if not isinstance(costs, Costs):
        return np.broadcast_to(np.asarray(costs), (n, m)).tolist()

    def one(i, k):
        paid = amounts[k]
        if costs.paid == "if_outcome":
            paid = math.ceil(amounts[k] * min(1.0, max(0.0, float(instance.values[i, k]))))
        besides = costs.per_award + (0 if costs.column is None else int(instance.units[costs.column].iloc[i]))
        return paid + (besides if k else 0)

    return [[one(i, k) for k in range(m)] for i in range(n)]


def offered(instance):
    """(n, m) whether a unit may be given an amount."""
    n, m = instance.values.shape
    free = np.ones((n, m), dtype=bool)
    rules, units = instance.rules, instance.units
    if rules is None:
        return free
    amounts = list(instance.amounts)
    never = [said_of(group, units) for group in rules.never]
    only = [(said_of(group, units), kept) for group, kept in rules.only]
    for i, k in itertools.product(range(n), range(m)):
        free[i, k] &= k == 0 or not any(inside[i] for inside in never)
        free[i, k] &= all(k == 0 or amounts[k] in kept for inside, kept in only if inside[i])
        for column, keeps in (
            (rules.fixed, lambda figure, k=k: amounts[k] == figure),
            (rules.cap, lambda figure, k=k: amounts[k] <= figure),
            (rules.floor, lambda figure, k=k: amounts[k] >= figure),
        ):
            figure = np.nan if column is None else units[column].iloc[i]
            free[i, k] &= bool(np.isnan(figure)) or keeps(figure)
    if rules.cost_per_uplift is not None:
        costs = charged(instance)
        may_refuse = free[:, 0].copy()
        for i, k in itertools.product(range(n), range(1, m)):
            uplift = instance.values[i, k] - instance.values[i, 0]
            free[i, k] &= not may_refuse[i] or costs[i][k] <= rules.cost_per_uplift * uplift
    return free


def measures(instance):
    """By name, (n, m) exact numbers of what each award adds."""
    n, m = instance.values.shape
    outcome = np.array([[Fraction(float(v)) for v in row] for row in instance.values], dtype=object)
    return {
        "cost": np.array([[Fraction(c) for c in row] for row in charged(instance)], dtype=object),
        "recipients": np.array([[Fraction(int(k > 0)) for k in range(m)] for _ in range(n)], dtype=object),
        "outcome": outcome,
        "uplift": outcome - outcome[:, :1],
    }


@dataclass(frozen=True)
class Said:
    """One thing that a limit says: low ≤ Σ weight ≤ high."""

    limit: Limit
    weight: np.ndarray
    low: Fraction | None
    high: Fraction | None
    floats: bool

    def kept_by(self, choice):
        used = sum(self.weight[np.arange(len(choice)), choice], Fraction(0))
        ends = [end for end in (self.low, self.high) if end is not None]
        slack = max(Fraction(1), *map(abs, ends)) / 10**9 if self.floats else Fraction(0)
        return (self.low is None or used >= self.low - slack) and (self.high is None or used <= self.high + slack)


def says(instance):
    """Everything that the limits say."""
    counted, n = measures(instance), len(instance.values)
    for limit in instance.limits:
        inside = said_of(limit.where, instance.units)
        own = counted[limit.measure]
        floats = bool({limit.measure, limit.of} & {"outcome", "uplift"})
        if limit.by is not None:
            cells = instance.units[limit.by]
            groups = [np.flatnonzero(inside & (cells == value).to_numpy(dtype=bool)) for value in cells.dropna().unique()]
            for one, other in itertools.combinations([group for group in groups if len(group)], 2):
                weight = np.full(own.shape, Fraction(0), dtype=object)
                weight[one] = own[one] / Fraction(len(one))
                weight[other] = -own[other] / Fraction(len(other))
                yield Said(limit, weight, -limit.figure, limit.figure, floats)
            continue
        base = np.ones(n, dtype=bool) if limit.among == "everyone" else inside
        weight, figure = own * inside[:, None], limit.figure
        if limit.of == "units":
            figure *= int(base.sum())
        elif limit.of is not None:
            weight, figure = weight - figure * counted[limit.of] * base[:, None], Fraction(0)
        if limit.measure in ("cost", "recipients"):
            figure = Fraction(math.ceil(figure) if limit.sense == "at_least" else math.floor(figure))
        yield Said(
            limit, weight, None if limit.sense == "at_most" else figure, None if limit.sense == "at_least" else figure, floats
        )


def as_row(said):
    """Weights and ends for a solver: whole rows in coprime whole numbers, rows of floats opened by the band."""
    flat = list(said.weight.reshape(-1))
    if said.floats:
        unit = 1 / max([abs(w) for w in flat if w] or [Fraction(1)])
        widen = Fraction(BAND) * max([Fraction(1), *(abs(end * unit) for end in (said.low, said.high) if end is not None)])
        low = None if said.low is None else said.low * unit - widen
        high = None if said.high is None else said.high * unit + widen
    else:
        lcm = math.lcm(*(w.denominator for w in flat))
        unit = Fraction(lcm, math.gcd(*(int(w * lcm) for w in flat)) or 1)
        low = None if said.low is None else math.ceil(said.low * unit)
        high = None if said.high is None else math.floor(said.high * unit)
    ends = (-np.inf if low is None else float(low), np.inf if high is None else float(high))
    return np.array([float(w * unit) for w in flat]), *ends


def best(instance):
    """The best value and choice, None if nothing keeps what the limits say, or UNDECIDED."""
    n, m = instance.values.shape
    all_said = list(says(instance))
    rows = [(np.repeat(np.eye(n)[i], m), 1.0, 1.0) for i in range(n)] + [as_row(said) for said in all_said]
    for _ in range(TRIES):
        found = milp(
            -1e4 * instance.values.reshape(-1),
            integrality=np.ones(n * m),
            bounds=Bounds(0, offered(instance).reshape(-1).astype(float)),
            constraints=LinearConstraint(*(np.array(part) for part in zip(*rows, strict=True))),
            options={"mip_rel_gap": 0.0, "time_limit": 2.0},
        )
        if found.status == 2:
            return None
        if found.status != 0:
            return UNDECIDED
        choice = found.x.reshape(n, m).argmax(axis=1)
        if all(said.kept_by(choice) for said in all_said):
            value = math.fsum(instance.values[np.arange(n), choice])
            # A solver takes 0.999999 of an award for an award; then its choice is not what its bound is about.
            return (value, choice) if -found.mip_dual_bound / 1e4 <= value + 1e-9 * max(1.0, abs(value)) else UNDECIDED
        tried = np.zeros((n, m))
        tried[np.arange(n), choice] = 1.0
        rows.append((tried.reshape(-1), -np.inf, n - 1.0))
    return UNDECIDED


# Instances: figures lie near what some allocation uses, so that most can be kept and many bind.


def a_group(rng):
    kinds = [
        {"sex": str(rng.choice(["F", "M"]))},
        {"faculty": ["law", "arts"]},
        {"faculty": str(rng.choice(["law", "arts", "medicine"]))},
        {"score": {"at_least": int(rng.integers(0, 8))}},
        {"score": {"at_most": int(rng.integers(2, 10))}},
        {"score": {"at_least": int(rng.integers(0, 4)), "at_most": int(rng.integers(4, 10))}},
        {"local": bool(rng.random() < 0.5)},
    ]
    picked = rng.choice(len(kinds), size=int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])), replace=False)
    return {column: wanted for j in picked for column, wanted in kinds[j].items()}


def some_units(rng, n, amounts):
    blank = rng.random() < 0.3
    return pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], size=n),
            "faculty": [None if blank and rng.random() < 0.1 else str(rng.choice(["law", "arts", "medicine"])) for _ in range(n)],
            "score": [np.nan if blank and rng.random() < 0.1 else float(rng.integers(0, 10)) for _ in range(n)],
            "local": rng.random(n) < 0.5,
            "postage": rng.integers(0, 4, size=n),
            "promise": np.where(rng.random(n) < 0.15, rng.choice(amounts, size=n), np.nan),
            "most": np.where(rng.random(n) < 0.3, rng.integers(0, amounts[-1] + 2, size=n), np.nan),
            "least": np.where(rng.random(n) < 0.15, rng.integers(0, amounts[-1] + 1, size=n), np.nan),
        }
    )


def some_values(rng, n, m):
    kind = rng.random()
    if kind < 0.6:
        values = 0.1 * rng.random((n, 1)) + rng.random((n, m)).cumsum(axis=1) / m * rng.random((n, 1))
    elif kind < 0.8:
        values = rng.random((n, m))
    else:
        values = rng.normal(size=(n, m))
    if rng.random() < 0.3:
        values = np.round(values, int(rng.integers(1, 4)))
    return values[rng.integers(0, max(1, n // 2), size=n)] if rng.random() < 0.3 else values


def some_costs(rng, n, m):
    kind = rng.integers(0, 10)
    if kind < 3:
        return None
    if kind < 4:
        return rng.integers(0, 12, size=m)
    if kind < 6:
        return rng.integers(0, 12, size=(n, m))
    return Costs(
        paid="if_outcome" if kind < 8 else "always",
        per_award=int(rng.choice([0, 1, 5])),
        column="postage" if rng.random() < 0.4 else None,
    )


def some_rules(rng, amounts):
    awards = amounts[1:]
    return Rules(
        never=tuple(Where.parse(a_group(rng)) for _ in range(int(rng.random() < 0.4))),
        fixed="promise" if rng.random() < 0.4 else None,
        cap="most" if rng.random() < 0.4 else None,
        floor="least" if rng.random() < 0.3 else None,
        only=tuple(
            (Where.parse(a_group(rng)), tuple(a for a in awards if rng.random() < 0.5)) for _ in range(int(rng.choice([0, 1, 2])))
        ),
        cost_per_uplift=int(rng.choice([0, 5, 20, 60])) * max(1, amounts[1] // 8) if rng.random() < 0.4 else None,
    )


def a_choice(rng, instance):
    """An allocation that keeps the rules: at random, or the best at a random price of money."""
    free = offered(instance)
    if rng.random() < 0.5:
        chance = np.where(np.arange(free.shape[1]) > 0, rng.random(), 1.0)
        return (np.where(free, rng.random(free.shape) * chance, -1.0)).argmax(axis=1)
    price = 10.0 ** rng.uniform(-3, 0) / max(1, instance.amounts.values[1])
    return np.where(free, instance.values - price * np.array(charged(instance)), -np.inf).argmax(axis=1)


def a_parity(rng, measure, where, used, name):
    """Parity within about what the means of the groups lie apart in `used`, a frame of the counted units."""
    by = str(rng.choice(["sex", "faculty", "local"]))
    means = used.groupby(by)["used"].mean()
    apart = float(means.max() - means.min()) if len(means) else 0.0
    within = max(0.0, round(apart * rng.choice([0.5, 0.9, 1.0, 1.1]) + rng.choice([0.0, 0.01, 0.05]), 3))
    return Limit.parity(measure, by=by, within=min(within, 1.0) if measure == "recipients" else within, where=where, name=name)


def near_to(rng, used, sense, *, whole):
    """A figure that can be written, near what is used: a number if `whole`, else a share; sometimes a little tighter."""
    up = 1 if sense == "at_most" else -1
    if sense != "exactly":
        used += up * max(abs(used), Fraction(1, 10)) * Fraction(int(rng.choice([-6, -2, 0, 0, 2, 10, 30]))) / 100
    if whole:
        return int(math.floor(used) if up > 0 else math.ceil(used))
    if sense == "exactly":
        return used if used.denominator <= 10**6 else None
    digits = 10 ** int(rng.integers(1, 5))
    return float(Fraction(math.ceil(used * digits) if up > 0 else math.floor(used * digits), digits))


def a_sense(rng, measure, instance):
    whole = measure in ("cost", "recipients")
    sense = str(rng.choice(["at_most", "at_least", "exactly"] if whole else ["at_most", "at_least"]))
    if sense == "exactly" and (rng.random() < 0.5 or np.max(charged(instance)) > 10**6):
        sense = "at_most"
    if not whole and sense == "at_most" and len(instance.values) > FEW and rng.random() < 0.8:
        sense = "at_least"
    return sense


def a_share(rng, measure, sense, where):
    """Of what, and among whom."""
    of = None if rng.random() < 0.5 else str(rng.choice(["units", "recipients", "cost", "outcome", "uplift"]))
    if (sense == "exactly" and of in ("outcome", "uplift")) or (of == measure and where is None):
        return None, None
    return of, None if of is None or rng.random() < 0.5 else str(rng.choice(["group", "everyone"]))


def a_limit(rng, instance, counted, choice, name):
    """A limit whose figure lies near what `choice` uses; None if no such limit may be said."""
    measure = str(rng.choice(["cost", "recipients", "outcome", "uplift"], p=[0.35, 0.3, 0.15, 0.2]))
    where = a_group(rng) if rng.random() < 0.6 else None
    mask = said_of(None if where is None else Where.parse(where), instance.units)
    used = {what: table[np.arange(len(choice)), choice] for what, table in counted.items()}
    if rng.random() < 0.15:
        return a_parity(rng, measure, where, instance.units.assign(used=used[measure].astype(float))[mask], name)
    sense = a_sense(rng, measure, instance)
    of, among = a_share(rng, measure, sense, where)
    base = np.ones(len(mask), dtype=bool) if among == "everyone" or (among is None and of == measure) else mask
    used["units"] = np.full(len(choice), Fraction(1), dtype=object)
    against = Fraction(1) if of is None else sum(used[of][base], Fraction(0))
    if against <= 0:
        return None
    whole = of is None and measure in ("cost", "recipients")
    figure = near_to(rng, sum(used[measure][mask], Fraction(0)) / against, sense, whole=whole)
    share = of == measure or (measure == "recipients" and of is not None)
    if figure is None or figure < 0 or (share and figure > 1):
        return None
    return getattr(Limit, measure)(**{sense: figure}, of=of, among=among, where=where, name=name)


@functools.cache
def draw(seed):
    """Up to 40 units, up to 6 amounts and 2–6 limits of all kinds; costs of all kinds; rules in a third of the instances."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.choice([rng.integers(1, 9), rng.integers(5, 41)])), int(rng.integers(2, 7))
    scale = int(rng.choice([1, 1, 1, 50_000]))
    amounts = Amounts((0, *(scale * np.cumsum(rng.integers(1, 8, size=m - 1))).tolist()))
    units = some_units(rng, n, amounts.values)
    instance = Instance(some_values(rng, n, m), amounts, [], units, some_costs(rng, n, m), None)
    if rng.random() < 1 / 3:
        instance = replace(instance, rules=some_rules(rng, amounts.values))
        for dropped in ({"never": ()}, {"floor": None}, {"only": ()}, {"cap": None}):
            if not offered(instance).any(axis=1).all():
                instance = replace(instance, rules=replace(instance.rules, **dropped))
    counted, choice = measures(instance), a_choice(rng, instance)
    wanted, limits = int(rng.integers(2, 7)), []
    while len(limits) < wanted:
        limit = a_limit(rng, instance, counted, choice, f"limit {len(limits) + 1}")
        limits += [] if limit is None else [limit]
    return replace(instance, limits=limits)


@functools.cache
def truth(seed):
    return best(draw(seed))


def planned(instance, backend="highs", **changes):
    """The plan, or None if none keeps the limits."""
    instance = replace(instance, **changes)
    try:
        return allocate(
            instance.values,
            instance.amounts,
            instance.limits,
            costs=instance.costs,
            units=instance.units,
            rules=instance.rules,
            solver=Solver(backend=backend),
        )
    except Infeasible:
        return None


def priced(instance):
    """The curves that a plan's proof is about; costs that are everyone's are said once."""
    costs, given = np.array(charged(instance), dtype=np.int64), instance.costs
    alone = given.expected or given.column is not None if isinstance(given, Costs) else np.ndim(given) > 1
    return Curves.of(instance.values, instance.amounts, costs if alone else costs[0], ~offered(instance))


def check(seed, backend):
    """True unless the instance is too close to call."""
    instance, known = draw(seed), truth(seed)
    if known is UNDECIDED:
        return False
    plan = planned(instance, backend)
    assert (plan is None) == (known is None), (seed, known, plan)
    if plan is None:
        return True
    value, _ = known
    assert plan.value == pytest.approx(value, rel=1e-9, abs=1e-9), seed
    assert plan.gap <= 1e-9, seed
    assert all(said.kept_by(plan.index) for said in says(instance)), seed
    assert offered(instance)[np.arange(len(plan.index)), plan.index].all(), seed
    coupling = Coupling.compile(instance.limits, len(instance.values), instance.units, lambda: instance.values[:, 0])
    certificate = certify(plan, priced(instance), coupling)
    assert certificate.spent == sum(row[k] for row, k in zip(charged(instance), plan.index, strict=True)), seed
    return True


@pytest.mark.parametrize("start", range(0, INSTANCES, 100))
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_plan_is_that_of_one_model_written_from_the_definitions(backend, start):
    decided = [check(seed, backend) for seed in range(start, start + 100)]
    assert sum(decided) >= 95


# Laws that hold whatever the truth is.

OTHERS = range(2000, 2025)


def worth(instance, limits):
    plan = planned(instance, limits=limits)
    return -math.inf if plan is None else plan.value


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def relaxed(limit):
    """The limit with a figure that is easier to keep; an equation keeps one of its sides."""
    if limit.by is not None:
        return replace(limit, figure=limit.figure + Fraction(1, 20))
    if limit.sense == "exactly":
        return replace(limit, sense="at_least")
    return replace(limit, figure=limit.figure * (Fraction(11, 10) if limit.sense == "at_most" else Fraction(9, 10)))


@pytest.mark.parametrize("seed", OTHERS)
def test_an_easier_limit_never_lowers_the_value_and_one_limit_less_neither(seed):
    instance = draw(seed)
    value = worth(instance, instance.limits)
    for j, limit in enumerate(instance.limits):
        others = instance.limits[:j] + instance.limits[j + 1 :]
        easier = worth(instance, [*others, relaxed(limit)])
        assert easier >= value - 1e-9 * max(1.0, abs(value)), (seed, limit)
        assert worth(instance, others) >= easier - 1e-9 * max(1.0, abs(easier)), (seed, limit)


@pytest.mark.parametrize("seed", OTHERS)
def test_names_and_order_of_limits_do_not_change_the_value(seed):
    instance = draw(seed)
    renamed = [replace(limit, name=f"other {j}") for j, limit in enumerate(reversed(instance.limits))]
    assert worth(instance, renamed) == near(worth(instance, instance.limits))


@pytest.mark.parametrize("seed", OTHERS)
def test_award_rates_at_most_all_apart_change_nothing(seed):
    instance = draw(seed)
    parity = Limit.parity("recipients", by="faculty", within=1.0)
    assert worth(instance, [*instance.limits, parity]) == near(worth(instance, instance.limits))


@pytest.mark.parametrize("seed", OTHERS)
def test_an_equation_is_its_two_sides(seed):
    instance, rng = draw(seed), np.random.default_rng(seed)
    n = len(instance.values)
    for build, figure in (
        (Limit.recipients, {"x": int(rng.integers(0, n + 1))}),
        (Limit.recipients, {"x": Fraction(int(rng.integers(0, n + 1)), n)}),
        (Limit.recipients, {"x": 0.5, "of": "recipients", "where": {"sex": "F"}}),
        (Limit.cost, {"x": 3, "of": "recipients"}),
    ):
        x, others = figure.pop("x"), instance.limits[:2]
        sides = [build(at_most=x, **figure), build(at_least=x, **figure)]
        assert worth(instance, [*others, build(exactly=x, **figure)]) == near(worth(instance, [*others, *sides])), (build, figure)


@pytest.mark.parametrize("seed", OTHERS)
def test_a_return_on_money_is_a_price_of_uplift(seed):
    instance = draw(seed)
    whole = float(np.max(charged(instance)))
    rate = Fraction(int(np.random.default_rng(seed).integers(1, 60)), 100) / Fraction(max(1, int(whole)))
    one, other = Limit.uplift(at_least=rate, of="cost"), Limit.cost(at_most=1 / rate, of="uplift")
    assert worth(instance, [*instance.limits[:2], one]) == near(worth(instance, [*instance.limits[:2], other]))
