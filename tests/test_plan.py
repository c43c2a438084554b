"""The story as a whole: what goes in, what comes out, and which error says what went wrong."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from models import SLearner
from models.base import ResponseError
from optimizer import decide as search
from optimizer.decide import decide
from optimizer.errors import DataError, Infeasible, ModelError, NoIncumbent, VerificationError
from optimizer.plan import allocate, plan
from optimizer.problem.amounts import Amounts
from optimizer.problem.core import Closed
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

BACKENDS = ["gurobi", "highs"]
VALUES = [[0.1, 0.2, 0.6], [0.5, 0.4, 0.9], [0.0, 0.3, 0.35], [0.2, 0.2, 0.2]]
AMOUNTS = Amounts((0, 10, 30))


class Told:
    """A response model that says what it is told."""

    def __init__(self, response, predict=None):
        self._response, self._predict = response, predict

    def response(self, X, amounts):
        return self._response(X, list(amounts))

    def predict(self, X, treatment):
        if self._predict is not None:
            return self._predict(X, treatment)
        amounts = sorted(set(np.asarray(treatment).tolist()))
        table = self._response(X, amounts)
        return table[np.arange(len(X)), np.searchsorted(amounts, treatment)]


def problem(*limits, amounts=AMOUNTS):
    return Problem(amounts=amounts, limits=limits)


def saturating(X, amounts):
    return X[["x"]].to_numpy() * (1 - np.exp(-np.array(amounts) / 20.0))[None, :]


def some(n=6):
    frame = pd.DataFrame({"x": np.linspace(0.1, 0.9, n), "gender": ["F", "M"] * (n // 2)})
    return Units(ids=np.arange(n).astype(str).astype(object), frame=frame, features=("x",))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_allocation_says_who_gets_how_much_and_what_that_is_worth(backend):
    allocation = allocate(VALUES, AMOUNTS, [Limit.cost(at_most=40)], solver=Solver(backend=backend))
    assert allocation.amount.tolist() == [30, 0, 10, 0]
    assert allocation.index.tolist() == [2, 0, 1, 0]
    assert allocation.value == pytest.approx(0.6 + 0.5 + 0.3 + 0.2)
    assert allocation.gap <= 1e-9
    assert allocation.usage == {"cost": (40.0, 40.0)}
    assert allocation.amount.dtype == np.int64


def test_nothing_of_an_allocation_can_be_changed_in_place():
    allocation = allocate(VALUES, AMOUNTS, [Limit.cost(at_most=40)])
    with pytest.raises(AttributeError):
        allocation.value = 1.0


@pytest.mark.parametrize("amounts", [[0, 10, 30], (0, 10, 30), range(0, 31, 15), np.array([0, 10, 30]), AMOUNTS])
def test_amounts_may_be_any_sequence_that_starts_with_nothing(amounts):
    assert allocate(VALUES, amounts, []).value == pytest.approx(0.6 + 0.9 + 0.35 + 0.2)


def test_without_limits_everyone_gets_the_best_and_the_cheaper_of_two_equals():
    allocation = allocate(VALUES, AMOUNTS, [])
    assert allocation.amount.tolist() == [30, 30, 30, 0]
    assert (allocation.gap, allocation.bound_source, allocation.shadow_prices) == (0.0, "dual", {})


@pytest.mark.parametrize("backend", BACKENDS)
def test_given_costs_are_spent_in_place_of_the_amounts(backend):
    costs = [[0, 1, 2], [0, 9, 9], [0, 1, 9], [0, 0, 0]]
    allocation = allocate(VALUES, AMOUNTS, [Limit.cost(at_most=3)], costs=costs, solver=Solver(backend=backend))
    assert allocation.amount.tolist() == [30, 0, 10, 0]
    assert allocation.usage["cost"] == (3.0, 3.0)


def test_an_amount_that_costs_nothing_still_counts_as_an_award():
    allocation = allocate(VALUES, AMOUNTS, [Limit.recipients(at_most=1)], costs=[0, 0, 0])
    assert allocation.amount.tolist() == [30, 0, 0, 0]


def test_a_limit_on_a_group_reads_the_units_columns():
    units = pd.DataFrame({"gender": ["F", "M", "F", "M"]})
    limits = [Limit.recipients(at_most=1), Limit.recipients(at_least=1, where={"gender": "M"}, name="men")]
    assert allocate(VALUES, AMOUNTS, limits, units=units).amount.tolist() == [0, 30, 0, 0]
    with pytest.raises(DataError, match="limit men: names the group gender M, but no columns of the units are known"):
        allocate(VALUES, AMOUNTS, limits)


def test_a_single_amount_leaves_nothing_to_decide():
    assert allocate(np.full((3, 1), 0.5), [0], [Limit.cost(at_most=0)]).value == 1.5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_single_unit_is_decided(backend):
    allocation = allocate([[0.1, 0.5]], [0, 10], [Limit.cost(at_most=9)], solver=Solver(backend=backend))
    assert (allocation.amount.tolist(), allocation.gap) == ([0], 0.0)


def test_no_units_are_an_empty_plan_or_refused_by_name():
    try:
        assert allocate(np.zeros((0, 3)), AMOUNTS, [Limit.cost(at_most=10)]).value == 0.0
    except DataError as refused:
        assert "units" in str(refused) or "values" in str(refused)  # noqa: PT017


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", [0.0, 0.5])
@pytest.mark.parametrize("limit", [Limit.cost(at_most=10), Limit.recipients(at_most=0.25)])
def test_a_model_that_no_award_moves_leaves_everything_as_it_is(backend, value, limit):
    allocation = allocate(np.full((8, 3), value), AMOUNTS, [limit], solver=Solver(backend=backend))
    assert allocation.value == 8 * value
    assert allocation.gap == 0.0


def test_limits_of_the_same_name_are_told_apart_in_prices_and_usage():
    allocation = allocate(VALUES, AMOUNTS, [Limit.cost(at_most=40), Limit.cost(at_most=50)])
    assert allocation.usage == {"cost": (40.0, 40.0), "cost (2)": (40.0, 50.0)}
    assert set(allocation.shadow_prices) == {"cost", "cost (2)"}


def test_values_alone_cannot_be_embedded_natively():
    with pytest.raises(
        ModelError, match=r"solver\.embedding: native needs a model, got values; use solve, or embedding='curves'"
    ):
        allocate(VALUES, AMOUNTS, [], solver=Solver(embedding="native"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_limits_that_contradict_each_other_are_infeasible(backend):
    limits = [Limit.cost(at_most=9, name="budget"), Limit.recipients(at_least=1, name="someone")]
    with pytest.raises(Infeasible) as raised:
        allocate(VALUES, AMOUNTS, limits, solver=Solver(backend=backend))
    assert str(raised.value).splitlines() == [
        "limits: no allocation satisfies budget and someone together; the least change that helps, to one of them:",
        "  budget: cost at most 10, it is cost at most 9",
        "  someone: recipients at least 0, it is recipients at least 1",
    ]


def test_limits_that_only_whole_awards_cannot_satisfy_are_infeasible_with_highs():
    assert_infeasible("highs")


def test_limits_that_only_whole_awards_cannot_satisfy_are_infeasible_with_gurobi():
    assert_infeasible("gurobi")


def assert_infeasible(backend):
    """A cost of exactly 3, in awards of 2: the linear relaxation can, a plan cannot."""
    limits = [Limit.cost(at_most=3, name="most"), Limit.cost(at_least=3, name="least")]
    with pytest.raises(Infeasible, match="no allocation satisfies most and least together"):
        allocate([[0.1, 0.5], [0.2, 0.3]], [0, 2], limits, solver=Solver(backend=backend))


def test_a_search_that_finds_nothing_in_time_says_so(monkeypatch):
    monkeypatch.setattr(search.backend, "close", lambda *_, **__: Closed(counts=None, bound=math.inf))
    with pytest.raises(
        NoIncumbent, match=r"search: stopped before it found an allocation that keeps every limit; allow more time"
    ):
        allocate(VALUES, AMOUNTS, [Limit.cost(exactly=50)])


def test_a_search_that_is_cut_short_keeps_its_incumbent_and_the_duals_bound(monkeypatch):
    values = np.random.default_rng(0).random((40, 4)).cumsum(axis=1)
    limits = [Limit.cost(at_most=101), Limit.recipients(at_most=17)]
    exact = allocate(values, [0, 3, 7, 8], limits)
    monkeypatch.setattr(search.backend, "close", lambda *_, **__: Closed(counts=None, bound=math.inf))
    cut = allocate(values, [0, 3, 7, 8], limits, solver=Solver(time_limit=30.0))
    assert cut.bound_source == "dual"
    assert cut.value <= exact.value <= cut.bound + 1e-9


def test_a_backend_that_lies_about_its_solution_is_not_believed(monkeypatch):
    def everyone_at_most(core, *_, **__):
        first = np.unique(core.klass, return_index=True)[1]
        last = np.append(first[1:], len(core.klass)) - 1
        counts = np.zeros(len(core.klass), dtype=np.int64)
        counts[last] = core.sizes
        return Closed(counts=counts, bound=math.inf)

    values = np.random.default_rng(0).random((40, 4)).cumsum(axis=1)
    honest = allocate(values, [0, 3, 7, 8], [Limit.cost(at_most=101)])
    monkeypatch.setattr(search.backend, "close", everyone_at_most)
    lied = allocate(values, [0, 3, 7, 8], [Limit.cost(at_most=101)])
    assert lied.usage["cost"][0] <= 101
    assert lied.value <= honest.value + 1e-9


def test_a_plan_comes_with_its_curves_its_limits_and_a_certificate():
    units = some()
    curves, coupling, allocation, certificate = plan(Told(saturating), units, problem(Limit.cost(at_most=60)), Solver())
    assert curves.values == pytest.approx(saturating(units.frame, AMOUNTS.values))
    assert [row.limit.name for row in coupling.rows] == ["cost"]
    assert certificate.value == pytest.approx(allocation.value)
    assert certificate.spent == int(allocation.amount.sum()) <= 60
    assert certificate.bound == allocation.bound


def test_a_plan_is_what_the_same_curves_allocate():
    units, limits = some(), [Limit.cost(at_most=60), Limit.recipients(at_most=0.5, where={"gender": "F"})]
    *_, allocation, _ = plan(Told(saturating), units, problem(*limits), Solver())
    alone = allocate(saturating(units.frame, AMOUNTS.values), AMOUNTS, limits, units=units.frame)
    assert allocation.index.tolist() == alone.index.tolist()


@pytest.mark.parametrize("embedding", ["curves", "native"])
def test_a_fitted_model_is_planned_with_either_embedding(embedding):
    rng = np.random.default_rng(0)
    X, award = pd.DataFrame({"x": rng.random(200)}), rng.choice([0, 10, 30], 200)
    model = SLearner(LinearRegression()).fit(X, award, X["x"] + award / 100 + rng.normal(size=200) / 10)
    *_, allocation, certificate = plan(model, some(), problem(Limit.cost(at_most=70)), Solver(embedding=embedding))
    assert 60 <= certificate.spent <= 70  # native shares the money evenly, then every award is rounded down to 10
    assert allocation.value <= allocation.bound + 1e-9
    assert certificate.value == pytest.approx(allocation.value)


def test_every_stage_is_told_to_the_progress():
    stages = []
    values = np.random.default_rng(0).random((40, 4)).cumsum(axis=1)
    model = Told(lambda X, amounts: values[: len(X), [[0, 3, 7, 8].index(a) for a in amounts]])
    units = some(40)
    plan(
        model,
        units,
        problem(Limit.cost(exactly=101), Limit.recipients(exactly=19), amounts=Amounts((0, 3, 7, 8))),
        Solver(),
        lambda stage, _: stages.append(stage),
    )
    assert list(dict.fromkeys(stages)) == ["respond", "bound", "fix", "close", "verify"]


def test_a_model_that_predicts_otherwise_than_it_responds_is_caught():
    model = Told(saturating, predict=lambda X, _: np.zeros(len(X)))
    with pytest.raises(VerificationError, match="response: the model predicts another outcome"):
        plan(model, some(), problem(Limit.cost(at_most=60)), Solver())


def test_a_model_that_cannot_answer_is_a_model_error():
    def refuse(_X, _amounts):
        raise ResponseError("features: must hold x, got none")

    with pytest.raises(ModelError, match="response of the units: features: must hold x, got none"):
        plan(Told(refuse), some(), problem(), Solver())


def test_a_model_that_answers_with_no_number_is_a_data_error():
    with pytest.raises(DataError, match=r"values: must be finite, got 6 rows that are not, first \[0, 1, 2, 3, 4\]"):
        plan(Told(lambda X, amounts: np.full((len(X), len(amounts)), np.nan)), some(), problem(), Solver())


def test_units_are_asked_in_batches_whose_order_is_kept(monkeypatch):
    monkeypatch.setattr("optimizer.engine.respond.BATCH", 7)
    shares, asked = [], []

    def respond(X, amounts):
        asked.append(len(X))
        return saturating(X, amounts)

    units = some(8)
    told = lambda stage, share: shares.append(share) if stage == "respond" else None  # noqa: E731
    curves, *_ = plan(Told(respond, saturating_at), units, problem(), Solver(), told)
    assert curves.values == pytest.approx(saturating(units.frame, AMOUNTS.values))
    assert asked == [2, 2, 2, 2]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def saturating_at(X, treatment):
    return X["x"].to_numpy() * (1 - np.exp(-np.asarray(treatment) / 20.0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_deciding_twice_gives_the_same_allocation(backend):
    curves = Curves.of(np.random.default_rng(1).random((300, 5)).cumsum(axis=1), Amounts((0, 3, 7, 8, 20)))
    coupling = Coupling.compile([Limit.cost(at_most=900), Limit.recipients(at_most=101)], 300)
    first, second = (decide(curves, coupling, Solver(backend=backend)) for _ in range(2))
    assert repr(first) == repr(second)
    assert first.index.tobytes() == second.index.tobytes()
