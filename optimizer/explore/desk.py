"""What can be moved, and the plan at any setting: the one that `bursar solve --set` finds with the same figures.

    knobs       the largest award, and the figure of each limit
    settings    a figure for each knob → the scenario that says so → its plan, with a proof

The units' curves are asked for once for each set of amounts and held; a plan that was decided lately is remembered.
"""

from __future__ import annotations

import shlex
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.base import ResponseModel
from optimizer.again import Held
from optimizer.edge.model_file import ALLOWED
from optimizer.edge.model_store import ModelStore
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import read_sources
from optimizer.engine.verify import certify
from optimizer.errors import Fault, ModelError, ScenarioError
from optimizer.explore.knobs import Figure, Knob, knobs_of
from optimizer.options import Options
from optimizer.problem.allocation import Allocation
from optimizer.problem.certificate import Certificate
from optimizer.problem.scenario import Scenario
from optimizer.problem.units import History, Units
from optimizer.run import prepare
from optimizer.solved import Plan
from optimizer.told import told

KEPT = 16
"""Plans, and sets of curves, that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """The plan at one setting.

    Attributes
    ----------
    overrides : what `bursar solve` would be told with `--set` to find the same.
    """

    scenario: Scenario
    overrides: tuple[str, ...]
    held: Held
    model: ResponseModel
    allocation: Allocation
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Desk:
    """A scenario on the desk, whose plan at any setting is decided on held curves, one at a time.

    Attributes
    ----------
    place : the scenario's file, as it was named.
    options : as it was read with.
    """

    place: str
    options: Options
    scenario: Scenario
    sources: tuple[Units, History | None]
    store: ModelStore
    knobs: tuple[Knob, ...]
    _asked: dict[tuple[int, ...], tuple[Held, ResponseModel]] = field(default_factory=dict)
    _answers: OrderedDict[tuple[Figure, ...], Answer] = field(default_factory=OrderedDict)
    _one: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, path: str | Path, options: Options) -> Desk:
        """Read a scenario and its tables, fit its model, and ask it for every amount.

        Raises
        ------
        BursarError
            As in `optimizer.run.solve`.
        """
        scenario = read_scenario(path, options.overrides)
        if scenario.solver.embedding == "native":
            raise ModelError("solver.embedding: only curves can be decided again at once, got native; use embedding: curves")
        options.progress("read", None)
        store = ModelStore(allowed_modules=(*ALLOWED, *options.allow_modules))
        sources = read_sources(scenario, store)
        desk = cls(
            place=str(path),
            options=options,
            scenario=scenario,
            sources=sources,
            store=store,
            knobs=tuple(knobs_of(scenario, len(sources[0]))),
        )
        options.progress("respond", None)
        desk.answer(desk.figures)
        return desk

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The setting that the scenario says."""
        return tuple(knob.figure for knob in self.knobs)

    def command(self, answer: Answer) -> str:
        """What finds the same plan, told to a shell."""
        modules = (word for module in self.options.allow_modules for word in ("--allow-module", module))
        overrides = (word for override in (*self.options.overrides, *answer.overrides) for word in ("--set", override))
        return shlex.join(["bursar", "solve", self.place, *modules, *overrides])

    def scenario_at(self, figures: Sequence[Figure]) -> tuple[Scenario, tuple[str, ...]]:
        """The scenario that says these figures, and what `--set` would be told; what is as it was is left as it was written.

        Raises
        ------
        ScenarioError
            If it may not have one of them.
        """
        tree, overrides = deepcopy(self.scenario.resolved()), []
        for knob, figure in zip(self.knobs, figures, strict=True):
            if figure == knob.figure:
                continue
            written: Any = knob.written(figure)
            if knob.path == "amounts.tiers":
                written = [tier for tier in tree["amounts"]["tiers"] if tier <= figure]
            _put(tree, knob.path.split("."), written)
            overrides.append(f"{knob.path}={written}")
        try:
            return Scenario.model_validate(tree, context={"folder": Path.cwd()}), tuple(overrides)
        except ValidationError as wrong:
            faults = wrong.errors(include_url=False)
            raise ScenarioError(*(Fault(".".join(map(str, each["loc"])), str(each["msg"])) for each in faults)) from wrong

    def answer(self, figures: Sequence[Figure], wanted: Callable[[], bool] = lambda: True) -> Answer | None:
        """The plan at a setting; None if it is no longer wanted when its turn comes.

        Raises
        ------
        BursarError
            If the scenario may not have such a figure, or there is no plan.
        """
        key = tuple(figures)
        with self._one:
            if not wanted():
                return None
            if key not in self._answers:
                self._answers[key] = self._decided(*self.scenario_at(key))
                while len(self._answers) > KEPT:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            return self._answers[key]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing else is decided meanwhile."""
        with self._one:
            yield

    def rest(self, seconds: float) -> bool:
        """Let nothing be decided any more; whether what was in hand ended within so many seconds."""
        return self._one.acquire(timeout=seconds)

    def plan(self, answer: Answer) -> Plan:
        """All that a run would say of the plan."""
        compiled = (answer.held.curves, answer.held.coupling)
        return told(answer.scenario, (answer.held.units, self.sources[1]), compiled, answer.allocation, answer.certificate)

    def _decided(self, scenario: Scenario, overrides: tuple[str, ...]) -> Answer:
        base, model = self._held(scenario)
        held = base.with_limits(scenario.build_problem().limits)
        allocation = held.decide()
        X = held.units.X
        predict = lambda amount: model.predict(X, amount)  # noqa: E731 — as in `optimizer.plan`
        certificate = certify(allocation, held.curves, held.coupling, predict, held.problem.then, held.aimed)
        return Answer(
            scenario=scenario, overrides=overrides, held=held, model=model, allocation=allocation, certificate=certificate
        )

    def _held(self, scenario: Scenario) -> tuple[Held, ResponseModel]:
        """The scenario's curves; a model that holds its amounts monotone is another for others."""
        offered = scenario.amounts.build().values
        if offered not in self._asked:
            ready = prepare(scenario, self.sources, self.store)
            self._asked[offered] = (Held.asking(ready.model, ready.units, ready.problem, scenario.solver.build()), ready.model)
        return self._asked[offered]


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *above, last = path
    parent: Any = tree
    for key in above:
        parent = parent[int(key)] if isinstance(parent, list) else parent[key]
    parent[last] = value
