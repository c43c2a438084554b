"""The network: a representation Φ shared by all, and heads that a unit's amount mixes (Shalit, Johansson, Sontag 2017).

    Φ(x) = σ(… σ(x W + b) …),    a head's layer: z ← σ( Σ_h m_h(a) · ([z, d] W_h + b_h) ),    the last one without σ

What m is makes the kind (`models.doses`): the indicator of the arm (TARNet), that of the award's stratum, with the dose d
joined at every layer (DRNet: Schwab et al. 2020), or a spline's basis at the dose (VCNet: Nie et al. 2021).

To go on with what another network has learned: `Network(shape).load(weights)`, then `training.train` with other rows and those
`trainable` parts that are to change. Parameters: ``representation.0.weight`` (in, out), ``heads.1.bias`` (heads, out), ….
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.nets.settings import Shape

ACTIVATIONS = {"elu": functional.elu, "relu": torch.relu, "tanh": torch.tanh}
GAINS = {"elu": 0.25, "relu": 0.5, "tanh": 0.25}
"""Standard deviation of a first weight times √inputs: a quarter to a third of what keeps signals of one size (He et al. 2015).

A network that begins nearly constant stays smooth for longer: it finds what is simple before it learns single units by heart.
"""

Weights = dict[str, NDArray[np.float64]]
"""A network as arrays by parameter name."""


class Dense(nn.Module):
    """z W + b."""

    def __init__(self, inputs: int, outputs: int, gain: float, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs, generator=generator) * (gain / math.sqrt(inputs)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, z: Tensor) -> Tensor:
        """(n, inputs) → (n, outputs)."""
        return torch.addmm(self.bias, z, self.weight)


class Mixed(nn.Module):
    """Σ_h m_h (z W_h + b_h), as one product (m ⊗ z) W."""

    def __init__(self, size: tuple[int, int, int], gain: float, generator: torch.Generator, *, spline: bool) -> None:
        super().__init__()
        heads, inputs, outputs = size
        first = torch.randn(*size, generator=generator) * (gain / math.sqrt(inputs))
        if spline:
            first[1:] = 0.0
        self.weight = nn.Parameter(first)
        self.bias = nn.Parameter(torch.zeros(heads, outputs))

    def forward(self, z: Tensor, mix: Tensor) -> Tensor:
        """(n, inputs) and (n, heads) → (n, outputs)."""
        outer = (mix.unsqueeze(2) * z.unsqueeze(1)).flatten(1)
        return torch.addmm(mix @ self.bias, outer, self.weight.flatten(0, 1))


class Network(nn.Module):
    """Representation and heads in float32.

    Parameters
    ----------
    shape
        What it consists of.
    generator
        Source of the first weights; seeded with 0 if there is none.
    """

    def __init__(self, shape: Shape, generator: torch.Generator | None = None) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(0) if generator is None else generator
        self.shape, self.activate, gain = shape, ACTIVATIONS[shape.activation], GAINS[shape.activation]
        widths = (shape.inputs, *shape.representation)
        self.representation = nn.ModuleList(Dense(i, o, gain, source) for i, o in pairwise(widths))
        widths, joined = (widths[-1], *shape.heads), int(shape.joined)
        sizes = [*((shape.mixed, i + joined, o) for i, o in pairwise(widths)), (shape.mixed, widths[-1] + joined, 1)]
        self.heads = nn.ModuleList(Mixed(size, gain, source, spline=shape.spline) for size in sizes)

    def represent(self, features: Tensor) -> Tensor:
        """Φ of n units: (n, width)."""
        z = features
        for layer in self.representation:
            z = self.activate(layer(z))
        return z

    def answer(self, phi: Tensor, mix: Tensor, dose: Tensor) -> Tensor:
        """What the heads say, before a sigmoid if there is one: (n,).

        Parameters
        ----------
        phi
            (n, width) representation.
        mix
            (n, mixed) share of each head.
        dose
            (n, 1) the amount as a share of the largest in history.
        """
        z, last = phi, len(self.heads) - 1
        for place, layer in enumerate(self.heads):
            z = layer(torch.cat([z, dose], dim=1) if self.shape.joined else z, mix)
            if place < last:
                z = self.activate(z)
        return z.squeeze(1)

    def weights(self) -> Weights:
        """A copy of all parameters as float64 arrays by name."""
        return {name: value.detach().numpy().astype(np.float64) for name, value in self.named_parameters()}

    def load(self, weights: Mapping[str, NDArray[np.float64]]) -> Self:
        """Take these values; names and shapes must be this network's."""
        self.load_state_dict({name: torch.from_numpy(np.asarray(value, dtype=np.float32)) for name, value in weights.items()})
        return self
