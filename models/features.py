"""Features made ready for any estimator: numbers → median for what is missing → (x − mean)/sd; text → one column a category.

Everything is learned from history and applied unchanged to the units decided later: a value missing there is filled with
*history's* median, a category never seen there is all zeros. Dense float64 throughout.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models.base import AMOUNT, ResponseError
from models.observed import SHOWN, as_frame

MISSING = "missing"
"""The category of a text that is missing."""

MOST_CATEGORIES = 500
"""A text column with more categories is a name or a number, and would make the dense features explode."""


class Prepares(Protocol):
    """How features reach an estimator."""

    feature_names_: tuple[str, ...] | list[str]
    imputed_: dict[str, int]

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn from history."""
        ...

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64] | pd.DataFrame:
        """Make n units ready: (n, p)."""
        ...


def preparation(kind: object) -> Prepares:
    """The preparation called ``auto`` or ``passthrough``.

    Raises
    ------
    ResponseError
        If it is called anything else.
    """
    if kind == "auto":
        return Preparation()
    if kind == "passthrough":
        return Passthrough()
    raise ResponseError(f"prepare: must be 'auto' or 'passthrough', got {kind!r}")


def as_numbers(prepared: NDArray[np.float64] | pd.DataFrame, where: str) -> NDArray[np.float64]:
    """Prepared features for a model that computes with them itself: (n, p), all finite.

    Raises
    ------
    ResponseError
        If they are not, as may be with ``passthrough``.
    """
    try:
        features = np.asarray(prepared, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ResponseError(f"{where}: features must be numbers, got {fault}; use prepare='auto'") from fault
    if not np.isfinite(features).all():
        raise ResponseError(f"{where}: features must be finite, got missing or infinite values; use prepare='auto'")
    return features


class Passthrough(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The columns of history as they are, for an estimator that prepares its own inputs.

    Attributes
    ----------
    feature_names_ : list of p column names, in history's order.
    imputed_ : empty: nothing is filled in.
    """

    def fit(self, X: pd.DataFrame) -> Self:
        """Remember the columns."""
        self.feature_names_ = _columns(X)
        self.imputed_: dict[str, int] = {}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """History's columns of n units."""
        return _chosen(X, self.feature_names_)


class Preparation(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Median, standardise, one-hot: dense float64 columns from numbers, true/false, text and categories.

    Attributes
    ----------
    columns_ : the columns of history, in its order.
    numbers_, texts_ : which of them hold numbers (true/false among them), which text.
    feature_names_ : p names of what comes out: a number's column name, or column_category.
    imputed_ : {column: count} of the values missing in history.
    transformer_ : the fitted ColumnTransformer.
    """

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn medians, means, deviations and categories.

        Raises
        ------
        ResponseError
            If a column has no value at all, holds something infinite, a date, or too many different texts.
        """
        self.columns_ = _columns(X)
        frame = as_frame(X)
        self.imputed_ = {str(name): int(count) for name, count in frame.isna().sum().items() if count}
        empty = [name for name, count in self.imputed_.items() if count == len(frame)]
        if empty:
            raise ResponseError(f"features: {', '.join(empty)} must have values in history, got none; leave the column out")
        self.numbers_ = [name for name in self.columns_ if _is_number(frame[name])]
        self.texts_ = [name for name in self.columns_ if name not in self.numbers_]
        self.transformer_ = _transformer(self.numbers_, self.texts_).fit(self._clean(frame))
        self.feature_names_ = self.numbers_ + self._category_names()
        twice = sorted({name for name in self.feature_names_ if self.feature_names_.count(name) > 1})
        if twice:
            raise ResponseError(f"features: {', '.join(twice)} is both a column and a category of one; rename the column")
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Prepared features of n units: (n, p) float64.

        Raises
        ------
        ResponseError
            If a column of history is absent, holds another kind of value, or something infinite.
        """
        frame = _chosen(X, self.columns_)
        if not len(frame):
            return np.empty((0, len(self.feature_names_)))
        return np.ascontiguousarray(self.transformer_.transform(self._clean(frame)), dtype=np.float64)

    def _clean(self, frame: pd.DataFrame) -> pd.DataFrame:
        numbers = {name: _numbers(frame[name]) for name in self.numbers_}
        return pd.DataFrame({**numbers, **{name: _texts(frame[name]) for name in self.texts_}}, index=frame.index)

    def _category_names(self) -> list[str]:
        if not self.texts_:
            return []
        categories = self.transformer_.named_transformers_["texts"].categories_
        return [f"{column}_{value}" for column, values in zip(self.texts_, categories, strict=True) for value in values]


def _transformer(numbers: list[str], texts: list[str]) -> ColumnTransformer:
    scaled = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    coded = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = [("numbers", scaled, numbers), ("texts", coded, texts)]
    return ColumnTransformer([step for step in steps if step[2]], verbose_feature_names_out=False, sparse_threshold=0.0)


def _columns(X: pd.DataFrame) -> list[str]:
    names = list(as_frame(X).columns)
    if not names or not len(X):
        raise ResponseError(f"features: history must have rows and columns, got {len(X)} rows and {len(names)} columns")
    if AMOUNT in names:
        raise ResponseError(f"features: {AMOUNT!r} is what the award is called, got a feature of that name; rename the column")
    return names


def _chosen(X: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    frame = as_frame(X)
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise ResponseError(f"features: must hold the columns of history, got no {', '.join(absent)}; add them")
    return frame.loc[:, columns]


def _is_number(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        raise ResponseError(f"features: {column.name} must hold numbers or text, got dates; turn them into a number of days")
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def _numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    if not _is_number(column) and column.notna().any():
        raise ResponseError(f"features: {column.name} held numbers in history, got {column.dtype}; correct the column")
    values = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(np.isinf(values))
    if wrong.size:
        raise ResponseError(
            f"features: {column.name} must be finite, got infinity in rows {wrong[:SHOWN].tolist()}; "
            f"correct the {wrong.size} rows or leave their values out"
        )
    return values


def _texts(column: pd.Series[Any]) -> NDArray[np.object_]:
    if _is_number(column) and column.notna().any():
        raise ResponseError(f"features: {column.name} held text in history, got {column.dtype}; correct the column")
    values = column.astype(object).where(column.notna(), MISSING).map(str).to_numpy(dtype=object)
    distinct = len(set(values))
    if distinct > MOST_CATEGORIES:
        raise ResponseError(
            f"features: {column.name} must have at most {MOST_CATEGORIES} categories, got {distinct}; "
            "leave the column out or group its values"
        )
    return values
