"""Nightly: a scenario with a season, or a folder of them, against the ledger."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from optimizer.cli.shared import Allow, Json, OnCluster, Quiet, Set, Verbose, clean_stdout, console, log, print_json
from optimizer.errors import BursarError, leaving

app = typer.Typer()

Where = Annotated[
    str | None,
    typer.Option(
        "--ledger", metavar="WHERE", help="A SQLite file, env:NAME or file:PATH; by default $BURSAR_LEDGER, else ledger.sqlite."
    ),
]


@app.command(
    epilog="Example: bursar nightly scenarios/season.yaml --ledger ledger.sqlite --out out/nights\n\n"
    "Each scenario of a folder: bursar nightly scenarios/tonight/ --as-of 2026-11-24"
)
def nightly(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO.yaml|FOLDER", help="A scenario with a season, or a folder of them.")
    ],
    ledger: Where = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Tonight's date; by default today.")] = None,
    key: Annotated[str | None, typer.Option(help="What the night is called; by default its date.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, but write nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for what each night leaves, under its key.")] = None,
    cluster: OnCluster = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Decide about those who are new tonight, and commit it to the ledger: never twice, never beyond the season's money."""
    from optimizer.edge.show_night import show_night  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import stages  # noqa: PLC0415
    from optimizer.nightly import Night, run_night, run_nights  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    chosen: dict[str, Any] = {
        "as_of": None if as_of is None else as_of.date(),
        "key": key,
        "dry_run": dry_run,
        "out": out,
        "cluster": cluster,
    }
    with clean_stdout() as stdout:
        if not scenario.is_dir():
            with stages() as progress:
                options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
                night = run_night(scenario, ledger, **chosen, options=options)
            with nullcontext() if dry_run else leaving(f"night {night.run.key} of {night.run.programme} is in the ledger"):
                if as_json:
                    print_json(stdout, _line(scenario, night))
                elif not quiet:
                    show_night(night.run.result, night.status, console(stdout))
            return
        _structured()
        worst = 0
        options = Options(overrides=set_ or (), allow_modules=allow_module or ())
        for path, night_or_error in run_nights(scenario, ledger, **chosen, options=options):
            if isinstance(night_or_error, Night):
                _print_line(stdout, _line(path, night_or_error))
            else:
                worst = max(worst, night_or_error.exit_code)
                _print_line(stdout, _failure(path, night_or_error))
    raise typer.Exit(worst)


def _line(path: Path, night: Any) -> dict[str, Any]:
    return {"scenario": str(path), "status": night.status, "exit_code": 0, **night.run.result}


def _failure(path: Path, error: BursarError) -> dict[str, Any]:
    return {"scenario": str(path), "status": "failed", "exit_code": error.exit_code, "error": str(error)}


def _print_line(stdout: TextIO, document: dict[str, Any]) -> None:
    stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    stdout.flush()


class _JsonLines(logging.Formatter):
    """One JSON object a line, for what collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(said, ensure_ascii=False)


def _structured() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.getLogger().level, force=True)
