"""The figures of a scenario that can be moved: those of its limits, and the largest award on offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import get_args

from optimizer.errors import Fault, ScenarioError
from optimizer.otherwise import round_step
from optimizer.problem.limits import Sense
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_limits import LimitSpec, ParitySpec

STOPS = 200
"""Of a slider, about."""

Figure = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One figure that can be moved.

    Attributes
    ----------
    path : where the scenario says it, as `--set` takes it: limits.0.at_most.
    name : the limit's; "" for the largest award.
    measure : what it counts: award, cost, recipients, outcome or uplift.
    sense : how it limits: at_most, at_least, exactly or within.
    percent : whether the figure is a percentage.
    whole : whether it is a whole number.
    figure : as the scenario has it; `most` is as far as a slider goes, in steps of `step`.
    choices : the figures that it may have; any if there are none.
    """

    path: str
    name: str
    measure: str
    sense: str
    percent: bool = False
    whole: bool = False
    figure: Figure
    most: Figure
    step: Figure
    choices: tuple[int, ...] = ()

    def written(self, figure: Figure) -> str | Figure:
        """The figure as a scenario writes it.

        Raises
        ------
        ScenarioError
            If it is no number that it may be.
        """
        if isinstance(figure, bool) or not isinstance(figure, int | float):
            raise ScenarioError(Fault(self.path, "must be a number", repr(figure), "type one"))
        if self.choices and figure not in self.choices:
            raise ScenarioError(Fault(self.path, "must be an amount on offer", f"{figure:,}", "move the slider"))
        if self.whole and figure != int(figure):
            raise ScenarioError(Fault(self.path, "must be a whole number", f"{figure:,}", "leave its decimals out"))
        return f"{figure}%" if self.percent else int(figure) if self.whole else figure


def knobs_of(scenario: Scenario, n: int) -> Sequence[Knob]:
    """The figures that can be moved: those of the limits, the budget first as a rule, and the largest award."""
    names = [limit.name for limit in scenario.build_problem().limits]
    # A season's limits come before the others, and are none of these.
    names = names[len(names) - len(scenario.limits) :]
    limits = [_of_limit(place, spec, name, n) for place, (spec, name) in enumerate(zip(scenario.limits, names, strict=True))]
    _, *awards = scenario.amounts.build().values
    tiers = scenario.amounts.tiers is not None
    step = awards[0] if tiers or len(awards) == 1 else awards[1] - awards[0]
    largest = Knob(
        path="amounts.tiers" if tiers else "amounts.max",
        name="",
        measure="award",
        sense="at_most",
        whole=True,
        figure=awards[-1],
        most=awards[-1],
        step=step,
        choices=tuple(awards),
    )
    return [*limits, largest]


def _of_limit(place: int, spec: LimitSpec | ParitySpec, name: str, n: int) -> Knob:
    if isinstance(spec, ParitySpec):
        sense, figure, measure = "within", spec.within, spec.parity
    else:
        sense = next(sense for sense in get_args(Sense) if getattr(spec, sense) is not None)
        figure, measure = getattr(spec, sense), spec.measure
    percent, whole = isinstance(figure, Fraction), isinstance(figure, int)
    shown = _plain(100 * figure) if isinstance(figure, Fraction) else figure
    most: Figure = 100 if percent else 2 * shown or n
    if whole and measure == "recipients":
        most = min(most, n)
    step = round_step(most / STOPS)
    return Knob(
        path=f"limits.{place}.{sense}",
        name=name,
        measure=measure,
        sense=sense,
        percent=percent,
        whole=whole,
        figure=shown,
        most=most,
        step=max(1, int(step)) if whole else float(step),
    )


def _plain(figure: Fraction) -> Figure:
    return int(figure) if figure.denominator == 1 else float(figure)
