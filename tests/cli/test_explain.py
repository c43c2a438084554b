"""`bursar explain`: sentences for people, one document for programs, and who is near for a unit that is not there."""

import json

import pytest

from optimizer import cli


@pytest.fixture
def run(capfd, folder):
    def call(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capfd.readouterr()
        return code, out, err

    call("solve", folder / "small.yaml", "--out", folder / "out")
    return call


def test_it_says_why_and_what_would_change_it(run, folder):
    unit = (folder / "out" / "allocation.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    code, out, err = run("explain", folder / "out", "--unit", unit)
    assert (code, err) == (0, "")
    assert out.startswith(f"{unit} is given ")
    assert "all else as it is; each was decided again:\n  " in out
    assert run("explain", folder / "out", "--unit", unit, "--lang", "ja")[1].startswith(f"{unit} への支給額")
    assert run("explain", folder / "out", "--unit", unit, "--quiet")[1] == ""
    document = json.loads(run("explain", folder / "out", "--unit", unit, "--json")[1])
    assert document["unit"] == unit
    assert len(document["changes"]) == len(document["what_would_change_it"])
    assert "\n".join(document["why"]) in out


def test_a_unit_that_is_not_there_is_an_error_with_those_near(run, folder):
    code, out, err = run("explain", folder / "out", "--unit", "S0601")
    assert (code, out) == (3, "")
    assert "no unit of the plan is called 'S0601'; the nearest are S" in err
