"""Transfer can hurt: which network is the target's, judged on outcomes of its own that the network has not seen.

    ψ_i = μ1(x_i) − μ0(x_i) + (t_i − e_i)/(e_i(1 − e_i)) · (y_i − μ_{t_i}(x_i)),      d = τ̂_transferred − τ̂_source
    share = [ mean (ψ − τ̂_source) d − 3 · standard error − B mean |d| ] / mean d²,    kept within 0 and 1

ψ is the doubly robust pseudo-outcome of the effect (Kennedy 2023): E[ψ|x] = τ(x) if either the outcome or the propensity is
right, so that effects can be judged although none is seen. `share` is a lower confidence limit of the weight that stacking gives
the transferred effect beside the source's (Breiman 1996): how far the parameters go from one to the other (Wortsman et al. 2022).
The target's own network replaces the usual choice if its loss, mean (ψ − τ̂)², is smaller beyond the same doubts.

Outcomes mislead where who was treated depends on what no column holds. B is how far a hidden cause twice as strong as all that
is seen would move an effect (Altonji, Elder and Taber 2005): twice the difference in expected outcome that features make between
the arms, and 0 if chance makes as much of it, as it mostly does in a randomised target. Where treatments were chosen, outcomes
overrule no source.

The usual choice is the source as it is, unless the target's units lie off the source's: where it would extrapolate, what was
transferred is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.observed import Observed

Floats = NDArray[np.float64]

STANDARD_ERRORS = 3.0
"""Which a gain must exceed: a small target's losses differ by chance more than networks do."""

HIDDEN = 2.0
"""How many times as strong as all that is seen a hidden cause may be."""

LEAST_PROPENSITY = 0.05
"""Fitted propensities are kept this far from 0 and 1 (Crump et al. 2009)."""

INSIDE = 0.99
"""Share of the source's units that lie nearer to their centre than what counts as outside."""

