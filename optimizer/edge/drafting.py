"""Tables of the past and of those to decide about → a scenario to begin with: what can be guessed is, the rest is asked.

outcome, treatment, id   `edge.guesses`
features                 columns of both tables that a model can learn from, without those that tell the outcome or the treatment
amounts                  a grid of about `STEPS` round steps over the awards of the past, or these themselves where they are few
budget, recipients       what the past spent on as many units, and the share of them that it gave something
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.columns import numbers, present
from optimizer.edge.guesses import Guess, guess_id, guess_outcome, guess_treatment, leaks, names_of, usable
from optimizer.edge.history_from import history_from
from optimizer.edge.tables import Table
from optimizer.errors import DataError
from optimizer.problem.units import History

STEPS = 50
"""Awards on a grid, at most."""
FEW = 6
"""Awards of the past, up to which they are the tiers."""
HELD_OUT = 0.3
"""Of a single table, whom to decide about."""
ENOUGH = 200
"""Rows of either arm, from which each gets a model of its own."""

Ask = Callable[[str, Guess], str]
"""Which column is meant, of those that may be: an answer for "outcome", "treatment" or "id"; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What need not be guessed."""

    outcome: str | None = None
    treatment: str | None = None
    id: str | None = None
    features: tuple[str, ...] = ()
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A scenario to begin with.

    Attributes
    ----------
    per : currency units in one unit of the treatment's column.
    awards : the tiers; empty where a grid of `least`, `step` and `largest` is meant.
    recipients : whole per cent of the units; None where nearly everybody was given something.
    left_out : columns that are no features, by why: leak, missing, useless.
    no_outcome : rows of the history whose outcome is not known.
    guessed : which of amounts, budget and recipients nobody has said.
    """

    id: str | None
    outcome: str
    treatment: str
    per: int
    features: tuple[str, ...]
    kind: str
    awards: tuple[int, ...] = ()
    least: int = 0
    step: int = 0
    largest: int = 0
    currency: str = ""
    budget: int
    recipients: int | None
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: int = 0
    no_outcome: int = 0
    guessed: tuple[str, ...] = ()
    time_limit: int | None = None


def draft(units: Table | None, past: Table, said: Said, ask: Ask) -> Draft:
    """A scenario for these tables.

    Parameters
    ----------
    units : those to decide about; None where a part of the past stands in for them.

    Raises
    ------
    DataError
        If a column that was named is not there, or a table does not hold what a scenario needs.
    """
    known = () if units is None else tuple(names_of(units))
    treatment = said.treatment or ask("treatment", guess_treatment(past, known).but(said.outcome))
    present(past, [treatment])
    outcome = said.outcome or ask("outcome", guess_outcome(past, known, treatment))
    present(past, [outcome])
    here = past if units is None else units
    identifier = said.id or ask("id", guess_id(here)) or None
    present(here, [] if identifier is None else [identifier])
    per = _per(numbers(past, treatment, "treatment"))
    features, left_out = _features(units, past, {outcome, treatment, identifier}, (outcome, treatment))
    chosen = said.features or features
    present(here, chosen)
    if not chosen:
        raise DataError(f"{past.name}: no column is left that a model could learn from; name some with --features")
    history = history_from(past, outcome=outcome, treatment=treatment, features=chosen, per=per)
    count = len(units.frame) if units is not None else math.floor(HELD_OUT * len(history))
    given = history.treatment[history.treatment > 0]
    share = round(100 * given.size / len(history))
    return Draft(
        id=identifier,
        outcome=outcome,
        treatment=treatment,
        per=per,
        features=tuple(chosen),
        kind="two_model" if min(given.size, len(history) - given.size) >= ENOUGH else "s_learner",
        **_grid(given),
        budget=_budget(history, count) if said.budget is None else said.budget,
        recipients=max(share, 1) if share < 95 else None,  # noqa: PLR2004 — per cent; nearly everybody is no limit
        left_out={} if said.features else left_out,
        rows=len(past.frame),
        no_outcome=int(past.frame[outcome].isna().sum()),
        guessed=("amounts", "recipients", *(("budget",) if said.budget is None else ())),
    )


def scenario_name(stem: str) -> str:
    """A name for a folder, made of a file's."""
    name = re.sub(r"[^\w.-]+", "_", stem).strip("_.-")[:64]
    return name or "scenario"


def _features(
    units: Table | None, past: Table, taken: Collection[str | None], told: tuple[str, str]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The columns to learn from, and the others by why they are left out."""
    reasons: dict[str, list[str]] = {"missing": [], "useless": [], "leak": []}
    features = []
    for name in (name for name in names_of(past) if name not in taken):
        if units is not None and (name not in units.frame or _kind(units.frame[name]) != _kind(past.frame[name])):
            reasons["missing"].append(name)
        elif not usable(past, name) or (units is not None and units.frame[name].isna().all()):
            reasons["useless"].append(name)
        elif leaks(past, name, *told):
            reasons["leak"].append(name)
        else:
            features.append(name)
    return tuple(features), {reason: tuple(names) for reason, names in reasons.items() if names}


def _kind(cells: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(cells))


def _per(received: NDArray[np.float64]) -> int:
    """1 where amounts are whole; else the power of ten, 100 or more, that makes the largest a number of three digits."""
    given = received[np.isfinite(received) & (received > 0)]
    if not given.size or (given == np.rint(given)).all():
        return 1
    per = 100
    while given.max() * per < 100:  # noqa: PLR2004 — three digits
        per *= 10
    return per


def _grid(given: NDArray[np.float64]) -> dict[str, Any]:
    """Few awards as they are; else round steps from the smallest to the largest."""
    awards = np.unique(np.floor(given).astype(np.int64))
    awards = awards[awards > 0]
    if len(awards) <= FEW:
        return {"awards": tuple(int(award) for award in awards)}
    low, high = int(awards[0]), int(awards[-1])
    step = _round_step(max(1, math.ceil((high - low) / STEPS)))
    least = max(step, low // step * step)
    return {"least": least, "step": step, "largest": high // step * step}


def _round_step(figure: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that is no smaller."""
    power = int(10 ** (len(str(figure)) - 1))
    return next((digit * power for digit in (1, 2, 5) if digit * power >= figure), 10 * power)


def _budget(history: History, count: int) -> int:
    """What the past spent on as many units, in two digits."""
    spent = round(float(history.treatment.sum()) / len(history) * count)
    power = int(10 ** max(0, len(str(spent)) - 2))
    return max(1, spent // power * power)
