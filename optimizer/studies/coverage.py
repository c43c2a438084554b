"""Does an evaluation hold what it says? Simulated histories whose truth is known: how often the intervals cover it, and how far
off are the estimate and the model's own prediction.

    P(award | x) = σ(confounding · (z + g)),   z the standardised exam score, g = 1 − ⅓ for first-generation students, else −⅓

With a confounding of 0 history is a randomised trial. The truth of a plan is the mean, over the units it is for, of the chance
that they enrol at the award it gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from sklearn.base import clone
from sklearn.tree import DecisionTreeRegressor

from models.evaluation.folds import dealt
from models.evaluation.matching import SHARES, Propensities
from models.learner import Learner
from models.truth import TYPICAL_SCORE, ScholarshipWorld
from models.two_model import TwoModel
from optimizer.edge.fitted import fit
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.heldout import NOBODY, HeldOut, held_out
from optimizer.evaluating.valued import Valued
from optimizer.problem.amounts import Amounts
from optimizer.problem.limits import Limit
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.units import History

FEATURES = ("family_income", "exam_score", "distance_km", "family_size", "first_generation")

LIMITS = (Limit.cost(at_most=120_000, of="units", name="budget"), Limit.recipients(at_most=0.2))
"""A budget for each unit, in yen, and a share of recipients, as in the shipped scenario."""


def usual_learner() -> Learner:
    """One tree an arm, deep enough to chase chance."""
    return TwoModel(DecisionTreeRegressor(max_depth=5, min_samples_leaf=10, random_state=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How histories are drawn and evaluated.

    Attributes
    ----------
    offers : the awards that history gave, and the plan may give.
    n : past units.
    confounding : how strongly awards went to some rather than others.
    propensity : as `models.evaluation.matching.matching` takes it.
    learner : the model.
    folds : as in `evaluate`.
    """

    offers: Sequence[int] = (500_000, 1_000_000, 2_000_000)
    n: int = 1_000
    confounding: float = 0.0
    propensity: Propensities = SHARES
    learner: Learner = field(default_factory=usual_learner)
    folds: int = 2


def coverage(setting: Setting, draws: int = 300, seed: int = 0) -> pd.DataFrame:
    """Evaluate one plan in each of many histories.

    Returns
    -------
    One row a figure (outcome, and uplift over nobody): figure, truth, predicted, estimated, predicted_bias, estimated_bias,
    error (the deviation of the estimate over draws), standard_error (as the evaluation says on average), covered (share of the
    intervals that hold the truth), recorded_covered (of those of matching records alone).
    """
    rows = [row for draw in range(draws) for row in _drawn(setting, np.random.default_rng((seed, draw)))]
    return pd.DataFrame([_figure(name, each) for name, each in pd.DataFrame(rows).groupby("figure", sort=False)])


def past_of(setting: Setting, rng: Generator) -> History:
    """A history of the simulated world."""
    world = ScholarshipWorld(missing_share=0.0)
    people = world.draw_applicants(rng, n=setting.n)
    merit = (people["exam_score"].to_numpy() - TYPICAL_SCORE) / 12.0 + people["first_generation"].to_numpy() - 1 / 3
    awarded = rng.random(setting.n) < 1.0 / (1.0 + np.exp(-setting.confounding * merit))
    treatment = np.where(awarded, rng.choice(setting.offers, size=setting.n), 0).astype(np.float64)
    outcome = (rng.random(setting.n) < world.predict(people, treatment)).astype(np.float64)
    frame = people.astype({"family_income": "float64"})
    return History(frame=frame, features=FEATURES, treatment=treatment, outcome=outcome)


def _drawn(setting: Setting, rng: Generator) -> list[dict[str, Any]]:
    history = past_of(setting, rng)
    asked = Asked(
        problem=Problem(amounts=Amounts.tiers(setting.offers), limits=LIMITS),
        units=setting.n,
        solver=Solver(backend="highs"),
        fitted=lambda past: fit(clone(setting.learner), past),
        propensity=setting.propensity,
    )
    found = held_out(history, dealt((history.treatment > 0).astype(np.intp), setting.folds, rng), asked)
    return _against_truth(history, found)


def _against_truth(history: History, found: HeldOut) -> list[dict[str, Any]]:
    valued, world = Valued.of(found, history.outcome, None), ScholarshipWorld()
    plan, less = valued.values().iloc[0], valued.differences().set_index("rule").loc[NOBODY]
    awards = next(iter(found.rules.values())).offered
    with_plan, without = (float(world.predict(history.frame, given).mean()) for given in (awards, np.zeros(len(history))))
    truths = {"outcome": (with_plan, plan), "uplift": (with_plan - without, less)}
    return [
        {
            **{str(figure): value for figure, value in promise.items()},
            "truth": truth,
            "estimate_error": said["standard_error"],
            "covered": said["low"] <= truth <= said["high"],
            "recorded_covered": said["recorded_low"] <= truth <= said["recorded_high"],
        }
        for promise, (truth, said) in zip(valued.optimism().to_dict("records"), truths.values(), strict=True)
    ]


def _figure(name: Any, drawn: pd.DataFrame) -> dict[str, Any]:
    off = drawn["estimated"] - drawn["truth"]
    return {
        "figure": name,
        "truth": drawn["truth"].mean(),
        "predicted": drawn["predicted"].mean(),
        "estimated": drawn["estimated"].mean(),
        "predicted_bias": (drawn["predicted"] - drawn["truth"]).mean(),
        "estimated_bias": off.mean(),
        "error": off.std(),
        "standard_error": drawn["estimate_error"].mean(),
        "covered": drawn["covered"].mean(),
        "recorded_covered": drawn["recorded_covered"].mean(),
    }
