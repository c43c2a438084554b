import numpy as np
import pytest

from models.doses import Doses
from models.head import Head
from models.heads import Heads, activated

AWARDS = np.array([0, 0, 100, 200, 300, 400, 500, 600], dtype=float)
AMOUNTS = np.array([0.0, 40.0, 100.0, 250.0, 300.0, 301.0, 600.0])


def heads(kind, activation="elu", *, binary=False, strata=3):
    doses, rng = Doses.read(kind, AWARDS, strata), np.random.default_rng(0)
    widths = [(5, 4), (4, 3), (3, 1)]
    layers = [(rng.normal(size=(doses.heads, i + doses.joined, o)), rng.normal(size=(doses.heads, o))) for i, o in widths]
    return Heads(
        layers=layers,
        activation=activation,
        doses=doses,
        binary=binary,
        mean=0.0 if binary else 7.0,
        scale=1.0 if binary else 3.0,
    )


def phi(n):
    return np.random.default_rng(1).normal(size=(n, 5))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["none", "strata", "varying"])
def test_a_curve_at_an_amount_is_what_each_unit_gets_at_it(kind, binary):
    fitted = heads(kind, binary=binary)
    curves = fitted.curves(phi(6), AMOUNTS)
    for column, amount in enumerate(AMOUNTS):
        assert fitted.each(phi(6), np.full(6, amount)) == pytest.approx(curves[:, column], rel=1e-12, abs=1e-12)
    assert not binary or ((curves > 0) & (curves < 1)).all()


def test_a_layer_is_its_head_of_the_inputs_and_the_dose():
    fitted = heads("strata")
    z = np.append(phi(1)[0], 250.0 / 600.0)
    for place, (weight, bias) in enumerate(fitted.layers):
        said = z @ weight[2] + bias[2]
        z = np.append(np.where(said > 0, said, np.exp(said) - 1), 250.0 / 600.0) if place < 2 else said
    assert fitted.curves(phi(1), np.array([250.0]))[0, 0] == pytest.approx(7.0 + 3.0 * z[0])


def test_activations_are_what_they_are_called():
    z = np.array([-2.0, 0.0, 3.0])
    assert activated("relu", z.copy()).tolist() == [0.0, 0.0, 3.0]
    assert activated("tanh", z.copy()) == pytest.approx(np.tanh(z))
    assert activated("elu", z.copy()) == pytest.approx([np.exp(-2.0) - 1.0, 0.0, 3.0])


@pytest.mark.parametrize("kind", ["none", "strata", "varying"])
def test_a_head_is_an_estimator_of_the_representation_and_the_dose(kind):
    fitted, award = heads(kind), AMOUNTS[3]
    without, with_award = (Head(heads=fitted, treated=treated) for treated in (False, True))
    wanted = fitted.curves(phi(6), np.array([0.0, award]))
    inputs = np.column_stack([phi(6), np.full(6, award / 600.0)]) if with_award.takes_dose else phi(6)
    assert with_award.takes_dose is (kind != "none")
    assert without.predict(phi(6)) == pytest.approx(wanted[:, 0])
    assert with_award.predict(inputs) == pytest.approx(wanted[:, 1])


@pytest.mark.parametrize("strata", [1, 3])
def test_the_pieces_of_a_relu_head_are_plain_networks_that_together_say_the_same(strata):
    torch = pytest.importorskip("torch")
    head = Head(heads=heads("strata", "relu", strata=strata), treated=True)
    pieces, awards = head.pieces(), AMOUNTS[1:]
    assert len(pieces) == strata
    assert sum(piece.holds(awards / 600.0).astype(int) for piece in pieces).tolist() == [1] * awards.size
    for piece in pieces:
        for dose in (awards / 600.0)[piece.holds(awards / 600.0)]:
            inputs = np.column_stack([phi(6), np.full(6, dose)])
            with torch.no_grad():
                said = piece.sequential()(torch.from_numpy(inputs))[:, 0].numpy()
            assert said == pytest.approx(head.predict(inputs), abs=1e-12)


@pytest.mark.parametrize(
    ("fitted", "obstacle"),
    [
        (heads("strata", "relu"), None),
        (heads("none", "relu"), None),
        (heads("strata", "elu"), "activation elu"),
        (heads("varying", "relu"), "dose varying"),
        (heads("strata", "relu", binary=True), "outcome binary"),
    ],
)
def test_what_is_not_piecewise_linear_says_what_hinders(fitted, obstacle):
    assert Head(heads=fitted, treated=True).obstacle == obstacle
