"""Do those who come first gain more? TOC(q) = E[Γ | among the best q] − E[Γ], and its areas (Yadlowsky et al. 2021).

    AUTOC = ∫ TOC(q) dq,   QINI = ∫ q·TOC(q) dq

Γ is a score of each unit with E[Γ | x] = τ(x), such as `models.dr_learner.doubly_robust`; so this holds for observational
history as well as for trials. AUTOC weighs the very first units more, QINI all alike. Both are 0 for a random order and for a
constant priority, and are integrated exactly over the steps of the order, Γ being its mean within a step.

The priority must come from elsewhere than Γ's units (another part of history, or across folds), else both are too high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.evaluation.bootstrap import Band, Estimate, HalfSamples
from models.evaluation.order import Order, between, ratio
from models.evaluation.rows import column, weights

GRID = np.linspace(0.05, 1.0, 20)
"""The shares of units at which TOC is given."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Rank-weighted average treatment effects, in outcomes a unit, with half-sample intervals.

    Attributes
    ----------
    effect : E[Γ], the mean effect.
    autoc, qini : the two areas.
    grid, toc : (20,) shares of best units, and how much larger their mean effect is than everybody's.
    """

    effect: Estimate
    autoc: Estimate
    qini: Estimate
    grid: NDArray[np.float64]
    toc: Band


def rate(
    priority: ArrayLike, scores: ArrayLike, *, weight: ArrayLike | None = None, resampling: HalfSamples | None = None
) -> Rate:
    """Rank-weighted average treatment effects of a priority.

    Parameters
    ----------
    priority
        (n,) who should come first; only its order matters, equal ones are one step.
    scores
        (n,) Γ, unbiased scores of each unit's effect.
    weight
        (n,) how much each unit counts; None for equally.
    resampling
        How intervals are found.

    Raises
    ------
    ResponseError
        If the columns do not fit together.
    """
    n = np.size(priority)
    order = Order.read(column(priority, n, "rate, priority"))
    gamma, counts = column(scores, n, "rate, scores"), weights(weight, n, "rate, weight")

    def figures(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        units, gains = order.cumulated(kept * counts), order.cumulated(kept * (counts * gamma))
        total = units[:, -1:]
        share, gain = ratio(units, total, np.nan), ratio(gains, total, np.nan)
        effect = gain[:, -1]
        best = between(np.broadcast_to(GRID, (len(kept), GRID.size)), share, gain) / GRID
        return np.column_stack(
            [effect, _mean_of_means(share, gain) - effect, np.trapezoid(gain, share, axis=1) - effect / 2, best - effect[:, None]]
        )

    band = (resampling or HalfSamples()).band(figures, n)
    return Rate(effect=band[0], autoc=band[1], qini=band[2], grid=GRID, toc=band.part(3, len(band)))


def _mean_of_means(share: NDArray[np.float64], gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """∫ gain(q)/q dq over (0, 1] of a gain that runs straight between shares (b, k + 1) and starts at 0: (b,)."""
    start, width, rise = share[:, :-1], np.diff(share, axis=1), np.diff(gain, axis=1)
    # gain(q) = s q + c within a step, s its slope; c is 0 in a step that starts at 0.
    slope = ratio(rise, width, 0.0)
    constant = gain[:, :-1] - slope * start
    bent = constant * np.log1p(ratio(width, start, 0.0))
    return np.asarray((rise + bent).sum(axis=1), dtype=np.float64)
