"""Linear models: v(x, a) = g(x'β + α + γ a), an outer sum of the units' fixed part and the amounts' part through a link g.

g is the identity for least squares and its penalised kin, the inverse link of a generalised linear model, and the logistic
function for a binary logistic regression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.curves.curve import Curve, Unclear, as_double, rows_within

BLOCK = 2**19
"""Outcomes computed at once: 4 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearCurve:
    """Coefficients without the amount's (there 0), the amounts' contribution, the link's inverse."""

    coefficients: NDArray[np.float64]
    intercept: float
    steps: NDArray[np.float64]
    inverse: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None

    @property
    def rows(self) -> int:
        """Units at once."""
        return rows_within(BLOCK, self.steps.size)

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        fixed = as_double(inputs) @ self.coefficients + self.intercept
        predictor = fixed[:, None] + self.steps
        return predictor if self.inverse is None else self.inverse(predictor)


def linear_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a regressor whose predict is x'β + α."""
    return _curve(estimator, sample, column, None)


def logistic_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a binary classifier whose probability of class 1 is 1 / (1 + exp(−x'β − α))."""
    return _curve(estimator, sample, column, expit)


def generalised_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a generalised linear regressor, whose predict is the link's inverse of x'β + α."""
    return _curve(estimator, sample, column, estimator._base_loss.link.inverse)  # noqa: SLF001 — scikit-learn shows it nowhere else


def _curve(estimator: Any, sample: Any, column: int, inverse: Callable[..., NDArray[np.float64]] | None) -> Curve:
    seen = as_double(sample)
    coefficients = np.asarray(estimator.coef_, dtype=np.float64).ravel()
    intercept = np.asarray(estimator.intercept_, dtype=np.float64).ravel()
    if coefficients.size != seen.shape[1] or intercept.size != 1:
        raise Unclear("several outcomes")
    steps = seen[:, column] * coefficients[column]
    coefficients = coefficients.copy()
    coefficients[column] = 0.0
    return LinearCurve(coefficients=coefficients, intercept=float(intercept[0]), steps=steps, inverse=inverse)
