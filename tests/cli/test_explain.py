"""`bursar explain`: sentences for people, one document for programs, and who is near for a unit that is not there."""

import json

import pytest


@pytest.fixture
def out(run, folder):
    run("solve", folder / "small.yaml", "--out", folder / "out")
    return folder / "out"


def test_it_says_why_and_what_would_change_it(run, out):
    unit = (out / "allocation.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    code, said, err = run("explain", out, "--unit", unit)
    assert (code, err) == (0, "")
    assert said.startswith(f"{unit} is given ")
    assert "all else as it is; each was decided again:\n  " in said
    assert run("explain", out, "--unit", unit, "--lang", "ja")[1].startswith(f"{unit} への支給額")
    assert run("explain", out, "--unit", unit, "--quiet")[1] == ""
    document = json.loads(run("explain", out, "--unit", unit, "--json")[1])
    assert document["unit"] == unit
    assert len(document["changes"]) == len(document["what_would_change_it"])
    assert "\n".join(document["why"]) in said


def test_a_unit_that_is_not_there_is_an_error_with_those_near(run, out):
    code, said, err = run("explain", out, "--unit", "S0601")
    assert (code, said) == (3, "")
    assert "no unit of the plan is called 'S0601'; the nearest are S" in err
