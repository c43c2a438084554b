"""Units in parts, on the workers of a cluster or in this process: past one machine it is the same plan.

    rows of a Parquet table (kept, or read again) → facts (told) → groups, limits → curves (kept) → decide → verify → written

The stages are those of `plan.py`; what they ask of the units they ask of every part, and what is told is small and exact, so the
plan and its certificate are those of one process to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from models.support import Support
from optimizer.edge.cluster import Cluster, Lazy, There
from optimizer.edge.model_store import ModelStore
from optimizer.edge.parquet import Chunk, Piece, chunks_of, digest_of, digest_of_file, files_of, is_many, pieces_of
from optimizer.edge.sources import features_of, known_from
from optimizer.edge.tables import digest_of_rows
from optimizer.engine.respond import HELD
from optimizer.errors import DataError, Fault, ScenarioError
from optimizer.pieces import (
    MOST_TOLD,
    Asked,
    Facts,
    Rows,
    Source,
    Witness,
    digested,
    facts_of,
    hashes_of,
    ids_of,
    look,
    part_at,
    patterns_among,
    repeated,
    some_of,
    sums_without,
    units_of,
    values_among,
    with_hashes,
)
from optimizer.problem.coupling import Coupling, counts_uplift, distinct_names
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.limits import Limit
from optimizer.problem.membership import Groups, groups_together, values_together
from optimizer.problem.parts import Each, Here, Parts
from optimizer.problem.problem import Problem
from optimizer.problem.scenario import Scenario
from optimizer.problem.sums import Sums
from optimizer.problem.units import History, Units

ROOM = 1 << 24
"""Numbers that are brought to one place at once: 128 MiB."""

SHARE = 0.6
"""Of the workers' memory, what rows and curves may take; where both are more, rows are read again whenever they are needed,
and where curves alone are, the model is asked again in every pass."""

BUCKET = 16_000_000
"""Ids that one worker compares with one another."""

SHOWN = 3
"""Ids that a message lists before it stops."""

ROW, CELL, UNIT = 120, 24, 24
"""Bytes that a row takes besides its cells, that a cell takes, and that a unit takes besides its curve, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Units in parts.

    Attributes
    ----------
    cluster : where they are; None in this process.
    rows : in parts, the units, or where they stand if they are more than the workers hold.
    lazy : whether their curves are more as well.
    units : some of them (on a cluster one), with the digest and the notes of all.
    """

    cluster: Cluster | None
    rows: Parts[Rows]
    lazy: bool
    sizes: tuple[int, ...]
    source: Source
    units: Units

    @classmethod
    def here(cls, units: Units, columns: tuple[str, ...]) -> Self:
        """One part, in this process; `columns` are those that limits, costs and rules name."""
        source = Source(name="units", id=None, features=units.features, columns=columns)
        return cls(cluster=None, rows=Here((units,)), lazy=False, sizes=(len(units),), source=source, units=units)

    @property
    def n(self) -> int:
        """How many units there are."""
        return sum(self.sizes)

    @property
    def ids(self) -> NDArray[np.object_]:
        """(n,): what they are called; as large as they are many."""
        return np.concatenate(self.rows.told(ids_of, self.source))

    @property
    def digest_of_own(self) -> str:
        """That of the cells that are read of these units, whoever else is in their table."""
        heads, sums = zip(*self.rows.told(digested, self.source), strict=True)
        return digest_of_rows(heads[0], sum(sums))

    def only(self, keep: NDArray[np.bool_]) -> Parted:
        """Those of an (n,) mask; parts of which none is kept are left out."""
        own = [np.flatnonzero(part) for part in np.split(keep, np.cumsum(self.sizes)[:-1])]
        places = [place for place, rows in enumerate(own) if len(rows)]
        kept = [own[place] for place in places]
        rows = self.rows.some(places).kept(some_of, Each(kept))
        return replace(self, rows=rows, sizes=tuple(map(len, kept)))

    def shared(self, value: Any) -> Any:
        """A value that is read wherever the units are."""
        return value if self.cluster is None else self.cluster.shared(value)

    def witnesses(self, model: ResponseModel) -> Parts[Witness]:
        """The model, asked again about each part."""
        return self.rows.kept(Witness, self.source, self.shared(model))


def read_far(cluster: Cluster, scenario: Scenario, history: History | None, store: ModelStore, rows: int | None = None) -> Parted:
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
    looked = rows_there.kept(look, source, buckets)
    told = looked.told(facts_of)
    kinds = _kinds(source.name, [facts.types for facts in told])
    if kinds:
        source = replace(source, kinds=kinds)
        rows_there = pieces if again else pieces.kept(units_of, source)
    _check_ids(cluster, looked, (rows_there, pieces), source, buckets)
    units = known_from(scenario, _first_of(source, told, digest), history)
    sizes = tuple(facts.rows for facts in told)
    return Parted(cluster=cluster, rows=rows_there, lazy=n * curve > room, sizes=sizes, source=source, units=units)


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
    twice = sorted({number for own in cluster.together(looked.kept(hashes_of), buckets, repeated) for number in own})
    if not twice:
        return
    places: dict[str, list[int]] = {}
    for own in rows[0].told(with_hashes, rows[1], source, twice[:MOST_TOLD]):
        for name, row in own:
            places.setdefault(name, []).append(row + 1)
    same = {name: rows for name, rows in places.items() if len(rows) > 1}
    if same:
        shown = "; ".join(f'"{name}" in rows {", ".join(map(str, own[:SHOWN]))}' for name, own in [*same.items()][:SHOWN])
        more = f"; {len(same)} such ids" if len(same) > SHOWN else ""
        raise DataError(f'{source.name}: id column "{source.id}" must hold each id once, got {shown}{more}; make them differ')


def respond_parts(parted: Parted, problem: Problem, model: ResponseModel, support: Support | None) -> tuple[Fleet, Coupling]:
    """The units' response curves in parts, and the limits over them.

    Raises
    ------
    DataError, ModelError
        As in `respond`, and where limits, costs or rules cannot be read.
    """
    limits = tuple(distinct_names(problem.limits))
    fleet, groups = curves_in_parts(parted, problem, limits, model, support)
    without = None
    if counts_uplift(limits):
        sums: list[tuple[Sums, ...]] = fleet.parts.told(sums_without, len(groups.sizes))
        without = [tuple(part for own in each for part in own) for each in zip(*sums, strict=True)]
    return fleet, Coupling.of_groups(limits, groups, np.zeros(0, dtype=np.intp), without)


def curves_in_parts(
    parted: Parted, problem: Problem, limits: tuple[Limit, ...], model: ResponseModel, support: Support | None = None
) -> tuple[Fleet, Groups]:
    """The units' response curves in parts, and the groups that the limits tell apart; raises as `respond_parts`."""
    values = values_together(limits, parted.rows.told(values_among, parted.source, limits))
    groups = groups_together(limits, values, parted.rows.told(patterns_among, parted.source, limits, values))
    asked = Asked(source=parted.source, problem=problem, limits=limits, values=values, groups=groups, support=support)
    known = parted.shared(asked), parted.shared(model)
    n, m = parted.n, len(problem.amounts)
    rows = parted.rows
    lazy = Lazy(rows, part_at, known) if parted.lazy and isinstance(rows, There) else None
    parts: Parts[Part] = rows.kept(part_at, *known) if lazy is None else lazy
    expected, common = problem.costs.expected, problem.costs.column is None
    fleet = Fleet(
        parts=parts,
        sizes=parted.sizes,
        amounts=problem.amounts,
        common_costs=problem.costs.charges(None).of(problem.amounts.array, np.zeros(m), ()) if common and not expected else None,
        expected=expected,
        held=n * m <= HELD,
        room=math.inf if parted.cluster is None else ROOM,
    )
    return fleet, groups
