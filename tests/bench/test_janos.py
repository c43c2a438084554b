"""The student-enrolment case of JANOS (Bergman et al. 2022): 6 000 applicants, merit 0 … 2.5 K$ in 51 steps, a budget of
0.2 n K$, at most 0.2 n of them; each model's plan proven optimal within the licence that pip brings, equal for both backends.

The data is in the repository INFORMSJoC/2020.1023; the benchmark is skipped where the folder is not (BURSAR_JANOS names it).
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from models import SLearner
from optimizer import Amounts, Limit, Solver, allocate

FOLDER = Path(os.environ.get("BURSAR_JANOS", Path(__file__).parents[3] / "shared" / "data" / "janos"))
AMOUNTS = Amounts.grid(max=2500, step=50)
MODELS = {
    "linear": LinearRegression(),
    "logistic": LogisticRegression(),
    "tree": DecisionTreeRegressor(max_depth=6, random_state=0),
    "forest": RandomForestRegressor(100, max_depth=6, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=100, random_state=0),
    "histogram boosting": HistGradientBoostingRegressor(random_state=0),
    "network": MLPRegressor(hidden_layer_sizes=(30, 30), random_state=0, max_iter=300),
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the JANOS data is not there; name its folder with BURSAR_JANOS")


@pytest.fixture(scope="module")
def tables():
    past = pd.read_csv(FOLDER / "college_student_enroll-s1-1.csv")
    applicants = pd.read_csv(FOLDER / "college_applications6000.csv", encoding="utf-8-sig")
    return past, applicants


@pytest.fixture(scope="module", params=MODELS)
def values(request, tables):
    past, applicants = tables
    model = SLearner(MODELS[request.param]).fit(past[["SAT", "GPA"]], past["merit"] * 1000, past["enroll"])
    return model.response(applicants[["SAT", "GPA"]], AMOUNTS)


def limits(n):
    return [Limit.cost(at_most=200 * n), Limit.recipients(at_most=0.2)]


@pytest.mark.parametrize("backend", ["gurobi", "highs"])
def test_janos_is_proven_optimal(benchmark, values, backend):
    plan = benchmark.pedantic(
        allocate, args=(values, AMOUNTS, limits(len(values))), kwargs={"solver": Solver(backend=backend)}, rounds=3
    )
    other = allocate(values, AMOUNTS, limits(len(values)), solver=Solver(backend="highs" if backend == "gurobi" else "gurobi"))
    assert plan.gap <= 1e-9
    assert plan.value == pytest.approx(other.value, rel=1e-9)
    assert benchmark.stats["min"] < 2.0
