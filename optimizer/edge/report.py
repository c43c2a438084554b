"""`report.html`: a plan on one page that opens anywhere, with no network and no script."""

from __future__ import annotations

from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from optimizer.problem.result import Plan
from optimizer.problem.words import total_in_words

SHOWN = 1000
"""Units in the page's table; the file beside it has all."""


def render(plan: Plan) -> str:
    """The page, every text in it escaped."""
    awarded = plan.table.loc[plan.table["amount"] > 0]
    amounts, counts = np.unique(awarded["amount"].to_numpy(), return_counts=True)
    most = int(counts.max(initial=1))
    bars = [(int(amount), int(count), round(100 * int(count) / most)) for amount, count in zip(amounts, counts, strict=True)]
    return _template().render(s=plan.summary, bars=bars, units=awarded.head(SHOWN).to_dict("records"), awarded=len(awarded))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("optimizer.edge", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = lambda number: f"{round(number):,}"
    environment.filters["total"] = total_in_words
    environment.filters["share"] = lambda part, total: f"{100 * part / total:.1f} %" if total else "–"
    return environment.get_template("report.html.jinja")
