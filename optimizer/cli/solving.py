"""Solve, frontier, check, schema and verify."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.shared import (
    Allow,
    Json,
    Lang,
    Language,
    OnCluster,
    Quiet,
    ScenarioFile,
    Set,
    Verbose,
    clean_stdout,
    log,
    print_json,
    tell,
    written,
)

app = typer.Typer()


@app.command(
    epilog="Example: bursar solve scenarios/scholarship.yaml --out out/scholarship\n\n"
    "Half the money: bursar solve scenario.yaml --set limits.0.at_most=60_000_000"
)
def solve(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: ScenarioFile,
    out: Annotated[Path | None, typer.Option(metavar="OUT", help="Folder for what the run leaves.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    cluster: OnCluster = None,
    lang: Lang = Language.EN,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Solve a scenario and print the plan's summary; with --out, write allocation, certificate, model and report."""
    from optimizer.edge.show_plan import show_plan  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import stages  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415
    from optimizer.run import solve as run  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress, lang=lang.value)
            plan = run(scenario, out=out, options=options, cluster=cluster)
        with written(out):
            if as_json:
                print_json(stdout, asdict(plan.summary))
            else:
                tell(stdout, lambda console: show_plan(plan, console, lang.value), out=out, quiet=quiet)


@app.command(
    epilog="Example: bursar frontier scenarios/scholarship.yaml --from 60_000_000 --to 240_000_000\n\n"
    "Of a share: bursar frontier scenario.yaml --over recipients --from 5% --to 20% --points 4"
)
def frontier(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: ScenarioFile,
    over: Annotated[str, typer.Option(metavar="LIMIT", help="The limit, by its place or its name.")] = "limits.0",
    start: Annotated[str | None, typer.Option("--from", metavar="FIGURE", help="The first figure; half the limit's.")] = None,
    stop: Annotated[str | None, typer.Option("--to", metavar="FIGURE", help="The last; one and a half times it.")] = None,
    points: Annotated[int, typer.Option(help="How many figures, evenly spaced.")] = 40,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Also write the table there.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Decide a scenario for many figures of one limit: what more or less of it would bring, each with its proof."""
    from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import show_frontier, stages  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415
    from optimizer.run import frontier as run  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            table = run(scenario, over, start=start, stop=stop, points=points, options=options)
            if out is not None:
                write_frontier(table, out)
        with written(out):
            if as_json:
                print_json(stdout, json.loads(table.to_json(orient="records", double_precision=15)))
            else:
                tell(stdout, lambda console: show_frontier(table, console), out=out, quiet=quiet)


@app.command(
    epilog="Example: bursar check scenarios/scholarship.yaml\n\n"
    "With a value changed: bursar check scenario.yaml --set amounts.step=100_000"
)
def check(
    scenario: ScenarioFile, set_: Set = None, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Validate a scenario and its tables, and say what would be solved; nothing is fitted."""
    from optimizer.run import describe  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        facts = describe(scenario, overrides=set_ or ())
        if as_json:
            print_json(stdout, facts)
        elif not quiet:
            stdout.writelines(f"{name}: {fact}\n" for name, fact in facts.items())


@app.command(epilog="Example: bursar schema > schema.json")
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    from optimizer.problem.scenario import schema_json  # noqa: PLC0415

    sys.stdout.write(schema_json())


@app.command(
    epilog="Example: bursar verify out/scholarship\n\nIn a script, by its exit code alone: bursar verify out/scholarship --quiet"
)
def verify(
    folder: Annotated[Path, typer.Argument(metavar="OUT/", help="The folder that `bursar solve --out` wrote.")],
    allow_module: Allow = None,
    cluster: OnCluster = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Prove again, without any solver, what a run left."""
    from optimizer.edge.terminal import show_certificate  # noqa: PLC0415
    from optimizer.run import verify as prove  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        certificate = prove(folder, allow_modules=allow_module or (), cluster=cluster)
        if as_json:
            print_json(stdout, asdict(certificate) | {"gap": certificate.gap})
        else:
            tell(stdout, lambda console: show_certificate(certificate, console), quiet=quiet)
