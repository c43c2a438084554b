"""A night of a season, against the ledger: scenario × ledger → run, or the run that was before.

    lock → what stands → who is new → decide, with those to come in view → files aside → one transaction → files in place

Nothing is written before the end, and then all at once; so a night that is stopped, whenever that is, is as one that never began,
and a night that is run again prints what it decided the first time.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.edge.cluster import Cluster, cluster_at
from optimizer.edge.far_outputs import writing_far
from optimizer.edge.fitted import fitted_model
from optimizer.edge.ledger import Ledger
from optimizer.edge.model_file import ALLOWED, model_bytes
from optimizer.edge.model_store import ModelStore, versions
from optimizer.edge.outputs import Left, writing_left
from optimizer.edge.pool import read_pool
from optimizer.edge.scenario_file import read_scenario, write_yaml
from optimizer.edge.sources import read_history, read_sources
from optimizer.errors import BursarError, Fault, ScenarioError, VerificationError, WriteError, leaving
from optimizer.far import left_far, told_far
from optimizer.options import Options
from optimizer.pacing import bid_price, passed
from optimizer.pieces import Booking, booked, records, units_of
from optimizer.problem.night import Run
from optimizer.problem.problem import Problem
from optimizer.problem.result import Plan
from optimizer.problem.scenario import Scenario
from optimizer.problem.season import Season, Standing
from optimizer.problem.trend import Trend
from optimizer.problem.units import History, Units
from optimizer.spread import Parted, curves_in_parts, read_far
from optimizer.told import told
from optimizer.tonight import Tonight, coming, decide_tonight, standing_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a night came to.

    Attributes
    ----------
    run : as the ledger has it; its `result` says what was decided.
    status : ``decided``, ``repeated`` where it had been decided before, or ``tried`` where nothing was to be written.
    plan : tonight's units and what they are given; None if it was repeated, or nobody was new.
    """

    run: Run
    status: str
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a night reads: nothing of the ledger.

    Attributes
    ----------
    arrived : all who have come, in this process or on a cluster.
    """

    scenario: Scenario
    season: Season
    problem: Problem
    arrived: Parted
    history: History | None
    pool: Units | None
    store: ModelStore

    @property
    def data_digest(self) -> str:
        """Of all tables together."""
        tables = [self.arrived.units, self.history, self.pool]
        return _sha256("\n".join("" if table is None else table.digest for table in tables).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Tonight's units, and what was decided about them; None if nobody is new."""

    units: Parted
    expected: int
    model: ResponseModel | None = None
    found: Tonight | None = None


def run_night(  # noqa: PLR0913 — each is a setting of its own
    scenario: str | Path | Scenario,
    ledger: str | Path | None = None,
    *,
    as_of: date | None = None,
    key: str | None = None,
    dry_run: bool = False,
    out: str | Path | None = None,
    options: Options | None = None,
    cluster: str | None = None,
) -> Night:
    """Decide about those who are new tonight, and commit it to the ledger.

    Parameters
    ----------
    scenario : a YAML file with a `season`, or what `read_scenario` returned; its name is the programme's.
    ledger : where the ledger is; by default $BURSAR_LEDGER, else the SQLite file ledger.sqlite in the current folder.
    as_of : tonight's date; by default today.
    key : what the night is called; by default its date. The same key and inputs again change nothing.
    dry_run : decide, but write nothing.
    out : folder for what nights leave, each in a folder by its key.
    cluster : as of `solve`: who has come is read and asked on a Dask cluster, and what the ledger records is brought here.

    Raises
    ------
    Locked
        If another run holds the programme's lock.
    WriteError
        If the ledger or the folder cannot be written, or the night was decided before from other inputs.
    BursarError
        As in `solve`.
    """
    settings = options or Options()
    read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario, settings.overrides)
    season = _season(read)
    on = as_of or date.today()  # noqa: DTZ011 — a night is the programme's own day
    if on > season.ends:
        raise ScenarioError(Fault("season", "must not be over", f"ends {season.ends}, tonight {on}", "give `ends` a later date"))
    name = key or on.isoformat()
    started = _now()
    book = Ledger.open(ledger)
    with book.night(read.name, dry_run=dry_run) as held, nullcontext() if cluster is None else cluster_at(cluster) as there:
        sources = _read(read, season, settings, there)
        before = held.run(name)
        folder = None if out is None else Path(out) / name
        if before is not None:
            _check_same(before, sources)
            if folder is not None and not folder.exists() and not dry_run:
                _write_again(sources, before, held.decisions(name), folder, settings)
            return Night(run=before, status="repeated")
        standing = replace(held.standing(sources.problem.columns_of_limits), trend=_trend(season, held.latest()))
        open_ = held.open(sources.arrived.ids, waiting=season.waiting)
        decided = _decide(sources, open_, standing, on, settings)
        result = _result(sources, standing, decided)
        if not dry_run:
            settings.progress("write", None)
        with ExitStack() as files:
            # Files stand aside until the ledger has what they say.
            plan = files.enter_context(_told(sources, decided, result["season"], None if dry_run else folder))
            if plan is not None:
                result |= {"notes": [*plan.summary.notes, *passed(sources.problem.limits, standing)]}
            run = Run(
                key=name,
                programme=read.name,
                night=on,
                scenario_digest=_sha256(write_yaml(read).encode()),
                data_digest=sources.data_digest,
                model_digest="" if decided.model is None else _sha256(model_bytes(decided.model)),
                code_version=versions()["bursar"],
                started=started,
                finished=_now(),
                status="decided",
                result={"programme": read.name, "night": on.isoformat(), "key": name, **result},
            )
            if dry_run:
                return Night(run=run, status="tried", plan=plan)
            held.record(run, _decisions(sources, decided))
            with leaving(f"night {name} of {read.name} may stand in the ledger; run it again to see"):
                held.commit()
                files.close()
    return Night(run=run, status="decided", plan=plan)


