"""A drafted scenario as a commented file: each line says what it means, and whether it was guessed."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from typing import Literal

from optimizer.edge.drafting import HELD_OUT, Draft

Language = Literal["en", "ja"]

COLUMN, WIDE = 36, 48
"""Where comments begin, and those of limits."""
WIDTH = 120

MEANT = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
"""Words that some reader of YAML takes for another thing than text."""

WORDS = {
    "en": {
        "head": "Who should be given how much, so that as much as possible comes of it?",
        "draft": "A draft: read it through; what was guessed says so.",
        "paths": "Paths are relative to this file. Any value can be changed for one run: --set limits.0.at_most={budget}",
        "name": "the folder of the results is called so",
        "units": "whom to decide about: one row each",
        "no_id": "no column names them: they are numbered from 1",
        "holdout": "a random part of the history, which the model never sees; for others: table: FILE",
        "no_outcome": "{no_outcome:,} of {rows:,} rows of the history have no outcome and are left out. If these are to be "
        "decided about: save them\nin a file of their own, name it here (table: FILE, not holdout), and drop them from the past.",
        "history": "the past: what each was given, and what came of it",
        "outcome": "what is to be maximised; 1 or 0 for yes or no",
        "treatment": "what was given, in currency units; 0 is nothing",
        "per": "the amounts below are {per:,} to one unit of the column",
        "leak": "left out, as they tell the outcome or the treatment: {columns}",
        "missing": "left out, as they are not in both tables alike: {columns}",
        "useless": "left out, as no model can learn from them: {columns}",
        "model": "what each would do at each amount",
        "two_model": "one model of those given nothing, one of the others; docs/models.md has more kinds",
        "s_learner": "one model of what is known and the amount; docs/models.md has more kinds",
        "amounts": "what can be awarded",
        "guessed_amounts": "what can be awarded; guessed from what was given",
        "currency": "for reports, such as JPY",
        "yes_no": "the column says whether, not how much: write treatment: {{column: …, per: MONEY}} and tiers: [MONEY]",
        "limits": "everything the plan must keep to",
        "budget": "the budget",
        "guessed_budget": "the budget; guessed: what the past gave to as many",
        "recipients": "of all units, rounded down",
        "guessed_recipients": "of all units, rounded down; guessed: as in the past",
        "group": "A group can be limited too:",
        "solver": "these are the defaults",
        "backend": "highs needs no licence",
        "gap": "0 asks for a proven optimum",
        "time_limit": "seconds; the best plan found by then is kept, with its honest gap",
    },
    "ja": {
        "head": "誰にいくら与えれば、成果が最も大きくなるか。",
        "draft": "これは下書きです。推測した箇所にはそう書いてあるので、読んで直してください。",
        "paths": "パスはこのファイルからの相対です。値は一回の実行だけ変えることもできます: --set limits.0.at_most={budget}",
        "name": "結果のフォルダの名前になります",
        "units": "対象者の表: 一人一行",
        "no_id": "識別子の列がないため、1 から番号を付けます",
        "holdout": "過去の記録から無作為に選んだ一部 (モデルは学習に使わない)。別の表なら table: FILE",
        "no_outcome": "過去の {rows:,} 行のうち {no_outcome:,} 行は成果が空で、学習に使われません。\n"
        "それが今回の対象者なら、別のファイルに保存し、holdout の代わりに table: FILE と書いて、過去の表からは除いてください。",
        "history": "過去の記録: 何を与え、どうなったか",
        "outcome": "最大にしたい成果。はい・いいえなら 1 と 0",
        "treatment": "与えた額 (通貨単位)。0 はなし",
        "per": "下の金額は、列の 1 あたり {per:,}",
        "leak": "成果や与えた額そのものを表すため除いた列: {columns}",
        "missing": "両方の表に同じ形では無いため除いた列: {columns}",
        "useless": "モデルが学べないため除いた列: {columns}",
        "model": "各人が各金額でどうするかの予測",
        "two_model": "与えなかった人と与えた人に一つずつのモデル。他の種類は docs/models.md に",
        "s_learner": "特徴と金額の一つのモデル。他の種類は docs/models.md に",
        "amounts": "与えられる金額",
        "guessed_amounts": "与えられる金額。過去の額からの推測",
        "currency": "報告書用。例: JPY",
        "yes_no": "列は額ではなく有無を表しています: treatment: {{column: …, per: 金額}} と tiers: [金額] に直してください",
        "limits": "計画が守ること",
        "budget": "予算",
        "guessed_budget": "予算。推測: 過去に同じ人数へ与えた額",
        "recipients": "受給者の割合 (端数切り捨て)",
        "guessed_recipients": "受給者の割合 (端数切り捨て)。推測: 過去と同じ",
        "group": "集団ごとの制限も書けます:",
        "solver": "すべて既定値です",
        "backend": "highs はライセンス不要",
        "gap": "0 は最適性の証明まで求めます",
        "time_limit": "秒。それまでに見つけた最良の計画を、証明できた差とともに残します",
    },
}


def text_of(draft: Draft, *, name: str, units: str | None, history: str, lang: Language = "en") -> str:
    """The scenario file of a draft.

    Parameters
    ----------
    units, history : their files, relative to the scenario; no units where a part of the history stands in for them.
    """
    words = {key: word.format_map(_figures(draft)) for key, word in WORDS[lang].items()}
    words |= {part: words[f"guessed_{part}"] for part in draft.guessed}
    head = (words["head"], *([words["draft"]] if draft.guessed else []), words["paths"])
    parts = (
        [*_comments("\n".join(head)), "", _line(f"name: {quoted(name)}", words["name"])],
        _units(draft, units, words),
        _history(draft, history, words),
        _model(draft, words),
        _amounts(draft, words),
        _limits(draft, words),
        _solver(draft, words),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def quoted(text: str) -> str:
    """Text as YAML reads it back, in quotes unless it is a plain word that means nothing else."""
    if re.fullmatch(r"[^\W\d_][\w./-]*", text) and text.lower() not in MEANT:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _figures(draft: Draft) -> dict[str, object]:
    figures = {"budget": _money(draft.budget), "per": draft.per, "rows": draft.rows, "no_outcome": draft.no_outcome}
    return figures | {"columns": "{columns}"}


def _units(draft: Draft, units: str | None, words: dict[str, str]) -> list[str]:
    source = _line(f"  table: {quoted(units)}") if units else _line(f"  holdout: {100 * HELD_OUT:.0f}%", words["holdout"])
    named = _line(f"  id: {quoted(draft.id)}") if draft.id else f"  # {words['no_id']}"
    told = _comments(words["no_outcome"], 2) if units is None and draft.no_outcome else []
    return [_line("units:", words["units"]), source, *told, named]


def _history(draft: Draft, history: str, words: dict[str, str]) -> list[str]:
    column = quoted(draft.treatment)
    treatment = column if draft.per == 1 else f"{{column: {column}, per: {draft.per}}}"
    return [
        _line("history:", words["history"]),
        f"  table: {quoted(history)}",
        _line(f"  outcome: {quoted(draft.outcome)}", words["outcome"]),
        _line(f"  treatment: {treatment}", words["treatment"] if draft.per == 1 else words["per"]),
        *_list("  features:", map(quoted, draft.features)),
        *(
            line
            for why, columns in draft.left_out.items()
            for line in _comments(words[why].replace("{columns}", ", ".join(map(repr, columns))), 2)
        ),
    ]


def _model(draft: Draft, words: dict[str, str]) -> list[str]:
    return [
        _line("model:", words["model"]),
        _line(f"  kind: {draft.kind}", words[draft.kind]),
        "  estimator: sklearn.ensemble.GradientBoostingRegressor",
        "  params: {n_estimators: 100, max_depth: 3}",
    ]


def _amounts(draft: Draft, words: dict[str, str]) -> list[str]:
    currency = _line(f"  currency: {quoted(draft.currency)}", "" if draft.currency else words["currency"])
    if draft.awards:
        note = [f"  # {words['yes_no']}"] if draft.awards == (1,) else []
        return [_line("amounts:", words["amounts"]), f"  tiers: [{', '.join(map(_money, draft.awards))}]", *note, currency]
    grid = {"max": draft.largest, "step": draft.step, "min": draft.least}
    return [_line("amounts:", words["amounts"]), *(f"  {key}: {_money(value)}" for key, value in grid.items()), currency]


def _limits(draft: Draft, words: dict[str, str]) -> list[str]:
    lines = [_line("limits:", words["limits"])]
    lines += [_line(f"  - {{measure: cost, at_most: {_money(draft.budget)}}}", words["budget"], wide=True)]
    if draft.recipients is not None:
        lines += [_line(f"  - {{measure: recipients, at_most: {draft.recipients}%}}", words["recipients"], wide=True)]
    example = "{measure: recipients, at_least: 40%, of: recipients, where: {gender: F}, name: women}"
    return [*lines, f"  # {words['group']}", f"  # - {example}"]


def _solver(draft: Draft, words: dict[str, str]) -> list[str]:
    limit = [] if draft.time_limit is None else [_line(f"  time_limit: {draft.time_limit}", words["time_limit"])]
    return [
        _line("solver:", words["solver"] if draft.time_limit is None else ""),
        _line("  backend: gurobi", words["backend"]),
        _line("  gap: 0", words["gap"]),
        *limit,
        "  seed: 0",
    ]


def _money(figure: int) -> str:
    return f"{figure:_}"


def _line(text: str, comment: str = "", *, wide: bool = False) -> str:
    return f"{text:<{(WIDE if wide else COLUMN) - 2}}  # {comment}" if comment else text


def _list(key: str, items: Iterable[str]) -> list[str]:
    """A flow list, over as many lines as it needs; an item is never parted."""
    lines, line = [], f"{key} ["
    for place, item in enumerate(items):
        added = ("" if place == 0 else ", ") + item
        if len(line) + len(added) > WIDTH:
            lines.append(line + ",")
            line, added = "    ", item
        line += added
    return [*lines, line + "]"]


def _comments(text: str, indent: int = 0) -> list[str]:
    lead = " " * indent + "# "
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, WIDTH - len(lead), break_long_words=False)]
    return [lead + line for line in lines]
