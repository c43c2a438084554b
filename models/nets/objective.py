"""What TARNet and CFR minimise on a batch (Shalit 2017, eq. 3): (1/n) Σ w_i ℓ(said_i, y_i) + α · IPM(Φ_treated, Φ_control).

ℓ is the squared error of a standardised outcome, or the cross-entropy of a 0/1 outcome whose heads end in a sigmoid. With
u the share of the treated, w_i = t_i/(2u) + (1 − t_i)/(2(1 − u)) lets both arms count alike (`balanced`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.nets.ipm import between_arms
from models.nets.network import Network
from models.nets.rows import Rows


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss for `training.train` with one table.

    Attributes
    ----------
    binary : whether the outcome is 0/1.
    ipm : a key of `ipm.IPMS`, or none.
    alpha : its weight.
    """

    binary: bool
    ipm: str = "none"
    alpha: float = 0.0

    def __call__(self, network: Network, rows: Rows) -> Tensor:
        """The objective on these rows."""
        phi = network.represent(rows.features)
        error = factual(network.answer(phi, rows.mix, rows.dose), rows, binary=self.binary)
        if self.ipm == "none" or not self.alpha:
            return error
        return error + self.alpha * between_arms(phi, rows.treated, self.ipm)


def factual(said: Tensor, rows: Rows, *, binary: bool) -> Tensor:
    """Weighted mean error of what the heads said of the amounts received."""
    if binary:
        return functional.binary_cross_entropy_with_logits(said, rows.outcome, weight=rows.weight)
    return (rows.weight * (said - rows.outcome).square()).mean()


def balanced(treated: NDArray[np.bool_], weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Weights (n,) under which both arms count alike, times the units' own at mean 1."""
    own = np.ones(treated.size) if weight is None else weight / weight.mean()
    share = float(np.average(treated, weights=own))
    return np.asarray(own * np.where(treated, 0.5 / share, 0.5 / (1.0 - share)), dtype=np.float64)
