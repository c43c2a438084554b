"""What is pacing worth? Seasons of arrivals, decided night by night, beside the plan that knows all of them beforehand.

    hindsight   one plan for all arrivals together: no way to decide night by night brings more than its bound
    paced       tonight together with a forecast of those to come (`optimizer.pacing`)
    first come  every night spends what is left as if it were the last
    uniform     every night has an equal share of the season's figures, and what earlier nights left of theirs

Arrivals are drawn from given units, with replacement, and each comes on any night with the same chance. With a drift d they move
away from the pool: on a night at share t of the season a unit is drawn with a chance in proportion to exp(d · z · t), z its
largest uplift, standardised over all units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from optimizer.decide import Progress, decide, decide_parts, silent
from optimizer.edge.fitted import fitted_model
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.pool import read_pool
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import read_sources
from optimizer.engine.respond import respond
from optimizer.errors import Fault, ScenarioError, VerificationError
from optimizer.options import Options
from optimizer.pacing import beside, in_groups, learned, uplifts
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.season import Coming, Season, Standing
from optimizer.problem.solver import Solver
from optimizer.problem.trend import Trend
from optimizer.tonight import coming

PACED, FIRST_COME, UNIFORM = "paced", "first come, first served", "uniform nightly share"

READ = (
    "attained: uplift as a share of what no plan that knows all arrivals beforehand can exceed; mean, and least of any season",
    "most_spent, most_recipients: of any season; none passed a limit, by one currency unit or head",
)
"""How a summary is read."""

STEEPEST = 10.0
"""A drift beyond it leaves the best few units alone to arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a season is made of.

    Attributes
    ----------
    season : its figures, and how many units are expected.
    limits : the season's own and all others.
    units, frame : whom arrivals are drawn from, and the columns that limits name.
    forecast : the pool that those to come are thought to resemble; its weight is set night by night.
    nights, arrivals : how many there are in truth.
    drift : how fast those who arrive become better (or, below 0, worse) than the pool.
    solver : how every night is decided.
    """

    season: Season
    limits: tuple[Limit, ...]
    units: Curves
    frame: pd.DataFrame | None = None
    forecast: Coming
    nights: int = 180
    arrivals: int
    drift: float = 0.0
    solver: Solver = field(default_factory=Solver)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How a scenario's season is simulated.

    Attributes
    ----------
    seasons, seed : how many, drawn from what.
    nights, arrivals, drift : as of `Setting`; as many come as are expected, by default.

    Raises
    ------
    ScenarioError
        If a number makes no season.
    """

    seasons: int = 20
    nights: int = 180
    arrivals: int | None = None
    drift: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        counts = {"seasons": self.seasons, "nights": self.nights, "arrivals": self.arrivals}
        faults = [
            Fault("simulate-season", f"--{name} must be at least 1", str(count))
            for name, count in counts.items()
            if count is not None and count < 1
        ]
        if not abs(self.drift) <= STEEPEST:
            faults.append(Fault("simulate-season", f"--drift must be from -{STEEPEST:g} to {STEEPEST:g}", str(self.drift)))
        if self.seed < 0:
            faults.append(Fault("simulate-season", "--seed must be at least 0", str(self.seed)))
        if faults:
            raise ScenarioError(*faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Those who come in one season, in the order in which they come.

    Attributes
    ----------
    night : (N,) from 0, ascending.
    """

    curves: Curves
    frame: pd.DataFrame
    night: NDArray[np.intp]


def simulate(setting: Setting, seasons: int = 20, seed: int = 0, progress: Progress = silent) -> pd.DataFrame:
    """Decide many seasons, each night by night in every way.

    Returns
    -------
    One row a season and way to decide: season, way, uplift, hindsight (the bound on it), attained (uplift / hindsight), spent,
    recipients.

    Raises
    ------
    VerificationError
        If any season's awards pass a limit, by one currency unit or head.
    """
    rows = []
    for number in range(seasons):
        arrivals = drawn(setting, np.random.default_rng((seed, number)))
        whole = Coupling.compile(setting.limits, setting.arrivals, arrivals.frame)
        hindsight = decide(arrivals.curves, whole, setting.solver).bound - _without(arrivals.curves)
        for way in (PACED, FIRST_COME, UNIFORM):
            totals = _season(setting, arrivals, way, whole)
            uplift = totals.outcome - _without(arrivals.curves)
            attained = uplift / hindsight if hindsight > 0.0 else 1.0
            figures = {"uplift": uplift, "hindsight": hindsight, "attained": attained}
            rows.append({"season": number, "way": way, **figures, "spent": totals.cost, "recipients": totals.recipients})
        progress("simulate", (number + 1) / seasons)
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a way to decide: way, attained (mean), least, most_spent, most_recipients."""
    ways = table.groupby("way", sort=False)
    figures = {
        "attained": ways["attained"].mean(),
        "least": ways["attained"].min(),
        "most_spent": ways["spent"].max(),
        "most_recipients": ways["recipients"].max(),
    }
    return pd.DataFrame(figures).reset_index()


def simulate_scenario(path: str | Path, replay: Replay | None = None, options: Options | None = None) -> pd.DataFrame:
    """Simulate a scenario's season: arrivals are drawn from its units, and its model says what they would do.

    Returns
    -------
    As `simulate`.

    Raises
    ------
    ScenarioError
        If it has no season, or expects no units.
    BursarError
        As in `optimizer.run.solve`.
    """
    settings, asked = options or Options(), replay or Replay()
    scenario = read_scenario(path, settings.overrides)
    season = None if scenario.season is None else scenario.season.build()
    if season is None or season.expected_units is None:
        remedy = "add `season: {budget: …, ends: …, expected_units: …}`"
        raise ScenarioError(Fault(str(path), "a simulation needs season.expected_units", "none", remedy))
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    settings.progress("read", None)
    units, history = read_sources(scenario, store)
    pool, problem = read_pool(scenario, history, units.features), scenario.build_problem()
    settings.progress("fit", None)
    model = fitted_model(scenario, history, store)
    settings.progress("respond", None)
    setting = Setting(
        season=season,
        limits=problem.limits,
        units=respond(model, units, problem.terms(len(units), units.frame)).dense(),
        frame=units.frame,
        forecast=coming(model, pool, problem, season.expected_units, scenario.solver.seed),
        nights=asked.nights,
        arrivals=season.expected_units if asked.arrivals is None else asked.arrivals,
        drift=asked.drift,
        solver=scenario.solver.build(),
    )
    return simulate(setting, asked.seasons, asked.seed, settings.progress)


def drawn(setting: Setting, rng: Generator) -> Arrivals:
    """One season's arrivals."""
    units = setting.units
    uplift = uplifts(units)
    z = (uplift - uplift.mean()) / (uplift.std() or 1.0)
    per_night = rng.multinomial(setting.arrivals, np.full(setting.nights, 1.0 / setting.nights))
    rows = []
    for night, come in enumerate(per_night):
        chance = np.exp(setting.drift * z * ((night + 0.5) / setting.nights))
        rows.append(rng.choice(len(z), size=come, p=chance / chance.sum()))
    who = np.concatenate(rows)
    frame = pd.DataFrame(index=range(len(z))) if setting.frame is None else setting.frame
    columns = sorted({column for limit in setting.limits for column in limit.columns})
    return Arrivals(
        curves=units.part(who),
        frame=frame.loc[:, columns].iloc[who].reset_index(drop=True),
        night=np.repeat(np.arange(setting.nights), per_night),
    )


def _season(setting: Setting, arrivals: Arrivals, way: str, whole: Coupling) -> Totals:
    """All nights of one season; what is awarded stands."""
    choice = np.zeros(setting.arrivals, dtype=np.intp)
    trend: Trend | None = Trend()
    for night in range(setting.nights):
        start, stop = np.searchsorted(arrivals.night, [night, night + 1]).tolist()
        if start < stop:
            standing = replace(_standing(arrivals, choice[:start]), trend=trend)
            choice[start:stop], trend = _night(setting, arrivals, slice(start, stop), way, standing)
    totals = Totals.of(choice, arrivals.curves, whole)
    if broken := whole.broken(totals):
        names = ", ".join(row.name for row in broken)
        raise VerificationError(f"season: {way} passes {names}, with {totals.cost} spent on {totals.recipients} recipients")
    return totals


def _night(
    setting: Setting, arrivals: Arrivals, units: slice, way: str, standing: Standing
) -> tuple[NDArray[np.intp], Trend | None]:
    """The choice of those who came tonight, and what was learned of those who come."""
    n, night = units.stop - units.start, int(arrivals.night[units.start])
    curves, limits, forecast, trend = arrivals.curves.part(units), setting.limits, None, standing.trend
    if way == UNIFORM:
        limits = tuple(_share(limit, Fraction(night + 1, setting.nights)) for limit in limits)
    tonight, groups = in_groups(curves, arrivals.frame.iloc[units], limits)
    if way == PACED:
        expected = setting.season.still_to_come(standing.seen, n, _date(setting, night))
        forecast = replace(setting.forecast, weight=Fraction(expected, setting.forecast.curves.shape[0]))
        forecast, trend = learned(tonight, standing, forecast)
    joint = beside(tonight, groups, limits, standing, forecast)
    return decide_parts(joint.fleet, joint.coupling, setting.solver).whole().index[:n], trend


def _standing(arrivals: Arrivals, choice: NDArray[np.intp]) -> Standing:
    given = np.flatnonzero(choice)
    awards = arrivals.frame.iloc[given].assign(cost=arrivals.curves.part(given).cost_of(choice[given]), recipients=1)
    columns = [*arrivals.frame.columns]
    groups = awards.groupby(columns, dropna=False, as_index=False).sum() if columns else awards.sum().to_frame().T
    return Standing(groups, seen=len(choice))


def _share(limit: Limit, share: Fraction) -> Limit:
    """The part of a limit's figure that is for the season so far; a share of a total stays what it is."""
    return limit if limit.of is not None else limit.at(Fraction(math.floor(limit.figure * share)))


def _date(setting: Setting, night: int) -> date:
    return setting.season.ends - timedelta(days=setting.nights - 1 - night)


def _without(curves: Curves) -> float:
    return math.fsum(curves.column(0).tolist())
