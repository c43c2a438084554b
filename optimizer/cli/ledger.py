"""Ledger: make it, see what it holds, and tell it what became of awards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.cli.nightly import Where
from optimizer.cli.shared import Json, clean_stdout, console, log, print_json

if TYPE_CHECKING:
    from optimizer.edge.ledger import Ledger
    from optimizer.edge.ledger_changes import Changed

app = typer.Typer(no_args_is_help=True, help="Make a ledger, see what it holds, and say what became of its awards.")

Programme = Annotated[str, typer.Argument(metavar="PROGRAMME", help="The name of the programme's scenario.")]
OneProgramme = Annotated[str | None, typer.Argument(metavar="PROGRAMME", help="By default all.", show_default=False)]
Units = Annotated[list[str] | None, typer.Argument(metavar="UNIT", help="Ids of units.", show_default=False)]
From = Annotated[Path | None, typer.Option("--from", metavar="FILE.csv", help="Also the units of this CSV or Parquet file.")]
Id = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The file's column of ids.")]
Note = Annotated[str, typer.Option(help="A word for the history, such as a letter's number.")]


@app.command(epilog="Example: bursar ledger init --ledger ledger.sqlite")
def init(ledger: Where = None, as_json: Json = False) -> None:
    """Make the ledger's tables, or bring an older ledger up to date; whatever it holds stays."""
    from optimizer.edge.ledger import Ledger  # noqa: PLC0415 — heavy, and `--help` must be quick

    log(verbose=False)
    with clean_stdout() as stdout:
        made = Ledger.create(ledger)
        if as_json:
            print_json(stdout, {"ledger": str(made), "status": "ready"})
        else:
            stdout.write(f"{made}: ready\n")


@app.command(epilog="Example: bursar ledger status scholarship --json")
def status(programme: OneProgramme = None, ledger: Where = None, as_json: Json = False) -> None:
    """Say for each programme how many nights, units and awards there are, and what live awards hold of its money."""
    from optimizer.edge.ledger import Ledger  # noqa: PLC0415
    from optimizer.edge.terminal import show_study  # noqa: PLC0415

    log(verbose=False)
    with clean_stdout() as stdout:
        table = Ledger.open(ledger).status(programme)
        if as_json:
            print_json(stdout, json.loads(table.to_json(orient="records")))
        elif table.empty:
            stdout.write("no night was decided yet\n")
        else:
            held = table[table["holder"] != ""]
            notes = [f"{row.programme}: a night has not finished: {row.holder}" for row in held.itertuples()]
            show_study(table.drop(columns="holder"), notes, console(stdout))


@app.command(epilog="Example: bursar ledger accept scholarship s0007 s0012 --note 'letters of 3 March'")
def accept(
    programme: Programme,
    units: Units = None,
    from_: From = None,
    id_: Id = "id",
    note: Note = "",
    ledger: Where = None,
    as_json: Json = False,
) -> None:
    """Say that these units accepted what they were offered."""
    _change(lambda book, who: book.accept(programme, who, note=note), ledger, (units, from_, id_), as_json=as_json)


@app.command(epilog="Example: bursar ledger decline scholarship --from declined.csv --id student_id")
def decline(
    programme: Programme,
    units: Units = None,
    from_: From = None,
    id_: Id = "id",
    note: Note = "",
    ledger: Where = None,
    as_json: Json = False,
) -> None:
    """Say that these units declined, or gave back what they had accepted; the money comes back."""
    _change(lambda book, who: book.decline(programme, who, note=note), ledger, (units, from_, id_), as_json=as_json)


@app.command(epilog="Example: bursar ledger expire scholarship --before 2027-01-15")
def expire(  # noqa: PLR0913, PLR0917
    programme: Programme,
    units: Units = None,
    from_: From = None,
    id_: Id = "id",
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Also all that were offered in nights before this day.")
    ] = None,
    note: Note = "",
    ledger: Where = None,
    as_json: Json = False,
) -> None:
    """Let offers expire that nobody answered; the money comes back."""
    day = None if before is None else before.date()
    named = (units, from_, id_)
    _change(lambda book, who: book.expire(programme, who, before=day, note=note), ledger, named, day is None, as_json=as_json)


@app.command(epilog="Example: bursar ledger export awards.csv --programme scholarship")
def export(
    path: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Where the awards are written, for you alone.")],
    programme: Annotated[str | None, typer.Option(metavar="PROGRAMME", help="By default all.")] = None,
    ledger: Where = None,
    as_json: Json = False,
) -> None:
    """Write every award and what became of it as a CSV file, in which no spreadsheet finds a formula."""
    from optimizer.edge.ledger import Ledger  # noqa: PLC0415

    log(verbose=False)
    with clean_stdout() as stdout:
        written = Ledger.open(ledger).export(path, programme)
        if as_json:
            print_json(stdout, {"written": str(path), "awards": written})
        else:
            stdout.write(f"{written:,} awards written to {path}\n")


def _change(
    change: Callable[[Ledger, list[str]], Changed],
    where: str | None,
    named: tuple[list[str] | None, Path | None, str],
    needed: bool = True,
    *,
    as_json: bool,
) -> None:
    """Open the ledger, change it, and say what came of it."""
    from optimizer.edge.ledger import Ledger  # noqa: PLC0415
    from optimizer.edge.ledger_changes import read_ids  # noqa: PLC0415

    units, file, column = named
    if needed and not units and file is None:
        raise typer.BadParameter("name units, or a file of them with --from")
    log(verbose=False)
    with clean_stdout() as stdout:
        ids = [*(units or ()), *([] if file is None else read_ids(file, column))]
        done = change(Ledger.open(where), ids)
        if as_json:
            print_json(stdout, asdict(done))
            return
        stdout.write(f"{done.programme}: {len(done.changed):,} {done.status}\n")
        if done.already:
            stdout.write(f"  {len(done.already):,} were {done.status} before: {', '.join(done.already)}\n")
