"""What is asked of a piece of the units where it stands, here or on a cluster's worker.

    rows (held, or read whenever they are asked for)  →  facts, groups, curves  →  a part of the plan: told, written, read again

Whatever comes to a worker is imported there: this module knows nothing that only who asks needs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from models.monotone import falls
from models.support import Support
from optimizer.edge.parquet import Chunk, Piece, read_chunks, read_rows, write_part
from optimizer.edge.tables import Table, sum_of_rows, table_of_piece
from optimizer.edge.units_from import told_of, units_from
from optimizer.engine.respond import respond
from optimizer.engine.verify import Awards
from optimizer.problem.amounts import Amounts
from optimizer.problem.costs import Costs
from optimizer.problem.fleet import Part
from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups, Pattern, Values, masks_of, patterns_in, values_of
from optimizer.problem.problem import Problem
from optimizer.problem.result import Counted, segment_of, segments_in
from optimizer.problem.sums import Sums, exact_parts_by
from optimizer.problem.units import Units

MOST_WRONG = 1e-9
"""Relative: how far an outcome on disk may be from what the model says."""

MOST_TOLD = 300
"""Hashes of which more is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How a piece of the units' table is read.

    Attributes
    ----------
    name, id, features, columns : as of `units_from`.
    kinds : numpy types of columns that are others in other pieces.
    """

    name: str
    id: str | None
    features: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...] = ()

    @property
    def read(self) -> list[str]:
        """The columns that are read."""
        return list(dict.fromkeys([*([] if self.id is None else [self.id]), *self.features, *self.columns]))

    @property
    def nameless(self) -> Source:
        """The same without ids."""
        plain = replace(self, id=None)
        return replace(plain, kinds=tuple(each for each in self.kinds if each[0] in plain.read))


@dataclass(frozen=True, slots=True)
class Some:
    """Some rows of a piece, ascending."""

    piece: Piece
    keep: NDArray[np.intp]


Rows = Units | Piece | Some
"""Units, or where they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is told of a piece.

    Attributes
    ----------
    types : numpy types of its columns.
    missing : how many rows lack each feature.
    first : its first row, in the words of a message.
    """

    rows: int
    types: dict[str, str]
    missing: dict[str, int]
    first: pd.DataFrame


def units_of(rows: Rows, source: Source) -> Units:
    """The units, read if they are not yet."""
    if isinstance(rows, Units):
        return rows
    if isinstance(rows, Some):
        return units_of(rows.piece, source).take(rows.keep)
    return units_from(_table(rows, source), id=source.id, features=source.features, columns=source.columns)


def nameless_of(rows: Rows, source: Source) -> Units:
    """The same without ids, which take longest to read; what they were checked for once is not checked again."""
    if isinstance(rows, Units):
        return rows
    if isinstance(rows, Some):
        return nameless_of(rows.piece, source).take(rows.keep)
    frame = _table(rows, source.nameless).frame.reset_index(drop=True)
    return Units(ids=np.empty(len(frame), dtype=object), frame=frame, features=source.features)


def some_of(rows: Rows, keep: NDArray[np.intp]) -> Rows:
    """These rows, ascending."""
    if isinstance(rows, Units):
        return rows.take(keep)
    return Some(rows, keep) if isinstance(rows, Piece) else Some(rows.piece, rows.keep[keep])


def ids_of(rows: Rows, source: Source) -> NDArray[np.object_]:
    """(n,): what the units are called."""
    return units_of(rows, source).ids


def digested(rows: Rows, source: Source) -> tuple[pd.DataFrame, int]:
    """What the cells that are read come to, as of `sum_of_rows`, and no row of them."""
    read = told_of(units_of(rows, source), source.columns)
    return read.head(0), sum_of_rows(read)


def look(rows: Rows, source: Source, buckets: int) -> tuple[Facts, list[NDArray[np.uint64]]]:
    """What is told of a piece, and the hashes of its ids by bucket; what is wrong with it is raised."""
    units = units_of(rows, source)
    frame = units.frame
    facts = Facts(
        rows=len(units),
        types={str(column): str(kind) for column, kind in frame.dtypes.items()},
        missing={feature: int(frame[feature].isna().sum()) for feature in source.features},
        first=frame.head(1),
    )
    if not buckets:
        return facts, []
    hashes = pd.util.hash_array(units.ids, categorize=False)
    place = hashes % np.uint64(buckets)
    return facts, [hashes[place == bucket] for bucket in range(buckets)]


def facts_of(looked: tuple[Facts, list[NDArray[np.uint64]]]) -> Facts:
    """The first of them."""
    return looked[0]


def hashes_of(looked: tuple[Facts, list[NDArray[np.uint64]]]) -> list[NDArray[np.uint64]]:
    """The second of them."""
    return looked[1]


def _table(piece: Piece, source: Source) -> Table:
    read = read_chunks(piece.chunks, source.read)
    table = table_of_piece(read, source.name, piece.first)
    return replace(table, frame=table.frame.astype(dict(source.kinds)))


def repeated(parts: list[NDArray[np.uint64]]) -> list[int]:
    """Hashes that appear twice, of several pieces together."""
    hashes = np.sort(np.concatenate(parts))
    return sorted(set(hashes[1:][hashes[1:] == hashes[:-1]].tolist()))[:MOST_TOLD]


def with_hashes(rows: Rows, piece: Piece, source: Source, wanted: Sequence[int]) -> list[tuple[str, int]]:
    """The ids that have one of these hashes, and their rows in the table."""
    ids = units_of(rows, source).ids
    found = np.flatnonzero(np.isin(pd.util.hash_array(ids, categorize=False), np.array(wanted, dtype=np.uint64)))
    return [(str(ids[place]), piece.first + int(place)) for place in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the units of any piece.

    Attributes
    ----------
    support : what units like a unit were seen with; None if any amount may be given.
    """

    source: Source
    problem: Problem
    limits: tuple[Limit, ...]
    values: Values
    groups: Groups
    support: Support | None


