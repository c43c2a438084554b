"""A fitted network's heads without torch: at one amount they are a plain network of Φ(x), in double precision.

    W(a) = Σ_h m_h(a) W_h,   b(a) = Σ_h m_h(a) (b_h + d w_h),   [W_h; w_h] the weights of [z, d]

so that a response asks for Φ once a unit, and for small layers once an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.doses import Doses

BLOCK = 1 << 21
"""Numbers of a hidden layer that are held at once: 16 MB."""

Floats = NDArray[np.float64]
Layers = list[tuple[Floats, Floats]]
"""Weights (inputs, outputs) and biases (outputs,) of one layer after the other."""


def activated(name: str, z: Floats) -> Floats:
    """σ(z) by name, in place."""
    if name == "relu":
        return np.maximum(z, 0.0, out=z)
    if name == "tanh":
        return np.tanh(z, out=z)
    below = np.expm1(np.minimum(z, 0.0))
    return np.add(np.maximum(z, 0.0, out=z), below, out=z)


def layers_of(weights: Mapping[str, Floats], part: str) -> Layers:
    """The layers called part.0, part.1, …."""
    names = takewhile(lambda name: f"{name}.weight" in weights, (f"{part}.{place}" for place in count()))
    return [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]


def through(layers: Layers, activation: str, z: Floats) -> Floats:
    """Each layer in turn with the activation behind it."""
    for weight, bias in layers:
        z = activated(activation, z @ weight + bias)
    return z


@dataclass(frozen=True, kw_only=True)
class Heads:
    """All heads of a network.

    Attributes
    ----------
    layers : weights (heads, inputs, outputs) and biases (heads, outputs) of each layer.
    activation : σ.
    doses : how amounts mix the heads.
    binary : whether what they say is the logit of a probability.
    mean, scale : the outcome is mean + scale · what they say, if not binary.
    """

    layers: Layers
    activation: str
    doses: Doses
    binary: bool
    mean: float = 0.0
    scale: float = 1.0

    def at(self, amount: float) -> Layers:
        """The plain network that the heads are at one amount."""
        seen = np.array([amount])
        mix, dose = self.doses.mix(seen)[0], self.doses.dose(seen)[0]
        mixed = [(np.tensordot(mix, weight, 1), mix @ bias) for weight, bias in self.layers]
        return [(weight[:-1], bias + dose * weight[-1]) for weight, bias in mixed] if self.doses.joined else mixed

    def curves(self, phi: Floats, amounts: Floats) -> Floats:
        """Expected outcome of n units with representation (n, width) at each of m amounts: (n, m)."""
        values = np.empty((len(phi), amounts.size))
        for column, amount in enumerate(amounts.tolist()):
            *hidden, (weight, bias) = self.at(amount)
            values[:, column] = (through(hidden, self.activation, phi) @ weight + bias)[:, 0]
        return self._outcome(values)

    def each(self, phi: Floats, amounts: Floats) -> Floats:
        """Expected outcome of n units, each at its own amount: (n,)."""
        mix, dose = self.doses.mix(amounts), self.doses.dose(amounts)
        z, last = phi, len(self.layers) - 1
        for place, (weight, bias) in enumerate(self.layers):
            inputs = np.column_stack([z, dose]) if self.doses.joined else z
            z = (mix[:, :, None] * inputs[:, None, :]).reshape(len(inputs), -1) @ weight.reshape(-1, weight.shape[2]) + mix @ bias
            z = z if place == last else activated(self.activation, z)
        return self._outcome(z[:, 0])

    def _outcome(self, said: Floats) -> Floats:
        return np.asarray(expit(said) if self.binary else self.mean + self.scale * said, dtype=np.float64)
