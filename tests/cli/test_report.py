"""`bursar report`: the page again, in any language, and what it prints."""

import json

import pytest
from typer.testing import CliRunner

from optimizer import solve
from optimizer.cli.report import app


@pytest.fixture
def out(folder):
    solve(folder / "small.yaml", out=folder / "out")
    return folder / "out"


def run(*argv):
    return CliRunner().invoke(app, [str(word) for word in argv])


def test_it_writes_the_page_and_says_where(out, capfd):
    (out / "report.html").unlink()
    assert run(out, "--lang", "ja").exit_code == 0
    assert '<html lang="ja">' in (out / "report.html").read_text(encoding="utf-8")
    assert capfd.readouterr().out == f"written to {out / 'report.html'}\n"


def test_it_can_be_quiet_or_one_document(out, capfd):
    assert run(out, "--quiet").exit_code == 0
    assert capfd.readouterr().out == ""
    assert run(out, "--json").exit_code == 0
    assert json.loads(capfd.readouterr().out) == {"report": str(out / "report.html"), "lang": "en"}
