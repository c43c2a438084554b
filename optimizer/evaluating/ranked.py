"""How well the model tells past units apart that it has not seen: ranking, gain against money, calibration, overlap, balance.

What is ranked is the predicted uplift of any award, drawn as history drew them, over none; what that is held against are doubly
robust scores of the same (`models.evaluation.policy_value`). Intervals are of half-samples, drawn by cluster if there are any.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseError
from models.evaluation.balance import balance
from models.evaluation.bootstrap import Band, Estimate, HalfSamples
from models.evaluation.calibration import calibration_by_arm, calibration_by_group
from models.evaluation.gain import spending
from models.evaluation.overlap import overlap
from models.evaluation.policy_value import scores
from models.evaluation.ranking import Ranking
from models.evaluation.ranking_quality import ranking_quality
from models.evaluation.rate import rate
from models.evaluation.sensitivity import Confounding
from models.tiers import Tiers
from optimizer.evaluating.heldout import NOBODY, THIS_PLAN, HeldOut
from optimizer.problem.units import History

BUDGETS = (0.5, 1.0, 1.5, 2.0)
"""Of the plan's money, where gain is told."""

WORST = 8
"""Features that are told, those furthest from balance."""

NONE, ANY = "no award", "any award"


def ranked(history: History, found: HeldOut, clusters: NDArray[np.intp] | None, seed: int) -> dict[str, pd.DataFrame]:
    """Tables by name, of past units that were held out.

    Raises
    ------
    ResponseError
        If a figure cannot be found of them.
    """
    halves = HalfSamples(random_state=seed, cluster=clusters)
    gamma, uplift = _scores(history, found), found.any.awarded - found.any.without
    return {
        "How well the model ranks (uplift of any award over none)": _ranking(history, found, uplift, gamma, halves),
        "Gain against money, a unit": _spending(history, found, halves),
        "Predicted and estimated uplift of any award, by predicted uplift": _by_uplift(uplift, gamma, halves),
        "Predicted and recorded outcome, by what was received": _by_award(history, found, halves),
        "Chances of an award (overlap)": _overlap(history, found),
        "Features with the awarded less those without, in standard deviations": _balance(history, found),
    }


def sensitivity(history: History, found: HeldOut) -> str:
    """How strong hidden reasons for an award would have to be, in a sentence; "" where the plan gives none to compare."""
    planned = found.rules[THIS_PLAN].recipient > 0
    try:
        confounding = Confounding.read(planned, history.treatment > 0, history.outcome, _both(found))
    except ResponseError:
        return ""
    strength = confounding.strength()
    if not np.isfinite(strength):
        return "no hidden reason for awards, however strong, could turn the sign of what awards did to the plan's recipients"
    return (
        f"were the odds of an award up to {strength:.3g} times higher or lower than the features tell, for a reason that is not "
        "recorded, what awards did to the plan's recipients would keep its sign; beyond that the records cannot tell"
    )


def _scores(history: History, found: HeldOut) -> NDArray[np.float64]:
    """Γ of any award less Γ of none: (n,)."""
    treated, any_award = history.treatment > 0, found.any
    with_one = scores(history.outcome, any_award.awarded, any_award.awarded, treated / any_award.chance)
    without = scores(history.outcome, any_award.without, any_award.without, ~treated / (1.0 - any_award.chance))
    return with_one - without


def _both(found: HeldOut) -> NDArray[np.float64]:
    return np.column_stack([1.0 - found.any.chance, found.any.chance])


def _ranking(
    history: History, found: HeldOut, uplift: NDArray[np.float64], gamma: NDArray[np.float64], halves: HalfSamples
) -> pd.DataFrame:
    treated = history.treatment > 0
    quality = ranking_quality(Ranking.read(uplift, treated, history.outcome, propensity=found.any.chance), resampling=halves)
    areas = rate(uplift, gamma, resampling=halves)
    figures = {
        "mean uplift": areas.effect,
        "AUTOC (0 for a random order)": areas.autoc,
        "Qini by scores (0 for a random order)": areas.qini,
        "Qini coefficient (1 for the perfect order)": quality.qini,
        "AUUC (half the uplift for a random order)": quality.auuc,
    }
    best = {f"uplift of the first {share:.0%}": quality.uplift_at[place] for place, share in enumerate(quality.shares)}
    return _table("figure", (figures | best).items())


def _spending(history: History, found: HeldOut, halves: HalfSamples) -> pd.DataFrame:
    nobody, awards = found.rules[NOBODY], list(found.each)
    gains = np.column_stack([found.each[award].predicted - nobody.predicted for award in awards])
    none = scores(history.outcome, found.fitted, nobody.nearby, nobody.weight)
    worth = [scores(history.outcome, found.fitted, held.nearby, held.weight) - none for held in found.each.values()]
    money = float(found.rules[THIS_PLAN].offered.mean()) or float(np.min(awards)) / 10
    told = spending(gains, np.array(awards), np.column_stack(worth), [share * money for share in BUDGETS], resampling=halves)
    table = _band("money", told.budgets, told.gain).rename(columns={"value": "gain"})
    table.insert(1, "predicted", told.predicted)
    return table.assign(at_random=told.untargeted.value)


def _by_uplift(uplift: NDArray[np.float64], gamma: NDArray[np.float64], halves: HalfSamples) -> pd.DataFrame:
    told = calibration_by_group(uplift, gamma, resampling=halves)
    table = _band("group", np.arange(1, told.units.size + 1), told.estimated).rename(columns={"value": "estimated"})
    table.insert(1, "units", told.units)
    table.insert(2, "predicted", told.predicted)
    return table


def _by_award(history: History, found: HeldOut, halves: HalfSamples) -> pd.DataFrame:
    tiers = Tiers.read(history.treatment, None, "evaluation")
    told = calibration_by_arm(found.fitted, history.outcome, tiers.of(history.treatment), resampling=halves)
    table = _band("award", np.array(tiers.amounts), told.recorded).rename(columns={"value": "recorded"})
    table.insert(1, "units", told.units)
    table.insert(2, "predicted", told.predicted)
    return table


def _overlap(history: History, found: HeldOut) -> pd.DataFrame:
    table = overlap(_both(found), history.treatment > 0)
    return table.assign(arm=[NONE, ANY])


def _balance(history: History, found: HeldOut) -> pd.DataFrame:
    table = balance(history.X, history.treatment > 0, _both(found)).drop(columns="arm")
    return table.sort_values("after", key=np.abs, ascending=False, kind="stable").head(WORST).reset_index(drop=True)


def _table(name: str, figures: Iterable[tuple[str, Estimate]]) -> pd.DataFrame:
    rows = [
        {name: label, "value": each.value, "error": each.error, "low": each.low, "high": each.high} for label, each in figures
    ]
    return pd.DataFrame(rows)


def _band(name: str, labels: NDArray[np.generic], band: Band) -> pd.DataFrame:
    return pd.DataFrame({name: labels, "value": band.value, "error": band.error, "low": band.low, "high": band.high})
