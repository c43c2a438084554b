"""What an uplift tree and a forest of them share: how history is read, and what growth their parameters ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from models.base import ResponseError
from models.features import as_numbers, preparation
from models.observed import Observed
from models.splits import CRITERIA, Criterion
from models.tiers import TieredLearner, Tiers
from models.uplift_bins import MOST_CANDIDATES, BinnedHistory
from models.uplift_growth import Growth


class UpliftLearner(TieredLearner):
    """A learner whose outcomes are those of trees; its parameters are described in `UpliftTree`."""

    criterion: str
    max_depth: int
    min_leaf: float
    min_treated: float
    shrinkage: float
    prune: float
    alpha: float
    normalise: bool
    tiers: int | None
    max_candidates: int
    prepare: str
    random_state: Any

    def _read(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> BinnedHistory:
        """History in bins; sets the preparation and the tiers."""
        where = type(self).__name__
        self._check()
        past = Observed.read(X, treatment, y, sample_weight)
        if not np.isin(past.outcome, (0.0, 1.0)).all():
            raise ResponseError(
                f"{where}: the outcome must be 0 or 1, got {np.unique(past.outcome)[:5].tolist()}; "
                "use SLearner or TwoModel for other outcomes"
            )
        past.arm("control")
        self.tiers_ = Tiers.read(past.treatment, self.tiers, where)
        self.preparation_ = preparation(self.prepare).fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.feature_names_ = list(self.preparation_.feature_names_)
        arm, features = self.tiers_.of(past.treatment), self._features(past.X)
        binned = BinnedHistory.read(features, arm, past.outcome, past.weight, len(self.tiers_), self.max_candidates)
        empty = np.flatnonzero(binned.units() == 0)
        if empty.size:
            raise ResponseError(
                f"{where}: every arm needs units of a weight above 0, got none of amount {self.tiers_.amounts[empty[0]]:g}; "
                "leave the arm's rows out or give them weights"
            )
        return binned

    def _growth(self, past: BinnedHistory, features: int | None = None) -> Growth:
        return Growth(
            criterion=Criterion.of(self.criterion, past.units(), self.alpha, self.normalise),
            max_depth=self.max_depth,
            min_leaf=self.min_leaf,
            min_treated=self.min_treated,
            shrinkage=self.shrinkage,
            prune=self.prune,
            features=features,
        )

    def _features(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Prepared features of n units: (n, p)."""
        return as_numbers(self.preparation_.transform(X), type(self).__name__)

    def _check(self) -> None:
        """Refuse parameters that mean nothing."""
        least = 0.0 if self.criterion == "euclidean" else np.nextafter(0.0, 1.0)
        rules = {
            "criterion": (self.criterion in CRITERIA, f"one of {', '.join(CRITERIA)}"),
            "max_depth": (whole(self.max_depth, 0), "a whole number of at least 0"),
            "min_leaf": (number(self.min_leaf, 1.0), "a number of at least 1"),
            "min_treated": (number(self.min_treated, 1.0), "a number of at least 1"),
            "shrinkage": (number(self.shrinkage, least), "above 0 (at least 0 with criterion='euclidean')"),
            "prune": (number(self.prune, 0.0, np.nextafter(1.0, 0.0)), "a share of at least 0 and less than 1"),
            "alpha": (number(self.alpha, 0.0, 1.0), "a number from 0 to 1"),
            "max_candidates": (whole(self.max_candidates, 1, MOST_CANDIDATES), f"a whole number from 1 to {MOST_CANDIDATES}"),
        }
        self._refuse(rules)

    def _refuse(self, rules: dict[str, tuple[bool, str]]) -> None:
        for name, (kept, must) in rules.items():
            if not kept:
                raise ResponseError(f"{type(self).__name__}.{name}: must be {must}, got {getattr(self, name)!r}")


def generators(random_state: Any, n: int) -> list[Generator]:
    """N independent sources of chance, the same for the same seed."""
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    return [default_rng(child) for child in SeedSequence(seed).spawn(n)]


def whole(value: Any, least: int, most: float = np.inf) -> bool:
    """Whether a value is a whole number within these bounds."""
    return isinstance(value, int | np.integer) and number(value, least, most)


def number(value: Any, least: float, most: float = np.inf) -> bool:
    """Whether a value is a finite number within these bounds."""
    kind = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return kind and bool(np.isfinite(value) and least <= value <= most)
