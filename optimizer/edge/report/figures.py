"""The page's charts as plotly draws them; notebooks show the same ones.

What belongs together is told apart by dashes and symbols as well as by colour, so that it can be read in black and white.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.report.words import Words

BLUE, ORANGE, GREY = "#3d78c2", "#c7681b", "#888888"
"""As easy to tell apart for the colour-blind, on white and on black."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'Hiragino Sans', 'Noto Sans CJK JP', 'Yu Gothic', Meiryo, sans-serif"


def frontier_figure(table: pd.DataFrame, budget: float, uplift: float, say: Words) -> dict[str, Any]:
    """Uplift of the best plan at each budget; the plan with this budget and uplift; and the budget that is looked at."""
    found = table.loc[table["feasible"]]
    budgets, uplifts = found["figure"].astype(float).tolist(), found["uplift"].astype(float).tolist()
    here = (found["figure"].astype(float) - budget).abs().to_numpy().argmin()
    data = [
        _line(budgets, uplifts, say("budget.line"), mode="lines+markers", marker={"size": 5}),
        _marks(
            [budget], [uplift], say("budget.this"), symbol="diamond", color="#ffffff", line={"width": 2, "color": BLUE}, size=13
        ),
        _marks(
            [budgets[here]],
            [uplifts[here]],
            say("budget.chosen"),
            symbol="x-thin",
            color=ORANGE,
            line={"width": 3, "color": ORANGE},
            size=14,
        ),
    ]
    return {"data": data, "layout": _layout(_money_axis(say, say("budget.slider")), {"title": {"text": say("fact.uplift")}}, 340)}


def amounts_figure(amounts: Sequence[float], counts: Sequence[int], width: float, say: Words) -> dict[str, Any]:
    """How many receive each amount."""
    bars = {
        "type": "bar",
        "x": list(amounts),
        "y": list(counts),
        "width": width,
        "marker": {"color": BLUE, "line": {"color": BLUE, "width": 1}},
        "hovertemplate": "%{x:,.0f}: %{y:,}<extra></extra>",
    }
    layout = _layout(_money_axis(say, say("who.amount")), {"title": {"text": say("who.count")}, "rangemode": "tozero"}, 300)
    return {"data": [bars], "layout": layout | {"showlegend": False, "margin": layout["margin"] | {"t": 12}}}


def curve_figure(
    amounts: NDArray[np.int64], values: NDArray[np.float64], chosen: int, needed: NDArray[np.float64] | None, say: Words
) -> dict[str, Any]:
    """A unit's expected outcome at each amount, what each award must reach, and what was chosen."""
    x = amounts.tolist()
    data = [
        _line(x, values.tolist(), say("person.curve"), line={"color": BLUE, "width": 2.5, "shape": "linear"}),
        _line(
            x[1:] if needed is not None else [],
            needed[1:].tolist() if needed is not None else [],
            say("person.price"),
            line={"color": ORANGE, "width": 2, "dash": "dash"},
        ),
        _marks(
            [x[chosen]], [float(values[chosen])], say("person.chosen"), symbol="circle", color=BLUE, line={"width": 0}, size=13
        ),
        _marks([], [], say("person.barred"), symbol="x-thin", color=GREY, line={"width": 1, "color": GREY}, size=7),
    ]
    layout = _layout(_money_axis(say, say("who.amount")), {"title": {"text": say("person.curve")}}, 340)
    return {"data": data, "layout": layout}


def _line(x: list[float], y: list[float], name: str, **look: Any) -> dict[str, Any]:
    look = {"mode": "lines", "line": {"color": BLUE, "width": 2}, **look}
    return {"type": "scatter", "x": x, "y": y, "name": name, "hovertemplate": "%{x:,.0f}: %{y:.4f}<extra></extra>", **look}


def _marks(x: list[float], y: list[float], name: str, **marker: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "marker": marker, "hoverinfo": "skip"}


def _money_axis(say: Words, title: str) -> dict[str, Any]:
    unit = say.money_pattern.replace("{}", "").strip()
    title = f"{title} ({unit})" if unit else title
    return {"title": {"text": title}, "tickformat": ",.0f", "nticks": 7}


def _layout(x: dict[str, Any], y: dict[str, Any], height: int) -> dict[str, Any]:
    axis = {
        "automargin": True,
        "zeroline": False,
        "gridcolor": "#dddddd",
        "showline": True,
        "linecolor": GREY,
        "ticks": "outside",
    }
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": "#333333"},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": axis | x,
        "yaxis": axis | y,
    }
