"""Explain: why this unit got this amount, and what would change it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.shared import Allow, Json, Lang, Language, Quiet, Verbose, clean_stdout, log, print_json

app = typer.Typer()


@app.command(epilog="Example: bursar explain out/scholarship --unit S08243")
def explain(
    folder: Annotated[Path, typer.Argument(metavar="OUT/", help="The folder that `bursar solve --out` wrote.")],
    unit: Annotated[str, typer.Option(metavar="ID", help="Whom to explain, as the units' table calls them.")],
    lang: Lang = Language.EN,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say why one unit got its amount, and what would change it: another budget, head count or probability, solved again."""
    from optimizer.edge.terminal import stages  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.explain import explain as run  # noqa: PLC0415
    from optimizer.problem.explanation_words import HEADING, changes_in_words, why_in_words  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            found = run(folder, unit, allow_modules=allow_module or (), progress=progress)
        why, changes = why_in_words(found, lang.value), changes_in_words(found, lang.value)
        if as_json:
            print_json(stdout, asdict(found) | {"why": why, "what_would_change_it": changes})
        elif not quiet:
            heading = [HEADING[lang.value]] if changes else []
            stdout.writelines(f"{line}\n" for line in (*why, *heading, *(f"  {sentence}" for sentence in changes)))
