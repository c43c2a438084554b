"""Files of the survey's layout, with invented children."""

import numpy as np
import pandas as pd
import pytest

LABELS = {"CS3Y": {0: "(0) No 0", 1: "(1) Yes 1"}, "URBAN2011": {0: "(0) rural 0", 1: "(1) urban 1"}}


@pytest.fixture(scope="session")
def survey():
    """What generates the files' rows."""
    return rows_of


def rows_of(n=400, seed=0):
    """The three files' rows by number: n households of two children each, in Punjab (3) and Uttar Pradesh (9)."""
    rng = np.random.default_rng(seed)
    household = pd.DataFrame(
        {
            "STATEID": np.where(np.arange(n) % 4 == 0, 3, 9),
            "DISTID": rng.integers(1, 9, n),
            "PSUID": rng.integers(1, 4, n),
            "HHID": np.arange(1, n + 1),
            "HHSPLITID": 1,
        }
    )
    village = household[["STATEID", "DISTID", "PSUID"]].drop_duplicates()
    fuel = rng.integers(1, 6, n)
    means = {
        "FU1": rng.integers(0, 2, n),
        "FU7": fuel,
        "FU7A": np.where(np.isin(fuel, (2, 5)), rng.integers(1, 5, n), np.nan),
        "INCOME": np.round(rng.lognormal(10.5, 0.8, n)),
        "HHEDUCF": rng.integers(0, 16, n),
        "ID11": rng.integers(1, 5, n),
        "ID13": rng.integers(1, 6, n),
        "POOR": rng.integers(0, 2, n),
        **{f"FU14{who}1": rng.integers(0, 8, n) for who in "ABCD"},
        **{f"FU14{who}2": rng.integers(10, 60, n) for who in "ABCD"},
    }
    person = household.loc[household.index.repeat(2)].reset_index(drop=True)
    fetches = np.repeat(np.isin(fuel, (2, 5)) & np.isin(means["FU7A"], (2, 3, 4)), 2)
    about = {
        "PERSONID": np.tile([4, 5], n),
        "URBAN2011": 0,
        "RO5": rng.integers(8, 12, 2 * n),
        "CS3Y": 1,
        "CS5": rng.integers(0, 6, 2 * n),
        "CS10": np.round(rng.normal(30, 4, 2 * n) - 2 * fetches),
        "CS11": rng.integers(0, 12, 2 * n),
        "TA9B": rng.integers(0, 4, 2 * n),
    }
    return {1: person.assign(**about), 2: household.assign(**means), 12: village.assign(VDATE=2012)}


@pytest.fixture
def ihds2(tmp_path, monkeypatch):
    """Write the three files as .dta with value labels, or as .tsv in small letters, and say where they are."""

    def write(files=None, ending="dta"):
        for number, frame in (files or rows_of()).items():
            folder = tmp_path / "ICPSR_36151" / f"DS{number:04d}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"36151-{number:04d}-Data.{ending}"
            if ending == "dta":
                labels = {column: names for column, names in LABELS.items() if column in frame}
                frame.to_stata(path, write_index=False, value_labels=labels)
            else:
                frame.rename(columns=str.lower).to_csv(path, sep="\t", index=False)
        monkeypatch.setenv("BURSAR_IHDS2", str(tmp_path / "ICPSR_36151"))
        return tmp_path / "ICPSR_36151"

    return write
