import subprocess
import sys

import pytest
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from models import ClassTransform, ResponseError, SLearner, build_estimator, build_model
from models.catalogue import KINDS


def test_a_path_alone_is_an_estimator_with_its_defaults_and_the_seed():
    estimator = build_estimator("sklearn.ensemble.RandomForestClassifier", random_state=5)
    assert isinstance(estimator, RandomForestClassifier)
    assert estimator.random_state == 5


def test_a_seed_that_was_given_stays_and_no_seed_is_given_where_none_is_taken():
    given = {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"random_state": 9}}
    assert build_estimator(given).random_state == 9
    assert "random_state" not in build_estimator("sklearn.naive_bayes.GaussianNB").get_params()


def test_parameters_may_name_estimators():
    nested = {"estimator": "sklearn.svm.SVC", "params": {"C": 2.0}}
    spec = {"estimator": "sklearn.calibration.CalibratedClassifierCV", "params": {"estimator": nested, "cv": 3}}
    estimator = build_estimator(spec)
    assert isinstance(estimator, CalibratedClassifierCV)
    assert isinstance(estimator.estimator, SVC)
    assert (estimator.estimator.C, estimator.estimator.random_state) == (2.0, 0)


def test_a_pipelines_steps_are_written_as_lists():
    steps = [
        ["scale", {"estimator": "sklearn.preprocessing.StandardScaler"}],
        ["fit", {"estimator": "sklearn.linear_model.LogisticRegression"}],
    ]
    estimator = build_estimator({"estimator": "sklearn.pipeline.Pipeline", "params": {"steps": steps}})
    assert isinstance(estimator, Pipeline)
    assert [type(step) for _, step in estimator.steps] == [StandardScaler, LogisticRegression]
    assert estimator.steps[0][0] == "scale"


def test_a_plain_mapping_and_a_plain_list_stay_what_they_are():
    spec = {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"monotonic_cst": {"amount": 1}}}
    assert build_estimator(spec).monotonic_cst == {"amount": 1}
    network = {"estimator": "sklearn.neural_network.MLPClassifier", "params": {"hidden_layer_sizes": [30, 30]}}
    assert build_estimator(network).hidden_layer_sizes == [30, 30]


def test_boosting_libraries_pass_other_parameters_on_but_slips_are_found():
    params = {"verbose": -1, "monotone_constraints": {"amount": 1}}
    estimator = build_estimator({"estimator": "lightgbm.LGBMClassifier", "params": params})
    assert isinstance(estimator, LGBMClassifier)
    with pytest.raises(ResponseError, match="no parameter 'max_dpth'; did you mean max_depth"):
        build_estimator({"estimator": "lightgbm.LGBMClassifier", "params": {"max_dpth": 3}})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("os.system", "got os.system; allow another on the command line with --allow-module os"),
        ("subprocess.Popen", "--allow-module subprocess"),
        ("sklearn_evil.Thing", "--allow-module sklearn_evil"),
        ("SVC", "must be an import path such as"),
        ("sklearn.svm.", "must be an import path such as"),
        ("sklearn..svm.SVC", "must be an import path such as"),
        ("sklearn.svm._base.BaseSVC", "must be an import path such as"),
        ("sklearn.svm.__class__", "must be an import path such as"),
        ("sklearn.svm.SVC; import os", "must be an import path such as"),
        ("sklearn.svm.SVMC", "must name a class, got sklearn.svm.SVMC; did you mean"),
        ("sklearn.svms.SVC", "must name a module that can be imported, got sklearn.svms"),
        ("sklearn.svm.SVC.fit", "must name a module that can be imported"),
        ("sklearn.metrics.accuracy_score", "must name a class"),
        ("sklearn.base.BaseEstimator", "must name an estimator with fit"),
        ("sklearn.exceptions.NotFittedError", "must name an estimator with fit"),
        ("sklearn.preprocessing.StandardScaler", "StandardScaler, which only transforms"),
        ({"estimator": "sklearn.svm.SVC", "params": {"Q": 1}}, "model.params: SVC has no parameter 'Q'"),
        ({"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimator": 1}}, "did you mean n_estimators"),
        ({"estimator": "sklearn.svm.SVC", "parms": {}}, "must be an import path, or"),
        ({"params": {}}, "must be an import path, or"),
        ({"estimator": "sklearn.svm.SVC", "params": [1]}, "must be an import path, or"),
        ({"estimator": "sklearn.pipeline.Pipeline"}, "model.params: sklearn.pipeline.Pipeline cannot be built"),
    ],
)
def test_what_is_no_estimator_of_an_allowed_module_is_refused(spec, said):
    with pytest.raises(ResponseError, match=said):
        build_estimator(spec)


