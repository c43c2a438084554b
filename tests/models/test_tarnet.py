import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from models.base import ResponseError
from models.observed import Observed
from models.tarnet import PRESETS, TARNet
from optimizer.edge.model_file import dump_model, load_model

pytest.importorskip("torch")
import torch

from models.nets.ipm import mmd
from models.nets.objective import Objective
from models.nets.training import train

QUICK = {"max_steps": 150, "batch_size": 64, "representation_width": 8, "head_width": 6}


def frame(x):
    return pd.DataFrame(x, columns=["a", "b", "c"])


def world(n, seed, noise=0.3):
    """One award; the effect is a kink in a, its own sign and size for everyone."""
    rng = np.random.default_rng(seed)
    x, treated = rng.normal(size=(n, 3)), rng.random(n) < 0.4
    effect = 0.5 + 1.5 * np.maximum(x[:, 0], 0.0) - 0.5 * x[:, 1]
    without = 10.0 + 2.0 * x[:, 1]
    return frame(x), 500.0 * treated, without + effect * treated + noise * rng.normal(size=n), effect


def dosed(n, seed, noise=0.1):
    """Many awards; the outcome rises with the award and stays from 400 on, more for a large a."""
    rng = np.random.default_rng(seed)
    x, award = rng.normal(size=(n, 3)), rng.choice([0.0, *np.arange(50.0, 801.0, 50.0)], n, p=[0.3, *[0.7 / 16] * 16])
    return frame(x), award, 1.0 + x[:, 1] + rise(x[:, 0], award) + noise * rng.normal(size=n)


def rise(a, award):
    return (1.0 + 0.5 * a) * np.minimum(award / 400.0, 1.0)


def rmse(one, other):
    return float(np.sqrt(np.mean(np.square(one - other))))


@pytest.fixture(scope="module")
def fitted():
    X, t, y, _ = world(2_000, 1)
    return TARNet(max_steps=1_500).fit(X, t, y)


@pytest.fixture(scope="module")
def doses():
    X, t, y = dosed(1_500, 1)
    return {kind: TARNet(dose=kind, strata=4, max_steps=1_500).fit(X, t, y) for kind in ("none", "strata", "varying")}


def test_effects_that_differ_and_bend_are_learned(fitted):
    X, _, _, effect = world(1_000, 2)
    assert rmse(fitted.effect(X, 0, 500), effect) < 0.3 < 0.4 * rmse(effect.mean(), effect)
    assert rmse(fitted.response(X, [0])[:, 0], 10.0 + 2.0 * X["b"]) < 0.4


def test_probabilities_are_learned_of_outcomes_that_are_0_or_1():
    def drawn(n, seed):
        rng = np.random.default_rng(seed)
        x, treated = rng.normal(size=(n, 3)), rng.random(n) < 0.5
        chances = [1 / (1 + np.exp(-(x[:, 0] + arm * (1.0 + x[:, 1])))) for arm in (0.0, 1.0)]
        return (
            frame(x),
            treated * 1.0,
            (rng.random(n) < np.where(treated, chances[1], chances[0])).astype(int),
            np.column_stack(chances),
        )

    X, t, y, _ = drawn(4_000, 1)
    Z, _, _, chances = drawn(1_000, 2)
    model = TARNet(max_steps=1_000).fit(X, t, y)
    response = model.response(Z, [0, 1])
    assert model.binary_
    assert ((response > 0) & (response < 1)).all()
    assert rmse(response, chances) < 0.08 < 0.5 * rmse(chances.mean(axis=0), chances)


@pytest.mark.parametrize("kind", ["strata", "varying"])
def test_a_known_dose_curve_is_followed(doses, kind):
    X, _, _ = dosed(500, 2)
    amounts = np.arange(0.0, 801.0, 50.0)
    response = doses[kind].response(X, amounts)
    wanted = 1.0 + X["b"].to_numpy()[:, None] + rise(X["a"].to_numpy()[:, None], amounts)
    assert rmse(response, wanted) < 0.2
    assert rmse(doses["none"].response(X, amounts), wanted) > 0.25


def test_without_doses_every_award_is_worth_the_same(doses):
    X, _, _ = dosed(20, 2)
    assert np.ptp(doses["none"].response(X, [1, 400, 9_000]), axis=1).tolist() == [0.0] * 20


def test_a_spline_joins_no_award_without_a_jump(doses):
    X, _, _ = dosed(50, 2)
    near = doses["varying"].response(X, [0, 1e-6])
    assert near[:, 0] == pytest.approx(near[:, 1], abs=1e-6)


