"""Limits and prices as the sentences a committee reads."""

import numpy as np
import pandas as pd
import pytest

from optimizer.problem.certificate import Certificate
from optimizer.problem.costs import Costs
from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.rules import Rules
from optimizer.problem.words import costs_in_words, in_words, price_in_words, rules_in_words, total_in_words

WOMEN = {"gender": "F"}


UNITS = pd.DataFrame({"gender": ["F", "M"] * 500, "law": [1, 1, 0, 0] * 250})
"""1 000 units: half are women, and half of women and men are at the faculty of law."""


def rows_of(*limits):
    return Coupling.compile(limits, len(UNITS), UNITS, lambda: np.full(len(UNITS), 0.25)).rows


def words(limit):
    return in_words(rows_of(limit)[0])


def proven(prices, usage):
    return Certificate(
        units=1000,
        amounts=9,
        value=400.0,
        without=300.0,
        bound=400.0,
        bound_source="dual",
        dual_bound=400.0,
        spent=5_000_000,
        recipients=50,
        shadow_prices=prices,
        usage=usage,
    )


def sentences(certificate, *limits):
    return price_in_words(certificate, rows_of(*limits), step=1_000_000, currency="JPY", outcome="enrolled")


def sentence(limit, price, allowed=2.0):
    """What is said of a limit with this price, which allows so much."""
    [said] = sentences(proven({limit.name: price}, {limit.name: (1.0, allowed)}), limit)
    return said


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Limit.cost(at_most=120_000_000), "cost at most 120,000,000"),
        (Limit.cost(at_least=5), "cost at least 5"),
        (Limit.recipients(at_most=0.2), "recipients at most 200"),
        (Limit.recipients(at_least=0.0005), "recipients at least 1"),
        (Limit.recipients(at_least=0.4, of="recipients"), "recipients at least 40 % of recipients"),
        (
            Limit.recipients(at_least=0.4, of="recipients", where=WOMEN),
            "recipients where gender F at least 40 % of all recipients",
        ),
        (Limit.cost(at_most=0.4, of="cost", where=WOMEN), "cost where gender F at most 40 % of everyone's cost"),
        (Limit.uplift(at_least=0.3, of="uplift", where=WOMEN), "uplift where gender F at least 30 % of everyone's uplift"),
        (Limit.recipients(at_most=0.1, where=WOMEN), "recipients where gender F at most 50"),
        (Limit.recipients(at_most=0.1, of="units", among="everyone", where=WOMEN), "recipients where gender F at most 100"),
        (Limit.recipients(exactly=12), "recipients exactly 12"),
        (Limit.cost(exactly=12_000, where=WOMEN), "cost where gender F exactly 12,000"),
        (Limit.uplift(at_least=15.5), "uplift at least 15.5"),
        (Limit.uplift(at_least=15, where=WOMEN), "uplift where gender F at least 15"),
        (Limit.uplift(at_least=0.05, of="units"), "uplift at least 0.05 for each unit"),
        (Limit.cost(at_most=1_000_000, of="uplift"), "cost at most 1,000,000 for each extra outcome"),
        (Limit.cost(at_most=300_000, of="recipients"), "cost at most 300,000 for each recipient"),
        (Limit.cost(at_most=9, of="recipients", where=WOMEN), "cost where gender F at most 9 for each recipient"),
        (
            Limit.cost(at_most=9, of="recipients", among="everyone", where=WOMEN),
            "cost where gender F at most 9 for each recipient of everyone",
        ),
        (Limit.parity("recipients", by="gender", within=0.05), "award rates by gender at most 5 percentage points apart"),
        (Limit.parity("cost", by="gender", within=50_000), "cost per unit by gender at most 50,000 apart"),
        (
            Limit.parity("uplift", by="gender", within=0.02, where={"law": 1}),
            "uplift per unit by gender where law 1 at most 0.02 apart",
        ),
        (Limit.cost(at_most=0.125, of="cost"), "cost at most 12.5 % of cost"),
        (Limit.outcome(at_most=950.5), "outcome at most 950.5"),
    ],
)
def test_a_limit_says_its_measure_its_side_and_its_figure(limit, said):
    assert words(limit) == said


def test_a_limit_on_a_group_says_whose():
    assert words(Limit.recipients(at_most=3, where={"gender": ["F", "X"]})) == "recipients where gender F or X at most 3"


@pytest.mark.parametrize(
    "limit", [Limit.recipients(exactly=12), Limit.parity("recipients", by="gender", within=0.05), Limit.uplift(at_least=1)]
)
def test_all_rows_of_a_limit_read_the_same(limit):
    assert len({in_words(row) for row in rows_of(limit)}) == 1


@pytest.mark.parametrize(
    ("limit", "price", "said"),
    [
        (Limit.cost(at_most=1), 8e-7, "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"),
        (Limit.cost(at_least=1), -8e-7, "cost: 1,000,000 JPY less required would bring 0.8 enrolled"),
        (Limit.cost(at_most=2, of="units"), 8e-7, "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"),
        (Limit.recipients(at_most=1, name="heads"), 0.25, "heads: one award more allowed would bring 0.25 enrolled"),
        (Limit.recipients(at_most=0.2), 0.25, "recipients: one award more allowed would bring 0.25 enrolled"),
        (Limit.outcome(at_most=9.0, name="seats"), 0.5, "seats: one enrolled more allowed would bring 0.5 enrolled"),
        (Limit.uplift(at_least=15, name="extra"), -0.5, "extra: one extra enrolled less required would bring 0.5 enrolled"),
        (Limit.recipients(exactly=5, name="fund"), 0.25, "fund: one award more allowed would bring 0.25 enrolled"),
        (Limit.recipients(exactly=5, name="fund"), -0.25, "fund: one award less required would bring 0.25 enrolled"),
    ],
)
def test_a_price_says_what_a_little_more_would_bring(limit, price, said):
    assert sentence(limit, price) == said


