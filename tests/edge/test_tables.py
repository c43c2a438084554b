"""Tables keep what their files say, and complain in words a person can act on."""

import csv as csv_module
import hashlib
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.edge.csv_text import parse_csv
from optimizer.edge.tables import read_table, table_of
from optimizer.errors import DataError


@pytest.fixture
def csv(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(path, **options):
    return read_table(path, name="data/t.csv", **options)


def test_a_csv_is_read_with_the_digest_of_its_bytes(csv):
    table = read(csv("a,b\n1,x\n2.5,y\n"))
    assert table.frame.to_dict("list") == {"a": [1.0, 2.5], "b": ["x", "y"]}
    assert table.digest == hashlib.sha256(b"a,b\n1,x\n2.5,y\n").hexdigest()
    assert (table.name, table.first_row) == ("data/t.csv", 2)


def test_a_table_is_called_by_its_path_unless_named(csv):
    path = csv("a\n1\n")
    assert read_table(path).name == str(path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_cells(csv):
    frame = read(csv(b"\xef\xbb\xbfa,b\r\n1,x\r\n")).frame
    assert list(frame.columns) == ["a", "b"]
    assert frame.b.tolist() == ["x"]


def test_ids_keep_their_leading_zeros_and_may_be_called_na(csv):
    frame = read(csv("id,x\n00123,1\nNA,2\nnull,3\n"), text_columns=["id"]).frame
    assert frame.id.tolist() == ["00123", "NA", "null"]


def test_a_literal_column_of_digits_stays_text(csv):
    assert read(csv("id\n1\n20\n"), text_columns=["id"]).frame.id.tolist() == ["1", "20"]


def test_codes_with_leading_zeros_stay_text_in_any_column(csv):
    assert read(csv("zip\n0123\n9999\n")).frame.zip.tolist() == ["0123", "9999"]


def test_zero_and_decimals_below_one_are_numbers_not_codes(csv):
    assert read(csv("x\n0\n0.5\n-0.25\n")).frame.x.tolist() == [0.0, 0.5, -0.25]


@pytest.mark.parametrize("token", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "  "])
def test_a_missing_token_is_missing_among_numbers_and_among_text(csv, token):
    frame = read(csv(f"n,t\n1,x\n{token},{token}\n")).frame
    assert frame.isna().to_numpy().tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("token", ["None", "none", "-", "n/a", "missing"])
def test_other_words_are_text_not_missing(csv, token):
    assert read(csv(f"t\nx\n{token}\n")).frame.t.tolist() == ["x", token]


def test_whole_numbers_beyond_53_bits_are_exact(csv):
    assert read(csv("x\n9007199254740993\n1\n")).frame.x.tolist() == [9007199254740993, 1]


def test_numbers_beyond_64_bits_are_still_numbers(csv):
    assert read(csv("x\n100000000000000000000\n")).frame.x.tolist() == [1e20]


def test_spaces_around_numbers_do_not_make_them_text(csv):
    assert read(csv("a,b\n1, 2\n3, 4\n")).frame.b.tolist() == [2, 4]


def test_true_and_false_are_read_as_such_and_become_numbers_where_one_is_missing(csv):
    frame = read(csv("a,b\nTRUE,true\nFALSE,\n")).frame
    assert frame.a.tolist() == [True, False]
    assert frame.a.dtype == bool
    assert frame.b.dtype == np.float64
    assert frame.b.iloc[0] == 1.0


def test_a_quoted_cell_may_hold_commas_and_lines(csv):
    assert read(csv('a,b\n"x, y\nz",1\n')).frame.a.tolist() == ["x, y\nz"]


def test_text_is_pandas_text(csv):
    assert isinstance(read(csv("名\n日本\n")).frame["名"].dtype, pd.StringDtype)


def test_parquet_reads_as_the_csv_does(csv, tmp_path):
    frame = read(csv("id,x,g\n00123,1.5,F\n7,,\n"), text_columns=["id"]).frame
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(table.frame, frame)
    assert table.first_row == 1
    assert table.digest == hashlib.sha256((tmp_path / "t.parquet").read_bytes()).hexdigest()


def test_an_index_kept_in_parquet_is_a_column_like_any_other(tmp_path):
    pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="id")).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").frame["id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"a,b\n", "has a header but no rows"),
        (b"\na,b\n1,2\n", "row 1 is blank"),
        (b"a,b,a\n1,2,3\n", 'column "a" appears 2 times in row 1'),
        (b"a,,\n1,2,3\n", "columns 2, 3 have no name"),
        (b"a,b\n1,2\n3\n4\n", "row 3 has 1 cell where the header has 2 (2 such rows)"),
        (b"a,b\n1,2\n3,4,5\n", "row 3 has 3 cells where the header has 2"),
        (b"a;b\n1;2\n", "must be separated by commas, got ';' in row 1"),
        (b'a,b\n1,"x\n2,y\n', "row 2 opens a quote that is never closed"),
        ("a,b\n1,x\n2,日本\n".encode("cp932"), "row 3 (byte 11 of the file) is not UTF-8, got byte 0x93"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text, not CSV"),
        (b"a,b\n1,\x002\n", "row 2 holds a zero byte"),
        (b"PK\x03\x04 whatever", "is a zip archive or an Excel workbook"),
        (bytes(range(256)) * 4, "is not text"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_place_and_a_remedy(csv, content, says):
    with pytest.raises(DataError) as caught:
        read(csv(content))
    message = str(caught.value)
    assert message.startswith("data/t.csv: ")
    assert says in message
    assert ";" in message
    assert "\n" not in message


def test_a_missing_file_names_the_one_that_was_meant(csv):
    path = csv("a\n1\n", "applicants.csv")
    with pytest.raises(DataError, match=r"no such file; did you mean applicants\.csv"):
        read_table(path.with_name("aplicants.csv"))


def test_a_missing_folder_is_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file; check the path"):
        read_table(tmp_path / "absent" / "t.csv")


def test_a_folder_is_no_table(tmp_path):
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(("name", "got"), [("t.xlsx", r"got \.xlsx"), ("t", "got no suffix")])
def test_another_kind_of_file_is_refused(csv, name, got):
    with pytest.raises(DataError, match=got):
        read_table(csv("a\n1\n", name))


@pytest.mark.parametrize("content", [b"PAR1", b"not parquet at all", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_damaged_parquet_file_is_refused(csv, content):
    with pytest.raises(DataError, match=r"is not a readable Parquet file: .*; write it again"):
        read_table(csv(content, "t.parquet"))


def test_an_empty_parquet_table_has_no_rows(tmp_path):
    pd.DataFrame({"a": np.zeros(0)}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="has no rows"):
        read_table(tmp_path / "t.parquet")


def test_a_frame_with_two_columns_of_one_name_is_refused():
    with pytest.raises(DataError, match='column "a" appears 2 times'):
        table_of(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_whatever_type_carries_them_cells_become_plain(tmp_path):
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["F", "M"]),
            "nullable": pd.array([1, None], dtype="Int64"),
            "whole": pd.array([1, 2], dtype="Int64"),
            "flag": pd.array([True, None], dtype="boolean"),
            "money": [Decimal("1.50"), Decimal(2)],
            "object": np.array(["x", None], dtype=object),
            "single": np.array([0.09456, 2.5], dtype=np.float32),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    for plain in (table_of(frame).frame, read_table(tmp_path / "t.parquet").frame):
        assert plain.category.tolist() == ["F", "M"]
        assert [str(plain[column].dtype) for column in ("nullable", "flag", "money", "single")] == ["float64"] * 4
        assert plain.whole.tolist() == [1, 2]
        assert plain.money.tolist() == [1.5, 2.0]
        assert isinstance(plain.object.dtype, pd.StringDtype)
        assert plain.single.tolist() == [0.09456, 2.5]


def test_a_frames_digest_follows_its_cells_names_and_order_only():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]})
    digest = table_of(frame).digest
    assert table_of(frame.copy(), "another name").digest == digest
    changed = [
        frame.assign(a=[1.0, 2.0]),
        frame.assign(b=["x", "nan"]),
        frame.rename(columns={"a": "c"}),
        frame[::-1],
        frame[["b", "a"]],
    ]
    assert digest not in [table_of(other).digest for other in changed]


def test_rows_are_named_as_a_spreadsheet_numbers_them(csv):
    table = read(csv("a\n1\n2\n3\n4\n5\n"))
    assert table.rows(np.array([True, False, False, False, False])) == "in row 2"
    assert table.rows(np.array([True, False, True, False, False])) == "in rows 2, 4"
    assert table.rows(np.ones(5, dtype=bool)) == "first in rows 2, 3, 4"


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.floats(allow_nan=False)))
)
def test_literal_text_and_numbers_survive_the_way_through_csv(rows):
    frame = pd.DataFrame({"t": [f"t{text}" for text, _ in rows] + ["last"], "x": [number for _, number in rows] + [0.5]})
    read_back = parse_csv(
        frame.to_csv(index=False, quoting=csv_module.QUOTE_NONNUMERIC).encode(), name="t.csv", text_columns=["t"]
    )
    assert read_back.t.tolist() == frame.t.tolist()
    assert read_back.x.tolist() == frame.x.tolist()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_data_error(data):
    try:
        frame = parse_csv(data, name="t.csv")
    except DataError as error:
        assert str(error).startswith("t.csv: ")  # noqa: PT017 — the other outcome is a table
    else:
        assert len(frame) > 0
