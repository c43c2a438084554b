"""Which past unit speaks for which award: w_i(a) = K(T_i, a) / E[K(T, a) | x_i], so that w has mean 1 whatever x is.

By tier, where history has few different awards: K says that both are the same award, and E is the propensity of it (Imbens 2000);
an award between two tiers is a mixture of both, as `models.tiers` reads it. By kernel, where it has many: K falls with the
distance of the awards (Epanechnikov 1969; for rules: Kallus and Zhou 2018), and E comes from the generalised propensity (Hirano
and Imbens 2004): P(T > 0 | x) times the distribution of the awards among the treated, tilted from what it is for all of them to
x as linear regression with normal errors would have it. No award is only ever matched with no award.

What records say is then the value of drawing an award near a, with chances K f / E[K] among those that history gave; so it is
those awards that an outcome model is asked for, not a itself, at which it may be wrong where none of its neighbours is.

Everything that w divides by is kept away from 0 (`LEAST_PROPENSITY`), and those are counted: their records say less than they
would have to, and the outcome model fills the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

from models.base import ResponseError
from models.features import Preparation
from models.outcome import called, classifies
from models.propensity import LEAST_PROPENSITY
from models.tiers import MOST_ARMS, Tiers

MOST_NODES = 100
"""The awards' distribution among the treated is held as so many quantiles at most."""

SHARES = "shares"
"""Propensities of a trial: the same for everybody, as recorded."""

Propensities = str | float | Any
"""`SHARES`, the chance of any award in (0, 1), or a classifier of the arms."""


def usual_classifier() -> LogisticRegression:
    """What estimates propensities where nothing else is asked for: multinomial logistic regression."""
    return LogisticRegression(max_iter=1_000)


@dataclass(frozen=True, kw_only=True)
class Match:
    """What the records of n units say of the awards that a rule gives them.

    Attributes
    ----------
    weight : (n,) w.
    shares : (n, nodes) how the award is made up of those that history gave; a row of 0 where none is near.
    trimmed : (n,) whether what w divides by was raised.
    """

    weight: NDArray[np.float64]
    shares: NDArray[np.float64]
    trimmed: NDArray[np.bool_]