@pytest.mark.parametrize(
    ("limit", "price", "allowed", "said"),
    [
        (
            Limit.recipients(at_least=0.4, of="recipients", where=WOMEN, name="women"),
            -0.5,
            0.4 * 50,
            "women: one percentage point less required would bring 0.25 enrolled",
        ),
        (
            Limit.cost(at_most=0.5, of="cost", where=WOMEN, name="money"),
            2e-6,
            0.5 * 5e6,
            "money: one percentage point more allowed would bring 0.1 enrolled",
        ),
        (
            Limit.uplift(at_least=0.3, of="uplift", where=WOMEN, name="share"),
            -0.1,
            0.3 * 100,
            "share: one percentage point less required would bring 0.1 enrolled",
        ),
        (
            Limit.cost(at_most=100_000, of="recipients", where=WOMEN, name="mean"),
            1e-6,
            100_000 * 20,
            "mean: 1 % of its figure (1,000 for each recipient) more allowed would bring 0.02 enrolled",
        ),
        (
            Limit.cost(at_most=50_000, of="uplift", name="return"),
            1e-6,
            50_000 * 100,
            "return: 1 % of its figure (500 for each extra outcome) more allowed would bring 0.05 enrolled",
        ),
    ],
)
def test_a_share_is_told_by_the_total_that_it_is_taken_of(limit, price, allowed, said):
    assert sentence(limit, price, allowed) == said


def test_a_share_of_nothing_is_told_by_everyones_total():
    forbidden = Limit.cost(at_most=0, of="cost", where=WOMEN, name="money")
    assert sentence(forbidden, 2e-6, 0.0) == "money: one percentage point more allowed would bring 0.1 enrolled"


@pytest.mark.parametrize("price", [0.0, -0.0, 1e-16])
@pytest.mark.parametrize("limit", [Limit.cost(at_most=1, name="cost"), Limit.recipients(exactly=1, name="cost")])
def test_a_limit_without_a_price_is_not_what_holds_the_plan_back(limit, price):
    assert sentence(limit, price) == "cost: not what holds the plan back; more of it would bring nothing"


@pytest.mark.parametrize(
    ("measure", "within", "price", "said"),
    [
        ("recipients", 0.05, 7.0, "fair: F over M: one percentage point more allowed would bring 0.07 enrolled"),
        ("cost", 50_000, 7e-5, "fair: F over M: 10,000 JPY a unit more allowed would bring 0.7 enrolled"),
        ("uplift", 0.01, 7.0, "fair: F over M: 0.01 enrolled a unit more allowed would bring 0.07 enrolled"),
    ],
)
def test_of_groups_held_together_the_pair_that_holds_the_plan_back_is_told(measure, within, price, said):
    limit = Limit.parity(measure, by="gender", within=within, name="fair")
    prices = {"fair: F over M": price, "fair: M over F": 0.0}
    assert sentences(proven(prices, dict.fromkeys(prices, (0.0, within))), limit) == (said,)


def test_groups_held_together_that_hold_nothing_back_are_told_once():
    prices = {"fair: F over M": 0.0, "fair: M over F": 0.0}
    limit = Limit.parity("recipients", by="gender", within=0.05, name="fair")
    said = sentences(proven(prices, dict.fromkeys(prices, (0.0, 0.05))), limit)
    assert said == ("fair: not what holds the plan back; more of it would bring nothing",)


def test_sentences_come_in_the_limits_order():
    certificate = proven({"cost": 1.0, "recipients": 0.0}, {"cost": (1.0, 2.0), "recipients": (0.0, 1.0)})
    rows = rows_of(Limit.recipients(at_most=1), Limit.cost(at_most=1))
    said = price_in_words(certificate, rows, step=1, currency="", outcome="sale")
    assert [words.split(":")[0] for words in said] == ["recipients", "cost"]
    assert said[1] == "cost: 1 more allowed would bring 1 sale"


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        (Costs(), "the amount"),
        (Costs(per_award=10_000), "the amount, plus 10,000 JPY an award"),
        (
            Costs(paid="if_outcome", per_award=5, column="h"),
            "the amount where the outcome happens, so that costs are expectations, plus 5 JPY an award, plus what column h says",
        ),
    ],
)
def test_costs_are_told_as_what_an_award_is_charged(costs, said):
    assert costs_in_words(costs, currency="JPY") == said


def test_rules_that_are_set_are_told_and_others_are_not():
    assert rules_in_words(Rules(), currency="JPY") == {}
    rules = Rules(
        never=[{"status": "withdrawn"}, {"income": {"at_least": 15_000_000}}],
        fixed="promised",
        cap="need",
        floor="sure",
        only=[({"faculty": "law"}, (250_000, 1_000_000))],
        cost_per_uplift=4_000_000,
    )
    assert rules_in_words(rules, currency="JPY") == {
        "never": "nothing where status withdrawn; nothing where income at least 15,000,000",
        "fixed": "exactly what column promised says, where it says something",
        "cap": "at most what column need says",
        "floor": "at least what column sure says",
        "only": "250,000 or 1,000,000 where faculty law",
        "cost_per_uplift": "no award that costs more than 4,000,000 JPY for each extra outcome it brings",
    }


@pytest.mark.parametrize(("total", "said"), [(120e6, "120,000,000"), (66.49894556, "66.4989"), (-0.0048, "-0.0048"), (0, "0")])
def test_a_total_is_whole_where_it_is_whole(total, said):
    assert total_in_words(total) == said
