"""Which parameters a network takes: published configurations by name, and what each parameter may be. Without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from models.base import ResponseError
from models.doses import KINDS

CHOICES = {
    "activation": ("elu", "relu", "tanh"),
    "outcome": ("auto", "continuous", "binary"),
    "dose": ("auto", *KINDS),
    "ipm": ("none", "mmd", "wasserstein"),
}
COUNTS = ("representation_width", "representation_layers", "head_width", "head_layers", "strata", "max_steps", "batch_size")
RANGES = {
    "alpha": (0.0, np.inf),
    "learning_rate": (1e-12, np.inf),
    "decay": (1e-12, 1.0),
    "l2": (0.0, np.inf),
    "validation": (0.0, 0.9),
}

IHDP: dict[str, Any] = {
    "representation_width": 200,
    "representation_layers": 3,
    "head_width": 100,
    "head_layers": 3,
    "activation": "elu",
    "dose": "none",
    "learning_rate": 1e-3,
    "decay": 0.97,
    "max_steps": 3_000,
    "batch_size": 100,
    "l2": 1e-4,
    "validation": 0.3,
    "patience": None,
}
PRESETS: dict[str, dict[str, Any]] = {
    "ihdp": IHDP,
    "ihdp-cfr-mmd": {**IHDP, "ipm": "mmd", "alpha": 1.0},
    "ihdp-cfr-wass": {**IHDP, "ipm": "wasserstein", "alpha": 1.0},
}
"""Published configurations; the weight of the CFR penalty was chosen for each data set there, and is 1 here."""


def check_parameters(parameters: Mapping[str, Any], where: str) -> None:
    """Refuse what a network cannot be built or trained with.

    Raises
    ------
    ResponseError
        If a parameter is not what it may be; the message says what that is.
    """
    for name, allowed in CHOICES.items():
        chosen(f"{where}.{name}", parameters[name], allowed)
    for name in COUNTS:
        _check_whole(f"{where}.{name}", parameters[name])
    if parameters["patience"] is not None:
        _check_whole(f"{where}.patience", parameters["patience"])
    for name, (least, most) in RANGES.items():
        value = parameters[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most or value == np.inf:
            raise ResponseError(f"{where}.{name}: must be a finite number from {least:g} to {most:g}, got {value!r}")


def chosen(where: str, name: Any, allowed: Iterable[str]) -> Any:
    """The name, if it is one of these.

    Raises
    ------
    ResponseError
        If it is not.
    """
    if name not in (known := list(allowed)):
        raise ResponseError(f"{where}: must be one of {', '.join(known)}, got {name!r}")
    return name


def _check_whole(where: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ResponseError(f"{where}: must be a whole number of at least 1, got {value!r}")