class Matching(Protocol):
    """How awards are matched."""

    @property
    def nodes(self) -> NDArray[np.float64]:
        """Awards that history gave, none among them, by which its distribution is told: (nodes,)."""
        ...

    def match(self, X: pd.DataFrame, treatment: NDArray[np.float64], awards: NDArray[np.float64]) -> Match:
        """What n units' records say of a rule's awards (n,), the treatment being what they received."""
        ...

    def chances_of(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The chance that history gave n units each of the nodes: (n, nodes), rows sum to 1."""
        ...

    def in_words(self) -> str:
        """How awards are matched, for a reader."""
        ...


def matching(X: pd.DataFrame, treatment: NDArray[np.float64], propensity: Propensities, awards: NDArray[np.float64]) -> Matching:
    """The matching that suits a history: by tier where it has at most ten different awards, else by kernel.

    Parameters
    ----------
    X, treatment
        n past units from which the propensities are learned: features, and the amount received.
    propensity
        `SHARES`, the chance of any award, or a classifier of the arms (`usual_classifier`).
    awards
        What all past units received, which decides on tiers or bandwidth, so that parts of a history are matched alike.

    Raises
    ------
    ResponseError
        If nobody, or everybody, received an award, or the propensity is none of those.
    """
    if np.unique(awards[awards > 0]).size <= MOST_ARMS:
        return ByTier.fit(X, treatment, propensity, Tiers.read(awards, None, "evaluation"))
    return ByKernel.fit(X, treatment, propensity, bandwidth(awards[awards > 0]))


def bandwidth(awards: NDArray[np.float64]) -> float:
    """How far awards may lie apart to be matched: 2.34 s n^(−1/4), for n awards of standard deviation s.

    2.34 s n^(−1/5) is Silverman's (1986) rule for this kernel; a little less leaves a bias that vanishes beside the error.
    """
    return float(2.34 * awards.std() * awards.size**-0.25)


@dataclass(frozen=True, kw_only=True)
class ByTier:
    """Matched if they are of the same tier.

    Attributes
    ----------
    tiers : history's different awards.
    chances : of the tiers.
    """

    tiers: Tiers
    chances: Chances

    @classmethod
    def fit(cls, X: pd.DataFrame, treatment: NDArray[np.float64], propensity: Propensities, tiers: Tiers) -> Self:
        """Learn propensities; parameters and errors as in `matching`."""
        return cls(tiers=tiers, chances=Chances.fit(X, tiers.of(treatment), len(tiers), propensity))

    @property
    def nodes(self) -> NDArray[np.float64]:
        """As in `Matching`."""
        return np.array(self.tiers.amounts)

    def match(self, X: pd.DataFrame, treatment: NDArray[np.float64], awards: NDArray[np.float64]) -> Match:
        """As in `Matching`."""
        chances = self.chances.of(X)
        arms = np.arange(len(self.tiers))
        shares = self.tiers.curves(np.eye(len(self.tiers)), awards).T
        own = self.tiers.of(treatment)[:, None] == arms
        trimmed = np.any((chances < LEAST_PROPENSITY) & (shares > 0), axis=1)
        weight = np.where(own, shares / np.maximum(chances, LEAST_PROPENSITY), 0.0).sum(axis=1)
        return Match(weight=weight, shares=shares, trimmed=trimmed)

    def chances_of(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """As in `Matching`."""
        return self.chances.of(X)

    def in_words(self) -> str:
        """As in `Matching`."""
        return f"awards are matched by tier, {len(self.tiers) - 1} and none"


@dataclass(frozen=True, kw_only=True)
class ByKernel:
    """Matched by 1 − (distance/bandwidth)².

    Attributes
    ----------
    width : the bandwidth, currency units.
    chances : of none, and of any award.
    nodes : 0, and quantiles of the treated's awards.
    tilt : says how probable they are for x; None if for everybody alike.
    """

    width: float
    chances: Chances
    nodes: NDArray[np.float64]
    tilt: Tilt | None

    @classmethod
    def fit(cls, X: pd.DataFrame, treatment: NDArray[np.float64], propensity: Propensities, width: float) -> Self:
        """Learn propensities; parameters and errors as in `matching`."""
        treated = treatment > 0
        chances = Chances.fit(X, treated.astype(np.intp), 2, propensity)
        tilt = None if chances.classifier is None else Tilt.fit(X[treated], treatment[treated])
        return cls(width=width, chances=chances, nodes=np.append(0.0, _quantiles(treatment[treated])), tilt=tilt)

    def match(self, X: pd.DataFrame, treatment: NDArray[np.float64], awards: NDArray[np.float64]) -> Match:
        """As in `Matching`."""
        none, chances = awards == 0, self.chances.of(X)
        near = self._kernel(awards[:, None] - self.nodes)
        near[:, 0], near[none, 1:] = none, 0.0
        near[:, 1:] *= self._among_treated(X)
        total = near.sum(axis=1)
        chance = np.where(none, chances[:, 0], chances[:, 1] * total)
        own = np.where(none, treatment == 0, (treatment > 0) * self._kernel(treatment - awards))
        shares = np.divide(near, total[:, None], out=np.zeros_like(near), where=total[:, None] > 0)
        return Match(weight=own / np.maximum(chance, LEAST_PROPENSITY), shares=shares, trimmed=chance < LEAST_PROPENSITY)

    def chances_of(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """As in `Matching`."""
        chances = self.chances.of(X)
        return np.hstack([chances[:, :1], chances[:, 1:] * self._among_treated(X)])

    def _among_treated(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """How the awards of the treated are distributed over the nodes above 0: (n, nodes − 1), or (1, nodes − 1) for all."""
        awards = self.nodes[1:]
        return np.full((1, awards.size), 1.0 / awards.size) if self.tilt is None else self.tilt.of(X, awards)

    def in_words(self) -> str:
        """As in `Matching`."""
        return f"awards are matched by an Epanechnikov kernel of bandwidth {self.width:,.4g}"

    def _kernel(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.maximum(0.0, 1.0 - (distance / self.width) ** 2), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Chances:
    """The chance of each arm.

    Attributes
    ----------
    shares : (arms,) everybody's; as recorded, if a classifier says otherwise.
    classifier : fitted on prepared features, or None.
    preparation : of the features, or None.
    """

    shares: NDArray[np.float64]
    classifier: Any = None
    preparation: Preparation | None = None

    @classmethod
    def fit(cls, X: pd.DataFrame, arm: NDArray[np.intp], arms: int, propensity: Propensities) -> Self:
        """Learn the chances of n units' arms; errors as in `matching`."""
        counts = np.bincount(arm, minlength=arms)
        if not counts.all():
            raise ResponseError(
                f"propensity: each of the {arms} arms must have units, got {counts.tolist()}; give more history, or fewer folds"
            )
        shares = counts / counts.sum()
        if isinstance(propensity, str) and propensity == SHARES:
            return cls(shares=shares)
        if isinstance(propensity, int | float | np.number):
            return cls(shares=_known(float(propensity), shares))
        if not classifies(propensity):
            raise ResponseError(f"propensity: must be shares, a number in (0, 1) or a classifier, got {called(propensity)}")
        preparation = Preparation().fit(X)
        return cls(shares=shares, classifier=clone(propensity).fit(preparation.transform(X), arm), preparation=preparation)

    def of(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Chances of n units: (n, arms)."""
        if self.classifier is None or self.preparation is None:
            return np.tile(self.shares, (len(X), 1))
        return np.asarray(self.classifier.predict_proba(self.preparation.transform(X)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Tilt:
    """Awards a of the treated are more or less probable for x, by φ((a − m(x))/s)/φ((a − m)/S).

    Attributes
    ----------
    regressor, preparation : say m(x).
    spread : s, what m(x) leaves.
    mean, all_spread : m and S, of all awards.
    """

    regressor: Ridge
    preparation: Preparation
    spread: float
    mean: float
    all_spread: float

    @classmethod
    def fit(cls, X: pd.DataFrame, awards: NDArray[np.float64]) -> Self:
        """Learn from treated units."""
        preparation = Preparation().fit(X)
        features = preparation.transform(X)
        regressor = Ridge().fit(features, awards)
        spread = float((awards - regressor.predict(features)).std())
        mean, all_spread = float(awards.mean()), float(awards.std())
        # Where the features tell an award exactly, one record would have to speak for all.
        least = 0.1 * all_spread
        return cls(regressor=regressor, preparation=preparation, spread=max(spread, least), mean=mean, all_spread=all_spread)

    def of(self, X: pd.DataFrame, awards: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chances of these awards for n units, together 1: (n, awards)."""
        expected = self.regressor.predict(self.preparation.transform(X))
        log = ((awards - self.mean) / self.all_spread) ** 2 - ((awards - expected[:, None]) / self.spread) ** 2
        return np.asarray(softmax(log / 2, axis=1), dtype=np.float64)


def _known(award: float, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    if not 0.0 < award < 1.0:
        raise ResponseError(f"propensity: must lie between 0 and 1, got {award:g}")
    return np.concatenate([[1.0 - award], award * shares[1:] / shares[1:].sum()])


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if values.size <= MOST_NODES:
        return np.sort(values)
    return np.quantile(values, (np.arange(MOST_NODES) + 0.5) / MOST_NODES)
