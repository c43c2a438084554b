import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping

from models import Branch
from models.curves import curves_of

PLAIN = [
    LGBMRegressor(n_estimators=20),
    LGBMRegressor(n_estimators=3, num_leaves=120, min_child_samples=1),
    LGBMRegressor(n_estimators=5, max_depth=1),
    LGBMRegressor(n_estimators=5, objective="quantile", alpha=0.3),
    LGBMRegressor(n_estimators=5, objective="huber"),
    LGBMRegressor(n_estimators=5, objective="regression_l1"),
    LGBMRegressor(n_estimators=5, objective="poisson"),
    LGBMRegressor(n_estimators=5, objective="tweedie"),
    LGBMRegressor(n_estimators=5, objective="binary"),
    LGBMRegressor(n_estimators=5, boosting_type="dart"),
    LGBMRegressor(n_estimators=5, min_child_samples=1000),
    LGBMClassifier(n_estimators=20),
    LGBMClassifier(n_estimators=5, sigmoid=2.5),
    LGBMClassifier(n_estimators=5, is_unbalance=True),
]
OTHER = [
    LGBMRegressor(n_estimators=3, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5),
    LGBMRegressor(n_estimators=3, linear_tree=True),
    LGBMRegressor(n_estimators=3, zero_as_missing=True),
    LGBMRegressor(n_estimators=3, reg_sqrt=True),
    LGBMClassifier(n_estimators=3, pred_early_stop=True),
    LGBMClassifier(n_estimators=3, objective="cross_entropy"),
]


def name(estimator):
    return "-".join(
        str(value) for value in (type(estimator).__name__, estimator.objective, estimator.boosting_type, estimator.num_leaves)
    )


def fitted(estimator, past, inputs=None, **more):
    outcome = past.chosen if isinstance(estimator, LGBMClassifier) or estimator.objective == "binary" else np.exp(past.level / 4)
    inputs = past.inputs if inputs is None else inputs
    return estimator.set_params(n_jobs=1, random_state=0, verbose=-1).fit(inputs, outcome, **more)


@pytest.mark.parametrize("estimator", PLAIN, ids=name)
def test_curves_are_predict(estimator, past, holes, gap):
    assert gap(fitted(estimator, past)) <= 1e-12
    assert gap(estimator, holes) <= 1e-12
    inputs = past.inputs
    inputs[::4, 0], inputs[::5, 7] = np.nan, np.nan
    assert gap(fitted(estimator, past, inputs), holes) <= 1e-12


def test_sums_agree_to_the_last_bit(past, gap):
    assert gap(fitted(PLAIN[0], past)) == 0.0


def test_amounts_on_its_thresholds(past, gap):
    trees = fitted(PLAIN[0], past).booster_.trees_to_dataframe()
    on = np.unique(trees.loc[trees["split_feature"] == "Column_2", "threshold"].astype(float))
    assert gap(PLAIN[0], at=np.abs(np.concatenate([on, np.nextafter(on, 0.0), np.nextafter(on, 9.0)]))) == 0.0


def test_a_fit_that_stopped_early_counts_up_to_its_best_round(past, gap):
    estimator = LGBMClassifier(n_estimators=60, learning_rate=1.0)
    evaluated = {"eval_X": past.inputs[:80] + 0.5, "eval_y": past.chosen[:80]}
    fitted(estimator, past, **evaluated, callbacks=[early_stopping(2, verbose=False)])
    assert 0 < estimator.best_iteration_ < 60
    assert gap(estimator) <= 1e-12


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", OTHER, ids=["rf", "linear", "zero", "sqrt", "early", "entropy"])
def test_what_is_not_plain_is_left_to_the_grid(estimator, past, units, amounts):
    assert curves_of(Branch(estimator=fitted(estimator, past), features=units, column=2), amounts) is None


def test_categories_are_left_to_the_grid(past, units, amounts):
    estimator = LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1, min_data_per_group=10)
    estimator.fit(past.inputs, np.sin(5 * past.features[:, 6]), categorical_feature=[7])
    assert curves_of(Branch(estimator=estimator, features=units, column=2), amounts) is None
