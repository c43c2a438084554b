import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from models import ResponseError, support
from models.support import Support
from optimizer.edge.model_file import dump_model, load_model


def halves(n=400, seed=0):
    """Those with a low score were offered up to 1 000, those with a high one from 2 000 to 3 000; half of each nothing."""
    rng = np.random.default_rng(seed)
    score = np.concatenate([rng.uniform(0, 1, n // 2), rng.uniform(9, 10, n // 2)])
    award = np.where(score < 5, rng.uniform(100, 1_000, n), rng.uniform(2_000, 3_000, n)) * (rng.random(n) < 0.5)
    return pd.DataFrame({"score": score}), award


@pytest.fixture(scope="module")
def seen():
    return Support(20).fit(*halves())


def test_an_amount_is_supported_where_units_alike_received_about_as_much(seen):
    units = pd.DataFrame({"score": [0.5, 9.5]})
    allowed = seen.allowed(units, [0, 500, 1_500, 2_500])
    assert 100 < seen.bandwidth_ < 200
    assert allowed.tolist() == [[True, True, False, False], [True, False, False, True]]


def test_it_is_the_stated_rule():
    rng = np.random.default_rng(1)
    X, award = pd.DataFrame(rng.normal(size=(120, 2)), columns=["a", "b"]), rng.choice([0, 0, 10, 20, 50], 120)
    units, amounts = pd.DataFrame(2.0 * rng.normal(size=(40, 2)), columns=["a", "b"]), [0, 5, 10, 30, 49, 80]
    model = Support(15, least=2).fit(X, award)
    mean, sd = X.mean(), X.std(ddof=0)
    search = NearestNeighbors(n_neighbors=15).fit(((X - mean) / sd).to_numpy())
    distances, places = search.kneighbors(((X - mean) / sd).to_numpy())
    radius = np.quantile(distances[:, -1], 0.99)
    alike = [received[received > 0] for received in award[places]]
    spread, count = np.median([received.std() for received in alike]), np.median([received.size for received in alike])
    bandwidth = 0.9 * spread * count**-0.2
    assert (model.radius_, model.bandwidth_) == (pytest.approx(radius), pytest.approx(bandwidth))
    expected = np.zeros((40, 6), dtype=bool)
    for i, (distance, place) in enumerate(zip(*search.kneighbors(((units - mean) / sd).to_numpy()), strict=True)):
        received = award[place[distance <= radius]]
        expected[i] = [
            amount == 0 or np.sum((received > 0) & (np.abs(received - amount) <= bandwidth)) >= 2 for amount in amounts
        ]
    assert model.allowed(units, amounts).tolist() == expected.tolist()
    assert 0.2 < expected[:, 1:].mean() < 0.8


def test_no_award_is_always_supported_and_nothing_that_nobody_received(seen):
    rng = np.random.default_rng(2)
    units = pd.DataFrame({"score": rng.uniform(-100, 100, 300)})
    _, award = halves()
    amounts = np.sort(rng.uniform(0, 6_000, 40))
    far = np.abs(award[award > 0][:, None] - amounts).min(axis=0) > seen.bandwidth_
    allowed = seen.allowed(units, [0.0, *amounts])
    assert allowed[:, 0].all()
    assert far.any()
    assert not allowed[:, 1:][:, far].any()


def test_who_is_unlike_all_of_the_past_is_supported_at_nothing(seen):
    assert not seen.allowed(pd.DataFrame({"score": [40.0, -30.0]}), [500, 2_500]).any()


def test_awards_of_a_few_sizes_support_these_sizes_and_one_size_itself_alone():
    X = pd.DataFrame({"x": np.random.default_rng(0).random(200)})
    one = Support(50).fit(X, np.arange(200) % 2 * 700)
    assert one.bandwidth_ == 0
    assert one.allowed(X[:3], [0, 699, 700, 701]).tolist() == [[True, False, True, False]] * 3


def test_in_a_trial_nearly_everything_is_supported():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(2_000, 4)), columns=list("abcd"))
    award = rng.integers(1, 26, 2_000) * 100 * (rng.random(2_000) < 0.5)
    assert Support().fit(X, award).allowed(X[:300], range(0, 2_600, 100)).mean() > 0.98


def test_a_units_own_amount_is_supported_as_on_the_whole_table(seen, monkeypatch):
    rng = np.random.default_rng(4)
    units, amounts = pd.DataFrame({"score": rng.uniform(-1, 11, 90)}), np.arange(0, 4_000, 250)
    place = rng.integers(0, amounts.size, 90)
    table = seen.allowed(units, amounts)
    monkeypatch.setattr(support, "ROWS", 7)
    assert seen.allowed(units, amounts).tolist() == table.tolist()
    assert seen.allowed_at(units, amounts[place]).tolist() == table[np.arange(90), place].tolist()


def test_text_and_missing_values_are_compared_too():
    X = pd.DataFrame({"faculty": ["arts"] * 60 + ["law"] * 60, "score": [1.0, None] * 60})
    award = np.where(np.arange(120) < 60, 100, 900) * (np.arange(120) % 4 < 2)
    model = Support(20).fit(X, award)
    units = pd.DataFrame({"faculty": ["arts", "law"], "score": [None, 1.0]})
    assert model.allowed(units, [100, 900]).tolist() == [[True, False], [False, True]]


def test_a_long_history_is_drawn_from_the_same_each_time(monkeypatch):
    X, award = halves(2_000)
    units = X[::20]
    whole = Support(30).fit(X, award).allowed(units, [500, 2_500])
    monkeypatch.setattr(support, "MOST_PAST", 500)
    one, two = (Support(30).fit(X, award) for _ in range(2))
    assert one.treatment_.size == 500
    assert one.treatment_.tolist() == two.treatment_.tolist()
    assert (one.allowed(units, [500, 2_500]) == whole).mean() > 0.95


def test_it_is_kept(seen, tmp_path):
    dump_model(seen, tmp_path / "support.skops")
    units = pd.DataFrame({"score": np.linspace(-1, 11, 50)})
    again = load_model(tmp_path / "support.skops")
    assert again.allowed(units, range(0, 4_000, 100)).tolist() == seen.allowed(units, range(0, 4_000, 100)).tolist()


@pytest.mark.parametrize(("neighbours", "least"), [(0, 1), (5, 6), (5, 0), (2.5, 1)])
def test_counts_that_mean_nothing_are_refused(neighbours, least):
    with pytest.raises(ResponseError, match="Support: neighbours must be"):
        Support(neighbours, least).fit(*halves())
