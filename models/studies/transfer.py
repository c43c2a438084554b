"""Does transfer help a small target? Two simulations, run again beside what was published (Aydin and Brandt 2025).

    squared PEHE = mean over 10 000 fixed units of the target's population of (τ̂(x) − τ(x))², then over replications

Three networks in each cell: what `TLTARNet` chose (transfer), the target's own, and the source's as it is. One source a
replication and size serves all its cells. All cells share one set of settings, `NETWORK` and `SETTINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from models.base import ResponseError
from models.studies import published
from models.studies.worlds import LEVELS, SHIFTS, TARGETS, Alike, Drawn, Shifted
from models.tarnet import TARNet
from models.tl_tarnet import NAMES, TLTARNet
from models.transfer_source import Source

NETWORK: dict[str, Any] = {
    "representation_width": 64,
    "representation_layers": 2,
    "head_width": 32,
    "head_layers": 1,
    "dose": "none",
    "outcome": "continuous",
    "learning_rate": 5e-3,
    "decay": 0.75,
    "max_steps": 2_000,
    "batch_size": 250,
    "l2": 1e-2,
    "validation": 0.0,
    "patience": None,
}
"""The source's TARNet: its learning rate comes to rest, and nothing is held out, since the source is large."""

SETTINGS: dict[str, Any] = {"strategy": "finetune", "freeze": "none", "guard": True}
"""Of `TLTARNet`, besides its defaults."""

STUDIES = ("transfer-1", "transfer-2")
EVALUATED = 10_000
"""Units of the target's population on which effects are compared with the truth."""

EVALUATION_SEED = 20_251_216

