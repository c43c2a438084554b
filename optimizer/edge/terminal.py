"""What a person sees: a summary on stdout, progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from optimizer.problem.allocation import Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.result import Summary
from optimizer.problem.words import total_in_words

STAGES = {
    "read": "read the tables",
    "fit": "fit the model",
    "respond": "ask it for every amount",
    "bound": "price the limits",
    "fix": "fix what cannot be better",
    "close": "close the core",
    "explain": "see which limits conflict",
    "frontier": "decide each figure",
    "evaluate": "decide about each fold",
    "promise": "compare predictions with records",
    "verify": "verify",
    "write": "write",
}


DECIMALS = 4
"""Of a study's figures on screen; its files hold them all."""


class Stages:
    """A progress bar a stage; silent where stderr is no terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._last: TaskID | None = None

    def __call__(self, stage: str, share: float | None = None) -> None:
        """Say that a stage has begun, or how far it is."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(STAGES.get(stage, stage), total=None)
        task = self._tasks[stage]
        if self._last not in (None, task):
            self._bars.update(self._last, total=1.0, completed=1.0)
        self._last = task
        if share is not None:
            self._bars.update(task, total=1.0, completed=share)


@contextmanager
def stages() -> Iterator[Stages]:
    """Progress bars on stderr for the length of a run."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield Stages(bars)


def show_frontier(table: pd.DataFrame, console: Console) -> None:
    """A line for each figure; what has no plan says so."""
    shown = Table(box=None, header_style="bold")
    for column in table.columns:
        shown.add_column(str(column), justify="right")
    for row in table.itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    console.print(shown)


def show_study(table: pd.DataFrame | str, notes: Sequence[str], console: Console) -> None:
    """A line for each row, its name to the left, or the text that says it; and what must be known to read it."""
    console.print(table if isinstance(table, str) else _named(table), markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)


def _named(table: pd.DataFrame) -> Table:
    name, *figures = table.columns
    shown = Table(box=None, header_style="bold")
    shown.add_column(str(name))
    for figure in figures:
        shown.add_column(str(figure), justify="right")
    for row in table.round(DECIMALS).itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 — only what is no number differs from itself
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | np.integer) else f"{value:.8g}" if isinstance(value, float) else str(value)


def show_summary(summary: Summary, console: Console) -> None:
    """The figures a committee asks for first."""
    money = f" {summary.currency}".rstrip()
    table = Table(title=summary.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, (used, allowed) in summary.usage.items():
        table.add_row(f"limit {name}", f"{total_in_words(used)} of {total_in_words(allowed)}")
    expected = " (expected)" if summary.expected_cost else ""
    if summary.offered != summary.spent:
        table.add_row("offered in all", f"{summary.offered:,}{money}")
    table.add_row(f"spent{expected}", f"{summary.spent:,}{money}")
    table.add_row("recipients", f"{summary.recipients:,} of {summary.units:,}")
    if summary.extrapolated is not None:
        table.add_row("awards unlike any that units alike were seen with", f"{summary.extrapolated:,}")
    table.add_row(f"expected {summary.outcome_name} without awards", f"{summary.without:,.4f}")
    table.add_row(f"expected {summary.outcome_name} with this plan", f"{summary.value:,.4f}")
    table.add_row("uplift", f"{summary.uplift:,.4f}")
    if summary.cost_per_outcome is not None:
        table.add_row("cost per extra outcome", f"{summary.cost_per_outcome:,.0f}{money}")
    table.add_row("no plan can exceed", f"{summary.bound:,.4f} (bound source: {summary.bound_source})")
    table.add_row("gap", f"{100 * summary.gap:.9g} %")
    console.print(table)
    if summary.then_in_words:
        console.print(f"  then: {summary.then_in_words}", markup=False, highlight=False, soft_wrap=True)
    if summary.objective_in_words:
        console.print(f"  objective: {summary.objective_in_words}", markup=False, highlight=False, soft_wrap=True)
    if summary.promise is not None:
        words = f"{summary.outcome_name}, either half of history by the other: {summary.promise.in_words(summary.units)}"
        console.print(f"  {words}", markup=False, highlight=False, soft_wrap=True)
    for sentence in summary.prices:
        console.print(f"  {sentence}", markup=False, highlight=False)
    console.print(_rules(summary))
    if summary.segments:
        console.print(_segments(summary))


def _segments(summary: Summary) -> Table:
    table = Table(
        "", "units", "in truth between", "awards", title="By segment, at the largest award", title_justify="left", box=None
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for segment in summary.segments:
        table.add_row(segment.name, f"{segment.units:,}", f"{segment.low:,.0f} and {segment.high:,.0f}", f"{segment.money:,}")
    return table


def _rules(summary: Summary) -> Table:
    table = Table(
        "",
        "spent (expected)" if summary.expected_cost else "spent",
        "recipients",
        "expected",
        "uplift",
        title="The same money, spent in simpler ways",
        title_justify="left",
        box=None,
    )
    for column in table.columns[1:]:
        column.justify = "right"
    rows = [("this plan", summary.spent, summary.recipients, summary.value, ())]
    rows += [(rule.name, rule.spent, rule.recipients, rule.outcome, rule.breaks) for rule in summary.rules]  # type: ignore[misc]
    for name, spent, recipients, outcome, breaks in rows:
        label = f"{name} (breaks {', '.join(breaks)})" if breaks else name
        table.add_row(label, f"{spent:,}", f"{recipients:,}", f"{outcome:,.4f}", f"{outcome - summary.without:,.4f}")
    return table


def show_certificate(certificate: Certificate, console: Console) -> None:
    """What verification found to hold."""
    console.print(
        f"verified: {certificate.units:,} units, value {certificate.value:.9f}, bound {certificate.bound:.9f}, "
        f"gap {100 * certificate.gap:.9g} %"
    )
    if certificate.expected_cost:
        console.print(f"costs are expectations: {certificate.spent:,} currency units are expected to be spent")
    if certificate.bound_source == "core":
        console.print(
            f"the bound rests on the solver's core; one pass re-proves {certificate.dual_bound:.9f} "
            f"({100 * (certificate.dual_bound / certificate.value - 1):.6f} % above the value)"
            if certificate.value
            else "the bound rests on the solver's core"
        )
    else:
        console.print("the bound was re-proved at the shadow prices, without a solver")
    if certificate.then is not None:
        _show_second(certificate.then, console)


def _show_second(then: Second, console: Console) -> None:
    console.print(
        f"then: {then.minimised} {then.value:,.15g}, and no plan with an outcome of {then.floor:.9f} or more has less than "
        f"{then.bound:,.15g} (bound source: {then.bound_source}; one pass re-proves {then.dual_bound:,.15g})",
        highlight=False,
        soft_wrap=True,
    )
