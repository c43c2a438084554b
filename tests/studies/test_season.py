"""The study of seasons: pacing beats both simple ways, nothing passes a limit, and hindsight bounds them all."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from models.truth import ScholarshipWorld
from optimizer import Limit, ScenarioError, Solver
from optimizer.problem import trend
from optimizer.problem.amounts import Amounts
from optimizer.problem.curves import Curves
from optimizer.problem.season import Coming, Season
from optimizer.studies.season import FIRST_COME, PACED, UNIFORM, Replay, Setting, drawn, simulate, simulate_scenario, summary

AMOUNTS = Amounts.grid(max=2_000_000, step=250_000)
ARRIVALS = 240
SEASON = Season(budget=30_000_000, recipients=40, ends=date(2027, 3, 31), expected_units=ARRIVALS)
WOMEN = Limit.recipients(at_least=0.4, of="recipients", where={"gender": "F"}, name="women")


@pytest.fixture(scope="module")
def setting():
    world = ScholarshipWorld()
    units, pool = (world.draw_applicants(np.random.default_rng(seed), n=400) for seed in (1, 2))
    limits = (*SEASON.limits(), WOMEN)
    of = {"pool": Curves.of(world.response(pool, AMOUNTS.array), AMOUNTS)}
    forecast = Coming(curves=of["pool"], frame=pool, weight=Fraction(1), limits=tuple(limit.name for limit in limits))
    return Setting(
        season=SEASON,
        limits=limits,
        units=Curves.of(world.response(units, AMOUNTS.array), AMOUNTS),
        frame=units,
        forecast=forecast,
        nights=12,
        arrivals=ARRIVALS,
        solver=Solver(backend="highs"),
    )


@pytest.fixture(scope="module")
def table(setting):
    return simulate(setting, seasons=3)


def test_pacing_attains_more_than_first_come_first_served_and_than_equal_shares(table):
    attained = summary(table).set_index("way")["attained"]
    assert attained[PACED] > 0.97
    assert attained[PACED] > attained[UNIFORM] > attained[FIRST_COME]


def test_no_way_passes_a_limit_nor_what_hindsight_brings(table):
    assert table["spent"].max() <= SEASON.budget
    assert table["recipients"].max() <= SEASON.recipients
    assert (table["uplift"] <= table["hindsight"] * (1 + 1e-12)).all()
    assert (table["attained"] == table["uplift"] / table["hindsight"]).all()


def test_with_a_drift_the_better_come_later(setting):
    arrivals = drawn(replace(setting, drift=3.0, arrivals=4_000), np.random.default_rng(0))
    gains = arrivals.curves.values.max(axis=1) - arrivals.curves.values[:, 0]
    assert gains[arrivals.night >= 6].mean() > 1.2 * gains[arrivals.night < 6].mean()
    assert len(arrivals.frame) == len(gains) == 4_000
    assert (np.diff(arrivals.night) >= 0).all()


def test_pacing_learns_of_a_drift_from_those_who_came(setting, monkeypatch):
    drifting = replace(setting, drift=2.0)
    learning = summary(simulate(drifting, seasons=3)).set_index("way")["attained"]
    monkeypatch.setattr(trend, "SPREAD", 1e-9)
    believing = summary(simulate(drifting, seasons=3)).set_index("way")["attained"]
    assert learning[PACED] > believing[PACED] + 0.03
    assert learning[UNIFORM] == believing[UNIFORM]


def test_seasons_are_drawn_the_same_each_time(setting, table):
    assert simulate(setting, seasons=1).equals(table[table["season"] == 0])


@pytest.mark.parametrize(
    "wrong", [{"seasons": 0}, {"nights": 0}, {"arrivals": 0}, {"drift": 11.0}, {"drift": float("nan")}, {"seed": -1}]
)
def test_a_number_that_makes_no_season_is_refused(wrong):
    [name] = wrong
    with pytest.raises(ScenarioError, match=f"--{name} must be"):
        Replay(**wrong)


def test_a_scenario_that_expects_nobody_cannot_be_simulated(folder):
    with pytest.raises(ScenarioError, match=r"a simulation needs season\.expected_units"):
        simulate_scenario(folder / "small.yaml")
