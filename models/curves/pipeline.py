"""Pipelines: where every step leaves the amount a column of its own, T[x, a] = [S(x), s(a)], and x is transformed once.

Whether a step does is read off its exact type: scalers treat each column by itself, a ColumnTransformer may do anything to
columns the amount is not among. A step that mixes the amount with others, or is not known, leaves the answer to the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from models.curves.curve import Curve, Unclear

SCALERS = frozenset(
    {MaxAbsScaler, MinMaxScaler, OrdinalEncoder, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler}
)
"""Transformers that make one column of each column, from that column alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineCurve:
    """Transformers, one after the other, before the curve of the last step."""

    steps: Sequence[Any]
    last: Curve

    @property
    def rows(self) -> int:
        """Units at once."""
        return self.last.rows

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outcomes of these inputs at each amount."""
        return self.last(_transformed(self.steps, inputs))


def pipeline_curve(estimator: Any, sample: Any, column: int, curve_of: Callable[[Any, Any, int], Curve]) -> Curve:
    """Curve of a Pipeline whose last step `curve_of` knows.

    Raises
    ------
    Unclear
        If the amount does not stay a column of its own.
    """
    steps = [step for _, step in estimator.steps[:-1] if not _is_nothing(step)]
    names = list(sample.columns) if isinstance(sample, pd.DataFrame) else None
    for step in steps:
        column, names = _place(step, column, names), None
    return PipelineCurve(steps=steps, last=curve_of(estimator.steps[-1][1], _transformed(steps, sample), column))


def _transformed(steps: Sequence[Any], inputs: Any) -> Any:
    for step in steps:
        inputs = step.transform(inputs)
    return inputs


def _place(step: Any, column: int, names: list[Any] | None) -> int:
    """The column of the amount after this step; `names` are those of its inputs, as far as known."""
    kind = type(step)
    if kind in SCALERS or _is_nothing(step):
        return column
    if kind is FunctionTransformer and _is_elementwise(step):
        return column
    if kind is SimpleImputer and not step.add_indicator and not pd.isna(step.statistics_).any():
        return column
    if kind is Pipeline:
        for _, inner in step.steps:
            column, names = _place(inner, column, names), None
        return column
    if kind is ColumnTransformer:
        return _place_among(step, column, names)
    raise Unclear(f"the amount within {kind.__name__}")


def _place_among(step: ColumnTransformer, column: int, names: list[Any] | None) -> int:
    fitted = getattr(step, "feature_names_in_", None)
    if fitted is not None and names is not None and list(fitted) != names:
        raise Unclear("columns in another order than in training")
    indices = step._transformer_to_input_indices  # noqa: SLF001 — scikit-learn shows it nowhere else
    parts = [(name, part) for name, part, _ in step.transformers_ if len(indices[name])]
    takers = [(name, part) for name, part in parts if column in list(indices[name])]
    if len(takers) != 1 or takers[0][1] == "drop":
        raise Unclear("the amount goes nowhere, or to several places")
    if not all(part == "drop" or _is_by_row(part) for _, part in parts):
        raise Unclear("a transformer of the features that is not known")
    name, part = takers[0]
    within = [int(index) for index in indices[name]]
    inner = None if names is None else [names[index] for index in within]
    return int(step.output_indices_[name].start) + _place(part, within.index(column), inner)


def _is_by_row(step: Any) -> bool:
    """Whether a unit's features are transformed without regard to the other units handed in."""
    if isinstance(step, FunctionTransformer):
        return _is_elementwise(step)
    inner: list[Any] = []
    if isinstance(step, Pipeline):
        inner = [part for _, part in step.steps]
    elif isinstance(step, FeatureUnion):
        inner = [part for _, part in step.transformer_list]
    elif isinstance(step, ColumnTransformer):
        inner = [part for _, part, _ in step.transformers_]
    return _is_nothing(step) or step == "drop" or (type(step).__module__.startswith("sklearn.") and all(map(_is_by_row, inner)))


def _is_elementwise(step: FunctionTransformer) -> bool:
    return type(step) is FunctionTransformer and (step.func is None or isinstance(step.func, np.ufunc))


def _is_nothing(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")
