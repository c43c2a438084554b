"""The report: everything a committee asks, in either language, harmless whatever a student is called."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from optimizer import read_scenario, solve, verify
from optimizer.edge.outputs import read_left
from optimizer.edge.report import people
from optimizer.edge.report.page import Page, render
from optimizer.edge.report.people import packed, prices_of, shown
from optimizer.edge.report.sections import groups_in
from optimizer.edge.report.sentences import note_in_words
from optimizer.edge.report.words import LANGUAGES, WORDS, Words
from optimizer.errors import DataError, ScenarioError, VerificationError
from optimizer.options import Options
from optimizer.reporting import report

EVIL = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
FRONTIER = ["figure", "feasible", "value", "uplift", "spent", "recipients", "price", "bound", "bound_source", "gap"]


class Texts(HTMLParser):
    """What a person reads: all text but that of scripts, styles and commands."""

    def __init__(self):
        super().__init__()
        self.found, self._inside = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style", "code"):
            self._inside.append(tag)
        self.found += [value for name, value in attrs if name == "aria-label"]

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, text):
        if not self._inside and text.strip():
            self.found.append(text.strip())


def texts(page):
    reader = Texts()
    reader.feed(page)
    return reader.found


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture
def out(folder):
    applicants = pd.read_csv(folder / "applicants.csv")
    applicants["student_id"] = [EVIL, FORMULA, "a & b\u2028c", *applicants["student_id"].iloc[3:]]
    applicants.to_csv(folder / "applicants.csv", index=False)
    solve(folder / "small.yaml", out=folder / "out")
    return folder / "out"


def test_the_page_says_what_the_plan_came_to_and_how_good_that_is(out):
    page = (out / "report.html").read_text(encoding="utf-8")
    found = " ".join(texts(page))
    claims = json.loads((out / "certificate.json").read_text())
    value, without = claims["certificate"]["value"], claims["certificate"]["without"]
    assert "No plan within the limits can be better by more than 0.00 %." in found
    for words in (f"{value:,.2f}", f"{without:,.2f}", f"+{value - without:,.2f}", "10,000,000 JPY", "gender F", "nobody", "Seed"):
        assert words in found
    for digest in (*claims["data"].values(), *claims["files"].values()):
        assert digest in page
    assert str(out.parent) not in " ".join(texts(page))


def test_nobodys_name_is_a_script_or_a_tag(out):
    page = (out / "report.html").read_text(encoding="utf-8")
    assert EVIL not in page
    assert "\u2028" not in page
    assert data_of(page)["people"]["id"][:3] == [EVIL, FORMULA, "a & b\u2028c"]


def test_the_page_may_load_nothing_and_runs_only_its_own_scripts(out):
    page = (out / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert policy.count("'sha256-") == page.count("<script>") == 2
    assert not re.search(r"<(link|img|iframe)|(?:src|href)=\"(?!#)", page.split("<script")[0])


def test_the_report_is_made_again_from_the_files_in_any_language_and_the_run_still_verifies(out):
    first = (out / "report.html").read_bytes()
    assert report(out) == out / "report.html"
    assert (out / "report.html").read_bytes() == first
    report(out, lang="ja")
    japanese = (out / "report.html").read_text(encoding="utf-8")
    assert '<html lang="ja">' in japanese
    assert "10,000,000円" in japanese
    assert "JPY" not in "".join(texts(japanese))
    assert verify(out).gap <= 1e-9


def test_solve_writes_the_report_in_the_language_that_is_asked_for(out, folder):
    solve(folder / "small.yaml", out=folder / "japanese", options=Options(lang="ja"))
    report(out, lang="ja")
    assert (folder / "japanese" / "report.html").read_bytes() == (out / "report.html").read_bytes()
    with pytest.raises(ScenarioError, match="--lang: must be a language of the report, got fr; one of en, ja"):
        Options(lang="fr")


def test_every_word_is_in_both_languages_with_the_same_blanks():
    blanks = [set(re.findall(r"\{(\w*)\}", text)) for pair in WORDS.values() for text in pair]
    assert {len(pair) for pair in WORDS.values()} == {len(LANGUAGES)}
    assert blanks[0::2] == blanks[1::2]
    assert all(bool(one) == bool(other) for one, other in WORDS.values())


def test_no_english_sentence_is_left_on_the_japanese_page(out):
    report(out, lang="ja")
    page = (out / "report.html").read_text(encoding="utf-8")
    found = texts(page)
    english = [text for text in found if re.search(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,}){2,}", text.replace(EVIL, ""))]
    features = "family_income, exam_score, gender, faculty"
    assert [text for text in english if text != features] == []
    words = data_of(page)["words"]
    assert all(re.search(r"[^\x00-\x7f]", text) for text in words.values())
    own = {one for one, other in WORDS.values() if one != other and "{" not in one and len(one) > 5}
    assert own.isdisjoint(found)


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("/a/b/history.csv: 20 of 8000 rows left out of the fit: 12 with outcome missing and 8 with treatment missing.",
         "history.csv：8000行のうち20行を学習から除外（結果なし 12行、支給の記録なし 8行）。"),
        ('history.csv: feature "age" is missing in 3 of 70 rows; the model imputes it from history.',
         "history.csv：特徴量「age」は70行のうち3行で欠損（過去の記録から補完）。"),
        ("3 of 9 units are not in the previous plan old.csv: they count as having had no award",
         "前回の計画 old.csv に9人中3人が見つかりません（支給なしとして扱いました）。"),
    ],
)  # fmt: skip
def test_notes_on_the_data_are_told_in_japanese(note, said):
    assert note_in_words(Words("ja", "JPY"), note) == said


def test_money_is_written_as_the_language_does():
    assert Words("ja", "JPY").money(120_000_000) == "120,000,000円"
    assert Words("en", "JPY").money(120_000_000) == "120,000,000 JPY"
    assert Words("ja", "USD").money(12) == "12 USD"
    assert Words("en", "").money(12) == "12"


def test_a_changed_table_or_summary_is_noticed(out, folder):
    text = (out / "summary.json").read_text()
    (out / "summary.json").write_text(text.replace('"seed"', '"seeds"').replace("nobody", "anyone"))
    with pytest.raises(VerificationError, match=r"summary\.json: is not the file"):
        report(out)
    (out / "summary.json").write_text(text)
    (folder / "applicants.csv").write_text((folder / "applicants.csv").read_text().replace(",F,", ",M,", 1))
    with pytest.raises(VerificationError, match="changed since the run"):
        report(out)
    (out / "summary.json").unlink()
    with pytest.raises(DataError, match=r"summary\.json: missing"):
        report(out)


def test_the_frontier_has_the_plan_itself_and_every_point_is_proven(out):
    frontier = pd.read_csv(out / "frontier.csv")
    assert list(frontier.columns) == FRONTIER
    certificate = json.loads((out / "certificate.json").read_text())["certificate"]
    [mine] = frontier.loc[frontier["figure"] == 10_000_000].to_dict("records")
    assert mine["value"] == certificate["value"]
    assert (frontier["gap"] <= 1e-5).all()
    assert (frontier["spent"] <= frontier["figure"]).all()


def remade(out, **changes):
    left = read_left(out, allowed_modules=("sklearn",))
    scenario = read_scenario(out / "scenario.resolved.yaml")
    plan = solve(scenario)
    units = pd.read_csv(scenario.units.table)
    return Page.of(scenario, plan, units, changes.get("frontier"), left.claims), plan


def test_where_there_is_no_frontier_the_page_says_why(out):
    page, _ = remade(out)
    found = " ".join(texts(render(page)))
    assert "Other budgets were not solved in this run;" in found
    assert data_of(render(page))["budget"] is None


def test_groups_are_counted_as_the_table_has_them(out, folder):
    units = pd.read_csv(folder / "applicants.csv")
    table = pd.read_csv(out / "allocation.csv", keep_default_na=False)
    women = table.loc[(units["gender"] == "F").to_numpy()]
    who = data_of((out / "report.html").read_text(encoding="utf-8"))["who"]
    assert who["names"][:2] == ["Everyone", "gender F"]
    assert [sum(counts) for counts in who["counts"][:2]] == [(table["amount"] > 0).sum(), (women["amount"] > 0).sum()]
    counted = {amount: count for amount, count in zip(who["amounts"], who["counts"][1], strict=True) if count}
    assert counted == women.query("amount > 0")["amount"].value_counts().to_dict()


def test_the_groups_are_those_of_limits_then_those_of_features_of_few_values(out):
    _, plan = remade(out)
    n = plan.summary.units
    features = pd.DataFrame(
        {
            "gender": ["F", "M"] * (n // 2),
            "first": [0.0, 1.0, np.nan] * (n // 3),
            "house": [str(i) for i in range(n)],
            "size": [1, 2, 3] * (n // 3),
            "alike": "x",
        }
    )
    groups = groups_in(features[["gender"]], features, plan.basis.coupling, Words("en", "JPY"))
    assert [words for words, _ in groups] == ["gender F", "gender M", "first 0", "first 1"]
    assert [inside.sum() for _, inside in groups] == [n // 2, n // 2, n // 3, n // 3]


def test_above_the_cap_recipients_come_first_and_others_evenly():
    amount = np.zeros(40_000, dtype=np.int64)
    amount[30_000:34_000] = 5
    rows = shown(amount)
    assert len(rows) == people.SHOWN
    assert set(range(30_000, 34_000)) <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()
    others = rows[amount[rows] == 0]
    assert np.diff(np.arange(40_000)[amount == 0].searchsorted(others)).max() <= 7
    assert len(shown(np.ones(40_000, dtype=np.int64))) == people.SHOWN


def unpacked(document, name, kind, width=None):
    import base64  # noqa: PLC0415

    flat = np.frombuffer(base64.b64decode(document[name]), dtype=kind)
    return flat if width is None else flat.reshape(-1, width)


def test_curves_are_packed_to_a_ten_thousandth_and_the_price_line_explains_each_choice(out, monkeypatch):
    page, plan = remade(out)
    curves, coupling = plan.basis.curves, plan.basis.coupling
    monkeypatch.setattr(people, "NUMBERS", 1)
    prices = prices_of(plan.certificate, coupling, coupling.groups)
    document = packed(plan.table, curves, prices, page.named)
    grid = document["grid"]
    steps = unpacked(document, "curve", "<u2", len(grid)) / 65_535
    values = unpacked(document, "low", "<f4")[:, None] + unpacked(document, "span", "<f4")[:, None] * steps
    assert np.abs(values - curves.values[:, grid]).max() < 1e-4
    near, cost = unpacked(document, "near", "<u2", 4), unpacked(document, "nearCost", "<f4", 4)
    chosen = plan.allocation.index
    assert (near[:, 3] == chosen).all()
    rows = np.arange(len(chosen))[:, None]
    assert np.allclose(unpacked(document, "nearValue", "<f4", 4), curves.values[rows, near], atol=1e-6)
    # What any other amount is worth more than the chosen one, at the prices, is no more than the bound is above the value.
    needed = prices.needed(curves, chosen)
    excess = (curves.values - needed).max(axis=1)
    assert excess.min() >= -1e-12
    assert excess.sum() <= plan.certificate.dual_bound - plan.certificate.value + 1e-9
    assert np.allclose(cost - cost[:, 3:], needed[rows, near] - needed[rows, near[:, 3:]], atol=1e-6)


def test_long_curves_are_thinned_but_keep_their_ends():
    assert people._grid((10_000, 2_501)).tolist()[::59] == [0, 2_500]
    assert len(people._grid((1_000, 51))) == 51
