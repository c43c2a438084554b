import sys

import numpy as np
import pandas as pd
import pytest

from models import ResponseError
from models.uplift_tree import UpliftTree


@pytest.fixture(scope="module")
def model():
    """Only those who earn at most 4 million respond, of them lawyers more."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"income": 1e6 * rng.integers(1, 9, 4000), "faculty": rng.choice(["arts", "law", "science"], 4000)})
    award = rng.choice([0.0, 250_000.0], 4000)
    chance = 0.2 + (award > 0) * (X.income <= 4e6) * np.where(X.faculty == "law", 0.7, 0.3)
    return UpliftTree("euclidean", max_depth=2).fit(X, award, (rng.random(4000) < chance).astype(int))


def test_the_text_speaks_the_features_own_units(model):
    lines = model.to_text().splitlines()
    assert lines[0] == "arms: no award / 250,000"
    assert lines[1].startswith("everyone: n 1,948 / 2,052, rate 0.")
    assert lines[2].startswith("├─ income ≤ 4,500,000: n ")
    assert lines[3].startswith("│  ├─ faculty ≠ law: n ")
    assert lines[4].startswith("│  └─ faculty = law: n ")
    assert any(line.startswith("└─ income > 4,500,000: n ") for line in lines)
    assert len(lines) == 1 + len(model.tree_)


def test_a_line_says_units_rates_and_uplift_of_every_arm(model):
    (line,) = (line for line in model.to_text().splitlines() if "faculty = law" in line)
    law = int(np.flatnonzero(model.tree_.rates[:, 1] == model.tree_.rates[:, 1].max())[0])
    (few, many), (low, high) = model.tree_.counts[law], model.tree_.rates[law]
    assert line.endswith(f"n {few:.0f} / {many:.0f}, rate {low:.3f} / {high:.3f}, uplift {high - low:+.3f}")


def test_a_tree_of_one_leaf_is_one_line(past):
    text = UpliftTree(max_depth=0).fit(past.X, past.award, past.enrolled).to_text()
    assert len(text.splitlines()) == 2
    assert text.startswith("arms: no award / 500,000 / 1,000,000 / 2,500,000\neveryone: n ")


def test_the_figure_has_a_mark_for_every_node_and_a_line_to_every_child(model):
    pytest.importorskip("plotly", reason="drawing the figure needs plotly")
    figure = model.figure()
    lines, marks = figure.data
    assert len(marks.x) == len(model.tree_)
    assert len(lines.x) == 3 * (len(model.tree_) - 1)
    assert {note.text for note in figure.layout.annotations} >= {"income ≤ 4,500,000", "faculty = law"}
    best = model.tree_.rates[:, 1] - model.tree_.rates[:, 0]
    assert list(marks.marker.color) == pytest.approx(best)


def test_without_plotly_the_figure_says_what_is_missing(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ResponseError, match="needs plotly, which is not installed; pip install plotly"):
        model.figure()
