"""A programme whose applicants arrive over a season, and a ledger, in SQLite or PostgreSQL."""

import numpy as np
import pytest

from models.truth import ScholarshipWorld
from optimizer.edge.ledger import Ledger

SEASON = """\
name: {name}
units: {{table: {units}, id: student_id}}
history: {{table: history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score, gender, faculty]}}
model: {{kind: two_model, estimator: sklearn.ensemble.GradientBoostingRegressor, params: {{n_estimators: 20}}}}
amounts: {{max: 2_000_000, step: 500_000, currency: JPY}}
season: {{budget: 30_000_000, recipients: 40, ends: 2026-12-31, expected_units: 300}}
limits:
  - {{measure: recipients, at_least: 40%, of: recipients, where: {{gender: F}}, name: women}}
solver: {{backend: highs}}
"""


@pytest.fixture
def programme(tmp_path):
    """Writes who has arrived, and the scenario that decides about them: (rows, name) → its path."""
    world = ScholarshipWorld()
    world.draw_history(np.random.default_rng(1), n=1_500).to_csv(tmp_path / "history.csv", index=False)
    everybody = world.draw_applicants(np.random.default_rng(2), n=2_200, first=2_001)

    def write(rows, name="season"):
        everybody.iloc[rows].to_csv(tmp_path / f"{name}.csv", index=False)
        path = tmp_path / f"{name}.yaml"
        path.write_text(SEASON.format(name=name, units=f"{name}.csv"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def ledger(where):
    """Where an empty ledger is, in SQLite and in PostgreSQL."""
    Ledger.create(where)
    return where