@pytest.mark.parametrize("kind", ["none", "strata", "varying"])
def test_a_unit_at_its_own_amount_is_a_point_of_its_curve(doses, kind):
    X, award, _ = dosed(200, 2)
    amounts = np.unique(award)
    curves = doses[kind].response(X, amounts)
    wanted = curves[np.arange(200), np.searchsorted(amounts, award)]
    assert doses[kind].predict(X, award) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("kind", ["none", "strata", "varying"])
def test_the_branches_say_what_the_response_does(doses, kind):
    X, _, _ = dosed(30, 2)
    without, with_award = doses[kind].branches(X)
    rows, wanted = np.arange(30), doses[kind].response(X, [0, 350])
    assert without.estimator.predict(without.inputs(rows, np.zeros(30))) == pytest.approx(wanted[:, 0])
    assert with_award.estimator.predict(with_award.inputs(rows, np.full(30, 350.0))) == pytest.approx(wanted[:, 1])


def test_blocks_do_not_change_a_response(doses, monkeypatch):
    X, award, _ = dosed(100, 2)
    whole, each = doses["varying"].response(X, [0, 100, 800]), doses["varying"].predict(X, award)
    monkeypatch.setattr("models.tarnet.BLOCK", 600)
    assert doses["varying"].response(X, [0, 100, 800]) == pytest.approx(whole, rel=1e-12)
    assert doses["varying"].predict(X, award) == pytest.approx(each, rel=1e-12)


def test_nobody_to_answer_for_is_an_empty_table(fitted):
    assert fitted.response(frame(np.empty((0, 3))), [0, 500]).shape == (0, 2)


def test_one_award_size_needs_no_dose_and_several_are_a_spline():
    X, t, y, _ = world(100, 1)
    assert TARNet(**QUICK).fit(X, t, y).doses_.kind == "none"
    assert TARNet(**QUICK).fit(X, t * np.arange(100), y).doses_.kind == "varying"


def test_equal_seeds_give_equal_bits_and_another_seed_does_not():
    X, t, y, _ = world(200, 1)
    one, same, other = (TARNet(**QUICK, random_state=seed).fit(X, t, y).response(X, [0, 500]).tobytes() for seed in (3, 3, 4))
    assert one == same != other


def test_fitting_leaves_the_parameters_and_the_worlds_random_numbers_alone():
    X, t, y, _ = world(200, 1)
    model, numbers = TARNet(**QUICK), (torch.get_rng_state(), np.random.get_state()[1].tolist())  # noqa: NPY002 — the global one
    before = model.get_params()
    assert clone(model.fit(X, t, y)).get_params() == model.get_params() == before
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert np.random.get_state()[1].tolist() == numbers[1]  # noqa: NPY002


def test_what_training_says_is_kept(fitted):
    steps, losses = fitted.validation_losses_.T
    assert steps[losses.argmin()] == fitted.best_step_ <= fitted.steps_ <= 1_500
    assert losses.min() < 0.2 * losses[0]


