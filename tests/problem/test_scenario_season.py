"""A season as it is written: what it builds, and what cannot be kept night by night is said with a remedy."""

import copy
from datetime import date

import pytest
from pydantic import ValidationError

from optimizer.problem.limits import Limit
from optimizer.problem.scenario import Scenario
from optimizer.problem.season import BUDGET, RECIPIENTS, Season

PLAIN = {
    "name": "programme",
    "units": {"table": "applicants.csv", "id": "id"},
    "history": {"table": "history.csv", "outcome": "enrolled", "treatment": "award", "features": ["income"]},
    "model": {"kind": "two_model", "estimator": "sklearn.linear_model.LogisticRegression"},
    "amounts": {"max": 300, "step": 100},
}
WRITTEN = {"budget": 900, "recipients": "5%", "ends": "2027-03-31", "expected_units": 150}


def scenario(season=None, **changes):
    written = copy.deepcopy(PLAIN) | {"season": WRITTEN if season is None else season} | changes
    return Scenario.model_validate(written, context={"folder": "/srv"})


def faults(season=None, **changes):
    with pytest.raises(ValidationError) as caught:
        scenario(season, **changes)
    return {error["loc"]: error["msg"] for error in caught.value.errors()}


def test_a_percentage_of_recipients_is_of_those_expected_rounded_down():
    assert scenario().season.build() == Season(budget=900, recipients=7, ends=date(2027, 3, 31), expected_units=150)


def test_the_season_is_two_limits_before_all_others():
    season = WRITTEN | {"recipients": 7}
    women = {"measure": "recipients", "at_least": "40%", "of": "recipients", "where": {"gender": "F"}, "name": "women"}
    built = scenario(season, limits=[women]).build_problem().limits
    assert built[:2] == (Limit.cost(at_most=900, name=BUDGET), Limit.recipients(at_most=7, name=RECIPIENTS))
    assert built[2].name == "women"


@pytest.mark.parametrize(
    ("season", "place", "said"),
    [
        ({"ends": "2027-03-31"}, ("season",), "needs budget or recipients"),
        ({"budget": 9, "ends": "31.3.2027"}, ("season", "ends"), "YEAR-MONTH-DAY"),
        ({"budget": 9, "ends": "2027-02-30"}, ("season", "ends"), "YEAR-MONTH-DAY"),
        ({"recipients": "5%", "ends": "2027-03-31"}, ("season", "recipients"), "expected_units"),
        ({"recipients": "120%", "ends": "2027-03-31", "expected_units": 9}, ("season", "recipients"), "0 to 100 %"),
        ({"recipients": -1, "ends": "2027-03-31"}, ("season", "recipients"), "head count"),
        ({"budget": 9, "ends": "2027-03-31", "pool": {"table": "past.csv"}}, ("season", "pool"), "expected_units"),
        ({"budget": -1, "ends": "2027-03-31"}, ("season", "budget"), "0"),
    ],
)
def test_what_makes_no_season_is_said_where_it_stands(season, place, said):
    found = faults(season)
    assert place in found
    assert said in found[place]


@pytest.mark.parametrize(
    "limit",
    [
        {"measure": "outcome", "at_most": 9.0},
        {"measure": "uplift", "at_least": 1.0},
        {"measure": "recipients", "at_least": 3},
        {"measure": "cost", "exactly": 300},
        {"measure": "recipients", "at_most": "20%"},
        {"measure": "recipients", "at_most": 3, "name": BUDGET},
        {"parity": "recipients", "by": "gender", "within": "5%"},
    ],
)
def test_what_a_ledger_cannot_keep_night_by_night_is_refused(limit):
    assert any(place[:2] == ("limits", 0) for place in faults(limits=[limit]))


def test_a_season_takes_arriving_units_with_an_id_and_decides_with_curves():
    assert any(place[0] == "season" for place in faults(units={"table": "applicants.csv"}))
    assert any(place[0] == "solver" for place in faults(solver={"embedding": "native"}))
    assert any(place[0] == "then" for place in faults(then={"minimise": "cost", "within": "1%"}))
