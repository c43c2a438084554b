"""Fixing never loses the optimum, classes merge what is alike, and what is cut for size is accounted for."""

import math

import numpy as np
import pandas as pd
import pytest

from optimizer.engine import fix as fixing
from optimizer.engine.bound import bound
from optimizer.engine.fix import fix
from optimizer.engine.rounding import round_dual
from optimizer.errors import Infeasible
from optimizer.problem.allocation import Incumbent
from optimizer.problem.core import Capacity
from optimizer.problem.limits import Limit

ALL = Capacity()


def dual_of(instance):
    try:
        return bound(instance.curves, instance.coupling)
    except Infeasible:
        return None


def incumbent(instance, dual, choice):
    value = -math.inf if choice is None else math.fsum(instance.curves.value_of(choice))
    return Incumbent(choice=choice, value=value, bound=dual.bound, source="dual")


def inside(core, choices, m):
    """Which choices the core can express: open options of its classes, at most as often as it says, else what is fixed."""
    n = choices.shape[1]
    allowed = np.zeros((n, m), dtype=bool)
    allowed[np.arange(n), core.fixed] = True
    for j, units in enumerate(core.members):
        allowed[units] = np.isin(np.arange(m), core.option[core.klass == j])
    fits = allowed[np.arange(n), choices].all(axis=1)
    for klass, option, most in zip(core.klass, core.option, core.most, strict=True):
        fits &= (choices[:, core.members[klass]] == option).sum(axis=1) <= most
    return fits


def incumbents(choices):
    """None, the worst, a middling and the best feasible choice."""
    return [None, *(choices[at] for at in {len(choices) - 1, len(choices) // 2, 0})]


@pytest.mark.parametrize("seed", range(50))
def test_fixing_keeps_an_optimum_whatever_the_incumbent(draw, seed):
    drawn = draw(seed, most=4)
    dual = dual_of(drawn)
    choices, values = drawn.choices()
    if dual is None:
        assert not len(choices)
        return
    for known in incumbents(choices) if len(choices) else [None]:
        core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, known), ALL)
        assert core.complete
        best = choices[values >= values[0] - 1e-12] if len(choices) else choices
        already = known is not None and math.fsum(drawn.curves.value_of(known)) >= values[0] - 1e-12
        assert already or not len(choices) or inside(core, best, drawn.curves.shape[1]).any()


@pytest.mark.parametrize("seed", range(50))
def test_what_a_core_of_limited_size_leaves_outside_is_bounded_by_its_reduced_cost(draw, seed):
    drawn = draw(seed, most=4)
    dual = dual_of(drawn)
    choices, values = drawn.choices()
    if dual is None or not len(choices):
        return
    rng = np.random.default_rng(seed)
    for known in incumbents(choices):
        size = Capacity(variables=int(rng.integers(0, 16)) or None, rows=int(rng.integers(0, 12)) or None)
        start = incumbent(drawn, dual, known)
        core = fix(drawn.curves, drawn.coupling, dual, start, size)
        held = inside(core, choices, drawn.curves.shape[1])
        within = values[held].max(initial=-math.inf)
        assert values[0] <= max(start.value, within, dual.bound - core.outside) + 1e-9


@pytest.mark.parametrize("variables", [1, 3, 6, 20, None])
@pytest.mark.parametrize("rows", [1, 4, 7, 30, None])
def test_a_core_never_exceeds_variables_or_rows(make, variables, rows):
    rng = np.random.default_rng(1)
    drawn = make(rng.random((40, 5)).cumsum(axis=1), [0, 3, 7, 8, 20], [Limit.cost(at_most=250), Limit.recipients(at_most=21)])
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), Capacity(variables=variables, rows=rows))
    classes = len(core.members)
    assert len(core.klass) + classes <= (math.inf if variables is None else variables)
    assert 2 * classes + 2 <= (math.inf if rows is None else rows) or not classes
    assert core.complete == (variables is None and rows is None)


def test_outside_is_the_smallest_reduced_cost_that_was_left_out(make):
    rng = np.random.default_rng(2)
    drawn = make(rng.random((12, 4)).cumsum(axis=1), [0, 3, 7, 8], [Limit.cost(at_most=30)])
    dual = dual_of(drawn)
    reduced = dual.best[:, None] - drawn.scores(dual.prices)
    full = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    undominated = np.zeros(reduced.shape, dtype=bool)
    undominated[[full.members[j][0] for j in full.klass], full.option] = True
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), Capacity(variables=15))
    kept = np.zeros(reduced.shape, dtype=bool)
    kept[[core.members[j][0] for j in core.klass], core.option] = True
    closed = ~kept.any(axis=1)
    kept[closed, core.fixed[closed]] = True
    assert core.outside == pytest.approx(reduced[undominated & ~kept].min(), abs=1e-12)


