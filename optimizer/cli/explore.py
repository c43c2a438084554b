"""Explore: a local page on which a scenario's figures are moved."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from optimizer.cli.shared import Allow, Lang, Language, Quiet, ScenarioFile, Set, Verbose, clean_stdout, log

app = typer.Typer()

GRACE = 2.0
"""Seconds that a search in hand may take when the page is ended."""

EXTRA = "bursar explore needs dash; install it: pip install 'bursar[explore]'"


@app.command(epilog="Example: bursar explore scenarios/scholarship.yaml")
def explore(
    scenario: ScenarioFile,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
    set_: Set = None,
    lang: Lang = Language.EN,
    allow_module: Allow = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Move budget, limits and the largest award on a page of this machine, and see the plan solved again; Ctrl-C ends it."""
    import webbrowser  # noqa: PLC0415 — heavy, and `--help` must be quick

    from optimizer.edge.terminal import stages  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415

    try:
        from optimizer.explore.desk import Desk  # noqa: PLC0415
        from optimizer.explore.serve import serving  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise typer.BadParameter(EXTRA) from missing

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            desk = Desk.of(scenario, Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress))
        with serving(desk, lang.value) as (server, guard):
            # Whoever starts it needs the address, even where nothing else is to be said.
            stdout.write(f"{guard.url}\n")
            stdout.flush()
            if not no_open:
                webbrowser.open(guard.url)
            # Until Ctrl-C, which `main` tells of.
            server.serve_forever()
        if not desk.rest(GRACE):
            # A solver in mid-search cannot be taken down with the interpreter.
            os._exit(128 + signal.SIGINT)
