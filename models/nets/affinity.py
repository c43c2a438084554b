"""How far a task lies from the one a network has learned: CITA (Aloui, Dong, Le, Tarokh 2023).

    F = diag mean_i w_i (∂ℓ_i/∂θ)², tr F = 1;      d = min over labels of the arms ‖F_ss^½ − F_st^½‖_F / √2, in [0, 1]

F_ss is the Fisher matrix of the source's network on the source's units, F_st on the target's, w lets both arms count alike.
What is called treated in one task may be called control in another: the target's arms are taken in the order that lies nearer.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from models.nets.network import Network
from models.nets.rows import Rows

MOST = 2_000
"""Units of a task that are looked at, the first ones: a mean over more is no other."""

CHUNK = 250
"""Units whose gradients are held at once."""


def distance(network: Network, source: Rows, target: Rows, *, binary: bool) -> float:
    """Task affinity of a target to the source a network has learned: 0 for the same task, at most 1.

    Parameters
    ----------
    network
        Fitted on the source; two heads.
    source, target
        Units in the network's features, arms and outcome units.
    binary
        Whether the network's outcome is 0/1.
    """
    own = fisher(network, source, binary=binary)
    arms = torch.tensor([1, 0])
    theirs = [fisher(network, target, binary=binary), fisher(network, target, binary=binary, arms=arms)]
    return float(min(np.linalg.norm(np.sqrt(own) - np.sqrt(other)) for other in theirs) / np.sqrt(2.0))


def fisher(network: Network, rows: Rows, *, binary: bool, arms: Tensor | None = None) -> NDArray[np.float64]:
    """The diagonal of a network's Fisher matrix on these units, of sum 1: (parameters,).

    Parameters
    ----------
    arms
        Which head each arm is given to; by default its own.
    """
    parameters = {name: value.detach() for name, value in network.named_parameters()}

    def error(values: dict[str, Tensor], features: Tensor, mix: Tensor, dose: Tensor, outcome: Tensor) -> Tensor:
        named = {f"network.{name}": value for name, value in values.items()}
        said: Tensor = functional_call(_Answer(network), named, (features, mix, dose))
        if binary:
            return functional.binary_cross_entropy_with_logits(said, outcome)
        return 0.5 * (said - outcome).square()

    each = vmap(grad(error), in_dims=(None, 0, 0, 0, 0))
    rows = rows.take(slice(0, MOST))
    total = {name: torch.zeros_like(value, dtype=torch.float64) for name, value in parameters.items()}
    for start in range(0, len(rows), CHUNK):
        part = rows.take(slice(start, start + CHUNK))
        mix = part.mix if arms is None else part.mix[:, arms]
        gradients = each(parameters, part.features, mix, part.dose, part.outcome)
        for name, value in gradients.items():
            total[name] += torch.tensordot(part.weight.double(), value.double().square(), dims=1)
    diagonal = torch.cat([value.flatten() for value in total.values()]).numpy()
    return np.asarray(diagonal / diagonal.sum(), dtype=np.float64)


class _Answer(torch.nn.Module):
    """What a network says of one unit."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, mix: Tensor, dose: Tensor) -> Tensor:
        """Features (p,), mix (heads,) and dose (1,) → a scalar."""
        phi = self.network.represent(features[None])
        return self.network.answer(phi, mix[None], dose[None]).squeeze(0)