def part_at(rows: Rows, asked: Asked, model: ResponseModel) -> Part:
    """The curves of a piece, and the group of each of its units."""
    units = nameless_of(rows, asked.source)
    n, problem = len(units), asked.problem
    if asked.support is not None:
        problem = replace(problem, seen=asked.support.allowed(units.X, problem.amounts))
    curves = respond(model, units, problem.terms(n, units.frame))
    return Part(curves, asked.groups.of(masks_of(asked.limits, n, units.frame, asked.values)))


def values_among(rows: Rows, source: Source, limits: Sequence[Limit]) -> Values:
    """As of `values_of`."""
    if all(limit.by is None for limit in limits):
        return tuple(() for _ in limits)
    units = nameless_of(rows, source)
    return values_of(limits, len(units), units.frame)


def patterns_among(rows: Rows, source: Source, limits: Sequence[Limit], values: Values) -> dict[Pattern, int]:
    """As of `patterns_in`."""
    if isinstance(rows, Piece) and all(limit.by is None and limit.where is None for limit in limits):
        return {(True,) * len(limits): rows.rows}
    units = nameless_of(rows, source)
    return patterns_in(masks_of(limits, len(units), units.frame, values))


def sums_without(part: Part, n_groups: int) -> tuple[Sums, ...]:
    """What the units of each group add up to without an award, exactly."""
    return exact_parts_by(part.curves.column(0), part.groups, n_groups)


@dataclass(frozen=True, slots=True)
class Witness:
    """The model, asked again about a piece."""

    rows: Rows
    source: Source
    model: ResponseModel

    def predict(self, amount: NDArray[np.int64]) -> NDArray[np.float64]:
        """The expected outcome of each unit at the amount given for it."""
        return self.model.predict(nameless_of(self.rows, self.source).X, amount)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a part of the plan comes to, and the file that it stands in, if it was to be written."""

    offered: int
    segments: dict[str, Counted]
    extrapolated: int
    file: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a part of the plan is told.

    Attributes
    ----------
    binary : whether outcomes are probabilities.
    support : what units like a unit were seen with; None where awards are not marked.
    """

    source: Source
    amounts: Amounts
    binary: bool
    support: Support | None
    folder: Path | None


def awards_at(choice: NDArray[np.integer], amounts: Amounts) -> Awards:
    """The awards that a choice says."""
    return Awards(choice, amounts.array[choice])


