"""An explanation in sentences, in English and Japanese; every figure in them is a figure of the explanation.

why       what was given, what that brings, what money brings elsewhere, the amounts beside it, what it rests on
changes   "With a limit "cost" of 131,000,000 JPY instead of 120,000,000 JPY, S08001 would be given 250,000 JPY."
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, get_args

from optimizer.problem.explanation import Change, Explanation, Option
from optimizer.problem.words import NOTHING, money_pattern

Lang = Literal["en", "ja"]

LISTED = 6
"""Amounts that are named one by one."""

WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "likely": "probability of {outcome}",
        "expected": "expected {outcome}",
        "none": "no award",
        "more": "{much} more",
        "less": "{much} less",
        "given": "{unit} is given {amount}.",
        "brings": "The {noun} is {value} with it and {without} without an award: {uplift}.",
        "without": "The {noun} is {without} without an award.",
        "caution": "What is maximised is {caution}: {gain} at this amount.",
        "free": "No limit holds the plan back, so money for others costs nothing here.",
        "money": "At the plan's prices {money} spent on others brings {brought} there.",
        "place": "A place under the limit “{limit}” brings {brought} elsewhere.",
        "other": "One unit more of the limit “{limit}” would bring {brought}.",
        "larger": "The next larger amount, {amount}, would bring {gain} and cost {cost}; "
        "what it would take from the limits brings {charge} elsewhere.",
        "smaller": "The next smaller, {amount}, would bring {gain} and cost {cost}; "
        "what it would leave to others brings {charge} there.",
        "net": "Less what it takes from others, {amount} is worth {net}; the best other choice, {rival}, is worth {other}.",
        "only": "Rules leave no other choice.",
        "proven": "Every plan that gives {unit} anything else is worse: this is proven.",
        "search": "The prices do not settle it: {open} units have more than one amount that is as good within what the proof "
        "leaves open, and among those an exact search chose what is best for the whole plan.",
        "then": "The plan is one of those near the best outcome, chosen for something else; so the amount need not be the best "
        "at these prices.",
        "barred": "Rule {rule} forbids {amounts}.",
        "and more": "{count} amounts from {low} to {high}",
        "figure": "With a limit “{limit}” of {figure} instead of {now}, {unit} would be given {given}.",
        "no figure": "No figure of the limit “{limit}” that was tried, from {now} to {figure}, changes it.",
        "at": "If the {noun} were {figure} with {at} (it is {now}), {unit} would be given {given}.",
        "not at": "Even a {noun} of {figure} with {at} (it is {now}) would not change it.",
    },
    "ja": {
        "likely": "{outcome} の確率",
        "expected": "{outcome} の期待値",
        "none": "支給なし",
        "more": "{much} 増え",
        "less": "{much} 減り",
        "given": "{unit} への支給額: {amount}。",
        "brings": "{noun}は支給ありで {value}、支給なしで {without}、支給により {uplift}ます。",
        "without": "支給なしでの{noun}は {without} です。",
        "caution": "最大化しているのは慎重な見積り ({caution}) で、この額では {gain} です。",
        "free": "どの制約も計画を縛っていないため、ほかの人に回す資金の価値は 0 です。",
        "money": "この計画の潜在価格では、{money} をほかの人に使うと {brought} 増えます。",
        "place": "制約「{limit}」の 1 枠は、ほかの人に使うと {brought} の価値があります。",
        "other": "制約「{limit}」を 1 単位緩めると {brought} 増えます。",
        "larger": "一つ上の額 {amount} にすると {gain}、費用が {cost}ます。"
        "それが制約から取る分は、ほかの人に使えば {charge} になります。",
        "smaller": "一つ下の額 {amount} にすると {gain}、費用が {cost}ます。"
        "それがほかの人に残す分は、そこで {charge} になります。",
        "net": "ほかの人から取る分を差し引くと {amount} の価値は {net}、次に良い選択肢 {rival} は {other} です。",
        "only": "規則により、ほかの選択肢はありません。",
        "proven": "{unit} に別の額を与える計画は、どれもこれより劣ることが証明されています。",
        "search": "価格だけでは決まりません。証明の残りの幅の中で同等の額が二つ以上ある対象が {open} 件あり、"
        "その中から計画全体として最良の組合せを厳密な探索で選びました。",
        "then": "最良に近い計画の中から別の目的で選ばれた計画なので、この額がこの価格での最良とは限りません。",
        "barred": "規則 {rule} により {amounts} は選べません。",
        "and more": "{low} から {high} までの {count} 通り",
        "figure": "制約「{limit}」が {now} ではなく {figure} なら、{unit} への支給額は {given} になります。",
        "no figure": "制約「{limit}」を {now} から {figure} まで変えて試した限りでは、変わりません。",
        "at": "{at} での{noun}が {figure} (現在 {now}) なら、{unit} への支給額は {given} になります。",
        "not at": "{at} での{noun}が {figure} (現在 {now}) でも、変わりません。",
    },
}

HEADING: dict[Lang, str] = {
    "en": "What would change it, all else as it is; each was decided again:",
    "ja": "何が変われば変わるか (ほかはすべて同じ、いずれも実際に解き直して確認):",
}


def why_in_words(found: Explanation, lang: Lang = "en") -> tuple[str, ...]:
    """Why the unit was given its amount, a sentence each."""
    return tuple(_Told(found, lang).why())


def changes_in_words(found: Explanation, lang: Lang = "en") -> tuple[str, ...]:
    """What would change it, a sentence each, in the order of the explanation's changes."""
    told = _Told(found, lang)
    return tuple(told.change(change) for change in found.changes)


