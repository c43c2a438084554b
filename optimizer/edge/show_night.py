"""A night in a few lines: what was decided, what stands of the season, and what an outcome may cost tonight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

HEADINGS = {"decided": "decided", "repeated": "decided before; nothing was changed", "tried": "tried; nothing was written"}


def show_night(result: Mapping[str, Any], status: str, console: Console) -> None:
    """What a night came to."""
    season = result["season"]
    table = Table(title=f"{result['programme']}, night {result['key']}: {HEADINGS[status]}", title_justify="left")
    table.box, table.show_header = None, False
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("new tonight", f"{result['units']:,}")
    table.add_row("awards tonight", f"{result['recipients']:,}")
    table.add_row("spent tonight", f"{result['spent']:,}")
    table.add_row("expected uplift of tonight's awards", f"{result['uplift']:,.4f}")
    if result["bid_price"] is not None:
        table.add_row("an outcome may cost at most, tonight", f"{result['bid_price']:,}")
    if season["budget"] is not None:
        table.add_row("season: spent", f"{season['spent']:,} of {season['budget']:,}")
    if season["recipients"] is not None:
        table.add_row("season: recipients", f"{season['recipients_so_far']:,} of {season['recipients']:,}")
    table.add_row("season: decided so far", f"{season['seen'] + result['units']:,}")
    if season["expected"]:
        table.add_row("season: still expected", f"{season['expected']:,}")
    table.add_row("gap, with those to come in view", f"{100 * (season.get('whole') or {'gap': 0.0})['gap']:.9g} %")
    console.print(table)
