"""A held-out share is drawn exactly, reproducibly, and names its rows as the whole table does."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.edge.history_from import history_from
from optimizer.edge.holdout import hold_out
from optimizer.edge.tables import Table
from optimizer.edge.units_from import units_from
from optimizer.errors import DataError


def table(n=100, unknown=0):
    rng = np.random.default_rng(0)
    outcome = rng.integers(0, 2, n).astype(float)
    outcome[:unknown] = np.nan
    frame = pd.DataFrame({"y": outcome, "award": rng.integers(0, 3, n), "age": np.arange(n, dtype=float)})
    return Table(frame=frame, digest="d", name="t.csv", first_row=2)


def split(source, share=Fraction(3, 10), seed=0):
    return hold_out(source, outcome="y", treatment="award", share=share, seed=seed)


@given(st.integers(2, 200), st.fractions(Fraction(1, 100), Fraction(99, 100)), st.integers(0, 2**32))
def test_the_two_parts_are_floor_of_the_share_and_the_rest_in_the_tables_order(n, share, seed):
    size = int(share * n)
    if size == 0:
        with pytest.raises(DataError, match="leaves 0 to decide"):
            split(table(n), share, seed)
        return
    past, candidates = split(table(n), share, seed)
    assert len(candidates.frame) == size
    assert sorted([*past.frame.age, *candidates.frame.age]) == list(range(n))
    assert past.frame.age.is_monotonic_increasing
    assert candidates.frame.age.is_monotonic_increasing


def test_a_float_share_means_the_decimal_it_is_written_as():
    assert len(split(table(100), 0.29)[1].frame) == 29


def test_only_usable_rows_are_drawn_and_the_others_are_still_counted():
    past, candidates = split(table(100, unknown=50))
    assert len(candidates.frame) == 15
    assert candidates.frame.y.notna().all()
    history = history_from(past, outcome="y", treatment="award", features=("age",))
    assert len(history) == 35
    assert history.left_out == {"outcome missing": 50}


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    first, again, other = split(table(), seed=7)[1], split(table(), seed=7)[1], split(table(), seed=8)[1]
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert first.digest == again.digest
    assert first.frame.age.tolist() != other.frame.age.tolist()


def test_each_part_of_each_split_has_a_digest_of_its_own():
    digests = [part.digest for share, seed in [(0.3, 0), (0.3, 1), (0.4, 0)] for part in split(table(), share, seed)]
    assert len({*digests, "d"}) == 7


def test_units_without_ids_are_named_by_their_place_in_the_whole_table():
    candidates = split(table())[1]
    units = units_from(candidates, id=None, features=("age",))
    assert units.ids.tolist() == [str(int(age) + 1) for age in candidates.frame.age]
    assert units.frame.index.tolist() == list(range(30))


def test_complaints_about_a_part_name_the_rows_of_the_file():
    source = table()
    candidates = split(source)[1]
    place = candidates.frame.index[3]
    source.frame.loc[place, "age"] = np.inf
    with pytest.raises(DataError, match=f"infinite number in row {place + 2};"):
        units_from(split(source)[1], id=None, features=("age",))


@pytest.mark.parametrize(("n", "share"), [(3, 0.3), (10, 1.0), (10, 0.0)])
def test_a_share_that_leaves_a_part_empty_is_refused(n, share):
    with pytest.raises(DataError, match="both need some: choose another share"):
        split(table(n), share)
