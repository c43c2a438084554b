"""What a network consists of, how it is trained, and how that went: plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a network consists of.

    Attributes
    ----------
    inputs : number of prepared features.
    representation, heads : widths of the hidden layers, first to last.
    mixed : number of heads, or of a spline's basis functions.
    joined : whether the dose is an input of every layer of the heads.
    spline : whether the heads are coefficients of a spline: all but the first then begin at 0, where the dose has no effect.
    activation : ``elu``, ``relu`` or ``tanh``.
    """

    inputs: int
    representation: tuple[int, ...]
    heads: tuple[int, ...]
    mixed: int = 2
    joined: bool = False
    spline: bool = False
    activation: str = "elu"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to learn; the defaults are the published ones (Shalit et al. 2017).

    Attributes
    ----------
    learning_rate, decay : of Adam; the rate is multiplied by decay every 100 steps.
    max_steps : steps at most, one batch each.
    batch_size : rows of a batch; all rows of a table that has fewer.
    l2 : weight of ½ ‖W‖² of the penalised parameters, biases left out.
    validation : share of each arm that is held out, 0 for none.
    patience : stop after so many steps without a smaller loss of the held-out; None to make all steps.
    clip : largest norm of the gradient; None to leave it.
    """

    learning_rate: float = 1e-3
    decay: float = 0.97
    max_steps: int = 3_000
    batch_size: int = 100
    l2: float = 1e-4
    validation: float = 0.3
    patience: int | None = None
    clip: float | None = None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """How training went.

    Attributes
    ----------
    steps : how many were made.
    best_step : after how many the weights were those kept.
    losses : (step, loss of the held-out units) at each look; empty if none were held out.
    """

    steps: int
    best_step: int
    losses: tuple[tuple[int, float], ...]
