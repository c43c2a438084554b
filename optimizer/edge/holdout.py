"""One table for both: of its n usable rows floor(share · n), drawn at random, are decided; the model learns from the rest.

Design: the split comes before anything is read from either part, so both pass the checks any table passes.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from optimizer.edge.columns import present
from optimizer.edge.tables import Table
from optimizer.errors import DataError


def hold_out(table: Table, *, outcome: str, treatment: str, share: Fraction | float, seed: int) -> tuple[Table, Table]:
    """Split a table into the past to learn from and the units to decide.

    Parameters
    ----------
    table
        One row a unit.
    outcome, treatment
        Columns that must both be known for a row to be drawn.
    share
        Of the usable rows, in (0, 1); a float means the decimal it is written as, so 0.29 of 100 is 29.
    seed
        The same table, share and seed give the same split.

    Returns
    -------
    (past, candidates) : both in the table's order; the unusable rows stay in the past, where they are counted.
    Each part has a digest of its own, derived from the table's.

    Raises
    ------
    DataError
        If a column is absent, or either part would be empty.
    """
    present(table, (outcome, treatment))
    usable = np.flatnonzero(table.frame[[outcome, treatment]].notna().all(axis=1))
    exact = Fraction(str(share)) if isinstance(share, float) else Fraction(share)
    size = floor(exact * len(usable))
    if not 0 < size < len(usable):
        raise DataError(
            f"{table.name}: holding out {float(exact):.4g} of {len(usable)} usable rows leaves {size} to decide and "
            f"{len(usable) - size} to learn from; both need some: choose another share"
        )
    drawn = np.zeros(len(table.frame), dtype=bool)
    drawn[np.random.default_rng(seed).choice(usable, size=size, replace=False)] = True
    return _part(table, ~drawn, f"past {exact} {seed}"), _part(table, drawn, f"candidates {exact} {seed}")


def _part(table: Table, mask: NDArray[np.bool_], which: str) -> Table:
    # A model fitted on a part must not be taken for one fitted on the whole, or on another part.
    digest = hashlib.sha256(f"{table.digest} {which}".encode()).hexdigest()
    return replace(table, frame=table.frame.loc[mask], digest=digest)
