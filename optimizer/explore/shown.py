"""What the page shows of a plan: its figures and their proof, its limits, and who receives what."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import html

from optimizer.edge.report.figures import amounts_figure
from optimizer.edge.report.sentences import limits_in_words
from optimizer.edge.report.words import Words
from optimizer.explore.desk import Answer
from optimizer.explore.words import say

SHOWN = 200
"""Recipients on the page."""


def facts_of(found: Answer, words: Words) -> list[Any]:
    """The figures that are asked for first, and how far from the best they may be."""
    proof = found.certificate
    chosen = found.allocation.cautious or found.allocation
    facts = {
        words("fact.without", outcome=_outcome(found)): f"{proof.without:,.4f}",
        words("fact.with"): f"{proof.value:,.4f}",
        words("fact.uplift"): f"{proof.value - proof.without:,.4f}",
        words("fact.spent.expected" if proof.expected_cost else "fact.spent"): words.money(proof.spent),
        words("fact.recipients"): f"{proof.recipients:,} / {proof.units:,}",
        say(words.lang, "gap"): f"{100 * chosen.gap:.6g} %",
    }
    return [html.Div([html.Dt(name), html.Dd(fact)]) for name, fact in facts.items()]


def limits_of(found: Answer, words: Words) -> Any:
    """Each limit: what is used, what is allowed, and what a little more is worth."""
    held = found.held
    step = 10 ** (len(str(held.curves.amounts.values[-1])) - 1)
    kept = limits_in_words(words, _outcome(found), found.certificate, held.coupling, step)
    rows = [[limit.words, limit.used, limit.allowed, "; ".join(limit.price)] for limit in kept]
    return _table([say(words.lang, key) for key in ("limit", "used", "allowed", "price")], rows)


def amounts_of(found: Answer, words: Words) -> dict[str, Any]:
    """How many receive each amount."""
    awards = found.held.curves.amounts.array
    amounts, counts = np.unique(found.allocation.amount[found.allocation.amount > 0], return_counts=True)
    width = float(np.diff(awards).min()) * 0.9
    return amounts_figure(amounts.tolist(), counts.tolist(), width, words)


def who_of(found: Answer, words: Words) -> Any:
    """The first recipients, a row each."""
    held, index = found.held, found.allocation.index
    recipients = np.flatnonzero(index)
    values, without = held.curves.value_of(index), held.curves.column(0)
    rows = [
        [
            held.units.ids[i],
            f"{found.allocation.amount[i]:,}",
            *(f"{each[i]:.4f}" for each in (without, values, values - without)),
        ]
        for i in recipients[:SHOWN]
    ]
    heads = [*(say(words.lang, key) for key in ("id", "amount", "without", "with")), words("fact.uplift")]
    more = say(words.lang, "first", shown=f"{SHOWN:,}", all=f"{len(recipients):,}") if len(recipients) > SHOWN else ""
    return [_table(heads, rows), html.P(more, className="quiet")]


def _outcome(found: Answer) -> str:
    return "outcomes" if found.scenario.history is None else found.scenario.history.outcome


def _table(heads: list[str], rows: list[list[str]]) -> Any:
    # On a narrow screen a cell says itself what it is.
    labels: list[dict[str, Any]] = [{"data-label": text} for text in heads]
    cells = [[html.Td(text, **label) for label, text in zip(labels, row, strict=True)] for row in rows]
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in heads]))
    body = html.Tbody([html.Tr(row) for row in cells])
    return html.Div(html.Table([head, body]), className="scroll", tabIndex=0)
