"""The objective where it is not the expected outcome: a cautious one, in which outcomes count as low as they may well be.

    maximise Σ_i (a lower quantile, or mean − k · sd, of v_ik over an ensemble of the model)

Whatever is maximised, the outcomes that limits and reports speak of stay expectations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.curves import Curves

Caution = Literal["lower", "mean_minus_sd"]

MEDIAN = 0.5
"""A quantile above it would be daring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is maximised.

    Attributes
    ----------
    caution : ``lower``, a quantile of each response over the ensemble, or ``mean_minus_sd``, its mean less k standard deviations.
    figure : the quantile, from 0 to 0.5, or k, at least 0.

    Raises
    ------
    ValueError
        If there is no such caution, or the figure is not one it may have.
    """

    caution: Caution
    figure: float

    def __post_init__(self) -> None:
        if self.caution not in get_args(Caution):
            raise ValueError(f"objective: must be one of {', '.join(get_args(Caution))}, got {self.caution!r}")
        most = MEDIAN if self.caution == "lower" else np.inf
        if isinstance(self.figure, bool) or not isinstance(self.figure, int | float) or not 0 <= self.figure <= most:
            must = "a quantile from 0 to 0.5" if self.caution == "lower" else "a number of at least 0"
            raise ValueError(f"objective.{self.caution}: must be {must}, got {self.figure!r}")

    @property
    def words(self) -> str:
        """What counts: "the 10 % quantile of each response"."""
        if self.caution == "lower":
            return f"the {100 * self.figure:g} % quantile of each response"
        return f"the mean less {self.figure:g} standard deviations of each response"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aimed:
    """The curves, aimed at what the objective counts.

    Attributes
    ----------
    curves : their aims are the cautious outcomes.
    predict : the ensemble's own cautious outcome of each unit at the amount given for it.
    """

    objective: Objective
    curves: Curves
    predict: Callable[[NDArray[np.int64]], NDArray[np.float64]]