class _Told:
    """One explanation in one language."""

    def __init__(self, found: Explanation, lang: Lang) -> None:
        if lang not in get_args(Lang):
            raise ValueError(f"lang: must be one of {', '.join(get_args(Lang))}, got {lang!r}")
        self.found, self.words, self.pattern = found, WORDS[lang], money_pattern(found.currency, lang)

    def say(self, key: str, **figures: str) -> str:
        noun = self.words["likely" if self.found.likely else "expected"].format(outcome=self.found.outcome_name)
        return self.words[key].format(unit=self.found.unit, noun=noun, **figures)

    def money(self, figure: float) -> str:
        return self.pattern.format(f"{figure:,.0f}")

    def apart(self, figure: float, written: Callable[[float], str]) -> str:
        """How much more or less."""
        return self.words["less" if figure < 0 else "more"].format(much=written(abs(figure)))

    def award(self, amount: int) -> str:
        return self.money(amount) if amount else self.words["none"]

    def why(self) -> Iterator[str]:
        found, given = self.found, self.found.given
        without = found.options[0].outcome
        yield self.say("given", amount=self.award(given.amount))
        if given.amount:
            uplift = self.apart(given.outcome - without, _number)
            yield self.say("brings", value=_number(given.outcome), without=_number(without), uplift=uplift)
        else:
            yield self.say("without", without=_number(without))
        if found.caution:
            yield self.say("caution", caution=found.caution, gain=_number(given.gain))
        yield from self.prices()
        yield from self.beside()
        for barred in found.barred:
            yield self.say("barred", rule=barred.rule, amounts=self.listed(barred.amounts))
        yield self.ground()

    def prices(self) -> Iterator[str]:
        priced = [price for price in self.found.prices if abs(price.price) >= NOTHING]
        if not priced:
            yield self.say("free")
            return
        if abs(self.found.money) >= NOTHING:
            little = 10 ** (len(str(self.found.options[-1].amount)) - 1)
            yield self.say("money", money=self.money(little), brought=_number(little * self.found.money))
        for price in priced:
            if price.measure != "cost":
                key = "place" if price.measure == "recipients" and price.price > 0 else "other"
                yield self.say(key, limit=price.limit, brought=_number(price.price))

    def beside(self) -> Iterator[str]:
        given, rival = self.found.given, self.found.rival
        for key, other, sign in (("larger", self.found.larger, 1), ("smaller", self.found.smaller, -1)):
            if other is not None:
                yield self.say(key, amount=self.award(other.amount), **self.step(given, other, sign))
        if rival is None:
            yield self.say("only")
        else:
            figures = {"net": _number(given.net), "other": _number(rival.net)}
            yield self.say("net", amount=self.award(given.amount), rival=self.award(rival.amount), **figures)

    def step(self, given: Option, other: Option, sign: int) -> dict[str, str]:
        return {
            "gain": self.apart(other.gain - given.gain, _number),
            "cost": self.apart(other.cost - given.cost, self.money),
            "charge": _number(sign * (other.charge - given.charge)),
        }

    def ground(self) -> str:
        return self.say(self.found.ground, open=f"{self.found.open_units:,}")

    def listed(self, amounts: tuple[int, ...]) -> str:
        if len(amounts) <= LISTED:
            return ", ".join(self.award(amount) for amount in amounts)
        return self.say("and more", count=str(len(amounts)), low=self.award(amounts[0]), high=self.award(amounts[-1]))

    def change(self, change: Change) -> str:
        if change.kind == "outcome":
            assert change.at is not None
            key, figures = "at", {"at": self.award(change.at), "now": _number(change.now), "figure": f"{change.figure:,.15g}"}
        else:
            figure = self.money if change.kind == "budget" else "{:,.0f}".format
            key, figures = "figure", {"limit": change.limit, "now": figure(change.now), "figure": figure(change.figure)}
        if change.given is None:
            return self.say({"at": "not at", "figure": "no figure"}[key], **figures)
        return self.say(key, given=self.award(change.given), **figures)


def _number(figure: float) -> str:
    """Four decimals, or two digits where those would say nothing."""
    return f"{figure:,.4f}" if not figure or abs(figure) >= 0.001 else f"{figure:.2g}"  # noqa: PLR2004 — four decimals
