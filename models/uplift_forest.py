"""A forest of uplift trees: v_j(x) = the mean over trees of the rate in x's leaf (Breiman 2001, with the trees of `UpliftTree`).

Every tree is grown from units drawn anew with replacement, arm by arm so that none is ever empty, and asks at each node about
a few features drawn anew; what differs between trees is their error, and that averages out. Uplift forests: Guelman, Guillén
and Pérez-Marín (2015).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.uplift_growth import grown
from models.uplift_learner import UpliftLearner, generators, number, whole
from models.uplift_nodes import Nodes


class UpliftForest(UpliftLearner):
    """The mean of many uplift trees, for outcomes that are 0 or 1.

    Parameters
    ----------
    n_trees
        How many trees.
    max_features
        How many features a node may ask about: ``sqrt`` of their number, a share of them, or None for all.
    bootstrap
        Share of each arm's units drawn, with replacement, for a tree.
    n_jobs
        How many processes grow trees; the forest is the same for any number.
    random_state
        Seed of every draw.
    criterion, max_depth, min_leaf, min_treated, shrinkage, prune, alpha, normalise, tiers, max_candidates, prepare
        As in `UpliftTree`; what is held out to prune a tree with is drawn for each tree, before its units are.

    Attributes
    ----------
    trees_ : the trees, see `models.uplift_nodes.Nodes`.
    tiers_, preparation_, feature_names_, imputed_ : as in `UpliftTree`, one for all trees.
    """

    def __init__(  # noqa: PLR0913 — each is a parameter of its own to scikit-learn
        self,
        n_trees: int = 100,
        *,
        max_features: str | float | None = "sqrt",
        bootstrap: float = 1.0,
        n_jobs: int | None = 1,
        criterion: str = "kl",
        max_depth: int = 8,
        min_leaf: float = 100,
        min_treated: float = 10,
        shrinkage: float = 10.0,
        prune: float = 0.0,
        alpha: float = 0.5,
        normalise: bool = True,
        tiers: int | None = None,
        max_candidates: int = 256,
        prepare: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.n_trees = n_trees
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_leaf = min_leaf
        self.min_treated = min_treated
        self.shrinkage = shrinkage
        self.prune = prune
        self.alpha = alpha
        self.normalise = normalise
        self.tiers = tiers
        self.max_candidates = max_candidates
        self.prepare = prepare
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units; parameters as in `SLearner.fit`, but the outcome must be 0 or 1.

        Raises
        ------
        ResponseError
            If an outcome is neither 0 nor 1, an arm is empty, or history or a parameter cannot be used.
        """
        past = self._read(X, treatment, y, sample_weight)
        growth = self._growth(past, self._asked(len(past.thresholds)))
        grow_one = delayed(grown)
        chances = generators(self.random_state, self.n_trees)
        self.trees_: list[Nodes] = Parallel(n_jobs=self.n_jobs)(
            grow_one(past, growth, chance, self.bootstrap) for chance in chances
        )
        return self

    def outcomes(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units in each arm, the mean of the trees' rates: (n, arms)."""
        check_is_fitted(self)
        features = self._features(X)
        total = np.zeros((len(features), len(self.tiers_)))
        for tree in self.trees_:
            total += tree.outcomes(features)
        return total / len(self.trees_)

    def _asked(self, features: int) -> int | None:
        """How many of so many features a node may ask about."""
        if self.max_features is None:
            return None
        share = features**-0.5 if self.max_features == "sqrt" else float(self.max_features)
        return max(1, int(share * features + 1e-9))

    def _check(self) -> None:
        super()._check()
        least = np.nextafter(0.0, 1.0)
        some = self.max_features is None or self.max_features == "sqrt" or number(self.max_features, least, 1.0)
        rules = {
            "n_trees": (whole(self.n_trees, 1), "a whole number of at least 1"),
            "max_features": (some, "'sqrt', a share above 0 and at most 1, or None"),
            "bootstrap": (number(self.bootstrap, least, 1.0), "a share above 0 and at most 1"),
        }
        self._refuse(rules)
