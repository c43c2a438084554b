"""A plan's figures as a committee asks for them, in English or Japanese: what it brings, its proof, its prices, its rivals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table

from optimizer.edge.report.sentences import limits_in_words, objective_in_words, then_in_words
from optimizer.edge.report.words import Words
from optimizer.problem.result import Plan, Summary
from optimizer.problem.words import total_in_words

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "limit": "limit {name}",
        "of": "{part} of {whole}",
        "offered": "offered in all",
        "spent": "spent",
        "expected_spent": "spent (expected)",
        "recipients": "recipients",
        "extrapolated": "awards unlike any that units alike were seen with",
        "without": "expected {outcome} without awards",
        "with": "expected {outcome} with this plan",
        "uplift": "uplift",
        "each": "cost per extra outcome",
        "bound": "no plan can exceed",
        "source": "{bound} (bound source: {source})",
        "gap": "gap",
        "then": "then: {words}",
        "objective": "objective: {words}",
        "promise": "{outcome}, either half of history by the other: {words}",
        "rules": "The same money, spent in simpler ways",
        "expected": "expected",
        "breaks": "{name} (breaks {limits})",
        "segments": "By segment, at the largest award",
        "units": "units",
        "between": "in truth between",
        "ends": "{low} and {high}",
        "awards": "awards",
    },
    "ja": {
        "limit": "制約 {name}",
        "of": "{part} / {whole}",
        "offered": "支給額の合計",
        "spent": "支出",
        "expected_spent": "支出 (期待値)",
        "recipients": "受給者",
        "extrapolated": "似た人に例のない支給",
        "without": "支給なしの期待値 ({outcome})",
        "with": "この計画での期待値 ({outcome})",
        "uplift": "上乗せ",
        "each": "1 増やすごとの費用",
        "bound": "どの計画も超えない値",
        "source": "{bound} (上界の根拠: {source})",
        "gap": "証明の差",
        "then": "次の目的: {words}",
        "objective": "{words}",
        "promise": "{outcome}: 過去の半分ずつを他方のモデルで決めた検証。{words}",
        "high": "予測 {predicted}、記録 {recorded}: {off} 高すぎ (95 %: {low}〜{high}{chance})",
        "low": "予測 {predicted}、記録 {recorded}: {off} 低すぎ (95 %: {low}〜{high}{chance})",
        "chance": "、偶然かもしれない",
        "rules": "同じお金を、もっと単純に使ったら",
        "expected": "期待値",
        "breaks": "{name} (満たさない制約: {limits})",
        "segments": "最大の支給での区分",
        "units": "人数",
        "between": "真の人数の範囲",
        "ends": "{low}〜{high}",
        "awards": "支給額",
    },
}


class Say:
    """The words of one language, and the report's, which names rules and segments."""

    def __init__(self, lang: str, currency: str) -> None:
        self.lang, self.report = lang, Words(lang, currency)

    def __call__(self, key: str, **filled: object) -> str:
        """What the key stands for, its blanks filled."""
        return WORDS[self.lang][key].format(**filled)

    def money(self, amount: float) -> str:
        """Whole currency units."""
        return self.report.money(amount)


