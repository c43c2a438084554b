from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Past:
    X: pd.DataFrame
    award: np.ndarray
    enrolled: np.ndarray


def drawn(n, seed, awards=(0, 500_000, 1_000_000, 2_500_000)):
    """Randomised offers; a number, a text column and a logistic response that rises with the award."""
    rng = np.random.default_rng(seed)
    score, faculty = rng.normal(60.0, 10.0, n), rng.choice(["arts", "law"], n)
    award = rng.choice(awards, n)
    logit = -0.8 + 0.05 * (score - 60.0) + 0.5 * (faculty == "law") + 0.7 * award / 1e6
    enrolled = (rng.random(n) < 1.0 / (1.0 + np.exp(-logit))).astype(int)
    return Past(pd.DataFrame({"score": score, "faculty": faculty}), award, enrolled)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    # OpenMP threads spin while they wait: on a busy machine a fit of 0.1 s with two of them can take 10.
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def past():
    return drawn(400, seed=1)


@pytest.fixture(scope="session")
def units():
    return drawn(30, seed=2).X
