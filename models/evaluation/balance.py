"""Are the arms alike? Standardised mean differences of each feature before and after weighting by 1/e (Austin 2009).

    d = (mean in the arm − mean without an award) / √((s_arm² + s_none²)/2)

The deviations are those before weighting in both, so that only means move. In a trial d is small by chance; in observational
history it should be small after weighting: |d| below 0.1 is usually called balanced. It says nothing of what was not recorded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError
from models.evaluation.rows import arms, chances, weights
from models.features import preparation


def balance(X: pd.DataFrame, arm: ArrayLike, propensity: ArrayLike, *, weight: ArrayLike | None = None) -> pd.DataFrame:
    """How far each arm is from that without an award, feature by feature.

    Parameters
    ----------
    X
        Features of n past units, as they were recorded; text has one row a category, what is missing counts as the median.
    arm
        (n,) the arm each unit was in, 0 for no award; all with units.
    propensity
        (n, arms) chance of each unit to be in each arm.
    weight
        (n,) how much each unit counts; None for equally.

    Returns
    -------
    One row a feature and arm above 0: `feature`, `arm`, `before`, `after`.

    Raises
    ------
    ResponseError
        If the tables do not fit together, an arm is empty, or a feature cannot be used.
    """
    n = len(X)
    given = np.asarray(propensity, dtype=np.float64)
    chance = chances(given, (n, given.shape[-1]), "balance, propensity")
    member = arms(arm, n, chance.shape[1], "balance, arm")
    counts = weights(weight, n, "balance, weight")
    inside = np.where(member[:, None] == np.arange(chance.shape[1]), counts[:, None], 0.0)
    if not inside.sum(axis=0).min() > 0:
        raise ResponseError(
            f"balance, arm: each arm must have units that count, got none in arm {int(inside.sum(axis=0).argmin())}; "
            "leave the arm out"
        )
    prepared = preparation("auto").fit(X)
    features = np.asarray(prepared.transform(X), dtype=np.float64)
    means = _means(features, inside)
    variances = np.maximum(_means(features**2, inside) - means**2, 0.0)
    spread = np.sqrt((variances[1:] + variances[:1]) / 2)
    before, after = (_apart(part, spread) for part in (means, _means(features, inside / chance)))
    names = list(prepared.feature_names_)
    return pd.DataFrame(
        {
            "feature": np.repeat(np.array(names, dtype=object), len(before)),
            "arm": np.tile(np.arange(1, len(before) + 1), len(names)),
            "before": before.T.ravel(),
            "after": after.T.ravel(),
        }
    )


def _means(features: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each feature in each arm: (arms, p)."""
    return np.asarray(inside.T @ features / inside.sum(axis=0)[:, None], dtype=np.float64)


def _apart(means: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardised distance of each arm from the first; 0 where a feature is one value throughout, infinite between two."""
    apart = means[1:] - means[:1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isclose(apart, 0.0, atol=1e-12), 0.0, apart / spread)
