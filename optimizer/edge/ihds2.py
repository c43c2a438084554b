"""The India Human Development Survey II (ICPSR 36151, 2011–12) as a study of fetching firewood and time at school.

Nobody may pass the survey on: each user downloads its Stata or delimited files and names their folder in $BURSAR_IHDS2, where

    DS0001/36151-0001-Data.dta  individuals    DS0002/36151-0002-Data.dta  households    DS0012/36151-0012-Data.dta  villages

(or .tsv) are looked for, at any depth. The extract is that of Aydin and Brandt (2025, arXiv 2512.16489, section on IHDS-II):
children of 6 to 18 in rural households who are enrolled, where all covariates are known. A household that cooks with
firewood and fetches it itself is the treated one there. Their extract has 1 247 children in Uttar Pradesh, 467 of them
treated, and 332 in Punjab; their mean effect is −107 minutes a week, while their raw difference of means is +111.

Assumed of the files, which are not at hand here (tests generate files of this layout): households and persons are matched by
STATEID, DISTID, PSUID, HHID, HHSPLITID, villages by the first three; codes are numbers, whatever their labels say, and a
negative code says that nothing is known; FU14A1 … D1 count trips a week of women, men, girls and boys, and FU14A2 … D2 minutes
of each trip. Arithmetic was tested at ages 8 to 11 only, so that few other children are complete.
"""

from __future__ import annotations

import csv
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimizer.edge.tables import Table, table_of
from optimizer.errors import DataError

VARIABLE = "BURSAR_IHDS2"
REMEDY = (
    "download ICPSR 36151 (DS1 individuals, DS2 households, DS12 villages) as Stata or delimited files, "
    f"and set {VARIABLE} to their folder"
)
STATES = {"ihds2": None, "ihds2.punjab": 3, "ihds2.uttar_pradesh": 9}
"""The data sets by name, and the survey's code of each one's state; None is all of rural India."""

VILLAGE = ("STATEID", "DISTID", "PSUID")
HOUSEHOLD = (*VILLAGE, "HHID", "HHSPLITID")
TRIPS = tuple((f"FU14{who}1", f"FU14{who}2") for who in "ABCD")
OF_PERSONS = ("PERSONID", "URBAN2011", "RO5", "CS3Y", "CS5", "CS10", "CS11", "TA9B")
OF_HOUSEHOLDS = ("FU1", "FU7", "FU7A", "INCOME", "HHEDUCF", "ID11", "ID13", "POOR", *(name for pair in TRIPS for name in pair))

SCHOOLING = ((0, 0), (1, 4), (5, 9), (10, 11), (12, np.inf))
"""Years of school of the household's most schooled woman, in five bins."""

HINDU, MUSLIM, OTHER_FAITHS = 1, 2, (3, 4, 5, 6)
CASTES = {"forward": (1, 2), "other backward": (3,), "scheduled caste": (4,), "scheduled tribe": (5,)}
"""Hindus by ID13; Muslims, and the other faiths of ID11 together, are two more groups."""


def read_ihds2(name: str) -> Table:
    """The children of a data set of `STATES`, one row each.

    Columns: child, state, firewood (1 if the household cooks with firewood and fetches it), clean (1 − firewood: relieved of
    it), fetching (minutes a week that the household spends on it, 0 where it does not, empty where not said), study_minutes
    (of school and homework a week), and the covariates log_income, schooling (1 to 5), people, electricity, school_km, poor
    and arithmetic (1 who can subtract).

    Raises
    ------
    DataError
        If the folder, a file or a variable is missing, or no child is complete.
    """
    folder = _folder(name)
    persons = _read(folder, 1, (*HOUSEHOLD, *OF_PERSONS), name)
    households = _read(folder, 2, (*HOUSEHOLD, *OF_HOUSEHOLDS), name)
    villages = _read(folder, 12, VILLAGE, name).drop_duplicates()
    state = STATES[name]
    pupils = persons[(persons["URBAN2011"] == 0) & persons["RO5"].between(6, 18) & (persons["CS3Y"] == 1)]
    pupils = pupils if state is None else pupils[pupils["STATEID"] == state]
    if households.duplicated(list(HOUSEHOLD)).any():
        raise DataError(f"{name}: {', '.join(HOUSEHOLD)} must name each household of DS0002 once; {REMEDY}")
    known = pupils.merge(households, on=list(HOUSEHOLD)).merge(villages, on=list(VILLAGE))
    children = _children(known)
    complete = children.drop(columns="fetching").notna().all(axis="columns")
    if not complete.any():
        raise DataError(f"{name}: no enrolled rural child of 6 to 18 has all of {', '.join(children.columns)}; {REMEDY}")
    return table_of(children[complete].reset_index(drop=True), name)


