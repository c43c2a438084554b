import numpy as np
import pytest
import torch

from models.nets.network import Network
from models.nets.settings import Shape

SHAPE = Shape(inputs=3, representation=(6, 5), heads=(4,), mixed=2)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def drawn(n, width, seed=1):
    return torch.randn(n, width, generator=seeded(seed))


def arms(treated):
    return torch.eye(2)[torch.as_tensor(treated)]


def test_a_head_learns_nothing_from_the_other_arm():
    network = Network(SHAPE, seeded(0))
    phi = network.represent(drawn(8, 3))
    network.answer(phi, arms([1] * 8), torch.zeros(8, 1)).sum().backward()
    for layer in network.heads:
        assert not layer.weight.grad[0].any()
        assert layer.weight.grad[1].any()


def test_a_mixture_of_heads_is_their_weighted_weights():
    network, phi, share = Network(SHAPE, seeded(0)), drawn(8, 5), 0.25
    mix = torch.tensor([[1 - share, share]]).expand(8, 2)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    mixed = {name: (1 - share) * value[0] + share * value[1] for name, value in weights.items() if name.startswith("heads")}
    z = torch.nn.functional.elu(phi @ mixed["heads.0.weight"] + mixed["heads.0.bias"])
    wanted = (z @ mixed["heads.1.weight"] + mixed["heads.1.bias"])[:, 0]
    assert torch.allclose(network.answer(phi, mix, torch.zeros(8, 1)), wanted, atol=1e-6)


def test_a_joined_dose_reaches_every_layer_of_the_heads():
    network = Network(Shape(inputs=3, representation=(5,), heads=(4, 4), mixed=3, joined=True), seeded(0))
    assert [tuple(layer.weight.shape) for layer in network.heads] == [(3, 6, 4), (3, 5, 4), (3, 5, 1)]
    phi, mix = drawn(8, 5), torch.eye(3)[[1] * 8]
    assert (network.answer(phi, mix, torch.full((8, 1), 0.5)) != network.answer(phi, mix, torch.ones(8, 1))).all()


def test_a_spline_begins_without_effect_of_the_dose():
    network = Network(Shape(inputs=3, representation=(5,), heads=(4,), mixed=3, spline=True), seeded(0))
    low, high = torch.tensor([[1.0, 0.1, 0.01]]), torch.tensor([[1.0, 0.9, 0.81]])
    phi, dose = drawn(4, 5), torch.zeros(4, 1)
    assert torch.equal(network.answer(phi, low.expand(4, 3), dose), network.answer(phi, high.expand(4, 3), dose))


def test_weights_are_plain_arrays_that_build_the_same_network_again():
    network, x = Network(SHAPE, seeded(0)), drawn(8, 3)
    weights = network.weights()
    assert list(weights)[:2] == ["representation.0.weight", "representation.0.bias"]
    assert all(type(value) is np.ndarray and value.dtype == np.float64 for value in weights.values())
    again = Network(SHAPE, seeded(9)).load(weights)
    answers = [one.answer(one.represent(x), arms([0, 1] * 4), torch.zeros(8, 1)) for one in (network, again)]
    assert torch.equal(*answers)


def test_weights_of_another_shape_are_refused():
    with pytest.raises(RuntimeError, match="size mismatch"):
        Network(SHAPE).load(Network(Shape(inputs=4, representation=(6, 5), heads=(4,))).weights())


@pytest.mark.parametrize("activation", ["elu", "relu", "tanh"])
def test_a_new_network_is_nearly_constant(activation):
    network = Network(Shape(inputs=50, representation=(100, 100), heads=(100,), activation=activation), seeded(0))
    x = drawn(200, 50)
    spread = network.answer(network.represent(x), arms([0] * 200), torch.zeros(200, 1)).std().item()
    assert 0.0 < spread < 0.1
