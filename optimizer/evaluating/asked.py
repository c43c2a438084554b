"""A scenario's question, put to its history: the same model on parts of it, the same problem for as many past units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from models.evaluation.matching import Propensities, usual_classifier
from optimizer.edge.fitted import fitted_model, fitted_support
from optimizer.edge.model_store import ModelStore
from optimizer.problem.problem import Problem
from optimizer.problem.scaling import known_by, scaled
from optimizer.problem.scenario import Scenario
from optimizer.problem.solver import Solver
from optimizer.problem.units import History, Units


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What past units are decided by.

    Attributes
    ----------
    problem : the scenario's, as far as history has its columns.
    units : how many units that is for.
    solver : how a plan is searched for.
    fitted : the scenario's model, fitted on a history.
    propensity : as `models.evaluation.matching.matching` takes it.
    aside : what the scenario asks besides, of columns that history does not have.
    seen : which amounts (n, m) may be given to the units of a second history, by what like ones of a first were seen with; None
        if any.
    """

    problem: Problem
    units: int
    solver: Solver
    fitted: Callable[[History], ResponseModel]
    propensity: Propensities
    aside: tuple[str, ...] = ()
    seen: Callable[[History, History], NDArray[np.bool_]] | None = None

    @classmethod
    def by(
        cls, scenario: Scenario, units: int, history: History, store: ModelStore, propensity: Propensities | None = None
    ) -> Self:
        """What a scenario decides its units by, as far as history has its columns; propensities are estimated by default."""
        problem, aside = known_by(scenario.build_problem(), history.frame.columns)

        def seen(past: History, held: History) -> NDArray[np.bool_]:
            return fitted_support(scenario, past).allowed(held.X, problem.amounts)

        return cls(
            problem=problem,
            units=units,
            solver=scenario.solver.build(),
            fitted=lambda past: fitted_model(scenario, past, store),
            propensity=usual_classifier() if propensity is None else propensity,
            aside=aside,
            seen=None if scenario.amounts.support is None else seen,
        )

    def of(self, past: History, held: History) -> tuple[Problem, Units]:
        """The problem, scaled to past units that are held out, and these as units; the others are what is known."""
        problem = scaled(self.problem, Fraction(len(held), self.units))
        if self.seen is not None:
            problem = replace(problem, seen=self.seen(past, held))
        return problem, Units(ids=np.arange(len(held)).astype(str).astype(object), frame=held.frame, features=held.features)
