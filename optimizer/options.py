"""How a run is carried out, apart from what its scenario says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.decide import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is carried out, apart from what the scenario says.

    Attributes
    ----------
    overrides : ``key.key=value``, each wins over the scenario file.
    allow_modules : modules besides scikit-learn and the boosting packages that estimators may come from.
    progress : told each stage.
    """

    overrides: Sequence[str] = ()
    allow_modules: Sequence[str] = ()
    progress: Progress = silent
