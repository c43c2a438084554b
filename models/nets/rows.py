"""Units as one matrix, so that drawing a batch is one look-up: [features | mix | dose | treated | outcome | weight]."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """n units in float32.

    Attributes
    ----------
    table : (n, inputs + heads + 4).
    inputs : how many of its first columns are features.
    """

    table: Tensor
    inputs: int

    @classmethod
    def of(
        cls, *, features: Floats, mix: Floats, dose: Floats, treated: NDArray[np.bool_], outcome: Floats, weight: Floats
    ) -> Self:
        """From arrays of n rows: features (n, p), mix (n, heads), and (n,) each of the others."""
        table = np.column_stack([features, mix, dose, treated, outcome, weight]).astype(np.float32)
        return cls(torch.from_numpy(table), features.shape[1])

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: Tensor | slice) -> Rows:
        """These rows, in this order."""
        return Rows(self.table[rows], self.inputs)

    @property
    def features(self) -> Tensor:
        """(n, p) prepared."""
        return self.table[:, : self.inputs]

    @property
    def mix(self) -> Tensor:
        """(n, heads) share of each head."""
        return self.table[:, self.inputs : -4]

    @property
    def dose(self) -> Tensor:
        """(n, 1) amount as a share of the largest in history."""
        return self.table[:, -4:-3]

    @property
    def treated(self) -> Tensor:
        """(n,) who received something."""
        return self.table[:, -3] > 0

    @property
    def outcome(self) -> Tensor:
        """(n,) standardised, or 0/1."""
        return self.table[:, -2]

    @property
    def weight(self) -> Tensor:
        """(n,) how much each unit counts."""
        return self.table[:, -1]

    def split(self, share: float, generator: torch.Generator) -> tuple[Rows, Rows]:
        """Rows to learn from and rows held out, this share of each arm but never a whole one."""
        order = torch.randperm(len(self), generator=generator)
        treated = self.treated[order]
        held = torch.zeros(len(self), dtype=torch.bool)
        for arm in (order[treated], order[~treated]):
            held[arm[: int(share * len(arm))]] = True
        return self.take(order[~held[order]]), self.take(order[held[order]])

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Rows]:
        """Batches without end: the rows in a new order again and again; what is left of a lap is left out."""
        size = min(size, len(self))
        while True:
            lap = self.take(torch.randperm(len(self), generator=generator))
            for start in range(0, len(self) - size + 1, size):
                yield lap.take(slice(start, start + size))
