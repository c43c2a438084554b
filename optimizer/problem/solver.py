"""How a plan is searched for: which formulation, which backend, when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Embedding = Literal["curves", "native"]
Backend = Literal["gurobi", "highs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """Settings of the search.

    Attributes
    ----------
    embedding : ``curves`` embeds each open unit's response curve; ``native`` the fitted regressor itself.
    backend : what closes the core: ``gurobi``, or ``highs`` through `scipy.optimize.milp`.
    gap : stop once (bound − value)/|value| is at most this.
    time_limit : seconds for each search (a frontier, a second objective and a conflict take several), once its limits have
        prices; or None.
    seed : of every random choice, the backend's included.

    Raises
    ------
    ValueError
        If a setting is out of range, or ``native`` is asked of a backend other than ``gurobi``.
    """

    embedding: Embedding = "curves"
    backend: Backend = "gurobi"
    gap: float = 0.0
    time_limit: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in (("gap", (int, float)), ("seed", (int,)), ("time_limit", (int, float, type(None)))):
            if isinstance(getattr(self, name), bool) or not isinstance(getattr(self, name), kind):
                raise ValueError(f"solver.{name}: must be a number, got {getattr(self, name)!r}; write it without quotes")
        if self.embedding not in ("curves", "native"):
            raise ValueError(f"solver.embedding: must be curves or native, got {self.embedding!r}")
        if self.backend not in ("gurobi", "highs"):
            raise ValueError(f"solver.backend: must be gurobi or highs, got {self.backend!r}")
        if not 0.0 <= self.gap < 1.0:
            raise ValueError(f"solver.gap: must be at least 0 and below 1, got {self.gap}; 0 asks for a proven optimum")
        if self.time_limit is not None and not 0.0 < self.time_limit < float("inf"):
            raise ValueError(f"solver.time_limit: must be positive seconds, got {self.time_limit}; leave it out for no limit")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"solver.seed: must be from 0 to 2^31 - 1, got {self.seed}")
        if self.embedding == "native" and self.backend != "gurobi":
            raise ValueError("solver.backend: embedding native needs gurobi, got highs; use embedding: curves with highs")
