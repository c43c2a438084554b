"""A night of a season, against the ledger: scenario × ledger → run, or the run that was before.

    lock → what stands → who is new → decide, with those to come in view → files aside → one transaction → files in place

Nothing is written before the end, and then all at once; so a night that is stopped, whenever that is, is as one that never began,
and a night that is run again prints what it decided the first time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.edge.fitted import fitted_model
from optimizer.edge.ledger import Ledger
from optimizer.edge.model_file import ALLOWED, model_bytes
from optimizer.edge.model_store import ModelStore, versions
from optimizer.edge.outputs import Left, writing_left
from optimizer.edge.pool import read_pool
from optimizer.edge.scenario_file import read_scenario, write_yaml
from optimizer.edge.sources import read_sources
from optimizer.edge.units_from import part_of
from optimizer.errors import BursarError, Fault, ScenarioError, VerificationError, WriteError, leaving
from optimizer.options import Options
from optimizer.pacing import bid_price, passed
from optimizer.problem.night import Run
from optimizer.problem.problem import Problem
from optimizer.problem.result import Plan
from optimizer.problem.scenario import Scenario
from optimizer.problem.season import Season, Standing
from optimizer.problem.trend import Trend
from optimizer.problem.units import History, Units
from optimizer.told import told
from optimizer.tonight import Decided, coming, decide_tonight, standing_of

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
    """What a night reads: nothing of the ledger."""

    scenario: Scenario
    season: Season
    problem: Problem
    units: Units
    history: History | None
    pool: Units | None
    store: ModelStore

    @property
    def data_digest(self) -> str:
        """Of all tables together."""
        tables = [self.units, self.history, self.pool]
        return _sha256("\n".join("" if table is None else table.digest for table in tables).encode())


def run_night(
    scenario: str | Path | Scenario,
    ledger: str | Path | None = None,
    *,
    as_of: date | None = None,
    key: str | None = None,
    dry_run: bool = False,
    out: str | Path | None = None,
    options: Options | None = None,
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
    with book.night(read.name, dry_run=dry_run) as held:
        sources = _read(read, season, settings)
        before = held.run(name)
        folder = None if out is None else Path(out) / name
        if before is not None:
            _check_same(before, sources)
            if folder is not None and not folder.exists() and not dry_run:
                _write_again(sources, before, held.decisions(name), folder, settings)
            return Night(run=before, status="repeated")
        standing = replace(held.standing(sources.problem.columns_of_limits), trend=_trend(season, held.latest()))
        open_ = held.open(sources.units.ids, waiting=season.waiting)
        units = part_of(sources.units, np.flatnonzero(open_))
        decided, left, result = _decide(sources, units, standing, on, settings)
        result = {"programme": read.name, "night": on.isoformat(), "key": name, **result}
        run = Run(
            key=name,
            programme=read.name,
            night=on,
            scenario_digest=_sha256(write_yaml(read).encode()),
            data_digest=sources.data_digest,
            model_digest="" if left is None else _sha256(model_bytes(left.model)),
            code_version=versions()["bursar"],
            started=started,
            finished=_now(),
            status="decided",
            result=result,
        )
        plan = None if left is None else left.plan
        if dry_run:
            return Night(run=run, status="tried", plan=plan)
        settings.progress("write", None)
        with ExitStack() as files:
            if folder is not None and left is not None:
                # Files stand aside until the ledger has what they say.
                files.enter_context(writing_left(folder, left))
            held.record(run, _decisions(sources, units, decided))
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


def _read(scenario: Scenario, season: Season, settings: Options) -> Read:
    store = ModelStore(allowed_modules=(*ALLOWED, *settings.allow_modules))
    settings.progress("read", None)
    units, history = read_sources(scenario, store)
    pool = None if season.expected_units is None else read_pool(scenario, history, units.features)
    problem = scenario.build_problem()
    return Read(scenario=scenario, season=season, problem=problem, units=units, history=history, pool=pool, store=store)


def _check_same(before: Run, sources: Read) -> None:
    now = {"scenario": _sha256(write_yaml(sources.scenario).encode()), "tables": sources.data_digest}
    then = {"scenario": before.scenario_digest, "tables": before.data_digest}
    other = [what for what in now if now[what] != then[what]]
    if other:
        raise WriteError(
            f"night {before.key} of {before.programme}: was decided before from another {' and other '.join(other)}; "
            "its awards stand; give this run a --key of its own to decide about those who are new since"
        )


def _decide(
    sources: Read, units: Units, standing: Standing, on: date, settings: Options
) -> tuple[Decided | None, Left | None, dict[str, Any]]:
    """Decided's plan, what it leaves, and what the ledger says of it."""
    expected = sources.season.still_to_come(standing.seen, len(units), on)
    if not len(units):
        return None, None, _result(sources, standing, expected, None, None)
    settings.progress("fit", None)
    model = fitted_model(sources.scenario, sources.history, sources.store)
    found = _found(sources, model, units, standing, expected, settings)
    result = _result(sources, standing, expected, found, sources.pool)
    plan = told(sources.scenario, (units, sources.history), (found.curves, found.coupling), found.allocation, found.certificate)
    left = Left.of(sources.scenario, plan, model, units, sources.history, season=result["season"])
    notes = (*plan.summary.notes, *passed(sources.problem.limits, standing))
    return found, left, result | {"notes": list(notes)}


