"""A night of a season: tonight's units are decided together with a forecast of those to come, and only tonight's part is kept.

    maximise  Σ_tonight v_ik w_ik + ρ Σ_pool v_jk y_jk      what stands + tonight + ρ · the pool within each limit

What the forecast is given is kept for those to come. With it taken off every limit, tonight is an ordinary problem, decided
and proven for itself (re-solving with a forecast: Gallego & van Ryzin 1994; Jasin & Kumar 2012).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.conflict import decide_or_explain
from optimizer.decide import Progress, decide, silent
from optimizer.engine.respond import respond
from optimizer.engine.verify import certify
from optimizer.errors import VerificationError
from optimizer.pacing import beside, learned, sample_of
from optimizer.problem.allocation import Allocation
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.curves import Curves
from optimizer.problem.problem import Problem
from optimizer.problem.scaling import known_by
from optimizer.problem.season import Coming, Standing
from optimizer.problem.solver import Solver
from optimizer.problem.trend import Trend
from optimizer.problem.units import Units

ENOUGH = 1e-5
"""Relative gap of the whole: how well a forecast can be kept for matters no more than how well it foresees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided tonight, and with what in view.

    Attributes
    ----------
    curves, coupling, allocation, certificate : of tonight's units alone; what is kept for those to come is taken off each limit.
    kept : (P,) the option that the forecast gives each unit of the pool; only its total is kept.
    whole : the proof of both together.
    mean : how those to come are thought to differ from the pool, as of `Coming`.
    trend : how all differed who came, as of `Standing`.
    """

    curves: Curves
    coupling: Coupling
    allocation: Allocation
    certificate: Certificate
    kept: NDArray[np.intp]
    whole: Certificate
    mean: float = 0.0
    trend: Trend | None = None


def decide_tonight(
    model: ResponseModel,
    units: Units,
    problem: Problem,
    standing: Standing,
    coming: Coming | None,
    solver: Solver,
    progress: Progress = silent,
) -> Decided:
    """Decide about tonight's units, from a fitted model to a certified allocation.

    Raises
    ------
    BursarError
        As in `optimizer.plan.plan`.
    """
    terms = problem.terms(len(units), units.frame)
    curves = respond(model, units, terms, progress=lambda share: progress("respond", share)).dense()
    trend = standing.trend
    if coming is not None:
        coming, trend = learned(curves, standing, coming)
    joint, coupling = beside(curves, units.frame, problem.limits, standing, coming)
    found = decide_or_explain(joint, coupling, replace(solver, gap=max(solver.gap, ENOUGH)), progress)
    n = len(units)
    kept = found.index[n:]
    alone = left_for_tonight(joint, coupling, n, kept)
    allocation = decide(curves, alone, solver, progress, start=found.index[:n])
    progress("verify", None)
    return Decided(
        curves=curves,
        coupling=alone,
        allocation=allocation,
        certificate=certify(allocation, curves, alone, lambda amount: model.predict(units.X, amount)),
        kept=kept,
        whole=certify(found, joint, coupling),
        mean=0.0 if coming is None else coming.mean,
        trend=trend,
    )


def left_for_tonight(joint: Curves, coupling: Coupling, n: int, kept: NDArray[np.intp]) -> Coupling:
    """The limits on the first n units, once the others are given `kept`."""
    choice = np.concatenate([np.zeros(n, dtype=np.intp), kept])
    used = coupling.used(Totals.of(choice, joint, coupling, np.arange(len(choice)) >= n))
    rows = tuple(replace(row, allowed=row.allowed - taken) for row, taken in zip(coupling.rows, used, strict=True))
    return coupling.of_part(slice(0, n), rows)


def coming(model: ResponseModel, pool: Units, problem: Problem, expected: int, seed: int) -> Coming:
    """The forecast: what a pool of past units would do if it stood for the units still expected.

    Raises
    ------
    DataError, ModelError
        If the pool does not hold what the rules or the model read.
    """
    pool = pool.take(sample_of(len(pool), seed))
    asked, aside = known_by(problem, pool.frame.columns)
    curves = respond(model, pool, asked.terms(len(pool), pool.frame)).dense()
    return Coming(
        curves=curves,
        frame=pool.frame,
        weight=Fraction(expected, len(pool)),
        limits=tuple(limit.name for limit in asked.limits),
        notes=(f"the pool of past units has no columns for {', '.join(aside)}: the forecast leaves that aside",) if aside else (),
    )


def standing_of(season: Mapping[str, Any], problem: Problem) -> Standing:
    """What stood when a night began, as the night wrote it down."""
    groups = pd.DataFrame(season["standing"], columns=[*problem.columns_of_limits, "cost", "recipients"])
    trend = None if season["trend"] is None else Trend(**season["trend"])
    return Standing(groups.astype({"cost": "int64", "recipients": "int64"}), season["seen"], trend)


def again(
    model: ResponseModel, units: Units, problem: Problem, season: Mapping[str, Any], pool: Units | None, seed: int
) -> tuple[Curves, Coupling]:
    """Tonight's curves, and what was left for tonight of each limit, by what the night wrote down.

    Raises
    ------
    VerificationError
        If what was kept for those to come is no award of the pool's.
    """
    curves = respond(model, units, problem.terms(len(units), units.frame)).dense()
    forecast = None
    if pool is not None:
        forecast = replace(coming(model, pool, problem, season["expected"], seed), mean=season["mean"])
    joint, coupling = beside(curves, units.frame, problem.limits, standing_of(season, problem), forecast)
    kept = np.zeros(joint.shape[0] - len(units), dtype=np.intp)
    for row, amount in season["kept"]:
        if not 0 <= row < len(kept) or amount not in curves.amounts.values:
            raise VerificationError(
                f"season.kept: {amount} for row {row} of the pool is no award of one of its {len(kept)} units"
            )
        kept[row] = curves.amounts.values.index(amount)
    return curves, left_for_tonight(joint, coupling, len(units), kept)
