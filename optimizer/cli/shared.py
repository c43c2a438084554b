"""What verbs share: options that mean the same everywhere, a clean stdout, one JSON document, logs on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from optimizer.cli.completing import scenario_files, set_keys
from optimizer.errors import leaving

PIPED_WIDTH = 120
"""Columns where stdout is no terminal."""


class Language(StrEnum):
    """The languages that results are told in."""

    EN = "en"
    JA = "ja"


ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO.yaml", help="The scenario file.", autocompletion=scenario_files, show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override, for this run: limits.0.at_most=60_000_000.", autocompletion=set_keys
    ),
]
Allow = Annotated[list[str] | None, typer.Option("--allow-module", metavar="NAME", help="Also take estimators from this module.")]
Lang = Annotated[Language, typer.Option("--lang", help="Of what people read: English or Japanese.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors (and the document of --json).")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step on stderr, and where an error arose.")]
OnCluster = Annotated[
    str | None, typer.Option("--cluster", metavar="ADDRESS", help="Of a Dask cluster, or local:2 for two workers.")
]


@contextmanager
def clean_stdout() -> Iterator[TextIO]:
    """The real stdout for results; what libraries print there, from C too, goes to stderr if steps are logged, else nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    aside = os.dup(2) if logging.getLogger().isEnabledFor(logging.INFO) else os.open(os.devnull, os.O_WRONLY)
    os.dup2(aside, 1)
    os.close(aside)
    try:
        with os.fdopen(os.dup(kept), "w", encoding="utf-8") as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def console(stdout: TextIO) -> Any:
    """Where tables are shown."""
    from rich.console import Console  # noqa: PLC0415

    return Console(file=stdout, width=None if stdout.isatty() else PIPED_WIDTH)


def print_json(stdout: TextIO, document: object) -> None:
    """One document, and nothing else."""
    stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def written(out: Path | None) -> AbstractContextManager[None]:
    """After the work: what is stopped here is only its telling, and what stands in `out` stays."""
    return nullcontext() if out is None else leaving(f"{out} was written")


def tell(stdout: TextIO, show: Callable[[Any], object], *, out: Path | None = None, quiet: bool = False) -> None:
    """Show a result as a person reads it, and where it was written; nothing if nothing was asked for."""
    if quiet:
        return
    show(console(stdout))
    if out is not None:
        stdout.write(f"written to {out}\n")


def log(*, verbose: bool, quiet: bool = False) -> None:
    """Logs go to stderr: warnings, or each step, or errors alone; `edge.terminal.stages` shows progress accordingly."""
    if verbose and quiet:
        raise typer.BadParameter("--quiet and --verbose contradict each other; choose one")
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(message)s", force=True)
    if quiet:
        warnings.simplefilter("ignore")
