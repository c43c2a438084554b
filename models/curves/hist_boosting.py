"""HistGradientBoosting: link⁻¹(baseline + Σ_t tree_t), inputs in double precision, missing values and categories as learned.

Ke et al. (2017) in scikit-learn's version: a node sends missing values, and categories it has never seen, to one side; a node
that splits categories holds the set that goes left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.curves.additive import Sums, TreeCurve, TreeSum, tree_curve
from models.curves.curve import Curve, Unclear
from models.curves.trees import LEAF, MOST_CODES, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class HistCurve:
    """Trees on inputs that the estimator encodes itself (categories first)."""

    curve: TreeCurve
    estimator: Any

    @property
    def rows(self) -> int:
        """Units at once."""
        return self.curve.rows

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        return self.curve.from_array(_encoded(self.estimator, inputs))


def hist_curve(estimator: Any, sample: Any, column: int) -> Curve:
    """Curve of a HistGradientBoosting regressor or classifier.

    Raises
    ------
    Unclear
        If there are several outcomes, or the amount is a category.
    """
    if estimator.n_trees_per_iteration_ != 1:
        raise Unclear("several outcomes")
    categories = np.zeros(0, dtype=bool) if estimator.is_categorical_ is None else np.asarray(estimator.is_categorical_)
    if categories.size:
        if categories[column]:
            raise Unclear("the amount is a category")
        column = int(categories.sum() + (~categories[:column]).sum())
    known, rows = estimator._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001 — shown nowhere else

    def finish(sums: Sums) -> Sums:
        # The loss's own link: of a classifier it gives the probability of class 1.
        return np.asarray(estimator._loss.link.inverse(sums))  # noqa: SLF001 — shown nowhere else

    ensemble = TreeSum(
        trees=tuple(_read(predictor, known, rows) for (predictor,) in estimator._predictors),  # noqa: SLF001 — shown nowhere else
        precision=np.float64,
        start=np.float64(estimator._baseline_prediction.item()),  # noqa: SLF001 — shown nowhere else
        finish=finish,
        missing=True,
    )
    return HistCurve(curve=tree_curve(ensemble, column, _encoded(estimator, sample)[:, column]), estimator=estimator)


def _encoded(estimator: Any, inputs: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(estimator._preprocess_X(inputs, reset=False), dtype=np.float64)  # noqa: SLF001 — shown nowhere else
    except (TypeError, ValueError) as fault:
        raise Unclear(f"inputs that are not encoded: {fault}") from fault


def _read(predictor: Any, known: NDArray[np.uint32], rows: NDArray[np.integer]) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    codes = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist():
        goes = _bits(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        aside = ~goes & ~_bits(known[rows[nodes["feature_idx"][node]]])
        missing = bool(nodes["missing_go_to_left"][node])
        codes[node] = np.append(np.where(aside, missing, goes), missing)
    return Tree(
        feature=np.where(leaf, LEAF, nodes["feature_idx"].astype(np.intp)),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=nodes["left"].astype(np.intp),
        right=nodes["right"].astype(np.intp),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].astype(np.float64),
        codes=codes,
    )


def _bits(words: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """The set that 8 words of 32 bits hold, as a table."""
    numbers = np.arange(MOST_CODES)
    return ((words[numbers // 32] >> (numbers % 32).astype(np.uint32)) & 1).astype(bool)
