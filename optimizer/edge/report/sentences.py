"""Limits, prices, proofs and notes as the page says them, in its language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from optimizer.edge.report.words import Words
from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.rows import Row
from optimizer.problem.where import Between, OneOf, Where
from optimizer.problem.words import NOTHING, little, total_in_words

NOTES = {
    "ja": (
        (r"(.+): (\d+) of (\d+) rows left out of the fit: (.+)\.", r"\1：\3行のうち\2行を学習から除外（\4）。"),
        (r"(.+): mean outcome (.+)\.", r"\1：結果の平均 \2。"),
        (
            r"(.+): feature \"(.+)\" is missing in (\d+) of (\d+) rows; .+",
            r"\1：特徴量「\2」は\4行のうち\3行で欠損（過去の記録から補完）。",
        ),
        (
            r"(.+?) % of the units' curves fall with money somewhere, by up to (.+)\.",
            r"曲線の \1 % は金額とともにどこかで下がります（最大 \2）。",
        ),
        (
            r"(\d+) of (\d+) units are not in the previous plan (.+): .+",
            r"前回の計画 \3 に\2人中\1人が見つかりません（支給なしとして扱いました）。",
        ),
        (
            r"(\d+) who had an award in the previous plan (.+) are not among the units",
            r"前回の計画 \2 の受給者のうち\1人は今回の対象外です。",
        ),
        (
            r"expected costs are rounded up to whole currency units.+at most (\d+);.+",
            r"期待費用は通貨単位に切り上げています（支給額が\1以下では粗くなります）。",
        ),
    )
}
"""What is said of data on the way in, in other languages: an English sentence, and how it reads there."""

FINE = 1_000
"""Money above this is told in whole currency units."""

FOLDERS = re.compile(r"(?<!\S)(?:[A-Za-z]:)?[\\/](?:[^\s\\/:]+[\\/])+")
"""The folders that a file's name stands behind: a page is passed on, and they are nobody else's business."""

PARTS = {
    "ja": (
        (r"(\S+) without an award \(([\d,]+) rows?\)", r"支給なし \1（\2行）"),
        (r"(\S+) with an award \(([\d,]+) rows?\)", r"支給あり \1（\2行）"),
        (r"(\d+) with outcome missing", r"結果なし \1行"),
        (r"(\d+) with treatment missing", r"支給の記録なし \1行"),
        (r" and |, ", "、"),
    )
}
"""And the parts of such sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One limit as the page shows it.

    Attributes
    ----------
    words, name : the limit in words, and its name where it was given one.
    used, allowed : in words.
    share : used of what is allowed, at most 1; None where that says nothing.
    price : what a little more of it would bring.
    """

    name: str
    words: str
    used: str
    allowed: str
    share: float | None
    price: tuple[str, ...]


def limits_in_words(say: Words, outcome: str, certificate: Certificate, coupling: Coupling, step: int) -> list[Kept]:
    """Every limit, what the plan uses of it, and its price in words; pairs that parity holds together are one limit."""
    kept = []
    for limit, group in groupby(coupling.rows, key=lambda row: row.limit):
        rows = list(group)
        tight = max(rows, key=lambda row: certificate.usage[row.name][0] - certificate.usage[row.name][1])
        used, allowed = certificate.usage[tight.name]
        kept.append(
            Kept(
                name="" if _unnamed(limit) else limit.name,
                words=limit_in_words(say, rows[0]),
                used=_total(say, limit, used),
                allowed=_total(say, limit, allowed),
                share=min(1.0, max(0.0, used / allowed)) if allowed > 0 else None,
                price=_prices(say, limit, rows, certificate, step, outcome),
            )
        )
    return kept


def _unnamed(limit: Limit) -> bool:
    """Whether the limit is called what any like it is called, but for a number."""
    usual = f"parity of {limit.measure} by {limit.by}" if limit.by else limit.measure
    return re.sub(r" \(\d+\)$", "", limit.name) in {usual, f"{limit.measure} of {limit.where}"}


def limit_in_words(say: Words, row: Row) -> str:
    """A limit: "recipients: at most 200"."""
    limit = row.limit
    group = say("limit.where", where=where_in_words(say, limit.where)) if limit.where else ""
    if limit.by is not None:
        apart = _number(say, limit, float(limit.figure))
        return say("limit.parity", measure=say(f"mean.{limit.measure}"), by=limit.by, group=group, figure=apart)
    return say(f"limit.{limit.sense}", measure=say(f"measure.{limit.measure}"), group=group, figure=_figure(say, row))


def where_in_words(say: Words, where: Where) -> str:
    """A group: "gender F, faculty law or arts"."""
    return say("where.and").join(_condition(say, column, condition) for column, condition in where.conditions)


def _condition(say: Words, column: str, condition: OneOf | Between) -> str:
    if isinstance(condition, OneOf):
        return say("where.is", column=column, values=say("where.or").join(map(str, condition.values)))
    low, high = (None if end is None else f"{end:,.15g}" for end in (condition.at_least, condition.at_most))
    if low is None:
        return say("where.at_most", column=column, high=high)
    return (
        say("where.at_least", column=column, low=low) if high is None else say("where.between", column=column, low=low, high=high)
    )


def _figure(say: Words, row: Row) -> str:
    limit, figure = row.limit, float(row.limit.figure)
    if limit.of is None:
        return _total(say, limit, figure)
    if limit.of == "units" and limit.measure != "uplift":
        return _total(say, limit, float(row.sign * row.allowed))
    if limit.of == limit.measure:
        return say(f"of.{limit.of}", share=f"{100 * figure:.15g}")
    return say(f"each.{limit.of}", n=_total(say, limit, figure))


def _total(say: Words, limit: Limit, total: float) -> str:
    if limit.by is not None:
        return _number(say, limit, total)
    return say.money(total) if limit.measure == "cost" and (total == round(total) or total >= FINE) else total_in_words(total)


def _number(say: Words, limit: Limit, apart: float) -> str:
    return say("points", n=f"{100 * apart:.4g}") if limit.measure == "recipients" else f"{apart:,.4g}"


def _prices(say: Words, limit: Limit, rows: list[Row], certificate: Certificate, step: int, outcome: str) -> tuple[str, ...]:
    prices = {row.name: certificate.shadow_prices[row.name] for row in rows}
    pressing = {name: price for name, price in prices.items() if abs(price) >= NOTHING}
    if not pressing:
        return (say("price.none"),)
    few = little(limit, certificate, step)
    filled = {"money": say.money(few.shown), "outcome": outcome}
    much = say.money(few.shown) if few.kind == "cost" else say(f"little.{few.kind}", **filled)
    sentences = []
    for name, price in pressing.items():
        key = "price.more" if price > 0 else "price.less"
        sentence = say(key, little=much, gain=f"{abs(price) * few.amount:.3g}", outcome=outcome)
        sentences.append(sentence if name == limit.name else say("price.pair", pair=_pair(say, limit, name), price=sentence))
    return tuple(sentences)


def _pair(say: Words, limit: Limit, name: str) -> str:
    one, _, other = name.removeprefix(f"{limit.name}: ").partition(" over ")
    return say("pair", one=one, other=other)


def objective_in_words(say: Words, certificate: Certificate, outcome: str) -> str:
    """What a cautious objective came to and cost; "" if the expected outcome was maximised."""
    said = certificate.cautious
    if said is None:
        return ""
    figure = 100 * said.figure if said.caution == "lower" else said.figure
    return say(
        "objective.words",
        value=f"{said.value:,.2f}",
        outcome=outcome,
        caution=say(f"caution.{said.caution}", figure=f"{figure:g}"),
        bound=f"{said.bound:,.2f}",
        before=f"{said.before:,.2f}",
        loss=f"{said.best - certificate.value:,.2f}",
        best=f"{said.best:,.2f}",
    )


def then_in_words(say: Words, certificate: Certificate, outcome: str) -> str:
    """What a second objective came to; "" if there was none."""
    said = certificate.then
    if said is None:
        return ""

    def much(figure: float) -> str:
        if said.minimised == "cost":
            return say.money(figure)
        return say(f"then.units.{said.minimised}", n=f"{figure:,.0f}")

    return say(
        "then.words",
        within=f"{100 * said.within:g}",
        best=f"{said.best:,.2f}",
        outcome=outcome,
        least=say(f"then.{said.minimised}"),
        value=much(said.value),
        before=much(said.before),
        bound=much(said.bound),
    )


def note_in_words(say: Words, note: str) -> str:
    """A note on the data, in the page's language; of a file only its name."""
    note = FOLDERS.sub("", note)
    for pattern, words in NOTES.get(say.lang, ()):
        if re.fullmatch(pattern, note):
            said = re.sub(pattern, words, note)
            for part, other in PARTS[say.lang]:
                said = re.sub(part, other, said)
            return said
    return note
