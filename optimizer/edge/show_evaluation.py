"""An evaluation as a person reads it: totals for as many units as the scenario decides about, then what lies behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from optimizer.edge.terminal import show_study
from optimizer.problem.evaluation import Evaluation, Promise


def show_evaluation(found: Evaluation, console: Console) -> None:
    """What recorded outcomes say of the plan, of simpler rules, and of the model's predictions."""
    console.print(_values(found))
    console.print(_differences(found))
    for line in (*_promises(found), *_breaks(found), *_behind(found)):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for name, table in found.further.items():
        console.print(f"\n{name}", markup=False, highlight=False)
        show_study(table, (), console)
    for note in found.notes:
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)


def _values(found: Evaluation) -> Table:
    title = f"{found.name}: what recorded outcomes say of {found.units:,} units like those of history"
    table = _table(title, "offered", "recipients", found.outcome_name, "95 %", "matching records alone")
    for row in found.values.to_dict("records"):
        money, heads = f"{row['offered'] * found.units:,.0f}", f"{row['recipients'] * found.units:,.0f}"
        table.add_row(row["rule"], money, heads, *_figures(row, "value", found.units))
    return table


def _differences(found: Evaluation) -> Table:
    table = _table("This plan brings more than", found.outcome_name, "95 %", "matching records alone")
    for row in found.differences.to_dict("records"):
        table.add_row(row["rule"], *_figures(row, "difference", found.units))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _figures(row: dict[Any, Any], figure: str, units: int) -> Sequence[str]:
    low, high = (f"{row[end] * units:,.2f}" for end in ("low", "high"))
    return (f"{row[figure] * units:,.2f}", f"{low} to {high}", f"{row['recorded'] * units:,.2f}")


def _promises(found: Evaluation) -> Sequence[str]:
    promises = [Promise(**row) for row in found.optimism.to_dict("records")]  # type: ignore[arg-type]
    names = {"outcome": f"{found.outcome_name} with this plan", "uplift": "uplift"}
    return [f"{names[promise.figure]}: {promise.in_words(found.units)}" for promise in promises]


def _breaks(found: Evaluation) -> Sequence[str]:
    return [f"{row['rule']}: would break {row['breaks']}" for row in found.values.to_dict("records") if row["breaks"]]


def _behind(found: Evaluation) -> Sequence[str]:
    plan = found.values.iloc[0]
    whole = "" if found.clusters is None else f", {found.clusters:,} clusters kept whole"
    limited = f"; {int(plan['trimmed']):,} weights were limited" if plan["trimmed"] else ""
    return (
        *([found.hidden] if found.hidden else []),
        f"{found.history:,} past units in {found.folds} folds{whole}; each was decided about by a model that had not seen it",
        f"{found.matched}; of this plan they say as much as {plan['effective']:,.0f} units that got what it gives{limited}",
    )
