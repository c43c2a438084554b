"""What the page says, in each of its languages, side by side; `{}` are filled in by the page, figures already written out.

A key that begins with `js.` is said by the page's script.
"""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.problem.words import money_pattern

LANGUAGES = ("en", "ja")

WORDS: dict[str, tuple[str, str]] = {
    # The head of the page.
    "title": ("{name}: who gets how much", "{name}：誰に、いくら"),
    "kicker": ("A plan, and the proof of how good it is", "計画と、その最適性の証明"),
    "lead": (
        "{recipients} of {units} receive an award, {offered} in all.",
        "{units}人のうち{recipients}人に、合計{offered}を支給します。",
    ),
    "lead.expected": (
        "{spent} are expected to be spent, since awards are paid only where the outcome happens.",
        "支給は結果が得られた人に限るため、支出の期待値は{spent}です。",
    ),
    "lead.cost": ("They cost {spent}.", "費用は{spent}です。"),
    "skip": ("Skip to the figures", "本文へ移動"),
    "contents": ("On this page", "このページの内容"),
    "noscript": (
        "The charts and the table of persons need JavaScript; all other figures are here.",
        "図と対象者の表には JavaScript が必要です。その他の数値はこのまま読めます。",
    ),
    "fact.without": ("Expected {outcome} without awards", "支給なしの期待値（{outcome}）"),
    "fact.with": ("With this plan", "この計画での期待値"),
    "fact.uplift": ("Uplift", "上乗せ"),
    "fact.spent": ("Spent", "支出"),
    "fact.spent.expected": ("Expected to be spent", "支出の期待値"),
    "fact.recipients": ("Recipients", "受給者"),
    "fact.of": ("of {units}", "{units}人中"),
    "fact.each": ("{money} for each extra one", "1 増やすごとに{money}"),
    "proof": ("Proof", "証明"),
    "proof.words": (
        "No plan within the limits can be better by more than {gap} %.",
        "制約を満たすどの計画も、これより {gap} % を超えて良くはなりません。",
    ),
    "proof.figures": ("Value {value}, bound {bound}.", "この計画の値は {value}、上界は {bound} です。"),
    "proof.dual": (
        "The bound is proven anew by `bursar verify`, without any solver.",
        "上界は `bursar verify` により、ソルバーなしで証明し直せます。",
    ),
    "proof.core": (
        "The bound also rests on the solver's solution of the core; `bursar verify` proves the rest anew.",
        "上界の一部はソルバーが解いた核の解によります。残りは `bursar verify` で証明し直せます。",
    ),
    "objective": ("Objective", "目的"),
    "objective.words": (
        (
            "Cautious: {value} {outcome} at {caution}, and no plan has more than {bound}. "
            "The plan with most expected has {before}; predicted loss: {loss} of its {best} expected."
        ),
        (
            "慎重な目的：{caution}で{outcome} {value}、上界は {bound}。"
            "期待値が最大の計画では {before}、期待値の損失は {best} のうち {loss} です。"
        ),
    ),
    "caution.lower": ("the {figure} % quantile of each response", "各応答の {figure} % 分位点"),
    "caution.mean_minus_sd": ("the mean less {figure} standard deviations", "平均から標準偏差の {figure} 倍を引いた値"),
    "then": ("Then", "次の目的"),
    "then.words": (
        (
            "Among the plans within {within} % of the best ({best} {outcome}), {least}: {value} instead of {before}; "
            "no plan there does with less than {bound}."
        ),
        (
            "最良（{outcome} {best}）から {within} % 以内の計画のうち、{least}計画です：{before}に対し{value}。"
            "その中に{bound}未満で済む計画はありません。"
        ),
    ),
    "then.cost": ("the cheapest", "費用が最も少ない"),
    "then.recipients": ("the one with the fewest awards", "受給者が最も少ない"),
    "then.changes": ("the one with the fewest changes", "変更が最も少ない"),
    "then.units.recipients": ("{n} awards", "{n}件の支給"),
    "then.units.changes": ("{n} changes", "{n}件の変更"),
    # What if the budget were another.
    "budget": ("What if the budget were different?", "予算が違っていたら"),
    "budget.words": (
        "Each point is a plan of its own within all other limits, solved and proven beforehand. The limit that moves: {limit}.",
        "どの点も、他の制約をすべて満たす別々の計画で、あらかじめ解き、証明したものです。動かす制約：{limit}。",
    ),
    "budget.then": ("A second objective is left aside here.", "ここでは次の目的は考えていません。"),
    "budget.alt": (
        "Chart: the uplift of the best plan at each budget. The slider reads it out, and the table below holds its figures.",
        "図：各予算での最良の計画の上乗せ。つまみを動かすと数値が読み上げられ、下の表に同じ数値があります。",
    ),
    "budget.slider": ("Budget", "予算"),
    "budget.this": ("this plan", "この計画"),
    "budget.chosen": ("the budget on the slider", "つまみの予算"),
    "budget.line": ("best plan at each budget", "各予算での最良の計画"),
    "budget.table": ("The plans at each budget, as a table", "各予算での計画（表）"),
    "budget.infeasible": ("no plan keeps this with the other limits", "他の制約と両立する計画はありません"),
    "budget.why.units": (
        "Other budgets were not solved: that is done for up to {most} units. `bursar frontier` does it for more.",
        "別の予算は解いていません（対象が{most}人までのときに解きます）。それより多いときは `bursar frontier` を使ってください。",
    ),
    "budget.why.limit": (
        "No limit keeps the total cost of everyone to an amount above 0, so there is no budget to move.",
        "全員の費用の合計を 0 より大きい額に抑える制約がないため、動かす予算がありません。",
    ),
    "budget.why.objective": (
        "Other budgets were not solved, as the objective is cautious; `bursar frontier --over objective` says what that costs.",
        "目的が慎重なため、別の予算は解いていません。慎重さの代償は `bursar frontier --over objective` で分かります。",
    ),
    "budget.why.stopped": (
        "Other budgets were not solved in this run; `bursar frontier` does it.",
        "この実行では別の予算を解いていません。`bursar frontier` で解けます。",
    ),
    # Who receives what.
    "who": ("Who receives what", "誰が何を受けるか"),
    "who.words": (
        "{recipients} of {units} persons share {offered}.",
        "{units}人のうち{recipients}人が、合計{offered}を受けます。",
    ),
    "who.alt": (
        "Chart: how many persons receive each amount. The table below holds its figures.",
        "図：各金額を受ける人数。下の表に同じ数値があります。",
    ),
    "who.chart": ("Recipients by amount", "金額ごとの受給者数"),
    "who.group": ("Show", "表示"),
    "who.everyone": ("Everyone", "全員"),
    "who.amount": ("Amount", "金額"),
    "who.from_to": ("{low} to {high}", "{low}〜{high}"),
    "who.count": ("Recipients", "受給者数"),
    "who.table": ("The amounts, as a table", "金額ごとの人数（表）"),
    "who.groups": ("By group", "グループ別"),
    "who.units": ("Persons", "人数"),
    "who.rate": ("Award rate", "受給率"),
    "who.money": ("Awards in all", "支給額の合計"),
    "who.mean": ("Mean award", "平均支給額"),
    "who.uplift": ("Uplift", "上乗せ"),
    "who.extrapolated": (
        "{n} awards are unlike any that persons alike were seen with: what they bring is extrapolated.",
        "似た人に例のない支給が{n}件あります。その効果は外挿です。",
    ),
    # Limits and their prices.
    "limits": ("What the plan keeps to, and what each limit costs", "制約と、その代償"),
    "limits.table": ("Limits", "制約"),
    "limits.name": ("Limit", "制約"),
    "limits.used": ("Used", "実績"),
    "limits.allowed": ("Figure", "制約値"),
    "limits.share": ("Share", "比率"),
    "limits.price": ("A little more", "少し緩めると"),
    "limits.price.note": (
        "Shadow prices: they hold for small changes.",
        "影の価格（シャドウプライス）であり、小さな変化について成り立ちます。",
    ),
    "limit.at_most": ("{measure}{group}: at most {figure}", "{measure}{group}：{figure}以下"),
    "limit.at_least": ("{measure}{group}: at least {figure}", "{measure}{group}：{figure}以上"),
    "limit.exactly": ("{measure}{group}: exactly {figure}", "{measure}{group}：ちょうど{figure}"),
    "limit.parity": ("{measure} by {by}{group}: at most {figure} apart", "{by}ごとの{measure}{group}：差は{figure}以下"),
    "limit.where": (" where {where}", "（{where}）"),
    "where.or": (" or ", "または"),
    "where.and": (", ", "、"),
    "where.is": ("{column} {values}", "{column}＝{values}"),
    "where.at_most": ("{column} at most {high}", "{column} {high}以下"),
    "where.at_least": ("{column} at least {low}", "{column} {low}以上"),
    "where.between": ("{column} from {low} to {high}", "{column} {low}〜{high}"),
    "measure.cost": ("cost", "費用"),
    "measure.recipients": ("recipients", "受給者数"),
    "measure.outcome": ("outcome", "結果の期待値"),
    "measure.uplift": ("uplift", "上乗せ"),
    "mean.cost": ("cost per person", "1人あたりの費用"),
    "mean.recipients": ("award rate", "受給率"),
    "mean.outcome": ("outcome per person", "1人あたりの結果"),
    "mean.uplift": ("uplift per person", "1人あたりの上乗せ"),
    "of.cost": ("{share} % of the cost", "費用の {share} %"),
    "of.recipients": ("{share} % of the recipients", "受給者の {share} %"),
    "of.outcome": ("{share} % of the outcome", "結果の {share} %"),
    "of.uplift": ("{share} % of the uplift", "上乗せの {share} %"),
    "each.units": ("{n} for each person", "1人につき{n}"),
    "each.recipients": ("{n} for each recipient", "受給者1人につき{n}"),
    "each.cost": ("{n} for each currency unit spent", "支出1単位につき{n}"),
    "each.outcome": ("{n} for each expected outcome", "結果の期待値 1 につき{n}"),
    "each.uplift": ("{n} for each extra outcome", "上乗せ 1 につき{n}"),
    "points": ("{n} percentage points", "{n}ポイント"),
    "price.more": ("{little} more allowed would bring {gain} {outcome}", "{little}緩めると、{outcome}は{gain}増えます"),
    "price.less": (
        "{little} less required would bring {gain} {outcome}",
        "求める量を{little}減らすと、{outcome}は{gain}増えます",
    ),
    "price.none": ("does not hold the plan back", "計画を縛っていません"),
    "price.pair": ("{pair}: {price}", "{pair}：{price}"),
    "pair": ("{one} over {other}", "{one}が{other}を上回る差"),
    "little.point": ("one percentage point", "1ポイント"),
    "little.figure": ("1 % of its figure", "制約値の 1 % だけ"),
    "little.recipients": ("one award", "支給1件分"),
    "little.outcome": ("one {outcome}", "{outcome} 1 だけ"),
    "little.uplift": ("one extra {outcome}", "{outcome}の上乗せ 1 だけ"),
    "little.cost_a_unit": ("{money} a person", "1人あたり{money}"),
    "little.outcome_a_unit": ("0.01 {outcome} a person", "1人あたり {outcome} 0.01 だけ"),
    # One person.
    "person": ("Why this person got this amount", "なぜこの人にこの金額か"),
    "person.words": (
        (
            "Choose anybody in the table below. The solid line is what the model expects of the person at each amount; "
            "the dashed line is what an award must reach to be worth its price, "
            "which is what the same money and the same place bring elsewhere."
        ),
        (
            "下の表から1人を選んでください。実線は、各金額でその人に期待される結果です。"
            "破線は、同じお金と枠を他の人に使えば得られる分、つまり支給がその価格に見合うために届くべき高さです。"
        ),
    ),
    "person.cautious": (
        "The objective is cautious, so expected outcomes alone do not explain the amounts; no price line is drawn.",
        "目的が慎重なものであるため、期待値だけでは金額を説明できません。価格の線は引いていません。",
    ),
    "person.then": (
        "A second objective chose among nearly equal plans, so an amount may be lower than the prices of the best plan suggest.",
        "ほぼ同等の計画の中から次の目的で選んだため、最良の計画の価格が示すより低い金額になることがあります。",
    ),
    "person.alt": (
        "Chart: the person's expected outcome at each amount. The sentences above say what it shows.",
        "図：各金額で期待されるその人の結果。上の文がその内容を述べています。",
    ),
    "person.curve": ("expected outcome", "期待される結果"),
    "person.price": ("what an award must reach", "届くべき高さ"),
    "person.chosen": ("chosen", "決定"),
    "person.barred": ("not on offer to this person", "この人には支給できない金額"),
    # Quadrants.
    "segments": ("Who can be moved", "誰が動くか"),
    "segments.words": (
        (
            "By the likelier outcome without an award, and at the largest one. A model says how likely either is, "
            "not which go together: in truth the number lies between the two ends."
        ),
        (
            "支給なしのときと、最大の支給のときに、どちらの結果がより起こりやすいかで分けています。"
            "両者の組み合わせまではモデルから分からないため、真の人数は範囲で示します。"
        ),
    ),
    "segments.bar": (
        "The hatched part of a bar is where the true number lies, the stroke the number by likelier outcome.",
        "帯の斜線部が真の人数の範囲、縦線が起こりやすさで数えた人数です。",
    ),
    "segments.table": ("The four quadrants of uplift", "上乗せの四象限"),
    "segments.segment": ("Segment", "区分"),
    "segments.units": ("By likelier outcome", "起こりやすさで数えた人数"),
    "segments.between": ("In truth between", "真の人数の範囲"),
    "segments.money": ("Awards", "支給額"),
    "segment.persuadable": ("persuadable", "説得できる人"),
    "segment.sure thing": ("sure thing", "もともと確実な人"),
    "segment.lost cause": ("lost cause", "動かない人"),
    "segment.sleeping dog": ("sleeping dog", "寝た子"),
    "segment.": ("", ""),
    "meaning.persuadable": ("only with an award", "支給があれば"),
    "meaning.sure thing": ("with or without", "支給がなくても"),
    "meaning.lost cause": ("neither with nor without", "支給があっても動かない"),
    "meaning.sleeping dog": ("only without", "支給がない方がよい"),
    # Simpler rules.
    "rules": ("The same money, spent in simpler ways", "同じお金を、もっと単純に使ったら"),
    "rules.rule": ("Rule", "規則"),
    "rules.expected": ("Expected {outcome}", "期待値（{outcome}）"),
    "rules.more": ("More than nobody", "支給なしとの差"),
    "rules.breaks": ("breaks {limits}", "満たさない制約：{limits}"),
    "rules.units": ("rules for single units", "個人ごとの規則"),
    "rule.this plan": ("this plan", "この計画"),
    "rule.nobody": ("nobody", "誰にも支給しない"),
    "rule.largest award to the highest uplift": ("largest award to the highest uplift", "上乗せの大きい順に最大額"),
    "rule.equal awards to a random share": ("equal awards to a random share", "無作為に選び一律の額"),
    # Promise.
    "promise": ("Can the prediction be believed?", "予測は信じられるか"),
    "promise.words": (
        "Each half of history was decided about by a model of the other half, and both figures are for as many persons as here.",
        "過去の記録を二つに分け、それぞれを他方から学んだモデルで決めました。数値は今回と同じ人数に換算しています。",
    ),
    "promise.predicted": ("Predicted", "予測"),
    "promise.recorded": ("By the records", "記録による値"),
    "promise.high": ("The prediction is {off} too high", "予測は {off} 高すぎます"),
    "promise.low": ("The prediction is {off} too low", "予測は {off} 低すぎます"),
    "promise.chance": ("(95 %: {low} to {high}), which may be chance.", "（95 %：{low}〜{high}、偶然かもしれません）。"),
    "promise.certain": (
        "(95 %: {low} to {high}), which is more than chance.",
        "（95 %：{low}〜{high}、偶然では説明できません）。",
    ),
    "promise.careful": (
        "Half of a history teaches less than the whole, so this overstates a little.",
        "半分の記録からは全体ほど学べないため、やや大きめに出ます。",
    ),
    # Data and model.
    "card": ("Data and model", "データとモデル"),
    "card.data": ("Data", "データ"),
    "card.units": ("Persons decided about", "対象者"),
    "card.history": ("History", "過去の記録"),
    "card.history.none": ("none: the model was fitted elsewhere", "なし（モデルは別に学習済み）"),
    "card.outcome": ("Outcome", "結果の列"),
    "card.treatment": ("Treatment", "支給の列"),
    "card.features": ("Features", "特徴量"),
    "card.notes": ("Notes", "注記"),
    "card.model": ("Model", "モデル"),
    "card.kind": ("Kind", "種類"),
    "card.estimator": ("Estimator", "推定器"),
    "card.params": ("Parameters", "パラメータ"),
    "card.amounts": ("Amounts on offer", "支給できる金額"),
    "card.amounts.words": ("{n} awards from {low} to {high}", "{low}から{high}まで{n}通り"),
    "card.seed": ("Seed", "乱数の種"),
    "card.solver": ("Solver", "ソルバー"),
    "card.files": ("Hashes (sha256)", "ハッシュ値（sha256）"),
    "hash.units": ("the persons' table", "対象者の表"),
    "hash.history": ("the history's table", "過去の記録の表"),
    "hash.previous": ("the previous plan", "前回の計画"),
    "card.versions": ("Versions", "バージョン"),
    "card.verify": (
        "Everything here can be checked again, without a solver: `bursar verify` on this folder.",
        "ここにある数値は、このフォルダに対する `bursar verify` により、ソルバーなしで検証し直せます。",
    ),
    # The persons.
    "people": ("Everybody", "対象者一覧"),
    "people.all": ("All {n} persons; figures are the model's expectations.", "全{n}人。数値はモデルの期待値です。"),
    "people.some": (
        "{shown} of {n} persons: recipients first, then evenly spread others. All are in {file}.",
        "{n}人のうち{shown}人（受給者を優先し、他は均等に抽出）。全員分は {file} にあります。",
    ),
    "people.search": ("Search by id or group", "ID やグループで検索"),
    "people.only": ("Recipients only", "受給者のみ"),
    "people.caption": ("Persons, their awards and what is expected of them", "対象者と支給額、期待される結果"),
    "people.id": ("Id", "ID"),
    "people.amount": ("Award", "支給額"),
    "people.without": ("Without", "支給なし"),
    "people.with": ("With", "支給あり"),
    "people.uplift": ("Uplift", "上乗せ"),
    "people.segment": ("Segment", "区分"),
    "people.previous": ("Previous", "前へ"),
    "people.next": ("Next", "次へ"),
    "js.people.page": ("{from}–{to} of {n}", "{n}人中 {from}〜{to}"),
    "js.people.none": ("Nobody matches.", "該当者はいません。"),
    "js.people.why": ("Why {id} got this", "{id} の理由を見る"),
    "js.people.beyond": ("extrapolated", "外挿"),
    "js.budget.value": (
        "With {budget}: expected {outcome} {value}, and no plan within that budget can be better by more than {gap} %.",
        "予算{budget}では、{outcome}の期待値は {value}。その予算内のどの計画も、これより {gap} % を超えて良くはなりません。",
    ),
    "js.budget.more": ("{uplift} more than this plan", "この計画より {uplift} 多い"),
    "js.budget.less": ("{uplift} less than this plan", "この計画より {uplift} 少ない"),
    "js.budget.same": ("this plan", "この計画"),
    "js.person.award": (
        "{id} is offered {amount}: expected {outcome} {without} without it, {with} with it.",
        "{id}：{amount}を支給。{outcome}の期待値は、なしで {without}、ありで {with}。",
    ),
    "js.person.nothing": (
        "{id} is offered nothing; expected {outcome}: {without}.",
        "{id}：支給なし。{outcome}の期待値は {without}。",
    ),
    "js.person.next": (
        "The next {money} would bring {gain} here; elsewhere they bring {price}.",
        "さらに{money}増やすとここでは {gain} 増えます。同じお金は他で {price} を生みます。",
    ),
    "js.person.last": (
        "The last {money} of it bring {gain} here; elsewhere they would bring {price}.",
        "最後の{money}はここで {gain} を生みます。他に回せば {price} です。",
    ),
    "js.person.whole": (
        "The award brings {gain} here; its money and its place would bring {price} elsewhere.",
        "この支給はここで {gain} を生みます。同じお金と枠を他に回せば {price} です。",
    ),
    "js.person.best": (
        (
            "The award that comes nearest to its price, {money}, would bring {gain} here; "
            "its money and its place bring {price} elsewhere."
        ),
        "価格に最も近い支給は{money}で、ここでは {gain} を生みますが、同じお金と枠は他で {price} を生みます。",
    ),
    "js.person.stuck": ("Rules for single persons leave no other amount.", "個人ごとの規則により、他の金額は選べません。"),
    "js.person.beyond": ("The award is unlike any that persons alike were seen with.", "似た人に例のない支給です。"),
    "js.amount.none": ("nothing", "なし"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The page's words in one language, and how it writes numbers and money."""

    lang: str
    currency: str

    def __call__(self, key: str, **filled: object) -> str:
        """What the key stands for, its blanks filled."""
        return WORDS[key][LANGUAGES.index(self.lang)].format(**filled)

    @property
    def money_pattern(self) -> str:
        """Where the number of an amount of money stands."""
        return money_pattern(self.currency, self.lang)

    def money(self, amount: float) -> str:
        """An amount of money: "120,000,000 JPY", 120,000,000円."""
        return self.money_pattern.format(f"{round(amount):,}")

    def script(self) -> dict[str, str]:
        """What the page's script says, its blanks empty."""
        return {key.removeprefix("js."): pair[LANGUAGES.index(self.lang)] for key, pair in WORDS.items() if key.startswith("js.")}
