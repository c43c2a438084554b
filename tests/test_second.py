"""The second objective, from Python and from the command line: cheapest, fewest or least changed of the plans near the best."""

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from optimizer import Amounts, DataError, Limit, Solver, Then, VerificationError, allocate, cli, read_scenario, solve, verify
from optimizer.decide import decide
from optimizer.edge.outputs import _canonical, sha256_of
from optimizer.edge.previous import read_previous
from optimizer.engine import respond
from optimizer.engine.verify import certify
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.streamed import Streamed
from optimizer.problem.terms import Terms
from optimizer.run import Options, describe
from optimizer.second import second

AMOUNTS = Amounts.grid(max=1_000_000, step=50_000)


def curves_of(n, seed=0):
    """Curves that rise and level off, each at its own pace."""
    rng = np.random.default_rng(seed)
    level, rise, half = rng.uniform(0.1, 0.5, (n, 1)), rng.uniform(0.0, 0.5, (n, 1)), rng.uniform(1e5, 6e5, (n, 1))
    return level + rise * (1 - np.exp(-AMOUNTS.array / half))


def limits_of(n, share=1.0):
    return [Limit.cost(at_most=int(100_000 * n * share)), Limit.recipients(at_most=0.3)]


@pytest.mark.parametrize(("backend", "n"), [("gurobi", 1_000), ("highs", 150)])
@pytest.mark.parametrize("minimise", ["cost", "recipients"])
def test_one_percent_of_the_outcome_buys_far_less_of_what_is_minimised(minimise, backend, n):
    values, then = curves_of(n), Then(minimise=minimise, within=Fraction(1, 100))
    best = allocate(values, AMOUNTS, limits_of(n))
    plan = allocate(values, AMOUNTS, limits_of(n), solver=Solver(backend=backend), then=then)
    used = {"cost": int(plan.amount.sum()), "recipients": int((plan.amount > 0).sum())}[minimise]
    assert plan.then.value == used < 0.95 * plan.then.before
    assert plan.then.gap == 0
    assert plan.then.best == pytest.approx(best.value)
    assert 0.99 * best.value - 1e-6 <= plan.value < best.value
    assert plan.bound == pytest.approx(best.bound)
    assert plan.gap <= 0.0102


def test_what_may_not_be_given_up_is_not():
    values = curves_of(300)
    best = allocate(values, AMOUNTS, limits_of(300))
    for minimise in ("cost", "recipients"):
        plan = allocate(values, AMOUNTS, limits_of(300), then=Then(minimise=minimise))
        assert plan.value == pytest.approx(best.value, rel=2e-9)
        assert plan.then.value <= plan.then.before


