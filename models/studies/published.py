"""What two simulation studies of transferred TARNets reported: Aydin and Brandt (2025), arXiv 2512.16489.

All errors are mean squared PEHE, mean (τ̂(x) − τ(x))² over units and replications, not rooted. NaN is what was not reported.
Their figures without transfer are about those of two least-squares models, one an arm.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NONE = np.nan

STUDY_1_SIZES = (50, 100, 250, 500, 1000)
"""Rows of a target."""

_STUDY_1 = {
    (1_000, "confounded"): [(0.374, 2.123), (0.473, 1.201), (0.451, 1.037)],
    (1_000, "randomised"): [(0.379, 1.375), (0.435, 0.472), (0.422, 0.173)],
    (5_000, "confounded"): [(0.163, 2.112), (0.166, 1.143), (0.193, 0.985), (NONE, 0.882)],
    (5_000, "randomised"): [(0.129, 1.261), (0.141, 0.435), (0.191, 0.161), (0.178, 0.079)],
    (10_000, "confounded"): [(0.048, 2.044), (0.059, 1.129), (0.088, 0.819), (0.159, 0.754), (0.349, 0.755)],
    (10_000, "randomised"): [(0.049, 1.266), (0.067, 0.480), (0.073, 0.152), (0.077, 0.075), (0.085, 0.034)],
    (20_000, "confounded"): [(0.089, 1.873), (0.083, 1.065), (0.085, 0.805), (0.119, 0.727), (0.236, 0.700)],
    (20_000, "randomised"): [(0.096, 1.174), (0.112, 0.448), (0.057, 0.146), (0.127, 0.070), (0.150, 0.034)],
    (30_000, "confounded"): [(0.031, 1.759), (0.038, 1.154), (0.068, 0.848), (0.126, 0.775)],
    (30_000, "randomised"): [(0.025, 1.099), (0.028, 0.461), (0.038, 0.140), (0.048, 0.076)],
}
"""(source rows, target) → with and without transfer, for targets of `STUDY_1_SIZES` rows."""

_STUDY_1_EFFECTS_OF = 10_000
_STUDY_1_EFFECTS = [(1.03, 1.91), (1.07, 1.84), (1.16, 1.83), (1.29, 1.84), (1.36, 1.85)]
"""Mean effect found with and without transfer, source of 10 000, confounded target; the truth is 1."""

_STUDY_2 = {
    ("covariate", 0.0, "randomised"): (0.277, 1.98, 0.242),
    ("covariate", 1.0, "randomised"): (0.889, 6.56, 1.71),
    ("effect", 1.0, "randomised"): (0.98, 2.74, 1.26),
    ("prognostic", 1.0, "randomised"): (0.304, 2.32, 0.226),
    ("covariate", 0.0, "confounded"): (0.291, 3.55, 0.235),
    ("covariate", 1.0, "confounded"): (0.794, 7.33, 1.52),
}
"""(shift, level, target) → with transfer, target only, source only. Level 0 is no shift at all."""

STUDY_2_SOURCE, STUDY_2_SIZE = 5_000, 100
"""Rows of the source and of the target the reported cells of study 2 have."""


def study_1() -> pd.DataFrame:
    """One row a reported cell: source, target, n, published_transfer, published_target, and the mean effects where reported."""
    rows = [
        {"source": source, "target": target, "n": n, "published_transfer": transfer, "published_target": without}
        for (source, target), figures in _STUDY_1.items()
        for n, (transfer, without) in zip(STUDY_1_SIZES, figures, strict=False)
    ]
    table = pd.DataFrame(rows)
    table[["published_effect_transfer", "published_effect_target"]] = np.nan
    reported = (table.source == _STUDY_1_EFFECTS_OF) & (table.target == "confounded")
    table.loc[reported, ["published_effect_transfer", "published_effect_target"]] = np.array(_STUDY_1_EFFECTS)
    return table


def study_2() -> pd.DataFrame:
    """One row a reported cell: source, shift, level, target, n, published_transfer, published_target, published_source."""
    rows = [
        {
            "source": STUDY_2_SOURCE,
            "shift": shift,
            "level": level,
            "target": target,
            "n": STUDY_2_SIZE,
            "published_transfer": transfer,
            "published_target": without,
            "published_source": as_is,
        }
        for (named, level, target), (transfer, without, as_is) in _STUDY_2.items()
        for shift in (("covariate", "effect", "prognostic") if level == 0 else (named,))
    ]
    return pd.DataFrame(rows)
