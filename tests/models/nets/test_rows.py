import numpy as np
import torch

from models.nets.rows import Rows


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(n=50, treated=10):
    units = np.arange(n, dtype=np.float64)
    arm = units < treated
    return Rows.of(
        features=np.column_stack([units, -units]),
        mix=np.eye(2)[arm.astype(int)],
        dose=units / n,
        treated=arm,
        outcome=10 * units,
        weight=units + 1,
    )


def test_every_part_comes_back_as_it_was_given():
    given = rows()
    units = torch.arange(50.0)
    assert len(given) == 50
    assert torch.equal(given.features, torch.stack([units, -units], dim=1))
    assert torch.equal(given.mix.argmax(1) == 1, given.treated)
    assert torch.equal(given.dose[:, 0], units / 50)
    assert given.treated.tolist() == [True] * 10 + [False] * 40
    assert torch.equal(given.outcome, 10 * units)
    assert torch.equal(given.weight, units + 1)


def test_a_share_of_each_arm_is_held_out_and_no_unit_is_in_both_parts():
    learning, held = rows().split(0.3, seeded())
    assert (int(held.treated.sum()), len(held)) == (3, 15)
    assert sorted([*learning.weight.tolist(), *held.weight.tolist()]) == list(range(1, 51))


def test_an_arm_of_one_unit_is_learned_from():
    learning, held = rows(20, treated=1).split(0.9, seeded())
    assert int(learning.treated.sum()) == 1
    assert len(held) == 17


def test_a_lap_of_batches_shows_every_unit_once_and_each_lap_has_its_own_order():
    batches = rows().batches(10, seeded())
    laps = [[unit for _ in range(5) for unit in next(batches).weight.tolist()] for _ in range(2)]
    assert [sorted(lap) for lap in laps] == [list(range(1, 51))] * 2
    assert laps[0] != laps[1]


def test_a_batch_is_at_most_all_units():
    assert len(next(rows().batches(1000, seeded()))) == 50
