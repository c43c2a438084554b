"""Whatever is changed in a plan that is right, verification refuses it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimizer.decide import decide
from optimizer.engine.verify import certify
from optimizer.errors import Infeasible, VerificationError
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.solver import Solver

UNITS = pd.DataFrame({"gender": ["F", "M", "F", "M", "M", "F", "M", "M"]})
LIMITS = [
    Limit.cost(at_most=11, name="budget"),
    Limit.recipients(at_most=3, name="heads"),
    Limit.recipients(at_least=0.5, of="recipients", where={"gender": "F"}, name="women"),
]
CURVES = Curves.of(np.random.default_rng(1).random((8, 4)).cumsum(axis=1), Amounts((0, 2, 5, 7)))
COUPLING = Coupling.compile(LIMITS, 8, UNITS)
PLAN = decide(CURVES, COUPLING, Solver(backend="highs"))


def refused(plan, message, curves=CURVES, coupling=COUPLING, predict=None):
    with pytest.raises(VerificationError, match=message):
        certify(plan, curves, coupling, predict)


def chosen(plan, index):
    return replace(plan, index=index, amount=CURVES.amounts.array[index])


def test_a_right_plan_is_certified_with_figures_that_were_recomputed():
    certificate = certify(PLAN, CURVES, COUPLING)
    assert (certificate.units, certificate.amounts) == (8, 4)
    assert certificate.value == pytest.approx(float(CURVES.values[np.arange(8), PLAN.index].sum()))
    assert certificate.without == pytest.approx(float(CURVES.values[:, 0].sum()))
    assert certificate.spent == int(PLAN.amount.sum()) == 11
    assert certificate.recipients == int((PLAN.amount > 0).sum()) == 3
    assert certificate.value <= certificate.bound + 1e-9
    assert certificate.bound <= certificate.dual_bound + 1e-9
    assert certificate.usage == PLAN.usage
    assert certificate.gap == PLAN.gap


def test_the_plan_that_is_tampered_with_below_uses_its_prices():
    assert PLAN.shadow_prices["women"] < 0 < min(PLAN.shadow_prices["heads"], PLAN.shadow_prices["budget"])
    assert PLAN.bound_source == "core"


@pytest.mark.parametrize("unit", range(8))
def test_another_option_for_one_unit_is_refused(unit):
    for option in set(range(4)) - {int(PLAN.index[unit])}:
        index = PLAN.index.copy()
        index[unit] = option
        refused(chosen(PLAN, index), "limit|value|usage")


@pytest.mark.parametrize("unit", range(8))
def test_another_amount_for_one_unit_is_refused(unit):
    amount = PLAN.amount.copy()
    amount[unit] += 1
    refused(
        replace(PLAN, amount=amount), rf"allocation\.amount: unit {unit} has {amount[unit]}, but amount {PLAN.index[unit]} is"
    )


def test_two_units_that_are_swapped_are_refused():
    swapped = 0
    for i in range(8):
        for j in range(i):
            if PLAN.index[i] != PLAN.index[j]:
                index = PLAN.index.copy()
                index[[i, j]] = index[[j, i]]
                refused(chosen(PLAN, index), "limit|value|usage")
                swapped += 1
    assert swapped > 5


@pytest.mark.parametrize("index", [[-1] * 8, [4] + [0] * 7, [0] * 7, [[0] * 8], [0.0] * 8, [False] * 8])
def test_options_that_are_not_offered_are_refused(index):
    refused(replace(PLAN, index=np.array(index)), r"allocation\.index: must (be 8 whole numbers|lie in 0 … 3), got")


@pytest.mark.parametrize("change", [1e-6, -1e-6, 1.0, -1.0, float("nan"), float("inf"), -float("inf")])
def test_another_value_is_refused(change):
    refused(replace(PLAN, value=PLAN.value + change), "value: the plan says")


@pytest.mark.parametrize("bound", [PLAN.value - 1e-6, 0.0, -float("inf"), float("nan")])
def test_a_bound_below_the_value_is_refused(bound):
    refused(replace(PLAN, bound=bound), "bound: .* is below the value")


@pytest.mark.parametrize("above", [1e-6, 1.0, float("inf")])
def test_a_bound_above_what_the_prices_prove_is_refused(above):
    proven = certify(PLAN, CURVES, COUPLING).dual_bound
    refused(replace(PLAN, bound=proven + above), "bound: .* is above the dual bound")


def test_a_bound_of_the_dual_that_was_lowered_is_refused():
    loose = replace(PLAN, bound=certify(PLAN, CURVES, COUPLING).dual_bound, bound_source="dual")
    certify(loose, CURVES, COUPLING)
    assert loose.bound > PLAN.value + 1e-3
    refused(replace(loose, bound=loose.bound - 1e-6), "bound: .* is said to be the dual's, which proves only")
    refused(replace(loose, bound=PLAN.value), "bound: .* is said to be the dual's, which proves only")


@pytest.mark.parametrize("name", PLAN.shadow_prices)
def test_a_price_of_the_wrong_sign_is_refused(name):
    prices = {**PLAN.shadow_prices, name: -PLAN.shadow_prices[name]}
    refused(replace(PLAN, shadow_prices=prices), "shadow prices: at_most limits need prices ≥ 0 and at_least limits ≤ 0")


@pytest.mark.parametrize("name", PLAN.shadow_prices)
@pytest.mark.parametrize("factor", [0.0, 0.9, 1.1, float("nan")])
def test_another_price_does_not_prove_the_duals_bound(name, factor):
    loose = replace(PLAN, bound=certify(PLAN, CURVES, COUPLING).dual_bound, bound_source="dual")
    prices = {**PLAN.shadow_prices, name: PLAN.shadow_prices[name] * factor}
    refused(replace(loose, shadow_prices=prices), "bound|shadow prices")


@pytest.mark.parametrize("field", ["shadow_prices", "usage"])
@pytest.mark.parametrize("name", PLAN.shadow_prices)
def test_a_limit_that_is_not_stated_is_refused(field, name):
    stated = {key: figure for key, figure in getattr(PLAN, field).items() if key != name}
    refused(replace(PLAN, **{field: stated}), "allocation: must state usage and price of")


@pytest.mark.parametrize(("field", "figure"), [("shadow_prices", 0.0), ("usage", (1.0, 1.0))])
def test_a_limit_that_there_is_not_is_refused(field, figure):
    refused(replace(PLAN, **{field: {**getattr(PLAN, field), "other": figure}}), "allocation: must state usage and price of")


@pytest.mark.parametrize("name", PLAN.usage)
@pytest.mark.parametrize("change", [(1, 0), (-1, 0), (0, 1), (0, -1), (float("nan"), 0), (0, float("inf"))])
def test_another_usage_is_refused(name, change):
    used, allowed = PLAN.usage[name]
    usage = {**PLAN.usage, name: (used + change[0], allowed + change[1])}
    refused(replace(PLAN, usage=usage), f"usage of {name}, (used|allowed): the plan says")


@pytest.mark.parametrize(("limit", "place"), [(Limit.cost, "cost"), (Limit.recipients, "recipients")])
def test_a_plan_that_is_over_its_limit_by_one_is_refused(limit, place):
    spent = {"cost": int(PLAN.amount.sum()), "recipients": int((PLAN.amount > 0).sum())}[place]
    exact = Coupling.compile([limit(at_most=spent)], 8)
    plan = replace(decide(CURVES, exact, Solver(backend="highs")), index=PLAN.index, amount=PLAN.amount, value=PLAN.value)
    certify(replace(plan, bound_source="core", usage={place: (spent, spent)}), CURVES, exact)
    tighter = Coupling.compile([limit(at_most=spent - 1)], 8)
    refused(
        replace(plan, usage={place: (spent, spent - 1)}), f"limit {place}: uses {spent}, at_most {spent - 1}", CURVES, tighter
    )


def test_a_budget_of_trillions_is_refused_by_one_yen():
    curves = Curves.of(np.tile([0.0, 1.0], (1000, 1)), Amounts((0, 10**10 + 1)))
    everyone = Coupling.compile([Limit.cost(at_most=1000 * (10**10 + 1), name="budget")], 1000)
    plan = decide(curves, everyone, Solver(backend="highs"))
    assert plan.value == 1000
    less = Coupling.compile([Limit.cost(at_most=1000 * (10**10 + 1) - 1, name="budget")], 1000)
    refused(plan, "limit budget: uses 10000000001000, at_most 10000000000999", curves, less)


def predict(amount):
    return CURVES.values[np.arange(8), np.searchsorted([0, 2, 5, 7], amount)]


def test_a_model_that_predicts_what_was_planned_is_accepted():
    certify(PLAN, CURVES, COUPLING, predict)


@pytest.mark.parametrize("unit", range(8))
@pytest.mark.parametrize(("given", "said"), [(False, "without an award"), (True, "at its amount")])
def test_a_model_that_predicts_another_outcome_for_one_unit_is_refused(unit, given, said):
    def disagrees(amount):
        outcome = predict(amount)
        outcome[unit] += 1e-6 * (bool((amount > 0).any()) == given)
        return outcome

    message = f"response: the model predicts another outcome {said} than the plan used, for 1 units, first unit {unit}"
    refused(PLAN, message, predict=disagrees)


def test_a_model_that_predicts_no_number_is_refused():
    refused(PLAN, "response", predict=lambda _: np.full(8, np.nan))


def test_a_model_that_predicts_for_other_units_is_refused():
    refused(PLAN, "response", predict=lambda _: np.zeros(5))


@pytest.mark.parametrize("price", [1e12, float("inf")])
def test_a_huge_price_does_not_hide_a_bound_below_the_value(price):
    prices = {**PLAN.shadow_prices, "budget": price}
    refused(replace(PLAN, shadow_prices=prices, bound=0.0, bound_source="core"), "bound|price")


def test_a_price_that_is_not_finite_is_refused():
    refused(replace(PLAN, shadow_prices={**PLAN.shadow_prices, "budget": float("inf")}, bound_source="core"), "price")


@pytest.mark.parametrize("amount", [PLAN.amount[:-1], PLAN.amount[None], PLAN.amount[0]])
def test_amounts_of_another_shape_are_refused(amount):
    refused(replace(PLAN, amount=amount), r"allocation\.amount")


def test_a_usage_of_billions_that_is_off_by_one_yen_is_refused():
    curves = Curves.of(np.tile([0.0, 1.0], (1000, 1)), Amounts((0, 10**7)))
    coupling = Coupling.compile([Limit.cost(at_most=10**10, name="budget")], 1000)
    plan = decide(curves, coupling, Solver(backend="highs"))
    refused(replace(plan, usage={"budget": (10**10 - 1, 10**10)}), "usage of budget", curves, coupling)


def test_a_bound_of_an_unknown_source_is_refused():
    refused(replace(PLAN, bound_source="oracle"), "bound")


def tampered(draw, plan, curves, dual_bound):
    """One random change that makes a right plan wrong."""
    n, m = curves.shape
    kind = draw(st.sampled_from(["option", "amount", "value", "above", "below", "sign", "price", "usage", "forget"]))
    unit, name = draw(st.integers(0, n - 1)), draw(st.sampled_from(sorted(plan.usage)))
    by = draw(st.floats(1e-5, 10)) * draw(st.sampled_from([-1, 1]))
    if kind == "option":
        index = plan.index.copy()
        index[unit] = (index[unit] + draw(st.integers(1, m - 1))) % m
        assume(abs(curves.values[unit, index[unit]] - curves.values[unit, plan.index[unit]]) > 1e-6)
        return replace(plan, index=index, amount=curves.amounts.array[index])
    if kind == "amount":
        amount = plan.amount.copy()
        amount[unit] += draw(st.sampled_from([-1, 1]))
        return replace(plan, amount=amount)
    price, (used, allowed) = plan.shadow_prices[name], plan.usage[name]
    if kind == "sign":
        assume(abs(price) > 1e-9)
    return {
        "value": lambda: replace(plan, value=plan.value + by),
        "above": lambda: replace(plan, bound=dual_bound + abs(by)),
        "below": lambda: replace(plan, bound=plan.value - abs(by)),
        "sign": lambda: replace(plan, shadow_prices={**plan.shadow_prices, name: -price}),
        "price": lambda: replace(plan, shadow_prices={**plan.shadow_prices, name: float("nan")}),
        "usage": lambda: replace(plan, usage={**plan.usage, name: (used + by, allowed)}),
        "forget": lambda: replace(plan, usage={key: figure for key, figure in plan.usage.items() if key != name}),
    }[kind]()


@settings(derandomize=True, deadline=None, max_examples=100)
@given(data=st.data(), seed=st.integers(0, 400))
def test_every_random_change_to_a_random_plan_is_refused(draw, data, seed):
    drawn = draw(seed, ties=False)
    try:
        plan = decide(drawn.curves, drawn.coupling, Solver(backend="highs"))
    except Infeasible:
        assume(False)
    certificate = certify(plan, drawn.curves, drawn.coupling)
    wrong = tampered(data.draw, plan, drawn.curves, certificate.dual_bound)
    with pytest.raises(VerificationError):
        certify(wrong, drawn.curves, drawn.coupling)
