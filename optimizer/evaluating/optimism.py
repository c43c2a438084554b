"""The winner's curse, for about what the model's fit takes: either half of history decided about by what the other teaches.

A plan prefers what is predicted too well, so its predictions are too high on the whole (Smith and Winkler 2006). How far those of
both halves' plans are above what the records say is how far they may be above the truth in the plan, or somewhat less, since the
plan's own model learns from twice as much. `bursar evaluate` says it in full.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from models.base import ResponseError
from models.evaluation.folds import dealt
from optimizer.errors import BursarError
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.heldout import held_out
from optimizer.evaluating.valued import Valued
from optimizer.problem.evaluation import Promise
from optimizer.problem.units import History

log = logging.getLogger(__name__)

FEWEST = 200
"""Past units below which nothing is said: the interval would be as wide as the outcomes are."""

MOST = 10_000
"""Of more past units so many are drawn: a model learns from 5 000 and is told by 5 000 others, twice."""

NEAR = 0.01
"""The gap within which their plan is proven: as a rule prices alone find such a one."""


def optimism(asked: Asked, history: History) -> Promise | None:
    """How far predictions at awards chosen by them are above the records: of the plan's outcome, a unit's.

    None where history is too short, or cannot be cut so.
    """
    if len(history) < FEWEST:
        return None
    try:
        return _optimism(asked, history)
    except (BursarError, ResponseError) as wrong:
        log.info("winner's curse: not known, since a part of history cannot be evaluated: %s", wrong)
        return None


def _optimism(asked: Asked, history: History) -> Promise:
    rng = np.random.default_rng(asked.solver.seed)
    some = history.take(np.sort(rng.permutation(len(history))[:MOST]))
    fold = dealt((some.treatment > 0).astype(np.intp), 2, rng)
    quick = replace(asked, solver=replace(asked.solver, gap=max(asked.solver.gap, NEAR)))
    return Valued.of(held_out(some, fold, quick, simpler=False), some.outcome, None).promise("outcome")
