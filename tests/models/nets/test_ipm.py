import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from models.nets.ipm import IPMS, MOST, between_arms, mmd, sinkhorn, wasserstein

KINDS = sorted(IPMS)


def sample(n, seed, shift=0.0):
    points = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    points[:, 0] += shift
    return points


@pytest.mark.parametrize("kind", KINDS)
def test_equal_samples_are_not_apart(kind):
    x = sample(40, 1)
    assert float(IPMS[kind](x, x.clone())) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_no_sample_comes_first(kind):
    x, y = sample(40, 1), sample(25, 2, shift=1.0)
    assert float(IPMS[kind](x, y)) == pytest.approx(float(IPMS[kind](y, x)), rel=5e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_further_apart_the_further_one_is_shifted(kind):
    distances = [float(IPMS[kind](sample(60, 1), sample(60, 2, shift))) for shift in (0.0, 1.0, 2.0, 4.0)]
    assert distances == sorted(distances)
    assert distances[0] >= 0.0
    assert distances[1] > distances[0] + 0.1


def test_a_precise_plan_costs_what_the_best_assignment_does():
    x, y = sample(30, 1), sample(30, 2, shift=1.0)
    costs = cdist(x.numpy(), y.numpy())
    exact = costs[linear_sum_assignment(costs)].mean()
    errors = [float(sinkhorn(x, y, precision, 2_000)) / exact - 1.0 for precision in (5.0, 20.0, 100.0)]
    assert errors[0] > errors[1] > errors[2] > 0.0
    assert errors[2] < 0.02


def test_far_samples_are_as_far_as_they_were_shifted():
    x = sample(40, 1)
    assert float(wasserstein(x, x + torch.tensor([10.0, 0.0, 0.0]))) == pytest.approx(10.0, rel=0.05)


def test_mmd_is_blind_to_the_unit_of_measurement():
    x, y = sample(40, 1), sample(40, 2, shift=1.0)
    assert float(mmd(100 * x, 100 * y)) == pytest.approx(float(mmd(x, y)), rel=1e-4)


def test_mmd_is_the_formula_on_two_points():
    # Squared distances of all four pairs: 0, 4, 4, 0; their mean is 2.
    wanted = 2.0 - 2.0 * np.exp(-4.0 / 2.0)
    assert float(mmd(torch.tensor([[0.0]]), torch.tensor([[2.0]]))) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_going_down_the_gradient_brings_samples_together(kind):
    x, y = sample(40, 1).requires_grad_(), sample(40, 2, shift=2.0)
    distance = IPMS[kind](x, y)
    (slope,) = torch.autograd.grad(distance, x)
    assert torch.isfinite(slope).all()
    assert float(IPMS[kind]((x - 2.0 * slope).detach(), y)) < float(distance.detach())


@pytest.mark.parametrize("kind", KINDS)
def test_points_that_all_coincide_have_a_distance_of_0_and_finite_gradients(kind):
    x = torch.zeros(5, 3, requires_grad=True)
    distance = IPMS[kind](x, torch.zeros(4, 3))
    (slope,) = torch.autograd.grad(distance, x)
    assert float(distance.detach()) == pytest.approx(0.0, abs=1e-6)
    assert torch.isfinite(slope).all()


def test_a_batch_without_one_arm_is_not_penalised():
    x = sample(5, 1)
    assert float(between_arms(x, torch.ones(5, dtype=torch.bool), "mmd")) == 0.0


def test_at_most_so_many_rows_of_an_arm_are_compared():
    x, treated = sample(3 * MOST, 1), torch.arange(3 * MOST) % 2 == 0
    assert float(between_arms(x, treated, "mmd")) == float(between_arms(x[: 2 * MOST], treated[: 2 * MOST], "mmd"))
