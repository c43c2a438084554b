"""Response curves against predict on the expanded grid, in one run: 100 000 applicants of the scholarship world, 51 amounts.

Printed per kind of model: how many times faster, and the largest difference. The grid is measured on the first 20 000 and scaled
linearly, which favours it: its rows come in blocks either way.
"""

from __future__ import annotations

import warnings
from time import perf_counter

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from models import Branch, SLearner
from models.curves import curves_of
from models.grid import predicted_on_grid
from models.truth import ScholarshipWorld

UNITS, ON_GRID = 100_000, 20_000
AMOUNTS = np.arange(51) * 50_000.0
FEATURES = ["family_income", "family_size", "exam_score", "distance_km", "gender", "first_generation", "faculty", "region"]
MODELS = {
    "boosting 100 x 3": (GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=0), 8.0),
    "histogram boosting 100": (HistGradientBoostingClassifier(max_iter=100, random_state=0), 8.0),
    "forest 100, depth 6": (RandomForestClassifier(100, max_depth=6, random_state=0), 4.0),
    "forest 10, any depth": (RandomForestClassifier(10, random_state=0), 1.5),
    "scaled logistic": (make_pipeline(StandardScaler(), LogisticRegression()), 5.0),
    "network 30, 30": (MLPClassifier((30, 30), max_iter=40, random_state=0), 2.0),
    "XGBoost 100": (XGBClassifier(n_estimators=100, random_state=0), 4.0),
    "LightGBM 100": (LGBMClassifier(n_estimators=100, random_state=0, verbose=-1), 4.0),
}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    world = ScholarshipWorld()
    return world.draw_history(rng).dropna(subset=["enrolled"]), world.draw_applicants(rng, UNITS)


@pytest.fixture(scope="module", params=MODELS)
def kind(request, tables):
    past, applicants = tables
    estimator, target = MODELS[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SLearner(estimator).fit(past[FEATURES], past["award"], past["enrolled"].astype(int))
    return request.param, model.branches(applicants[FEATURES])[0], target


def test_curves_are_faster_than_predict_on_the_grid(benchmark, kind, capsys):
    name, branch, target = kind
    values = benchmark.pedantic(curves_of, args=(branch, AMOUNTS), rounds=3, warmup_rounds=1)
    some = Branch(estimator=branch.estimator, features=branch.features[:ON_GRID], column=branch.column, scale=branch.scale)
    start = perf_counter()
    grid = predicted_on_grid(some, AMOUNTS)
    ratio = (perf_counter() - start) * UNITS / ON_GRID / benchmark.stats["min"]
    gap = np.abs(values[:ON_GRID] - grid).max()
    with capsys.disabled():
        print(f"\n{name:24s} {ratio:6.1f} x faster, largest difference {gap:.1e}")
    assert gap <= 1e-12
    assert ratio >= target
