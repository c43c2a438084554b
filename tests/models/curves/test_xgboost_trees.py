"""XGBoost computes in single precision; its curves do so in the same order, so that not one bit differs."""

import numpy as np
import pytest
from xgboost import XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from models import Branch
from models.curves import curves_of

PLAIN = [
    XGBRegressor(n_estimators=20),
    XGBRegressor(n_estimators=3, max_depth=9),
    XGBRegressor(n_estimators=5, max_depth=1, base_score=0.7),
    XGBRegressor(n_estimators=5, objective="reg:absoluteerror"),
    XGBRegressor(n_estimators=5, tree_method="exact"),
    XGBRegressor(n_estimators=5, num_parallel_tree=3, subsample=0.5),
    XGBRFRegressor(n_estimators=10),
    XGBClassifier(n_estimators=20),
    XGBClassifier(n_estimators=5, base_score=0.3, scale_pos_weight=2.0),
    XGBRFClassifier(n_estimators=10),
]
OTHER = [
    XGBRegressor(n_estimators=3, booster="dart", rate_drop=0.5),
    XGBRegressor(n_estimators=3, booster="gblinear"),
    XGBRegressor(n_estimators=3, objective="count:poisson"),
    XGBRegressor(n_estimators=3, missing=0.0),
]


def fitted(estimator, past, **more):
    outcome = past.chosen if hasattr(estimator, "predict_proba") else np.maximum(past.level, 0.0)
    return estimator.set_params(n_jobs=1, random_state=0).fit(past.inputs, outcome, **more)


@pytest.mark.parametrize("estimator", PLAIN, ids=lambda e: f"{type(e).__name__}-{e.n_estimators}-{e.max_depth}-{e.objective}")
def test_curves_are_predict(estimator, past, holes, gap):
    assert gap(fitted(estimator, past)) == 0.0
    assert gap(estimator, holes) == 0.0


def test_amounts_on_its_thresholds(past, gap):
    estimator = fitted(PLAIN[0], past)
    on = np.unique(estimator.get_booster().trees_to_dataframe().query("Feature == 'f2'")["Split"])
    single = on.astype(np.float32)
    near = [np.nextafter(single, np.float32(side)).astype(float) for side in (0.0, 9.0)]
    assert gap(estimator, at=np.concatenate([single.astype(float), *near])) == 0.0


def test_a_fit_that_stopped_early_counts_up_to_its_best_round(past, gap):
    estimator = XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=1.0)
    fitted(estimator, past, eval_set=[(past.inputs[:80] + 0.5, past.chosen[:80])], verbose=False)
    assert estimator.best_iteration < estimator.get_booster().num_boosted_rounds() - 1
    assert gap(estimator) == 0.0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", OTHER, ids=["dart", "linear", "poisson", "zero-is-missing"])
def test_what_is_not_plain_is_left_to_the_grid(estimator, past, units, amounts):
    if estimator.booster == "gblinear":
        estimator.set_params(updater="coord_descent")
    assert curves_of(Branch(estimator=fitted(estimator, past), features=units, column=2), amounts) is None
