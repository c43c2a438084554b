"""A small scenario on disk, and a model store that no other run shares."""

import os

import numpy as np
import pytest

from models.truth import ScholarshipWorld

SCENARIO = """\
name: small
units: {{table: applicants.csv, id: student_id}}
history: {{table: history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score, gender, faculty]}}
model: {{kind: s_learner, estimator: {estimator}}}
amounts: {{max: 2_000_000, step: 500_000, currency: JPY}}
limits:
  - {{measure: cost, at_most: 10_000_000}}
  - {{measure: recipients, at_most: 20%}}
  - {{measure: recipients, at_least: 40%, of: recipients, where: {{gender: F}}, name: women}}
"""


@pytest.fixture(scope="session", autouse=True)
def _own_model_store(tmp_path_factory):
    os.environ["BURSAR_CACHE"] = str(tmp_path_factory.mktemp("models"))


@pytest.fixture
def folder(tmp_path):
    """A folder with history.csv (600 rows), applicants.csv (60 rows) and small.yaml."""
    world = ScholarshipWorld()
    world.draw_history(np.random.default_rng(1), n=600).to_csv(tmp_path / "history.csv", index=False)
    world.draw_applicants(np.random.default_rng(2), n=60, first=601).to_csv(tmp_path / "applicants.csv", index=False)
    estimator = "sklearn.tree.DecisionTreeRegressor, params: {max_depth: 4}"
    (tmp_path / "small.yaml").write_text(SCENARIO.format(estimator=estimator), encoding="utf-8")
    return tmp_path
