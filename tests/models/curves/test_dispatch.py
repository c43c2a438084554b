import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from models import Branch, curves, grid
from models.curves import curves_of, dispatch
from models.curves.curve import Unclear
from models.grid import response_on_grid


class Doubled(LinearRegression):
    def predict(self, X):
        return 2.0 * super().predict(X)


def branch(estimator, features):
    return Branch(estimator=estimator, features=features, column=2)


@pytest.mark.parametrize(
    "estimator", [Doubled(), KNeighborsRegressor(), SVR(), VotingRegressor([("a", LinearRegression())])], ids=str
)
def test_what_is_not_known_exactly_is_asked_on_the_grid(estimator, past, units, amounts):
    asked = branch(estimator.fit(past.inputs, past.level), units)
    assert curves_of(asked, amounts) is None
    assert response_on_grid(asked, amounts)[:, 3] == pytest.approx(estimator.predict(np.insert(units, 2, amounts[3], axis=1)))


def test_a_namesake_is_not_taken_for_the_known_class(past, units, amounts):
    namesake = type("LinearRegression", (Doubled,), {})().fit(past.inputs, past.level)
    assert curves_of(branch(namesake, units), amounts) is None


def test_a_known_structure_never_sees_the_grid(past, units, amounts, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(grid, "predicted_on_grid", never)
    estimator = RandomForestClassifier(3).fit(past.inputs, past.chosen)
    assert response_on_grid(branch(estimator, units), amounts).shape == (120, amounts.size)


def test_without_an_amount_or_units_there_is_no_curve(past, units, amounts):
    estimator = LinearRegression().fit(past.inputs, past.level)
    assert curves_of(Branch(estimator=estimator, features=past.inputs, column=None), amounts) is None
    assert curves_of(branch(estimator, units[:0]), amounts) is None


def test_a_reading_the_estimator_disagrees_with_is_not_believed(past, units, amounts):
    estimator = DecisionTreeRegressor(max_depth=3).fit(past.inputs, past.level)
    estimator.predict = lambda inputs: np.ones(len(inputs))
    assert curves_of(branch(estimator, units), amounts) is None


def test_a_version_that_keeps_its_parts_elsewhere_costs_time_only(past, units, amounts, monkeypatch):
    estimator = DecisionTreeRegressor(max_depth=3).fit(past.inputs, past.level)
    monkeypatch.setitem(dispatch.READERS, ("sklearn.tree", "DecisionTreeRegressor"), ("network", "network_curve"))
    assert curves_of(branch(estimator, units), amounts) is None


def test_an_estimator_without_what_is_read_is_asked_on_the_grid():
    with pytest.raises(Unclear):
        dispatch.curve_of(object(), np.ones((1, 1)), 0)


@pytest.mark.parametrize(
    "estimator", [GradientBoostingRegressor(n_estimators=5), DecisionTreeRegressor(), LinearRegression()], ids=str
)
def test_threads_change_nothing(estimator, past, units, amounts):
    many = np.tile(units, (300, 1))
    asked = branch(estimator.fit(past.inputs, past.level), many)
    assert (curves_of(asked, amounts[:9], threads=1) == curves_of(asked, amounts[:9], threads=3)).all()


def test_a_unit_s_curve_depends_on_no_other_unit_or_amount(past, units, amounts):
    estimator = GradientBoostingRegressor(n_estimators=20).fit(past.inputs, past.level)
    every = curves_of(branch(estimator, units), amounts)
    some = np.arange(119, 0, -7)
    assert (curves_of(branch(estimator, units[some]), amounts[5:9]) == every[some, 5:9]).all()


def test_a_missing_feature_further_down_is_refused_by_the_estimator_as_ever(past, units, amounts):
    features = np.tile(units, (40, 1))
    features[4000, 1] = np.nan
    assert curves_of(branch(LogisticRegression().fit(past.inputs, past.chosen), features), amounts) is None


def test_every_reader_exists():
    for file, function in set(dispatch.READERS.values()):
        assert callable(getattr(__import__(f"{curves.__name__}.{file}", fromlist=[function]), function))
