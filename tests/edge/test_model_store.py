"""The store saves fits, and never stops a run."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from optimizer.edge import model_store
from optimizer.edge.model_store import ModelStore, default_folder, versions
from optimizer.errors import ModelError

MODEL = LinearRegression().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 3.0])
PARTS = {"data": "abc", "estimator": "sklearn.linear_model.LinearRegression", "params": {"a": 1, "b": [1.5, None]}, "seed": 0}


def test_a_kept_model_is_found_again_under_its_key(tmp_path):
    store = ModelStore(tmp_path / "models")
    key = store.key(PARTS)
    assert store.load(key) is None
    store.save(key, MODEL)
    assert ModelStore(tmp_path / "models").load(key).coef_.tolist() == MODEL.coef_.tolist()
    assert store.load(store.key(PARTS | {"seed": 1})) is None


def test_a_key_does_not_depend_on_the_order_of_its_parts():
    assert ModelStore.key(dict(reversed(PARTS.items()))) == ModelStore.key(PARTS)


@pytest.mark.parametrize(
    "change", [{"data": "abd"}, {"params": {"a": 1}}, {"params": {"a": "1", "b": [1.5, None]}}, {"seed": None}, {"more": 1}]
)
def test_a_key_follows_every_part(change):
    assert ModelStore.key(PARTS | change) != ModelStore.key(PARTS)


def test_numpy_numbers_are_the_numbers_they_hold():
    assert ModelStore.key({"a": np.int64(1), "b": np.array([1.5])}) == ModelStore.key({"a": 1, "b": [1.5]})


def test_a_key_follows_the_installed_versions(monkeypatch):
    before = ModelStore.key(PARTS)
    monkeypatch.setattr(model_store, "_version", lambda package: f"another {package}")
    assert ModelStore.key(PARTS) != before


def test_a_key_follows_the_models_own_source(monkeypatch):
    before = ModelStore.key(PARTS)
    monkeypatch.setattr(model_store, "_source", lambda: "edited")
    assert ModelStore.key(PARTS) != before


def test_a_boosting_packages_version_counts_only_where_it_is_used(monkeypatch):
    used = []
    monkeypatch.setattr(model_store, "versions", lambda packages: used.append(packages) or {})
    ModelStore.key(PARTS)
    ModelStore.key(PARTS | {"estimator": "xgboost.XGBClassifier"})
    assert used == [[], ["xgboost"]]


def test_versions_say_python_and_every_package():
    assert set(versions(["lightgbm"])) == {"python", "bursar", "numpy", "scikit-learn", "scipy", "skops", "lightgbm", "models"}
    assert versions(["no-such-package"])["no-such-package"] == "not installed"


def test_a_part_that_is_no_plain_value_is_refused():
    with pytest.raises(ModelError, match="must be plain values: got LinearRegression"):
        ModelStore.key({"estimator": MODEL})


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04noise"])
def test_a_damaged_file_counts_as_absent_is_removed_and_said(content, tmp_path, caplog):
    (tmp_path / "k.skops").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert ModelStore(tmp_path).load("k") is None
    assert list(tmp_path.iterdir()) == []
    assert "is not a readable model file" in caplog.text


def test_a_model_of_a_module_that_is_not_allowed_is_not_loaded(tmp_path, caplog):
    store = ModelStore(tmp_path, allowed_modules=())
    store.save("k", MODEL)
    assert store.load("k") is not None, "scikit-learn's public estimators hold nothing to allow"
    store.save("k", ForeignModel())
    assert store.load("k") is None
    assert "--allow-module" in caplog.text


class ForeignModel:
    """A class of a module nobody allowed."""

    def __init__(self):
        self.coefficient = 1.0


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("x")
    store = ModelStore(tmp_path / "file" / "models")
    store.save("k", MODEL)
    assert store.load("k") is None
    assert "the fitted model is not kept" in caplog.text


def test_a_model_that_cannot_be_kept_is_a_warning(tmp_path, caplog):
    ModelStore(tmp_path).save("k", (number for number in ()))
    assert "the fitted model is not kept" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_writers_at_once_leave_one_whole_file(tmp_path):
    store = ModelStore(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.save("k", MODEL), range(40)))
    assert [path.name for path in tmp_path.iterdir()] == ["k.skops"]
    assert store.load("k").intercept_ == MODEL.intercept_


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"BURSAR_CACHE": "/c/b", "XDG_CACHE_HOME": "/x"}, "/c/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/bursar/models"),
        ({"HOME": "/h"}, "/h/.cache/bursar/models"),
    ],
)
def test_the_folder_is_the_one_the_environment_names(environment, folder, monkeypatch):
    for name in ("BURSAR_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_folder() == Path(folder)
    assert ModelStore().folder == Path(folder)
