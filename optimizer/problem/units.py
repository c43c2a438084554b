"""Whom a plan decides about (Units) and what is known of those decided before (History)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The n units to be decided.

    Attributes
    ----------
    ids : (n,) unique identifiers, as text.
    frame : n rows; every column the table has, features and group columns among them; index 0 … n − 1.
    features : the columns the response model reads, in its order.
    digest : sha256 of the table's content, hexadecimal.
    notes : what was done to the table on the way in, one sentence each, for the log and the report.
    """

    ids: NDArray[np.object_]
    frame: pd.DataFrame
    features: tuple[str, ...]
    digest: str = ""
    notes: tuple[str, ...] = ()

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 — the field's name for a feature matrix
        """The features, n rows in the model's column order."""
        return self.frame.loc[:, list(self.features)]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.intp]) -> Units:
        """The units of these rows, in this order; the digest stays the whole table's."""
        return replace(self, ids=self.ids[rows], frame=self.frame.iloc[rows].reset_index(drop=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Past units whose treatment and outcome are known.

    Attributes
    ----------
    frame : the usable rows, features among their columns; index 0 … n − 1.
    features : the columns the response model reads, in its order.
    treatment : (n,) amount received, in the scenario's currency units; 0 is control.
    outcome : (n,) what happened; 0/1 for a probability.
    left_out : rows that were left out of the fit, by reason.
    digest, notes : as in `Units`.
    """

    frame: pd.DataFrame
    features: tuple[str, ...]
    treatment: NDArray[np.float64]
    outcome: NDArray[np.float64]
    left_out: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    notes: tuple[str, ...] = ()

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 — the field's name for a feature matrix
        """The features, n rows in the model's column order."""
        return self.frame.loc[:, list(self.features)]

    def __len__(self) -> int:
        return len(self.outcome)

    def take(self, rows: NDArray[np.intp]) -> History:
        """The past of these rows, in this order; it has a digest of its own."""
        digest = hashlib.sha256(f"{self.digest} rows".encode() + np.asarray(rows, dtype="<i8").tobytes()).hexdigest()
        frame = self.frame.iloc[rows].reset_index(drop=True)
        return replace(self, frame=frame, treatment=self.treatment[rows], outcome=self.outcome[rows], digest=digest)
