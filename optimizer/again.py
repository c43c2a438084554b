"""A problem whose units' curves are held, decided again with one thing changed: a limit's figure, or one response.

Whatever is decided here is what a run with that change would decide: the same search, the same seed, nothing foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.cautious import cautious
from optimizer.decide import Progress, decide, silent
from optimizer.engine.respond import aim, respond
from optimizer.problem.allocation import Allocation
from optimizer.problem.coupling import Coupling
from optimizer.problem.curves import Curves
from optimizer.problem.limits import Limit
from optimizer.problem.objective import Aimed
from optimizer.problem.problem import Problem
from optimizer.problem.solver import Solver
from optimizer.problem.terms import Terms
from optimizer.problem.units import Units
from optimizer.run import Rebuilt
from optimizer.second import second


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One problem with its units' curves, all of them held.

    Attributes
    ----------
    terms : what turns outcomes into curves, should an outcome change.
    aimed : the curves aimed at cautious outcomes; None if the expected outcome is maximised.
    """

    units: Units
    problem: Problem
    solver: Solver
    terms: Terms = field(repr=False)
    curves: Curves = field(repr=False)
    coupling: Coupling = field(repr=False)
    aimed: Aimed | None = field(default=None, repr=False)

    @classmethod
    def of(cls, run: Rebuilt) -> Held:
        """What a run solved.

        Raises
        ------
        ModelError
            If its objective is cautious and its model no ensemble.
        """
        return cls._with(run.left.model, run.units, run.problem, run.left.scenario.solver.build(), run.curves.dense())

    @classmethod
    def asking(cls, model: ResponseModel, units: Units, problem: Problem, solver: Solver) -> Held:
        """A problem that was not solved yet; the model is asked for every unit's outcome at every amount.

        Raises
        ------
        ModelError, DataError
            If it cannot answer, or a limit or rule cannot be read off the units.
        """
        return cls._with(model, units, problem, solver, respond(model, units, problem.terms(len(units), units.frame)).dense())

    @classmethod
    def _with(cls, model: ResponseModel, units: Units, problem: Problem, solver: Solver, curves: Curves) -> Held:
        return cls(
            units=units,
            problem=problem,
            solver=solver,
            terms=problem.terms(len(units), units.frame),
            curves=curves,
            coupling=Coupling.compile(problem.limits, len(units), units.frame, lambda: curves.column(0)),
            aimed=None if problem.objective is None else aim(model, units, curves, problem.objective),
        )

    def decide(self, progress: Progress = silent) -> Allocation:
        """The plan, as a run would find it.

        Raises
        ------
        Infeasible, NoIncumbent
            As in `optimizer.decide.decide`.
        """
        best = decide(self.curves, self.coupling, self.solver, progress)
        if self.problem.then is not None:
            return second(best, self.curves, self.coupling, self.problem.then, self.solver, progress)
        return best if self.aimed is None else cautious(best, self.aimed, self.coupling, self.solver, progress)

    def at_figure(self, name: str, figure: Fraction) -> Held:
        """The same problem with another figure of the limit called `name`."""
        limits = self.problem.limits
        return self.with_limits([replace(limit, figure=figure) if limit.name == name else limit for limit in limits])

    def with_limits(self, limits: Sequence[Limit]) -> Held:
        """The same problem with other limits."""
        problem = replace(self.problem, limits=tuple(limits))
        return replace(self, problem=problem, coupling=self._compiled(problem.limits, self.curves))

    def with_outcome(self, unit: int, option: int, outcome: float) -> Held:
        """The same problem, had this unit another expected outcome at this option; what follows from it changes too.

        Costs that are expectations, and the rule on the cost of an uplift, depend on outcomes.
        """
        values = self.curves.values.copy()
        values[unit, option] = outcome
        curves = self.terms.curves(values, slice(None))
        return replace(self, curves=curves, coupling=self._compiled(self.problem.limits, curves))

    def counts(self, limit: Limit) -> NDArray[np.bool_]:
        """(n,) whether the limit counts each unit."""
        row = next(row for row in self.coupling.rows if row.limit.name == limit.name)
        inside: NDArray[np.bool_] = np.array(row.inside)[self.coupling.groups]
        return inside

    def _compiled(self, limits: tuple[Limit, ...], curves: Curves) -> Coupling:
        return Coupling.compile(limits, len(self.units), self.units.frame, lambda: curves.column(0))
