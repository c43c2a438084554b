"""The command line: argv → verb; error → exit code. Each verb is a few lines onto the public API.

Results go to stdout, one document with --json; logs, progress and errors go to stderr.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from optimizer.cli import beginning, explain, explore, judging, ledger, nightly, report, season, solving
from optimizer.cli.stopping import Stopped, stoppable
from optimizer.errors import BursarError

DEBUG = "BURSAR_DEBUG"
"""Set to 1, where an error that nobody foresaw arose is shown."""


class Verbs(TyperGroup):
    """The verbs; what stops one is told by `main`, not by typer."""

    def invoke(self, ctx: Any) -> Any:
        """Carry out the verb."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort) as interrupt:
            raise Stopped(interrupt) from interrupt


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Decide who gets an award and how much, under a budget, with a proof of how good the plan is.",
    epilog="Begin with: bursar demo, or bursar init TABLE.csv. Each verb has its own --help, with examples.",
)
for verbs in (beginning, solving, report, explain, explore, judging, nightly, season):
    app.registered_commands += verbs.app.registered_commands
app.add_typer(ledger.app, name="ledger")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 — `--help` must be quick

        typer.echo(f"bursar {version('bursar')}")
        raise typer.Exit


@app.callback()
def options(
    *, _: Annotated[bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)] = False
) -> None:
    """What may stand before a verb."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code.

    Parameters
    ----------
    argv : by default the process's own arguments; then the process is over with the command.
    """
    with stoppable() as stopping, warnings.catch_warnings():
        try:
            app(args=argv, prog_name="bursar")
            code = 0
        except BursarError as error:
            code = _said(error, error.exit_code)
        except BrokenPipeError:
            code = 1
        except Stopped as stopped:
            code = _said(stopped, stopped.exit_code)
        except (Exception, SystemExit) as ended:  # noqa: BLE001 — whatever it is, people read a sentence rather than a traceback
            if stopping.raised is None:
                code = _ended(ended)
            else:
                # An import or an extension may have made something else of the interrupt.
                code = _said(Stopped(stopping.raised), Stopped(stopping.raised).exit_code)
        stopping.over = argv is None
        return _flushed(code)


def _said(error: BaseException, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _ended(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if logging.getLogger().isEnabledFor(logging.INFO) or os.environ.get(DEBUG, "0") not in ("", "0"):
        traceback.print_exception(error)
        return 1
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _said(RuntimeError(f"bursar: {what}; nobody foresaw this: run again with --verbose, or {DEBUG}=1, to see where"), 1)


def _flushed(code: int) -> int:
    """The exit code; where nobody reads stdout any more, what it still held is let go without a word."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
