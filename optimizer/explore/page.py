"""The page: knobs to the left; to the right the plan that they make, its proof, and who receives what.

A knob's slider and its field say the same; whichever is moved last, all is decided again, and older questions are dropped.
"""

from __future__ import annotations

import threading
from typing import Any

from dash import ALL, MATCH, Dash, Input, NoUpdate, Output, State, ctx, dcc, html, no_update

from optimizer import budgets
from optimizer.edge.cells import csv_of
from optimizer.edge.report.figures import frontier_figure
from optimizer.edge.report.words import Words
from optimizer.edge.scenario_file import write_yaml
from optimizer.errors import BursarError
from optimizer.explore.desk import Desk
from optimizer.explore.knobs import Figure, Knob
from optimizer.explore.shown import amounts_of, facts_of, limits_of, who_of
from optimizer.explore.words import knob_in_words, say
from optimizer.problem.budget import main_budget
from optimizer.problem.result import COLUMNS, Basis

TICKS = 4
"""Of a chart that may be narrow."""

PLAIN: Any = {"displayModeBar": False, "displaylogo": False}
FIELDS = {"kind": "field", "knob": ALL}


def page(desk: Desk, lang: str) -> Dash:
    """The application, whose server is Flask's; nothing on it comes from elsewhere."""
    words = Words(lang, desk.scenario.amounts.currency)
    app = Dash(
        __name__,
        assets_folder="assets",
        serve_locally=True,
        title=say(lang, "title", name=desk.scenario.name),
        update_title="",
        add_log_handler=False,
        enable_mcp=False,
        index_string=_index(lang),
    )
    app.layout = _layout(desk, words)
    _link(app)
    _answer(app, desk, words)
    _draw_frontier(app, desk, words)
    _hand_over(app, desk)
    return app


def _index(lang: str) -> str:
    head = "<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>"
    return (
        f'<!DOCTYPE html><html lang="{lang}">{head}<body>{{%app_entry%}}<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>'
        "</body></html>"
    )


def _layout(desk: Desk, words: Words) -> Any:
    lang = words.lang
    left = [
        html.H1(say(lang, "title", name=desk.scenario.name)),
        html.P(say(lang, "lead"), className="quiet"),
        *(_knob(place, knob, words) for place, knob in enumerate(desk.knobs)),
        html.Button(say(lang, "plan"), id="plan"),
        html.Button(say(lang, "scenario"), id="scenario"),
        dcc.Download(id="plan-file"),
        dcc.Download(id="scenario-file"),
        html.P(say(lang, "same"), className="quiet"),
        html.Code(id="command"),
    ]
    right = [
        html.Div(id="said", role="status"),
        html.Dl(id="facts", className="figures"),
        html.H2(say(lang, "frontier")),
        dcc.Loading(dcc.Graph(id="frontier", config=PLAIN), delay_show=300),
        html.H2(say(lang, "limits")),
        html.Div(id="limits"),
        html.H2(say(lang, "who")),
        dcc.Graph(id="amounts", config=PLAIN),
        html.Div(id="who"),
    ]
    return html.Main([html.Section(left), html.Section(right), dcc.Store(id="decided")])


def _knob(place: int, knob: Knob, words: Words) -> Any:
    label = knob_in_words(knob, words)
    marks = {str(choice): "" for choice in knob.choices}
    slider: dict[str, Any] = {"step": None, "marks": marks} if marks else {"step": knob.step, "marks": None}
    least = knob.choices[0] if knob.choices else 0
    field = dcc.Input(
        id={"kind": "field", "knob": place}, type="number", value=knob.figure, min=least, step="any", debounce=True, required=True
    )
    was = say(words.lang, "was", figure=f"{knob.figure:,}{'%' if knob.percent else ''}")
    return html.Div(
        [
            html.Label([label, html.Div([field], className="entry")]),
            dcc.Slider(
                id={"kind": "slide", "knob": place},
                min=least,
                max=knob.most,
                value=knob.figure,
                updatemode="mouseup",
                allow_direct_input=False,
                **slider,
            ),
            html.Span(was, className="was"),
        ],
        className="knob",
    )


def _link(app: Dash) -> None:
    """A slider and its field say the same."""
    field, slide = ({"kind": kind, "knob": MATCH} for kind in ("field", "slide"))

    @app.callback(
        Output(field, "value"), Output(slide, "value"), Input(field, "value"), Input(slide, "value"), prevent_initial_call=True
    )
    def link(typed: Figure | None, slid: Figure) -> tuple[Any, Any]:
        if ctx.triggered_id["kind"] == "slide":
            return slid, no_update
        return no_update, no_update if typed is None else typed


def _answer(app: Dash, desk: Desk, words: Words) -> None:
    asked = _Newest()

    @app.callback(
        Output("said", "children"),
        Output("said", "className"),
        Output("facts", "children"),
        Output("limits", "children"),
        Output("amounts", "figure"),
        Output("who", "children"),
        Output("command", "children"),
        Output("decided", "data"),
        Input(FIELDS, "value"),
    )
    def answer(figures: list[Figure]) -> list[Any]:
        number = asked.next()
        try:
            found = desk.answer(figures, wanted=lambda: asked.newest == number)
        except BursarError as wrong:
            return [str(wrong), "said", *[no_update] * 6]
        if found is None:
            return [no_update] * 8
        return [
            "",
            "",
            facts_of(found, words),
            limits_of(found, words),
            amounts_of(found, words),
            who_of(found, words),
            desk.command(found),
            figures,
        ]


def _draw_frontier(app: Dash, desk: Desk, words: Words) -> None:
    asked = _Newest()

    @app.callback(Output("frontier", "figure"), Input("decided", "data"))
    def draw(figures: list[Figure] | None) -> dict[str, Any] | NoUpdate:
        if figures is None:
            return no_update
        number = asked.next()
        found = desk.answer(figures)
        assert found is not None
        held = found.held
        limit = main_budget(budgets.limits_of(held.coupling))
        with desk.alone():
            if asked.newest != number:
                return no_update
            table = budgets.other_budgets(Basis(curves=held.curves, coupling=held.coupling, solver=held.solver), found.allocation)
        if table is None or limit is None:
            note = {"text": say(words.lang, "no frontier"), "showarrow": False}
            return {"data": [], "layout": {"annotations": [note], "xaxis": {"visible": False}, "yaxis": {"visible": False}}}
        uplift = found.certificate.value - found.certificate.without
        figure = frontier_figure(table, float(limit.figure), uplift, words)
        figure["layout"]["xaxis"]["nticks"] = TICKS
        return figure


def _hand_over(app: Dash, desk: Desk) -> None:
    @app.callback(Output("plan-file", "data"), Input("plan", "n_clicks"), State("decided", "data"), prevent_initial_call=True)
    def plan(_: int, figures: list[Figure]) -> Any:
        found = desk.answer(figures)
        assert found is not None
        return _file("allocation.csv", "text/csv", csv_of(desk.plan(found).table[list(COLUMNS)]))

    @app.callback(
        Output("scenario-file", "data"), Input("scenario", "n_clicks"), State("decided", "data"), prevent_initial_call=True
    )
    def scenario(_: int, figures: list[Figure]) -> Any:
        found, _overrides = desk.scenario_at(figures)
        return _file(f"{found.name}.yaml", "text/yaml", write_yaml(found))


def _file(name: str, kind: str, content: str) -> dict[str, Any]:
    return {"filename": name, "type": kind, "content": content, "base64": False}


class _Newest:
    """Counts questions, so that those that are no longer wanted can be dropped."""

    def __init__(self) -> None:
        self.newest = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self.newest += 1
            return self.newest