TITLES = {
    "transfer-1": "Study 1, mean squared PEHE; the effect's variance is .0375: a constant effect would reach that",
    "transfer-2": "Study 2, mean squared PEHE; the source is randomised, and the target is shifted by a level of 0 to 1",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One setting: rows of the source, how the target is drawn, its rows, and in study 2 how it is shifted."""

    source: int
    target: str
    n: int
    shift: str = "none"
    level: float = 0.0


def study(
    name: str,
    reps: int = 30,
    seed: int = 0,
    *,
    small: bool = False,
    where: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """A simulation study, one row a cell.

    Parameters
    ----------
    name
        One of `STUDIES`.
    reps
        Replications.
    seed
        Of everything that is drawn; the table does not depend on `n_jobs`.
    small
        Only sources of 1 000 and 5 000 and targets of 50 and 100 (study 1), or a source of 1 000, a target of 50 and levels 0
        and 1 (study 2).
    where
        Only cells with these values, ``{"source": 5_000, "n": 100}``.
    n_jobs
        Processes; None for as many as there are cores.

    Returns
    -------
    DataFrame
        The cell's source, target, n (shift, level); transfer, target_only, source_only, unguarded: mean squared PEHE, the last
        of what transfer would be without a guard; transfer_se, its standard error; effect_*: mean effects found, effect: the
        true one; chose_*: share of replications in which the guard chose it; published_*: as reported, NaN where nothing was.

    Raises
    ------
    ResponseError
        If there is no such study, or no such cell.
    """
    if name not in STUDIES:
        raise ResponseError(f"study: must be one of {', '.join(STUDIES)}, got {name!r}")
    if reps < 1:
        raise ResponseError(f"study.reps: must be at least 1, got {reps}")
    known = cells(name, small=small)
    wanted = [cell for cell in known if all(asdict(cell).get(key) == value for key, value in (where or {}).items())]
    if not wanted:
        raise ResponseError(f"study.where: {dict(where or {})} is none of the {len(known)} cells of {name}")
    tasks = list(product(range(reps), sorted({cell.source for cell in wanted})))
    parallel = joblib.Parallel(n_jobs=-1 if n_jobs is None else n_jobs)
    of_one_source = joblib.delayed(_replication)
    runs = parallel(
        of_one_source(name, rep, seed, [(known.index(cell), cell) for cell in wanted if cell.source == size])
        for rep, size in tasks
    )
    return _table(name, pd.DataFrame([row for run in runs for row in run]))


def cells(name: str, *, small: bool = False) -> list[Cell]:
    """All cells of a study, in the table's order: 42 of study 1, 180 of study 2, or the few of its small form."""
    if name == "transfer-1":
        rows = published.study_1()
        kept = rows[rows.source.isin((1_000, 5_000)) & rows.n.isin((50, 100))] if small else rows
        return [Cell(source=row["source"], target=row["target"], n=row["n"]) for row in kept.to_dict("records")]
    sizes, targets, levels = ((1_000,), (50,), (0.0, 1.0)) if small else ((1_000, 5_000), (50, 100, 500), LEVELS)
    every = product(sizes, SHIFTS, levels, TARGETS, targets)
    return [Cell(source=size, shift=shift, level=level, target=target, n=n) for size, shift, level, target, n in every]


def text(name: str, table: pd.DataFrame) -> str:
    """A study's table to be read: its title, then ours beside the published, a dash where nothing was reported."""
    keys = [key for key in Cell.__annotations__ if key in table.columns]
    shown = [
        "transfer",
        "transfer_se",
        "target_only",
        "source_only",
        "unguarded",
        *_columns(table, "effect"),
        *_columns(table, "chose"),
    ]
    body = table[[*keys, *shown, *_columns(table, "published")]]
    return f"{TITLES[name]}\n{body.to_string(index=False, float_format='{:.3f}'.format, na_rep='–')}\n"


def _replication(name: str, rep: int, seed: int, wanted: list[tuple[int, Cell]]) -> list[dict[str, Any]]:
    """The errors of one replication's cells that share a source."""
    with threadpool_limits(1):
        size = wanted[0][1].source
        rng = np.random.default_rng((seed, rep, size))
        drawn = Alike().source(size, rng) if name == "transfer-1" else Shifted().draw(size, "randomised", rng)
        network = TARNet(**NETWORK, random_state=rep).fit(drawn.X, drawn.treatment, drawn.outcome)
        source = Source(X=drawn.X, treatment=drawn.treatment, outcome=drawn.outcome, network=network)
        return [_errors(name, cell, drawn, source, np.random.default_rng((seed, rep, size, place))) for place, cell in wanted]


def _errors(name: str, cell: Cell, drawn: Drawn, source: Source, rng: np.random.Generator) -> dict[str, Any]:
    if name == "transfer-1":
        target = Alike().target(drawn, cell.n, cell.target, rng)
    else:
        target = Shifted(shift=cell.shift, level=cell.level).draw(cell.n, cell.target, rng)
    model = TLTARNet(TARNet(**NETWORK), **SETTINGS, random_state=int(rng.integers(2**31 - 1)))
    model.fit(target.X, target.treatment, target.outcome, source=source)
    features, true = _evaluation(name, cell.shift, cell.level)
    row: dict[str, Any] = {**asdict(cell), "effect": float(true.mean())}
    for called, network in zip(("unguarded", "target_only", "source_only"), NAMES, strict=True):
        found = getattr(model, f"{network}_").effect(features, 0, 1)
        row |= {called: float(np.mean((found - true) ** 2)), f"effect_{called}": float(found.mean())}
        row[f"chose_{network}"] = float(model.chosen_ == network)
    found = model.effect(features, 0, 1)
    return row | {"transfer": float(np.mean((found - true) ** 2)), "effect_transfer": float(found.mean()), "share": model.share_}


@lru_cache(maxsize=len(SHIFTS) * len(LEVELS))
def _evaluation(name: str, shift: str, level: float) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.float64]]]:
    """Units of a target's population and their true effects, the same in every replication."""
    world = Alike() if name == "transfer-1" else Shifted(shift=shift, level=level)
    features = world.features(EVALUATED, np.random.default_rng(EVALUATION_SEED))
    return features, world.effect(features)


def _table(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["source", "target", "n"] if name == "transfer-1" else ["source", "shift", "level", "target", "n"]
    groups = rows.groupby(keys, sort=False)
    errors = ["transfer", "target_only", "source_only", "unguarded"]
    effects = ["effect", *(f"effect_{called}" for called in errors)]
    table = groups[[*errors, *effects, *(f"chose_{called}" for called in NAMES)]].mean()
    table.insert(1, "transfer_se", groups["transfer"].sem())
    reported = published.study_1() if name == "transfer-1" else published.study_2()
    return table.reset_index().merge(reported, on=keys, how="left")


def _columns(table: pd.DataFrame, beginning: str) -> list[str]:
    return [column for column in table.columns if column.startswith(f"{beginning}_")]
