"""From a history to a trained network: what is learned from (`rows_of`), and a network that has learned it (`learned`)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from models.doses import Doses
from models.nets.network import Network
from models.nets.objective import Objective, balanced
from models.nets.rows import Rows
from models.nets.settings import Schedule, Shape, Trace
from models.nets.training import train
from models.observed import Observed


def rows_of(past: Observed, features: NDArray[np.float64], doses: Doses, outcome: NDArray[np.float64]) -> Rows:
    """What a network learns from.

    Parameters
    ----------
    past
        n units; their weights count beside those that balance the arms.
    features
        (n, p) prepared.
    doses
        How their amounts mix the heads.
    outcome
        (n,) standardised, or 0/1.
    """
    return Rows.of(
        features=features,
        mix=doses.mix(past.treatment),
        dose=doses.dose(past.treatment),
        treated=past.treated,
        outcome=outcome,
        weight=balanced(past.treated, past.weight),
    )


def learned(rows: Rows, shape: Shape, objective: Objective, schedule: Schedule, seed: int) -> tuple[Network, Trace]:
    """A new network, trained on these rows; equal seeds give equal bits."""
    generator = torch.Generator().manual_seed(seed)
    network = Network(shape, generator)
    return network, train(network, objective, [rows], schedule, generator)
