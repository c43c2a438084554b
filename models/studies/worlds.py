"""Two worlds of a source and a target whose effects are known (Aydin and Brandt 2025, simulations 1 and 2).

    1   X ~ N(0, ½ I + ½ 11'),  A ~ Bern(½),  Y0 = .3 ΣX + ε,  Y1 = Y0 + 1 + .05 ΣX                        τ = 1 + .05 ΣX
    2   X ~ N(δ1, (1 − ρ) I + ρ 11'),  Y0 = γ'x + sin x1 + x2 x3 + x4² + ε0,                               five features each
        Y1 = Y0 − ε0 + τ(x) + ε1,  τ = 1 + ω'x + x1 x2 + cos x3                                            ε, ε0, ε1 ~ N(0, 1)

In world 1 a target is drawn from the source's rows with replacement, in world 2 from a population of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

FEATURES = [f"x{j}" for j in range(1, 6)]
TARGETS = ("randomised", "confounded")
SHIFTS = ("covariate", "effect", "prognostic")
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)

DIRECTION = np.array([1.0, -1.0, 1.0, -1.0, 1.0]) / np.sqrt(5.0)
"""v, along which coefficients are shifted."""

SLOPE = 0.5
"""Each entry of γ and of ω, where nothing is shifted."""

CORRELATION = 0.6
"""ρ of a target whose covariates are shifted by level 1."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """n units: features, treatment 0/1, outcome, and the outcome without treatment (n,), which no model sees."""

    X: pd.DataFrame
    treatment: Floats
    outcome: Floats
    untreated: Floats

    def take(self, rows: NDArray[np.intp]) -> Drawn:
        """These units, in this order."""
        X = self.X.iloc[rows].reset_index(drop=True)
        return Drawn(X=X, treatment=self.treatment[rows], outcome=self.outcome[rows], untreated=self.untreated[rows])


@dataclass(frozen=True, kw_only=True)
class Alike:
    """World 1, where the source's population is the target's.

    A confounded target keeps a row with probability expit(Y0) if it is treated and 1 − expit(Y0) if not. These add up to 1,
    so that the features' distribution stays what it was, and only who is treated goes with the outcome.
    """

    def source(self, n: int, rng: Generator) -> Drawn:
        """Randomised units."""
        X = self.features(n, rng)
        treatment = rng.integers(0, 2, n).astype(np.float64)
        untreated = 0.3 * X.to_numpy().sum(axis=1) + rng.normal(size=n)
        return Drawn(X=X, treatment=treatment, outcome=untreated + treatment * self.effect(X), untreated=untreated)

    def target(self, source: Drawn, n: int, kind: str, rng: Generator) -> Drawn:
        """Rows of the source, with replacement; `kind` is one of `TARGETS`."""
        if kind == "randomised":
            return source.take(rng.integers(0, len(source.X), n))
        chance = expit(np.where(source.treatment > 0, source.untreated, -source.untreated))
        kept = np.empty(0, dtype=np.intp)
        while kept.size < n:
            rows = rng.integers(0, chance.size, 4 * n)
            kept = np.concatenate([kept, rows[rng.random(rows.size) < chance[rows]]])
        return source.take(kept[:n])

    def features(self, n: int, rng: Generator) -> pd.DataFrame:
        """Of n units of either population."""
        return _normal(n, 0.0, 0.5, rng)

    def effect(self, X: pd.DataFrame) -> Floats:
        """τ of n units: (n,), of mean 1 and variance .0375."""
        return np.asarray(1.0 + 0.05 * X.to_numpy().sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """World 2: a target that differs from the source, a world with level 0, in one respect.

    Attributes
    ----------
    shift : what differs, one of `SHIFTS`: covariates by δ = L and ρ = .6 L, the effect by ω + L v, the outcome by γ + L v.
    level : L, by how much.
    """

    shift: str = "covariate"
    level: float = 0.0

    def draw(self, n: int, kind: str, rng: Generator) -> Drawn:
        """Units; confounded ones are treated with probability expit of their untreated outcome, standardised in the sample."""
        X = self.features(n, rng)
        expected, noise = self._untreated(X), rng.normal(size=(2, n))
        untreated = expected + noise[0]
        usual = (untreated - untreated.mean()) / untreated.std()
        chance = np.full(n, 0.5) if kind == "randomised" else expit(usual)
        treated = rng.random(n) < chance
        outcome = np.where(treated, expected + self.effect(X) + noise[1], untreated)
        return Drawn(X=X, treatment=treated.astype(np.float64), outcome=outcome, untreated=untreated)

    def features(self, n: int, rng: Generator) -> pd.DataFrame:
        """Of n units of the population."""
        level = self._level("covariate")
        return _normal(n, level, CORRELATION * level, rng)

    def effect(self, X: pd.DataFrame) -> Floats:
        """τ of n units: (n,)."""
        x = X.to_numpy()
        slopes = SLOPE + self._level("effect") * DIRECTION
        return np.asarray(1.0 + x @ slopes + x[:, 0] * x[:, 1] + np.cos(x[:, 2]), dtype=np.float64)

    def _untreated(self, X: pd.DataFrame) -> Floats:
        x = X.to_numpy()
        slopes = SLOPE + self._level("prognostic") * DIRECTION
        return np.asarray(x @ slopes + np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + x[:, 3] ** 2, dtype=np.float64)

    def _level(self, shift: str) -> float:
        return self.level if self.shift == shift else 0.0


def _normal(n: int, mean: float, correlation: float, rng: Generator) -> pd.DataFrame:
    """Features of variance 1, any two of them correlated alike."""
    own, shared = rng.normal(size=(n, len(FEATURES))), rng.normal(size=(n, 1))
    return pd.DataFrame(mean + np.sqrt(1.0 - correlation) * own + np.sqrt(correlation) * shared, columns=FEATURES)
