"""Does caution pay? Many small worlds whose truth is known: a few hundred past people, a model, a plan, and what it attains.

In each world the same ensemble makes two plans, one with most expected outcome and one with most cautious outcome; the truth says
what both attain. A model of so few people errs much, and a plan that believes it seeks out its errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from models.ensemble import Ensemble
from models.truth import LARGEST_AWARD, LEAST_AWARD, ScholarshipWorld
from optimizer.cautious import cautious
from optimizer.decide import Progress, decide, silent
from optimizer.engine.respond import aim, respond
from optimizer.engine.verify import certify
from optimizer.problem.amounts import Amounts
from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.objective import Objective
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.units import Units

FEATURES = ("family_income", "family_size", "exam_score", "distance_km", "first_generation", "faculty")
AMOUNTS = Amounts.grid(max=LARGEST_AWARD, step=100_000, min=LEAST_AWARD)
LIMITS = (Limit.cost(at_most=120_000, of="units"), Limit.recipients(at_most=0.2))
"""The flagship's: 120 000 yen a head, and every fifth may receive something."""

ENOUGH = Solver(gap=1e-4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Which worlds, and how large.

    Attributes
    ----------
    worlds, seed : how many, and the first one's seed.
    past, units : people in the history, and people to decide about.
    """

    worlds: int = 50
    seed: int = 0
    past: int = 300
    units: int = 300


def compare_plans(
    model: Any, objective: Objective, drawn: Worlds | None = None, *, members: int = 20, progress: Progress = silent
) -> pd.DataFrame:
    """The plan with most expected outcome and the one with most cautious outcome, in worlds whose truth is known.

    Parameters
    ----------
    model : an unfitted response model.

    Returns
    -------
    One row a world: seed, plain and cautious (the outcome each plan attains in truth), gained (their difference), predicted_loss
    (what the model says that caution costs), recipients and recipients_cautious.
    """
    chosen = drawn or Worlds()
    rows = []
    for place in range(chosen.worlds):
        progress("caution", place / chosen.worlds)
        rows.append(_in_one_world(Ensemble(clone(model), members), objective, chosen, chosen.seed + place))
    return pd.DataFrame(rows)


def gained(table: pd.DataFrame) -> tuple[float, float]:
    """What caution gained in truth, the mean over worlds, and its standard error."""
    return float(table["gained"].mean()), float(table["gained"].std(ddof=1) / np.sqrt(len(table)))


def _in_one_world(model: Ensemble, objective: Objective, chosen: Worlds, seed: int) -> dict[str, float | int]:
    rng, world = np.random.default_rng(seed), ScholarshipWorld()
    past = world.draw_history(rng, n=chosen.past).dropna(subset=["enrolled"])
    people = world.draw_applicants(rng, n=chosen.units)
    model.fit(past[list(FEATURES)], past["award"], past["enrolled"].astype(float))
    units = Units(ids=people["student_id"].to_numpy(dtype=object), frame=people, features=FEATURES)
    problem = Problem(amounts=AMOUNTS, limits=LIMITS)
    curves = respond(model, units, problem.terms(len(units), people))
    coupling = Coupling.compile(LIMITS, len(units), people, lambda: curves.column(0))
    aimed = aim(model, units, curves, objective)
    plain = decide(curves, coupling, ENOUGH)
    careful = cautious(plain, aimed, coupling, ENOUGH)
    certificate = certify(careful, curves, coupling, aimed=aimed)
    attained = [float(world.predict(people, plan.amount).sum()) for plan in (plain, careful)]
    return {
        "seed": seed,
        "plain": attained[0],
        "cautious": attained[1],
        "gained": attained[1] - attained[0],
        "predicted_loss": plain.value - certificate.value,
        "recipients": int(np.count_nonzero(plain.index)),
        "recipients_cautious": certificate.recipients,
    }
