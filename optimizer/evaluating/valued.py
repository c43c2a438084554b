"""Rules on past units → the tables of an evaluation: values, differences of the same units, and how far predictions were off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evaluation.policy_value import PolicyValue, effective_size, scores, weighted
from optimizer.evaluating.heldout import NOBODY, THIS_PLAN, Held, HeldOut
from optimizer.problem.evaluation import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One rule: what is known of it, its scores (n,), and its mean of matching records with their influence (n,)."""

    held: Held
    scores: NDArray[np.float64]
    recorded: float
    influence: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """All rules, ready to be compared; columns of the tables are told at `optimizer.problem.evaluation.Evaluation`.

    Attributes
    ----------
    rules : by name, the plan first.
    clusters : (n,) units of the same number are counted as one; None if each stands for itself.
    """

    rules: dict[str, _Rule]
    clusters: NDArray[np.intp] | None

    @classmethod
    def of(cls, found: HeldOut, outcome: NDArray[np.float64], clusters: NDArray[np.intp] | None) -> Valued:
        """Rules on past units whose outcomes (n,) are recorded."""
        rules = {}
        for name, held in found.rules.items():
            recorded, influence = weighted(outcome, held.weight)
            scored = scores(outcome, found.fitted, held.nearby, held.weight)
            rules[name] = _Rule(held=held, scores=scored, recorded=recorded, influence=influence)
        return cls(rules=rules, clusters=clusters)

    def values(self) -> pd.DataFrame:
        """One row a rule."""
        return pd.DataFrame([self._value(name, rule) for name, rule in self.rules.items()])

    def differences(self) -> pd.DataFrame:
        """One row a rule but the plan, which it is taken from: of the same units, so that much of the chance cancels."""
        plan = self.rules[THIS_PLAN]
        return pd.DataFrame([self._less(name, plan, rule) for name, rule in self.rules.items() if rule is not plan])

    def optimism(self) -> pd.DataFrame:
        """What the plan's predictions promise beyond what its records bear out, one row a figure."""
        return pd.DataFrame([asdict(self.promise(figure)) for figure in ("outcome", "uplift")])

    def promise(self, figure: str) -> Promise:
        """The same of ``outcome`` or ``uplift``."""
        plan, nobody = self.rules[THIS_PLAN], self.rules[NOBODY]
        predicted, estimated = plan.held.predicted, plan.scores
        if figure == "uplift":
            predicted, estimated = predicted - nobody.held.predicted, estimated - nobody.scores
        off = PolicyValue.mean(predicted - estimated, self.clusters)
        return Promise(
            figure=figure,
            predicted=float(predicted.mean()),
            estimated=float(estimated.mean()),
            difference=off.value,
            standard_error=off.standard_error,
            low=off.low,
            high=off.high,
        )

    def _value(self, name: str, rule: _Rule) -> dict[str, Any]:
        return {
            "rule": name,
            "offered": float(rule.held.offered.mean()),
            "recipients": float(rule.held.recipient.mean()),
            "predicted": float(rule.held.predicted.mean()),
            **_interval("value", PolicyValue.mean(rule.scores, self.clusters)),
            **_recorded(PolicyValue.of(rule.recorded, rule.influence, self.clusters)),
            "effective": effective_size(rule.held.weight),
            "trimmed": int(rule.held.trimmed.sum()),
            "breaks": ", ".join(rule.held.breaks),
        }

    def _less(self, name: str, plan: _Rule, rule: _Rule) -> dict[str, Any]:
        recorded = PolicyValue.of(plan.recorded - rule.recorded, plan.influence - rule.influence, self.clusters)
        difference = PolicyValue.mean(plan.scores - rule.scores, self.clusters)
        return {"rule": name, **_interval("difference", difference), **_recorded(recorded)}


def _interval(name: str, value: PolicyValue) -> dict[str, float]:
    return {name: value.value, "standard_error": value.standard_error, "low": value.low, "high": value.high}


def _recorded(value: PolicyValue) -> dict[str, float]:
    names = ("recorded", "recorded_error", "recorded_low", "recorded_high")
    return dict(zip(names, (value.value, value.standard_error, value.low, value.high), strict=True))
