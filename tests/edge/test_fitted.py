"""A scenario's model, with the shape and the ensemble that it asks for; and what units alike were seen with."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from models import SLearner, TwoModel
from models.ensemble import Ensemble
from models.monotone import Monotone, falls
from optimizer import read_scenario
from optimizer.edge.fitted import fitted_model, fitted_support
from optimizer.edge.model_file import dump_model
from optimizer.edge.model_store import ModelStore
from optimizer.edge.sources import read_sources
from optimizer.errors import ModelError


def fitted(folder, *overrides):
    scenario = read_scenario(folder / "small.yaml", overrides)
    units, history = read_sources(scenario, ModelStore())
    return fitted_model(scenario, history, ModelStore()), units, scenario, history


def test_an_objective_asks_for_an_ensemble_of_the_same_model(folder):
    plain, units, _, _ = fitted(folder)
    model, *_ = fitted(folder, "objective={lower: 0.1, members: 3}")
    assert isinstance(model, Ensemble)
    assert len(model.members_) == 3
    amounts = [0, 500_000, 2_000_000]
    assert model.response(units.X, amounts).tobytes() == plain.response(units.X, amounts).tobytes()


def test_a_kept_ensemble_is_that_of_its_own_settings(folder):
    sizes = [fitted(folder, f"objective={{lower: 0.1, members: {members}}}")[0].members for members in (2, 3, 2)]
    assert sizes == [2, 3, 2]
    # The caution is no part of the fit.
    assert fitted(folder, "objective={mean_minus_sd: 1.0, members: 2}")[0].members == 2


def test_monotone_asks_the_estimator_or_pools(folder):
    told, units, scenario, _ = fitted(folder, "model.monotone=true")
    assert isinstance(told, SLearner)
    pooled, *_ = fitted(folder, "model.monotone=true", "model.kind=two_model")
    assert isinstance(pooled, Monotone)
    assert pooled.amounts == scenario.amounts.build().values
    wild, *_ = fitted(folder, "model.kind=two_model")
    amounts = scenario.amounts.build().values
    assert falls(wild.response(units.X, amounts)).max() > 0
    for model in (told, pooled):
        assert falls(model.response(units.X, amounts)).max() == 0


def test_pooling_follows_the_amounts_on_offer(folder):
    shape = ("model.monotone=true", "model.kind=two_model")
    assert fitted(folder, *shape)[0].amounts == (0, 500_000, 1_000_000, 1_500_000, 2_000_000)
    assert fitted(folder, *shape, "amounts={tiers: [700_000]}")[0].amounts == (0, 700_000)


def test_shape_and_objective_go_together(folder):
    model, units, scenario, _ = fitted(
        folder, "model.monotone=true", "model.kind=two_model", "objective={lower: 0.1, members: 2}"
    )
    assert isinstance(model.members_[0], Monotone)
    assert falls(model.cautious(units.X, scenario.amounts.build().values, "lower", 0.1)).max() == 0


def test_a_wrapped_model_is_pooled_where_monotone_is_asked_for(folder):
    *_, history = fitted(folder)
    model = TwoModel(HistGradientBoostingRegressor(max_iter=20)).fit(history.X, history.treatment, history.outcome)
    dump_model(model, folder / "m.skops")
    wrapped, units, scenario, _ = fitted(
        folder, "model={kind: wrapped, file: m.skops, features: [family_income, exam_score, gender, faculty], monotone: true}"
    )
    assert isinstance(wrapped, Monotone)
    assert falls(wrapped.response(units.X, scenario.amounts.build().values)).max() == 0


def test_what_units_alike_were_seen_with_is_learned_from_the_history(folder):
    _, units, scenario, history = fitted(folder)
    allowed = fitted_support(scenario, history).allowed(units.X, scenario.amounts.build())
    assert allowed.shape == (60, 5)
    assert allowed[:, 0].all()
    assert allowed.mean() > 0.9


def test_a_history_that_supports_nothing_is_said_to(folder):
    _, _, scenario, history = fitted(folder)
    object.__setattr__(history, "treatment", np.zeros(len(history)))
    with pytest.raises(ModelError, match=r"amounts\.support: treatment: needs at least two distinct amounts"):
        fitted_support(scenario, history)