def test_a_better_incumbent_leaves_a_smaller_core(make):
    rng = np.random.default_rng(3)
    drawn = make(
        rng.random((200, 6)).cumsum(axis=1), [0, 3, 7, 8, 20, 33], [Limit.cost(at_most=900), Limit.recipients(at_most=80)]
    )
    dual = dual_of(drawn)
    good = round_dual(drawn.curves, drawn.coupling, dual)
    cores = [
        fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, known), ALL)
        for known in (None, np.zeros(200, dtype=np.intp), good)
    ]
    sizes = [len(core.klass) for core in cores]
    assert sizes[0] >= sizes[1] > sizes[2]


def test_units_with_equal_curves_are_one_class(make):
    rise = np.array([[0.0, 0.3, 0.5], [0.0, 0.1, 0.7]])
    drawn = make(rise[[0, 1, 0, 0, 1]], [0, 1, 2], [Limit.cost(at_most=5)])
    core = fix(drawn.curves, drawn.coupling, dual_of(drawn), incumbent(drawn, dual_of(drawn), None), ALL)
    assert [units.tolist() for units in core.members] == [[0, 2, 3], [1, 4]]
    assert core.sizes.tolist() == [3, 2]
    assert core.spread == 0.0


def test_units_whose_curves_differ_by_a_constant_are_one_class_and_their_constants_are_kept(make):
    rise, level = np.array([0.0, 0.3, 0.5]), np.array([[0.1], [7.3], [-2.0], [0.123456789]])
    drawn = make(rise + level, [0, 1, 2], [Limit.cost(at_most=5)])
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    assert [units.tolist() for units in core.members] == [[0, 1, 2, 3]]
    assert core.offset == pytest.approx(level.sum())
    assert core.value == pytest.approx(rise[core.option])
    assert core.spread <= 1e-11


@pytest.mark.parametrize(
    ("limits", "costs"),
    [
        ([Limit.cost(at_most=5), Limit.recipients(at_most=1, where={"g": "F"})], None),
        ([Limit.cost(at_most=5)], [[0, 1, 2], [0, 1, 3], [0, 1, 2], [0, 1, 3]]),
    ],
)
def test_units_of_another_group_or_other_costs_are_another_class(make, limits, costs):
    units = pd.DataFrame({"g": ["F", "M", "F", "M"]})
    drawn = make(np.tile([0.0, 0.3, 0.5], (4, 1)), [0, 1, 2], limits, units, costs)
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    assert [units.tolist() for units in core.members] == [[0, 2], [1, 3]]


def test_where_a_limit_counts_outcomes_a_constant_makes_another_class(make):
    drawn = make(np.array([[0.0, 0.3], [1.0, 1.3], [0.0, 0.3]]), [0, 1], [Limit.outcome(at_most=1.5)])
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    assert [units.tolist() for units in core.members] == [[0, 2], [1]]


def test_options_that_bring_no_more_than_a_cheaper_one_are_out(make):
    drawn = make(np.array([[0.0, 0.5, 0.5, 0.4, 0.6]] * 3), [0, 1, 2, 3, 4], [Limit.cost(at_most=5)])
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    assert core.option.tolist() == [0, 1, 4]


def test_options_that_bring_less_stay_open_where_a_limit_asks_for_a_least(make):
    drawn = make(np.array([[0.0, -0.5, -0.4]] * 3), [0, 1, 2], [Limit.cost(at_least=3)])
    dual = dual_of(drawn)
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    assert core.option.tolist() == [0, 1, 2]


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_too_many_options_to_hold_are_left_outside_honestly(draw, monkeypatch, kept):
    monkeypatch.setattr(fixing, "KEPT", kept)
    monkeypatch.setattr("optimizer.engine.pricing.BLOCK", 1)
    for drawn in (draw(seed, most=4) for seed in range(30)):
        dual = dual_of(drawn)
        choices, values = drawn.choices()
        for known in incumbents(choices) if dual and len(choices) else []:
            start = incumbent(drawn, dual, known)
            core = fix(drawn.curves, drawn.coupling, dual, start, ALL)
            within = values[inside(core, choices, drawn.curves.shape[1])].max(initial=-math.inf)
            assert values[0] <= max(start.value, within, dual.bound - core.outside) + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_a_cores_offset_and_values_are_worth_what_its_expansion_is(draw, seed):
    drawn = draw(seed, most=5)
    dual = dual_of(drawn)
    if dual is None:
        return
    core = fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, None), ALL)
    first = np.unique(core.klass, return_index=True)[1]
    counts = np.zeros(len(core.klass), dtype=np.int64)
    counts[first] = core.sizes
    worth = math.fsum(drawn.curves.value_of(core.expand(counts)))
    assert core.offset + core.value @ counts == pytest.approx(worth, abs=core.spread + 1e-9)


def test_fixing_leaves_the_incumbent_untouched(make):
    drawn = make(np.random.default_rng(5).random((6, 3)).cumsum(axis=1), [0, 1, 2], [Limit.cost(at_most=5)])
    dual, choice = dual_of(drawn), np.zeros(6, dtype=np.intp)
    fix(drawn.curves, drawn.coupling, dual, incumbent(drawn, dual, choice), ALL)
    assert not choice.any()
