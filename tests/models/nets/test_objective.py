import numpy as np
import pytest
import torch

from models.nets.ipm import mmd
from models.nets.network import Network
from models.nets.objective import Objective, balanced, factual
from models.nets.rows import Rows
from models.nets.settings import Shape


def rows(outcome, weight=1.0):
    n = len(outcome)
    treated = np.arange(n) % 2 == 1
    features = np.random.default_rng(0).normal(size=(n, 2)) + 2.0 * treated[:, None]
    return Rows.of(
        features=features,
        mix=np.eye(2)[treated.astype(int)],
        dose=treated * 1.0,
        treated=treated,
        outcome=np.asarray(outcome, dtype=float),
        weight=np.broadcast_to(weight, n),
    )


def test_weights_are_those_of_the_paper():
    # u = 1/4: a treated unit counts 1/(2u) = 2, a control 1/(2(1 − u)) = 2/3.
    assert balanced(np.array([True, False, False, False])) == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])


def test_weights_of_units_count_beside_those_of_arms_and_both_arms_count_alike():
    treated, own = np.array([True, True, False, False, False]), np.array([1.0, 3.0, 2.0, 2.0, 4.0])
    weight = balanced(treated, own)
    assert weight[1] == pytest.approx(3 * weight[0])
    assert weight[treated].sum() == pytest.approx(weight[~treated].sum()) == pytest.approx(2.5)


def test_the_error_of_a_continuous_outcome_is_the_weighted_square():
    said = torch.tensor([1.0, 2.0])
    assert float(factual(said, rows([0.0, 5.0], [3.0, 1.0]), binary=False)) == pytest.approx((3 * 1 + 1 * 9) / 2)


def test_the_error_of_a_binary_outcome_is_the_weighted_cross_entropy():
    said = torch.tensor([0.4, -1.0])
    p = 1 / (1 + np.exp(-said.numpy()))
    wanted = (-3.0 * np.log(p[0]) - np.log(1 - p[1])) / 2
    assert float(factual(said, rows([1.0, 0.0], [3.0, 1.0]), binary=True)) == pytest.approx(wanted, rel=1e-5)


def test_the_penalty_is_alpha_times_the_distance_of_the_arms():
    network, batch = Network(Shape(inputs=2, representation=(4,), heads=(3,))), rows(np.arange(20) / 20)
    phi = network.represent(batch.features)
    plain, penalised, free = (
        Objective(binary=False, **penalty)(network, batch).item()
        for penalty in ({}, {"ipm": "mmd", "alpha": 0.7}, {"ipm": "mmd"})
    )
    assert penalised - plain == pytest.approx(0.7 * mmd(phi[batch.treated], phi[~batch.treated]).item(), rel=1e-4)
    assert free == plain
