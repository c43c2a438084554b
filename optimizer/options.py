"""How a run is carried out, apart from what its scenario says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.decide import Progress, silent
from optimizer.edge.report.words import LANGUAGES
from optimizer.errors import Fault, ScenarioError


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is carried out, apart from what the scenario says.

    Attributes
    ----------
    overrides : ``key.key=value``, each wins over the scenario file.
    allow_modules : modules besides scikit-learn and the boosting packages that estimators may come from.
    progress : told each stage.
    lang : language of the report, ``en`` or ``ja``.

    Raises
    ------
    ScenarioError
        If the report speaks no such language.
    """

    overrides: Sequence[str] = ()
    allow_modules: Sequence[str] = ()
    progress: Progress = silent
    lang: str = "en"

    def __post_init__(self) -> None:
        if self.lang not in LANGUAGES:
            raise ScenarioError(Fault("--lang", "must be a language of the report", self.lang, f"one of {', '.join(LANGUAGES)}"))
