"""A scenario solved on a cluster: read → fit → spread → decide → verify → written by the workers, or nothing.

The rows of the plan never come here: OUT/allocation.parquet/ is written part by part where the units are, and `_SUCCESS` last.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from models.support import MOST_MARKED, Support
from optimizer.decide import decide_parts
from optimizer.edge.cluster import Cluster, There, cluster_at
from optimizer.edge.far_outputs import FarLeft, write_part, writing_far
from optimizer.edge.fitted import fitted_model, fitted_support
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.outputs import PARQUET, Found, read_left
from optimizer.edge.parquet import Chunk, chunks_of, digest_of, digest_of_file, files_of, read_rows, url_of
from optimizer.edge.sources import read_history
from optimizer.engine.verify import Awards, certify_parts
from optimizer.errors import Fault, ModelError, ScenarioError, VerificationError, WriteError
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.optimism import optimism
from optimizer.options import Options
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.evaluation import Promise
from optimizer.problem.fleet import Fleet, Part
from optimizer.problem.result import COLUMNS, Basis, Counted, Summary, segment_of, segments_in, segments_together
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.units import History
from optimizer.solved import Plan
from optimizer.spread import Far, Rows, Source, nameless_of, read_far, respond_far, units_of
from optimizer.told import summary_of

log = logging.getLogger(__name__)


MOST_WRONG = 1e-9
"""Relative: how far an outcome on disk may be from what the model says."""


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


def solve_far(
    scenario: Scenario, address: str, *, out: Path | None = None, options: Options | None = None, rows: int | None = None
) -> Plan:
    """As `optimizer.run.solve`, on a cluster; the plan's table and awards stay where the workers wrote them.

    Parameters
    ----------
    address : the cluster's, as `cluster` of `optimizer.run.solve`.
    rows : of a piece; by default `optimizer.edge.parquet.ROWS`.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, or is lost.
    BursarError
        As in `optimizer.run.solve`.
    """
    options = options or Options()
    _check(scenario)
    if out is not None and (url := url_of(out)) is not None:
        raise WriteError(f"{url}: must be a folder that this machine and the workers share; copy it from there afterwards")
    store = ModelStore(allowed_modules=(*ALLOWED, *options.allow_modules))
    options.progress("read", None)
    history = read_history(scenario)
    with cluster_at(address) as cluster:
        far = read_far(cluster, scenario, history, store, rows)
        options.progress("fit", None)
        model = fitted_model(scenario, history, store)
        options.progress("respond", None)
        fleet, coupling = respond_far(far, scenario.build_problem(), model, _support(scenario, history))
        decided = decide_parts(fleet, coupling, scenario.solver.build(), options.progress)
        options.progress("verify", None)
        awards = decided.choice.kept(_awards, fleet.amounts)
        certificate = certify_parts(decided.allocation, fleet, coupling, awards, _witnesses(far, model))
        with writing_far(out) as folder:
            options.progress("write", None)
            telling = Telling(
                source=far.source,
                amounts=fleet.amounts,
                binary=_binary(history),
                support=_marked(scenario, history, certificate.recipients),
                folder=None if folder is None else folder.rows,
            )
            told = fleet.parts.told(_reckon, awards, far.rows, fleet.each(range(len(far.sizes))), cluster.shared(telling))
            summary = _summary((scenario, history, far), (fleet, coupling), certificate, told, telling)
            summary = replace(summary, promise=_promise(scenario, far.n, history, store, options))
            if folder is not None:
                digests = {"units": far.units.digest, **({} if history is None else {"history": history.digest})}
                files = {each.file: each.digest for each in told}
                folder.finish(
                    FarLeft(
                        scenario=scenario, model=model, certificate=certificate, summary=summary, digests=digests, files=files
                    )
                )
    plain = Curves(values=np.empty((0, len(fleet.amounts))), costs=fleet.amounts.array, amounts=fleet.amounts)
    basis = Basis(curves=plain, coupling=coupling, solver=scenario.solver.build())
    table = pd.DataFrame({column: [] for column in COLUMNS})
    return Plan(allocation=decided.allocation, certificate=certificate, table=table, summary=summary, basis=basis)


def verify_far(folder: Path, address: str, *, allow_modules: Sequence[str] = ()) -> Certificate:
    """As `optimizer.run.verify`, on a cluster: every part of the allocation is proven where its units are read.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, or is lost.
    BursarError
        As in `optimizer.run.verify`.
    """
    left = read_left(folder, allowed_modules=(*ALLOWED, *allow_modules), rows=False)
    scenario = left.scenario
    _check(scenario)
    if left.season is not None:
        raise VerificationError(f"{folder}: is a night's plan, which is verified without a cluster")
    history = read_history(scenario)
    with cluster_at(address) as cluster:
        far = read_far(cluster, scenario, history, ModelStore(allowed_modules=(*ALLOWED, *allow_modules)))
        if far.units.digest != left.units_digest:
            raise VerificationError(f"{folder}: the units' table changed since the run; verify with the table the run read")
        if scenario.amounts.support is not None and history is not None and history.digest != left.history_digest:
            raise VerificationError(f"{folder}: the history changed since the run; verify with the one the run read")
        chunks = _written(cluster, left)
        fleet, coupling = respond_far(far, scenario.build_problem(), left.model, _support(scenario, history))
        starts = fleet.each(fleet.starts)
        read = fleet.parts.kept(_read_awards, far.rows, far.source, chunks, starts)
        fault = next((fault for fault in read.told(_fault) if fault), "")
        if fault:
            raise VerificationError(f"{left.place}: {fault}")
        claimed = left.claimed(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64))
        certificate = certify_parts(claimed, fleet, coupling, read.kept(_awards_of), _witnesses(far, left.model))
    left.check(certificate)
    return certificate


def _check(scenario: Scenario) -> None:
    if scenario.solver.embedding == "native" or scenario.then is not None or scenario.objective is not None:
        got = "solver.embedding: native" if scenario.solver.embedding == "native" else "another objective"
        raise ScenarioError(Fault("cluster", "takes the expected outcome alone, with embedding: curves", got, "solve without it"))
    if scenario.units.holdout is not None:
        raise ScenarioError(Fault("units.holdout", "is not taken on a cluster", "", "write the units as a table of their own"))


def _support(scenario: Scenario, history: History | None) -> Support | None:
    return None if scenario.amounts.support is None or history is None else fitted_support(scenario, history)


def _marked(scenario: Scenario, history: History | None, recipients: int) -> Support | None:
    """What says whose award is extrapolated; None where history cannot tell, or it would take minutes."""
    if history is None or isinstance(scenario.model, WrappedSpec) or recipients > MOST_MARKED:
        return None
    try:
        return fitted_support(scenario, history)
    except ModelError as wrong:
        log.info("extrapolated awards are not marked: %s", wrong)
        return None


def _binary(history: History | None) -> bool:
    return history is not None and set(np.unique(history.outcome)) <= {0.0, 1.0}


def _promise(scenario: Scenario, n: int, history: History | None, store: ModelStore, options: Options) -> Promise | None:
    if history is None or isinstance(scenario.model, WrappedSpec):
        return None
    options.progress("promise", None)
    return optimism(Asked.by(scenario, n, history, store), history)


def _summary(
    read: tuple[Scenario, History | None, Far],
    asked: tuple[Fleet, Coupling],
    certificate: Certificate,
    told: Sequence[Reckoned],
    telling: Telling,
) -> Summary:
    scenario, history, far = read
    offered = sum(each.offered for each in told)
    plain = summary_of(scenario, (history, far.units.notes), *asked, certificate, offered)
    return replace(
        plain,
        extrapolated=None if telling.support is None else sum(each.extrapolated for each in told),
        segments=segments_together([each.segments for each in told]) if telling.binary else (),
    )


def _witnesses(far: Far, model: ResponseModel) -> There[Witness]:
    return far.rows.kept(Witness, far.source, far.cluster.shared(model))


def _awards(choice: NDArray[np.integer], amounts: Amounts) -> Awards:
    return Awards(choice, amounts.array[choice])


def _reckon(part: Part, awards: Awards, rows: Rows, place: int, telling: Telling) -> Reckoned:
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


def _written(cluster: Cluster, left: Found) -> tuple[Chunk, ...]:
    """The files of the allocation, which are those that the run wrote."""
    if left.place.name != PARQUET:
        raise VerificationError(f"{left.place}: is verified without a cluster, which reads Parquet")
    files = files_of(left.place)
    far = cluster.spread(files)
    if digest_of(left.place, files, far.told(digest_of_file)) != left.claims["files"][PARQUET]:
        raise VerificationError(f"{left.place}: is not the file that the run wrote; solve again")
    return tuple(chunk for own in far.told(chunks_of) for chunk in own)


def _read_awards(part: Part, rows: Rows, source: Source, chunks: Sequence[Chunk], start: int) -> tuple[str, Awards]:
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


def _fault(read: tuple[str, Awards]) -> str:
    return read[0]


def _awards_of(read: tuple[str, Awards]) -> Awards:
    return read[1]
