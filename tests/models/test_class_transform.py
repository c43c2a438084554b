import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from models import ClassTransform, ResponseError
from models.class_transform import LEAST_PROPENSITY


class Average(RegressorMixin, BaseEstimator):
    """The mean outcome, of an estimator that takes no weights."""

    def fit(self, inputs, outcome):  # noqa: ARG002 — the mean looks at no input
        self.mean_ = outcome.mean()
        return self

    def predict(self, inputs):
        return np.full(len(inputs), self.mean_)


def counted(treated, enrolled_treated, control, enrolled_control):
    """X (one feature that is 0), treatment and outcome with exactly these counts."""
    t = np.repeat([1, 0], [treated, control])
    y = np.concatenate([np.arange(treated) < enrolled_treated, np.arange(control) < enrolled_control]).astype(int)
    return pd.DataFrame({"x": np.zeros(t.size)}), t, y


def test_the_weighted_transform_is_right_where_the_unweighted_is_biased():
    X, t, y = counted(200, 100, 800, 240)  # e = 0.2, p1 = 0.5, p0 = 0.3: the uplift is 0.2
    assert ClassTransform(LinearRegression()).fit(X, t, y).effect(X.iloc[:1]) == pytest.approx(0.2)
    Z = 1 - (y ^ t)
    assert 2 * Z.mean() - 1 == pytest.approx(0.32)


def test_a_classifier_of_two_cells_finds_each_cells_uplift():
    first, second = counted(100, 60, 300, 120), counted(50, 10, 150, 75)  # uplifts 0.2 and −0.3
    X = pd.concat([first[0], second[0] + 1.0], ignore_index=True)
    t, y = (np.concatenate([first[k], second[k]]) for k in (1, 2))
    model = ClassTransform(LogisticRegression(C=np.inf, tol=1e-8)).fit(X, 250_000 * t, y)
    cells = pd.DataFrame({"x": [0.0, 1.0]})
    assert model.effect(cells, 0, 250_000) == pytest.approx([0.2, -0.3], abs=1e-4)
    assert model.response(cells, [0, 250_000]) == pytest.approx(np.array([[0.4, 0.6], [0.5, 0.2]]), abs=1e-4)


def test_half_treated_needs_no_weights_and_any_estimator_will_do():
    X, t, y = counted(100, 60, 100, 40)
    model = ClassTransform(KNeighborsClassifier(200)).fit(pd.concat([X, X]), np.tile(t, 2), np.tile(y, 2))
    assert not model.resampled_
    assert model.effect(X.iloc[:1]) == pytest.approx(0.2)


def test_an_estimator_without_weights_sees_rows_in_proportion_to_them():
    X, t, y = counted(200, 100, 800, 240)
    model = ClassTransform(Average()).fit(X, t, y)
    assert model.resampled_
    # Systematic resampling takes each row at most one time off its share, so each of four blocks of rows is off by one at most.
    assert model.effect(X.iloc[:1]) == pytest.approx(0.2, abs=2 * 4 / 1000)


def test_weights_leave_a_penalty_its_strength():
    X, t, y = counted(100, 60, 100, 40)
    model = ClassTransform(Ridge(alpha=50.0), propensity=0.5).fit(X.assign(x=y), t, y)
    plain = Ridge(alpha=50.0).fit(model.preparation_.transform(X.assign(x=y)), 1 - (y ^ t))
    assert model.transformed_.coef_ == pytest.approx(plain.coef_)


def test_resampling_is_the_same_for_the_same_seed(past):
    fits = [ClassTransform(KNeighborsClassifier(5), random_state=7).fit(past.X, past.award, past.enrolled) for _ in range(2)]
    assert fits[0].resampled_
    assert fits[0].effect(past.X).tolist() == fits[1].effect(past.X).tolist()


def test_a_known_propensity_replaces_the_share_of_treated():
    X, t, y = counted(200, 100, 800, 240)
    # At a claimed e = ½ the weights are equal, which is the unweighted (biased) answer.
    assert ClassTransform(LinearRegression(), propensity=0.5).fit(X, t, y).effect(X.iloc[:1]) == pytest.approx(0.32)