def test_a_nested_fault_says_where_it_is():
    spec = {"estimator": "sklearn.calibration.CalibratedClassifierCV", "params": {"estimator": {"estimator": "evil.Model"}}}
    with pytest.raises(ResponseError, match=r"model\.params\.estimator\.estimator: modules that may be named"):
        build_estimator(spec)


def test_a_module_that_is_not_allowed_is_not_even_imported():
    with pytest.raises(ResponseError, match="--allow-module"):
        build_estimator("antigravity.Fly")
    assert "antigravity" not in sys.modules


OWN = """
import getpass
class Own:
    def __init__(self, depth=1): self.depth = depth
    def fit(self, X, y): return self
    def predict(self, X): return [0.0] * len(X)
    def get_params(self, deep=True): return {"depth": self.depth}
class Half:
    def fit(self, X, y): return self
"""


def test_an_allowed_module_may_hold_estimators_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "own_estimators.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    assert build_estimator({"estimator": "own_estimators.Own", "params": {"depth": 4}}, allowed=["own_estimators"]).depth == 4
    with pytest.raises(ResponseError, match="must name an estimator with fit"):
        build_estimator("own_estimators.Half", allowed=["own_estimators"])
    with pytest.raises(ResponseError, match="must name a class"):
        build_estimator("own_estimators.getpass", allowed=["own_estimators"])


def test_a_boosting_library_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ResponseError, match=r"xgboost is not installed.*install bursar\[boosting\]"):
        build_estimator("xgboost.XGBClassifier")


WITHOUT = ("uplift_tree", "uplift_forest", "tarnet", "tl_tarnet")
"""Kinds that are made of no estimator."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT])
def test_a_kind_is_built_around_its_estimator(kind):
    model = build_model(kind, {"estimator": "sklearn.linear_model.LogisticRegression", "params": {"C": 3.0}}, {"prepare": "auto"})
    assert type(model) is KINDS[kind]
    assert model.estimator.C == 3.0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in WITHOUT])
def test_a_kind_of_its_own_is_built_from_its_parameters_and_gets_the_seed(kind):
    model = build_model(kind, random_state=7)
    assert type(model) is KINDS[kind]
    assert model.random_state == 7


def test_a_network_within_a_learner_is_written_by_its_parameters():
    model = build_model("tl_tarnet", None, {"network": {"head_width": 8}, "folds": 2}, random_state=7)
    assert (model.network.head_width, model.network.random_state, model.folds) == (8, 7, 2)
    with pytest.raises(ResponseError, match="TARNet has no parameter 'head_with'; did you mean head_width"):
        build_model("tl_tarnet", None, {"network": {"head_with": 8}})


@pytest.mark.parametrize("kind", ["transformed_outcome", "x_learner", "dr_learner"])
def test_an_option_that_is_an_estimator_may_be_named_within(kind):
    forest = {"estimator": "sklearn.ensemble.RandomForestClassifier"}
    scaled = {"estimator": "sklearn.pipeline.Pipeline", "params": {"steps": [["fit", forest]]}}
    effect = {} if kind == "transformed_outcome" else {"effect_estimator": {"estimator": "sklearn.linear_model.Ridge"}}
    model = build_model(kind, "sklearn.linear_model.Ridge", {"propensity": scaled, "tiers": 3} | effect, random_state=7)
    assert model.propensity.steps[0][1].random_state == 7
    assert (model.tiers, model.random_state) == (3, 7)


def test_networks_are_built_without_torch():
    seen = "import sys, models; models.build_model('tarnet'); print(sorted({'torch', 'plotly'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_learners_options_may_name_estimators_and_get_the_seed():
    options = {"propensity": {"estimator": "sklearn.linear_model.LogisticRegression"}}
    model = build_model("class_transform", "sklearn.svm.SVC", options, random_state=4)
    assert isinstance(model, ClassTransform)
    assert isinstance(model.propensity, LogisticRegression)
    assert (model.random_state, model.estimator.random_state) == (4, 4)


def test_an_estimator_may_be_given_as_such():
    estimator = LogisticRegression()
    model = build_model("s_learner", estimator)
    assert isinstance(model, SLearner)
    assert model.estimator is estimator


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("two_models", None, "model.kind: must be one of .* got 'two_models'; did you mean two_model"),
        ("s_learner", {"propensity": 0.5}, "SLearner has no parameter 'propensity'"),
        ("uplift_tree", None, "model.estimator: uplift_tree is made of no estimator; leave it out"),
        ("tarnet", {"max_step": 5}, "model: TARNet has no parameter 'max_step'; did you mean max_steps"),
    ],
)
def test_an_unknown_kind_or_option_is_refused(kind, options, said):
    with pytest.raises(ResponseError, match=said):
        build_model(kind, "sklearn.svm.SVC", options)


def test_a_kind_that_needs_an_estimator_says_so():
    with pytest.raises(ResponseError, match=r"model\.estimator: dr_learner is made of an estimator, got none; name one"):
        build_model("dr_learner")
