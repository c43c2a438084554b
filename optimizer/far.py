"""A scenario solved on a cluster: read → fit → spread → decide → verify → written by the workers, or nothing.

The rows of the plan never come here: OUT/allocation.parquet/ is written part by part where the units are, and `_SUCCESS` last.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.base import ResponseModel
from models.support import MOST_MARKED, Support
from optimizer.conflict import decide_or_explain_parts
from optimizer.decide import Decided
from optimizer.edge.cluster import Cluster, cluster_at
from optimizer.edge.far_outputs import FarFolder, FarLeft, writing_far
from optimizer.edge.fitted import fitted_model, fitted_support
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.outputs import PARQUET, Found, read_left
from optimizer.edge.parquet import Chunk, chunks_of, digest_of, digest_of_file, files_of, read_chunks
from optimizer.edge.pool import read_pool_again
from optimizer.edge.sources import read_history
from optimizer.engine.verify import Awards, certify_parts
from optimizer.errors import Fault, ModelError, ScenarioError, VerificationError
from optimizer.evaluating.asked import Asked
from optimizer.evaluating.optimism import optimism
from optimizer.options import Options
from optimizer.pieces import Reckoned, Telling, awards_at, awards_in, awards_read, fault_in, reckon
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.evaluation import Promise
from optimizer.problem.fleet import Fleet
from optimizer.problem.parts import Parts
from optimizer.problem.result import COLUMNS, Basis, Summary, segments_together
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_model import WrappedSpec
from optimizer.problem.units import History
from optimizer.solved import Plan
from optimizer.spread import Parted, curves_in_parts, read_far, respond_parts
from optimizer.told import summary_of
from optimizer.tonight import again

log = logging.getLogger(__name__)


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
    store = ModelStore(allowed_modules=(*ALLOWED, *options.allow_modules))
    options.progress("read", None)
    with cluster_at(address) as cluster:
        history = read_history(scenario)
        far = read_far(cluster, scenario, history, store, rows)
        options.progress("fit", None)
        model = fitted_model(scenario, history, store)
        options.progress("respond", None)
        fleet, coupling = respond_parts(far, scenario.build_problem(), model, _support(scenario, history))
        decided = decide_or_explain_parts(fleet, coupling, scenario.solver.build(), options.progress)
        options.progress("verify", None)
        awards = decided.choice.kept(awards_at, fleet.amounts)
        certificate = certify_parts(decided.allocation, fleet, coupling, awards, far.witnesses(model))
        with writing_far(out) as folder:
            options.progress("write", None)
            plan, files = told_far((scenario, history, far), (fleet, coupling), (decided, awards, certificate), folder)
            plan = replace(plan, summary=replace(plan.summary, promise=_promise(scenario, far.n, history, store, options)))
            if folder is not None:
                folder.finish(left_far((scenario, history, far), plan, model, files))
    return plan


def told_far(
    read: tuple[Scenario, History | None, Parted],
    asked: tuple[Fleet, Coupling],
    found: tuple[Decided, Parts[Awards], Certificate],
    folder: FarFolder | None,
) -> tuple[Plan, dict[str, str]]:
    """The plan with all that is said of it, its rows written where they are; and the digest of each part, by its name."""
    (scenario, history, far), (fleet, coupling), (decided, awards, certificate) = read, asked, found
    telling = Telling(
        source=far.source,
        amounts=fleet.amounts,
        binary=_binary(history),
        support=_marked(scenario, history, certificate.recipients),
        folder=None if folder is None else folder.rows,
    )
    told = fleet.parts.told(reckon, awards, far.rows, fleet.each(range(len(far.sizes))), far.shared(telling))
    summary = _summary(read, asked, certificate, told, telling)
    plain = Curves(values=np.empty((0, len(fleet.amounts))), costs=fleet.amounts.array, amounts=fleet.amounts)
    basis = Basis(curves=plain, coupling=coupling, solver=scenario.solver.build())
    table = pd.DataFrame({column: [] for column in COLUMNS})
    plan = Plan(allocation=decided.allocation, certificate=certificate, table=table, summary=summary, basis=basis)
    return plan, {each.file: each.digest for each in told}


def left_far(
    read: tuple[Scenario, History | None, Parted],
    plan: Plan,
    model: ResponseModel,
    files: dict[str, str],
    season: dict[str, Any] | None = None,
) -> FarLeft:
    """What this run leaves besides its rows; `season` says what a night had in view."""
    scenario, history, far = read
    units = far.units.digest if season is None else far.digest_of_own
    digests = {"units": units, **({} if history is None else {"history": history.digest})}
    return FarLeft(
        scenario=scenario,
        model=model,
        certificate=plan.certificate,
        summary=plan.summary,
        digests=digests,
        files=files,
        season=season,
    )


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
    problem, model = scenario.build_problem(), left.model
    with cluster_at(address) as cluster:
        history = read_history(scenario)
        far = read_far(cluster, scenario, history, ModelStore(allowed_modules=(*ALLOWED, *allow_modules)))
        chunks = _written(cluster, left)
        if left.season is not None:
            far = _of_night(far, left, chunks)
        if (far.units.digest if left.season is None else far.digest_of_own) != left.units_digest:
            raise VerificationError(f"{folder}: the units' table changed since the run; verify with the table the run read")
        if scenario.amounts.support is not None and history is not None and history.digest != left.history_digest:
            raise VerificationError(f"{folder}: the history changed since the run; verify with the one the run read")
        if left.season is None:
            fleet, coupling = respond_parts(far, problem, model, _support(scenario, history))
        else:
            fleet, groups = curves_in_parts(far, problem, problem.limits, model)
            pool = read_pool_again(scenario, left.season, history, far.units.features)
            coupling = again((fleet, groups), problem, left.season, model, pool, scenario.solver.seed)
        starts = fleet.each(fleet.starts)
        read = fleet.parts.kept(awards_read, far.rows, far.source, chunks, starts)
        fault = next((fault for fault in read.told(fault_in) if fault), "")
        if fault:
            raise VerificationError(f"{left.place}: {fault}")
        claimed = left.claimed(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64))
        certificate = certify_parts(claimed, fleet, coupling, read.kept(awards_in), far.witnesses(model))
    left.check(certificate)
    return certificate


def _of_night(far: Parted, left: Found, chunks: Sequence[Chunk]) -> Parted:
    """The units that a night decided about, among all that its table holds by now."""
    keep = np.zeros(far.n, dtype=bool)
    keep[left.rows_of(read_chunks(chunks, ["id"]).column("id").to_pandas(), far.ids)] = True
    return far.only(keep)


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
    read: tuple[Scenario, History | None, Parted],
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


def _written(cluster: Cluster, left: Found) -> tuple[Chunk, ...]:
    """The files of the allocation, which are those that the run wrote."""
    if left.place.name != PARQUET:
        raise VerificationError(f"{left.place}: is verified without a cluster, which reads Parquet")
    files = files_of(left.place)
    far = cluster.spread(files)
    if digest_of(left.place, files, far.told(digest_of_file)) != left.claims["files"][PARQUET]:
        raise VerificationError(f"{left.place}: is not the file that the run wrote; solve again")
    return tuple(chunk for own in far.told(chunks_of) for chunk in own)
