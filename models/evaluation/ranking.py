"""Is a score a good order to treat in? Extra outcomes when the best share φ of units is treated, for every φ at once.

    Qini    Y_T(φ) − Y_C(φ)·N_T(φ)/N_C(φ)                        on the scale of the treated (Radcliffe 2007)
    uplift  (Y_T(φ)/N_T(φ) − Y_C(φ)/N_C(φ))·(N_T(φ) + N_C(φ))    on the scale of all units

N and Y count the units and outcomes of the treated and the controls among the best φ; what an empty arm would give is 0.
A random order runs straight to the end. For outcomes of 0 and 1 the best order is known, as in scikit-uplift: for the Qini
curve the treated with outcome 1 first and controls with outcome 1 last; for the uplift curve those whose outcome is their arm,
1 if treated and 0 if not, before the others.

Where treatment was not a fair draw, units count by stabilised weights, P(T)/P(T | x): all 1 if everyone had the same chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError
from models.evaluation.order import Order, between, ratio
from models.evaluation.rows import chances, column, weights


@dataclass(frozen=True, kw_only=True)
class GainCurve:
    """Extra outcomes when the best share of units is treated; straight between the points.

    Attributes
    ----------
    share : (k + 1,) of the units, from 0 to 1.
    gain : (k + 1,) extra outcomes.
    """

    share: NDArray[np.float64]
    gain: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Weighted units and outcomes of both arms along an order: (b, k + 1) each."""

    treated: NDArray[np.float64]
    controls: NDArray[np.float64]
    treated_outcome: NDArray[np.float64]
    control_outcome: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """Of all units."""
        units = self.treated + self.controls
        return ratio(units, units[:, -1:], np.nan)

    def at(self, shares: NDArray[np.float64]) -> Counts:
        """The same at m given shares of the units: (b, m) each."""
        places = self.share
        points = np.broadcast_to(shares, (len(places), shares.size))
        return Counts(**{name: between(points, places, values) for name, values in vars(self).items()})

    def uplift(self, empty: float = 0.0) -> NDArray[np.float64]:
        """Difference of the arms' mean outcomes; an arm without units has this mean."""
        return ratio(self.treated_outcome, self.treated, empty) - ratio(self.control_outcome, self.controls, empty)

    def qini(self) -> NDArray[np.float64]:
        """The Qini curve's height, in outcomes of the treated."""
        return self.treated_outcome - self.control_outcome * ratio(self.treated, self.controls, 0.0)

    def gain(self) -> NDArray[np.float64]:
        """The uplift curve's height, in outcomes of all units."""
        return self.uplift() * (self.treated + self.controls)


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """A score beside what is recorded of n past units.

    Attributes
    ----------
    order : of the score.
    treated : (n,) 1 for treated, 0 for controls.
    outcome : (n,) what happened.
    weight : (n,) how much each unit counts, stabilised by its propensity.
    """

    order: Order
    treated: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def read(
        cls,
        score: ArrayLike,
        treated: ArrayLike,
        outcome: ArrayLike,
        *,
        propensity: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> Self:
        """A ranking of n past units.

        Parameters
        ----------
        score
            (n,) who should come first, such as predicted uplift; only its order matters.
        treated
            (n,) 0 or 1.
        outcome
            (n,) what happened.
        propensity
            (n,) chance of each unit to be treated, in (0, 1); None if it was the same for all.
        weight
            (n,) how much each unit counts; None for equally.

        Raises
        ------
        ResponseError
            If the columns do not fit together, or an arm is empty.
        """
        n = np.size(score)
        given, took = column(score, n, "ranking, score"), column(treated, n, "ranking, treated")
        counts = weights(weight, n, "ranking, weight")
        units = [float(counts[took == arm].sum()) for arm in (0, 1)]
        if not np.isin(took, (0.0, 1.0)).all() or not min(units) > 0:
            raise ResponseError(
                f"ranking, treated: must be 0 or 1, and both for some units, got {np.unique(took)[:5].tolist()}; "
                "compare one award with none at a time"
            )
        if propensity is not None:
            chance = chances(propensity, (n,), "ranking, propensity")
            own = np.where(took == 1, chance, 1.0 - chance)
            counts = counts * np.take(units, took.astype(np.intp)) / sum(units) / chances(own, (n,), "ranking, propensity")
        return cls(order=Order.read(given), treated=took, outcome=column(outcome, n, "ranking, outcome"), weight=counts)

    def __len__(self) -> int:
        return len(self.outcome)

    def perfect(self) -> tuple[Ranking, Ranking] | None:
        """The same units in the best order for the Qini and for the uplift curve; None where outcomes are not 0 and 1."""
        y, t = self.outcome, self.treated
        if not np.isin(y, (0.0, 1.0)).all():
            return None
        responding, idle = self.weight[(y == 1) & (t == 0)].sum(), self.weight[(y == 0) & (t == 1)].sum()
        agreeing = 2.0 * (y == t) + (y if responding > idle else t)
        return replace(self, order=Order.read(y * (2.0 * t - 1.0))), replace(self, order=Order.read(agreeing))

    def counts(self, kept: NDArray[np.float64]) -> Counts:
        """Units and outcomes along the order in b samples, of who is kept: (b, n) of 0 and 1."""
        treated, controls = kept * (self.weight * self.treated), kept * (self.weight * (1.0 - self.treated))
        along = self.order.cumulated
        return Counts(
            treated=along(treated),
            controls=along(controls),
            treated_outcome=along(treated * self.outcome),
            control_outcome=along(controls * self.outcome),
        )

    def qini_curve(self) -> GainCurve:
        """The Qini curve, in outcomes of the treated; ends at (mean of treated − mean of controls) × treated."""
        counts = self.counts(np.ones((1, len(self))))
        return GainCurve(share=counts.share[0], gain=counts.qini()[0])

    def uplift_curve(self) -> GainCurve:
        """The uplift curve, in outcomes of all units; ends at (mean of treated − mean of controls) × units."""
        counts = self.counts(np.ones((1, len(self))))
        return GainCurve(share=counts.share[0], gain=counts.gain()[0])
