"""What the page says besides what the report says (`optimizer.edge.report.words`), in English and Japanese."""

from __future__ import annotations

from optimizer.edge.report.words import LANGUAGES, Words
from optimizer.explore.knobs import Knob

WORDS: dict[str, tuple[str, str]] = {
    "title": ("{name}: what if", "{name}：条件を変える"),
    "lead": (
        "Move a figure: the plan is decided again at once, with its proof.",
        "数値を動かすと、計画をその場で解き直します（証明つき）。",
    ),
    "award": ("Largest award on offer", "1 人への最高額"),
    "at_most": ("{name}: at most", "{name}：上限"),
    "at_least": ("{name}: at least", "{name}：下限"),
    "exactly": ("{name}: exactly", "{name}：ちょうど"),
    "within": ("{name}: at most so far apart", "{name}：差の上限"),
    "was": ("in the scenario: {figure}", "シナリオの値：{figure}"),
    "gap": ("Gap: no plan can be better by more than", "最適との差は最大"),
    "limits": ("Limits", "制約"),
    "limit": ("Limit", "制約"),
    "used": ("Used", "実績"),
    "allowed": ("Allowed", "許容"),
    "price": ("A little more", "少し緩めると"),
    "who": ("Who receives what", "誰がいくら受け取るか"),
    "id": ("Unit", "対象"),
    "amount": ("Amount", "金額"),
    "without": ("Without", "支給なし"),
    "with": ("With", "支給あり"),
    "first": (
        "The first {shown} of {all} recipients; the plan has all.",
        "受給者 {all} 件のうち先頭 {shown} 件（全件は CSV に）。",
    ),
    "frontier": ("What another budget would bring", "予算を変えた場合"),
    "no frontier": (
        "No budget to draw a frontier over, or too many units.",
        "予算の制約がないか対象が多すぎるため、図はありません。",
    ),
    "plan": ("Download the plan (CSV)", "計画をダウンロード (CSV)"),
    "scenario": ("Download its scenario (YAML)", "シナリオをダウンロード (YAML)"),
    "same": ("The same from the command line:", "コマンドラインで同じ計画を得るには："),
}


def say(lang: str, key: str, **filled: object) -> str:
    """What the key stands for, its blanks filled."""
    return WORDS[key][LANGUAGES.index(lang)].format(**filled)


def knob_in_words(knob: Knob, words: Words) -> str:
    """What a knob moves, with its unit: "cost: at most (JPY)"."""
    unit = "%" if knob.percent else words.currency if knob.measure in ("award", "cost") else ""
    what = say(words.lang, "award") if knob.measure == "award" else say(words.lang, knob.sense, name=_name(knob, words))
    return f"{what} ({unit})" if unit else what


def _name(knob: Knob, words: Words) -> str:
    """What a limit that was given no name counts, in the page's language."""
    return words(f"measure.{knob.measure}") if knob.name == knob.measure else knob.name
