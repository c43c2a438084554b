"""The cautious objective: the curves aim at outcomes as low as they may well be, and the plan is proven to have most.

    decide → best     decide (cautious outcome) → the plan     predicted loss = best − expected outcome of the plan

Both searches are proven, so the loss is one of two plans, not of a plan and a bound. Between the two objectives lie their
weighted sums, (1 − w) · expected + w · cautious, each with a plan and a proof of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from optimizer.decide import Progress, decide, silent
from optimizer.engine.verify import certify_all
from optimizer.errors import Infeasible, NoIncumbent
from optimizer.problem.allocation import Allocation, Cautious
from optimizer.problem.coupling import Coupling, Totals
from optimizer.problem.objective import Aimed
from optimizer.problem.solver import Solver
from optimizer.problem.sums import exact_sum


def cautious(best: Allocation, aimed: Aimed, coupling: Coupling, solver: Solver, progress: Progress = silent) -> Allocation:
    """A plan with most of the cautious outcome; `best`, which has most of the expected one, says what that costs.

    The search may take the solver's time limit once more.
    """
    curves = aimed.curves
    before = Totals.of(best.index, curves, coupling).gain
    try:
        found = decide(curves, coupling, solver, progress)
    except (Infeasible, NoIncumbent):
        # There is a plan, the best one: this says only that none was found.
        found = decide(curves, coupling, solver, progress, start=best.index)
    index = found.index if found.value >= before else best.index
    return replace(
        best.choosing(index, curves, coupling),
        cautious=Cautious(
            caution=aimed.objective.caution,
            figure=float(aimed.objective.figure),
            best=best.value,
            before=before,
            value=Totals.of(index, curves, coupling).gain,
            bound=found.bound,
            bound_source=found.bound_source,
            dual_bound=found.bound,
            shadow_prices=found.shadow_prices,
        ),
    )


def between(
    aimed: Aimed, coupling: Coupling, weights: Sequence[float], solver: Solver, progress: Progress = silent
) -> pd.DataFrame:
    """A proven plan for each weight of the cautious outcome, from 0 (the expected outcome alone) to 1 (the cautious alone).

    Returns
    -------
    One row a weight: weight, expected and cautious (outcomes of the plan), spent, recipients, bound (of the weighted sum),
    bound_source, gap.

    Raises
    ------
    Infeasible
        If no allocation satisfies the limits.
    NoIncumbent
        If a search stopped before it found a plan.
    VerificationError
        If a plan is not what it claims to be.
    """
    curves = aimed.curves
    rows = []
    for place, weight in enumerate(weights):
        progress("frontier", place / len(weights))
        mixed = replace(curves, aims=(1.0 - weight) * curves.values + weight * curves.gains)
        plan = decide(mixed, coupling, solver)
        certify_all([(plan, coupling)], mixed)
        rows.append(
            {
                "weight": float(weight),
                "expected": exact_sum(curves.value_of(plan.index)),
                "cautious": exact_sum(curves.gain_of(plan.index)),
                "spent": int(curves.cost_of(plan.index).sum()),
                "recipients": int(np.count_nonzero(plan.index)),
                "bound": plan.bound,
                "bound_source": plan.bound_source,
                "gap": plan.gap,
            }
        )
    return pd.DataFrame(rows)
