"""Objective, support and shape in a whole run: what it leaves proves itself again, and what was changed is found."""

import json

import pandas as pd
import pytest

from models.ensemble import Ensemble
from optimizer import ScenarioError, VerificationError, frontier, read_scenario, solve, verify
from optimizer.edge.fitted import fitted_support
from optimizer.edge.model_file import load_model
from optimizer.edge.model_store import ModelStore
from optimizer.edge.outputs import _canonical, sha256_of
from optimizer.edge.sources import read_sources
from optimizer.run import Options

LOWER = Options(overrides=("objective={lower: 0.1, members: 4}",))


def resealed(certificate, change):
    """A forger's certificate: changed, and sealed again."""
    document = json.loads(certificate.read_text())
    document.pop("seal")
    change(document)
    certificate.write_text(json.dumps(document | {"seal": sha256_of(_canonical(document))}))


def test_a_cautious_plan_is_left_with_its_ensemble_and_proves_itself_again(folder):
    plan = solve(folder / "small.yaml", out=folder / "out", options=LOWER)
    said = plan.certificate.cautious
    assert said.before - 1e-9 <= said.value <= said.bound + 1e-9
    assert said.best >= plan.certificate.value - 1e-9
    assert isinstance(load_model(folder / "out" / "model" / "model.skops"), Ensemble)
    again = verify(folder / "out").cautious
    assert (again.value, again.dual_bound) == (pytest.approx(said.value), pytest.approx(said.dual_bound))


@pytest.mark.parametrize(("key", "change"), [("value", 0.5), ("bound", 5.0), ("best", 50.0), ("figure", 0.1)])
def test_a_forged_cautious_claim_is_found(folder, key, change):
    solve(folder / "small.yaml", out=folder / "out", options=LOWER)

    def forge(document):
        document["certificate"]["cautious"][key] += change

    resealed(folder / "out" / "certificate.json", forge)
    with pytest.raises(VerificationError):
        verify(folder / "out")


def test_between_both_objectives_lie_proven_plans(folder):
    table = frontier(folder / "small.yaml", "objective", points=3, options=LOWER)
    assert table["weight"].tolist() == [0.0, 0.5, 1.0]
    assert table["expected"].is_monotonic_decreasing or table["expected"].diff().max() < 1e-9
    assert table["cautious"].diff().min() > -1e-9
    assert (table["gap"] <= 1e-9).all()
    with pytest.raises(ScenarioError):
        frontier(folder / "small.yaml", "objective", points=3)


def test_nobody_is_given_what_nobody_like_them_received(folder):
    history = pd.read_csv(folder / "history.csv")
    # Women were never offered more than a million.
    history.loc[history["gender"] == "F", "award"] = history["award"].clip(upper=1_000_000)
    history.to_csv(folder / "history.csv", index=False)
    options = Options(overrides=("amounts.support=observed",))
    plan = solve(folder / "small.yaml", out=folder / "out", options=options)
    scenario = read_scenario(folder / "small.yaml", options.overrides)
    units, past = read_sources(scenario, ModelStore())
    assert fitted_support(scenario, past).allowed_at(units.X, plan.allocation.amount).all()
    assert verify(folder / "out").value == pytest.approx(plan.certificate.value)
    free = solve(folder / "small.yaml")
    assert free.certificate.value >= plan.certificate.value - 1e-9


def test_a_plan_of_amounts_that_nobody_like_them_received_is_found(folder):
    history = pd.read_csv(folder / "history.csv")
    history.loc[history["award"] > 500_000, "award"] = 500_000
    history.to_csv(folder / "history.csv", index=False)
    plan = solve(folder / "small.yaml", out=folder / "out", options=Options(overrides=("amounts.support=observed",)))
    assert set(plan.table["amount"]) <= {0, 500_000}
    history.loc[history.index[0], "award"] = 2_000_000
    history.to_csv(folder / "history.csv", index=False)
    with pytest.raises(VerificationError, match="history"):
        verify(folder / "out")


def test_monotone_curves_are_solved_and_proven(folder):
    options = Options(overrides=("model.monotone=true", "model.kind=two_model"))
    plan = solve(folder / "small.yaml", out=folder / "out", options=options)
    assert plan.table["uplift"].min() >= 0
    assert verify(folder / "out").value == pytest.approx(plan.certificate.value)