def show_plan(plan: Plan, console: Console, lang: str = "en") -> None:
    """The figures, then what stands behind them, a sentence each, then what else the money could do."""
    summary, say = plan.summary, Say(lang, plan.summary.currency)
    table = Table(title=summary.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, figure in _figures(summary, say):
        table.add_row(name, figure)
    console.print(table)
    for sentence in (*_behind(plan, say), *_prices(plan, say)):
        console.print(f"  {sentence}", markup=False, highlight=False, soft_wrap=True)
    console.print(_rules(summary, say))
    if summary.segments:
        console.print(_segments(summary, say))


def _figures(summary: Summary, say: Say) -> Iterator[tuple[str, str]]:
    for name, (used, allowed) in summary.usage.items():
        yield say("limit", name=name), say("of", part=total_in_words(used), whole=total_in_words(allowed))
    if summary.offered != summary.spent:
        yield say("offered"), say.money(summary.offered)
    yield _spent(summary, say), say.money(summary.spent)
    yield say("recipients"), say("of", part=f"{summary.recipients:,}", whole=f"{summary.units:,}")
    if summary.extrapolated is not None:
        yield say("extrapolated"), f"{summary.extrapolated:,}"
    yield say("without", outcome=summary.outcome_name), f"{summary.without:,.4f}"
    yield say("with", outcome=summary.outcome_name), f"{summary.value:,.4f}"
    yield say("uplift"), f"{summary.uplift:,.4f}"
    if summary.cost_per_outcome is not None:
        yield say("each"), say.money(summary.cost_per_outcome)
    yield say("bound"), say("source", bound=f"{summary.bound:,.4f}", source=summary.bound_source)
    yield say("gap"), f"{100 * summary.gap:.9g} %"


def _spent(summary: Summary, say: Say) -> str:
    return say("expected_spent" if summary.expected_cost else "spent")


def _behind(plan: Plan, say: Say) -> Iterator[str]:
    """What decided besides the outcome, and how far predictions were from records."""
    summary = plan.summary
    told = {"then": summary.then_in_words, "objective": summary.objective_in_words}
    if say.lang != "en":
        name = summary.outcome_name
        told = {
            "then": then_in_words(say.report, plan.certificate, name),
            "objective": objective_in_words(say.report, plan.certificate, name),
        }
    for key, words in told.items():
        if words:
            yield say(key, words=words)
    if summary.promise is not None:
        yield say("promise", outcome=summary.outcome_name, words=_promise(summary, say))


def _promise(summary: Summary, say: Say) -> str:
    promise, n = summary.promise, summary.units
    assert promise is not None
    if say.lang == "en":
        return promise.in_words(n)
    ends = (promise.low, promise.high) if promise.difference >= 0 else (-promise.high, -promise.low)
    return say(
        "high" if promise.difference >= 0 else "low",
        predicted=f"{promise.predicted * n:,.2f}",
        recorded=f"{promise.estimated * n:,.2f}",
        off=f"{abs(promise.difference) * n:,.2f}",
        low=f"{ends[0] * n:,.2f}",
        high=f"{ends[1] * n:,.2f}",
        chance=say("chance") if promise.low <= 0 <= promise.high else "",
    )


def _prices(plan: Plan, say: Say) -> Iterable[str]:
    """What a little more of each limit would bring."""
    if say.lang == "en":
        return plan.summary.prices
    coupling, largest = plan.basis.coupling, plan.basis.curves.amounts.values[-1]
    step = 10 ** (len(str(largest)) - 1)
    kept = limits_in_words(say.report, plan.summary.outcome_name, plan.certificate, coupling, step)
    return [f"{limit.name}: {price}" for limit in kept for price in limit.price]


def _rules(summary: Summary, say: Say) -> Table:
    figures = (_spent(summary, say), say("recipients"), say("expected"), say("uplift"))
    table = _table(say("rules"), *figures)
    rows = [("this plan", summary.spent, summary.recipients, summary.value, ())]
    rows += [(rule.name, rule.spent, rule.recipients, rule.outcome, rule.breaks) for rule in summary.rules]  # type: ignore[misc]
    for rule, spent, recipients, outcome, breaks in rows:
        name = say.report(f"rule.{rule}")
        label = say("breaks", name=name, limits=", ".join(breaks)) if breaks else name
        table.add_row(label, f"{spent:,}", f"{recipients:,}", f"{outcome:,.4f}", f"{outcome - summary.without:,.4f}")
    return table


def _segments(summary: Summary, say: Say) -> Table:
    table = _table(say("segments"), say("units"), say("between"), say("awards"))
    for segment in summary.segments:
        ends = say("ends", low=f"{segment.low:,.0f}", high=f"{segment.high:,.0f}")
        table.add_row(say.report(f"segment.{segment.name}"), f"{segment.units:,}", ends, f"{segment.money:,}")
    return table


def _table(title: str, *figures: str) -> Table:
    table = Table("", *figures, title=title, title_justify="left", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
