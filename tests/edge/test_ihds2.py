"""The survey's files, whose layout is generated here, become one row a child."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimizer import cli
from optimizer.edge.datasets import read_dataset
from optimizer.errors import DataError

FIREWOOD = Path(__file__).parents[2] / "scenarios" / "firewood.yaml"


def children(files):
    """Rows of persons with their household's, as the files hold them."""
    return files[1].merge(files[2], on=["STATEID", "DISTID", "PSUID", "HHID", "HHSPLITID"])


def test_a_child_is_a_row_with_what_the_survey_says_of_it(ihds2, survey):
    files = survey()
    ihds2(files)
    frame, raw = read_dataset("ihds2").frame, children(files)
    assert len(frame) == len(raw) == 800
    assert frame["child"].is_unique
    assert frame["study_minutes"].tolist() == (60 * (raw["CS10"] + raw["CS11"])).tolist()
    assert np.allclose(frame["log_income"], np.log1p(raw["INCOME"]))
    assert frame["school_km"].tolist() == raw["CS5"].tolist()
    assert frame["arithmetic"].tolist() == (raw["TA9B"] >= 2).astype(float).tolist()
    muslims = raw["ID11"] == 2
    assert set(frame["people"][muslims]) == {"muslim"}
    assert set(frame["people"][raw["ID11"] > 2]) == {"other faith"}
    assert set(frame["people"][(raw["ID11"] == 1) & (raw["ID13"] <= 2)]) == {"forward"}


def test_who_cooks_with_firewood_and_fetches_it_is_treated_and_clean_is_the_other(ihds2, survey):
    files = survey()
    ihds2(files)
    frame, raw = read_dataset("ihds2").frame, children(files)
    fetches = raw["FU7"].isin((2, 5)) & raw["FU7A"].isin((2, 3, 4))
    assert 0.1 < fetches.mean() < 0.5
    assert frame["firewood"].tolist() == fetches.astype(int).tolist()
    assert (frame["clean"] == 1 - frame["firewood"]).all()
    spent = sum(raw[f"FU14{who}1"] * raw[f"FU14{who}2"] for who in "ABCD")
    assert frame["fetching"].tolist() == np.where(fetches, spent, 0).tolist()


@pytest.mark.parametrize(
    ("years", "bin_"), [(0, 1), (1, 2), (4, 2), (5, 3), (9, 3), (10, 4), (11, 4), (12, 5), (15, 5), (np.nan, 1)]
)
def test_schooling_comes_in_five_bins(ihds2, survey, years, bin_):
    files = survey(20)
    files[2]["HHEDUCF"] = float(years)
    ihds2(files)
    assert set(read_dataset("ihds2").frame["schooling"]) == {bin_}


def test_a_state_is_a_part_of_the_whole(ihds2):
    ihds2()
    whole = read_dataset("ihds2").frame
    for name, code in (("ihds2.punjab", 3), ("ihds2.uttar_pradesh", 9)):
        part = read_dataset(name).frame
        assert part["child"].tolist() == whole.loc[whole["state"] == code, "child"].tolist()
    assert len(read_dataset("ihds2.punjab").frame) == 200


@pytest.mark.parametrize(
    ("file", "column", "code"),
    [
        (1, "URBAN2011", 1),
        (1, "RO5", 5),
        (1, "RO5", 19),
        (1, "CS3Y", 0),
        (1, "CS10", -1),
        (1, "TA9B", np.nan),
        (2, "FU1", -2),
        (2, "INCOME", -100.0),
        (2, "ID11", 9),
    ],
)
def test_who_is_no_enrolled_rural_child_or_not_fully_known_is_left_out(ihds2, survey, file, column, code):
    files = survey(20)
    place = files[file].columns.get_loc(column)
    files[file] = files[file].astype({column: float})
    files[file].iloc[0, place] = code
    ihds2(files)
    assert len(read_dataset("ihds2").frame) == (39 if file == 1 else 38)


def test_a_household_whose_village_was_not_surveyed_is_left_out(ihds2, survey):
    files = survey(40)
    gone = files[12].iloc[0]
    files[12] = files[12].iloc[1:]
    ihds2(files)
    there = (files[1][["STATEID", "DISTID", "PSUID"]] == gone[["STATEID", "DISTID", "PSUID"]]).all(axis=1)
    assert len(read_dataset("ihds2").frame) == 80 - there.sum() < 80


