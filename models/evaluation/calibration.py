"""Does what was predicted happen? Predicted beside recorded outcomes by arm, predicted beside estimated uplift by group.

In an arm the mean of v(x, a) and of Y over those who received it should agree; in a group of like predicted uplift the mean
prediction and the mean of unbiased scores Γ, E[Γ | x] = τ(x), should (sorted group effects: Chernozhukov et al. 2018). The
slope of Γ on the prediction sums it up: 1 is calibrated, below 1 the predictions differ more than the effects, 0 is no signal.

Predictions must come from elsewhere than the units (another part of history, or across folds), else all agrees too well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError
from models.evaluation.bootstrap import Band, Estimate, HalfSamples
from models.evaluation.order import ratio
from models.evaluation.rows import arms, column, weights


@dataclass(frozen=True, kw_only=True)
class ArmCalibration:
    """Predicted and recorded outcome of each arm, (arms,) each; nan for an arm without units.

    Attributes
    ----------
    units : heads.
    predicted : mean prediction for the amounts they received.
    recorded : mean outcome, with half-sample intervals.
    difference : predicted less recorded.
    """

    units: NDArray[np.intp]
    predicted: NDArray[np.float64]
    recorded: Band
    difference: Band


@dataclass(frozen=True, kw_only=True)
class UpliftCalibration:
    """Predicted and estimated uplift of g groups, lowest prediction first.

    Attributes
    ----------
    units : (g,) heads.
    predicted : (g,) mean prediction.
    estimated : (g,) mean score, with half-sample intervals.
    slope : of scores on predictions; nan if all predictions are equal.
    """

    units: NDArray[np.intp]
    predicted: NDArray[np.float64]
    estimated: Band
    slope: Estimate


def calibration_by_arm(
    predicted: ArrayLike,
    outcome: ArrayLike,
    arm: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    resampling: HalfSamples | None = None,
) -> ArmCalibration:
    """Whether outcomes were as predicted, arm by arm.

    Parameters
    ----------
    predicted
        (n,) predicted outcome at the amount each unit received.
    outcome
        (n,) what happened.
    arm
        (n,) arm or tier of each unit, numbered from 0.
    weight
        (n,) how much each unit counts, such as 1/P(its arm | x) for means over everybody; None for equally.
    resampling
        How intervals are found.

    Raises
    ------
    ResponseError
        If the columns do not fit together.
    """
    n = np.size(outcome)
    said, seen = column(predicted, n, "calibration, predicted"), column(outcome, n, "calibration, outcome")
    member = arms(arm, n, None, "calibration, arm")
    inside = _inside(member) * weights(weight, n, "calibration, weight")[:, None]

    def figures(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        mean, prediction = (ratio(kept @ (inside * part[:, None]), kept @ inside, np.nan) for part in (seen, said))
        return np.hstack([mean, prediction, prediction - mean])

    band, size = (resampling or HalfSamples()).band(figures, n), inside.shape[1]
    return ArmCalibration(
        units=np.bincount(member),
        predicted=band.value[size : 2 * size],
        recorded=band.part(0, size),
        difference=band.part(2 * size, 3 * size),
    )


def calibration_by_group(
    uplift: ArrayLike,
    scores: ArrayLike,
    *,
    groups: int = 10,
    weight: ArrayLike | None = None,
    resampling: HalfSamples | None = None,
) -> UpliftCalibration:
    """Whether the uplift is as predicted, in groups of like prediction.

    Parameters
    ----------
    uplift
        (n,) predicted uplift.
    scores
        (n,) unbiased scores of each unit's effect: doubly robust, or Y(T/e − (1 − T)/(1 − e)).
    groups
        How many, of about equal size; equal predictions are never parted, so there may be fewer.
    weight
        (n,) how much each unit counts; None for equally.
    resampling
        How intervals are found.

    Raises
    ------
    ResponseError
        If the columns do not fit together, or `groups` is no whole number of at least 1.
    """
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise ResponseError(f"calibration, groups: must be a whole number of at least 1, got {groups!r}")
    n = np.size(uplift)
    said, gamma = column(uplift, n, "calibration, uplift"), column(scores, n, "calibration, scores")
    counts, member = weights(weight, n, "calibration, weight"), _groups(said, groups)
    inside = _inside(member) * counts[:, None]

    def figures(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        estimated, prediction = (ratio(kept @ (inside * part[:, None]), kept @ inside, np.nan) for part in (gamma, said))
        return np.column_stack([estimated, prediction, _slope(said, gamma, kept * counts)])

    band, size = (resampling or HalfSamples()).band(figures, n), inside.shape[1]
    return UpliftCalibration(
        units=np.bincount(member), predicted=band.value[size : 2 * size], estimated=band.part(0, size), slope=band[2 * size]
    )


def _inside(member: NDArray[np.intp]) -> NDArray[np.float64]:
    """1 where a unit (row) is in a group (column)."""
    return np.asarray(member[:, None] == np.arange(member.max() + 1), dtype=np.float64)


def _groups(score: NDArray[np.float64], groups: int) -> NDArray[np.intp]:
    """The group of each unit by the middle rank of its score, so that equal scores are never parted."""
    _, place, heads = np.unique(score, return_inverse=True, return_counts=True)
    middle = (np.cumsum(heads) - heads / 2) / score.size
    group = np.unique(np.floor(middle * groups), return_inverse=True)[1]
    return np.asarray(group[place], dtype=np.intp)


def _slope(x: NDArray[np.float64], y: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope of y on x by least squares in b samples of counts (b, n): (b,)."""
    # Both are centred once, so that nearly constant predictions lose no digits and constant ones are exactly 0.
    x, y = x - np.median(x), y - np.median(y)
    total = counts.sum(axis=1)
    sums = [ratio(counts @ part, total, np.nan) for part in (x, y, x * y, x * x)]
    return ratio(sums[2] - sums[0] * sums[1], sums[3] - sums[0] ** 2, np.nan)
