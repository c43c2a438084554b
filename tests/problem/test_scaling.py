"""Figures that count are in proportion to the number of units; shares stay, and what cannot be asked is named."""

from fractions import Fraction

from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.rules import Rules
from optimizer.problem.scaling import known_by, scaled
from optimizer.problem.then import Then

AMOUNTS = Amounts.tiers([100, 200])


def figures(*limits, share):
    return [limit.figure for limit in scaled(Problem(amounts=AMOUNTS, limits=limits), share).limits]


def test_counts_are_in_proportion_and_round_to_the_side_that_is_kept():
    limits = (
        Limit.cost(at_most=1_001),
        Limit.cost(at_least=1_001),
        Limit.recipients(at_most=7),
        Limit.recipients(at_least=7),
        Limit.recipients(exactly=7),
        Limit.outcome(at_most=10.5),
        Limit.uplift(at_least=1),
    )
    assert figures(*limits, share=Fraction(1, 4)) == [250, 251, 1, 2, 2, Fraction(21, 8), Fraction(1, 4)]


def test_shares_and_distances_stay():
    limits = (
        Limit.cost(at_most=20, of="units"),
        Limit.recipients(at_most=0.2),
        Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}),
        Limit.cost(at_most=1_000_000, of="uplift"),
        Limit.parity("recipients", by="gender", within=0.05),
    )
    assert figures(*limits, share=Fraction(8)) == [limit.figure for limit in limits]


def test_as_many_units_are_the_same_problem():
    problem = Problem(amounts=AMOUNTS, limits=(Limit.cost(at_most=7), Limit.recipients(exactly=3)))
    assert scaled(problem, Fraction(1)) == problem


def test_what_names_an_unknown_column_is_left_aside_and_told():
    problem = Problem(
        amounts=AMOUNTS,
        limits=(Limit.cost(at_most=10), Limit.recipients(at_most=0.5, where={"status": "new"}, name="new ones")),
        costs=Costs(per_award=5, column="handling"),
        rules=Rules(never=[{"status": "left"}, {"gender": "M"}], cap="need", only=[({"gender": "F"}, [100])]),
        then=Then(minimise="cost", within=0.1),
    )
    kept, aside = known_by(problem, ["gender"])
    assert [limit.name for limit in kept.limits] == ["cost"]
    assert kept.costs == Costs(per_award=5)
    assert kept.columns == ("gender",)
    assert kept.then == problem.then
    assert aside == ("limit new ones", "costs of column handling", "rule never where status left", "rule cap (column need)")


def test_what_history_knows_is_asked_whole():
    problem = Problem(
        amounts=AMOUNTS, limits=(Limit.recipients(at_most=0.5, where={"status": "new"}),), rules=Rules(fixed="told")
    )
    kept, aside = known_by(problem, ["status", "told", "more"])
    assert kept.columns == problem.columns
    assert aside == ()
