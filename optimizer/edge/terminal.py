"""What a person sees: tables of results on stdout, progress on stderr; a plan's figures are in `show_plan`."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from optimizer.problem.allocation import Second
from optimizer.problem.certificate import Certificate

log = logging.getLogger(__name__)

Report = Callable[..., None]
"""Told a stage's name, and the share of it that is done where that is known."""

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
    """A progress bar a stage, with the time that is left where the share that is done is known."""

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
            self._bars.reset(task, total=None)
        self._last = task
        if share is not None:
            self._bars.update(task, total=1.0, completed=share)


class Lines:
    """A line on the log for each stage that begins."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, stage: str, _share: float | None = None) -> None:
        """Say that a stage has begun."""
        if stage != self._last:
            log.info("%s", STAGES.get(stage, stage))
        self._last = stage


class Left(ProgressColumn):
    """The time that a stage still takes, where that can be told."""

    def render(self, task: Task) -> Text:
        """As in "0:00:12 left"."""
        seconds = None if task.finished or task.total is None else task.time_remaining
        return Text("" if seconds is None else f"{timedelta(seconds=math.ceil(seconds))} left", style="progress.remaining")


@contextmanager
def stages() -> Iterator[Report]:
    """Progress on stderr for the length of a run: bars on a terminal, a line a stage where steps are logged, else nothing."""
    console = Console(stderr=True)
    if log.isEnabledFor(logging.INFO):
        yield Lines()
        return
    shown = console.is_terminal and not console.is_dumb_terminal and log.isEnabledFor(logging.WARNING)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), Left())
    with Progress(*columns, console=console, transient=True, disable=not shown) as bars:
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
