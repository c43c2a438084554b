"""Gurobi, as bursar starts it: one silent environment a process, and what its licence takes."""

from __future__ import annotations

import atexit
import signal
from functools import cache

import gurobipy as gp

from optimizer.problem.core import Capacity

TOO_LARGE = gp.GRB.Error.SIZE_LIMIT_EXCEEDED
"""What `optimize` raises when the model is larger than the licence that pip brings takes (10010)."""

PIP_LICENCE = Capacity(variables=2000, rows=2000)
FULL_LICENCE = Capacity(variables=400_000, rows=400_000)
"""No licence limit: as much as is sensible to hand over at once."""


@cache
def environment() -> gp.Env:
    """The process's only environment; gurobipy finds the licence itself.

    Raises
    ------
    gurobipy.GurobiError
        If the licence that it finds is not valid.
    """
    env = gp.Env(empty=True)
    env.setParam("OutputFlag", 0)
    env.start()
    atexit.register(env.close)
    return env


def optimize(model: gp.Model) -> None:
    """Solve the model; Ctrl-C, which Gurobi takes for a wish to see what it has so far, ends the run here as anywhere else.

    Raises
    ------
    KeyboardInterrupt
        If the search was interrupted.
    """
    model.optimize()
    if model.Status == gp.GRB.INTERRUPTED:
        signal.raise_signal(signal.SIGINT)
        raise KeyboardInterrupt


@cache
def capacity() -> Capacity:
    """What the licence takes, found by asking: a model of 2 001 variables is solved or refused."""
    with gp.Model(env=environment()) as probe:
        probe.addMVar(2001, ub=1.0)
        try:
            optimize(probe)
        except gp.GurobiError as refused:
            if refused.errno != TOO_LARGE:
                raise
            return PIP_LICENCE
    return FULL_LICENCE
