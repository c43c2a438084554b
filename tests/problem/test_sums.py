"""Exact sums are those of math.fsum, in any order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.problem import sums
from optimizer.problem.sums import exact_sum


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=60))
def test_a_sum_is_rounded_once(numbers):
    few, sums.FEW = sums.FEW, 0
    try:
        with np.errstate(all="raise"):
            assert exact_sum(np.array(numbers)) == math.fsum(numbers)
    except OverflowError:
        with pytest.raises(OverflowError):
            math.fsum(numbers)
    finally:
        sums.FEW = few


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1.0, 1e300])
def test_the_order_of_many_numbers_is_no_concern(scale):
    rng = np.random.default_rng(0)
    numbers = scale * rng.normal(size=50_000) * 10.0 ** rng.integers(-12, 3, size=50_000)
    total = exact_sum(numbers)
    assert total == math.fsum(numbers.tolist())
    assert exact_sum(rng.permutation(numbers)) == total