def _folder(name: str) -> Path:
    given = os.environ.get(VARIABLE)
    if not given:
        raise DataError(f"{name}: needs the survey's files, which cannot be shipped; {REMEDY}")
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise DataError(f"{name}: {VARIABLE} must name a folder, got {given}; {REMEDY}")
    return folder


def _read(folder: Path, number: int, columns: Sequence[str], name: str) -> pd.DataFrame:
    """These variables of one of the survey's files as numbers; a negative code, but for incomes, is missing."""
    stem = f"36151-{number:04d}-Data"
    found = [path for ending in ("dta", "tsv") for path in sorted(folder.rglob(f"{stem}.{ending}"))]
    if not found:
        raise DataError(f"{name}: {folder} has no {stem}.dta or .tsv; {REMEDY}")
    path = found[0]
    try:
        present = _header(path)
        missing = [column for column in columns if column not in present]
        if missing:
            raise DataError(f"{name}: {path} lacks the variables {', '.join(missing)}; {REMEDY}")
        frame = _columns(path, [present[column] for column in columns]).set_axis(list(columns), axis="columns")
    except (OSError, ValueError, struct.error, csv.Error) as error:
        raise DataError(f"{name}: {path} is not a readable file of the survey ({error}); {REMEDY}") from error
    numbers: pd.DataFrame = frame.apply(pd.to_numeric, errors="coerce").astype(np.float64)
    return numbers.where((numbers >= 0) | (numbers.columns == "INCOME"))


def _header(path: Path) -> dict[str, str]:
    """The variables of a file, by their names in capitals."""
    if path.suffix == ".dta":
        with pd.read_stata(path, iterator=True) as reader:
            names = list(reader.variable_labels())
    else:
        with path.open(encoding="latin-1", newline="") as file:
            names = next(csv.reader(file, delimiter="\t"), [])
    return {name.upper(): name for name in names}


def _columns(path: Path, names: list[str]) -> pd.DataFrame:
    if path.suffix == ".dta":
        return pd.DataFrame(pd.read_stata(path, columns=names, convert_categoricals=False))
    cells = pd.read_csv(path, sep="\t", usecols=names, encoding="latin-1", low_memory=False)
    return pd.DataFrame(cells[names])


def _children(known: pd.DataFrame) -> pd.DataFrame:
    """What is used of each child; a cell whose answer is not known is empty."""
    firewood = known["FU7"].isin((2, 5)) & known["FU7A"].isin((2, 3, 4))
    minutes = [known[trips] * known[length] for trips, length in TRIPS]
    fetching = pd.concat(minutes, axis="columns").sum(axis="columns", min_count=1)
    keys = known[[*HOUSEHOLD, "PERSONID"]].astype(np.int64).astype(str)
    return pd.DataFrame(
        {
            "child": ["-".join(key) for key in keys.to_numpy()],
            "state": known["STATEID"].astype(np.int64),
            "firewood": firewood.astype(np.int64),
            "clean": 1 - firewood.astype(np.int64),
            "fetching": fetching.where(firewood, 0.0),
            "study_minutes": 60.0 * (known["CS10"] + known["CS11"]),
            "log_income": np.log1p(known["INCOME"].where(known["INCOME"] >= 0)),
            "schooling": _binned(known["HHEDUCF"]),
            "people": _people(known["ID11"], known["ID13"]),
            "electricity": _is(known["FU1"], known["FU1"] == 1),
            "school_km": known["CS5"],
            "poor": _is(known["POOR"], known["POOR"] == 1),
            "arithmetic": _is(known["TA9B"], known["TA9B"] >= 2),  # noqa: PLR2004 — the survey's code for subtraction
        }
    )


def _is(answer: pd.Series[Any], holds: pd.Series[Any]) -> pd.Series[Any]:
    """1 or 0, and empty where there is no answer."""
    return holds.astype(np.float64).where(answer.notna())


def _binned(years: pd.Series[Any]) -> pd.Series[Any]:
    """Schooling 1 to 5; a household without a grown woman, whose years are not known, counts as without schooling."""
    whole = years.fillna(0.0)
    bins = [whole.between(low, high) for low, high in SCHOOLING]
    return pd.Series(np.select(bins, range(1, len(SCHOOLING) + 1), default=0), index=years.index)


def _people(faith: pd.Series[Any], caste: pd.Series[Any]) -> pd.Series[Any]:
    groups = {group: (faith == HINDU) & caste.isin(codes) for group, codes in CASTES.items()}
    groups |= {"muslim": faith == MUSLIM, "other faith": faith.isin(OTHER_FAITHS)}
    return pd.Series(np.select(list(groups.values()), list(groups), default=""), index=faith.index).replace("", None)