def test_cfr_brings_the_arms_closer_than_tarnet_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3))
    t = (rng.random(600) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(float)
    y = x[:, 0] + x[:, 1] + t + 0.1 * rng.normal(size=600)
    for kind in ("mmd", "wasserstein"):
        apart = []
        for alpha in (0.0, 3.0):
            model = TARNet(ipm=kind, alpha=alpha, max_steps=300, patience=None).fit(frame(x), t, y)
            phi = torch.from_numpy(model.representation(frame(x)))
            apart.append(float(mmd(phi[t == 1], phi[t == 0])))
        assert apart[1] < 0.6 * apart[0]


def test_units_that_weigh_nothing_teach_nothing():
    X, t, y, _ = world(400, 1, noise=0.0)
    weight = np.arange(400) % 2
    model = TARNet(max_steps=400, validation=0.0).fit(X, t, np.where(weight > 0, y, y.mean() + 5.0), weight)
    assert abs(model.response(X, [0]).mean() - 10.0) < 0.5


@pytest.mark.parametrize("kind", ["none", "strata", "varying"])
def test_a_model_file_keeps_every_bit_of_the_response(doses, kind, tmp_path):
    X, award, _ = dosed(50, 2)
    dump_model(doses[kind], tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    assert again.response(X, [0, 100, 800]).tobytes() == doses[kind].response(X, [0, 100, 800]).tobytes()
    assert again.predict(X, award).tobytes() == doses[kind].predict(X, award).tobytes()


def test_a_network_given_back_says_what_the_model_does(fitted):
    X, t, y, _ = world(100, 2)
    rows, network = fitted.rows(Observed.read(X, t, y)), fitted.network()
    with torch.no_grad():
        said = network.answer(network.represent(rows.features), rows.mix, rows.dose).numpy()
    assert fitted.outcome_mean_ + fitted.outcome_scale_ * said == pytest.approx(fitted.predict(X, t), abs=1e-4)


def test_what_was_learned_is_carried_to_another_history_with_the_representation_as_it_is(fitted):
    X, t, y, effect = world(150, 3)
    target = clone(fitted)
    target.__dict__.update(fitted.__dict__)
    generator, network = torch.Generator().manual_seed(0), fitted.network()
    rows = target.rows(Observed.read(X, t, y + 3.0))
    trace = train(network, Objective(binary=False), [rows], target.schedule(), generator, trainable=["heads"])
    target.keep(network, trace)
    assert target.representation(X).tolist() == fitted.representation(X).tolist()
    assert (target.response(X, [0]) - fitted.response(X, [0])).mean() == pytest.approx(3.0, abs=0.5)
    assert rmse(target.effect(X, 0, 500), effect) < 0.5


def test_passthrough_takes_numbers_as_they_are_and_refuses_text(past):
    X, t, y, _ = world(100, 1)
    assert TARNet(**QUICK, prepare="passthrough").fit(X, t, y).response(X, [0, 500]).shape == (100, 2)
    with pytest.raises(ResponseError, match=r"TARNet: features must be numbers, got .*; use prepare='auto'"):
        TARNet(**QUICK, prepare="passthrough").fit(past.X, past.award, past.enrolled)
    with pytest.raises(ResponseError, match=r"TARNet: features must be finite, got missing"):
        TARNet(**QUICK, prepare="passthrough").fit(X.where(X > 0), t, y)


def test_presets_are_the_published_configurations():
    model = TARNet.preset("ihdp", max_steps=10)
    assert (model.representation_width, model.representation_layers, model.head_width, model.head_layers) == (200, 3, 100, 3)
    assert (model.learning_rate, model.decay, model.l2, model.validation, model.max_steps) == (1e-3, 0.97, 1e-4, 0.3, 10)
    assert {name: TARNet.preset(name).ipm for name in PRESETS} == {
        "ihdp": "none",
        "ihdp-cfr-mmd": "mmd",
        "ihdp-cfr-wass": "wasserstein",
    }
    with pytest.raises(ResponseError, match=r"TARNet\.preset: must be one of ihdp, ihdp-cfr-mmd, ihdp-cfr-wass, got 'news'"):
        TARNet.preset("news")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "gelu"}, r"activation: must be one of elu, relu, tanh, got 'gelu'"),
        ({"outcome": "count"}, r"outcome: must be one of auto, continuous, binary, got 'count'"),
        ({"dose": "linear"}, r"dose: must be one of auto, none, strata, varying, got 'linear'"),
        ({"ipm": "kl"}, r"ipm: must be one of none, mmd, wasserstein, got 'kl'"),
        ({"strata": 0}, r"strata: must be a whole number of at least 1, got 0"),
        ({"max_steps": 1.5}, r"max_steps: must be a whole number of at least 1, got 1\.5"),
        ({"patience": 0}, r"patience: must be a whole number of at least 1, got 0"),
        ({"validation": 1.0}, r"validation: must be a finite number from 0 to 0\.9, got 1\.0"),
        ({"alpha": "much"}, r"alpha: must be a finite number from 0 to inf, got 'much'"),
        ({"outcome": "binary"}, r"outcome: a binary outcome must be 0 or 1, got \["),
    ],
)
def test_a_parameter_that_cannot_be_is_named_with_what_it_may_be(parameters, message):
    X, t, y, _ = world(50, 1)
    with pytest.raises(ResponseError, match=rf"^TARNet\.{message}"):
        TARNet(**parameters).fit(X, t, y)


def test_a_history_without_an_arm_is_refused():
    X, t, y, _ = world(50, 1)
    with pytest.raises(ResponseError, match="treatment: the control arm is empty"):
        TARNet().fit(X, t + np.arange(50) + 1, y)


def test_an_unfitted_network_does_not_answer():
    X = frame(np.zeros((1, 3)))
    for ask in (lambda: TARNet().response(X, [0]), lambda: TARNet().representation(X), TARNet().network):
        with pytest.raises(NotFittedError):
            ask()


def test_without_torch_a_fitted_model_answers_and_a_new_one_says_what_to_install(fitted, monkeypatch):
    X, t, y, _ = world(50, 1)
    wanted = fitted.response(X, [0, 500])
    monkeypatch.setitem(sys.modules, "torch", None)
    assert (fitted.response(X, [0, 500]) == wanted).all()
    for ask in (lambda: TARNet().fit(X, t, y), fitted.network):
        with pytest.raises(ResponseError, match=r'TARNet: training needs torch, .* pip install "bursar\[nets\]"'):
            ask()


def test_importing_the_model_imports_no_torch():
    asked = "import sys, models.tarnet; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
