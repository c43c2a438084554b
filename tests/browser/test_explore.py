"""The page of `bursar explore` in a browser: a figure is moved, and the plan is the one that `bursar solve --set` finds."""

import threading

import pytest

import optimizer
from optimizer.explore.desk import Desk
from optimizer.explore.serve import serving
from optimizer.options import Options


@pytest.fixture(params=["en", "ja"])
def address(request, folder):
    desk = Desk.of(folder / "small.yaml", Options())
    with serving(desk, request.param) as (server, guard):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield guard.url
        server.shutdown()
        thread.join()
        desk.rest(60)


def type_in(browser, place, figure):
    """Replace what stands in a field, and press Enter."""
    browser.run(
        f"(() => {{ const f = document.querySelectorAll('.knob input[type=number]')[{place}]; f.focus(); f.select(); }})()"
    )
    browser.send("Input.insertText", text=str(figure))
    for kind, text in (("keyDown", "\r"), ("keyUp", "")):
        browser.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text=text)


def test_moving_the_budget_moves_the_plan_to_what_solve_finds(browser, folder, address):
    browser.open(address)
    browser.wait("document.querySelector('#facts dd') !== null")
    assert browser.run("location.search") == ""
    assert browser.run("document.cookie") == ""
    type_in(browser, 0, 4_500_000)
    browser.wait("document.querySelector('#command').innerText.endsWith('--set limits.0.at_most=4500000')")
    run = optimizer.solve(folder / "small.yaml", options=Options(overrides=["limits.0.at_most=4500000"]))
    facts = browser.text("#facts")
    assert f"{run.certificate.value:,.4f}" in facts
    assert f"{run.certificate.spent:,}" in facts
    rows = browser.run(
        "[...document.querySelectorAll('#who tbody tr')].map(row => [...row.cells].slice(0, 2).map(c => c.innerText))"
    )
    awarded = run.table.loc[run.table["amount"] > 0]
    assert rows == [[unit, f"{amount:,}"] for unit, amount in zip(awarded["id"], awarded["amount"], strict=True)]
    browser.wait("document.querySelectorAll('#frontier .scatterlayer .trace').length > 0")
    assert browser.logged == []
    assert all(url.startswith(("http://127.0.0.1:", "data:", "blob:")) for url in browser.asked)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_narrow_and_wide_screens(browser, address, width):
    browser.open(address, width=width)
    browser.wait("document.querySelector('#facts dd') !== null")
    browser.wait("document.querySelectorAll('#frontier .scatterlayer .trace').length > 0")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.logged == []


def test_a_figure_without_a_plan_is_said_and_the_page_goes_on(browser, address):
    browser.open(address)
    browser.wait("document.querySelector('#facts dd') !== null")
    type_in(browser, 2, 50.0000001)
    browser.wait("document.querySelector('#said').innerText.includes('limits')")
    type_in(browser, 2, 50)
    browser.wait("document.querySelector('#said').innerText === ''")
    assert browser.logged == []
