"""Both backends close any core alike: the same value, within the limits, with a bound that is met."""

import itertools
import math

import numpy as np
import pytest

from optimizer.engine import gurobi
from optimizer.engine.bound import bound
from optimizer.engine.close import HIGHS_CAPACITY, capacity, close
from optimizer.engine.fix import fix
from optimizer.errors import Infeasible
from optimizer.problem.allocation import Incumbent
from optimizer.problem.core import Capacity, Core

BACKENDS = ["gurobi", "highs"]


def random_core(seed, *, tight=1.0):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, size=int(rng.integers(1, 4)))
    klass = np.repeat(np.arange(len(sizes)), rng.integers(2, 4, size=len(sizes)))
    count, limits = len(klass), int(rng.integers(0, 3))
    usage = rng.integers(-2, 8, size=(limits, count)).astype(float)
    ends = np.cumsum(sizes)
    return Core(
        members=tuple(np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)),
        klass=klass,
        option=np.concatenate([np.arange(n) for n in np.bincount(klass)]),
        value=np.round(rng.normal(size=count), 3),
        most=np.minimum(sizes[klass], rng.integers(1, 4, size=count)),
        usage=usage,
        left=np.floor(tight * rng.integers(0, 6, size=limits) * sizes.sum() / 2),
        fixed=np.zeros(ends[-1], dtype=np.intp),
        offset=0.0,
        spread=0.0,
        outside=math.inf,
    )


def enumerated(core):
    """The core's best value among all counts, or None."""
    ranges = [range(most + 1) for most in core.most]
    best = None
    for counts in itertools.product(*ranges):
        x = np.array(counts)
        if (np.bincount(core.klass, weights=x) == core.sizes).all() and (core.usage @ x <= core.left + 1e-9).all():
            best = max(-math.inf if best is None else best, float(core.value @ x))
    return best


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(35))
def test_a_core_is_closed_at_the_best_of_all_its_counts(backend, seed):
    core = random_core(seed, tight=0.4 if seed % 3 else 1.0)
    truth, closed = enumerated(core), close(core, backend)
    if truth is None:
        assert closed.counts is None
        return
    assert core.value @ closed.counts == pytest.approx(truth, abs=1e-9)
    assert closed.bound == pytest.approx(truth, abs=1e-9)
    assert (np.bincount(core.klass, weights=closed.counts) == core.sizes).all()
    assert (closed.counts <= core.most).all()
    assert (core.usage @ closed.counts <= core.left + 1e-9).all()


@pytest.mark.parametrize("seed", range(35))
def test_both_backends_find_the_same_value_in_cores_of_real_instances(draw, seed):
    drawn = draw(seed)
    try:
        dual = bound(drawn.curves, drawn.coupling)
    except Infeasible:
        return
    start = Incumbent(choice=None, value=-math.inf, bound=dual.bound, source="dual")
    core = fix(drawn.curves, drawn.coupling, dual, start, Capacity(variables=12))
    by_gurobi, by_highs = (close(core, backend) for backend in BACKENDS)
    assert (by_gurobi.counts is None) == (by_highs.counts is None)
    assert by_gurobi.bound == pytest.approx(by_highs.bound, abs=1e-9)


@pytest.mark.parametrize("seed", [8, 9, 11])
def test_a_core_without_a_solution_is_said_to_have_none_by_gurobi(seed):
    says_none(random_core(seed, tight=0.4 if seed % 3 else 1.0), "gurobi")


@pytest.mark.parametrize("seed", [8, 9, 11])
def test_a_core_without_a_solution_is_said_to_have_none_by_highs(seed):
    says_none(random_core(seed, tight=0.4 if seed % 3 else 1.0), "highs")


def says_none(core, backend):
    assert enumerated(core) is None
    closed = close(core, backend)
    assert (closed.counts, closed.bound) == (None, -math.inf)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("left", "feasible"), [([0.0], True), ([3.0], True), ([-1.0], False), ([], True)])
def test_a_core_without_classes_is_feasible_if_nothing_is_overspent(backend, left, feasible):
    empty = Core(
        members=(),
        klass=np.zeros(0, np.intp),
        option=np.zeros(0, np.intp),
        value=np.zeros(0),
        most=np.zeros(0, np.int64),
        usage=np.zeros((len(left), 0)),
        left=np.array(left),
        fixed=np.zeros(2, np.intp),
        offset=1.0,
        spread=0.0,
        outside=math.inf,
    )
    closed = close(empty, backend)
    assert (closed.counts is not None, closed.bound) == ((True, 0.0) if feasible else (False, -math.inf))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_core_is_closed_the_same_way_twice(backend):
    core = random_core(4)
    first, second = close(core, backend, seed=1), close(core, backend, seed=1)
    assert np.array_equal(first.counts, second.counts)
    assert first.bound == second.bound


@pytest.mark.parametrize("backend", BACKENDS)
def test_closing_prints_nothing(backend, capfd):
    close(random_core(7), backend)
    assert capfd.readouterr() == ("", "")


def test_each_backend_says_how_much_it_takes():
    assert capacity("gurobi") == gurobi.capacity()
    assert capacity("highs") == HIGHS_CAPACITY
