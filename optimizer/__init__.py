"""Who gets a treatment, and how much: trained uplift models inside a MIP, under a budget, with a proof.

The public names, nothing else; each is imported when it is first used, so that `bursar --help` need not wait for solvers.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.edge.scenario_file import read_scenario
    from optimizer.errors import (
        BursarError,
        DataError,
        Infeasible,
        Locked,
        ModelError,
        NoIncumbent,
        ScenarioError,
        VerificationError,
        WriteError,
    )
    from optimizer.evaluating.evaluate import evaluate
    from optimizer.nightly import run_night
    from optimizer.options import Options
    from optimizer.plan import allocate
    from optimizer.problem.allocation import Allocation
    from optimizer.problem.amounts import Amounts
    from optimizer.problem.certificate import Certificate
    from optimizer.problem.costs import Costs
    from optimizer.problem.evaluation import Evaluation
    from optimizer.problem.limits import Limit
    from optimizer.problem.rules import Rules
    from optimizer.problem.scenario import Scenario
    from optimizer.problem.solver import Solver
    from optimizer.problem.then import Then
    from optimizer.run import frontier, solve, verify
    from optimizer.solved import Plan

__all__ = [
    "Allocation",
    "Amounts",
    "BursarError",
    "Certificate",
    "Costs",
    "DataError",
    "Evaluation",
    "Infeasible",
    "Limit",
    "Locked",
    "ModelError",
    "NoIncumbent",
    "Options",
    "Plan",
    "Rules",
    "Scenario",
    "ScenarioError",
    "Solver",
    "Then",
    "VerificationError",
    "WriteError",
    "allocate",
    "evaluate",
    "frontier",
    "read_scenario",
    "run_night",
    "solve",
    "verify",
]

HOME = {
    "Allocation": "optimizer.problem.allocation",
    "Amounts": "optimizer.problem.amounts",
    "Certificate": "optimizer.problem.certificate",
    "Costs": "optimizer.problem.costs",
    "Evaluation": "optimizer.problem.evaluation",
    "Limit": "optimizer.problem.limits",
    "Options": "optimizer.options",
    "Plan": "optimizer.solved",
    "Rules": "optimizer.problem.rules",
    "Scenario": "optimizer.problem.scenario",
    "Solver": "optimizer.problem.solver",
    "Then": "optimizer.problem.then",
    "allocate": "optimizer.plan",
    "evaluate": "optimizer.evaluating.evaluate",
    "frontier": "optimizer.run",
    "read_scenario": "optimizer.edge.scenario_file",
    "run_night": "optimizer.nightly",
    "solve": "optimizer.run",
    "verify": "optimizer.run",
}
"""Where each public name lives; the errors live in optimizer.errors."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(HOME.get(name, "optimizer.errors")), name)


def __dir__() -> list[str]:
    return __all__
