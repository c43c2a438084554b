"""What does money bring? Gain against money spent when each unit's award is chosen by its predicted curve.

    Q(b) = E[Γ_{π_b}],   π_b = the best awards by prediction that cost b a unit on average

At every price of money a unit has one best award, on the upper hull of its (cost, predicted gain); so the best awards for all
budgets are found by taking the steps of all hulls in the order of predicted gain over cost. The steps are valued not by what
was predicted but by unbiased scores Γ of each award, such as `models.dr_learner.doubly_robust`. Beside it stands the same with
every unit predicted to be the mean unit: what the money brings without choosing whom.

Source: Sverdrup, Wu, Athey and Wager (2023), Qini curves for multi-armed treatment rules; the last step is taken in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError
from models.evaluation.bootstrap import Band, Estimate, HalfSamples
from models.evaluation.order import Order, between, ratio
from models.evaluation.rows import table, weights


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What money brings, in outcomes a unit, with half-sample intervals.

    Attributes
    ----------
    budgets : (b,) currency units a unit.
    predicted : (b,) what the predictions say the chosen awards gain.
    gain : (b,) what they gain by the scores.
    untargeted : (b,) what the same money gains if every unit is taken for the mean unit.
    difference : (b,) the one less the other.
    area : the mean difference over budgets from 0 to the largest.
    """

    budgets: NDArray[np.float64]
    predicted: NDArray[np.float64]
    gain: Band
    untargeted: Band
    difference: Band
    area: Estimate


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Steps from an award of one unit to a larger one of the same unit, in the order in which they are taken.

    Attributes
    ----------
    order : of predicted gain over cost.
    unit, award, before : (s,) whose step, to which award, and from which; −1 is none.
    """

    order: Order
    unit: NDArray[np.intp]
    award: NDArray[np.intp]
    before: NDArray[np.intp]

    @classmethod
    def read(cls, predicted: NDArray[np.float64], cost: NDArray[np.float64]) -> Self:
        """The steps along the upper hulls of n units' m awards, as long as they gain."""
        at = np.full(len(predicted), -1)
        found: list[tuple[NDArray[np.intp], ...]] = []
        slopes = []
        units = np.arange(len(predicted))
        while units.size:
            more = cost[units] - _of(cost, units, at[units])[:, None]
            slope = ratio(predicted[units] - _of(predicted, units, at[units])[:, None], more, -np.inf)
            slope = np.where(more > 0, slope, -np.inf)
            steepest = slope.max(axis=1)
            # Of awards on one line the largest is stepped to at once.
            award = np.where(slope == steepest[:, None], more, -np.inf).argmax(axis=1)
            rises = steepest > 0
            units, award = units[rises], award[rises]
            found.append((units, award, at[units]))
            slopes.append(steepest[rises])
            at[units] = award
        unit, award, before = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return cls(order=Order.read(np.concatenate(slopes)), unit=unit, award=award, before=before)

    def along(self, values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over units of an award's value (n, m) after 0, 1, … k steps, in b samples of counts (b, n): (b, k + 1)."""
        more = _of(values, self.unit, self.award) - _of(values, self.unit, self.before)
        total = counts.sum(axis=1, keepdims=True)
        if not self.unit.size:
            return np.zeros((len(counts), 1))
        return ratio(self.order.cumulated(counts[:, self.unit] * more), total, np.nan)


def spending(
    predicted: ArrayLike,
    cost: ArrayLike,
    scores: ArrayLike,
    budgets: Sequence[float],
    *,
    weight: ArrayLike | None = None,
    resampling: HalfSamples | None = None,
) -> Spending:
    """Gain against money spent.

    Parameters
    ----------
    predicted
        (n, m) predicted gain of each of m awards over none, from elsewhere than the scores' units.
    cost
        (n, m) or (m,) what each award costs, above 0 (currency units).
    scores
        (n, m) unbiased scores of each award's gain over none.
    budgets
        Rising, above 0, currency units a unit.
    weight
        (n,) how much each unit counts; None for equally.
    resampling
        How intervals are found.

    Raises
    ------
    ResponseError
        If the tables do not fit together, a cost is not above 0, or budgets do not rise.
    """
    gains = np.asarray(predicted, dtype=np.float64)
    gains = table(gains, gains.shape if gains.ndim == 2 else (len(gains), 1), "spending, predicted")  # noqa: PLR2004
    money = table(np.broadcast_to(np.asarray(cost, dtype=np.float64), gains.shape), gains.shape, "spending, cost")
    worth = table(scores, gains.shape, "spending, scores")
    counts = weights(weight, len(gains), "spending, weight")
    levels = np.asarray(list(budgets), dtype=np.float64)
    if not money.min() > 0:
        raise ResponseError(f"spending, cost: must be above 0, got {money.min():g}; leave out what costs nothing")
    if not levels.size or not (np.diff(levels, prepend=0.0) > 0).all():
        raise ResponseError(f"spending, budgets: must rise from above 0, got {levels.tolist()}")
    chosen = Steps.read(gains, money)
    mean = [np.broadcast_to(np.average(part, axis=0, weights=counts), gains.shape) for part in (gains, money)]
    everyone = Steps.read(*mean)

    def at(steps: Steps, values: NDArray[np.float64], kept: NDArray[np.float64]) -> NDArray[np.float64]:
        spent = steps.along(money, kept)
        return between(np.broadcast_to(levels, (len(kept), levels.size)), spent, steps.along(values, kept))

    def figures(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        samples = kept * counts
        gain, untargeted = at(chosen, worth, samples), at(everyone, worth, samples)
        apart = np.pad(gain - untargeted, ((0, 0), (1, 0)))
        area = np.trapezoid(apart, np.append(0.0, levels), axis=1) / levels[-1]
        return np.column_stack([gain, untargeted, gain - untargeted, area])

    band, size = (resampling or HalfSamples()).band(figures, len(gains)), levels.size
    return Spending(
        budgets=levels,
        predicted=at(chosen, gains, counts[None])[0],
        gain=band.part(0, size),
        untargeted=band.part(size, 2 * size),
        difference=band.part(2 * size, 3 * size),
        area=band[3 * size],
    )


def _of(values: NDArray[np.float64], units: NDArray[np.intp], award: NDArray[np.intp]) -> NDArray[np.float64]:
    """Each unit's value of its award; 0 of none."""
    return np.where(award < 0, 0.0, values[units, award])
