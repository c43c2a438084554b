"""Public data sets come by name."""

import pytest

from optimizer.edge.datasets import KNOWN, read_dataset
from optimizer.errors import DataError

pytest.importorskip("causaldata")


def test_the_hiv_trial_has_its_4820_people_of_whom_2834_have_both_incentive_and_outcome():
    table = read_dataset("causaldata.thornton_hiv")
    assert len(table.frame) == 4820
    assert len(table.frame[["got", "tinc"]].dropna()) == 2834
    assert table.name == "causaldata.thornton_hiv"


def test_numbers_held_in_32_bits_come_back_as_the_decimals_they_were():
    assert read_dataset(KNOWN[0]).frame.tinc.iloc[4] == 0.09456


def test_a_data_set_has_the_same_digest_each_time():
    assert read_dataset(KNOWN[0]).digest == read_dataset(KNOWN[0]).digest


def test_an_unknown_data_set_names_the_one_that_was_meant():
    with pytest.raises(DataError, match=r'got "causaldata\.thorton"; did you mean "causaldata\.thornton_hiv"'):
        read_dataset("causaldata.thorton")


def test_an_unknown_data_set_lists_those_that_are_known():
    with pytest.raises(DataError, match=r"known: causaldata\.thornton_hiv"):
        read_dataset("elsewhere.iris")


def test_a_package_that_is_not_installed_says_how_to_install_it(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(DataError, match=r'pip install "bursar\[examples\]"'):
        read_dataset(KNOWN[0])
