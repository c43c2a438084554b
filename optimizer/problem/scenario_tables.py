"""Where the units and their history come from: a table on disk, a known data set or a query, and what its columns mean.

units:   {table: data/applicants.csv, id: student_id}   or   {holdout: 30%}
units:   {sql: "SELECT * FROM applicants ORDER BY id", connection: env:STUDENTS, id: id}
history: {table: data/history.csv, outcome: enrolled, treatment: {column: merit, per: 1000}, features: [gpa, sat]}
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from optimizer.problem.scenario_part import PERCENT_SCHEMA, Column, Part, fault, parse_percent, reject, shown

Dataset = Literal["causaldata.thornton_hiv", "ihds2", "ihds2.punjab", "ihds2.uttar_pradesh"]
"""The data sets known by name; `ihds2` is India's, and each of the others with its name a part of it."""

_QUERY = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/")
_VARIABLE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")


def _path(value: object, info: ValidationInfo) -> Path:
    """A path as text, relative to the folder of the scenario file where there is one (the validation's context)."""
    if not isinstance(value, str | Path) or not str(value) or not str(value).isprintable():
        raise reject(fault("must be the path of a file", "write it relative to the scenario file", got=shown(value)))
    folder = (info.context or {}).get("folder")
    if _URL.match(str(value)):
        # A path has one slash fewer; whoever reads it knows.
        return Path(value)
    return Path(value) if folder is None else Path(os.path.normpath(Path(folder) / value))


def _query(query: str) -> str:
    if not _QUERY.match(query):
        raise reject(fault("must be a query", "write one SELECT", got=shown(query)))
    return query


def _connection(value: object, info: ValidationInfo) -> str:
    """Where the address of a database is kept; never the address itself, so that no message repeats a password."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    if not isinstance(value, str) or not value.startswith("file:"):
        remedy = "put the address there and write env:NAME, or file:PATH for a file of mode 0600"
        raise reject(fault("must name an environment variable or a private file", remedy))
    return f"file:{_path(value.removeprefix('file:'), info).absolute()}"


def _share(value: object) -> Fraction:
    share = parse_percent(value) if isinstance(value, str) else _decimal(value)
    if share is None or not 0 < share < 1:
        raise reject(fault("must be a share above 0 and below 1", "write a percentage such as 30%", got=shown(value)))
    return share


def _decimal(value: object) -> Fraction | None:
    # A float means the decimal that was written: 0.3 is 3/10.
    return Fraction(repr(value)) if isinstance(value, float) and 0 < value < 1 else None


def _column_alone(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


FilePath = Annotated[Path, PlainValidator(_path, json_schema_input_type=str)]
Connection = Annotated[
    str,
    PlainValidator(_connection, json_schema_input_type=Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")]),
]
Share = Annotated[
    Fraction,
    PlainValidator(
        _share,
        json_schema_input_type=Annotated[
            Any,
            Field(
                json_schema_extra={"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, PERCENT_SCHEMA]}
            ),
        ],
    ),
]


def _one_of(*sources: str) -> ConfigDict:
    return ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key]} for key in sources],
            "dependentRequired": {"sql": ["connection"], "connection": ["sql"]},
        }
    )


class RowsSpec(Part):
    """Where rows come from."""

    model_config = _one_of("table", "dataset", "sql")
    sources: ClassVar[tuple[str, ...]] = ("table", "dataset", "sql")

    table: FilePath | None = None
    """A CSV or Parquet file, relative to the scenario file."""
    dataset: Dataset | None = None
    """A data set known by name."""
    sql: Annotated[str, AfterValidator(_query)] | None = None
    """One SELECT, which is read in a transaction that cannot write; ORDER BY keeps its rows in the same order each time."""
    connection: Connection | None = None
    """Where the address of the query's database is: env:NAME, or file:PATH of mode 0600, relative to the scenario file."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        _require_one(self, *self.sources)
        if self.sql is not None and self.connection is None:
            raise reject(fault("needs a connection", "add `connection: env:NAME`, or file:PATH", at=("sql",)))
        if self.sql is None and self.connection is not None:
            raise reject(fault("is for sql alone", "add `sql: SELECT …`, or leave it out", at=("connection",)))
        return self


