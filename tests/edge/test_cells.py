"""Text that a spreadsheet would run is written so that it is not, and read back as it was."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.edge.cells import csv_of, neutral, original
from optimizer.edge.csv_text import parse_csv

STARTS = st.text("'=+-@＝＋－＠\t\r\n \u3000\ufeffa5", max_size=4)
TEXT = st.builds(
    "".join, st.tuples(STARTS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8))
)
RISKY = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-5",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    " =1",
    "\u3000-1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\ufeff=1",
]


def text(*cells, name="id"):
    return pd.DataFrame({name: pd.Series(cells, dtype="str")})


@pytest.mark.parametrize("cell", RISKY)
def test_what_a_spreadsheet_would_run_starts_with_an_apostrophe(cell):
    assert neutral(text(cell)).id.tolist() == [f"'{cell}"]
    assert list(neutral(text("x", name=cell)).columns) == [f"'{cell}"]


@pytest.mark.parametrize("cell", ["a", "00123", "a=b", "5-3", "'t Hooft", "'", "O'Brien", "", "名前", "_x"])
def test_other_text_stays_as_it_is(cell):
    assert neutral(text(cell)).id.tolist() == [cell]


def test_numbers_and_what_is_missing_are_never_touched():
    frame = pd.DataFrame({"n": [-5, 3], "x": [-0.5, np.nan], "b": [True, False], "t": pd.Series(["-a", None], dtype="str")})
    written = neutral(frame)
    pd.testing.assert_frame_equal(written[["n", "x", "b"]], frame[["n", "x", "b"]])
    assert written.t.isna().tolist() == [False, True]
    assert csv_of(frame).splitlines()[1:] == ["-5,-0.5,True,'-a", "3,,False,"]


@given(st.lists(TEXT, min_size=1), TEXT)
def test_every_text_is_read_back_as_it_was(cells, name):
    frame = text(*cells, name=name)
    pd.testing.assert_frame_equal(original(neutral(frame)), frame)


@given(st.lists(TEXT, min_size=1))
def test_every_text_survives_the_way_through_a_file(cells):
    frame = text(*(f"{cell}." for cell in cells))
    written = csv_of(frame)
    assert original(parse_csv(written.encode(), name="t", text_columns=["id"])).id.tolist() == frame.id.tolist()
    read = pd.read_csv(io.StringIO(written, newline=""), dtype=str, keep_default_na=False)
    assert original(read).id.tolist() == frame.id.tolist()


@given(st.lists(TEXT, min_size=1))
def test_no_cell_of_the_file_starts_a_formula(cells):
    rows = list(csv.reader(io.StringIO(csv_of(text(*cells)), newline="")))
    assert len(rows) == len(cells) + 1
    assert not any(cell.lstrip("\ufeff \t\r\n\u3000")[:1] in tuple("=+-@＝＋－＠") for row in rows for cell in row)
