"""An uplift tree for the eye: as lines of text, and as a plotly figure. Thresholds are given in the features' own units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseError
from models.features import Preparation, Prepares
from models.uplift_nodes import Nodes

LARGEST_MARK, LEAST_MARK = 44.0, 12.0
"""Diameters in pixels of a node with all units, and of one with hardly any; areas grow with the units."""


WRITTEN = {"showarrow": False, "bgcolor": "white", "font": {"size": 10}}
"""How a condition stands on the line to its node."""

LEAF_WIDTH, LEAST_WIDTH = 110, 700
"""Pixels a leaf takes, so that neighbours' conditions stay readable, and those of a figure at least."""


def as_text(nodes: Nodes, preparation: Prepares, amounts: Sequence[float]) -> str:
    """One line a node, indented by depth: its condition, then units, rates and uplifts of the arms in the order given first."""
    conditions = asked(nodes, preparation)
    names = " / ".join("no award" if amount == 0 else shown(amount) for amount in amounts)
    lines = [f"arms: {names}", f"everyone: {_summary(nodes, 0)}"]
    waiting = [(int(nodes.right[0]), "", True), (int(nodes.left[0]), "", False)] if len(nodes) > 1 else []
    while waiting:
        v, before, last = waiting.pop()
        lines.append(f"{before}{'└─ ' if last else '├─ '}{conditions[v]}: {_summary(nodes, v)}")
        if not nodes.leaves[v]:
            under = before + ("   " if last else "│  ")
            waiting += [(int(nodes.right[v]), under, True), (int(nodes.left[v]), under, False)]
    return "\n".join(lines)


def as_figure(nodes: Nodes, preparation: Prepares, amounts: Sequence[float]) -> Any:
    """A plotly Figure: nodes sized by units and coloured by their largest uplift, their arms under the pointer.

    Raises
    ------
    ResponseError
        If plotly is not installed.
    """
    try:
        from plotly import graph_objects as go  # noqa: PLC0415 — heavy, and only drawn on request
    except ImportError as fault:
        raise ResponseError("UpliftTree.figure: needs plotly, which is not installed; pip install plotly") from fault
    x, y = places(nodes)
    edges = [(v, int(child)) for v in np.flatnonzero(~nodes.leaves) for child in (nodes.left[v], nodes.right[v])]
    uplift = largest_uplift(nodes)
    size = np.sqrt(nodes.counts.sum(axis=1) / nodes.counts[0].sum())
    conditions = asked(nodes, preparation)
    lines = go.Scatter(
        x=[at for v, child in edges for at in (x[v], x[child], None)],
        y=[at for v, child in edges for at in (y[v], y[child], None)],
        mode="lines",
        line={"color": "lightgrey"},
        hoverinfo="skip",
    )
    marks = go.Scatter(
        x=x,
        y=y,
        mode="markers+text",
        text=[f"{value:+.3f}" for value in uplift],
        textposition="bottom center",
        hovertext=[_under_pointer(nodes, v, conditions[v], amounts) for v in range(len(nodes))],
        hoverinfo="text",
        marker={
            "size": np.maximum(LARGEST_MARK * size, LEAST_MARK),
            "color": uplift,
            "colorscale": "RdBu",
            "cmid": 0,
            "colorbar": {"title": {"text": "largest uplift"}},
        },
    )
    figure = go.Figure([lines, marks])
    for v, child in edges:
        figure.add_annotation(x=(x[v] + x[child]) / 2, y=(y[v] + y[child]) / 2, **WRITTEN, text=conditions[child])
    width = max(LEAST_WIDTH, LEAF_WIDTH * int(nodes.leaves.sum()))
    hidden = {"visible": False}
    figure.update_layout(showlegend=False, plot_bgcolor="white", xaxis=hidden, yaxis=hidden, width=width)
    return figure


def asked(nodes: Nodes, preparation: Prepares) -> list[str]:
    """What holds of a node's units and not of its sibling's, for every node; the root's are everyone."""
    conditions = ["everyone"] * len(nodes)
    for v in np.flatnonzero(~nodes.leaves):
        conditions[nodes.left[v]], conditions[nodes.right[v]] = worded(
            preparation, int(nodes.feature[v]), float(nodes.threshold[v])
        )
    return conditions


def worded(preparation: Prepares, feature: int, threshold: float) -> tuple[str, str]:
    """A question's two answers, x ≤ threshold and x > threshold: a number in its own unit, a text by its category."""
    name = preparation.feature_names_[feature]
    if isinstance(preparation, Preparation):
        steps = preparation.transformer_.named_transformers_
        if feature >= len(preparation.numbers_):
            categories = steps["texts"].categories_
            pairs = [(text, value) for text, values in zip(preparation.texts_, categories, strict=True) for value in values]
            text, value = pairs[feature - len(preparation.numbers_)]
            return f"{text} ≠ {value}", f"{text} = {value}"
        scale = steps["numbers"].named_steps["scale"]
        threshold = threshold * float(scale.scale_[feature]) + float(scale.mean_[feature])
    return f"{name} ≤ {shown(threshold)}", f"{name} > {shown(threshold)}"


def places(nodes: Nodes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where nodes stand: leaves side by side, a parent midway above its children; x and −depth, (nodes,) each."""
    x, depth = np.zeros(len(nodes)), np.zeros(len(nodes))
    x[nodes.leaves] = np.arange(np.count_nonzero(nodes.leaves))
    for v in np.flatnonzero(~nodes.leaves):
        depth[[nodes.left[v], nodes.right[v]]] = depth[v] + 1
    for v in np.flatnonzero(~nodes.leaves)[::-1]:
        x[v] = (x[nodes.left[v]] + x[nodes.right[v]]) / 2
    return x, -depth


def largest_uplift(nodes: Nodes) -> NDArray[np.float64]:
    """The uplift of each node's best treatment: (nodes,)."""
    return np.asarray(nodes.rates[:, 1:].max(axis=1) - nodes.rates[:, 0], dtype=np.float64)


def shown(value: float) -> str:
    """A number to six digits, without the noise of being standardised and back."""
    return f"{float(f'{value:.6g}'):,.10g}"


def _summary(nodes: Nodes, v: int) -> str:
    counts = " / ".join(shown(count) for count in nodes.counts[v])
    rates = " / ".join(f"{rate:.3f}" for rate in nodes.rates[v])
    uplifts = " / ".join(f"{rate - nodes.rates[v, 0]:+.3f}" for rate in nodes.rates[v, 1:])
    return f"n {counts}, rate {rates}, uplift {uplifts}"


def _under_pointer(nodes: Nodes, v: int, condition: str, amounts: Sequence[float]) -> str:
    lines = [f"{condition}, of {shown(nodes.counts[v].sum())} units"]
    for amount, count, rate in zip(amounts, nodes.counts[v], nodes.rates[v], strict=True):
        uplift = "no award" if amount == 0 else f"{shown(amount)}, uplift {rate - nodes.rates[v, 0]:+.3f}"
        lines.append(f"{uplift}: rate {rate:.3f} of {shown(count)}")
    return "<br>".join(lines)