def test_a_fitted_propensity_corrects_offers_that_depended_on_the_features():
    first, second = counted(100, 50, 900, 270), counted(800, 400, 200, 60)  # uplift 0.2 in both, offered to 10 % and 80 %
    X = pd.concat([first[0], second[0] + 1.0], ignore_index=True)
    t, y = (np.concatenate([first[k], second[k]]) for k in (1, 2))
    cells = pd.DataFrame({"x": [0.0, 1.0]})
    fitted = ClassTransform(LinearRegression(), propensity=LogisticRegression(C=np.inf, tol=1e-8)).fit(X, t, y)
    assert np.unique(fitted.propensity_.round(3)).tolist() == [0.1, 0.8]
    assert fitted.effect(cells) == pytest.approx([0.2, 0.2], abs=1e-3)
    assert np.abs(ClassTransform(LinearRegression()).fit(X, t, y).effect(cells) - 0.2).max() > 0.02


def test_propensities_of_0_and_1_are_clipped_and_counted():
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = ClassTransform(LinearRegression(), propensity=KNeighborsClassifier(1)).fit(X, [0, 0, 1, 1], [0, 1, 0, 1])
    assert model.propensity_clipped_ == 4
    assert model.propensity_.tolist() == [LEAST_PROPENSITY] * 2 + [1 - LEAST_PROPENSITY] * 2


def test_one_award_size_is_known_whatever_it_is_called(past, units):
    model = ClassTransform(LogisticRegression()).fit(past.X, past.award, past.enrolled)
    values = model.response(units, [0, 5, 5])
    assert values[:, 1].tolist() == values[:, 2].tolist()
    assert model.predict(units, [0, 5] * 15).tolist() == values[np.arange(30), [0, 1] * 15].tolist()


def test_several_award_sizes_are_refused(past, units):
    model = ClassTransform(LogisticRegression()).fit(past.X, past.award, past.enrolled)
    with pytest.raises(ResponseError, match="knows one award size, got 2 amounts above 0"):
        model.response(units, [0, 1, 2])
    with pytest.raises(ResponseError, match="knows one award size"):
        model.predict(units, np.arange(30))


def test_the_response_is_not_clipped_so_that_the_uplift_stays_what_it_is():
    X = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]})
    model = ClassTransform(LinearRegression()).fit(X, [0, 1] * 3, [0, 0, 0, 1, 1, 1])
    at = pd.DataFrame({"x": [9.0]})
    assert model.response(at, [1])[0, 0] - model.response(at, [0])[0, 0] == pytest.approx(model.effect(at)[0])
    assert model.response(at, [1])[0, 0] > 1.0


def test_a_users_weights_multiply_the_propensitys():
    X, t, y = counted(200, 100, 200, 60)
    twice = np.where((t == 1) & (y == 1), 3.0, 1.0)
    # treated 300 : 100 → p1 = .75, each arm's weight 2 × (400 | 200): P(Z) = (300 + 140)/600
    assert ClassTransform(LinearRegression()).fit(X, t, y, twice).effect(X.iloc[:1]) == pytest.approx(2 * 440 / 600 - 1)


@pytest.mark.parametrize(
    ("model", "treatment", "y", "said"),
    [
        (ClassTransform(LinearRegression()), [0, 1, 0, 1], [0, 1, 2, 1], "the outcome must be 0 or 1"),
        (ClassTransform(LinearRegression()), [1, 2, 1, 1], [0, 1, 1, 1], "control arm is empty"),
        (ClassTransform(LinearRegression(), propensity=1.0), [0, 1, 0, 1], [0, 1, 1, 1], "must lie between 0 and 1, got 1"),
        (ClassTransform(LinearRegression(), propensity="half"), [0, 1, 0, 1], [0, 1, 1, 1], "or a classifier, got 'half'"),
        (ClassTransform(LinearRegression(), propensity=LinearRegression()), [0, 1, 0, 1], [0, 1, 1, 1], "or a classifier"),
        (ClassTransform(LogisticRegression()), [0, 1, 0, 1], [1, 1, 1, 0], "ClassTransform, control arm"),
        (ClassTransform(LinearSVC()), [0, 1, 0, 1], [1, 1, 0, 0], "CalibratedClassifierCV"),
    ],
)
def test_what_cannot_be_transformed_is_refused(model, treatment, y, said):
    with pytest.raises(ResponseError, match=said):
        model.fit(pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}), treatment, y)
