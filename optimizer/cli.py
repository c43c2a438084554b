"""The command line: argv → verb; error → exit code. Each verb is a few lines onto the public API.

Results go to stdout, one document with --json; logs, progress and errors go to stderr.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from optimizer.errors import BursarError

PIPED_WIDTH = 120
"""Columns where stdout is no terminal."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Decide who gets an award and how much, under a budget, with a proof of how good the plan is.",
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="The scenario file.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override: limits.0.at_most=60_000_000.")]
Allow = Annotated[list[str] | None, typer.Option("--allow-module", metavar="NAME", help="Also take estimators from this module.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step on stderr.")]


@app.command(epilog="Example: bursar solve scenarios/scholarship.yaml --set limits.0.at_most=60_000_000 --out out/half")
def solve(
    scenario: ScenarioFile,
    out: Annotated[Path | None, typer.Option(help="Folder for what the run leaves.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Solve a scenario and print the plan's summary; with --out, write allocation, certificate, model and report."""
    from optimizer.edge.terminal import show_summary, stages  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.run import Options  # noqa: PLC0415
    from optimizer.run import solve as run  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            plan = run(scenario, out=out, options=options)
        if as_json:
            _print_json(stdout, asdict(plan.summary))
        else:
            show_summary(plan.summary, _console(stdout))
            if out is not None:
                stdout.write(f"written to {out}\n")


@app.command(epilog="Example: bursar frontier scenarios/scholarship.yaml --over limits.0 --from 60_000_000 --to 240_000_000")
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
    verbose: Verbose = False,
) -> None:
    """Decide a scenario for many figures of one limit: what more or less of it would bring, each with its proof."""
    from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import show_frontier, stages  # noqa: PLC0415
    from optimizer.run import Options  # noqa: PLC0415
    from optimizer.run import frontier as run  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            table = run(scenario, over, start=start, stop=stop, points=points, options=options)
        if out is not None:
            write_frontier(table, out)
        if as_json:
            _print_json(stdout, json.loads(table.to_json(orient="records", double_precision=15)))
        else:
            show_frontier(table, _console(stdout))
            if out is not None:
                stdout.write(f"written to {out}\n")


@app.command(epilog="Example: bursar check scenarios/scholarship.yaml")
def check(scenario: ScenarioFile, set_: Set = None, as_json: Json = False, verbose: Verbose = False) -> None:
    """Validate a scenario and its tables, and say what would be solved; nothing is fitted."""
    from optimizer.run import describe  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        facts = describe(scenario, overrides=set_ or ())
        if as_json:
            _print_json(stdout, facts)
        else:
            stdout.writelines(f"{name}: {fact}\n" for name, fact in facts.items())


@app.command(epilog="Example: bursar study kinds scenarios/scholarship.yaml")
def study(  # noqa: PLR0913, PLR0917 — each is an option of its own
    name: Annotated[str, typer.Argument(metavar="NAME", help="transfer-1, transfer-2, ihdp, kinds or caution.")],
    scenario: Annotated[Path, typer.Argument(metavar="[SCENARIO.yaml]", help="For kinds.", show_default=False)] = Path(
        "scenarios/scholarship.yaml"
    ),
    data: Annotated[Path | None, typer.Option(metavar="PATH", help="For ihdp: the train .npz, or .csv files.")] = None,
    preset: Annotated[str, typer.Option(help="For ihdp: ihdp, ihdp-cfr-mmd or ihdp-cfr-wass.")] = "ihdp",
    reps: Annotated[int | None, typer.Option(min=1, help="Replications of transfer or ihdp.")] = None,
    seed: Annotated[int, typer.Option(help="Of the first replication.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="For transfer: processes at once.")] = 1,
    small: Annotated[bool, typer.Option("--small", help="For transfer: a part of the cells.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Also write the table there.")] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Run a published study of the models again, or compare all kinds of model where the truth is known."""
    from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import show_study, stages  # noqa: PLC0415
    from optimizer.study import Choices  # noqa: PLC0415
    from optimizer.study import study as run  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        with stages() as progress:
            choices = Choices(
                scenario=scenario, data=data, preset=preset, reps=reps, seed=seed, jobs=jobs, small=small, progress=progress
            )
            found = run(name, choices)
        if out is not None:
            write_frontier(found.table, out)
        if as_json:
            rows = json.loads(found.table.to_json(orient="records", double_precision=15))
            _print_json(stdout, {"study": name, "notes": found.notes, "rows": rows})
        else:
            show_study(found.text or found.table, found.notes, _console(stdout))
            if out is not None:
                stdout.write(f"written to {out}\n")


@app.command(epilog="Example: bursar evaluate scenarios/hiv_incentives.yaml --cluster villnum")
def evaluate(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: ScenarioFile,
    folds: Annotated[int, typer.Option(min=2, help="In how many parts history is cut.")] = 5,
    cluster: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of history: equal ones belong together.")] = None,
    propensity: Annotated[
        str, typer.Option(metavar="CHANCES", help="Of history's awards: estimated, shares, or known:0.5 for that of any award.")
    ] = "estimated",
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Compare with it: id and amount of past units.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Also write all figures there.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Value the plan by the outcomes that history records, beside simpler rules: would it really bring more?"""
    from optimizer.edge.outputs import write_json  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.show_evaluation import show_evaluation  # noqa: PLC0415
    from optimizer.edge.terminal import stages  # noqa: PLC0415
    from optimizer.evaluation import evaluate as run  # noqa: PLC0415
    from optimizer.run import Options  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            found = run(scenario, folds=folds, cluster=cluster, propensity=propensity, plan=plan, options=options)
        if out is not None:
            write_json(found.document(), out)
        if as_json:
            _print_json(stdout, found.document())
        else:
            show_evaluation(found, _console(stdout))
            if out is not None:
                stdout.write(f"written to {out}\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    from optimizer.problem.scenario import schema_json  # noqa: PLC0415

    sys.stdout.write(schema_json())


@app.command(epilog="Example: bursar verify out/scholarship")
def verify(
    folder: Annotated[Path, typer.Argument(metavar="OUT/", help="The folder that `bursar solve --out` wrote.")],
    allow_module: Allow = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Prove again, without any solver, what a run left."""
    from optimizer.edge.terminal import show_certificate  # noqa: PLC0415
    from optimizer.run import verify as prove  # noqa: PLC0415

    _log(verbose=verbose)
    with _clean_stdout() as stdout:
        certificate = prove(folder, allow_modules=allow_module or ())
        if as_json:
            _print_json(stdout, asdict(certificate) | {"gap": certificate.gap})
        else:
            show_certificate(certificate, _console(stdout))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    try:
        app(args=argv, prog_name="bursar")
    except BursarError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


@contextmanager
def _clean_stdout() -> Iterator[TextIO]:
    """The real stdout for results; whatever libraries print there meanwhile, from C too, goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w", encoding="utf-8") as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _console(stdout: TextIO) -> Any:
    from rich.console import Console  # noqa: PLC0415

    return Console(file=stdout, width=None if stdout.isatty() else PIPED_WIDTH)


def _print_json(stdout: TextIO, document: object) -> None:
    stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _log(*, verbose: bool) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(message)s", force=True)


if __name__ == "__main__":
    sys.exit(main())
