"""A run's report, made again from what the run left and the tables that it read; nothing is solved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optimizer.edge.outputs import write_report
from optimizer.edge.report import Page
from optimizer.options import Options
from optimizer.problem.result import Basis, Plan
from optimizer.run import rebuild


def report(folder: str | Path, *, lang: str = "en", allow_modules: Sequence[str] = ()) -> Path:
    """Write `report.html` of a run's folder again, in any language; returns where it is.

    Raises
    ------
    VerificationError
        If a file or a table was changed since the run.
    DataError, ModelError, ScenarioError, WriteError
        If a file cannot be read or written, or the report does not speak the language.
    """
    options = Options(allow_modules=allow_modules, lang=lang)
    run = rebuild(folder, allow_modules=options.allow_modules)
    left, scenario = run.left, run.left.scenario
    plan = Plan(
        allocation=left.allocation(run.units, run.curves),
        certificate=left.certificate,
        table=left.table,
        summary=left.summary,
        basis=Basis(curves=run.curves, coupling=run.coupling, solver=scenario.solver.build()),
    )
    page = Page.of(scenario, plan, run.units.frame, left.frontier, left.claims)
    return write_report(page, options.lang, left.folder)
