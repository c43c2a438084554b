"""What a split tells of the uplift: gain(A) = [D(P^T(Y) : P^C(Y) | A) − D(P^T(Y) : P^C(Y))] / I(A).

A split A parts N units into children a, and D(· | A) = Σ_a N(a)/N · D(P^T(Y|a) : P^C(Y|a)), so that a split is good where
the outcomes of the treated and of the controls lie further apart in the children than in the parent. For k treatments

    D = α Σ_i λ_i D(P^Ti : P^C) + (1 − α) Σ_i Σ_j γ_ij D(P^Ti : P^Tj)

    I = α H(N^T/N, N^C/N) D(P^T(A) : P^C(A))
      + (1 − α) Σ_i H(N^Ti/(N^Ti + N^C), N^C/(N^Ti + N^C)) D(P^Ti(A) : P^C(A))
      + Σ_i N^Ti/N H(P^Ti(A)) + N^C/N H(P^C(A)) + ½,

where T are all treatments together and P(A) says how an arm's units fall among the children: I is large for a split that
parts the treated otherwise than the controls, and bounded away from 0. With one treatment α is 1.

Source: Rzepakowski and Jaroszewicz (2012), Knowledge and Information Systems 32, sections 3 and 6; natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, rel_entr

CRITERIA = ("kl", "euclidean", "chi2")
"""Kullback-Leibler divergence, squared Euclidean distance, chi-squared divergence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One of the three gains.

    Attributes
    ----------
    kind : one of `CRITERIA`.
    importance : (k,) λ, how much each treatment counts, together 1; γ_ij = λ_i λ_j.
    alpha : α, what share the divergences from the controls have beside those among the treatments.
    normalise : whether the gain is divided by I.
    """

    kind: str
    importance: NDArray[np.float64]
    alpha: float
    normalise: bool

    @classmethod
    def of(cls, kind: str, units: NDArray[np.float64], alpha: float, normalise: bool) -> Self:
        """The gain of a history with these many units an arm, (k + 1,), controls first: treatments count by their units."""
        treated = units[1:]
        only = treated.size == 1
        return cls(kind=kind, importance=treated / treated.sum(), alpha=1.0 if only else alpha, normalise=normalise)

    def gain(
        self, rates: NDArray[np.float64], units: NDArray[np.float64], child_rates: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gains of m splits of one node in two.

        Parameters
        ----------
        rates
            (arms,) P(Y = 1) in the node, controls first.
        units
            (2, m, arms) in the children, all above 0.
        child_rates
            (2, m, arms) P(Y = 1) in the children.

        Returns
        -------
        (m,) gains. All rates must lie strictly between 0 and 1, but for the Euclidean distance.
        """
        share = units.sum(axis=-1) / units.sum(axis=(0, -1))
        gained = (share * self.divergence(child_rates)).sum(axis=0) - self.divergence(rates)
        return np.asarray(gained / self.normaliser(units) if self.normalise else gained, dtype=np.float64)

    def divergence(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """D of arms with these rates (..., arms): (...)."""
        classes = np.stack([1.0 - rates, rates], axis=-1)
        control, treated = classes[..., :1, :], classes[..., 1:, :]
        apart = self._between(treated, control) @ self.importance
        if self.importance.size == 1:
            return np.asarray(apart, dtype=np.float64)
        pairs = self._between(treated[..., :, None, :], treated[..., None, :, :])
        return np.asarray(self.alpha * apart + (1.0 - self.alpha) * (pairs @ self.importance) @ self.importance, dtype=np.float64)

    def normaliser(self, units: NDArray[np.float64]) -> NDArray[np.float64]:
        """I of m splits with these units (2, m, arms) in the children: (m,)."""
        arms = np.moveaxis(units, 0, -1)  # (m, arms, children)
        sizes = arms.sum(axis=-1)  # (m, arms)
        falls = arms / sizes[..., None]
        together = arms[:, 1:].sum(axis=1)
        either = np.stack([together.sum(axis=-1), sizes[:, 0]], axis=-1)
        total = either.sum(axis=-1)
        apart = self._impurity(either / total[:, None]) * self._between(together / either[:, :1], falls[:, 0])
        one = np.stack([sizes[:, 1:], np.broadcast_to(sizes[:, :1], sizes[:, 1:].shape)], axis=-1)
        each = self._impurity(one / one.sum(axis=-1, keepdims=True)) * self._between(falls[:, 1:], falls[:, :1])
        spread = (sizes * self._impurity(falls)).sum(axis=-1) / total
        return np.asarray(self.alpha * apart + (1.0 - self.alpha) * each.sum(axis=-1) + spread + 0.5, dtype=np.float64)

    def _between(self, p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
        """D(p : q) of distributions on the last axis."""
        if self.kind == "kl":
            return np.asarray(rel_entr(p, q).sum(axis=-1), dtype=np.float64)
        squares = (p - q) ** 2
        return np.asarray((squares / q if self.kind == "chi2" else squares).sum(axis=-1), dtype=np.float64)

    def _impurity(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """H, the entropy of distributions on the last axis, or their Gini index beside the two other divergences."""
        return np.asarray(entr(p).sum(axis=-1) if self.kind == "kl" else 1.0 - (p**2).sum(axis=-1), dtype=np.float64)
