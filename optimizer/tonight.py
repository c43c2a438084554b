"""A night of a season: tonight's units are decided together with a forecast of those to come, and only tonight's part is kept.

    maximise  Σ_tonight v_ik w_ik + ρ Σ_pool v_jk y_jk      what stands + tonight + ρ · the pool within each limit

What the forecast is given is kept for those to come. With it taken off every limit, tonight is an ordinary problem, decided
and proven for itself (re-solving with a forecast: Gallego & van Ryzin 1994; Jasin & Kumar 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.conflict import decide_or_explain_parts
from optimizer.decide import Decided, Progress, decide_parts, silent
from optimizer.engine.respond import respond
from optimizer.engine.verify import Awards, Witness, certify_parts
from optimizer.errors import VerificationError
from optimizer.pacing import beside, learned, sample_of
from optimizer.pieces import awards_at
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.fleet import Fleet
from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups
from optimizer.problem.parts import Parts
from optimizer.problem.problem import Problem
from optimizer.problem.scaling import known_by
from optimizer.problem.season import Coming, Standing
from optimizer.problem.solver import Solver
from optimizer.problem.trend import Trend
from optimizer.problem.units import Units

ENOUGH = 1e-5
"""Relative gap of the whole: how well a forecast can be kept for matters no more than how well it foresees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """What was decided tonight, and with what in view.

    Attributes
    ----------
    fleet, coupling, decided, awards, certificate : of tonight's units alone; what is kept for those to come is taken off each
        limit.
    kept : (P,) the option that the forecast gives each unit of the pool; only its total is kept.
    whole : the proof of both together.
    mean : how those to come are thought to differ from the pool, as of `Coming`.
    trend : how all differed who came, as of `Standing`.
    """

    fleet: Fleet
    coupling: Coupling
    decided: Decided
    awards: Parts[Awards]
    certificate: Certificate
    kept: NDArray[np.intp]
    whole: Certificate
    mean: float = 0.0
    trend: Trend | None = None


def decide_tonight(
    tonight: tuple[Fleet, Groups],
    limits: Sequence[Limit],
    standing: Standing,
    coming: Coming | None,
    witnesses: Parts[Witness],
    solver: Solver,
    progress: Progress = silent,
) -> Tonight:
    """Decide about tonight's units, and certify it.

    Parameters
    ----------
    tonight : their response curves, and the groups that the limits tell apart.
    witnesses : the model, for each of their parts.

    Raises
    ------
    BursarError
        As in `optimizer.plan.plan`.
    """
    fleet, groups = tonight
    trend = standing.trend
    if coming is not None:
        coming, trend = learned(fleet, standing, coming)
    joint = beside(fleet, groups, limits, standing, coming)
    found = decide_or_explain_parts(joint.fleet, joint.coupling, replace(solver, gap=max(solver.gap, ENOUGH)), progress)
    choice = found.whole().index
    n = fleet.n
    alone = joint.left(choice[n:])
    decided = decide_parts(fleet, alone, solver, progress, start=choice[:n])
    progress("verify", None)
    awards = decided.choice.kept(awards_at, fleet.amounts)
    return Tonight(
        fleet=fleet,
        coupling=alone,
        decided=decided,
        awards=awards,
        certificate=certify_parts(decided.allocation, fleet, alone, awards, witnesses),
        kept=choice[n:],
        whole=certify_parts(found.allocation, joint.fleet, joint.coupling, found.choice.kept(awards_at, fleet.amounts)),
        mean=0.0 if coming is None else coming.mean,
        trend=trend,
    )


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
    tonight: tuple[Fleet, Groups],
    problem: Problem,
    season: Mapping[str, Any],
    model: ResponseModel,
    pool: Units | None,
    seed: int,
) -> Coupling:
    """What was left for tonight of each limit, by what the night wrote down.

    Raises
    ------
    VerificationError
        If what was kept for those to come is no award of the pool's.
    """
    forecast = None
    if pool is not None:
        forecast = replace(coming(model, pool, problem, season["expected"], seed), mean=season["mean"])
    joint = beside(*tonight, problem.limits, standing_of(season, problem), forecast)
    kept = np.zeros(0 if joint.pool is None else joint.pool.curves.shape[0], dtype=np.intp)
    amounts = problem.amounts.values
    for row, amount in season["kept"]:
        if not 0 <= row < len(kept) or amount not in amounts:
            raise VerificationError(
                f"season.kept: {amount} for row {row} of the pool is no award of one of its {len(kept)} units"
            )
        kept[row] = amounts.index(amount)
    return joint.left(kept)
