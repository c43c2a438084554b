"""One arm of a fitted network as an estimator of [Φ(x), d]: with x fixed, Φ(x) is a vector of constants and only d can move.

A ReLU network is piecewise linear, so that a solver can take it in (`pieces`). Where the dose is joined at every layer it is
carried along as one more unit: its weight into itself is 1, and a dose is not negative, so that ReLU leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.doses import HAIR
from models.heads import Floats, Heads, Layers

if TYPE_CHECKING:
    from torch.nn import Sequential


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A plain ReLU network of [Φ(x), d] that answers for doses above `lowest` and up to `highest`."""

    lowest: float
    highest: float
    layers: Layers

    def holds(self, doses: Floats) -> NDArray[np.bool_]:
        """Which of these doses it answers for: (n,)."""
        return (doses > self.lowest * (1.0 + HAIR)) & (doses <= self.highest * (1.0 + HAIR))

    def sequential(self) -> Sequential:
        """The same in torch: Linear and ReLU in turn, in double precision."""
        import torch  # noqa: PLC0415 — comes with an extra
        from torch import nn  # noqa: PLC0415

        steps: list[nn.Module] = []
        for weight, bias in self.layers:
            linear = nn.Linear(weight.shape[0], weight.shape[1], dtype=torch.float64, device="meta")
            linear.weight, linear.bias = (nn.Parameter(torch.from_numpy(value)) for value in (weight.T.copy(), bias))
            steps += [linear, nn.ReLU()]
        return nn.Sequential(*steps[:-1])


@dataclass(frozen=True, kw_only=True)
class Head:
    """The control head, or those for awards.

    Attributes
    ----------
    heads : all heads of the network.
    treated : whether it answers for awards.
    """

    heads: Heads
    treated: bool

    @property
    def takes_dose(self) -> bool:
        """Whether the dose is the last of its inputs."""
        return self.treated and self.heads.doses.kind != "none"

    def predict(self, inputs: Floats) -> Floats:
        """Expected outcome of n rows [Φ(x)] or [Φ(x), d]: (n,)."""
        doses = inputs[:, -1] if self.takes_dose else np.full(len(inputs), float(self.treated))
        phi = inputs[:, :-1] if self.takes_dose else inputs
        return self.heads.each(phi, doses * self.heads.doses.largest)

    @property
    def obstacle(self) -> str | None:
        """What it has that a piecewise linear model has not; None if it is one."""
        if self.heads.binary:
            return "outcome binary"
        if self.heads.activation != "relu":
            return f"activation {self.heads.activation}"
        return "dose varying" if self.heads.doses.kind == "varying" else None

    def pieces(self) -> list[Piece]:
        """A network for each stratum, whose answer is the outcome itself; only where there is no obstacle and a dose."""
        largest, highest = self.heads.doses.largest, self.heads.doses.highest
        edges = [*(edge / largest for edge in highest[:-1]), np.inf]
        return [
            Piece(lowest=edges[place], highest=edges[place + 1], layers=self._carrying(place + 1))
            for place in range(len(highest) - 1)
        ]

    def _carrying(self, head: int) -> Layers:
        *hidden, (weight, bias) = [(weights[head], biases[head]) for weights, biases in self.heads.layers]
        scale, mean = self.heads.scale, self.heads.mean
        carried = [(np.column_stack([layer, np.eye(len(layer))[-1]]), np.append(shift, 0.0)) for layer, shift in hidden]
        return [*carried, (weight * scale, bias * scale + mean)]
