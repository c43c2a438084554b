"""Settings of the search check themselves."""

import pytest

from optimizer.problem.solver import Solver


def test_the_defaults_ask_for_a_proven_optimum_of_embedded_curves_by_gurobi():
    solver = Solver()
    assert (solver.embedding, solver.backend, solver.gap, solver.time_limit, solver.seed) == ("curves", "gurobi", 0.0, None, 0)


@pytest.mark.parametrize(
    "settings", [{"backend": "highs"}, {"embedding": "native"}, {"gap": 0.999}, {"time_limit": 1e-3}, {"seed": 2**31 - 1}]
)
def test_settings_within_range_are_taken(settings):
    solver = Solver(**settings)
    assert {name: getattr(solver, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding": "mip"}, r"solver\.embedding: must be curves or native, got 'mip'"),
        ({"backend": "cplex"}, r"solver\.backend: must be gurobi or highs, got 'cplex'"),
        ({"gap": -0.1}, r"solver\.gap: must be at least 0 and below 1, got -0\.1; 0 asks for a proven optimum"),
        ({"gap": 1}, r"solver\.gap: must be at least 0 and below 1, got 1"),
        ({"gap": float("nan")}, r"solver\.gap: must be at least 0 and below 1, got nan"),
        ({"time_limit": 0}, r"solver\.time_limit: must be positive seconds, got 0; leave it out for no limit"),
        ({"time_limit": float("nan")}, r"solver\.time_limit: must be positive seconds, got nan"),
        ({"time_limit": float("inf")}, r"solver\.time_limit: must be positive seconds, got inf"),
        ({"seed": -1}, r"solver\.seed: must be from 0 to 2\^31 - 1, got -1"),
        ({"seed": 2**31}, r"solver\.seed: must be from 0 to 2\^31 - 1, got 2147483648"),
        (
            {"embedding": "native", "backend": "highs"},
            r"solver\.backend: embedding native needs gurobi, got highs; use embedding",
        ),
    ],
)
def test_settings_out_of_range_are_refused_with_their_place(settings, message):
    with pytest.raises(ValueError, match=message):
        Solver(**settings)


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Solver().gap = 0.5
