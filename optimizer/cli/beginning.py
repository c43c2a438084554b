"""Init and demo: a scenario to begin with, of one's own tables or of a simulated world."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimizer.cli.shared import Json, Lang, Language, Quiet, Verbose, clean_stdout, log, print_json
from optimizer.errors import Fault, ScenarioError, WriteError

if TYPE_CHECKING:
    from optimizer.edge.guesses import Guess

app = typer.Typer()

QUESTIONS = {
    "en": {
        "outcome": "Which column says what came of it",
        "treatment": "Which column says how much each was given",
        "id": "Which column names each row (empty: number them)",
        "budget": "Budget, in currency units",
        "currency": "Currency, for reports (may be empty)",
        "columns": "columns",
    },
    "ja": {
        "outcome": "成果を表す列はどれですか",
        "treatment": "与えた額を表す列はどれですか",
        "id": "各行の識別子の列はどれですか (空なら番号を付けます)",
        "budget": "予算 (通貨単位)",
        "currency": "通貨 (報告書用。空でもよい)",
        "columns": "列",
    },
}


class Asking:
    """Who answers what the tables do not say: a person at the terminal, or with --yes the likeliest guess."""

    def __init__(self, *, yes: bool, lang: Language) -> None:
        self._yes, self._words = yes, QUESTIONS[lang.value]

    def __call__(self, what: str, guess: Guess) -> str:
        """The column that is meant; empty for no id."""
        if guess.sure or (self._yes and (guess.columns or what == "id")):
            return guess.columns[0] if guess.columns else ""
        if self._yes:
            remedy = f"say it: --{what} COLUMN"
            raise ScenarioError(Fault("init", f"cannot tell which column is the {what}", "", remedy))
        if guess.columns:
            typer.echo(f"{self._words['columns']}: {', '.join(guess.columns)}", err=True)
        return self.text(what, guess.columns[0] if guess.columns else "" if what == "id" else None)

    def text(self, what: str, default: Any) -> str:
        """An answer as it was typed."""
        try:
            return str(typer.prompt(self._words[what], default=default, err=True, show_default=default not in ("", None)))
        except typer.Abort as ended:
            if isinstance(ended.__context__, KeyboardInterrupt):
                raise
            typer.echo(err=True)
            remedy = "add --yes to take the best guesses"
            raise ScenarioError(Fault("init", f"cannot ask for the {what}", "no answer", remedy)) from None


@app.command(
    epilog="Example: bursar init applicants.csv --history past.csv --out scenario.yaml\n\n"
    "In a script: bursar init people.csv --outcome bought --budget 50_000 --yes"
)
def init(  # noqa: PLR0913, PLR0917 — each is an option of its own
    table: Annotated[Path, typer.Argument(metavar="TABLE.csv", help="Whom to decide about; without --history, the past too.")],
    history: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="The past: awards and outcomes.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE.yaml", help="The scenario to write; never one that exists.")] = Path(
        "scenario.yaml"
    ),
    outcome: Annotated[str | None, typer.Option(metavar="COLUMN", help="What came of it, to be maximised.")] = None,
    treatment: Annotated[str | None, typer.Option(metavar="COLUMN", help="What was given; 0 is nothing.")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What names each row.")] = None,
    features: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="To predict from; again for each.")] = None,
    budget: Annotated[str | None, typer.Option(metavar="MONEY", help="Whole currency units: 60_000_000.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the best guesses.")] = False,
    lang: Lang = Language.EN,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a commented scenario for your own tables: what can be guessed is, and the rest is asked."""
    from optimizer.edge.draft_text import text_of  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.drafting import Said, draft, scenario_name  # noqa: PLC0415
    from optimizer.edge.tables import read_table  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    _not_there(out)
    asking = Asking(yes=yes, lang=lang)
    said = Said(outcome=outcome, treatment=treatment, id=id_, features=tuple(features or ()), budget=_whole(budget))
    with clean_stdout() as stdout:
        units = None if history is None else read_table(table)
        drafted = draft(units, read_table(history or table), said, asking)
        if not yes:
            if budget is None:
                drafted = replace(drafted, budget=_whole(asking.text("budget", f"{drafted.budget:_}")) or drafted.budget)
                drafted = replace(drafted, guessed=tuple(part for part in drafted.guessed if part != "budget"))
            drafted = replace(drafted, currency=asking.text("currency", ""))
        beside = _beside(out)
        text = text_of(
            drafted,
            name=scenario_name(out.stem if out.stem != "scenario" else table.stem),
            units=None if history is None else beside(table),
            history=beside(history or table),
            lang=lang.value,
        )
        _write_new(out, text)
        if as_json:
            print_json(stdout, {"scenario": str(out)} | asdict(drafted))
        elif not quiet:
            _told(stdout, drafted, out)


@app.command(epilog="Example: bursar demo && bursar solve bursar-demo/scenario.yaml --out out/demo")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet.")] = Path("bursar-demo"),
    lang: Lang = Language.EN,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the files of a simulated world: 8 000 past people, 1 000 applicants, and the scenario that joins them."""
    from optimizer.edge.demo import SCENARIO, write_demo  # noqa: PLC0415 — heavy, and `--help` must be quick

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        write_demo(folder, lang.value)
        if as_json:
            print_json(stdout, {"folder": str(folder), "scenario": str(folder / SCENARIO)})
        elif not quiet:
            stdout.write(f"written to {folder}; all figures are invented. Now:\n")
            stdout.write(f"  bursar solve {folder / SCENARIO} --out {folder / 'out'}\n")


def _whole(text: str | None) -> int | None:
    """Money as a person writes it: 60_000_000 or 60,000,000."""
    if not text:
        return None
    plain = text.replace("_", "").replace(",", "").strip()
    if not plain.isdecimal() or not int(plain):
        raise ScenarioError(Fault("init", "--budget must be whole currency units, above 0", text, "write 60_000_000"))
    return int(plain)


def _beside(out: Path) -> Any:
    """How a table is named in a scenario: relative to it."""

    def relative(table: Path) -> str:
        return Path(os.path.relpath(table.absolute(), out.absolute().parent)).as_posix()

    return relative


def _not_there(out: Path) -> None:
    if out.exists():
        raise WriteError(f"{out}: exists already, and is not overwritten; choose another --out, or remove it")


def _write_new(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        _not_there(out)
    except OSError as wrong:
        raise WriteError(f"{out}: cannot be written ({wrong.strerror or wrong}); name a file in a folder that exists") from wrong


def _told(stdout: Any, drafted: Any, out: Path) -> None:
    """What was taken for what, and what to do next."""
    lines = [f"outcome: {drafted.outcome}", f"treatment: {drafted.treatment}", f"id: {drafted.id or 'none; numbered from 1'}"]
    lines += [f"features: {', '.join(drafted.features)}"]
    lines += [f"left out ({why}): {', '.join(columns)}" for why, columns in drafted.left_out.items()]
    if drafted.no_outcome:
        lines += [f"no outcome: {drafted.no_outcome:,} of {drafted.rows:,} rows of the past, which are left out"]
    lines += [f"budget: {drafted.budget:,}{' (guessed)' if 'budget' in drafted.guessed else ''}"]
    stdout.writelines(f"{line}\n" for line in lines)
    stdout.write(f"written to {out}; read it through, then:\n  bursar check {out}\n  bursar solve {out} --out out\n")
