"""What `bursar explain` says would change an amount, for 200 people of the flagship: each statement is solved again."""

import time
from pathlib import Path

import numpy as np
import pytest

import optimizer
from optimizer import Options, allocate, read_scenario
from optimizer.again import Held
from optimizer.explain import explain
from optimizer.run import rebuild

FLAGSHIP = Path(__file__).parents[2] / "scenarios" / "scholarship.yaml"
PEOPLE = 200
WHOLE = 5
"""People whose statements about limits are also solved by a whole run."""


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flagship") / "out"
    return folder, optimizer.solve(FLAGSHIP, out=folder)


def solved_again(held, change, place):
    scenario = read_scenario(FLAGSHIP, [f"{change.setting}={change.figure}"] if change.setting else ())
    values = held.curves.values.copy()
    if change.at is not None:
        values[place, held.curves.amounts.values.index(change.at)] = change.figure
    limits, solver = scenario.build_problem().limits, scenario.solver.build()
    return allocate(values, held.curves.amounts, limits, units=held.units.frame, solver=solver).amount[place]


def test_what_is_said_to_change_it_does_when_solved_again(record, left):
    folder, plan = left
    held = Held.of(rebuild(folder))
    ids = plan.table["id"].tolist()
    people = np.random.default_rng(0).choice(ids, PEOPLE, replace=False)
    seconds, said, unchanged = [], 0, 0
    for person, unit in enumerate(people):
        start = time.perf_counter()
        found = explain(folder, unit)
        seconds.append(time.perf_counter() - start)
        place = ids.index(unit)
        for change in found.changes:
            given = found.given.amount if change.given is None else change.given
            assert solved_again(held, change, place) == given, (unit, change)
            if change.setting and person < WHOLE:
                run = optimizer.solve(FLAGSHIP, options=Options(overrides=[f"{change.setting}={change.figure}"]))
                assert run.table["amount"][place] == given, (unit, change)
            said += change.given is not None
            unchanged += change.given is None
    record(people=len(people), changes=said, unchanged=unchanged, median_seconds=np.median(seconds), most_seconds=max(seconds))
    assert said >= PEOPLE
