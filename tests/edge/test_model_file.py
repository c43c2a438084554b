"""A model file gives back the same model, and never runs what its author wrote."""

import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from models.s_learner import SLearner
from models.two_model import TwoModel
from optimizer.edge.model_file import dump_model, load_model, trusted
from optimizer.errors import ModelError

RNG = np.random.default_rng(0)
N = 80
X = pd.DataFrame({"age": RNG.normal(size=N), "income": RNG.normal(size=N), "gender": RNG.choice(["F", "M"], N)})
X.loc[3, "age"] = np.nan
AWARD = RNG.choice([0.0, 100.0], N)
Y = (RNG.random(N) < 0.5).astype(int)

ESTIMATORS = [
    LogisticRegression(),
    RandomForestClassifier(5),
    GradientBoostingClassifier(n_estimators=3),
    HistGradientBoostingClassifier(max_iter=3),
    MLPClassifier((3,), solver="lbfgs"),
    CalibratedClassifierCV(SVC(), ensemble=False),
    KNeighborsClassifier(),
    make_pipeline(SelectKBest(f_classif, k=1), LogisticRegression()),
    make_pipeline(SplineTransformer(), LogisticRegression()),
]


def kept(model, tmp_path):
    dump_model(model, tmp_path / "model.skops")
    return load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_any_pipeline_predicts_after_loading_what_it_did_before(estimator, tmp_path):
    prepare = ColumnTransformer([("n", SimpleImputer(), ["age", "income"]), ("t", OneHotEncoder(), ["gender"])])
    model = make_pipeline(prepare, estimator).fit(X, Y)
    np.testing.assert_array_equal(kept(model, tmp_path).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("package", ["xgboost.XGBClassifier", "lightgbm.LGBMClassifier"])
def test_boosting_packages_are_kept_too(package, tmp_path):
    module, _, name = package.partition(".")
    model = getattr(pytest.importorskip(module), name)(n_estimators=3, verbosity=0 if module == "xgboost" else -1)
    model.fit(X[["age", "income"]], Y)
    np.testing.assert_array_equal(
        kept(model, tmp_path).predict_proba(X[["age", "income"]]), model.predict_proba(X[["age", "income"]])
    )


@pytest.mark.parametrize(
    "model", [SLearner(RandomForestClassifier(5)), TwoModel(DecisionTreeRegressor(max_depth=3))], ids=lambda m: type(m).__name__
)
def test_our_own_learners_respond_after_loading_as_they_did_before(model, tmp_path):
    model.fit(X, AWARD, Y)
    np.testing.assert_array_equal(kept(model, tmp_path).response(X, [0, 100]), model.response(X, [0, 100]))


def test_writing_leaves_the_model_file_and_nothing_beside_it(tmp_path):
    kept(LogisticRegression(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.skops"]


def test_a_model_that_cannot_be_kept_is_a_model_error_and_leaves_no_file(tmp_path):
    with pytest.raises(ModelError, match="generator cannot be kept"):
        dump_model((number for number in ()), tmp_path / "model.skops")
    assert list(tmp_path.iterdir()) == []


def hostile(path, schema):
    """A skops file as an attacker writes it: any loader, any name."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("schema.json", json.dumps(schema | {"protocol": skops.io._protocol.PROTOCOL, "_skops_version": "0.16"}))
    return path


def call(module, name, *arguments):
    """The node that calls module.name(*arguments) as soon as it is built."""
    values = [
        {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(a), "is_json": True}
        for a in arguments
    ]
    content = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": values}
    return {"__class__": name, "__module__": module, "__loader__": "ConstructorFromReduceNode", "content": content}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("subprocess", "check_output"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("functools", "partial"),
        ("operator", "methodcaller"),
        ("numpy", "memmap"),
        ("numpy", "load"),
        ("scipy.io", "netcdf_file"),
        ("sklearn.utils._testing", "check_output"),
        ("sklearn.utils._testing", "TempMemmap"),
        ("sklearn.datasets._base", "load_files"),
        ("xgboost.core", "DMatrix"),
        ("models.catalogue", "build_model"),
        ("models.s_learner", "Any"),
        ("joblib", "load"),
    ],
)
@pytest.mark.parametrize(
    "allowed", [("sklearn", "xgboost", "lightgbm"), ("sklearn", "xgboost", "lightgbm", "os", "builtins", "functools")]
)
def test_a_file_that_names_a_call_is_refused_and_the_call_is_not_made(module, name, allowed, tmp_path, monkeypatch):
    trace = tmp_path / "trace"
    path = hostile(tmp_path / "model.skops", call(module, name, f"touch {trace}"))
    monkeypatch.setattr(skops.io, "load", lambda *_, **__: pytest.fail("nothing of the file may be built"))
    with pytest.raises(ModelError, match=re.escape(f"{module}.{name}")):
        load_model(path, allowed_modules=allowed)
    assert not trace.exists()


def test_the_file_used_here_as_an_attack_would_work_on_one_who_trusts_it(tmp_path):
    trace = tmp_path / "trace"
    path = hostile(tmp_path / "model.skops", call("os", "system", f"touch {trace}"))
    skops.io.load(path, trusted=["os.system"])
    assert trace.exists()


def test_a_call_hidden_deep_in_a_good_model_is_refused(tmp_path):
    trace = tmp_path / "trace"
    buffer = io.BytesIO(skops.io.dumps(make_pipeline(LogisticRegression()).fit(X[["income"]], Y)))
    with zipfile.ZipFile(buffer) as good:
        schema = json.loads(good.read("schema.json"))
        files = {name: good.read(name) for name in good.namelist() if name != "schema.json"}
    schema["content"]["content"]["memory"] = call("os", "system", f"touch {trace}")
    path = hostile(tmp_path / "model.skops", schema)
    with zipfile.ZipFile(path, "a") as bad:
        for name, content in files.items():
            bad.writestr(name, content)
    with pytest.raises(ModelError, match=r"got os\.system; no estimator needs these; do not use this file"):
        load_model(path)
    assert not trace.exists()


def test_another_modules_class_names_the_option_that_allows_it(tmp_path):
    path = hostile(tmp_path / "model.skops", call("hypothesis.errors", "HypothesisException", "x"))
    with pytest.raises(
        ModelError, match=r"got hypothesis\.errors\.HypothesisException; if you trust .* --allow-module hypothesis"
    ):
        load_model(path)
    assert str(load_model(path, allowed_modules=("sklearn", "hypothesis"))) == "x"


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.tree._tree.Tree",
        "sklearn.pipeline.Pipeline",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "numpy.dtype",
    ],
)
def test_what_estimators_are_made_of_is_trusted(name):
    assert trusted(name)


@pytest.mark.parametrize(
    "name",
    [
        "sklearn",
        "sklearn.absent.Thing",
        "sklearn.pipeline.Pipeline.fit",
        "sklearn.pipeline.absent",
        "sklearnx.Pipeline",
        "",
        ".x",
    ],
)
def test_a_name_that_is_no_class_of_an_allowed_module_is_not_trusted(name):
    assert not trusted(name)


def damaged(path, how):
    data = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "noise": b"noise" * 50,
            "short": data[: len(data) // 2],
            "flipped": data[:200] + b"\xff" * 50 + data[250:],
        }[how]
    )


@pytest.mark.parametrize("how", ["empty", "noise", "short", "flipped"])
def test_a_damaged_file_is_a_model_error_with_a_remedy(how, tmp_path):
    path = tmp_path / "model.skops"
    dump_model(LogisticRegression().fit(X[["income"]], Y), path)
    damaged(path, how)
    with pytest.raises(ModelError, match="run again to write it anew"):
        load_model(path)


@pytest.mark.parametrize(
    "schema", [{}, {"__loader__": "NoNode", "__class__": "a", "__module__": "b"}, {"__loader__": "TupleNode"}]
)
def test_a_file_that_skops_did_not_write_is_a_model_error(schema, tmp_path):
    with pytest.raises(ModelError, match="is not a readable model file"):
        load_model(hostile(tmp_path / "model.skops", schema))


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="no such model file"):
        load_model(tmp_path / "model.skops")
