"""Networks of a small history, alone or with what another network has learned.

    alone        θ ← argmin E(θ) + shrink/(2n) ‖W‖² + together/n ‖h_1 − h_0‖²,      both heads begin equal
    fine-tuned   θ ← argmin E(θ) + anchor/n ‖θ − θ_source‖²                                begins at θ_source
    two phases   (1) Φ ← argmin W(Φ_t¹, Φ_s¹) + W(Φ_t⁰, Φ_s⁰) + W(Φ_t⁰, Φ_t¹),  (2) heads fine-tuned on MSE_0 + MSE_1

E is the factual error in which both arms count alike, n the number of rows: the penalties count like that many rows, so that
they fade as history grows. Heads drawn together: Curth and van der Schaar (2021, the soft approach); weights drawn to those of a
source: Li, Grandvalet and Davoine (2018, L2-SP); two phases: Aydin and Brandt (2025), W a Wasserstein distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.nets.ipm import MOST, wasserstein
from models.nets.network import Network, Weights
from models.nets.objective import Objective
from models.nets.rows import Rows
from models.nets.settings import Schedule, Shape, Trace
from models.nets.training import PARTS, named, train

CLIP = 1.0
"""Largest norm of the gradient while an encoder is adapted, as published."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """The factual error, and the squared distance of the heads' parameters, times `strength`: an effect needs evidence."""

    objective: Objective
    strength: float

    def __call__(self, network: Network, rows: Rows) -> Tensor:
        """The loss on these rows."""
        treated, control = (flat(value[arm] for value in _heads(network)) for arm in (1, 0))
        return self.objective(network, rows) + self.strength * (treated - control).square().sum()


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """The factual error, and the squared distance of parameters that move from where they began, times `strength`."""

    objective: Objective
    origin: Tensor
    strength: float

    def __call__(self, network: Network, rows: Rows) -> Tensor:
        """The loss on these rows."""
        moved = flat(value for value in network.parameters() if value.requires_grad) - self.origin
        return self.objective(network, rows) + self.strength * moved.square().sum()


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How far the arms' representations lie from those of the source's arms, which stay, and from one another."""

    source: Network

    def __call__(self, network: Network, target: Rows, source: Rows) -> Tensor:
        """The loss on a batch of each."""
        phi = network.represent(target.features)
        with torch.no_grad():
            theirs = self.source.represent(source.features)
        treated, controls = phi[target.treated], phi[~target.treated]
        pairs = [(treated, theirs[source.treated]), (controls, theirs[~source.treated]), (controls, treated)]
        return torch.stack([wasserstein(x[:MOST], y[:MOST]) for x, y in pairs if len(x) and len(y)]).sum()


def alone(
    rows: Rows, shape: Shape, objective: Objective, schedule: Schedule, together: float, seed: int
) -> tuple[Network, Trace]:
    """A new network of these rows; `schedule.l2` and `together` are in rows."""
    generator = torch.Generator().manual_seed(seed)
    network = Network(shape, generator)
    with torch.no_grad():
        for value in _heads(network):
            value[1] = value[0]
    loss = Together(objective=objective, strength=together / len(rows))
    return network, train(network, loss, [rows], replace(schedule, l2=schedule.l2 / len(rows)), generator, penalised=PARTS)


def finetuned(
    rows: Rows, begin: Network, objective: Objective, schedule: Schedule, anchor: float, trainable: Sequence[str], seed: int
) -> tuple[Network, Trace]:
    """A copy of a network, trained on these rows; `anchor` is in rows, and the schedule's l2 is left aside."""
    generator = torch.Generator().manual_seed(seed)
    network = copy(begin)
    origin = flat(value.detach() for value in named(network, trainable).values())
    loss = Anchored(objective=objective, origin=origin, strength=anchor / len(rows))
    return network, train(network, loss, [rows], replace(schedule, l2=0.0), generator, trainable=trainable)


def aligned(rows: Rows, source_rows: Rows, source: Network, schedule: Schedule, trainable: Sequence[str], seed: int) -> Network:
    """A copy of the source's network whose representation of these rows resembles that of the source's rows."""
    generator = torch.Generator().manual_seed(seed)
    network = copy(source)
    settings = replace(schedule, l2=0.0, clip=CLIP)
    train(network, Alignment(source=copy(source)), [rows, source_rows], settings, generator, trainable=trainable)
    return network


def copy(network: Network) -> Network:
    """Another network of the same weights."""
    weights: Weights = network.weights()
    return Network(network.shape).load(weights)


def flat(values: Iterable[Tensor]) -> Tensor:
    """All numbers in a row."""
    return torch.cat([value.flatten() for value in values])


def _heads(network: Network) -> list[Tensor]:
    """Weights (heads, inputs, outputs) and biases (heads, outputs) of each layer of the heads."""
    return [value for name, value in network.named_parameters() if name.startswith("heads.")]
