import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from models import ResponseError
from models.outcome import check_estimator, classifies, expected, positive_class

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1])


@pytest.mark.parametrize("labels", [[0, 1], [False, True], [0.0, 1.0]])
def test_the_outcome_of_a_classifier_is_its_probability_of_one(labels):
    fitted = LogisticRegression().fit(X, np.array(labels)[Y])
    assert expected(fitted, X).tolist() == fitted.predict_proba(X)[:, 1].tolist()


def test_the_outcome_of_a_regressor_is_its_prediction():
    fitted = LinearRegression().fit(X, Y)
    assert expected(fitted, X).tolist() == fitted.predict(X).tolist()
    assert expected(LinearRegression().fit(X, Y[:, None]), X).shape == (4,)


@pytest.mark.parametrize("labels", [["no", "yes"], [1, 2]])
def test_classes_other_than_0_and_1_are_refused(labels):
    with pytest.raises(ResponseError, match="classes must be 0 and 1"):
        positive_class(LogisticRegression().fit(X, np.array(labels)[Y]))


def test_three_classes_are_refused():
    with pytest.raises(ResponseError, match="classes must be 0 and 1"):
        expected(LogisticRegression().fit(X, [0, 1, 2, 2]), X)


@pytest.mark.parametrize("estimator", [LinearSVC(), SVC(), make_pipeline(StandardScaler(), SVC())])
def test_a_classifier_without_probabilities_is_told_to_be_calibrated(estimator):
    with pytest.raises(ResponseError, match="CalibratedClassifierCV"):
        check_estimator(estimator, "SLearner")


@pytest.mark.parametrize("estimator", [LogisticRegression, None, "sklearn.svm.SVC", StandardScaler()])
def test_what_is_no_estimator_is_refused(estimator):
    with pytest.raises(ResponseError, match=r"SLearner.estimator: must be an estimator with fit and predict"):
        check_estimator(estimator, "SLearner")


class Foreign:
    def predict_proba(self, inputs):
        return np.full((len(inputs), 2), 0.5)


def test_an_estimator_that_does_not_say_what_it_is_is_judged_by_its_methods():
    assert classifies(Foreign())
    assert not classifies(object())


class Wild(RegressorMixin, BaseEstimator):
    def __init__(self, answer=None):
        self.answer = answer

    def predict(self, inputs):
        if self.answer is None:
            raise KeyError("lost")
        return np.full((len(inputs), *self.answer[1:]), self.answer[0])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Wild: cannot predict 4 rows, got 'lost'"),
        ((np.nan,), "one finite number a row"),
        ((1.0, 2), "one finite number a row"),
    ],
)
def test_a_prediction_that_is_no_finite_number_a_row_is_refused(answer, said):
    with pytest.raises(ResponseError, match=said):
        expected(Wild(answer), X)


def test_no_rows_have_no_outcomes_and_ask_nobody():
    class Never(ClassifierMixin, BaseEstimator):
        pass

    assert expected(Never(), np.empty((0, 2))).shape == (0,)
