"""A season: what is over all nights, who is still to come, and what stands."""

from datetime import date

import pandas as pd
import pytest

from optimizer.problem.limits import Limit
from optimizer.problem.season import BUDGET, RECIPIENTS, Season, Standing

ENDS = date(2027, 3, 31)
SEASON = Season(budget=900, recipients=5, ends=ENDS, expected_units=100)


def test_its_figures_are_limits_on_all_awards():
    assert SEASON.limits() == (Limit.cost(at_most=900, name=BUDGET), Limit.recipients(at_most=5, name=RECIPIENTS))
    assert Season(recipients=5, ends=ENDS).limits() == (Limit.recipients(at_most=5, name=RECIPIENTS),)


@pytest.mark.parametrize(
    ("seen", "tonight", "on", "expected"),
    [
        (0, 10, date(2027, 1, 1), 90),
        (60, 30, date(2027, 3, 30), 10),
        (80, 30, date(2027, 1, 1), 0),
        (0, 10, ENDS, 0),
        (0, 10, date(2027, 4, 1), 0),
    ],
)
def test_who_is_still_to_come_are_the_expected_less_those_who_came_and_nobody_on_the_last_night(seen, tonight, on, expected):
    assert SEASON.still_to_come(seen, tonight, on) == expected


def test_without_an_expectation_nobody_is_to_come():
    assert Season(budget=1, ends=ENDS).still_to_come(0, 1, date(2027, 1, 1)) == 0


def test_before_the_first_night_nothing_stands():
    nothing = Standing.nothing(["gender"])
    assert (nothing.spent, nothing.recipients, nothing.seen) == (0, 0, 0)
    assert list(nothing.groups) == ["gender", "cost", "recipients"]


def test_what_stands_is_added_over_its_groups():
    groups = pd.DataFrame({"gender": ["F", "M"], "cost": [300, 200], "recipients": [2, 1]})
    assert (Standing(groups).spent, Standing(groups).recipients) == (500, 3)