def run_nights(
    folder: Path, ledger: str | Path | None = None, *, out: str | Path | None = None, **kwargs: Any
) -> Iterator[tuple[Path, Night | BursarError]]:
    """Each scenario of a folder, in the order of their names; what goes wrong with one does not stop the others.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    scenarios = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and not path.name.startswith("."))
    if not scenarios:
        raise ScenarioError(
            Fault(str(folder), "must hold scenarios", "no .yaml file", "name a folder of scenarios, or one of them")
        )
    for path in scenarios:
        try:
            yield path, run_night(path, ledger, out=None if out is None else Path(out) / path.stem, **kwargs)
        except BursarError as wrong:
            yield path, wrong
        except Exception as wrong:
            log.debug("%s", path, exc_info=True)
            yield path, BursarError(f"{path}: unexpected {type(wrong).__name__}: {wrong}")


def _season(scenario: Scenario) -> Season:
    if scenario.season is None:
        remedy = "add `season: {budget: …, ends: …}`, or use `bursar solve`"
        raise ScenarioError(Fault(scenario.name, "a night needs a season", "none", remedy))
    return scenario.season.build()


def _read(scenario: Scenario, season: Season, settings: Options, cluster: Cluster | None) -> Read:
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    settings.progress("read", None)
    problem = scenario.build_problem()
    if cluster is None:
        units, history = read_sources(scenario, store)
        arrived = Parted.here(units, problem.columns)
    else:
        history = read_history(scenario)
        arrived = read_far(cluster, scenario, history, store)
    pool = None if season.expected_units is None else read_pool(scenario, history, arrived.units.features)
    return Read(scenario=scenario, season=season, problem=problem, arrived=arrived, history=history, pool=pool, store=store)


def _check_same(before: Run, sources: Read) -> None:
    now = {"scenario": _sha256(write_yaml(sources.scenario).encode()), "tables": sources.data_digest}
    then = {"scenario": before.scenario_digest, "tables": before.data_digest}
    other = [what for what in now if now[what] != then[what]]
    if other:
        raise WriteError(
            f"night {before.key} of {before.programme}: was decided before from another {' and other '.join(other)}; "
            "its awards stand; give this run a --key of its own to decide about those who are new since"
        )


def _decide(sources: Read, open_: NDArray[np.bool_], standing: Standing, on: date, settings: Options) -> Decided:
    """What is decided about those who are open, with those to come in view."""
    units, problem = sources.arrived.only(open_), sources.problem
    expected = sources.season.still_to_come(standing.seen, units.n, on)
    if not units.n:
        return Decided(units=units, expected=expected)
    settings.progress("fit", None)
    model = fitted_model(sources.scenario, sources.history, sources.store)
    settings.progress("respond", None)
    tonight = curves_in_parts(units, problem, problem.limits, model)
    forecast = None
    if sources.pool is not None and expected:
        forecast = coming(model, sources.pool, problem, expected, sources.scenario.solver.seed)
    solver = sources.scenario.solver.build()
    found = decide_tonight(tonight, problem.limits, standing, forecast, units.witnesses(model), solver, settings.progress)
    return Decided(units=units, expected=expected, model=model, found=found)


@contextmanager
def _told(sources: Read, decided: Decided, season: dict[str, Any], folder: Path | None) -> Iterator[Plan | None]:
    """All that is said of a night; its files stand aside until the block ends well."""
    units, found, scenario, history = decided.units, decided.found, sources.scenario, sources.history
    if found is None or decided.model is None:
        yield None
    elif units.cluster is None:
        (own,) = units.rows.told(units_of, units.source)
        part, kept = found.fleet.brought(), replace(own, digest=units.digest_of_own)
        compiled = part.curves, part.under(found.coupling)
        plan: Plan = told(scenario, (kept, history), compiled, found.decided.whole(), found.certificate)
        left = Left.of(scenario, plan, decided.model, kept, history, season=season)
        with nullcontext() if folder is None else writing_left(folder, left):
            yield plan
    else:
        read, asked = (scenario, history, units), (found.fleet, found.coupling)
        with writing_far(folder) as new:
            plan, files = told_far(read, asked, (found.decided, found.awards, found.certificate), new)
            if new is not None:
                new.finish(left_far(read, plan, decided.model, files, season))
            yield plan


def _trend(season: Season, last: Run | None) -> Trend | None:
    """What all nights so far have learned of those who come; nothing, where some are decided again."""
    if season.waiting:
        return None
    learned = None if last is None else last.result["season"]["learned"]
    return Trend() if learned is None else Trend(**learned)


def _result(sources: Read, standing: Standing, decided: Decided) -> dict[str, Any]:
    """What the ledger says of a night."""
    found = decided.found
    spent = 0 if found is None else found.certificate.spent
    heads = 0 if found is None else found.certificate.recipients
    season = sources.season
    return {
        "units": 0 if found is None else found.certificate.units,
        "recipients": heads,
        "spent": spent,
        "uplift": 0.0 if found is None else found.certificate.value - found.certificate.without,
        "gap": 0.0 if found is None else found.certificate.gap,
        "bid_price": None if found is None else _bid(found),
        "season": {
            "budget": season.budget,
            "recipients": season.recipients,
            "spent_before": standing.spent,
            "recipients_before": standing.recipients,
            "spent": standing.spent + spent,
            "recipients_so_far": standing.recipients + heads,
            "seen": standing.seen,
            "expected": decided.expected,
            "standing": records(standing.groups),
            "trend": _sums(standing.trend),
            "learned": _sums(standing.trend if found is None else found.trend),
            **({} if found is None else _forecast(found, sources.pool)),
        },
        "certificate": None if found is None else asdict(found.certificate),
    }


def _sums(trend: Trend | None) -> dict[str, float] | None:
    return None if trend is None else asdict(trend)


def _bid(found: Tonight) -> int | None:
    """What one more outcome may cost tonight, in whole currency units."""
    most = bid_price(found.decided.allocation)
    return None if most is None else math.floor(most)


def _forecast(found: Tonight, pool: Units | None) -> dict[str, Any]:
    """What was kept for those to come, and the proof of both together."""
    given = np.flatnonzero(found.kept)
    kept = [[int(row), int(found.fleet.amounts.values[option])] for row, option in zip(given, found.kept[given], strict=True)]
    whole = found.whole
    return {
        "pool": "" if pool is None or not len(found.kept) else pool.digest,
        "kept": kept,
        "mean": found.mean,
        "whole": {"units": whole.units, "value": whole.value, "bound": whole.bound, "gap": whole.gap},
    }


def _decisions(sources: Read, decided: Decided) -> pd.DataFrame:
    """One row a unit of tonight, as the ledger takes it."""
    units, found = decided.units, decided.found
    if found is None:
        empty: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        return pd.DataFrame({"unit": np.zeros(0, dtype=object), "amount": empty, "cost": empty, "due": empty, "facts": []})
    due = replace(sources.problem.costs, paid="always")
    booking = Booking(source=units.source, due=due, columns=sources.problem.columns_of_limits)
    return pd.concat(found.fleet.parts.told(booked, found.decided.choice, units.rows, booking), ignore_index=True)


def _write_again(sources: Read, before: Run, decisions: pd.DataFrame, folder: Path, settings: Options) -> None:
    """The files of a night whose decisions stand in the ledger, made again; what stood then stands in its run."""
    if decisions.empty:
        return
    standing = standing_of(before.result["season"], sources.problem)
    then = pd.Index(sources.arrived.ids).isin(pd.Index(decisions["unit"]))
    decided = _decide(sources, then, standing, before.night, settings)
    found = decided.found
    if found is None or not np.array_equal(found.decided.whole().amount, decisions["amount"]):
        raise VerificationError(
            f"night {before.key} of {before.programme}: deciding again gives other awards than the ledger's, which stand; "
            "the files are not written; was the code or a package changed since?"
        )
    with _told(sources, decided, _result(sources, standing, decided)["season"], folder):
        pass


def _now() -> datetime:
    return datetime.now(UTC)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
