"""Public layouts of IHDP, whose errors are counted against the expectations they hold."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from models import ResponseError, TwoModel
from models.studies.ihdp import PUBLISHED, replications, study, summary


def test_an_npz_pair_holds_672_infants_to_fit_on_and_75_apart(ihdp):
    pairs = list(replications(ihdp / "ihdp_npci_1-3.train.npz"))
    assert [(len(inside.X), len(apart.X)) for inside, apart in pairs] == [(672, 75)] * 3
    assert sum(part.treatment.sum() for part in pairs[0]) == 139
    assert pairs[0][0].X.shape[1] == 25


def test_of_csv_files_a_seeded_tenth_is_set_aside_and_they_hold_the_same_infants(ihdp):
    inside, apart = next(replications(ihdp / "csv", seed=1))
    assert (len(inside.X), len(apart.X)) == (672, 75)
    whole = np.sort(np.concatenate([part.outcome for part in next(replications(ihdp / "ihdp_npci_1-3.train.npz"))]))
    assert np.allclose(np.sort(np.concatenate([inside.outcome, apart.outcome])), whole)
    again, other = (next(replications(ihdp / "csv", seed=seed))[1] for seed in (1, 2))
    assert again.outcome.tolist() == apart.outcome.tolist() != other.outcome.tolist()


def test_a_header_makes_no_difference_and_ten_comes_after_nine(ihdp, tmp_path):
    for number, source in ((9, 1), (10, 2)):
        (tmp_path / f"ihdp_npci_{number}.csv").write_bytes((ihdp / "csv" / f"ihdp_npci_{source}.csv").read_bytes())
    of_folder = [inside.mu0.sum() for inside, _ in replications(tmp_path)]
    alone = [next(replications(tmp_path / f"ihdp_npci_{number}.csv"))[0].mu0.sum() for number in (9, 10)]
    assert of_folder[0] == alone[0]
    assert len(of_folder) == 2
    assert all(len(inside.X) == 672 for inside, _ in replications(tmp_path))


def test_errors_are_those_of_the_effects_against_the_expectations(ihdp):
    inside, _ = next(replications(ihdp / "ihdp_npci_1-3.train.npz"))
    true = inside.mu1 - inside.mu0
    assert inside.errors(true) == (0.0, 0.0)
    assert inside.errors(true + 2.0) == pytest.approx((2.0, 2.0))
    assert inside.errors(true + np.where(np.arange(672) % 2, 1.0, -1.0)) == pytest.approx((1.0, 0.0))


def test_least_squares_one_an_arm_are_counted_as_by_hand(ihdp):
    path = ihdp / "ihdp_npci_1-3.train.npz"
    errors = study(TwoModel(LinearRegression()), path, reps=2)
    assert len(errors) == 2
    inside, apart = next(itertools.islice(replications(path), 1, None))
    arms = [LinearRegression().fit(inside.X[inside.treatment == arm], inside.outcome[inside.treatment == arm]) for arm in (0, 1)]
    for part, column in ((inside, "in"), (apart, "out")):
        effect = arms[1].predict(part.X) - arms[0].predict(part.X)
        pehe = np.sqrt(np.mean((effect - part.mu1 + part.mu0) ** 2))
        assert errors[f"pehe_{column}"][1] == pytest.approx(pehe)
    row = summary("least squares", errors)
    assert row["pehe_in"] == pytest.approx(errors["pehe_in"].mean())
    assert row["se_out"] == pytest.approx(errors["pehe_out"].std() / np.sqrt(2))
    assert set(PUBLISHED.columns) < set(row)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ihdp_npci_1-3.test.npz", "must be the train file of a pair"),
        ("none.train.npz", "no such file; the train and the test file must lie side by side"),
        ("none.csv", "no such file"),
        ("empty", r"has no \.csv file"),
        ("short.csv", "must have the 30 columns treatment, y_factual, .* got 3"),
        ("words.csv", "must hold numbers"),
        ("keys.train.npz", "lacks the arrays t, yf, mu0, mu1"),
        ("shape.train.npz", r"must hold x \(n, 25, R\)"),
        ("text.train.npz", "is not a readable npz file"),
    ],
)
def test_files_of_another_layout_are_named_and_told_what_they_should_be(ihdp, tmp_path, name, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "short.csv").write_text("1,2,3\n")
    (tmp_path / "words.csv").write_text(",".join(["1"] * 29 + ["many"]) + "\n")
    (tmp_path / "text.train.npz").write_text("hello")
    np.savez(tmp_path / "keys.train.npz", x=np.zeros((5, 25, 1)))
    np.savez(tmp_path / "shape.train.npz", **{key: np.zeros((5, 25)) for key in ("x", "t", "yf", "mu0", "mu1")})
    (tmp_path / "ihdp_npci_1-3.test.npz").write_bytes((ihdp / "ihdp_npci_1-3.test.npz").read_bytes())
    with pytest.raises(ResponseError, match=says):
        next(replications(tmp_path / name))
