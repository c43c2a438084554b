"""The plan that `solve` returns: the noun, with the pictures that a notebook asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.budgets import frontier_of, limits_of
from optimizer.edge.report.figures import curve_figure, frontier_figure
from optimizer.edge.report.people import prices_of
from optimizer.edge.report.words import Words
from optimizer.errors import DataError
from optimizer.problem import result
from optimizer.problem.budget import main_budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(result.Plan):
    """Who gets how much, and everything that backs it; `optimizer.problem.result.Plan` says what it holds."""

    def plot_frontier(self) -> Any:
        """What another budget would bring, a plotly figure; the plans are solved and proven when it is asked for.

        Raises
        ------
        DataError
            If no limit is a budget, something else than the expected outcome was maximised, or a plan was not found in time.
        """
        limit = main_budget(limits_of(self.basis.coupling))
        if limit is None or self.allocation.cautious is not None:
            what = (
                "a limit on everyone's cost, at_most, in currency units" if limit is None else "the expected outcome as objective"
            )
            raise DataError(f"plot_frontier: needs {what}; `optimizer.frontier` goes over other limits, and over objectives")
        table = frontier_of(self.basis, limit, self.allocation)
        if table is None:
            raise DataError("plot_frontier: a search stopped before it found a plan; allow more time (solver.time_limit)")
        return _figure(frontier_figure(table, float(limit.figure), self.summary.uplift, self._words))

    def plot_curve(self, unit: str) -> Any:
        """What a unit, named by its id, would do at each amount, the amount it got, and the price line: a plotly figure.

        Raises
        ------
        DataError
            If there is no such unit.
        """
        places = np.flatnonzero(self.table["id"].to_numpy() == unit)
        if not len(places):
            raise DataError(f"plot_curve: must name a unit of the plan, got {unit!r}; the ids are in plan.table['id']")
        curves = self.basis.curves.part(places)
        prices = prices_of(self.certificate, self.basis.coupling, self.basis.coupling.groups[places])
        chosen = int(self.allocation.index[places[0]])
        needed = None if prices is None else prices.needed(curves, np.array([chosen]))[0]
        return _figure(curve_figure(curves.amounts.array, curves.values[0], chosen, needed, self._words))

    @property
    def _words(self) -> Words:
        return Words("en", self.summary.currency)


def _figure(drawn: dict[str, Any]) -> Any:
    from plotly.graph_objects import Figure  # noqa: PLC0415 — heavy, and a run needs it only for notebooks

    return Figure(drawn)
