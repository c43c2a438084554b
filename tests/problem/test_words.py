"""Limits and prices as the sentences a committee reads."""

import pandas as pd
import pytest

from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.words import in_words, price_in_words


def words(limit, n=1000):
    return in_words(Coupling.compile([limit], n).rows[0])


@pytest.fixture
def sentence():
    def of(limit, price):
        certificate = Certificate(
            units=1000,
            amounts=9,
            value=400.0,
            without=300.0,
            bound=400.0,
            bound_source="dual",
            dual_bound=400.0,
            spent=5_000_000,
            recipients=50,
            shadow_prices={limit.name: price},
            usage={limit.name: (1.0, 2.0)},
        )
        return price_in_words(certificate, [limit], step=1_000_000, currency="JPY", outcome="enrolled")[0]

    return of


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Limit.cost(at_most=120_000_000), "cost at most 120,000,000"),
        (Limit.cost(at_least=5), "cost at least 5"),
        (Limit.recipients(at_most=0.2), "recipients at most 200"),
        (Limit.recipients(at_least=0.0005), "recipients at least 1"),
        (Limit.recipients(at_least=0.4, of="recipients"), "recipients at least 40 % of recipients"),
        (Limit.cost(at_most=0.125, of="cost"), "cost at most 12.5 % of cost"),
        (Limit.outcome(at_most=950.5), "outcome at most 950.5"),
    ],
)
def test_a_limit_says_its_measure_its_side_and_its_figure(limit, said):
    assert words(limit) == said


def test_a_limit_on_a_group_says_whose():
    limit = Limit.recipients(at_most=3, where={"gender": ["F", "X"]})
    row = Coupling.compile([limit], 2, pd.DataFrame({"gender": ["F", "M"]})).rows[0]
    assert in_words(row) == "recipients where gender F or X at most 3"


def test_a_mean_award_is_no_percentage():
    assert "%" not in words(Limit.cost(at_most=300_000, of="recipients"))


@pytest.mark.parametrize(
    ("limit", "price", "said"),
    [
        (Limit.cost(at_most=1), 8e-7, "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"),
        (Limit.cost(at_least=1), -8e-7, "cost: 1,000,000 JPY less required would bring 0.8 enrolled"),
        (Limit.cost(at_most=2, of="units"), 8e-7, "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"),
        (Limit.recipients(at_most=1, name="heads"), 0.25, "heads: one award more allowed would bring 0.25 enrolled"),
        (Limit.recipients(at_most=0.2), 0.25, "recipients: one award more allowed would bring 0.25 enrolled"),
        (Limit.outcome(at_most=9.0, name="seats"), 0.5, "seats: one enrolled more allowed would bring 0.5 enrolled"),
        (
            Limit.recipients(at_least=0.4, of="recipients", name="women"),
            -0.5,
            "women: one percentage point less required would bring 0.25 enrolled",
        ),
        (Limit.cost(at_most=0.5, of="cost", name="men"), 2e-6, "men: one percentage point more allowed would bring 0.1 enrolled"),
    ],
)
def test_a_price_says_what_a_little_more_would_bring(sentence, limit, price, said):
    assert sentence(limit, price) == said


@pytest.mark.parametrize("price", [0.0, -0.0, 1e-16])
def test_a_limit_without_a_price_is_not_what_holds_the_plan_back(sentence, price):
    assert sentence(Limit.cost(at_most=1), price) == "cost: not what holds the plan back; more of it would bring nothing"


def test_the_price_of_a_mean_award_is_told_in_money(sentence):
    assert "percentage point" not in sentence(Limit.cost(at_most=300_000, of="recipients"), 1e-6)


def test_sentences_come_in_the_limits_order():
    limits = [Limit.recipients(at_most=1), Limit.cost(at_most=1)]
    certificate = Certificate(
        units=1,
        amounts=2,
        value=1.0,
        without=0.0,
        bound=1.0,
        bound_source="dual",
        dual_bound=1.0,
        spent=1,
        recipients=1,
        shadow_prices={"cost": 1.0, "recipients": 0.0},
        usage={},
    )
    said = price_in_words(certificate, limits, step=1, currency="", outcome="sale")
    assert [sentence.split(":")[0] for sentence in said] == ["recipients", "cost"]
    assert said[1] == "cost: 1 more allowed would bring 1 sale"
