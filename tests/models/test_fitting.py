import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models import ResponseError
from models.fitting import fitted_clone, takes_weights

X, Y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 2.0]]), np.array([0.0, 1.0, 0.0, 1.0])
NAMES = ["score", "amount"]


def test_the_estimator_that_was_given_stays_unfitted():
    given = LinearRegression()
    fitted = fitted_clone(given, X, NAMES, Y, None, "test")
    assert hasattr(fitted, "coef_")
    assert not hasattr(given, "coef_")


@pytest.mark.parametrize("estimator", [LinearRegression(), make_pipeline(StandardScaler(), LinearRegression())])
def test_weights_reach_the_estimator(estimator):
    weight = np.array([1.0, 2.0, 3.0, 4.0])
    doubled = np.repeat(np.arange(4), weight.astype(int))
    by_weight = fitted_clone(LinearRegression(), X, NAMES, Y, weight, "test").predict(X)
    by_rows = fitted_clone(LinearRegression(), X[doubled], NAMES, Y[doubled], None, "test").predict(X)
    assert by_weight == pytest.approx(by_rows)
    assert takes_weights(estimator)


def test_a_pipelines_weights_reach_its_last_step():
    weight = np.array([1.0, 2.0, 3.0, 4.0])
    plain = fitted_clone(LinearRegression(), X, NAMES, Y, weight, "test").predict(X)
    piped = fitted_clone(make_pipeline(StandardScaler(), LinearRegression()), X, NAMES, Y, weight, "test").predict(X)
    assert piped == pytest.approx(plain)


def test_weights_for_an_estimator_that_takes_none_are_refused():
    with pytest.raises(ResponseError, match="KNeighborsClassifier which takes none"):
        fitted_clone(KNeighborsClassifier(1), X, NAMES, Y, np.ones(4), "test")


@pytest.mark.parametrize(("wanted", "translated"), [({"amount": 1}, (0, 1)), ({"score": -1, "amount": 1}, (-1, 1))])
def test_directions_by_name_become_directions_by_column(wanted, translated):
    fitted = fitted_clone(RandomForestRegressor(2, monotonic_cst=wanted, random_state=0), X, NAMES, Y, None, "test")
    assert fitted.monotonic_cst == translated


def test_a_direction_in_an_amount_that_is_no_input_holds_by_itself():
    fitted = fitted_clone(RandomForestRegressor(2, monotonic_cst={"amount": 1}, random_state=0), X, ["a", "b"], Y, None, "test")
    assert fitted.monotonic_cst == (0, 0)


def test_a_direction_in_an_unknown_column_is_refused_with_a_hint():
    estimator = HistGradientBoostingClassifier(monotonic_cst={"scor": 1})
    with pytest.raises(ResponseError, match="got 'scor'; did you mean score"):
        fitted_clone(estimator, X, NAMES, Y, None, "test")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ([0.0, 1.0, 2.0, 1.0], "must be 0 or 1 for the classifier LogisticRegression"),
        ([1.0, 1.0, 1.0, 1.0], "needs outcomes of both kinds, got only 1 in 4 rows"),
    ],
)
def test_a_classifier_needs_both_outcomes_and_no_other(outcome, said):
    with pytest.raises(ResponseError, match=said):
        fitted_clone(LogisticRegression(), X, NAMES, np.array(outcome), None, "test")


def test_what_an_estimator_refuses_says_which_and_why():
    with pytest.raises(ResponseError, match="test: RandomForestRegressor cannot be fitted on 4 rows, got The 'n_estimators'"):
        fitted_clone(RandomForestRegressor(n_estimators=-1), X, NAMES, Y, None, "test")


def test_a_prediction_that_cannot_be_made_is_found_when_fitting():
    with pytest.raises(ResponseError, match="KNeighborsClassifier: cannot predict"):
        fitted_clone(KNeighborsClassifier(n_neighbors=50), X, NAMES, Y, None, "test")