class UnitsSpec(RowsSpec):
    """Whom to decide about: the rows of a table, or a part of the history that is kept out of the fit."""

    model_config = _one_of("table", "dataset", "sql", "holdout")
    sources: ClassVar[tuple[str, ...]] = ("table", "dataset", "sql", "holdout")

    holdout: Share | None = None
    """A random share of the usable history rows, not fitted on; the split is seeded by `solver.seed`."""
    id: Column | None = None
    """The column that identifies a unit; without it, units are numbered from 1."""


class TreatmentSpec(Part):
    """The column that holds the amount received; 0 is no award."""

    column: Column
    """The column's name."""
    per: float = Field(default=1, gt=0)
    """Currency units in one unit of the column: amount = column × per."""


class HistorySpec(RowsSpec):
    """What is known of earlier units: what they received, and what happened."""

    outcome: Column
    """The column that holds what happened; 0 or 1 for a probability."""
    treatment: Annotated[TreatmentSpec, BeforeValidator(_column_alone, json_schema_input_type=Column | TreatmentSpec)]
    """The column that holds the amount received, or {column, per} where it counts in another unit."""
    features: Annotated[tuple[Column, ...], Field(min_length=1, strict=False)]
    """The columns the response is predicted from."""

    @field_validator("features")
    @classmethod
    def _known_before(cls, features: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        treatment = info.data.get("treatment")
        taken = {info.data.get("outcome"): "outcome"} | ({treatment.column: "treatment"} if treatment else {})
        if faults := [*repeated(features), *_taken(features, taken)]:
            raise reject(*faults)
        return features

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        if self.treatment.column == self.outcome:
            raise reject(
                fault(
                    "must be another column than the outcome",
                    "name the column of the amount received",
                    at=("treatment",),
                    got=shown(self.outcome),
                )
            )
        return self


class SourceSpec(RowsSpec):
    """Another history, to learn from before the scenario's own; its features are called the same."""

    outcome: Column | None = None
    """The column that holds what happened; by default called as in `history`."""
    treatment: Annotated[
        TreatmentSpec | None, BeforeValidator(_column_alone, json_schema_input_type=Column | TreatmentSpec | None)
    ] = None
    """The column that holds the amount received, or {column, per}; by default as in `history`."""

    def holds(self, history: HistorySpec) -> bool:
        """Whether the rows of a history are among this one's, as far as their names say."""
        if self.dataset is None or history.dataset is None:
            return (self.table, self.sql, self.connection) == (history.table, history.sql, history.connection)
        return f"{history.dataset}.".startswith(f"{self.dataset}.")


def repeated(columns: tuple[str, ...]) -> Iterator[InitErrorDetails]:
    """A fault at each column that has been named before."""
    for place, column in enumerate(columns):
        if column in columns[:place]:
            yield fault("is named twice", "name each feature once", at=(place,), got=shown(column))


def _taken(features: tuple[str, ...], taken: dict[str | None, str]) -> Iterator[InitErrorDetails]:
    for place, column in enumerate(features):
        if column in taken:
            yield fault(f"is the {taken[column]} column", "leave it out of the features", at=(place,), got=shown(column))


def _require_one(part: Part, *sources: str) -> None:
    given = [source for source in sources if getattr(part, source) is not None]
    if not given:
        raise reject(fault(f"needs one of {', '.join(sources)}", "add `table: FILE`, a CSV or Parquet file"))
    if len(given) > 1:
        raise reject(fault(f"takes one of {', '.join(sources)}", "keep one of them", got=" and ".join(given)))
