"""`bursar report`: the page again, in any language, and what it prints."""

import json

import pytest

from optimizer import solve


@pytest.fixture
def out(folder):
    solve(folder / "small.yaml", out=folder / "out")
    return folder / "out"


def test_it_writes_the_page_and_says_where(run, out):
    (out / "report.html").unlink()
    assert run("report", out, "--lang", "ja") == (0, f"written to {out / 'report.html'}\n", "")
    assert '<html lang="ja">' in (out / "report.html").read_text(encoding="utf-8")


def test_it_can_be_quiet_or_one_document(run, out):
    assert run("report", out, "--quiet") == (0, "", "")
    code, said, _ = run("report", out, "--json")
    assert code == 0
    assert json.loads(said) == {"report": str(out / "report.html"), "lang": "en"}
