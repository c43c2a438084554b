"""A limit: which measure, which side, which figure, of what; shares are the decimals that were written."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.problem.coupling import Coupling
from optimizer.problem.limits import Limit
from optimizer.problem.where import Where

BUILDERS = [Limit.cost, Limit.recipients, Limit.outcome]


def allowed_heads(share, units):
    return Coupling.compile([Limit.recipients(at_most=share)], units).rows[0].allowed


def test_29_percent_of_100_units_is_29():
    assert math.floor(0.29 * 100) == 28  # what floats would make of it
    assert allowed_heads(0.29, 100) == 29


@settings(derandomize=True, deadline=None)
@given(percent=st.integers(0, 100), hundreds=st.integers(1, 50))
def test_a_share_in_percent_of_full_hundreds_is_never_rounded(percent, hundreds):
    assert allowed_heads(percent / 100, 100 * hundreds) == percent * hundreds


@pytest.mark.parametrize(("written", "exact"), [(0.1, "1/10"), (1e-3, "1/1000"), (0.3333, "3333/10000"), (1.0, "1"), (0.0, "0")])
def test_a_float_is_read_as_its_shortest_decimal(written, exact):
    assert Limit.recipients(at_most=written).figure == Fraction(exact)
    assert Limit.recipients(at_most=np.float64(written)).figure == Fraction(exact)


def test_a_fraction_is_taken_exactly():
    assert Limit.recipients(at_most=Fraction(1, 3)).figure == Fraction(1, 3)
    assert allowed_heads(Fraction(1, 3), 9) == 3


@pytest.mark.parametrize("heads", [3, np.int64(3), np.int8(3)])
def test_an_int_of_recipients_is_a_head_count(heads):
    limit = Limit.recipients(at_most=heads)
    assert (limit.figure, limit.of) == (3, None)


@pytest.mark.parametrize("share", [0.25, np.float64(0.25), np.float32(0.25), Fraction(1, 4), 1.0])
def test_a_float_of_recipients_is_a_share_of_the_units(share):
    assert Limit.recipients(at_most=share).of == "units"


@pytest.mark.parametrize("of", ["outcome", "uplift"])
def test_a_share_of_what_is_expected_is_never_met_exactly(of):
    with pytest.raises(ValueError, match=rf"limit cost\.exactly: a share of an expected {of} is never met exactly; write two"):
        Limit.cost(exactly=5, of=of)


def test_a_limit_names_the_columns_it_reads():
    assert Limit.cost(at_most=1).columns == ()
    assert Limit.cost(at_most=1, where={"a": 1, "b": 2}).columns == ("a", "b")
    assert Limit.parity("cost", by="c", within=1, where={"a": 1}).columns == ("a", "c")


def test_a_share_of_recipients_keeps_what_it_is_taken_of():
    assert Limit.recipients(at_least=0.4, of="recipients").of == "recipients"


@pytest.mark.parametrize("build", BUILDERS)
def test_each_side_is_told_by_the_argument_that_is_given(build):
    assert build(at_most=1).sense == "at_most"
    assert build(at_least=1).sense == "at_least"
    assert build(at_least=0).figure == 0


def test_money_may_be_written_as_a_float_that_is_whole():
    assert Limit.cost(at_most=120e6).figure == 120_000_000


def test_money_beyond_what_floats_hold_is_kept_exactly():
    assert Limit.cost(at_most=2**53 + 1).figure == 2**53 + 1


def test_an_outcome_may_be_any_number():
    assert Limit.outcome(at_most=950.5).figure == Fraction(1901, 2)
    assert Limit.outcome(at_most=2.5, of="units").figure == Fraction(5, 2)


def test_a_mean_award_may_be_above_one():
    assert Limit.cost(at_most=300_000, of="recipients").figure == 300_000


def test_a_limit_is_named_after_its_measure_and_group_unless_it_has_a_name():
    assert Limit.cost(at_most=1).name == "cost"
    assert Limit.recipients(at_most=1, where={"gender": "F"}).name == "recipients of gender F"
    assert Limit.outcome(at_most=1, name="seats").name == "seats"


def test_a_group_may_be_given_as_it_is_written_or_already_read():
    written = {"gender": ["F", "X"]}
    assert Limit.cost(at_most=1, where=written).where == Limit.cost(at_most=1, where=Where.parse(written)).where


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("sides", [{}, {"at_most": 1, "at_least": 1}])
def test_exactly_one_side_must_be_given(build, sides):
    with pytest.raises(
        ValueError, match=rf"limit {build.__name__}: give exactly one of at_most, at_least and exactly, got .*two limits"
    ):
        build(**sides)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("5", r"must be a number, got '5'"),
        (True, r"must be a number, got True"),
        ([5], r"must be a number, got \[5\]"),
        (-1, r"must be at least 0, got -1; use 0 to forbid"),
        (float("nan"), r"must be finite, got nan; leave the limit out to have none"),
        (np.float64("inf"), r"must be finite, got inf; leave the limit out to have none"),
    ],
)
def test_a_figure_that_cannot_be_meant_is_refused_with_its_place(build, figure, message):
    with pytest.raises(ValueError, match=rf"limit {build.__name__}\.at_least: {message}"):
        build(at_least=figure)


def test_money_must_be_whole():
    with pytest.raises(ValueError, match=r"limit cost\.at_most: must be whole currency units, got 10\.5; for a share say"):
        Limit.cost(at_most=10.5)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Limit.recipients(at_most=1.01),
        lambda: Limit.recipients(at_most=2, of="units"),
        lambda: Limit.recipients(at_most=2, of="recipients"),
        lambda: Limit.cost(at_most=1.5, of="cost"),
        lambda: Limit.outcome(at_most=1.5, of="outcome"),
    ],
)
def test_a_share_must_be_at_most_everything(build):
    with pytest.raises(ValueError, match=r"at_most: a share must be at most 1 \(100 %\), got .*; an int is a head count"):
        build()


@pytest.mark.parametrize("build", BUILDERS)
def test_a_share_is_taken_of_a_total_that_is_known(build):
    with pytest.raises(ValueError, match=r"\.of: must be one of units, recipients, cost, outcome, uplift, got 'money'"):
        build(at_most=0.5, of="money")


def test_a_group_that_cannot_be_meant_is_refused_with_the_limit():
    with pytest.raises(ValueError, match="where: must name at least one column"):
        Limit.cost(at_most=1, where={})