def reckon(part: Part, awards: Awards, rows: Rows, place: int, telling: Telling) -> Reckoned:
    """What a part comes to; its rows are written, if they are to be."""
    without, value = part.curves.column(0), part.curves.value_of(awards.index.astype(np.intp))
    largest = part.curves.column(-1)
    beyond, offered = None, int(awards.amount.sum())
    name, digest = f"part-{place:05d}.parquet", ""
    if telling.support is not None or telling.folder is not None:
        units = (nameless_of if telling.folder is None else units_of)(rows, telling.source)
        beyond = None if telling.support is None else ~telling.support.allowed_at(units.X, awards.amount)
    if telling.folder is not None:
        table = pd.DataFrame(
            {
                "id": units.ids,
                "amount": awards.amount,
                "outcome_without": without,
                "outcome_with": value,
                "uplift": value - without,
                "segment": segment_of(without, largest) if telling.binary else "",
                "extrapolated": "" if beyond is None else beyond,
            }
        )
        digest = write_part(table, telling.folder, name)
    segments = segments_in(without, largest, awards.amount) if telling.binary else {}
    return Reckoned(offered, segments, 0 if beyond is None else int(beyond.sum()), name, digest)


def awards_read(part: Part, rows: Rows, source: Source, chunks: Sequence[Chunk], start: int) -> tuple[str, Awards]:
    """What is wrong with a part of an allocation that was written, and its awards."""
    n, amounts = part.curves.shape[0], part.curves.amounts
    table = read_rows(chunks, start, start + n).to_pandas(ignore_metadata=True)
    nobody = Awards(np.zeros(n, dtype=np.intp), np.zeros(n, dtype=np.int64))
    if list(table["id"]) != list(units_of(rows, source).ids):
        return "must list the units in their table's order", nobody
    amount = table["amount"].to_numpy()
    index = np.searchsorted(amounts.array, amount).clip(max=len(amounts) - 1)
    wrong = amounts.array[index] != amount
    if wrong.any():
        return f"{amount[wrong][0]} is not among the amounts on offer", nobody
    without, value = part.curves.column(0), part.curves.value_of(index)
    for column, true in (("outcome_without", without), ("outcome_with", value), ("uplift", value - without)):
        off = np.abs(table[column].to_numpy(dtype=float) - true) > MOST_WRONG * np.maximum(1.0, np.abs(true))
        if off.any():
            return f"{column} of {table['id'][int(np.flatnonzero(off)[0])]} is not what the model says", nobody
    return "", Awards(index, amount)


def fault_in(read: tuple[str, Awards]) -> str:
    """What is wrong with them; "" if nothing is."""
    return read[0]


def awards_in(read: tuple[str, Awards]) -> Awards:
    """The awards themselves."""
    return read[1]


def falling(part: Part, start: int, every: int) -> NDArray[np.float64]:
    """How far the curves of one in so many of all units fall with money somewhere; `start` is the part's first unit's place."""
    return falls(part.of(np.arange(-start % every, part.curves.shape[0], every)).curves.dense().values)


@dataclass(frozen=True, slots=True)
class Booking:
    """How a part of a night's plan is told to the ledger.

    Attributes
    ----------
    due : what an award costs once it is accepted.
    columns : what the ledger keeps of each unit: the columns that limits name.
    """

    source: Source
    due: Costs
    columns: tuple[str, ...]


def booked(part: Part, choice: NDArray[np.integer], rows: Rows, booking: Booking) -> pd.DataFrame:
    """One row a unit: unit, amount, cost, due (whole currency units) and facts, canonical JSON of its columns."""
    units, index = units_of(rows, booking.source), choice.astype(np.intp)
    amount = part.curves.amounts.array[index]
    return pd.DataFrame(
        {
            "unit": units.ids,
            "amount": amount,
            "cost": part.curves.cost_of(index),
            "due": booking.due.charges(units.frame).of(amount, np.zeros(len(units)), slice(None)),
            "facts": _told_as_json(units.frame.loc[:, list(booking.columns)]),
        }
    )


def _told_as_json(frame: pd.DataFrame) -> list[str]:
    if frame.shape[1] == 0:
        return ["{}"] * len(frame)
    return [json.dumps(record, sort_keys=True, ensure_ascii=False, default=str) for record in records(frame)]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, empty cells as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(map(str, plain.columns), row, strict=True)) for row in plain.itertuples(index=False, name=None)]
