from dataclasses import dataclass

import numpy as np
import pytest

from models import Branch
from models.curves import curves_of
from models.grid import predicted_on_grid

COLUMN = 2
TENTHS = np.arange(26) / 10


@dataclass(frozen=True)
class World:
    """Seven features, of which some are 0/1 and one is a small count, the amount in column 2 of eight inputs, and outcomes."""

    features: np.ndarray
    amount: np.ndarray
    level: np.ndarray
    chosen: np.ndarray

    @property
    def inputs(self):
        return np.insert(self.features, COLUMN, self.amount, axis=1)


def world(n, seed):
    rng = np.random.default_rng(seed)
    features = np.c_[rng.normal(size=(n, 3)), rng.integers(0, 2, (n, 3)), rng.integers(0, 6, n)].astype(float)
    amount = rng.choice(TENTHS, n)
    level = features[:, 0] + features[:, 3] * amount - 0.4 * amount**2 * features[:, 1] + (features[:, 6] == 2) * amount
    chosen = (rng.random(n) < 1.0 / (1.0 + np.exp(-level))).astype(int)
    return World(features, amount, level + 0.3 * rng.normal(size=n), chosen)


@pytest.fixture(scope="session")
def past():
    return world(500, seed=0)


@pytest.fixture(scope="session")
def units():
    return world(120, seed=1).features


@pytest.fixture(scope="session")
def amounts():
    """Awards, all midpoints of two (where trees put thresholds), their neighbours in single precision; unsorted, some twice."""
    midpoints = TENTHS[:-1] + 0.05
    single = midpoints.astype(np.float32)
    near = [np.nextafter(single, np.float32(side)).astype(float) for side in (0.0, 9.0)]
    every = np.concatenate(
        [TENTHS, midpoints, single, *near, np.nextafter(midpoints, 0.0), np.nextafter(midpoints, 9.0), [1.0, 7.0]]
    )
    return np.random.default_rng(2).permutation(every)


@pytest.fixture(scope="session")
def gap(units, amounts):
    """Largest difference between an estimator's curves, which it must have, and its own predict on the grid."""

    def measured(estimator, features=None, column=COLUMN, at=None, **more):
        branch = Branch(estimator=estimator, features=units if features is None else features, column=column, **more)
        curves = curves_of(branch, amounts if at is None else at)
        assert curves is not None, "took the grid"
        grid = predicted_on_grid(branch, amounts if at is None else at)
        assert curves.shape == grid.shape
        assert curves.dtype == np.float64
        return float((np.abs(curves - grid) / np.maximum(1.0, np.abs(grid))).max())

    return measured


@pytest.fixture(scope="session")
def holes(units):
    """The units with some features missing."""
    rng = np.random.default_rng(3)
    return np.where(rng.random(units.shape) < 0.15, np.nan, units)
