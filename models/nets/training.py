"""One loop trains every network: mini-batches, Adam with exponential decay, the best weights on held-out units kept.

    θ ← argmin  loss(network, batch, …) + ½ l2 Σ_penalised ‖W‖²,     learning rate · decay^⌊step / 100⌋

What is trained is chosen by name (`trainable`), what for is the `loss`, and on what the `tables`: a batch of each goes to the
loss, so that it may compare two populations. Nothing but the given generator is random, and one thread computes, so that equal
seeds give equal bits whatever the number of cores. Adam: Kingma and Ba (2015).

To fine-tune a network on other rows: ``train(network, objective, [rows], schedule, generator, trainable=["heads"])``; with
``trainable=["representation.2", "heads"]`` the first two layers of the representation stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from models.base import ResponseError
from models.nets.network import Network
from models.nets.rows import Rows
from models.nets.settings import Schedule, Trace

DECAY_EVERY = 100
"""Steps between two changes of the learning rate."""

CHECK_EVERY = 50
"""Steps between two looks at the held-out units."""

PARTS = ("representation", "heads")
"""All a network consists of."""

Loss = Callable[..., Tensor]
"""loss(network, rows, …) → a scalar; the rows are a batch of each table, or what is held out of each."""


def train(
    network: Network,
    loss: Loss,
    tables: Sequence[Rows],
    schedule: Schedule,
    generator: torch.Generator,
    *,
    trainable: Sequence[str] = PARTS,
    penalised: Sequence[str] = ("heads",),
) -> Trace:
    """Train a network in place.

    Parameters
    ----------
    loss
        What is to become small.
    tables
        What batches are drawn from, each with its own held-out units.
    generator
        Source of the split and of the batches.
    trainable, penalised
        How names of parameters begin, in whole parts between the dots; what is not trainable stays as it is.

    Raises
    ------
    ResponseError
        If no parameter's name begins so, or the loss is not finite.
    """
    with _one_thread(), _only(network, trainable) as parameters:
        learning, held = zip(*(rows.split(schedule.validation, generator) for rows in tables), strict=True)
        drawn = [rows.batches(schedule.batch_size, generator) for rows in learning]
        adam = _adam(network, schedule, penalised)
        best = _Best(network, loss, held if all(map(len, held)) else ())
        step = 0
        while step < schedule.max_steps:
            if step % CHECK_EVERY == 0 and best.unchanged_since(step) >= (schedule.patience or math.inf):
                break
            _set_rate(adam, schedule.learning_rate * schedule.decay ** (step // DECAY_EVERY))
            adam.zero_grad(set_to_none=True)
            torch.autograd.backward(loss(network, *map(next, drawn)))
            if schedule.clip is not None:
                nn.utils.clip_grad_norm_(parameters, schedule.clip)
            adam.step()
            step += 1
        return best.restored(step)


class _Best:
    """The weights whose loss on the held-out units was smallest; the last ones if none are held out."""

    def __init__(self, network: Network, loss: Loss, held: Sequence[Rows]) -> None:
        self.network, self.loss, self.held = network, loss, held
        self.losses: list[tuple[int, float]] = []
        self.smallest, self.step = math.inf, 0
        self.kept: dict[str, Tensor] = {}

    def unchanged_since(self, step: int) -> int:
        """Look at the held-out units; for how many steps nothing has been better."""
        if not self.held:
            return 0
        with torch.no_grad():
            seen = _finite(self.loss(self.network, *self.held), step)
        self.losses.append((step, seen))
        if seen < self.smallest:
            self.smallest, self.step = seen, step
            self.kept = {name: value.detach().clone() for name, value in self.network.named_parameters()}
        return step - self.step

    def restored(self, steps: int) -> Trace:
        """After the last step: the best weights put back."""
        if not self.losses or self.losses[-1][0] < steps:
            self.unchanged_since(steps)
        if self.held:
            self.network.load_state_dict(self.kept)
            return Trace(steps=steps, best_step=self.step, losses=tuple(self.losses))
        for value in self.network.parameters():
            _finite(value.detach().sum(), steps)
        return Trace(steps=steps, best_step=steps, losses=())


def named(network: Network, beginnings: Sequence[str]) -> dict[str, nn.Parameter]:
    """Parameters whose names begin with one of these, in whole parts between the dots.

    Raises
    ------
    ResponseError
        If a beginning fits none.
    """
    everything = dict(network.named_parameters())
    for beginning in beginnings:
        if not any(_begins(name, beginning) for name in everything):
            raise ResponseError(f"trainable: must begin a parameter's name, got {beginning!r}; there are {', '.join(everything)}")
    return {name: value for name, value in everything.items() if any(_begins(name, beginning) for beginning in beginnings)}


def _begins(name: str, beginning: str) -> bool:
    return f"{name}.".startswith(f"{beginning}.")


def _adam(network: Network, schedule: Schedule, penalised: Sequence[str]) -> torch.optim.Adam:
    shrunk = {name for name in named(network, penalised) if name.endswith("weight")} if schedule.l2 else set()
    trained = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    groups = [
        {"params": [value for name, value in trained if (name in shrunk) is penalty], "weight_decay": schedule.l2 * penalty}
        for penalty in (False, True)
    ]
    # Adam's weight decay adds l2·W to the gradient, which is that of ½ l2 ‖W‖².
    return torch.optim.Adam([group for group in groups if group["params"]], lr=schedule.learning_rate, fused=True)


def _set_rate(adam: torch.optim.Adam, rate: float) -> None:
    for group in adam.param_groups:
        group["lr"] = rate


def _finite(value: Tensor, step: int) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ResponseError(f"training: the loss must stay finite, got {number} at step {step}; lower the learning_rate")
    return number


@contextmanager
def _only(network: Network, trainable: Sequence[str]) -> Iterator[list[nn.Parameter]]:
    """Nothing but these parameters asks for gradients meanwhile."""
    chosen = named(network, trainable)
    for name, value in network.named_parameters():
        value.requires_grad_(name in chosen)
    try:
        yield list(chosen.values())
    finally:
        network.requires_grad_(True)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
