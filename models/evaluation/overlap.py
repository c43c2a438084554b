"""Did everyone have a chance of every award? Propensities near 0 or 1, and how many units the weights 1/e leave to count.

What a unit would have done in an arm is learned from like units in that arm. Where e_j(x) is near 0 there are hardly any, and
few units with large weights speak for many. The effective sample size (Σw)²/Σw² says how many equally weighted units would tell
as much (Kish 1965). Crump et al. (2009) leave out what lies beyond 0.1 and 0.9; here nothing is left out, only counted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.order import ratio
from models.evaluation.rows import arms, chances, weights

LOW, HIGH = 0.05, 0.95
"""Chances below and above these are called extreme."""


def overlap(propensity: ArrayLike, arm: ArrayLike, *, weight: ArrayLike | None = None) -> pd.DataFrame:
    """How well the arms overlap.

    Parameters
    ----------
    propensity
        (n, arms) chance of each unit to be in each arm.
    arm
        (n,) the arm each unit was in.
    weight
        (n,) how much each unit counts; None for equally.

    Returns
    -------
    One row an arm: `arm`; `units` in it; `least` and `most`, the extreme chances of all units; `below` and `above`, the shares of
    all units whose chance lies below 0.05 and above 0.95; `effective`, the effective size of the arm weighted by 1/e; `heaviest`,
    the largest share that one of its units has in that weight. The last two are nan for an empty arm.

    Raises
    ------
    ResponseError
        If the tables do not fit together, or a chance is not above 0.
    """
    given = np.asarray(propensity, dtype=np.float64)
    chance = chances(given, (np.size(arm), given.shape[-1]), "overlap, propensity")
    n, kinds = chance.shape
    member, counts = arms(arm, n, kinds, "overlap, arm"), weights(weight, n, "overlap, weight")
    shares = counts / counts.sum()
    inverse = np.where(member[:, None] == np.arange(kinds), counts[:, None] / chance, 0.0)
    total = inverse.sum(axis=0)
    return pd.DataFrame(
        {
            "arm": np.arange(kinds),
            "units": np.bincount(member, minlength=kinds),
            "least": chance.min(axis=0),
            "most": chance.max(axis=0),
            "below": shares @ (chance < LOW),
            "above": shares @ (chance > HIGH),
            "effective": ratio(total**2, (inverse**2).sum(axis=0), np.nan),
            "heaviest": ratio(inverse.max(axis=0), total, np.nan),
        }
    )
