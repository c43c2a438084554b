"""How strong would hidden confounding have to be? The least Λ at which the gain of the planned awards could be 0.

Whoever gave the awards may have seen something that is not recorded, which also moves the outcome. Let it change a unit's odds of
its award by a factor of at most Λ, up or down (the marginal sensitivity model: Tan 2006):

    1/Λ ≤ odds(award | x, hidden) / odds(award | x) ≤ Λ,   so that   1/e is really somewhere in  1 + (1/e − 1)·[1/Λ, Λ]

The least and the largest weighted mean Σwy/Σw over all such weights are reached by one cut: largest weights for the outcomes
below it and smallest above, or the reverse; so they are found exactly by sorting (Zhao, Small and Bhattacharya 2019).
The gain compares, among units the plan gives an award, those who once received it with those who received none.

In words: "An applicant's odds of the award may have been up to Λ times higher or lower than the records say, for a reason we
cannot see. Up to this Λ the gain keeps its sign, whatever that reason does to outcomes; beyond it the data cannot tell." At 1
nothing is hidden. Chance is a matter of its own, and not in Λ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from models.base import ResponseError
from models.evaluation.rows import arms, chances, column, weights

STRONGEST = 1e6
"""A gain that keeps its sign up to here is overturned by nothing."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Outcomes in rising order, and what weights they may have: counts·(1 + odds·[1/Λ, Λ])."""

    outcome: NDArray[np.float64]
    odds: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def read(cls, outcome: NDArray[np.float64], chance: NDArray[np.float64], counts: NDArray[np.float64]) -> Self:
        """A group of units by their chance to be in it."""
        rising = np.argsort(outcome, kind="stable")
        return cls(outcome=outcome[rising], odds=(1.0 / chance - 1.0)[rising], counts=counts[rising])

    def means(self, strength: float) -> tuple[float, float]:
        """The least and the largest weighted mean outcome."""
        light, heavy = (self.counts * (1.0 + self.odds * factor) for factor in (1.0 / strength, strength))
        return float(self._cut(heavy, light).min()), float(self._cut(light, heavy).max())

    def _cut(self, below: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted means with the one weight below a cut and the other above it, for every cut: (units + 1,)."""
        total = [
            np.append(0.0, np.cumsum((below - above) * part)) + (above @ part) for part in (self.outcome, np.ones_like(below))
        ]
        return np.asarray(total[0] / total[1], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Confounding:
    """What hidden reasons could do to the gain of planned awards.

    Attributes
    ----------
    awarded, without : the units that received what is planned for them, and those that received nothing.
    """

    awarded: Group
    without: Group

    @classmethod
    def read(
        cls, planned: ArrayLike, arm: ArrayLike, outcome: ArrayLike, propensity: ArrayLike, *, weight: ArrayLike | None = None
    ) -> Self:
        """History beside the awards a plan gives to the same units.

        Parameters
        ----------
        planned, arm
            (n,) the arm the plan gives each unit, and the one history gave it; 0 is no award.
        outcome
            (n,) what happened.
        propensity
            (n, arms) chance of each unit to be in each arm, as far as it is recorded.
        weight
            (n,) how much each unit counts; None for equally.

        Raises
        ------
        ResponseError
            If the columns do not fit together, or of the units with a planned award none received it, or none nothing.
        """
        n = np.size(arm)
        given = np.asarray(propensity, dtype=np.float64)
        chance = chances(given, (n, given.shape[-1]), "confounding, propensity")
        plan, had = (
            arms(part, n, chance.shape[1], f"confounding, {name}") for part, name in ((planned, "planned"), (arm, "arm"))
        )
        seen, counts = column(outcome, n, "confounding, outcome"), weights(weight, n, "confounding, weight")
        groups = []
        for rows, what in ((had == plan, "it"), (had == 0, "nothing")):
            units = np.flatnonzero((plan > 0) & rows & (counts > 0))
            if not units.size:
                raise ResponseError(
                    f"confounding: of the units planned to have an award some must have received {what}, got none"
                )
            groups.append(Group.read(seen[units], chance[units, had[units]], counts[units]))
        return cls(awarded=groups[0], without=groups[1])

    def gain(self) -> float:
        """Weighted mean outcome with the planned award less that without, if nothing is hidden; for each unit with an award."""
        return self.bounds(1.0)[0]

    def bounds(self, strength: float) -> tuple[float, float]:
        """What the gain lies between if hidden reasons change odds by a factor of at most `strength`, which is 1 or more.

        Raises
        ------
        ResponseError
            If it is less than 1.
        """
        if not strength >= 1:
            raise ResponseError(f"confounding, strength: must be 1 or more, got {strength:g}")
        awarded, without = self.awarded.means(strength), self.without.means(strength)
        return awarded[0] - without[1], awarded[1] - without[0]

    def strength(self) -> float:
        """The least Λ at which the gain could be 0: 1 if it is, infinite if its sign stays whatever is hidden."""
        sign = np.sign(self.gain())
        end = 0 if sign > 0 else 1

        def left(log_strength: float) -> float:
            return float(sign * self.bounds(np.exp(log_strength))[end])

        if left(0.0) <= 0:
            return 1.0
        if left(np.log(STRONGEST)) > 0:
            return float("inf")
        return float(np.exp(brentq(left, 0.0, np.log(STRONGEST), xtol=1e-12)))
