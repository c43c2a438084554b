import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from models import ResponseError, ResponseModel, wrap

TABLE = pd.DataFrame({"merit": [0.0, 1.0, 2.0, 0.5], "score": [3.0, 1.0, 4.0, 1.0], "size": [5.0, 9.0, 2.0, 6.0]})
Y = np.array([0.0, 1.0, 1.0, 0.0])


def test_a_named_column_takes_the_amount_in_its_own_unit_wherever_it_stands():
    fitted = LinearRegression().fit(TABLE, Y)
    model = wrap(fitted, amount="merit", per=1000)
    X = pd.DataFrame({"size": [1.0], "note": ["x"], "score": [2.0]})
    wanted = [fitted.predict(pd.DataFrame({"merit": [m], "score": [2.0], "size": [1.0]}))[0] for m in (0.0, 2.5)]
    assert model.response(X, [0, 2500])[0].tolist() == wanted
    assert model.predict(X, [2500]).tolist() == wanted[1:]
    assert model.effect(X, 0, 2500)[0] == pytest.approx(2.5 * fitted.coef_[0])


def test_without_names_the_amount_comes_last():
    fitted = LinearRegression().fit(TABLE[["score", "size", "merit"]].to_numpy(), Y)
    model = wrap(fitted)
    assert model.effect(TABLE[["score", "size"]], 0, 1) == pytest.approx(np.full(4, fitted.coef_[2]))
    assert model.branches(TABLE[["score", "size"]])[0].column == 2


def test_lightgbms_made_up_names_are_no_names():
    fitted = LGBMRegressor(n_estimators=2, min_child_samples=1, verbose=-1).fit(TABLE.to_numpy(), Y)
    assert wrap(fitted).response(pd.DataFrame({"a": [1.0], "b": [2.0]}), [0, 1]).shape == (1, 2)


def test_a_column_called_like_the_amount_in_x_is_not_read():
    model = wrap(LinearRegression().fit(TABLE, Y), amount="merit")
    assert model.response(TABLE, [1]).tolist() == model.response(TABLE.drop(columns="merit"), [1]).tolist()


def test_a_wrapped_classifier_gives_probabilities_and_is_a_response_model():
    fitted = LogisticRegression().fit(TABLE, Y)
    model = wrap(fitted, amount="merit")
    assert isinstance(model, ResponseModel)
    assert model.predict(TABLE, TABLE["merit"]).tolist() == fitted.predict_proba(TABLE)[:, 1].tolist()


def test_cloning_a_wrapped_model_keeps_it_fitted():
    model = wrap(LinearRegression().fit(TABLE, Y), amount="merit")
    assert clone(model) is model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: wrap(LinearRegression()), "must be fitted, got an unfitted LinearRegression"),
        (lambda: wrap(LinearRegression().fit(TABLE, Y)), "got 'amount'; it has merit, score, size"),
        (lambda: wrap(LinearRegression().fit(TABLE, Y), amount="merit", per=0), "wrap.per: must be a finite number above 0"),
        (lambda: wrap(LinearSVC().fit(TABLE, Y), amount="merit"), "CalibratedClassifierCV"),
        (lambda: wrap(LogisticRegression().fit(TABLE, Y + 1), amount="merit"), "classes must be 0 and 1"),
        (lambda: wrap(np.mean), "must be an estimator"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(make, said):
    with pytest.raises(ResponseError, match=said):
        make()


def test_absent_columns_are_named():
    with pytest.raises(ResponseError, match="got no score, size; add them"):
        wrap(LinearRegression().fit(TABLE, Y), amount="merit").response(pd.DataFrame({"other": [1.0]}), [0])


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (pd.DataFrame({"a": [1.0]}), "3 unnamed columns, the amount last, got 1 columns"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), "must be numbers for an estimator fitted without names"),
    ],
)
def test_unnamed_inputs_that_do_not_fit_are_refused(X, said):
    with pytest.raises(ResponseError, match=said):
        wrap(LinearRegression().fit(TABLE.to_numpy(), Y)).response(X, [0])
