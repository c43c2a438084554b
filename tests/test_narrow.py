"""Narrowing changes nothing: the plan with it is worth what the plan without it is, and its proof is the same."""

import numpy as np
import pandas as pd
import pytest

from optimizer import narrow as narrowing
from optimizer.engine.pricing import best_options
from optimizer.engine.rivals import within
from optimizer.engine.sample import sample
from optimizer.engine.screen import screen
from optimizer.engine.shortlist import Shortlist
from optimizer.engine.verify import certify
from optimizer.plan import allocate
from optimizer.problem.amounts import Amounts
from optimizer.problem.box import Box
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.fleet import Fleet
from optimizer.problem.limits import Limit

AMOUNTS = Amounts.grid(max=2_000_000, step=100_000)
KINDS = ("smooth", "step", "ties", "noise", "linear")


def values_of(kind, n, rng):
    a = AMOUNTS.array / 1e6
    level, slope, half = rng.normal(size=n), rng.gamma(2.0, 0.5, size=n), rng.uniform(0.3, 2.0, size=n)
    smooth = 1.0 / (1.0 + np.exp(-(level[:, None] + slope[:, None] * (1.0 - np.exp(-a / half[:, None])))))
    if kind == "step":
        return np.round(smooth, 1)
    if kind == "ties":
        return smooth[rng.integers(0, 25, size=n)]
    if kind == "noise":
        return rng.random((n, len(a)))
    if kind == "linear":
        return level[:, None] + 0.3 * a
    return smooth


def limits_of(n):
    return [
        Limit.cost(at_most=120_000 * n),
        Limit.recipients(at_most=0.2),
        Limit.recipients(at_least=0.5, of="recipients", where={"gender": "F"}, name="women"),
        Limit.cost(at_most=0.4, of="cost", where={"faculty": "law"}, name="law"),
    ]


def people(n, rng):
    return pd.DataFrame({"gender": rng.choice(["F", "M"], n), "faculty": rng.choice(["law", "arts", "science"], n)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_a_narrowed_plan_is_worth_the_same(monkeypatch, kind, count, seed):
    rng = np.random.default_rng(seed)
    n = 1500
    values, units, limits = values_of(kind, n, rng), people(n, rng), limits_of(n)[:count]
    whole = allocate(values, AMOUNTS, limits, units=units)
    monkeypatch.setattr(narrowing, "SMALL", 100)
    monkeypatch.setattr(narrowing, "GROWTH", 4)
    narrowed = allocate(values, AMOUNTS, limits, units=units)
    assert narrowed.value <= whole.bound + 1e-9
    assert whole.value <= narrowed.bound + 1e-9
    assert narrowed.gap <= max(1.5 * whole.gap, 1e-9)
    certify(narrowed, Curves.of(values, AMOUNTS), Coupling.compile(limits, n, units))


@pytest.mark.parametrize("kind", KINDS)
def test_most_units_are_settled(kind):
    rng = np.random.default_rng(5)
    n = narrowing.SMALL * 4
    curves = Curves.of(values_of(kind, n, rng), AMOUNTS)
    coupling = Coupling.compile(limits_of(n)[:2], n)
    found = narrowing.narrow(Fleet.of(curves, coupling), coupling, 0, lambda: None)
    if kind in ("smooth", "noise"):
        assert len(found.view.units) < n / 3
        assert not found.whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_unit_keeps_its_option_everywhere_in_the_box(kind):
    rng = np.random.default_rng(6)
    n = 800
    units = people(n, rng)
    curves, coupling = Curves.of(values_of(kind, n, rng), AMOUNTS), Coupling.compile(limits_of(n), n, units)
    centre = np.array([2e-7, 0.05, 0.02, 1e-7])
    box = Box(centre=centre, reach=0.3 * centre, margin=1e-4)
    view = screen(Fleet.of(curves, coupling), coupling, box).view()
    [chosen] = view.choice.states
    settled = np.setdiff1d(np.arange(n), view.units)
    listed = within(curves, coupling, box)
    for _ in range(30):
        prices = centre + box.reach * rng.uniform(-1.0, 1.0, size=4)
        choice, _ = best_options(curves, coupling, prices)
        assert (choice[settled] == chosen[settled]).all()
        assert listed[np.arange(n), choice].all()


def test_a_shortlist_prices_as_all_options_do():
    rng = np.random.default_rng(7)
    n = 500
    units = people(n, rng)
    curves, coupling = Curves.of(values_of("smooth", n, rng), AMOUNTS), Coupling.compile(limits_of(n), n, units)
    box = Box(centre=np.array([2e-7, 0.05, 0.02, 1e-7]), reach=np.array([1e-7, 0.02, 0.01, 5e-8]), margin=1e-9)
    shortlist = Shortlist.of(curves, coupling, within(curves, coupling, box))
    for _ in range(20):
        prices = box.centre + box.reach * rng.uniform(-1.0, 1.0, size=4)
        choice, score = best_options(curves, coupling, prices)
        few, total, _ = shortlist.best(coupling, prices)
        assert (few == choice).all()
        assert total == pytest.approx(score.sum(), rel=1e-12)


def test_what_the_settled_units_use_is_taken_off_the_limits():
    rng = np.random.default_rng(8)
    n = 600
    curves, coupling = Curves.of(values_of("smooth", n, rng), AMOUNTS), Coupling.compile(limits_of(n)[:2], n)
    box = Box(centre=np.array([2e-7, 0.05]), reach=np.array([2e-8, 0.005]), margin=1e-6)
    view = screen(Fleet.of(curves, coupling), coupling, box).view()
    [chosen] = view.choice.states
    settled = np.setdiff1d(np.arange(n), view.units)
    spent = int(AMOUNTS.array[chosen[settled]].sum())
    assert view.coupling.rows[0].allowed == coupling.rows[0].allowed - spent
    assert view.coupling.rows[1].allowed == coupling.rows[1].allowed - np.count_nonzero(chosen[settled])


def test_a_sample_has_its_share_of_every_limit():
    curves, coupling = Curves.of(np.zeros((10, len(AMOUNTS))), AMOUNTS), Coupling.compile([Limit.cost(at_most=100)], 10)
    _, limited = sample(Fleet.of(curves, coupling), coupling, 2, seed=0)
    assert limited.rows[0].allowed == 50