MOST_OUTSIDE = 0.10
"""Share of the target's units outside above which the source as it is, is not the usual choice."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Which network was chosen, and why.

    Attributes
    ----------
    chosen : its name.
    usual : the name of what is chosen unless something is better beyond doubt.
    share : how far to go from the source's network to the transferred one, from 0 to 1.
    losses : of the effect by name.
    gain, doubt : by how much the loss of the target's own network is below the usual choice's, and what that must exceed.
    hidden : B.
    """

    chosen: str
    usual: str
    share: float
    losses: dict[str, float]
    gain: float
    doubt: float
    hidden: float

    def sentence(self) -> str:
        """The choice in words."""
        if self.chosen == "target":
            return f"target: its own network is better than {self.usual} by {self.gain:.3g}, beyond a doubt of {self.doubt:.3g}"
        if self.usual == "transferred":
            return "transferred: the target's units lie off the source's, and its own network is not better beyond doubt"
        if self.chosen == "source":
            return "source: the target's outcomes do not contradict its effects beyond doubt"
        return f"transferred: the target's outcomes contradict the source's effects; {self.share:.0%} of the way is beyond doubt"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a target's held-out units say of effects.

    Attributes
    ----------
    pseudo : (n,) ψ.
    weight : (n,) how much each unit counts.
    hidden : B.
    """

    pseudo: Floats
    weight: Floats
    hidden: float

    @classmethod
    def of(cls, past: Observed, expected: Floats, propensity: Floats) -> Self:
        """From the outcomes of n units, and expected ones (n, 2) and propensities (n,) that have not seen them."""
        weight = np.ones(propensity.size) if past.weight is None else past.weight / past.weight.mean()
        return cls(
            pseudo=pseudo_outcomes(past, expected, propensity),
            weight=weight,
            hidden=hidden_bias(past.treated, expected.mean(axis=1), weight),
        )

    def loss(self, effect: Floats) -> float:
        """Mean (ψ − τ̂)²."""
        return self._mean((self.pseudo - effect) ** 2)

    def along(self, usual: Floats, other: Floats) -> tuple[float, float, float]:
        """Mean (ψ − usual)(other − usual), the doubt about it, and mean (other − usual)²."""
        apart = other - usual
        product = (self.pseudo - usual) * apart
        mean = self._mean(product)
        noise = float(np.sqrt(np.sum((self.weight * (product - mean)) ** 2)) / self.weight.sum())
        return mean, STANDARD_ERRORS * noise + self.hidden * self._mean(np.abs(apart)), self._mean(apart**2)

    def _mean(self, values: Floats) -> float:
        return float(np.average(values, weights=self.weight))


def judge(evidence: Evidence, effects: Mapping[str, Floats], usual: str) -> Judgement:
    """Choose among networks.

    Parameters
    ----------
    evidence
        Of the target's n units.
    effects
        (n,) by name, ``source``, ``transferred`` and ``target``, of networks that have not seen the unit.
    usual
        ``source`` or ``transferred``.
    """
    share = 1.0
    if usual == "source":
        toward, doubt, squared = evidence.along(effects["source"], effects["transferred"])
        share = float(np.clip((toward - doubt) / squared, 0.0, 1.0)) if squared > 0 else 0.0
    shared = effects["source"] + share * (effects["transferred"] - effects["source"])
    toward, doubt, squared = evidence.along(effects[usual], effects["target"])
    # loss(usual) − loss(target) = 2 mean (ψ − usual)(target − usual) − mean (target − usual)²
    gain = 2.0 * toward - squared
    losses = {name: evidence.loss(effect) for name, effect in effects.items()}
    own = gain > 2.0 * doubt and losses["target"] < evidence.loss(shared)
    return Judgement(
        chosen="target" if own else "transferred" if share > 0 else "source",
        usual=usual,
        share=share,
        losses=losses,
        gain=gain,
        doubt=2.0 * doubt,
        hidden=evidence.hidden,
    )


def pseudo_outcomes(past: Observed, expected: Floats, propensity: Floats) -> Floats:
    """ψ of n units from their expected outcomes (n, 2) and propensities (n,)."""
    treated = past.treated.astype(np.float64)
    of_own_arm = np.where(past.treated, expected[:, 1], expected[:, 0])
    correction = (treated - propensity) / (propensity * (1.0 - propensity)) * (past.outcome - of_own_arm)
    return np.asarray(expected[:, 1] - expected[:, 0] + correction, dtype=np.float64)


def propensities(past: Observed, features: Floats, folds: NDArray[np.intp]) -> Floats:
    """Probability of treatment (n,) from a logistic regression on the other folds."""
    found = np.empty(len(features))
    for fold in np.unique(folds):
        rest, held = folds != fold, folds == fold
        weight = None if past.weight is None else past.weight[rest]
        model = LogisticRegression(max_iter=1_000).fit(features[rest], past.treated[rest], sample_weight=weight)
        found[held] = model.predict_proba(features[held])[:, 1]
    return np.clip(found, LEAST_PROPENSITY, 1.0 - LEAST_PROPENSITY)


def hidden_bias(treated: NDArray[np.bool_], expected: Floats, weight: Floats) -> float:
    """B: `HIDDEN` times how far features set the arms' expected outcomes (n,) apart; 0 within a standard error of chance."""
    apart = np.average(expected[treated], weights=weight[treated]) - np.average(expected[~treated], weights=weight[~treated])
    spread = np.sqrt(np.average((expected - np.average(expected, weights=weight)) ** 2, weights=weight))
    chance = spread * np.sqrt(1.0 / np.count_nonzero(treated) + 1.0 / np.count_nonzero(~treated))
    return float(HIDDEN * abs(apart)) if abs(apart) > chance else 0.0


def share_outside(source: Floats, target: Floats) -> float:
    """Share of the target's units that lie farther from the source's centre than `INSIDE` of the source's (Mahalanobis).

    Parameters
    ----------
    source, target
        (m, p) and (n, p) prepared features.
    """
    centre = source.mean(axis=0)
    precision = np.linalg.pinv(np.atleast_2d(np.cov(source, rowvar=False)), hermitian=True)

    def far(features: Floats) -> Floats:
        return np.asarray(np.einsum("ij,jk,ik->i", features - centre, precision, features - centre), dtype=np.float64)

    return float(np.mean(far(target) > np.quantile(far(source), INSIDE)))


def stratified(treated: NDArray[np.bool_], folds: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    """A part for each unit (n,), of both arms about equally many in each; fewer parts where an arm has fewer units."""
    count = int(min(folds, treated.sum(), (~treated).sum()))
    part = np.empty(treated.size, dtype=np.intp)
    for arm in (treated, ~treated):
        rows = rng.permutation(np.flatnonzero(arm))
        part[rows] = np.arange(rows.size) % max(count, 1)
    return part
