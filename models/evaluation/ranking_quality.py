"""How good an order is, in a few figures: areas under its Qini and uplift curves, and the effect among the best units.

Normalised, a curve's area above the straight line to its end is divided by that of the perfect order, which `Ranking.perfect`
gives, so that the perfect order has 1 and a random one 0 on average (Devriendt et al. 2020, and scikit-uplift).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseError
from models.evaluation.bootstrap import Band, Estimate, HalfSamples
from models.evaluation.order import between, ratio
from models.evaluation.ranking import Counts, Ranking

GRID = np.linspace(0.0, 1.0, 101)
"""The shares of units at which bands of curves are given."""


@dataclass(frozen=True, kw_only=True)
class RankingQuality:
    """How good an order is, with half-sample intervals.

    Attributes
    ----------
    effect : mean outcome of the treated less that of the controls.
    qini_area : area between the Qini curve and the straight line, in outcomes a treated unit; a random order has 0.
    qini : the same divided by that of the perfect order; nan where outcomes are not 0 and 1.
    auuc : area under the uplift curve, in outcomes a unit; a random order has half the effect.
    uplift_coefficient : area between the uplift curve and the straight line divided by that of the perfect order, as `qini`.
    shares, uplift_at : (s,) shares of best units, and the effect among them.
    grid, qini_band : (101,) shares of units, and the Qini curve there, in outcomes a treated unit.
    """

    effect: Estimate
    qini_area: Estimate
    qini: Estimate
    auuc: Estimate
    uplift_coefficient: Estimate
    shares: NDArray[np.float64]
    uplift_at: Band
    grid: NDArray[np.float64]
    qini_band: Band


def ranking_quality(
    ranking: Ranking, *, shares: Sequence[float] = (0.1, 0.2, 0.3), resampling: HalfSamples | None = None
) -> RankingQuality:
    """Everything that is said of one ranking.

    Parameters
    ----------
    ranking
        The score and what was recorded.
    shares
        Of best units whose uplift is wanted, each in (0, 1].
    resampling
        How intervals are found.

    Raises
    ------
    ResponseError
        If a share is none.
    """
    wanted = np.asarray(list(shares), dtype=np.float64)
    if wanted.ndim != 1 or not ((wanted > 0) & (wanted <= 1)).all():
        raise ResponseError(f"ranking, shares: must lie above 0 and up to 1, got {wanted.tolist()}")
    perfect = ranking.perfect()

    def figures(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = ranking.counts(kept)
        for_qini, for_uplift = (None, None) if perfect is None else (best.counts(kept) for best in perfect)
        treated, units = counts.treated[:, -1], counts.treated[:, -1] + counts.controls[:, -1]
        single = [
            counts.uplift(np.nan)[:, -1],
            ratio(_above(counts, Counts.qini), treated, np.nan),
            _normalised(counts, for_qini, Counts.qini),
            ratio(_area(counts, Counts.gain), units, np.nan),
            _normalised(counts, for_uplift, Counts.gain),
        ]
        qini = between(np.broadcast_to(GRID, (len(kept), GRID.size)), counts.share, counts.qini())
        return np.column_stack([*single, counts.at(wanted).uplift(np.nan), ratio(qini, treated[:, None], np.nan)])

    band = (resampling or HalfSamples()).band(figures, len(ranking))
    last = 5 + wanted.size
    return RankingQuality(
        effect=band[0],
        qini_area=band[1],
        qini=band[2],
        auuc=band[3],
        uplift_coefficient=band[4],
        shares=wanted,
        uplift_at=band.part(5, last),
        grid=GRID,
        qini_band=band.part(last, len(band)),
    )


def _area(counts: Counts, height: Callable[[Counts], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Area under a curve: (b,)."""
    return np.asarray(np.trapezoid(height(counts), counts.share, axis=1), dtype=np.float64)


def _above(counts: Counts, height: Callable[[Counts], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Area between a curve and the straight line to its end: (b,)."""
    return _area(counts, height) - height(counts)[:, -1] / 2


def _normalised(counts: Counts, perfect: Counts | None, height: Callable[[Counts], NDArray[np.float64]]) -> NDArray[np.float64]:
    if perfect is None:
        return np.full(len(counts.treated), np.nan)
    return ratio(_above(counts, height), _above(perfect, height), np.nan)
