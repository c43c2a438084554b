"""The report in a browser: opened from a file it asks for nothing, says no error, and answers."""

import pandas as pd
import pytest

from optimizer import solve
from optimizer.reporting import report

EVIL = "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def out(folder):
    applicants = pd.read_csv(folder / "applicants.csv")
    applicants["student_id"] = [EVIL, FORMULA, *applicants["student_id"].iloc[2:]]
    applicants.to_csv(folder / "applicants.csv", index=False)
    solve(folder / "small.yaml", out=folder / "out")
    return folder / "out"


@pytest.fixture
def opened(browser, out):
    """Open the report in a language and at a width; nothing may go wrong, then or later."""

    def open_(lang="en", **view):
        browser.open(report(out, lang=lang).as_uri(), **view)
        return browser

    yield open_
    assert browser.logged == []
    assert browser.asked == [(out / "report.html").as_uri()]
    assert browser.run("window.harmed") is None


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_opens_from_a_file_in_both_languages_narrow_and_wide(opened, lang, width):
    page = opened(lang, width=width)
    assert page.run("document.documentElement.lang") == lang
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("document.querySelectorAll('.chart svg').length") >= 3
    assert page.run("document.getElementById('people-table').tBodies[0].rows.length") == 25


def test_the_slider_moves_and_the_figures_follow(opened, out):
    page = opened()
    frontier = pd.read_csv(out / "frontier.csv")
    assert page.text("#budget-more") == "this plan"
    for place in (0, len(frontier) - 1):
        page.fill("#budget-slider", place)
        row = frontier.iloc[place]
        assert page.text("#budget-figure") == f"{row['figure']:,} JPY"
        assert page.text("#budget-uplift") == f"{row['uplift']:.2f}"
        assert page.text("#budget-spent") == f"{row['spent']:,} JPY"
        assert page.text("#budget-recipients") == str(row["recipients"])
        marked = page.run("({x: document.getElementById('budget-chart').data[2].x[0]}).x")
        assert marked == row["figure"]
    assert page.run("document.getElementById('budget-slider').getAttribute('aria-valuetext')") == f"{row['figure']:,} JPY"


def test_search_finds_a_person_and_the_curve_is_theirs(opened, out):
    page = opened()
    table = pd.read_csv(out / "allocation.csv", keep_default_na=False)
    awarded = table.loc[table["amount"] > 0].iloc[-1]
    page.fill("#people-search", awarded["id"].lower())
    assert page.run("document.getElementById('people-table').tBodies[0].rows.length") == 1
    page.click("#people-table tbody button")
    said = page.text("#person-said")
    assert said.startswith(
        f"{awarded['id']} is offered {awarded['amount']:,} JPY: expected enrolled "
        f"{awarded['outcome_without']:.4f} without it, {awarded['outcome_with']:.4f} with it."
    )
    assert "elsewhere" in said
    chosen = page.run("document.getElementById('person-chart').data[2]")
    assert chosen["x"] == [awarded["amount"]]
    assert chosen["y"][0] == pytest.approx(awarded["outcome_with"], abs=1e-6)
    page.fill("#people-search", "nobody is called this")
    assert page.text("#people-range") == "Nobody matches."


def test_a_harmful_name_is_only_a_name(opened):
    page = opened()
    for name in (EVIL, FORMULA):
        page.fill("#people-search", name)
        page.click("#people-table tbody button")
        assert page.text("#person-id") == name
    assert page.run("document.querySelectorAll('#people img, #people script').length") == 0


def test_the_table_sorts_pages_and_keeps_to_recipients(opened, out):
    page = opened()
    table = pd.read_csv(out / "allocation.csv", keep_default_na=False)
    page.click("[data-by=uplift]")
    assert page.run("document.querySelector('[data-by=uplift]').closest('th').getAttribute('aria-sort')") == "descending"
    top = table.sort_values("uplift", ascending=False, kind="stable").iloc[0]
    assert page.text("#people-table tbody button") == top["id"]
    page.run("document.getElementById('people-only').click()")
    assert page.text("#people-range").endswith(f"of {(table['amount'] > 0).sum()}")
    page.run("document.getElementById('people-only').click()")
    page.click("#people-next")
    assert page.text("#people-range") == f"26–50 of {len(table)}"


def test_the_amounts_of_a_group_are_shown_when_it_is_chosen(opened):
    page = opened()
    before = page.run("document.getElementById('who-chart').data[0].y")
    page.run("document.getElementById('who-group').selectedIndex = 1")
    page.run("document.getElementById('who-group').dispatchEvent(new Event('change'))")
    after = page.run("document.getElementById('who-chart').data[0].y")
    assert sum(after) < sum(before)


def test_everything_can_be_named_and_reached_by_keyboard(opened):
    page = opened()
    nameless = page.run(
        "[...document.querySelectorAll('button, input, select, a')].filter(one =>"
        " !(one.labels && one.labels.length) && !one.getAttribute('aria-label') && !one.textContent.trim()).length"
    )
    assert nameless == 0
    assert page.run("[...document.querySelectorAll('table')].every(table => table.caption && table.caption.textContent.trim())")
    assert page.run(
        "[...document.querySelectorAll('section')].every(one => one.getAttribute('aria-labelledby') || one.ariaLabel)"
    )
    assert page.run("document.querySelectorAll('main, header, nav[aria-label]').length") == 3
    assert page.run("[...document.querySelectorAll('figure')].every(one => one.querySelector('figcaption').textContent.trim())")
    page.run("document.querySelector('#people-table tbody button').focus()")
    assert page.run("document.activeElement.matches('#people-table tbody button')")


def test_on_paper_the_charts_have_the_papers_width_and_on_screen_the_screens(opened):
    page = opened()
    width = "document.querySelector('#who-chart .main-svg').getAttribute('width')"
    screen = page.run(width)
    page.run(f"window.addEventListener('beforeprint', () => {{ window.printed = {width}; }})")
    page.send("Page.printToPDF")
    assert page.run("window.printed") == "660" != screen
    page.wait(f"{width} === '{screen}'")
