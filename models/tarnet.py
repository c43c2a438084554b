"""TARNet: one representation of the unit for all, one head for each arm (Shalit, Johansson, Sontag 2017).

    v(x, a) = h_a(Φ(x)),   (Φ, h) = argmin (1/n) Σ w_i ℓ(h_{t_i}(Φ(x_i)), y_i) + α · IPM(Φ_treated, Φ_control) + ½ l2 ‖h‖²

With α > 0 it is the authors' CFR. Amounts reach the heads by strata or through a spline (`models.doses`). Training needs torch; a
fitted model is numpy arrays, and answers in double precision without it.

To reuse what was learned: `network()` is the trained network, `rows(past)` what another history says in this model's features,
doses and outcome units; `models.nets.training.train` goes on with them, and `keep(network, trace)` takes the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from models.base import Branch, ResponseError, offered, received
from models.doses import Doses
from models.features import as_numbers, preparation
from models.head import Head
from models.heads import BLOCK, Heads, layers_of, through
from models.learner import Learner
from models.nets.options import PRESETS, check_parameters, chosen
from models.nets.settings import Schedule, Shape, Trace
from models.observed import Observed

if TYPE_CHECKING:
    from models.nets.network import Network
    from models.nets.rows import Rows

__all__ = ["PRESETS", "TARNet"]

Floats = NDArray[np.float64]

MANY_AWARDS = "varying"
"""How the dose reaches the heads if history has awards of several sizes: in the scholarship world (`models.truth`, 8 000 past
people, mean of three histories) its curves miss the truth by 0.073, those of strata by 0.078, and those of none by 0.095."""


class TARNet(Learner):
    """A representation and its heads, trained together.

    Parameters
    ----------
    representation_width, representation_layers, head_width, head_layers
        Of the hidden layers.
    activation
        Behind every hidden layer: ``elu``, ``relu`` or ``tanh``.
    outcome
        ``continuous`` (standardised, squared error), ``binary`` (0/1, cross-entropy), or ``auto`` for what history shows.
    dose
        ``none`` (all awards alike), ``strata``, ``varying``, or ``auto``: none if history has one award size, else varying.
    strata
        How many strata of awards, if it is strata.
    ipm, alpha
        Distance of the arms' representations that is penalised, ``none``, ``mmd`` or ``wasserstein``, and its weight.
    learning_rate, decay, max_steps, batch_size, l2, validation, patience
        As in `models.nets.training.Schedule`; the heads' weights are penalised.
    prepare
        As in `SLearner`.
    random_state
        Seed of the first weights, the split and the batches.

    Attributes
    ----------
    weights_ : parameters by name, float64.
    doses_ : how amounts mix the heads.
    binary_ : whether the heads end in a sigmoid.
    outcome_mean_, outcome_scale_ : of history's outcome; 0 and 1 if it is binary.
    steps_, best_step_ : how many steps were made, and after how many the weights were best.
    validation_losses_ : (looks, 2) step and loss of the held-out units.
    preparation_, feature_names_, imputed_ : as in `TwoModel`.
    """

    def __init__(  # noqa: PLR0913 — one parameter a figure of the published configuration
        self,
        *,
        representation_width: int = 32,
        representation_layers: int = 2,
        head_width: int = 16,
        head_layers: int = 2,
        activation: str = "elu",
        outcome: str = "auto",
        dose: str = "auto",
        strata: int = 5,
        ipm: str = "none",
        alpha: float = 1.0,
        learning_rate: float = 1e-3,
        decay: float = 0.97,
        max_steps: int = 3_000,
        batch_size: int = 100,
        l2: float = 1e-3,
        validation: float = 0.2,
        patience: int | None = 1_000,
        prepare: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.representation_width = representation_width
        self.representation_layers = representation_layers
        self.head_width = head_width
        self.head_layers = head_layers
        self.activation = activation
        self.outcome = outcome
        self.dose = dose
        self.strata = strata
        self.ipm = ipm
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.decay = decay
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.l2 = l2
        self.validation = validation
        self.patience = patience
        self.prepare = prepare
        self.random_state = random_state

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """An unfitted model in a published configuration, a key of `PRESETS`, with these parameters changed.

        Raises
        ------
        ResponseError
            If there is no such preset.
        """
        return cls(**{**PRESETS[chosen(f"{cls.__name__}.preset", name, PRESETS)], **changes})

    def fit(self, X: pd.DataFrame, treatment: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n past units; parameters as in `SLearner.fit`.

        Raises
        ------
        ResponseError
            If torch is not installed, an arm is empty, or history or a parameter cannot be used.
        """
        _need_torch()
        from models.nets.learning import learned  # noqa: PLC0415 — torch comes with an extra
        from models.nets.objective import Objective  # noqa: PLC0415

        past = Observed.read(X, treatment, y, sample_weight)
        self.observe(past)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        objective = Objective(binary=self.binary_, ipm=self.ipm, alpha=self.alpha)
        return self.keep(*learned(self.rows(past), self.shape(), objective, self.schedule(), seed))

    def observe(self, past: Observed) -> Self:
        """Learn from history all but the weights: how features, amounts and outcomes reach a network.

        Raises
        ------
        ResponseError
            If an arm is empty, or history or a parameter cannot be used.
        """
        check_parameters(self.get_params(deep=False), type(self).__name__)
        past.arm("control")
        awards = np.unique(past.treatment[past.arm("treated")])
        self.preparation_ = preparation(self.prepare).fit(past.X)
        self.imputed_ = self.preparation_.imputed_
        self.feature_names_ = list(self.preparation_.feature_names_)
        kind = self.dose if self.dose != "auto" else "none" if awards.size == 1 else MANY_AWARDS
        self.doses_ = Doses.read(kind, past.treatment, self.strata)
        zero_or_one = bool(np.isin(past.outcome, (0.0, 1.0)).all())
        if self.outcome == "binary" and not zero_or_one:
            raise ResponseError(f"TARNet.outcome: a binary outcome must be 0 or 1, got {np.unique(past.outcome)[:5].tolist()}")
        self.binary_ = zero_or_one if self.outcome == "auto" else self.outcome == "binary"
        self.outcome_mean_ = 0.0 if self.binary_ else float(past.outcome.mean())
        self.outcome_scale_ = 1.0 if self.binary_ else float(past.outcome.std()) or 1.0
        return self

    def rows(self, past: Observed) -> Rows:
        """What a history says in this model's features, doses and outcome units."""
        from models.nets.learning import rows_of  # noqa: PLC0415

        outcome = (past.outcome - self.outcome_mean_) / self.outcome_scale_
        return rows_of(past, self._features(past.X), self.doses_, outcome)

    def shape(self) -> Shape:
        """What the network consists of."""
        return Shape(
            inputs=len(self.feature_names_),
            representation=(self.representation_width,) * self.representation_layers,
            heads=(self.head_width,) * self.head_layers,
            mixed=self.doses_.heads,
            joined=self.doses_.joined,
            spline=self.doses_.kind == "varying",
            activation=self.activation,
        )

    def schedule(self) -> Schedule:
        """How it is trained."""
        names = ("learning_rate", "decay", "max_steps", "batch_size", "l2", "validation", "patience")
        return Schedule(**{name: getattr(self, name) for name in names})

    def network(self) -> Network:
        """The trained network, a copy.

        Raises
        ------
        ResponseError
            If torch is not installed.
        """
        check_is_fitted(self, "weights_")
        _need_torch()
        from models.nets.network import Network  # noqa: PLC0415

        return Network(self.shape()).load(self.weights_)

    def keep(self, network: Network, trace: Trace) -> Self:
        """Take a trained network, whose shape must be `shape()`."""
        self.weights_ = network.weights()
        self.steps_, self.best_step_ = trace.steps, trace.best_step
        self.validation_losses_ = np.array(trace.losses, dtype=np.float64).reshape(-1, 2)
        return self

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> Floats:
        """Expected outcome of n units at each of m amounts (currency units): (n, m)."""
        vector = offered(amounts)
        heads, features = self._heads(), self._features(X)
        values = np.empty((len(features), vector.size))
        for part in self._blocks(len(features)):
            values[part] = heads.curves(self._represent(features[part]), vector)
        return values

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> Floats:
        """Expected outcome of n units, each at its own amount (currency units): (n,)."""
        amounts = received(treatment, len(X))
        heads, features = self._heads(), self._features(X)
        values = np.empty(len(features))
        for part in self._blocks(len(features)):
            values[part] = heads.each(self._represent(features[part]), amounts[part])
        return values

    def representation(self, X: pd.DataFrame) -> Floats:
        """Φ of n units: (n, representation_width)."""
        check_is_fitted(self, "weights_")
        features = self._features(X)
        return np.concatenate([self._represent(features[part]) for part in self._blocks(len(features))])

    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The heads of the two arms, fed with Φ of n units, and with the dose where they take it."""
        phi, heads = self.representation(X), self._heads()
        without, with_award = (Head(heads=heads, treated=treated) for treated in (False, True))
        column = phi.shape[1] if with_award.takes_dose else None
        return (
            Branch(estimator=without, features=phi, column=None, scale=self.doses_.largest),
            Branch(estimator=with_award, features=phi, column=column, scale=self.doses_.largest),
        )

    def _represent(self, features: Floats) -> Floats:
        return through(layers_of(self.weights_, "representation"), self.activation, features)

    def _heads(self) -> Heads:
        check_is_fitted(self, "weights_")
        return Heads(
            layers=layers_of(self.weights_, "heads"),
            activation=self.activation,
            doses=self.doses_,
            binary=self.binary_,
            mean=self.outcome_mean_,
            scale=self.outcome_scale_,
        )

    def _features(self, X: pd.DataFrame) -> Floats:
        return as_numbers(self.preparation_.transform(X), "TARNet")

    def _blocks(self, n: int) -> list[slice]:
        step = max(1, BLOCK // max(self.representation_width, self.head_width * self.doses_.heads))
        return [slice(start, start + step) for start in range(0, max(n, 1), step)]


def _need_torch() -> None:
    if find_spec("torch") is None:
        raise ResponseError('TARNet: training needs torch, which is not installed; pip install "bursar[nets]"')
