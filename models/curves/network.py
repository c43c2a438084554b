"""Multilayer perceptrons: the first layer is affine, W'[x, a] + b = (W'x + b) + a w; its fixed part is computed once a unit.

The layers above have nothing to share between amounts; they see blocks of (unit, amount) pairs small enough for the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network._base import ACTIVATIONS

from models.curves.curve import Curve, Unclear, as_double, rows_within

ACTIVE = 2**15
"""Activations of a layer at once: 256 kB, which stay in the cache from one layer to the next."""

UNITS = 2**13
"""Units whose fixed part is computed at once."""

InPlace = Callable[[NDArray[np.float64]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCurve:
    """Weights (in, out) and biases of the layers, the first without its row for the amount (there 0), and that row apart."""

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    steps: NDArray[np.float64]
    hidden: InPlace
    last: InPlace

    @property
    def rows(self) -> int:
        """Units at once."""
        return rows_within(2**22, len(self.steps), UNITS)

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        fixed = as_double(inputs) @ self.weights[0] + self.biases[0]
        m = len(self.steps)
        values = np.empty((len(fixed), m))
        units = rows_within(ACTIVE, m * max(layer.shape[1] for layer in self.weights))
        # Fresh memory for every layer of every block would cost more than the arithmetic.
        layers = [np.empty((units * m, layer.shape[1])) for layer in self.weights]
        for start in range(0, len(fixed), units):
            some = fixed[start : start + units]
            values[start : start + units] = self._outcomes(some, [layer[: len(some) * m] for layer in layers])
        return values

    def _outcomes(self, fixed: NDArray[np.float64], layers: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Outcomes (units, m) of these units' fixed parts; the layers are overwritten."""
        shape = (len(fixed), *self.steps.shape)
        np.add(fixed[:, None, :], self.steps, out=layers[0].reshape(shape))
        for below, above, weights, bias in zip(layers, layers[1:], self.weights[1:], self.biases[1:], strict=False):
            self.hidden(below)
            np.matmul(below, weights, out=above)
            np.add(above, bias, out=above)
        self.last(layers[-1])
        return layers[-1].reshape(shape[:2])


def network_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of an MLPRegressor, or of an MLPClassifier of two classes.

    Raises
    ------
    Unclear
        If it has several outcomes.
    """
    seen = as_double(sample)[:, column]
    weights = tuple(np.asarray(layer, dtype=np.float64) for layer in estimator.coefs_)
    if weights[-1].shape[1] != 1 or estimator.out_activation_ == "softmax":
        raise Unclear("several outcomes")
    first = weights[0].copy()
    first[column] = 0.0
    return NetworkCurve(
        weights=(first, *weights[1:]),
        biases=tuple(np.asarray(bias, dtype=np.float64) for bias in estimator.intercepts_),
        steps=seen[:, None] * weights[0][column],
        hidden=ACTIVATIONS[estimator.activation],
        last=ACTIVATIONS[estimator.out_activation_],
    )
