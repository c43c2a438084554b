"""Where transfer comes from: histories of other places with the target's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from models.base import ResponseError
from models.observed import Observed
from models.tarnet import TARNet


@dataclass(frozen=True, kw_only=True)
class Source:
    """A history to transfer from.

    Attributes
    ----------
    X, treatment, outcome : past units, as in `TwoModel.fit`.
    name : what messages and `TLTARNet.affinity_` call it.
    network : a `TARNet` that was fitted on them already, or None.
    """

    X: pd.DataFrame
    treatment: ArrayLike
    outcome: ArrayLike
    name: str = "source"
    network: TARNet | None = None

    @classmethod
    def read(cls, given: Any) -> list[Self]:
        """A `Source` or (X, treatment, y), or a list of them, of which those without a name are numbered.

        Raises
        ------
        ResponseError
            If there is none, one is neither, two have one name, or a network is not fitted with ``dose="none"``.
        """
        parts = given if isinstance(given, list) else [given]
        found = [cls._of(part, f"source {place}" if len(parts) > 1 else "source") for place, part in enumerate(parts, start=1)]
        names = [source.name for source in found]
        if not found or len(set(names)) < len(names):
            raise ResponseError(f"TLTARNet.source: must be sources of different names, got {names}; give Source(name=…)")
        return found

    @classmethod
    def _of(cls, part: Any, name: str) -> Self:
        if isinstance(part, tuple) and len(part) == 3:  # noqa: PLR2004 — X, treatment, outcome
            return cls(X=part[0], treatment=part[1], outcome=part[2], name=name)
        if not isinstance(part, cls):
            raise ResponseError(f"TLTARNet.source: must be a Source or (X, treatment, y), or a list of them, got {part!r}")
        if part.network is not None:
            check_is_fitted(part.network, "weights_")
            if part.network.doses_.kind != "none":
                kind = part.network.doses_.kind
                raise ResponseError(f"TLTARNet.source: the network of {part.name} must have dose='none', got {kind!r}")
        return part

    def history(self, columns: list[str]) -> Observed:
        """Its units, with the target's columns in their order.

        Raises
        ------
        ResponseError
            If it has other columns, an arm is empty, or the history cannot be used.
        """
        past = Observed.read(self.X, self.treatment, self.outcome)
        lacking, strange = set(columns) - set(past.X.columns), set(past.X.columns) - set(columns)
        if lacking or strange:
            raise ResponseError(
                f"TLTARNet.source: {self.name} must have the target's columns, lacks {', '.join(sorted(lacking)) or 'none'} "
                f"and has {', '.join(sorted(strange)) or 'none'} besides; give both tables the same columns"
            )
        past.arm("control")
        past.arm("treated")
        return Observed(X=past.X[columns], treatment=past.treatment, outcome=past.outcome, weight=None)
