"""An uplift decision tree: the leaf a unit falls in says its expected outcome in each arm, uplift_j = p_j − p_0.

Its splits look for what changes the *difference* between the arms, not the outcome (`models.splits`), it is grown on history
(`models.uplift_growth`) and pruned on a part of history that it was not grown from (`models.uplift_pruning`).

Source: Rzepakowski and Jaroszewicz (2012), Decision trees for uplift modeling with single and multiple treatments,
Knowledge and Information Systems 32.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.uplift_drawing import as_figure, as_text
from models.uplift_growth import grown
from models.uplift_learner import UpliftLearner, generators
from models.uplift_nodes import Nodes


class UpliftTree(UpliftLearner):
    """One uplift tree, for outcomes that are 0 or 1.

    Parameters
    ----------
    criterion
        ``kl``, ``euclidean`` or ``chi2``: how far apart outcomes are, see `models.splits`.
    max_depth
        How many questions lead to a leaf at most; 0 for the arms' means alone.
    min_leaf
        Least units in a leaf. A weight of w counts as w units, here and below.
    min_treated
        Least units of every arm, the controls among them, in a leaf.
    shrinkage
        How many units a node's rate is drawn towards its parent's by; above 0 unless the criterion is Euclidean.
    prune
        Share of every arm held out to prune the tree with; 0 for growing it on all of history, unpruned. Pruning keeps what
        changes the best treatment or its sign; where uplifts of one sign are to be told apart, leave it 0.
    alpha
        With several treatments, the share of their divergences from the controls beside those from each other.
    normalise
        Whether gains are divided by the paper's normaliser, which is against splits that part the arms unevenly.
    tiers
        How many arms awards are grouped in, see `models.tiers.Tiers.read`.
    max_candidates
        Most thresholds a feature has; those of a feature with more distinct values lie at evenly spread ranks.
    prepare
        As in `SLearner`; with ``passthrough`` the features must be finite numbers.
    random_state
        Seed of what is held out.

    Attributes
    ----------
    tree_ : the nodes, see `models.uplift_nodes.Nodes`.
    tiers_ : the arms.
    preparation_, feature_names_, imputed_ : as in `TwoModel`.
    """

    def __init__(  # noqa: PLR0913 — each is a parameter of its own to scikit-learn
        self,
        criterion: str = "kl",
        *,
        max_depth: int = 5,
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
        self.tree_: Nodes = grown(past, self._growth(past), generators(self.random_state, 1)[0])
        return self

    def outcomes(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Expected outcome of n units in each arm, their leaf's rates: (n, arms)."""
        check_is_fitted(self)
        return self.tree_.outcomes(self._features(X))

    def to_text(self) -> str:
        """The tree in lines of text: conditions in the features' own units, and units, rate and uplift of each arm."""
        check_is_fitted(self)
        return as_text(self.tree_, self.preparation_, self.tiers_.amounts)

    def figure(self) -> Any:
        """The tree as a plotly Figure, coloured by each node's largest uplift.

        Raises
        ------
        ResponseError
            If plotly is not installed.
        """
        check_is_fitted(self)
        return as_figure(self.tree_, self.preparation_, self.tiers_.amounts)
