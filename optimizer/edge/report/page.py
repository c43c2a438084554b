"""The page: what a plan came to, put into words, figures and one HTML file.

Everything in it is escaped: text by jinja2, data for the script by `_json`, and the script writes text only. A content security
policy lets the browser run the two scripts of this page alone, by their hashes, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from optimizer.edge.report.figures import curve_figure
from optimizer.edge.report.people import packed, prices_of, shown
from optimizer.edge.report.sections import (
    Group,
    amounts_of,
    budgets_of,
    card_of,
    groups_in,
    groups_of,
    percent,
    rules_of,
    segments_of,
)
from optimizer.edge.report.sentences import limits_in_words, note_in_words, objective_in_words, then_in_words
from optimizer.edge.report.words import Words
from optimizer.problem.curves import Curves
from optimizer.problem.result import Plan
from optimizer.problem.scenario import Scenario

UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What could end a script element, or a line of it, as JSON may write it as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page is made of.

    Attributes
    ----------
    named : of every unit, the columns that limits name.
    features : of every unit, the columns that the model predicts from.
    frontier : plans of other budgets, as `optimizer.frontier` returns them; None if there are none.
    record : what the certificate's file says of data, versions and files.
    file : where all units are.
    """

    scenario: Scenario
    plan: Plan
    named: pd.DataFrame
    features: pd.DataFrame
    frontier: pd.DataFrame | None
    record: dict[str, Any]
    file: str

    @classmethod
    def of(
        cls, scenario: Scenario, plan: Plan, frame: pd.DataFrame, frontier: pd.DataFrame | None, record: dict[str, Any]
    ) -> Self:
        """The page of a plan; `frame` has the units' columns, `record` is what stands in `certificate.json`."""
        columns = dict.fromkeys(column for row in plan.basis.coupling.rows for column in row.limit.columns)
        named = frame.loc[:, [column for column in columns if column in frame]]
        features = frame.loc[:, [] if scenario.history is None else [*scenario.history.features]]
        file = next(name for name in record["files"] if name.startswith("allocation"))
        return cls(scenario=scenario, plan=plan, named=named, features=features, frontier=frontier, record=record, file=file)


def render(page: Page, lang: str = "en") -> str:
    """The page as HTML; the same page gives the same bytes."""
    say = Words(lang, page.scenario.amounts.currency)
    groups = groups_in(page.named, page.features, page.plan.basis.coupling, say)
    data, script = _json(_data(page, groups, say)), _asset("report.js")
    plotly = _plotly()
    return _template().render(
        say=say,
        s=page.plan.summary,
        facts=_facts(page, groups, say),
        data=Markup(data),  # noqa: S704 — escaped by _json
        style=Markup(_asset("style.css")),  # noqa: S704 — ours
        script=Markup(script),  # noqa: S704 — ours
        plotly=Markup(plotly),  # noqa: S704 — plotly's
        hashes=[_hash(plotly), _hash(script)],
    )


def _facts(page: Page, groups: list[Group], say: Words) -> dict[str, Any]:
    plan, summary = page.plan, page.plan.summary
    certificate, coupling = plan.certificate, plan.basis.coupling
    step = 10 ** (len(str(plan.basis.curves.amounts.values[-1])) - 1)
    return {
        "gap": percent(summary.gap),
        "objective": objective_in_words(say, certificate, summary.outcome_name),
        "then": then_in_words(say, certificate, summary.outcome_name),
        "limits": limits_in_words(say, summary.outcome_name, certificate, coupling, step),
        "groups": groups_of(plan.table, groups, say),
        "budgets": budgets_of(page.frontier, plan, page.record.get("season"), say),
        "segments": segments_of(summary, say),
        "rules": rules_of(summary, say),
        "card": card_of(page.scenario, page.record, summary, say),
        "notes": [note_in_words(say, note) for note in summary.notes],
        "shown": len(shown(plan.table["amount"].to_numpy())),
        "file": page.file,
        "cautious": certificate.cautious is not None,
        "named": [str(column) for column in page.named],
    }


def _data(page: Page, groups: list[Group], say: Words) -> dict[str, Any]:
    """What the script draws and lists."""
    plan, coupling = page.plan, page.plan.basis.coupling
    rows = shown(plan.table["amount"].to_numpy())
    curves: Curves = plan.basis.curves.part(rows)
    prices = prices_of(plan.certificate, coupling, coupling.groups[rows])
    amounts = curves.amounts.array
    return {
        "lang": say.lang,
        "outcome": plan.summary.outcome_name,
        "money": say.money_pattern,
        "words": say.script(),
        "segments": [say(f"segment.{name}") for name in ("", "lost cause", "persuadable", "sleeping dog", "sure thing")],
        "amounts": amounts.tolist(),
        "people": packed(plan.table.iloc[rows], curves, prices, page.named.iloc[rows]),
        "who": amounts_of(plan.table, groups, say),
        "budget": budgets_of(page.frontier, plan, page.record.get("season"), say)["data"],
        "curve": curve_figure(amounts[:1], curves.values[0, :1], 0, None, say),
    }


def _json(document: dict[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub(f"[{''.join(UNSAFE)}]", lambda found: UNSAFE[found[0]], text)


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return files("optimizer.edge.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 — heavy, and only a page needs it

    # HTML reads line ends its own way before it hashes a script.
    return str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _code(sentence: str) -> Markup:
    """What stands between backticks is a command."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 — escaped before


def _dotted(name: str) -> Markup:
    """A long name may go on in another line after its dots."""
    return Markup(re.sub(r"\.(?=[A-Za-z])", ".<wbr>", str(escape(name))))  # noqa: S704 — escaped before


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("optimizer.edge.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = lambda number: f"{round(number):,}"
    environment.filters["two"] = lambda number: f"{number:,.2f}"
    environment.filters["code"] = _code
    environment.filters["dotted"] = _dotted
    return environment.get_template("page.html.jinja")
