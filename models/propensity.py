"""Propensities: e_j(x) = P(arm = j | x), the chance that history gave a unit with these features this award (Imbens 2000).

In a trial they are the arms' shares, or known; otherwise a classifier of the arms says them, each past unit's by the clone that
was fitted without it (`models.crossfit`). They are kept away from 0, since what divides by them would rest on a few units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from models.base import ResponseError
from models.crossfit import Features, Trial
from models.fitting import weight_parameter
from models.outcome import called, check_estimator, classifies

LEAST_PROPENSITY = 0.01
"""Fitted propensities are kept this far from 0, so that no unit weighs more than a hundred (Crump et al. 2009)."""


@dataclass(frozen=True, kw_only=True)
class Propensity:
    """The chance of each arm, of past units and of others.

    Attributes
    ----------
    past : (n, arms) of the past units; a row sums to 1 unless something in it was clipped.
    clipped : how many past units had an arm below `LEAST_PROPENSITY`, which is what it was raised to.
    estimators : the classifiers, one a fold; none where everybody has the same chances.
    """

    past: NDArray[np.float64]
    clipped: int = 0
    estimators: tuple[Any, ...] = ()

    @classmethod
    def read(cls, given: Any, trial: Trial) -> Propensity:
        """Propensities of a trial's units.

        Parameters
        ----------
        given
            None for the arms' shares, a number in (0, 1) for the chance of the one award, or a classifier of the arms.
        trial
            The past units.

        Raises
        ------
        ResponseError
            If it is anything else, a number where there are several awards, or a classifier that fails.
        """
        if given is None:
            return cls(past=np.tile(_shares(trial), (len(trial), 1)))
        if isinstance(given, int | float | np.number):
            return cls(past=np.tile(_known(float(given), trial), (len(trial), 1)))
        check_estimator(given, f"{trial.where}, propensity")
        if not classifies(given):
            raise ResponseError(
                f"{trial.where}.propensity: must be None, a number in (0, 1) or a classifier such as LogisticRegression(), "
                f"got {called(given)}"
            )
        chances, estimators = np.empty((len(trial), trial.arms)), []
        for rest, held in trial.splits:
            estimators.append(_fitted(given, trial, rest))
            chances[held] = _chances(estimators[-1], trial.take(held), trial.arms)
        clipped = int(np.count_nonzero((chances < LEAST_PROPENSITY).any(axis=1)))
        return cls(past=np.maximum(chances, LEAST_PROPENSITY), clipped=clipped, estimators=tuple(estimators))

    def of(self, features: Features) -> NDArray[np.float64]:
        """Chances of n units that may be new, (n, arms): the mean of the folds' classifiers."""
        if not self.estimators:
            return np.tile(self.past[0], (len(features), 1))
        arms = self.past.shape[1]
        if not len(features):
            return np.empty((0, arms))
        chances = np.mean([_chances(estimator, features, arms) for estimator in self.estimators], axis=0)
        return np.asarray(np.maximum(chances, LEAST_PROPENSITY), dtype=np.float64)


def _shares(trial: Trial) -> NDArray[np.float64]:
    counts = np.bincount(trial.arm, weights=trial.weight).astype(np.float64)
    if counts.min() <= 0:
        raise ResponseError(
            f"{trial.where}: each arm must have units that count, got weights of 0 throughout arm {int(counts.argmin())}; "
            "leave the rows without weight out"
        )
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _known(award: float, trial: Trial) -> NDArray[np.float64]:
    if not 0.0 < award < 1.0:
        raise ResponseError(f"{trial.where}.propensity: must lie between 0 and 1, got {award:g}")
    if trial.arms > 2:  # noqa: PLR2004 — an award and none
        raise ResponseError(
            f"{trial.where}.propensity: a number is the chance of the one award, got {trial.arms - 1} awards of different "
            "size; leave it out in a randomised trial, give a classifier, or set tiers=1"
        )
    return np.array([1.0 - award, award])


def _fitted(classifier: Any, trial: Trial, rows: NDArray[np.intp]) -> Any:
    where = f"{trial.where}, propensity"
    weight = trial.weights(rows)
    settings = {} if weight is None else {weight_parameter(classifier, where): weight}
    learner = clone(classifier)
    try:
        return learner.fit(trial.take(rows), trial.arm[rows], **settings)
    except Exception as fault:
        raise ResponseError(f"{where}: {called(classifier)} cannot be fitted on {rows.size} rows, got {fault}") from fault


def _chances(classifier: Any, features: Features, arms: int) -> NDArray[np.float64]:
    # Each arm has units outside each fold, and arms are numbered from 0: the columns are the arms, in their order.
    try:
        chances = np.asarray(classifier.predict_proba(features), dtype=np.float64)
    except Exception as fault:
        raise ResponseError(f"{called(classifier)}: cannot predict {len(features)} rows, got {fault}") from fault
    if chances.shape != (len(features), arms) or not np.isfinite(chances).all():
        raise ResponseError(
            f"{called(classifier)}: must predict one finite chance for each of {arms} arms, got shape {chances.shape}, "
            f"{np.count_nonzero(~np.isfinite(chances))} of them not finite; choose another classifier"
        )
    return chances
