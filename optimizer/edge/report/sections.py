"""The page's sections as rows of words and figures: budgets, amounts, groups, segments, simpler rules, data and model."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.report.figures import amounts_figure, frontier_figure
from optimizer.edge.report.people import written
from optimizer.edge.report.sentences import limit_in_words, where_in_words
from optimizer.edge.report.words import Words
from optimizer.problem.budget import MOST_UNITS, main_budget
from optimizer.problem.coupling import Coupling
from optimizer.problem.result import Plan, Summary
from optimizer.problem.scenario import Scenario

BARS = 60
"""More amounts than this are drawn as ranges."""

MOST_GROUPS = 40
"""Groups that are listed."""

FEW = 8
"""A feature of more values than this, or of numbers that are not two, makes no groups."""

Group = tuple[str, NDArray[np.bool_]]


def budgets_of(frontier: pd.DataFrame | None, plan: Plan, season: object, say: Words) -> dict[str, Any]:
    """The plans of other budgets, in rows and for the script; or why there are none."""
    limits = {row.limit: row for row in plan.basis.coupling.rows}
    limit = main_budget(list(limits))
    if frontier is None or limit is None or not frontier["feasible"].any():
        return {"why": say(f"budget.why.{_why(plan, limit is None, season)}", most=f"{MOST_UNITS:,}"), "data": None, "rows": []}
    found = frontier.loc[frontier["feasible"]]
    rows = [_budget(row, say) for row in frontier.to_dict("records")]
    data = {
        "budget": [int(figure) for figure in found["figure"]],
        "said": [
            [row[name] for name in ("budget", "value", "uplift", "spent", "recipients", "gap")] for row in rows if len(row) > 1
        ],
        "uplift": [float(uplift) for uplift in found["uplift"]],
        "mine": int((found["figure"].astype(float) - float(limit.figure)).abs().to_numpy().argmin()),
        "own": plan.summary.uplift,
        "figure": frontier_figure(frontier, float(limit.figure), plan.summary.uplift, say),
    }
    return {"why": "", "data": data, "rows": rows, "limit": limit_in_words(say, limits[limit]), "last": len(found) - 1}


def _budget(row: dict[Hashable, Any], say: Words) -> dict[str, str]:
    if not row["feasible"]:
        return {"budget": say.money(row["figure"])}
    return {
        "budget": say.money(row["figure"]),
        "value": f"{row['value']:,.2f}",
        "uplift": f"{row['uplift']:,.2f}",
        "spent": say.money(row["spent"]),
        "recipients": f"{row['recipients']:,}",
        "gap": percent(row["gap"]),
    }


def _why(plan: Plan, unlimited: bool, season: object) -> str:
    if unlimited:
        return "limit"
    if plan.certificate.cautious is not None:
        return "objective"
    return "units" if plan.summary.units > MOST_UNITS and season is None else "stopped"


def percent(gap: float) -> str:
    """A gap in per cent: two decimals, or as many as it takes to see that it is not 0."""
    return f"{100 * gap:.2f}" if gap == 0 or gap >= 1e-4 else f"{100 * gap:.1g}"  # noqa: PLR2004 — 0.01 %


def groups_in(named: pd.DataFrame, features: pd.DataFrame, coupling: Coupling, say: Words) -> list[Group]:
    """The groups that limits name, then those of features of few values, each once, and who is in them."""
    found: dict[str, NDArray[np.bool_]] = {}
    for words, inside in (*_of_limits(named, coupling, say), *_of_features(features, say)):
        if len(found) < MOST_GROUPS:
            found.setdefault(words, inside)
    return list(found.items())


def _of_limits(named: pd.DataFrame, coupling: Coupling, say: Words) -> Iterator[Group]:
    for limit in dict.fromkeys(row.limit for row in coupling.rows):
        if limit.where is not None:
            yield where_in_words(say, limit.where), limit.where.mask(named)
        if limit.by is not None:
            yield from _by(named[limit.by], say)


def _of_features(features: pd.DataFrame, say: Words) -> Iterator[Group]:
    for name in features:
        column = features[name]
        if 1 < column.nunique() <= (2 if pd.api.types.is_numeric_dtype(column) else FEW):
            yield from _by(column, say)


def _by(column: pd.Series[Any], say: Words) -> Iterator[Group]:
    for value in sorted(column.dropna().unique().tolist(), key=str):
        yield say("where.is", column=column.name, values=written(value)), (column == value).to_numpy(bool)


def groups_of(table: pd.DataFrame, groups: list[Group], say: Words) -> list[dict[str, str]]:
    """What each group receives."""
    amount, uplift = table["amount"].to_numpy(), table["uplift"].to_numpy(dtype=float)
    rows = []
    for words, inside in groups:
        units, awarded, money = int(inside.sum()), int((amount[inside] > 0).sum()), int(amount[inside].sum())
        rows.append(
            {
                "name": words,
                "units": f"{units:,}",
                "recipients": f"{awarded:,}",
                "rate": f"{100 * awarded / units:.1f} %" if units else "–",
                "money": say.money(money),
                "mean": say.money(money / awarded) if awarded else "–",
                "uplift": f"{uplift[inside].sum():,.2f}",
            }
        )
    return rows


def amounts_of(table: pd.DataFrame, groups: list[Group], say: Words) -> dict[str, Any]:
    """How many of everyone, and of each group, receive each amount: counts by name, and the chart."""
    amount = table["amount"].to_numpy()
    given = np.unique(amount[amount > 0])
    if len(given) > BARS:
        edges = np.linspace(given[0], given[-1] + 1, BARS + 1)
        middle, place = (edges[:-1] + edges[1:]) / 2, np.searchsorted(edges, amount, side="right") - 1
    else:
        middle, place = given.astype(float), np.searchsorted(given, amount)
    counted = amount > 0
    counts = {say("who.everyone"): np.bincount(place[counted], minlength=len(middle)).tolist()}
    for words, inside in groups:
        counts[words] = np.bincount(place[counted & inside], minlength=len(middle)).tolist()
    width = 0.8 * float(np.diff(middle).min()) if len(middle) > 1 else 0.2 * float(given[0] if len(given) else 1)
    return {
        "names": list(counts),
        "counts": list(counts.values()),
        "amounts": middle.tolist(),
        "figure": amounts_figure(middle.tolist(), next(iter(counts.values())), width, say),
    }


def segments_of(summary: Summary, say: Words) -> list[dict[str, Any]]:
    """The quadrants, and between which ends each lies, as shares of all units for a bar."""
    return [
        {
            "name": say(f"segment.{segment.name}"),
            "meaning": say(f"meaning.{segment.name}"),
            "units": f"{segment.units:,}",
            "low": f"{segment.low:,.0f}",
            "high": f"{segment.high:,.0f}",
            "money": say.money(segment.money),
            "bar": [round(100 * number / summary.units, 2) for number in (segment.low, segment.high, segment.units)],
        }
        for segment in summary.segments
    ]


def rules_of(summary: Summary, say: Words) -> list[dict[str, Any]]:
    """The plan and simpler ways to spend the same money, with what each brings as a share of the most for a bar."""
    plan = ("this plan", summary.spent, summary.recipients, summary.value, ())
    rules = [plan, *((rule.name, rule.spent, rule.recipients, rule.outcome, rule.breaks) for rule in summary.rules)]
    most = max(*(outcome - summary.without for _, _, _, outcome, _ in rules), 1e-12)
    return [
        {
            "name": say(f"rule.{name}"),
            "breaks": say("rules.breaks", limits=", ".join(_broken(breaks, say))) if breaks else "",
            "spent": say.money(spent),
            "recipients": f"{recipients:,}",
            "expected": f"{outcome:,.2f}",
            "more": f"{outcome - summary.without:,.2f}",
            "bar": round(max(0.0, 100 * (outcome - summary.without) / most), 2),
        }
        for name, spent, recipients, outcome, breaks in rules
    ]


def _broken(breaks: tuple[str, ...], say: Words) -> list[str]:
    return [say("rules.units") if name == "rules for single units" else name for name in breaks]


def card_of(scenario: Scenario, record: dict[str, Any], summary: Summary, say: Words) -> dict[str, list[tuple[str, str]]]:
    """The data and model card: pairs of what and its words."""
    history, model, solver = scenario.history, scenario.model, scenario.solver
    amounts = scenario.amounts.build().values
    past = "" if history is None else str(history.table or history.dataset or "SQL")
    data = [
        (say("card.units"), f"{summary.units:,}"),
        (say("card.history"), past.rsplit("/", 1)[-1] or say("card.history.none")),
        *([] if history is None else [(say("card.outcome"), history.outcome), (say("card.treatment"), history.treatment.column)]),
        *([] if history is None else [(say("card.features"), ", ".join(history.features))]),
    ]
    made_of = getattr(model, "estimator", getattr(model, "file", None))
    params = getattr(model, "params", None) or {}
    modelled = [
        (say("card.kind"), str(model.kind)),
        *([(say("card.estimator"), str(made_of).rsplit("/", 1)[-1])] if made_of else []),
        *([(say("card.params"), ", ".join(f"{name} {value}" for name, value in params.items()))] if params else []),
        (
            say("card.amounts"),
            say("card.amounts.words", n=f"{len(amounts) - 1:,}", low=say.money(amounts[1]), high=say.money(amounts[-1])),
        ),
        (say("card.solver"), f"{solver.embedding}, {solver.backend}"),
        (say("card.seed"), str(record["seed"])),
    ]
    hashes = [(say(f"hash.{name}"), digest) for name, digest in record["data"].items()]
    return {
        "data": data,
        "model": modelled,
        "hashes": hashes + list(record["files"].items()),
        "versions": [(name, str(version)) for name, version in record["versions"].items()],
    }
