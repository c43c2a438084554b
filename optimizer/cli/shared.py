"""What verbs share: options that mean the same everywhere, a clean stdout, one JSON document, logs on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

PIPED_WIDTH = 120
"""Columns where stdout is no terminal."""

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="The scenario file.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override: limits.0.at_most=60_000_000.")]
Allow = Annotated[list[str] | None, typer.Option("--allow-module", metavar="NAME", help="Also take estimators from this module.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step on stderr.")]


@contextmanager
def clean_stdout() -> Iterator[TextIO]:
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


def console(stdout: TextIO) -> Any:
    """Where tables are shown."""
    from rich.console import Console  # noqa: PLC0415

    return Console(file=stdout, width=None if stdout.isatty() else PIPED_WIDTH)


def print_json(stdout: TextIO, document: object) -> None:
    """One document, and nothing else."""
    stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def log(*, verbose: bool) -> None:
    """Logs go to stderr: warnings, or each step."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(message)s", force=True)
