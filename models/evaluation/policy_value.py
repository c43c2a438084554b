"""The value of a rule from recorded outcomes: Γ_i = μ(x_i, a_i) + w_i (Y_i − μ(x_i, T_i)), and its mean over past units.

a_i is what the rule gives, T_i what was given, and w_i weighs those who happened to get what the rule gives: 1[T_i = a_i]/e with
e = P(T = a_i | x_i), or its like for amounts that are nearly the same (`models.evaluation.matching`). The mean of Γ is right if
the outcomes μ or the propensities e are (Robins, Rotnitzky and Zhao 1994; for rules: Dudík, Langford and Li 2011), where μ and e
come from other units than i (Chernozhukov et al. 2018; Athey and Wager 2021). Without any outcome model, Σ w_i Y_i / Σ w_i is the
weighted mean of what was recorded (Hájek 1971): it is bounded by the outcomes, and moves with their origin, as the plain sum over
n does not.

Standard errors are those of the mean of influence scores, summed within clusters; intervals are Student's, with one degree of
freedom less than there are clusters (Cameron and Miller 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from models.base import ResponseError

CONFIDENCE = 0.95
"""Of all intervals."""

FEWEST = 2
"""Clusters, or units where each is its own: a deviation needs two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """A mean over past units, of a rule or of the difference of two, with its uncertainty.

    Attributes
    ----------
    value : per unit.
    standard_error : of it; of clusters where there are any.
    low, high : the 95 % interval.
    """

    value: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, influence: NDArray[np.float64], clusters: NDArray[np.intp] | None = None) -> Self:
        """A value whose error is the mean of n influence scores.

        Parameters
        ----------
        influence
            (n,) scores whose mean is nearly 0.
        clusters
            (n,) units of the same number are not independent; None if all are.

        Raises
        ------
        ResponseError
            If there are fewer than two units, or clusters.
        """
        sums = influence if clusters is None else np.bincount(np.unique(clusters, return_inverse=True)[1], weights=influence)
        if sums.size < FEWEST:
            raise ResponseError(f"clusters: must be at least {FEWEST} for a standard error, got {sums.size}; leave them out")
        error = float(np.sqrt(sums.size / (sums.size - 1) * (sums**2).sum()) / influence.size)
        reach = float(stdtrit(sums.size - 1, 0.5 + CONFIDENCE / 2)) * error
        return cls(value=value, standard_error=error, low=value - reach, high=value + reach)

    @classmethod
    def mean(cls, scores: NDArray[np.float64], clusters: NDArray[np.intp] | None = None) -> Self:
        """The mean of n scores; raises as `of`."""
        value = float(scores.mean())
        return cls.of(value, scores - value, clusters)


def scores(
    outcome: NDArray[np.float64], fitted: NDArray[np.float64], predicted: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Γ of n past units: (n,).

    Parameters
    ----------
    outcome
        (n,) what happened.
    fitted
        (n,) μ at the award that was given.
    predicted
        (n,) μ at the award that the rule gives, or its mean over those that stand for it.
    weight
        (n,) w: how much the unit's record says of the rule; its mean is 1 if the propensities are right.
    """
    return np.asarray(predicted + weight * (outcome - fitted), dtype=np.float64)


def weighted(outcome: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The weighted mean of outcomes, and its influence scores (n,); not a number where no weight is above 0."""
    total = weight.sum()
    if not total > 0:
        return float("nan"), np.full(weight.size, np.nan)
    value = float((weight * outcome).sum() / total)
    return value, weight * (outcome - value) * (weight.size / total)


def effective_size(weight: NDArray[np.float64]) -> float:
    """How many equally weighted units would say as much: (Σ w)² / Σ w² (Kish 1965); 0 where no weight is above 0."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
