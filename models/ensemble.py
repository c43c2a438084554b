"""How sure is a model? It is fitted again on histories drawn from the history; what differs between these fits is its error.

    cautious_ik = lower over members b of v^b_ik,    lower: a quantile, or mean − k · standard deviation

Each option counts with what it is worth if the model errs on the high side there, as in offline policy learning by lower
confidence bounds (Jin, Yang and Wang 2021), for a plan seeks out the options that are over-estimated. The alternative, to keep
v_i0 and lower the uplifts v_ik − v_i0, attained less in truth at the same figure for five of six models tried, and as much for
the sixth: an uplift in doubt then counts as none, and money is withheld. The bootstrap: Efron (1979).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from models.base import ResponseError, ResponseModel, offered, received
from models.learner import Learner
from models.observed import Observed
from models.tiers import Tiers
from models.uplift_learner import generators, number, whole

Caution = Literal["lower", "mean_minus_sd"]
"""``lower`` takes a quantile of the members' outcomes, ``mean_minus_sd`` their mean less so many standard deviations."""

BLOCK = 1 << 24
"""Responses of all members that are held at once: 128 MiB."""

Lower = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Ask = Callable[[ResponseModel, pd.DataFrame, slice], NDArray[np.float64]]


class Ensemble(Learner):
    """A model, and its members: the same model fitted on bootstrap samples of the history.

    What is expected is what the model fitted on the whole history says; the members say how sure that is.

    Parameters
    ----------
    model
        An unfitted response model.
    members
        How many samples are drawn, each as large as the history, with replacement within each arm (no award, and each award or
        tier of awards), so that none is ever empty.
    n_jobs
        How many processes fit members; they are the same for any number.
    random_state
        Seed of the draws.

    Attributes
    ----------
    model_ : the model fitted on the whole history.
    members_ : the models fitted on the samples.
    """

    def __init__(self, model: Any, members: int = 20, n_jobs: int | None = 1, random_state: Any = 0) -> None:
        self.model = model
        self.members = members
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **others: Any
    ) -> Self:
        """Fit on n past units; parameters as of the model's own `fit`, to which `others` are handed on.

        Raises
        ------
        ResponseError
            If there are not at least two members, or the model cannot be fitted on the history or on a sample of it.
        """
        if not whole(self.members, 2):
            raise ResponseError(f"Ensemble.members: must be a whole number of at least 2, got {self.members!r}")
        past = Observed.read(X, treatment, y, sample_weight)
        arms = Tiers.read(past.treatment, None, "Ensemble").of(past.treatment)
        self.model_ = _fitted(self.model, past, np.arange(arms.size), others)
        fit_one = delayed(_fitted)
        chances = generators(self.random_state, self.members)
        self.members_: list[ResponseModel] = Parallel(n_jobs=self.n_jobs)(
            fit_one(self.model, past, _drawn(arms, chance), others) for chance in chances
        )
        return self

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Expected outcome of n units at each of m amounts (currency units), by the model of the whole history: (n, m)."""
        check_is_fitted(self)
        return self.model_.response(X, amounts)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of n units, each at its own amount (currency units), by the model of the whole history: (n,)."""
        check_is_fitted(self)
        return self.model_.predict(X, treatment)

    def cautious(self, X: pd.DataFrame, amounts: Iterable[float], caution: Caution, figure: float) -> NDArray[np.float64]:
        """The outcome of n units at each of m amounts (currency units), as low as it may well be: (n, m).

        Parameters
        ----------
        caution, figure
            ``lower`` and a quantile from 0 to 1, or ``mean_minus_sd`` and a number k of at least 0.

        Raises
        ------
        ResponseError
            If there is no such caution, or the model cannot answer.
        """
        vector = offered(amounts)
        return self._lower(X, vector.size, _lower_of(caution, figure), lambda member, part, _: member.response(part, vector))

    def cautious_at(self, X: pd.DataFrame, treatment: ArrayLike, caution: Caution, figure: float) -> NDArray[np.float64]:
        """The same for n units, each at its own amount (currency units), by the members' own predict: (n,)."""
        own = received(treatment, len(X))

        def ask(member: ResponseModel, part: pd.DataFrame, rows: slice) -> NDArray[np.float64]:
            return member.predict(part, own[rows])[:, None]

        return self._lower(X, 1, _lower_of(caution, figure), ask)[:, 0]

    def _lower(self, X: pd.DataFrame, m: int, lower: Lower, ask: Ask) -> NDArray[np.float64]:
        check_is_fitted(self)
        values = np.empty((len(X), m))
        step = max(1, BLOCK // (m * len(self.members_)))
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            part = X.iloc[rows]
            values[rows] = lower(np.stack([ask(member, part, rows) for member in self.members_]))
        return values


def _lower_of(caution: Caution, figure: float) -> Lower:
    """What makes of the members' outcomes (members, n, m) one cautious outcome (n, m)."""
    most = {"lower": 1.0, "mean_minus_sd": np.inf}
    if caution not in most:
        raise ResponseError(f"Ensemble: caution must be one of {', '.join(get_args(Caution))}, got {caution!r}")
    if not number(figure, 0.0, most[caution]):
        must = "a quantile from 0 to 1" if caution == "lower" else "a number of at least 0"
        raise ResponseError(f"Ensemble: the figure of {caution} must be {must}, got {figure!r}")
    if caution == "lower":
        return lambda outcomes: np.asarray(np.quantile(outcomes, figure, axis=0), dtype=np.float64)
    return lambda outcomes: np.asarray(outcomes.mean(axis=0) - figure * outcomes.std(axis=0, ddof=1), dtype=np.float64)


def _drawn(arms: NDArray[np.intp], chance: Generator) -> NDArray[np.intp]:
    """As many rows of each arm as it has, drawn with replacement."""
    inside = [np.flatnonzero(arms == arm) for arm in range(int(arms.max()) + 1)]
    return np.concatenate([chance.choice(rows, rows.size) for rows in inside if rows.size])


def _fitted(model: Any, past: Observed, rows: NDArray[np.intp], others: dict[str, Any]) -> ResponseModel:
    """A clone of the model, fitted on these rows; by one thread, since sums of several differ in the last bits."""
    weight = None if past.weight is None else past.weight[rows]
    with threadpool_limits(1):
        fitted: ResponseModel = clone(model).fit(
            past.X.iloc[rows].reset_index(drop=True), past.treatment[rows], past.outcome[rows], weight, **others
        )
    return fitted
