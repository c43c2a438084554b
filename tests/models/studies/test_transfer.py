import numpy as np
import pytest

from models.base import ResponseError
from models.studies import published
from models.studies.transfer import cells, study, text
from models.studies.worlds import DIRECTION, Alike, Shifted

pytest.importorskip("torch")

MANY = 200_000


def contrast(drawn):
    return drawn.outcome[drawn.treatment > 0].mean() - drawn.outcome[drawn.treatment == 0].mean()


def test_world_1_has_the_stated_moments():
    world, rng = Alike(), np.random.default_rng(0)
    source = world.source(MANY, rng)
    covariance = np.cov(source.X.to_numpy(), rowvar=False)
    effect = world.effect(source.X)
    assert covariance == pytest.approx(0.5 * np.eye(5) + 0.5, abs=0.02)
    assert effect.mean() == pytest.approx(1.0, abs=0.003)
    assert effect.var() == pytest.approx(0.0375, rel=0.02)
    assert source.treatment.mean() == pytest.approx(0.5, abs=0.005)
    assert source.untreated.var() == pytest.approx(0.09 * 15 + 1, rel=0.02)
    assert contrast(source) == pytest.approx(1.0, abs=0.02)


def test_a_randomised_target_is_unbiased_and_a_confounded_one_is_not_but_has_the_same_units():
    world, rng = Alike(), np.random.default_rng(1)
    source = world.source(50_000, rng)
    fair, biased = (world.target(source, MANY, kind, rng) for kind in ("randomised", "confounded"))
    assert contrast(fair) == pytest.approx(1.0, abs=0.05)
    assert contrast(biased) > 2.0
    assert biased.X.to_numpy().mean() == pytest.approx(source.X.to_numpy().mean(), abs=0.02)
    assert biased.X.to_numpy().std() == pytest.approx(1.0, abs=0.02)
    inputs = np.column_stack([np.ones(MANY), biased.treatment, biased.X])
    adjusted = np.linalg.lstsq(inputs, biased.outcome, rcond=None)[0][1]
    assert adjusted == pytest.approx(1.85, abs=0.05)


def test_targets_of_world_1_are_rows_of_the_source():
    world, rng = Alike(), np.random.default_rng(2)
    source = world.source(100, rng)
    for kind in ("randomised", "confounded"):
        target = world.target(source, 250, kind, rng)
        assert len(target.X) == 250
        assert set(target.outcome) <= set(source.outcome)


def test_shifted_covariates_have_the_stated_mean_and_correlation():
    X = Shifted(shift="covariate", level=0.5).features(MANY, np.random.default_rng(3)).to_numpy()
    assert X.mean(axis=0) == pytest.approx(np.full(5, 0.5), abs=0.01)
    assert np.cov(X, rowvar=False) == pytest.approx(0.7 * np.eye(5) + 0.3, abs=0.02)


def test_each_shift_moves_one_thing_along_the_direction():
    X = Shifted().features(1_000, np.random.default_rng(4))
    moved = X.to_numpy() @ DIRECTION
    assert Shifted(shift="effect", level=0.5).effect(X) - Shifted().effect(X) == pytest.approx(0.5 * moved)
    assert Shifted(shift="prognostic", level=0.5).effect(X).tolist() == Shifted().effect(X).tolist()
    worlds = Shifted(), Shifted(shift="prognostic", level=1.0)
    plain, prognostic = (world.draw(1_000, "randomised", np.random.default_rng(5)) for world in worlds)
    assert prognostic.untreated - plain.untreated == pytest.approx(plain.X.to_numpy() @ DIRECTION)


def test_confounded_targets_of_world_2_treat_those_of_high_outcome():
    fair, biased = (Shifted().draw(MANY, kind, np.random.default_rng(6)) for kind in ("randomised", "confounded"))
    effect = Shifted().effect(fair.X).mean()
    assert contrast(fair) == pytest.approx(effect, abs=0.06)
    assert contrast(biased) > effect + 1.0


def test_the_published_tables_have_their_cells():
    first, second = published.study_1(), published.study_2()
    assert (len(first), len(cells("transfer-1")), len(cells("transfer-2"))) == (42, 42, 180)
    assert first.published_transfer.isna().sum() == 1
    assert first.set_index(["source", "target", "n"]).loc[(30_000, "randomised", 50), "published_transfer"] == 0.025
    assert second.duplicated(["source", "shift", "level", "target", "n"]).sum() == 0


def test_a_small_study_runs_and_does_not_depend_on_the_processes():
    where = {"source": 1_000, "n": 50, "target": "confounded"}
    table = study("transfer-1", 2, 3, small=True, where=where, n_jobs=1)
    assert table[["source", "target", "n"]].to_numpy().tolist() == [[1_000, "confounded", 50]]
    assert table[["transfer", "transfer_se", "target_only", "source_only", "unguarded"]].gt(0).all(axis=None)
    assert table.filter(like="chose_").sum(axis=1).tolist() == [1.0]
    assert table.effect.tolist() == pytest.approx([1.0], abs=0.01)
    assert table.effect_source_only.tolist() == pytest.approx([1.0], abs=0.5)
    assert table.published_transfer.tolist() == [0.374]
    assert table.equals(study("transfer-1", 2, 3, small=True, where=where, n_jobs=2))
    said = text("transfer-1", table)
    assert "the effect's variance is .0375: a constant effect would reach that" in said
    assert "0.374" in said


def test_study_2_stands_beside_its_published_cells():
    where = {"source": 5_000, "n": 100, "shift": "effect", "level": 1.0, "target": "randomised"}
    table = study("transfer-2", 1, 0, where=where, n_jobs=1)
    assert table.published_source.tolist() == [1.26]
    assert "Study 2" in text("transfer-2", table)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("transfer-3", {}, "must be one of transfer-1, transfer-2"),
        ("transfer-1", {"reps": 0}, "at least 1"),
        ("transfer-1", {"where": {"source": 7}}, "is none of the 42 cells"),
    ],
)
def test_an_unknown_study_is_refused(name, settings, said):
    with pytest.raises(ResponseError, match=said):
        study(name, **settings)
