import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models.base import ResponseError
from models.tarnet import TARNet
from models.tl_tarnet import TLTARNet
from models.transfer_guard import Evidence, hidden_bias, judge, share_outside, stratified
from models.transfer_source import Source
from optimizer.edge.model_file import dump_model, load_model

pytest.importorskip("torch")

NETWORK = TARNet(
    representation_width=16, head_width=8, head_layers=1, learning_rate=1e-2, decay=0.8, max_steps=400, batch_size=200,
    validation=0.0, l2=1e-3, dose="none", outcome="continuous",
)  # fmt: skip


def drawn(n, seed, sign=1.0, at=0.0):
    """Randomised, with an effect of sign · (1 + x1) around a slope in x0."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(at + rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    t = rng.integers(0, 2, n)
    y = X["a"] + sign * t * (1.0 + X["b"]) + 0.5 * rng.normal(size=n)
    return X, t, y


def error(model, sign=1.0, at=0.0):
    X = drawn(1_000, 99, at=at)[0]
    return float(np.mean((model.effect(X, 0, 1) - sign * (1.0 + X["b"])) ** 2))


@pytest.fixture(scope="module")
def source():
    X, t, y = drawn(2_000, 1)
    return Source(X=X, treatment=t, outcome=y, network=clone(NETWORK).fit(X, t, y))


def fitted(source, past, **settings):
    return TLTARNet(NETWORK, **{"max_steps": 100, "folds": 3, **settings}).fit(*past, source=source)


@pytest.fixture(scope="module")
def model(source):
    return fitted(source, drawn(60, 2))


def test_a_true_source_answers_for_a_tiny_target(source):
    tiny = fitted(source, drawn(24, 3))
    assert tiny.chosen_ == "source"
    assert error(tiny) == error(tiny.source_) < error(tiny.target_)
    assert tiny.verdict_.startswith("source: ")


def test_a_misleading_source_is_left_for_the_targets_own_network(source):
    against = fitted(source, drawn(600, 4, sign=-1.0), max_steps=200)
    assert against.chosen_ == "target"
    assert error(against, sign=-1.0) < 0.2 * error(against.source_, sign=-1.0)
    assert against.losses_["target"] < against.losses_["source"]


def test_a_source_that_is_a_little_wrong_is_left_some_of_the_way(source):
    X, t, y = drawn(150, 5)
    somewhat = fitted(source, (X, t, y + 1.5 * t))
    assert somewhat.chosen_ == "transferred"
    assert 0 < somewhat.share_ <= 1
    probe = X[:20]
    begin, end, found = (network.effect(probe).mean() for network in (somewhat.source_, somewhat.transferred_, somewhat))
    assert begin < found <= end


def test_units_off_the_sources_are_answered_for_by_what_was_transferred(source):
    off = fitted(source, drawn(40, 6, at=3.0))
    assert off.outside_ > 0.5
    assert off.chosen_ == "transferred"
    assert off.share_ == 1


def test_without_a_guard_the_transferred_network_answers(source):
    unguarded = fitted(source, drawn(40, 7), guard=False)
    X = drawn(20, 8)[0]
    assert (unguarded.chosen_, unguarded.losses_) == ("transferred", {})
    assert unguarded.effect(X).tolist() == unguarded.transferred_.effect(X).tolist()


def test_treatment_that_follows_features_leaves_room_for_what_is_hidden():
    rng = np.random.default_rng(0)
    expected, weight = rng.normal(size=4_000), np.ones(4_000)
    fair, chosen = rng.random(4_000) < 0.5, rng.random(4_000) < 1 / (1 + np.exp(-2 * expected))
    assert hidden_bias(fair, expected, weight) < 0.1
    assert hidden_bias(chosen, expected, weight) > 2.0


def test_a_difference_that_hidden_causes_may_explain_overrules_nobody():
    pseudo, weight, nothing = np.full(100, 1.0), np.ones(100), np.zeros(100)
    effects = {"source": nothing, "transferred": np.full(100, 0.8), "target": np.full(100, 1.0)}
    sure = judge(Evidence(pseudo=pseudo, weight=weight, hidden=0.0), effects, "source")
    unsure = judge(Evidence(pseudo=pseudo, weight=weight, hidden=1.1), effects, "source")
    assert (sure.chosen, sure.share) == ("target", 1.0)
    assert (unsure.chosen, unsure.share) == ("source", 0.0)


@pytest.mark.parametrize(
    ("freeze", "still", "moved"),
    [
        ("representation", ["representation.0", "representation.1"], ["heads.0", "heads.1"]),
        (1, ["representation.0"], ["representation.1", "heads.0"]),
        ("none", [], ["representation.0", "representation.1", "heads.0", "heads.1"]),
    ],
)
def test_frozen_layers_do_not_move(source, freeze, still, moved):
    net = fitted(source, drawn(40, 9), freeze=freeze, guard=False, max_steps=20).transferred_
    same = {name: np.array_equal(net.weights_[name], source.network.weights_[name]) for name in net.weights_}
    assert all(same[f"{layer}.{part}"] for layer in still for part in ("weight", "bias"))
    assert not any(same[f"{layer}.weight"] for layer in moved)


def test_a_stronger_anchor_holds_the_weights_nearer(source):
    def moved(anchor):
        net = fitted(source, drawn(40, 10), anchor=anchor, guard=False).transferred_
        return sum(float(np.sum((net.weights_[name] - source.network.weights_[name]) ** 2)) for name in net.weights_)

    assert moved(1_000.0) < 0.2 * moved(1.0)


def test_two_phases_bring_the_arms_representations_nearer(source):
    import torch  # noqa: PLC0415

    from models.nets.ipm import wasserstein  # noqa: PLC0415

    X, t, y = drawn(80, 11, at=1.0)
    two = fitted(source, (X, t, y), strategy="two_phase", guard=False)
    theirs = source.network.representation(source.X)
    apart = {}
    for name in ("source", "transferred"):
        phi = getattr(two, f"{name}_").representation(X)
        pairs = [(phi[t == arm], theirs[np.asarray(source.treatment) == arm][:300]) for arm in (0, 1)] + [
            (phi[t == 0], phi[t == 1])
        ]
        apart[name] = sum(float(wasserstein(torch.tensor(x), torch.tensor(z))) for x, z in pairs)
    assert apart["transferred"] < 0.7 * apart["source"]


def test_of_several_sources_the_nearest_task_is_used(source):
    X, t, _ = drawn(1_000, 12)
    other = Source(X=X, treatment=t, outcome=np.sin(3 * X["c"]) + 3 * t * X["c"], name="far")
    model = fitted([other, Source(X=source.X, treatment=source.treatment, outcome=source.outcome, name="near")], drawn(80, 13))
    assert model.source_name_ == "near"
    assert 0 < model.affinity_["near"] < model.affinity_["far"] <= 1


def test_the_distance_of_a_task_to_itself_is_0_whatever_its_arms_are_called(source):
    from models.nets.affinity import distance  # noqa: PLC0415
    from models.observed import Observed  # noqa: PLC0415

    net, (X, t, y) = source.network, drawn(200, 14)
    own, renamed = net.rows(Observed.read(X, t, y)), net.rows(Observed.read(X, 1 - t, y))
    assert distance(net.network(), own, own, binary=False) == 0
    assert distance(net.network(), own, renamed, binary=False) == pytest.approx(0, abs=1e-6)
    far = net.rows(Observed.read(*drawn(200, 15, sign=-2.0, at=2.0)))
    assert distance(net.network(), own, far, binary=False) > 0.05


def test_equal_seeds_give_equal_bytes_and_files_keep_every_bit(source, model, tmp_path):
    again = fitted(source, drawn(60, 2))
    for number, one in enumerate((model, again)):
        dump_model(one, tmp_path / f"{number}.skops")
    assert (tmp_path / "0.skops").read_bytes() == (tmp_path / "1.skops").read_bytes()
    kept, X = load_model(tmp_path / "0.skops"), drawn(30, 16)[0]
    assert kept.response(X, [0, 1]).tolist() == model.response(X, [0, 1]).tolist()
    assert kept.verdict_ == model.verdict_


def test_response_prediction_and_branches_agree(model):
    X = drawn(10, 17)[0]
    response = model.response(X, [0, 1])
    assert model.effect(X, 0, 1).tolist() == (response[:, 1] - response[:, 0]).tolist()
    assert model.predict(X, np.ones(10)) == pytest.approx(response[:, 1])
    without, with_award = model.branches(X)
    assert without.estimator.predict(without.features) == pytest.approx(response[:, 0])
    assert with_award.estimator.predict(with_award.features) == pytest.approx(response[:, 1])


def test_weights_of_the_target_count(source):
    X, t, y = drawn(60, 18)
    weight = np.where(X["a"] > 0, 5.0, 0.1)
    plain = fitted(source, (X, t, y), guard=False, max_steps=20)
    weighted = TLTARNet(NETWORK, max_steps=20, folds=3).fit(X, t, y, weight, source=source)
    assert plain.target_.response(X, [0]).tolist() != weighted.target_.response(X, [0]).tolist()


def test_an_arm_of_one_unit_measures_nothing(source):
    X, _, y = drawn(12, 19)
    single = fitted(source, (X, np.eye(12)[0], y))
    assert single.chosen_ == "source"
    assert "measures nothing" in single.verdict_


def test_parts_hold_both_arms():
    treated = np.arange(20) < 7
    part = stratified(treated, 5, np.random.RandomState(0))
    assert sorted(np.unique(part)) == [0, 1, 2, 3, 4]
    assert all(treated[part == number].any() and (~treated[part == number]).any() for number in range(5))


def test_the_sources_own_units_lie_outside_in_a_hundred_once():
    features = np.random.default_rng(0).normal(size=(2_000, 4))
    assert share_outside(features, features) == 0.01
    assert share_outside(features, features + 4.0) > 0.9


@pytest.mark.parametrize(
    ("given", "settings", "said"),
    [
        (lambda X, t, y: (X.rename(columns={"c": "d"}), t, y), {}, "source must have the target's columns, lacks c and has d"),
        (lambda *_: [], {}, "must be sources of different names"),
        (lambda *_: "elsewhere", {}, r"must be a Source or \(X, treatment, y\), or a list of them, got 'elsewhere'"),
        (lambda *past: [Source(X=past[0], treatment=past[1], outcome=past[2])] * 2, {}, "must be sources of different names"),
        (lambda X, t, y: [(X, t, y), 3], {}, r"must be a Source or \(X, treatment, y\), or a list of them, got 3"),
        (lambda X, t, y: (X, 0 * t, y), {}, "at least two distinct amounts"),
        (lambda *past: past, {"freeze": 3}, r"freeze: must be none, representation or how many of its 2 layers, got 3"),
        (lambda *past: past, {"freeze": 2, "strategy": "two_phase"}, "adapts the representation"),
        (lambda *past: past, {"strategy": "copy"}, "strategy: must be one of finetune, two_phase"),
        (lambda *past: past, {"anchor": -1.0}, "anchor: must be a finite number ≥ 0"),
        (lambda *past: past, {"folds": 1}, "folds: must be a whole number of at least 2"),
    ],
)
def test_what_cannot_be_transferred_is_named(given, settings, said):
    past = drawn(40, 20)
    quick = clone(NETWORK).set_params(max_steps=2)
    with pytest.raises(ResponseError, match=said):
        TLTARNet(quick, max_steps=2, **settings).fit(*past, source=given(*past))


def test_a_binary_source_cannot_serve_another_outcome():
    X, t, y = drawn(60, 21)
    quick = clone(NETWORK).set_params(max_steps=2, outcome="auto")
    with pytest.raises(ResponseError, match="the source's outcome is 0/1, the target's is not"):
        TLTARNet(quick).fit(X, t, y, source=(X, t, (y > 0).astype(int)))
    binary = TLTARNet(quick, max_steps=5).fit(X, t, (y > 0).astype(int), source=(X, t, (y > 0).astype(int)))
    assert ((binary.response(X, [0, 1]) > 0) & (binary.response(X, [0, 1]) < 1)).all()
