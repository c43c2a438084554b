"""What is guessed of a table, what is left out, and the commented file that comes of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.truth import ScholarshipWorld
from optimizer.edge.demo import write_demo
from optimizer.edge.draft_text import WORDS, quoted, text_of
from optimizer.edge.drafting import Said, draft, scenario_name
from optimizer.edge.guesses import guess_id, guess_outcome, guess_treatment
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.tables import table_of
from optimizer.edge.yaml_tree import Text
from optimizer.errors import DataError, WriteError


def best(what, guess):
    """As with --yes."""
    assert guess.columns or what == "id", what
    return guess.columns[0] if guess.columns else ""


@pytest.fixture(scope="module")
def past():
    return table_of(ScholarshipWorld().draw_history(np.random.default_rng(1), n=900), "past")


@pytest.fixture(scope="module")
def units():
    return table_of(ScholarshipWorld().draw_applicants(np.random.default_rng(2), n=90, first=901), "units")


def people(**columns):
    """900 people of whom half are given something, with columns of their own."""
    rng = np.random.default_rng(0)
    award = np.where(rng.random(900) < 0.5, 0, rng.integers(1, 40, 900) * 1_000)
    bought = (rng.random(900) < 0.3 + award / 80_000).astype(int)
    return pd.DataFrame({"age": rng.integers(18, 90, 900), "award": award, "bought": bought} | columns)


def test_the_simulated_world_is_understood_as_its_own_scenario_describes_it(past, units):
    found = draft(units, past, Said(), best)
    assert (found.id, found.outcome, found.treatment, found.per) == ("student_id", "enrolled", "award", 1)
    assert (found.least, found.step, found.largest) == (100_000, 50_000, 2_500_000)
    assert set(found.features) == set(units.frame) - {"student_id"}
    spent = past.frame.loc[past.frame["enrolled"].notna(), "award"]
    assert 0.9 * spent.mean() * 90 <= found.budget <= spent.mean() * 90
    assert found.recipients == round(100 * (spent > 0).mean())


def test_nothing_is_asked_where_names_tell_and_everything_where_they_do_not(past, units):
    known = tuple(units.frame)
    assert guess_id(units).sure
    assert guess_treatment(past, known).sure
    assert guess_outcome(past, known, "award").sure
    nameless = table_of(pd.DataFrame({"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "c": [0, 5, 7, 9]}))
    assert guess_treatment(nameless, ()).columns == ("c",)
    assert not guess_outcome(nameless, (), "c").sure
    assert guess_outcome(nameless, ("a",), "c").columns == ("b",)


def test_an_id_is_unique_and_called_so_or_a_code():
    rows = np.arange(900)
    assert guess_id(table_of(people(number=rows, who=[f"p{row}" for row in rows]))).columns == ("number", "who")
    assert guess_id(table_of(people(who=[f"p{row}" for row in rows]))).columns == ("who",)
    assert guess_id(table_of(people(remark=[f"p {row}" for row in rows], income=rows, id=rows // 2))).columns == ()


def test_two_columns_that_are_called_like_an_amount_are_not_decided_between():
    both = table_of(people(grant=np.arange(900) % 3))
    assert set(guess_treatment(both, ()).columns) == {"award", "grant"}
    assert not guess_treatment(both, ()).sure
    assert guess_treatment(both, ()).but("grant").columns == ("award",)
    assert guess_treatment(both, ()).but("grant").sure


def test_what_tells_the_outcome_or_the_treatment_is_no_feature():
    table = people()
    rng = np.random.default_rng(1)
    table = table.assign(
        score_after=10 * table["bought"] + rng.random(900) / 10,
        got_any=(table["award"] > 0).astype(int),
        letter=np.where(table["award"] > 0, "yes", "no"),
        constant=1,
        visited_on="2026-01-01",
        remark=[f"remark {row}" for row in range(900)],
        region=rng.choice(["N", "S"], 900),
    )
    found = draft(None, table_of(table), Said(outcome="bought", treatment="award"), best)
    assert set(found.features) == {"age", "region"}
    assert set(found.left_out["leak"]) == {"score_after", "got_any", "letter"}
    assert set(found.left_out["useless"]) == {"constant", "visited_on", "remark"}
    assert found.id is None


def test_what_is_known_of_the_past_only_is_no_feature(past, units):
    later = table_of(past.frame.assign(interview=np.arange(len(past.frame)) % 7), "past")
    kinds = table_of(units.frame.assign(family_size=units.frame["family_size"].astype(str)), "units")
    assert draft(units, later, Said(), best).left_out == {"missing": ("interview",)}
    assert draft(kinds, past, Said(), best).left_out == {"missing": ("family_size",)}


@pytest.mark.parametrize(
    ("award", "expected"),
    [
        ([0, 1, 1, 0], {"awards": (1,), "per": 1}),
        ([0, 250_000, 1_000_000, 0], {"awards": (250_000, 1_000_000), "per": 1}),
        ([0, 0.9456, 1.4184, 2.8368], {"awards": (94, 141, 283), "per": 100}),
        ([0, 0.002, 0.005, 0.0], {"awards": (200, 500), "per": 100_000}),
        (np.r_[0, np.arange(107, 9_973, 13)], {"least": 200, "step": 200, "largest": 9_800, "per": 1}),
    ],
)
def test_amounts_are_a_round_grid_or_the_few_awards_there_were(award, expected):
    table = people(award=np.resize(np.asarray(award, dtype=float), 900))
    found = draft(None, table_of(table), Said(treatment="award", outcome="bought"), best)
    assert {key: getattr(found, key) for key in expected} == expected
    assert not found.awards or found.step == 0


def test_few_rows_of_an_arm_share_one_model_and_a_past_that_gave_to_all_limits_no_recipients():
    table = people()
    few = table.assign(award=table["award"].where(np.arange(900) < 100, 0))
    assert draft(None, table_of(few), Said(), best).kind == "s_learner"
    assert draft(None, table_of(table), Said(), best).kind == "two_model"
    everyone = table.assign(award=table["award"] + 1_000)
    assert draft(None, table_of(everyone), Said(), best).recipients is None


def test_what_is_said_is_not_guessed_and_a_column_that_is_not_there_is_named(past, units):
    found = draft(units, past, Said(id="student_id", features=("exam_score",), budget=7), best)
    assert (found.features, found.budget, found.left_out, found.guessed) == (("exam_score",), 7, {}, ("amounts", "recipients"))
    for said in (Said(outcome="enroled"), Said(treatment="awards"), Said(id="student"), Said(features=("exam_scor",))):
        with pytest.raises(DataError, match="did you mean"):
            draft(units, past, said, best)
    with pytest.raises(DataError, match="write 1 for what counts as success"):
        draft(None, table_of(people(bought=np.resize(["yes", "no"], 900))), Said(outcome="bought"), best)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_file_reads_back_as_the_draft_and_every_word_has_both_languages(past, units, lang, tmp_path):
    assert WORDS["en"].keys() == WORDS["ja"].keys()
    found = draft(units, past, Said(), best)
    (tmp_path / "s.yaml").write_text(text_of(found, name="s", units="u.csv", history="h.csv", lang=lang), encoding="utf-8")
    read = read_scenario(tmp_path / "s.yaml")
    assert read.units.table == tmp_path / "u.csv"
    assert read.history.features == found.features
    assert read.amounts.build().values[1:3] == (100_000, 150_000)
    assert [float(limit.build().figure) for limit in read.limits] == [found.budget, found.recipients / 100]


@pytest.mark.parametrize(
    "name",
    ["学部", "a: b", "a, b", "#1", "x # y", 'say "x"', "no", "null", "1e3", " lead", "[a]", "{b}", "a\\b", "é", "-", "a\x85b"],
)
def test_every_column_name_survives_the_file(name):
    text = Text(name="s", text=f"[{quoted(name)}, {{column: {quoted(name)}, per: 2}}]")
    assert text.tree().plain() == [name, {"column": name, "per": 2}]
    assert not text.faults


def test_a_long_list_of_features_is_folded_and_a_name_is_made_of_any_file(tmp_path):
    wide = people(**{f"answer, number {place}": np.random.default_rng(place).random(900) for place in range(60)})
    found = draft(None, table_of(wide), Said(), best)
    text = text_of(found, name=scenario_name("学生 (2026).v1"), units=None, history="h.csv")
    assert max(map(len, text.splitlines())) <= 130
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    read = read_scenario(tmp_path / "s.yaml")
    assert read.history.features == found.features
    assert read.name == "学生_2026_.v1"
    assert scenario_name("…") == "scenario"


def test_rows_without_an_outcome_are_spoken_of_where_no_other_table_is_given():
    table = people()
    table = table_of(table.assign(bought=table["bought"].where(np.arange(900) < 600)))
    text = text_of(draft(None, table, Said(), best), name="s", units=None, history="h.csv")
    assert "300 of 900 rows of the history have no outcome" in text
    assert "holdout: 30%" in text


def test_the_demonstration_is_the_flagship(tmp_path):
    write_demo(tmp_path / "demo")
    shipped = read_scenario(Path(__file__).parents[2] / "scenarios" / "scholarship.yaml").resolved()
    made = read_scenario(tmp_path / "demo" / "scenario.yaml").resolved()
    for part, table in (("units", "applicants.csv"), ("history", "history.csv")):
        there, here = (Path(scenario[part].pop("table")) for scenario in (shipped, made))
        assert here == tmp_path / "demo" / table
        assert here.read_bytes() == there.read_bytes()
    assert made == shipped


def test_the_demonstration_overwrites_nothing(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "certificate.json").write_text("mine")
    with pytest.raises(WriteError, match="name another"):
        write_demo(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["certificate.json"]
