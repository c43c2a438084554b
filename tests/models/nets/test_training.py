from dataclasses import replace

import numpy as np
import pytest
import torch

from models.base import ResponseError
from models.nets.network import Network
from models.nets.objective import Objective
from models.nets.rows import Rows
from models.nets.settings import Schedule, Shape
from models.nets.training import train

SHAPE = Shape(inputs=2, representation=(8, 8), heads=(6,))
SHORT = Schedule(max_steps=200, batch_size=50, learning_rate=3e-3, l2=0.0)
LOSS = Objective(binary=False)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def history(n=300, seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    x, treated = rng.normal(size=(n, 2)), rng.random(n) < 0.5
    outcome = x[:, 0] + treated * (1.0 + x[:, 1]) + noise * rng.normal(size=n)
    arms = np.eye(2)[treated.astype(int)]
    return Rows.of(features=x, mix=arms, dose=treated * 1.0, treated=treated, outcome=outcome, weight=np.ones(n))


def trained(schedule=SHORT, rows=None, seed=0, loss=LOSS, **options):
    network = Network(SHAPE, seeded(seed))
    return network, train(network, loss, [history() if rows is None else rows], schedule, seeded(seed), **options)


def flat(network, beginning=""):
    return torch.cat([value.detach().flatten() for name, value in network.named_parameters() if name.startswith(beginning)])


def test_training_makes_the_loss_small():
    network, trace = trained(replace(SHORT, max_steps=600))
    assert float(LOSS(network, history(seed=9)).detach()) < 0.1 * trace.losses[0][1]


def test_equal_seeds_give_equal_bits_and_another_seed_does_not():
    assert torch.equal(flat(trained(seed=1)[0]), flat(trained(seed=1)[0]))
    assert not torch.equal(flat(trained(seed=1)[0]), flat(trained(seed=2)[0]))


def test_neither_the_global_generator_nor_the_number_of_threads_is_touched():
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        trained()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("trainable", "still"),
    [(["heads"], "representation"), (["representation"], "heads"), (["representation.1", "heads"], "representation.0")],
)
def test_what_is_not_trainable_stays_as_it_is(trainable, still):
    network, first = trained(trainable=trainable)[0], Network(SHAPE, seeded())
    assert torch.equal(flat(network, still), flat(first, still))
    for name in trainable:
        assert not torch.equal(flat(network, name), flat(first, name))
    assert all(value.requires_grad for value in network.parameters())


def test_a_name_that_begins_no_parameter_is_refused_with_those_there_are():
    with pytest.raises(
        ResponseError, match=r"trainable: must begin a parameter's name, got 'rep'; there are representation\.0\.weight"
    ):
        trained(trainable=["rep"])


def test_the_weights_kept_are_the_best_on_the_held_out():
    # A rate this high does not settle: the last look is not the best one.
    rows = history(60, noise=1.0)
    network, trace = trained(replace(SHORT, learning_rate=0.05, max_steps=400), rows)
    losses = dict(trace.losses)
    assert losses[trace.best_step] == min(losses.values()) < losses[400]
    generator = seeded()
    _, held = rows.split(SHORT.validation, generator)
    assert float(LOSS(network, held).detach()) == pytest.approx(losses[trace.best_step], rel=1e-5)


def test_patience_ends_what_no_longer_improves():
    rows = history(60, noise=1.0)
    _, trace = trained(replace(SHORT, learning_rate=0.05, max_steps=5_000, patience=100), rows)
    assert trace.steps == trace.best_step + 100 < 5_000


def test_without_held_out_units_all_steps_are_made_and_the_last_weights_kept():
    _, trace = trained(replace(SHORT, validation=0.0, patience=1))
    assert (trace.steps, trace.best_step, trace.losses) == (200, 200, ())


def test_a_penalty_shrinks_the_weights_it_is_on_and_no_others():
    plain, shrunk = trained()[0], trained(replace(SHORT, l2=0.3))[0]
    assert flat(shrunk, "heads.0.weight").norm() < 0.5 * flat(plain, "heads.0.weight").norm()
    assert flat(shrunk, "representation.0.weight").norm() > 0.5 * flat(plain, "representation.0.weight").norm()


def test_the_learning_rate_falls_every_hundred_steps():
    # At a decay of 10⁻⁹ nothing moves any more after the first hundred.
    stopped = [flat(trained(replace(SHORT, decay=1e-9, max_steps=steps, validation=0.0))[0]) for steps in (50, 100, 200)]
    assert not torch.equal(stopped[0], stopped[1])
    assert torch.allclose(stopped[1], stopped[2], atol=1e-6)


def test_a_clipped_gradient_is_no_longer_than_allowed():
    clipped, free = (trained(replace(SHORT, clip=clip, max_steps=1, validation=0.0))[0] for clip in (1e-9, None))
    first = Network(SHAPE, seeded())
    # Adam's first step is rate · g / (|g| + 1e-8): visible unless gradients were made tiny.
    assert (flat(clipped) - flat(first)).abs().max() < 0.2 * (flat(free) - flat(first)).abs().max()


def test_a_loss_may_compare_two_populations():
    here, there = history(seed=0), history(200, seed=5)
    seen = []

    def apart(network, target, source):
        seen.append((len(target), len(source)))
        with torch.no_grad():
            fixed = network.represent(source.features).mean(0)
        return (network.represent(target.features).mean(0) - fixed).square().sum()

    network = Network(SHAPE, seeded())
    trace = train(network, apart, [here, there], SHORT, seeded(), trainable=["representation"])
    assert trace.losses[-1][1] < trace.losses[0][1]
    held = (len(here.split(0.3, seeded())[1]), len(there.split(0.3, seeded())[1]))
    assert set(seen) == {(50, 50), held}


def test_a_loss_that_is_not_finite_says_what_to_do():
    with pytest.raises(ResponseError, match=r"training: the loss must stay finite, got .* at step \d+; lower the learning_rate"):
        trained(loss=lambda network, rows: LOSS(network, rows) * float("nan"))
    with pytest.raises(ResponseError, match="lower the learning_rate"):
        trained(replace(SHORT, validation=0.0), loss=lambda network, rows: LOSS(network, rows) * float("nan"))