def _trend(season: Season, last: Run | None) -> Trend | None:
    """What all nights so far have learned of those who come; nothing, where some are decided again."""
    if season.waiting:
        return None
    learned = None if last is None else last.result["season"]["learned"]
    return Trend() if learned is None else Trend(**learned)


def _found(sources: Read, model: ResponseModel, units: Units, standing: Standing, expected: int, settings: Options) -> Decided:
    forecast = None
    if sources.pool is not None and expected:
        forecast = coming(model, sources.pool, sources.problem, expected, sources.scenario.solver.seed)
    solver = sources.scenario.solver.build()
    return decide_tonight(model, units, sources.problem, standing, forecast, solver, settings.progress)


def _result(sources: Read, standing: Standing, expected: int, found: Decided | None, pool: Units | None) -> dict[str, Any]:
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
            "expected": expected,
            "standing": _records(standing.groups),
            "trend": _sums(standing.trend),
            "learned": _sums(standing.trend if found is None else found.trend),
            **({} if found is None else _forecast(found, pool)),
        },
        "certificate": None if found is None else asdict(found.certificate),
    }


def _sums(trend: Trend | None) -> dict[str, float] | None:
    return None if trend is None else asdict(trend)


def _bid(found: Decided) -> int | None:
    """What one more outcome may cost tonight, in whole currency units."""
    most = bid_price(found.allocation)
    return None if most is None else math.floor(most)


def _forecast(found: Decided, pool: Units | None) -> dict[str, Any]:
    """What was kept for those to come, and the proof of both together."""
    given = np.flatnonzero(found.kept)
    kept = [[int(row), int(found.curves.amounts.values[option])] for row, option in zip(given, found.kept[given], strict=True)]
    whole = found.whole
    return {
        "pool": "" if pool is None or not len(found.kept) else pool.digest,
        "kept": kept,
        "mean": found.mean,
        "whole": {"units": whole.units, "value": whole.value, "bound": whole.bound, "gap": whole.gap},
    }


def _decisions(sources: Read, units: Units, found: Decided | None) -> pd.DataFrame:
    """One row a unit of tonight, as the ledger takes it."""
    if found is None:
        empty: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        return pd.DataFrame({"unit": np.zeros(0, dtype=object), "amount": empty, "cost": empty, "due": empty, "facts": []})
    choice, amount = found.allocation.index, found.allocation.amount
    sure = replace(sources.problem.costs, paid="always").charges(units.frame)
    facts = units.frame.loc[:, list(sources.problem.columns_of_limits)]
    return pd.DataFrame(
        {
            "unit": units.ids,
            "amount": amount,
            "cost": found.curves.cost_of(choice),
            "due": sure.of(amount, np.zeros(len(units)), slice(None)),
            "facts": _facts(facts),
        }
    )


def _facts(frame: pd.DataFrame) -> list[str]:
    if frame.shape[1] == 0:
        return ["{}"] * len(frame)
    return [json.dumps(record, sort_keys=True, ensure_ascii=False, default=str) for record in _records(frame)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, empty cells as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(map(str, plain.columns), row, strict=True)) for row in plain.itertuples(index=False, name=None)]


def _write_again(sources: Read, before: Run, decisions: pd.DataFrame, folder: Path, settings: Options) -> None:
    """The files of a night whose decisions stand in the ledger, made again; what stood then stands in its run."""
    standing = standing_of(before.result["season"], sources.problem)
    place = pd.Index(sources.units.ids).get_indexer(pd.Index(decisions["unit"]))
    units = part_of(sources.units, place)
    if not len(units):
        return
    found, left, _ = _decide(sources, units, standing, before.night, settings)
    if found is None or left is None or (found.allocation.amount != decisions["amount"].to_numpy()).any():
        raise VerificationError(
            f"night {before.key} of {before.programme}: deciding again gives other awards than the ledger's, which stand; "
            "the files are not written; was the code or a package changed since?"
        )
    with writing_left(folder, left):
        pass


def _now() -> datetime:
    return datetime.now(UTC)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
