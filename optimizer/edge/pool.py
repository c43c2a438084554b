"""The pool of a season: past units that those to come resemble, by default those of the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optimizer.edge.sources import table_of_spec
from optimizer.edge.units_from import check_same_kinds, units_from
from optimizer.errors import DataError, VerificationError
from optimizer.problem.scenario import Scenario
from optimizer.problem.units import History, Units


def read_pool(scenario: Scenario, history: History | None, features: tuple[str, ...]) -> Units:
    """All past units of the pool.

    Raises
    ------
    DataError
        If there is none, or its table does not hold what the model reads.
    """
    season = scenario.season
    if season is not None and season.pool is not None:
        pool = units_from(table_of_spec(season.pool), id=None, features=features)
        if history is not None:
            check_same_kinds(history, pool)
    elif history is not None:
        ids = np.arange(len(history)).astype(str).astype(object)
        pool = Units(ids=ids, frame=history.frame, features=features, digest=history.digest)
    else:
        raise DataError("season.pool: there are no past units that those to come resemble; add `pool: {table: …}`")
    return pool


def read_pool_again(
    scenario: Scenario, season: Mapping[str, Any], history: History | None, features: tuple[str, ...]
) -> Units | None:
    """The pool that a night had in view, by what the night wrote down; None if it had none.

    Raises
    ------
    VerificationError
        If it changed since.
    """
    if not season["pool"]:
        return None
    pool = read_pool(scenario, history, features)
    if pool.digest != season["pool"]:
        raise VerificationError(f"{scenario.name}: the season's pool changed since the run; verify with the one the run read")
    return pool