def test_delimited_files_in_small_letters_say_the_same_as_stata_files(ihds2, tmp_path):
    ihds2()
    stata = read_dataset("ihds2")
    for path in tmp_path.rglob("*.dta"):
        path.unlink()
    ihds2(ending="tsv")
    pd.testing.assert_frame_equal(read_dataset("ihds2").frame, stata.frame)
    assert read_dataset("ihds2").digest == stata.digest


def test_without_the_variable_the_error_says_what_to_download_and_where_to_put_it(monkeypatch):
    monkeypatch.delenv("BURSAR_IHDS2", raising=False)
    with pytest.raises(DataError, match=r"^ihds2\.punjab: .*download ICPSR 36151 \(DS1 .* DS2 .* DS12 .*set BURSAR_IHDS2"):
        read_dataset("ihds2.punjab")
    monkeypatch.setenv("BURSAR_IHDS2", "/no/such/folder")
    with pytest.raises(DataError, match="must name a folder, got /no/such/folder"):
        read_dataset("ihds2")


def test_a_missing_file_and_a_missing_variable_are_named(ihds2, survey):
    files = survey(20)
    folder = ihds2(files | {2: files[2].drop(columns=["FU7A", "POOR"])})
    with pytest.raises(DataError, match=r"36151-0002-Data\.dta lacks the variables FU7A, POOR; download"):
        read_dataset("ihds2")
    next(folder.rglob("36151-0012-Data.dta")).unlink()
    next(folder.rglob("36151-0002-Data.dta")).write_bytes(b"no Stata file")
    with pytest.raises(DataError, match=r"36151-0002-Data\.dta is not a readable file of the survey"):
        read_dataset("ihds2")
    next(folder.rglob("36151-0002-Data.dta")).unlink()
    with pytest.raises(DataError, match=r"has no 36151-0002-Data\.dta or \.tsv"):
        read_dataset("ihds2")


def test_an_extract_without_anyone_is_no_table(ihds2, survey):
    files = survey(20)
    files[1]["RO5"] = 40
    ihds2(files)
    with pytest.raises(DataError, match="no enrolled rural child of 6 to 18 has all of"):
        read_dataset("ihds2")


def test_a_household_that_stands_twice_is_refused(ihds2, survey):
    files = survey(20)
    files[2] = pd.concat([files[2], files[2].iloc[:1]])
    ihds2(files)
    with pytest.raises(DataError, match="must name each household of DS0002 once"):
        read_dataset("ihds2")


def test_the_shipped_scenario_ends_with_what_to_do_where_the_survey_is_not_there(capfd, monkeypatch):
    monkeypatch.delenv("BURSAR_IHDS2", raising=False)
    assert cli.main(["solve", str(FIREWOOD)]) == 3
    out, err = capfd.readouterr()
    assert (out, "set BURSAR_IHDS2 to their folder" in err, "Traceback" in err) == ("", True, False)


def test_the_shipped_scenario_is_checked_with_both_arms_means_solved_and_verified(ihds2, capfd, tmp_path):
    ihds2()
    assert cli.main(["check", str(FIREWOOD)]) == 0
    out, _ = capfd.readouterr()
    for part in ("punjab", "uttar_pradesh"):
        assert re.search(rf"ihds2\.{part}: mean outcome [\d.]+ without an award \(\d+ rows\), [\d.]+ with an award", out)
    quick = "model.network={representation_width: 8, representation_layers: 1, head_width: 8, head_layers: 1, max_steps: 50}"
    assert cli.main(["solve", str(FIREWOOD), "--set", quick, "--out", str(tmp_path / "out")]) == 0
    assert cli.main(["verify", str(tmp_path / "out")]) == 0
    plan = pd.read_csv(tmp_path / "out" / "allocation.csv").set_index("id")
    given = plan.index[plan["amount"] > 0]
    children = read_dataset("ihds2.punjab").frame.set_index("child")
    assert 0 < len(given) <= 10
    assert (children.loc[given, "firewood"] == 1).all()
