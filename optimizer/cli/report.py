"""Report: a run's page again, in any language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.shared import Allow, Json, Lang, Language, Quiet, Verbose, clean_stdout, log, print_json

app = typer.Typer()


@app.command(epilog="Example: bursar report out/scholarship --lang ja")
def report(
    folder: Annotated[Path, typer.Argument(metavar="OUT/", help="The folder that `bursar solve --out` wrote.")],
    lang: Lang = Language.EN,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write report.html of a run again, from the files it left and without solving."""
    from optimizer.reporting import report as run  # noqa: PLC0415 — heavy, and `--help` must be quick

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        path = run(folder, lang=lang.value, allow_modules=allow_module or ())
        if as_json:
            print_json(stdout, {"report": str(path), "lang": lang.value})
        elif not quiet:
            stdout.write(f"written to {path}\n")
