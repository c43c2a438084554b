from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import ResponseModel
from models.truth import AWARD_STEP, LARGEST_AWARD, LEAST_AWARD, ScholarshipWorld, shipped_tables, write

SHIPPED = Path(__file__).parents[2] / "scenarios" / "data"
AMOUNTS = [0, *range(LEAST_AWARD, LARGEST_AWARD + 1, AWARD_STEP)]


@pytest.fixture(scope="module")
def tables():
    return shipped_tables()


def test_the_shipped_tables_are_what_the_module_writes(tmp_path):
    write(tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {path.name for path in SHIPPED.iterdir()}
    for name in ("history.csv", "applicants.csv", "programme_applicants.csv", "recent_history.csv"):
        assert (SHIPPED / name).read_bytes() == (tmp_path / "new" / name).read_bytes()


def test_the_world_is_a_response_model():
    assert isinstance(ScholarshipWorld(), ResponseModel)


def test_the_response_is_a_saturating_probability(tables):
    values = ScholarshipWorld().response(tables["applicants.csv"], AMOUNTS)
    steps = np.diff(values, axis=1)
    assert ((values > 0) & (values < 1)).all()
    assert (np.abs(steps[:, -1]) < np.abs(steps[:, 1])).all()


def test_prediction_and_effect_are_the_responses(tables):
    world, people = ScholarshipWorld(), tables["applicants.csv"]
    values = world.response(people, [0, 1_000_000])
    award = np.tile([0, 1_000_000], len(people) // 2)
    assert world.predict(people, award).tolist() == values[np.arange(len(people)), award // 1_000_000].tolist()
    assert world.effect(people, 0, 1_000_000).tolist() == (values[:, 1] - values[:, 0]).tolist()


def test_the_world_is_as_described(tables):
    people = tables["history.csv"]
    values = ScholarshipWorld().response(people, [0, LARGEST_AWARD])
    uplift = values[:, 1] - values[:, 0]
    assert 0.35 < values[:, 0].mean() < 0.45
    assert 0.15 < uplift.mean() < 0.25
    assert 0.02 < (uplift < 0).mean() < 0.07
    assert np.quantile(uplift, 0.95) - np.quantile(uplift, 0.25) > 0.25


def test_offers_are_randomised_and_outcomes_follow_the_truth(tables):
    past = tables["history.csv"].dropna()
    treated = past["award"] > 0
    assert 0.48 < treated.mean() < 0.52
    assert set(past["award"]) == set(AMOUNTS)
    assert abs(past.loc[treated, "exam_score"].mean() - past.loc[~treated, "exam_score"].mean()) < 1.0
    promised = ScholarshipWorld().predict(past, past["award"])
    assert abs((past["enrolled"].astype(float) - promised).mean()) < 3 * 0.5 / np.sqrt(len(past))


def test_a_few_values_are_missing_as_in_real_tables(tables):
    past, people = tables["history.csv"], tables["applicants.csv"]
    assert 20 <= past["exam_score"].isna().sum() <= 60
    assert 10 <= past["family_income"].isna().sum() <= 40
    assert past["enrolled"].isna().sum() == 20
    assert 1 <= people["exam_score"].isna().sum() <= 12
    assert past.drop(columns=["exam_score", "family_income", "enrolled"]).notna().all(axis=None)


def test_nobody_is_in_both_tables(tables):
    ids = pd.concat([tables[name]["student_id"] for name in ("history.csv", "applicants.csv", "recent_history.csv")])
    assert len(ids) == 9_400
    assert ids.is_unique
    assert ids.str.fullmatch(r"S\d{5}").all()


def test_the_programme_has_the_same_applicants_with_their_applications(tables):
    people, applications = tables["applicants.csv"], tables["programme_applicants.csv"]
    assert applications[people.columns].equals(people)
    assert set(applications.columns) - set(people.columns) == {"status", "need", "promised", "guaranteed", "handling_cost"}


def test_promises_and_guarantees_are_few_and_for_complete_applications_within_their_need(tables):
    applications = tables["programme_applicants.csv"]
    for column in ("promised", "guaranteed"):
        given = applications[applications[column].notna()]
        assert 5 <= len(given) <= 50
        assert set(given["status"]) == {"complete"}
        assert not (given[column] > given["need"]).any()
    assert not (applications["promised"].notna() & applications["guaranteed"].notna()).any()
    assert (applications["handling_cost"] > 0).all()


def test_other_seeds_draw_other_people(tables):
    assert not shipped_tables(seed=1)["applicants.csv"].equals(tables["applicants.csv"])


def test_a_table_read_back_from_disk_has_the_same_truth(tables):
    read = pd.read_csv(SHIPPED / "applicants.csv")
    world = ScholarshipWorld()
    assert world.response(read, AMOUNTS).tolist() == world.response(tables["applicants.csv"], AMOUNTS).tolist()