def test_the_more_may_be_given_up_the_less_is_needed():
    values = curves_of(400, seed=3)
    costs = [
        allocate(values, AMOUNTS, limits_of(400), then=Then(minimise="cost", within=share)).then.value
        for share in (0.0, 0.001, 0.01, 0.1, 0.5)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == 0.0  # half of the outcome comes without any award


def test_a_plan_that_is_still_possible_is_kept_as_it_is():
    values = curves_of(300)
    previous = allocate(values, AMOUNTS, limits_of(300)).amount
    better = values + 0.002 * np.random.default_rng(1).random(values.shape)
    free = allocate(better, AMOUNTS, limits_of(300))
    plan = allocate(better, AMOUNTS, limits_of(300), then=Then(minimise="changes", within=0.01, previous=previous))
    assert (free.amount != previous).sum() > 10
    assert plan.amount.tolist() == previous.tolist()
    assert (plan.then.value, plan.then.bound) == (0.0, 0.0)


def test_a_smaller_budget_changes_few_awards_instead_of_many():
    values = curves_of(2_000)
    previous = allocate(values, AMOUNTS, limits_of(2_000)).amount
    free = allocate(values, AMOUNTS, limits_of(2_000, share=0.97))
    then = Then(minimise="changes", within=0.01, previous=previous)
    plan = allocate(values, AMOUNTS, limits_of(2_000, share=0.97), then=then)
    assert plan.then.value == (plan.amount != previous).sum() < 0.2 * (free.amount != previous).sum()
    assert plan.then.gap == 0


def test_an_amount_that_is_no_longer_on_offer_is_a_change_whatever_replaces_it():
    values = np.array([[0.0, 1.0], [0.0, 0.5]])
    plan = allocate(values, [0, 10], [], then=Then(minimise="changes", previous=np.array([7, 10])))
    assert plan.amount.tolist() == [10, 10]
    assert plan.then.value == plan.then.bound == 1.0


def test_of_plans_that_cost_the_same_the_one_with_the_larger_outcome_is_taken():
    values = np.array([[0.5, 0.6], [0.5, 0.61], [9.0, 9.0]])  # either award is near enough to the best, which needs both
    plan = allocate(values, [0, 10], [], then=Then(minimise="cost", within=0.01))
    assert plan.then.value == 10.0
    assert plan.amount.tolist() == [0, 10, 0]


def test_a_plan_that_lies_below_the_floor_by_rounding_alone_may_be_taken_and_then_is_its_own_bound():
    plan = allocate([[0.0, 1.0 - 1e-10, 1.0]], [0, 10, 20], [], then=Then(minimise="cost"))
    assert plan.amount.tolist() in ([10], [20])
    assert plan.then.value == plan.then.bound == plan.amount[0]


def test_a_limit_may_be_called_as_the_floor_is():
    name = Then(minimise="cost", within=0.01).name
    values = curves_of(50)
    limits = [Limit.cost(at_most=2_000_000, name=name), Limit.recipients(at_most=9, name="no more cost")]
    plan = allocate(values, AMOUNTS, limits, then=Then(minimise="cost", within=0.01))
    assert set(plan.usage) == {name, "no more cost"}
    assert set(plan.then.shadow_prices) == {name, "no more cost", f"{name}'"}


def test_curves_that_are_not_held_are_planned_alike():
    values = curves_of(200)
    held = Curves.of(values, AMOUNTS)
    streamed = Streamed(ask=lambda units, options: values[np.ix_(units, options)], n=200, terms=Terms(amounts=AMOUNTS))
    coupling, then = Coupling.compile(limits_of(200), 200), Then(minimise="recipients", within=0.02)
    plans = [second(decide(c, coupling, Solver()), c, coupling, then, Solver()) for c in (held, streamed)]
    assert plans[0].amount.tolist() == plans[1].amount.tolist()
    assert plans[0].then == plans[1].then
    assert certify(plans[1], streamed, coupling, then=then).then == plans[0].then


def test_time_that_is_up_leaves_a_plan_that_is_no_worse_than_the_best_outcomes():
    values = curves_of(500)
    coupling, curves, then = Coupling.compile(limits_of(500), 500), Curves.of(values, AMOUNTS), Then(minimise="cost", within=0.01)
    plan = second(decide(curves, coupling, Solver()), curves, coupling, then, Solver(backend="highs", time_limit=1e-3))
    assert plan.then.value <= plan.then.before
    assert plan.then.bound <= plan.then.value
    certify(plan, curves, coupling, then=then)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"minimise": "luck"}, "then.minimise: must be one of cost, recipients, changes, got 'luck'"),
        ({"minimise": "cost", "within": 1.2}, "then.within: must be a share from 0 to below 1, got 1.2"),
        ({"minimise": "cost", "within": -0.01}, "then.within: must be a share"),
        ({"minimise": "cost", "within": True}, "then.within: must be a share"),
        ({"minimise": "cost", "within": float("nan")}, "then.within: must be a share"),
        ({"minimise": "changes"}, "then.previous: is missing"),
        ({"minimise": "changes", "previous": np.array([0.5])}, "then.previous: must be whole amounts"),
        ({"minimise": "cost", "previous": np.array([5])}, "then.previous: is for changes only"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Then(**wrong)


def test_a_previous_plan_of_other_units_is_a_data_error():
    with pytest.raises(DataError, match=r"then\.previous: must hold 2 amounts, one for each unit, got 3"):
        allocate([[0, 1], [0, 1]], [0, 10], [], then=Then(minimise="changes", previous=np.array([0, 0, 10])))


def test_a_decimal_share_is_the_decimal_that_was_written():
    assert Then(minimise="cost", within=0.01).share == Fraction(1, 100)
    assert Then(minimise="cost", within=0.01).floor(-50.0) == Fraction(-101, 2)


@pytest.fixture
def table(tmp_path):
    def write(text, name="plan.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


IDS = np.array(["a", "b", "c"], dtype=object)


def test_a_previous_plan_is_aligned_by_id_and_says_who_is_not_in_both(table):
    path = table("id,amount,segment\nz,5,\nc,30,\na,10,\ny,0,\n")
    previous = read_previous(path, IDS)
    assert previous.amount.tolist() == [10, 0, 30]
    assert previous.notes == (
        f"1 of 3 units are not in the previous plan {path}: they count as having had no award",
        f"1 who had an award in the previous plan {path} are not among the units",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,award\na,5\n", 'column "amount" is not in the table'),
        ("student,amount\na,5\n", 'column "id" is not in the table'),
        ("id,amount\na,5\na,6\n", 'id column "id" must hold each id once'),
        ("id,amount\na,5.5\n", 'column "amount" must hold whole currency units of at least 0, got 5.5 in row 2'),
        ("id,amount\na,-5\n", "got -5 in row 2"),
        ("id,amount\na,5\nb,\n", "got nan in row 3"),
        ("id,amount\nx,5\n", 'has none of the 3 units, whose ids are such as "a" and here "x"'),
    ],
)
def test_a_table_that_is_no_previous_plan_is_a_data_error(table, text, message):
    with pytest.raises(DataError, match=message):
        read_previous(table(text), IDS)


def test_a_parquet_plan_is_read_as_its_csv_is(tmp_path, table):
    pd.DataFrame({"id": ["b", "a"], "amount": [20, 10]}).to_parquet(tmp_path / "plan.parquet")
    assert read_previous(tmp_path / "plan.parquet", IDS).amount.tolist() == [10, 20, 0]
    assert read_previous(table("id,amount\nb,20\na,10\n"), IDS).amount.tolist() == [10, 20, 0]


THEN = "then={minimise: changes, within: 2%, previous: first/allocation.csv}"
LESS = "limits.0.at_most=8_500_000"


@pytest.fixture
def two_years(folder):
    """A plan, and the plan of a year with less money that should change little of it."""
    solve(folder / "small.yaml", out=folder / "first")
    plan = solve(folder / "small.yaml", out=folder / "second", options=Options(overrides=[LESS, THEN]))
    return folder, plan


def test_a_year_with_less_money_changes_few_awards(two_years):
    folder, plan = two_years
    first, now = (pd.read_csv(folder / year / "allocation.csv") for year in ("first", "second"))
    free = solve(folder / "small.yaml", options=Options(overrides=[LESS]))
    changed = int((first["amount"] != now["amount"]).sum())
    assert 0 < changed == plan.summary.then.value == plan.certificate.then.bound
    assert changed <= (first["amount"] != free.table["amount"]).sum() == plan.summary.then.before
    assert plan.summary.value >= 0.98 * free.summary.value - 1e-6
    assert f"{changed} change" in plan.summary.then_in_words
    page = (folder / "second" / "report.html").read_text(encoding="utf-8")
    assert f"the one with the fewest changes: {changed} changes instead of" in page


def test_both_objectives_are_proven_again_from_the_files(two_years):
    folder, plan = two_years
    assert verify(folder / "second").then == plan.certificate.then
    assert plan.certificate.then.dual_bound <= plan.certificate.then.value


def test_a_previous_plan_that_changed_since_is_noticed(two_years):
    folder, _ = two_years
    table = pd.read_csv(folder / "first" / "allocation.csv", dtype={"id": str})
    table.loc[0, "amount"] += 500_000
    table.to_csv(folder / "first" / "allocation.csv", index=False)
    with pytest.raises(VerificationError, match="the previous plan changed since the run"):
        verify(folder / "second")


@pytest.mark.parametrize(
    "forge",
    [
        lambda then: then.update(value=then["value"] - 1),
        lambda then: then.update(bound=then["value"] + 1),
        lambda then: then.update(best=then["best"] + 1),
        lambda then: then.update(floor=then["floor"] - 1),
        lambda then: then.update(dual_bound=then["dual_bound"] - 1),
        lambda then: then.update(within=0.03),
        lambda then: then.update(luck=1),
        lambda then: then.pop("before"),
    ],
)
def test_a_forged_second_objective_is_rejected_even_when_it_is_sealed_again(two_years, forge):
    certificate = two_years[0] / "second" / "certificate.json"
    document = json.loads(certificate.read_text())
    document.pop("seal")
    forge(document["certificate"]["then"])
    certificate.write_text(json.dumps(document | {"seal": sha256_of(_canonical(document))}))
    with pytest.raises(VerificationError):
        verify(two_years[0] / "second")


def test_the_command_line_tells_what_the_second_objective_came_to(folder, capfd):
    argv = [str(folder / "small.yaml"), "--set", "then={minimise: cost, within: 5%}"]
    assert cli.main(["solve", *argv, "--out", str(folder / "out")]) == 0
    told = capfd.readouterr().out
    assert "then: the cheapest within 5 % of the best (" in told
    assert "JPY instead of 10,000,000; no plan there does with less" in told
    assert cli.main(["verify", str(folder / "out")]) == 0
    assert "then: cost " in capfd.readouterr().out
    assert cli.main(["check", *argv]) == 0
    assert "then: the cheapest within 5 % of the best outcome" in capfd.readouterr().out


def test_check_says_who_is_not_in_the_previous_plan(folder):
    pd.DataFrame({"id": ["S00601", "gone"], "amount": [500_000, 1_000_000]}).to_csv(folder / "old.csv", index=False)
    facts = describe(folder / "small.yaml", overrides=["then={minimise: changes, previous: old.csv}"])
    notes = [fact for name, fact in facts.items() if name.startswith("note")]
    assert any("59 of 60 units are not in the previous plan" in note for note in notes), notes
    assert any("1 who had an award" in note for note in notes)


def test_a_scenario_with_a_second_objective_is_written_back_as_it_was_read(two_years):
    folder, _ = two_years
    assert read_scenario(folder / "second" / "scenario.resolved.yaml") == read_scenario(folder / "small.yaml", [LESS, THEN])


def test_streaming_leaves_the_same_second_objective(two_years, monkeypatch):
    folder, plan = two_years
    monkeypatch.setattr(respond, "HELD", 0)
    streamed = solve(folder / "small.yaml", options=Options(overrides=[LESS, THEN]))
    assert streamed.certificate.then == plan.certificate.then
