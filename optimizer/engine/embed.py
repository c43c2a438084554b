"""The response curves of a core as a predictor that gurobi-machinelearning embeds.

    y_j = Σ_{o ∈ class j} value_o x_o,      x the number of units at each option

gurobi-machinelearning looks a predictor's type up among those registered; `CoreCurves` is ours, so a curve enters a model as
any regressor does: `add_predictor_constr(model, CoreCurves(…), x, y)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gurobi_ml import register_predictor_constr
from gurobi_ml.exceptions import NoSolutionError
from gurobi_ml.modeling import AbstractPredictorConstr
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from optimizer.problem.core import Core


@dataclass(frozen=True, slots=True)
class CoreCurves:
    """A core's curves, as a regressor from the units at each option (1, O) to each class's expected outcome (1, J).

    Attributes
    ----------
    weights : (J, O) sparse; row j holds the values of class j's options.
    """

    weights: csr_array

    @classmethod
    def of(cls, core: Core) -> CoreCurves:
        """The curves of a core's classes."""
        shape = (len(core.members), len(core.klass))
        return cls(csr_array((core.value, (core.klass, np.arange(len(core.klass)))), shape=shape))

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Expected outcome of each class: (rows, J) for (rows, O) counts."""
        outcome: NDArray[np.float64] = (self.weights @ np.asarray(x, dtype=np.float64).T).T
        return outcome


class CoreCurvesConstr(AbstractPredictorConstr):  # type: ignore[misc]
    """The linear formulation of `CoreCurves`: one row a class."""

    def __init__(self, gp_model: Any, predictor: CoreCurves, input_vars: Any, output_vars: Any = None, **kwargs: Any) -> None:
        self.predictor = predictor
        self._default_name = "curves"
        self._output_shape, self._input_shape = predictor.weights.shape
        super().__init__(gp_model, input_vars, output_vars, **kwargs)

    def _mip_model(self, **_: Any) -> None:
        self.gp_model.addConstr(self.output[0] == self.predictor.weights @ self.input[0], name="curve")

    def get_error(self, eps: float | None = None) -> NDArray[np.float64] | None:
        """|predict(x) − y| of the model's solution: (1, J); None if `eps` is given and no error exceeds it."""
        if not self._has_solution:
            raise NoSolutionError
        error: NDArray[np.float64] = np.abs(self.predictor.predict(self.input_values) - self.output_values)
        return None if eps is not None and float(error.max(initial=0.0)) < eps else error


def add_core_curves_constr(
    gp_model: Any, predictor: CoreCurves, input_vars: Any, output_vars: Any = None, **kwargs: Any
) -> CoreCurvesConstr:
    """The function that gurobi-machinelearning calls for a `CoreCurves`."""
    return CoreCurvesConstr(gp_model, predictor, input_vars, output_vars, **kwargs)


def register() -> None:
    """Make `CoreCurves` known to gurobi-machinelearning; doing so twice changes nothing."""
    register_predictor_constr(CoreCurves, add_core_curves_constr)
