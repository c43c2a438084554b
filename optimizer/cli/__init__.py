"""The command line: argv → verb; error → exit code. Each verb is a few lines onto the public API.

Results go to stdout, one document with --json; logs, progress and errors go to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from optimizer.cli import judging, solving
from optimizer.errors import BursarError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Decide who gets an award and how much, under a budget, with a proof of how good the plan is.",
)
for verbs in (solving, judging):
    app.registered_commands += verbs.app.registered_commands


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
