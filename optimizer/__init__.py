"""Who gets a treatment, and how much: trained uplift models inside a MIP, under a budget, with a proof."""

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
from optimizer.plan import allocate
from optimizer.problem.allocation import Allocation
from optimizer.problem.amounts import Amounts
from optimizer.problem.certificate import Certificate
from optimizer.problem.limits import Limit
from optimizer.problem.result import Plan
from optimizer.problem.scenario import Scenario
from optimizer.problem.solver import Solver
from optimizer.run import Options, solve, verify

__all__ = [
    "Allocation",
    "Amounts",
    "BursarError",
    "Certificate",
    "DataError",
    "Infeasible",
    "Limit",
    "Locked",
    "ModelError",
    "NoIncumbent",
    "Options",
    "Plan",
    "Scenario",
    "ScenarioError",
    "Solver",
    "VerificationError",
    "WriteError",
    "allocate",
    "read_scenario",
    "solve",
    "verify",
]
