"""How what a source's network has learned is carried to a target: what is begun with, what may change, and for how long.

The network that comes of it has the source's preparation, so that both mean the same by a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.base import clone

from models.base import ResponseError
from models.nets.settings import Schedule
from models.observed import Observed
from models.tarnet import TARNet

if TYPE_CHECKING:
    from models.nets.network import Network

DECAY, BATCH = 0.5, 100
"""Of the learning rate every 100 steps, and rows of a batch: after 200 steps the rate has come to rest."""


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """A source's network, and how it is carried to a target; parameters as in `TLTARNet`."""

    source: TARNet
    strategy: str
    freeze: str | int
    shrink: float
    together: float
    anchor: float
    learning_rate: float
    max_steps: int
    seed: int

    def begin(self, past: Observed, history: Observed) -> tuple[Network, list[str]]:
        """The network that fine-tuning begins with, and what it may change.

        Aligning representations sees no outcome, so that one serves all parts of a target.

        Raises
        ------
        ResponseError
            If there are not so many layers to freeze, or none is left to align.
        """
        trainable = self._trainable()
        if self.strategy == "finetune":
            return self.source.network(), trainable
        network = self.source.network()
        from models.nets.transfer import aligned  # noqa: PLC0415 — torch comes with an extra

        tables = self.source.rows(past), self.source.rows(history)
        return aligned(*tables, network, self._schedule(), trainable[:-1], self.seed), ["heads"]

    def alone(self, past: Observed) -> TARNet:
        """A network of these units alone."""
        from models.nets.objective import Objective  # noqa: PLC0415
        from models.nets.transfer import alone  # noqa: PLC0415

        rows, objective = self.source.rows(past), Objective(binary=self.source.binary_)
        return like(self.source).keep(*alone(rows, self.source.shape(), objective, self._schedule(), self.together, self.seed))

    def tuned(self, past: Observed, network: Network, trainable: list[str]) -> TARNet:
        """A network that these units have moved from where it began."""
        from models.nets.objective import Objective  # noqa: PLC0415
        from models.nets.transfer import finetuned  # noqa: PLC0415

        rows, objective = self.source.rows(past), Objective(binary=self.source.binary_)
        return like(self.source).keep(*finetuned(rows, network, objective, self._schedule(), self.anchor, trainable, self.seed))

    def between(self, transferred: TARNet, share: float) -> TARNet:
        """The network this share of the way from the source's to a transferred one."""
        network, begin, end = like(transferred), self.source.weights_, transferred.weights_
        network.weights_ = {name: begin[name] + share * (end[name] - begin[name]) for name in end}
        return network

    def _schedule(self) -> Schedule:
        return Schedule(
            learning_rate=self.learning_rate,
            decay=DECAY,
            max_steps=self.max_steps,
            batch_size=BATCH,
            l2=self.shrink,
            validation=0.0,
        )

    def _trainable(self) -> list[str]:
        layers = len(self.source.shape().representation)
        frozen = 0 if self.freeze == "none" else layers if self.freeze == "representation" else self.freeze
        if isinstance(frozen, bool) or not isinstance(frozen, int) or not 0 <= frozen <= layers:
            raise ResponseError(
                f"TLTARNet.freeze: must be none, representation or how many of its {layers} layers, got {self.freeze!r}"
            )
        if frozen == layers and self.strategy == "two_phase":
            raise ResponseError("TLTARNet.freeze: two_phase adapts the representation, got all of it frozen; freeze fewer layers")
        return [*(f"representation.{layer}" for layer in range(frozen, layers)), "heads"]


def like(network: TARNet) -> TARNet:
    """A network with another's preparation and units, still without weights."""
    other: TARNet = clone(network)
    for name in ("preparation_", "imputed_", "feature_names_", "doses_", "binary_", "outcome_mean_", "outcome_scale_"):
        setattr(other, name, getattr(network, name))
    return other
