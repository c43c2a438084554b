"""Past one machine: the same plan, where the units stand in parts on the workers of a cluster.

    rows of a Parquet table (kept, or read again) → facts (told) → groups, limits → curves (kept) → decide → verify → written

The stages are those of `plan.py`; what they ask of the units they ask of every part, and what is told is small and exact, so the
plan and its certificate are those of one process to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from models.support import Support
from optimizer.edge.cluster import Cluster, Lazy, There
from optimizer.edge.model_store import ModelStore
from optimizer.edge.parquet import Chunk, Piece, chunks_of, digest_of, digest_of_file, files_of, is_many, pieces_of, read_chunks
from optimizer.edge.sources import features_of, known_from
from optimizer.edge.tables import Table, table_of_piece
from optimizer.edge.units_from import units_from
from optimizer.engine.respond import HELD, respond
from optimizer.errors import DataError, Fault, ScenarioError
from optimizer.problem.coupling import Coupling, counts_uplift, distinct_names
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups, Values, groups_together, masks_of, patterns_in, values_of, values_together
from optimizer.problem.problem import Problem
from optimizer.problem.scenario import Scenario
from optimizer.problem.sums import Sums, exact_parts_by
from optimizer.problem.units import History, Units

ROOM = 1 << 24
"""Numbers that are brought to one place at once: 128 MiB."""

SHARE = 0.6
"""Of the workers' memory, what rows and curves may take; where both are more, rows are read again whenever they are needed,
and where curves alone are, the model is asked again in every pass."""

BUCKET = 16_000_000
"""Ids that one worker compares with one another."""

SHOWN, MOST_TOLD = 3, 300
"""Ids that a message lists before it stops, and hashes of which more is asked."""

ROW, CELL, UNIT = 120, 24, 24
"""Bytes that a row takes besides its cells, that a cell takes, and that a unit takes besides its curve, about."""


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


Rows = Units | Piece
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """The units on a cluster.

    Attributes
    ----------
    rows : in parts, the units, or where they stand if they are more than the workers hold.
    lazy : whether their curves are more as well.
    units : one row of them, with the digest and the notes of all.
    """

    cluster: Cluster
    rows: There[Rows]
    lazy: bool
    sizes: tuple[int, ...]
    source: Source
    units: Units

    @property
    def n(self) -> int:
        """How many units there are."""
        return sum(self.sizes)


def read_far(cluster: Cluster, scenario: Scenario, history: History | None, store: ModelStore, rows: int | None = None) -> Far:
    """The units of a scenario, left where they are.

    Parameters
    ----------
    rows : of a piece; by default `optimizer.edge.parquet.ROWS`.

    Raises
    ------
    ScenarioError
        If they are in no Parquet table.
    DataError
        If the table does not hold what the scenario says of it.
    """
    path = scenario.units.table
    if path is None or not (path.suffix.lower() == ".parquet" or is_many(path)):
        got = "another source" if path is None else str(path)
        raise ScenarioError(Fault("units", "a cluster reads them from Parquet", got, "name a .parquet file or a folder of them"))
    files = files_of(path)
    far = cluster.spread(files)
    digest = digest_of(path, files, far.told(digest_of_file))
    chunks: list[Chunk] = [chunk for own in far.told(chunks_of) for chunk in own]
    cut = pieces_of(chunks) if rows is None else pieces_of(chunks, rows)
    if not cut:
        raise DataError(f"{path}: has no rows; it needs at least one")
    problem = scenario.build_problem()
    source = Source(name=str(path), id=scenario.units.id, features=features_of(scenario, store), columns=problem.columns)
    n, pieces = sum(piece.rows for piece in cut), cluster.spread(cut)
    room, curve, row = SHARE * cluster.memory, 8 * len(problem.amounts) + UNIT, ROW + CELL * len(source.read)
    again = n * (curve + row) > room
    rows_there = pieces if again else pieces.kept(units_of, source)
    buckets = -(-n // BUCKET) if source.id else 0
    looked = rows_there.kept(_look, source, buckets)
    told = looked.told(_facts)
    kinds = _kinds(source.name, [facts.types for facts in told])
    if kinds:
        source = replace(source, kinds=kinds)
        rows_there = pieces if again else pieces.kept(units_of, source)
    _check_ids(cluster, looked, (rows_there, pieces), source, buckets)
    units = known_from(scenario, _first_of(source, told, digest), history)
    sizes = tuple(facts.rows for facts in told)
    return Far(cluster=cluster, rows=rows_there, lazy=n * curve > room, sizes=sizes, source=source, units=units)


def units_of(rows: Rows, source: Source) -> Units:
    """The units, read if they are not yet."""
    if isinstance(rows, Units):
        return rows
    return units_from(_table(rows, source), id=source.id, features=source.features, columns=source.columns)


def nameless_of(rows: Rows, source: Source) -> Units:
    """The same without ids, which take longest to read; what they were checked for once is not checked again."""
    if isinstance(rows, Units):
        return rows
    frame = _table(rows, source.nameless).frame.reset_index(drop=True)
    return Units(ids=np.empty(len(frame), dtype=object), frame=frame, features=source.features)


def _look(rows: Rows, source: Source, buckets: int) -> tuple[Facts, list[NDArray[np.uint64]]]:
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


def _facts(looked: tuple[Facts, list[NDArray[np.uint64]]]) -> Facts:
    return looked[0]


def _hashes(looked: tuple[Facts, list[NDArray[np.uint64]]]) -> list[NDArray[np.uint64]]:
    return looked[1]


def _table(piece: Piece, source: Source) -> Table:
    read = read_chunks(piece.chunks, source.read)
    table = table_of_piece(read, source.name, piece.first)
    return replace(table, frame=table.frame.astype(dict(source.kinds)))


def _first_of(source: Source, told: Sequence[Facts], digest: str) -> Units:
    total = sum(facts.rows for facts in told)
    missing = {feature: sum(facts.missing[feature] for facts in told) for feature in source.features}
    notes = tuple(
        f'{source.name}: feature "{feature}" is missing in {count} of {total} rows; the model imputes it from history.'
        for feature, count in missing.items()
        if count
    )
    frame = told[0].first.astype(dict(source.kinds))
    return Units(ids=np.array(["1"], dtype=object), frame=frame, features=source.features, digest=digest, notes=notes)


def _kinds(name: str, told: Sequence[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    """One type for each column that has several: numbers some of which are missing are floating-point ones everywhere."""
    common = []
    for column in told[0]:
        types = {types[column] for types in told}
        if len(types) == 1:
            continue
        if not all(kind == "bool" or kind.startswith(("int", "uint", "float")) for kind in types):
            raise DataError(f'{name}: column "{column}" holds {" and ".join(sorted(types))} in different files; write them alike')
        common.append((column, "float64"))
    return tuple(common)


def _check_ids(
    cluster: Cluster, looked: There[Any], rows: tuple[There[Rows], There[Piece]], source: Source, buckets: int
) -> None:
    """Each id once: equal ones have equal hashes, and each worker compares those of one bucket."""
    if not buckets:
        return
    twice = sorted({number for own in cluster.together(looked.kept(_hashes), buckets, _repeated) for number in own})
    if not twice:
        return
    places: dict[str, list[int]] = {}
    for own in rows[0].told(_with_hashes, rows[1], source, twice[:MOST_TOLD]):
        for name, row in own:
            places.setdefault(name, []).append(row + 1)
    same = {name: rows for name, rows in places.items() if len(rows) > 1}
    if same:
        shown = "; ".join(f'"{name}" in rows {", ".join(map(str, own[:SHOWN]))}' for name, own in [*same.items()][:SHOWN])
        more = f"; {len(same)} such ids" if len(same) > SHOWN else ""
        raise DataError(f'{source.name}: id column "{source.id}" must hold each id once, got {shown}{more}; make them differ')


def _repeated(parts: list[NDArray[np.uint64]]) -> list[int]:
    hashes = np.sort(np.concatenate(parts))
    return sorted(set(hashes[1:][hashes[1:] == hashes[:-1]].tolist()))[:MOST_TOLD]


def _with_hashes(rows: Rows, piece: Piece, source: Source, wanted: Sequence[int]) -> list[tuple[str, int]]:
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


def respond_far(far: Far, problem: Problem, model: ResponseModel, support: Support | None) -> tuple[Fleet, Coupling]:
    """The units' response curves in parts, and the limits over them.

    Raises
    ------
    DataError, ModelError
        As in `respond`, and where limits, costs or rules cannot be read.
    """
    limits = tuple(distinct_names(problem.limits))
    values = values_together(limits, far.rows.told(_values, far.source, limits))
    groups = groups_together(limits, values, far.rows.told(_patterns, far.source, limits, values))
    asked = Asked(source=far.source, problem=problem, limits=limits, values=values, groups=groups, support=support)
    told, shared = far.cluster.shared(asked), far.cluster.shared(model)
    n, m = far.n, len(problem.amounts)
    parts: Any = Lazy(far.rows, part_at, (told, shared)) if far.lazy else far.rows.kept(part_at, told, shared)
    expected, common = problem.costs.expected, problem.costs.column is None
    fleet = Fleet(
        parts=parts,
        sizes=far.sizes,
        amounts=problem.amounts,
        common_costs=problem.costs.charges(None).of(problem.amounts.array, np.zeros(m), ()) if common and not expected else None,
        expected=expected,
        held=n * m <= HELD,
        room=ROOM,
    )
    without = None
    if counts_uplift(limits):
        sums: list[tuple[Sums, ...]] = fleet.parts.told(_without, len(groups.sizes))
        without = [tuple(part for own in each for part in own) for each in zip(*sums, strict=True)]
    return fleet, Coupling.of_groups(limits, groups, np.zeros(0, dtype=np.intp), without)


def part_at(rows: Rows, asked: Asked, model: ResponseModel) -> Part:
    """The curves of a piece, and the group of each of its units."""
    units = nameless_of(rows, asked.source)
    n, problem = len(units), asked.problem
    if asked.support is not None:
        problem = replace(problem, seen=asked.support.allowed(units.X, problem.amounts))
    curves = respond(model, units, problem.terms(n, units.frame))
    return Part(curves, asked.groups.of(masks_of(asked.limits, n, units.frame, asked.values)))


def _values(rows: Rows, source: Source, limits: Sequence[Limit]) -> Values:
    if all(limit.by is None for limit in limits):
        return tuple(() for _ in limits)
    units = nameless_of(rows, source)
    return values_of(limits, len(units), units.frame)


def _patterns(rows: Rows, source: Source, limits: Sequence[Limit], values: Values) -> dict[tuple[bool, ...], int]:
    if isinstance(rows, Piece) and all(limit.by is None and limit.where is None for limit in limits):
        return {(True,) * len(limits): rows.rows}
    units = nameless_of(rows, source)
    return patterns_in(masks_of(limits, len(units), units.frame, values))


def _without(part: Part, n_groups: int) -> tuple[Sums, ...]:
    return exact_parts_by(part.curves.column(0), part.groups, n_groups)
