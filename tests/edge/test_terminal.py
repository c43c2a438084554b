"""Progress goes where somebody watches it, and a plan's figures are told in either language."""

import io
import logging
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from optimizer import solve
from optimizer.edge.report.words import Words
from optimizer.edge.show_plan import WORDS, show_plan
from optimizer.edge.terminal import Left, Lines, Stages, stages

FLOOR = {"quiet": logging.ERROR, "plain": logging.WARNING, "verbose": logging.INFO}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """What a run of three stages shows on stderr."""

    def run(how, stderr, **environment):
        monkeypatch.setattr(sys, "stderr", stderr)
        for name in ("NO_COLOR", "TERM", "FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"TERM": "xterm"} | environment).items():
            monkeypatch.setenv(name, value)
        root = logging.getLogger()
        before, handler = (root.level, root.handlers), logging.StreamHandler(stderr)
        root.handlers, root.level = [handler], FLOOR[how]
        logging.getLogger("optimizer.edge.terminal").manager._clear_cache()
        try:
            with stages() as progress:
                for stage, share in (("read", None), ("respond", 0.5), ("bound", None), ("respond", 0.9)):
                    progress(stage, share)
        finally:
            root.level, root.handlers = before
            logging.getLogger("optimizer.edge.terminal").manager._clear_cache()
        return stderr.getvalue()

    return run


def test_bars_are_shown_on_a_terminal_only(shown):
    assert "ask it for every amount" in shown("plain", Terminal())
    assert shown("plain", io.StringIO()) == ""
    assert shown("quiet", Terminal()) == ""


def test_bars_have_no_colour_where_none_is_wanted_and_are_not_drawn_on_a_dumb_terminal(shown):
    assert "\x1b[3" in shown("plain", Terminal())
    assert "\x1b[3" not in shown("plain", Terminal(), NO_COLOR="1")
    assert shown("plain", Terminal(), TERM="dumb") == ""


def test_verbose_is_a_plain_line_a_stage_anywhere(shown):
    lines = ["read the tables", "ask it for every amount", "price the limits", "ask it for every amount"]
    for stderr in (Terminal(), io.StringIO()):
        assert shown("verbose", stderr).splitlines() == lines


def test_the_time_that_is_left_is_said_where_the_share_that_is_done_is_known():
    clock = iter(range(100))
    bars = Progress(disable=True, get_time=lambda: float(next(clock)))
    report = Stages(bars)
    report("read")
    assert Left().render(bars.tasks[0]).plain == ""
    for share in (0.0, 0.2, 0.4):
        report("respond", share)
    assert Left().render(bars.tasks[1]).plain.endswith(" left")
    report("bound")
    assert bars.tasks[1].finished
    assert Left().render(bars.tasks[1]).plain == ""
    Lines()("read", 0.5)


def test_a_plan_is_told_in_japanese_with_the_same_figures(folder):
    plan = solve(folder / "small.yaml")
    told = {}
    for lang in ("en", "ja"):
        console = Console(file=io.StringIO(), width=120)
        show_plan(plan, console, lang)
        told[lang] = console.file.getvalue()
    assert "expected enrolled with this plan" in told["en"]
    assert "この計画での期待値 (enrolled)" in told["ja"]
    for figure in (f"{plan.summary.value:,.4f}", f"{plan.summary.uplift:,.4f}", f"{plan.summary.spent:,}"):
        assert figure in told["en"]
        assert figure in told["ja"]
    assert "円緩めると、enrolledは" in told["ja"]
    assert "would bring" not in told["ja"]
    assert len(told["en"].splitlines()) == len(told["ja"].splitlines())


def test_every_word_has_both_languages():
    assert WORDS["en"].keys() <= WORDS["ja"].keys()
    assert Words("ja", "JPY").money(1_000) == "1,000円"
