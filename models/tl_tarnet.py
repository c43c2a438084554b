"""TL-TARNet: a TARNet of a large source carried to a small target (Aloui et al. 2023; Aydin and Brandt 2025).

    fine-tuned   θ ← argmin E_target(θ) + anchor/n ‖θ − θ_source‖²,   begun at θ_source, chosen layers frozen
    two phases   the representation is first brought near to the source's, arm by arm, then the heads are fine-tuned

Three networks stand side by side: the source's as it is, the target's own, and what was transferred. Transfer can hurt, so a
guard (`models.transfer_guard`) measures them on held-out target units and says which one answers. Of several sources the one
nearest in task affinity is used (`models.nets.affinity`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from models.base import Branch, ResponseError
from models.learner import Learner
from models.nets.options import chosen
from models.nets.settings import Schedule
from models.observed import Observed
from models.tarnet import TARNet
from models.transfer_guard import MOST_OUTSIDE, Evidence, judge, propensities, share_outside, stratified
from models.transfer_source import Source

if TYPE_CHECKING:
    from models.nets.network import Network

Floats = NDArray[np.float64]
Parts = NDArray[np.intp]

NAMES = ("transferred", "target", "source")
STRATEGIES = ("finetune", "two_phase")

DECAY, BATCH = 0.5, 100
"""Of the learning rate every 100 steps, and rows of a batch, on the target: after 200 steps the rate has come to rest."""


class TLTARNet(Learner):
    """A TARNet for a target with few units, helped by a source with many. It knows a treatment and none: all awards count alike.

    Parameters
    ----------
    network
        An unfitted `TARNet`: the structure of all networks, and how the source's is trained; None for ``TARNet()``.
    strategy
        ``finetune``, or ``two_phase`` (Aydin and Brandt 2025).
    freeze
        What stays as it is in the source: ``none``, ``representation``, or the first k of its layers.
    guard
        Whether held-out units decide which network answers; otherwise it is the transferred one.
    shrink, together
        Penalties of the target's own network, in rows: on its weights, and on the difference of its heads' weights.
    anchor
        Penalty of the transferred network, in rows: on how far it moves from the source.
    learning_rate, max_steps
        Of training on the target (and of each of two phases).
    folds
        In how many parts the guard holds units out.
    random_state
        Seed of weights, batches and parts.

    Attributes
    ----------
    source_, target_, transferred_ : fitted `TARNet`s, all with the source's preparation and outcome units.
    chosen_ : ``transferred``, ``target`` or ``source``: which of them answers.
    verdict_ : why, in one sentence.
    model_ : the network that answers: the chosen one; if it is the transferred, `share_` of the way to it from the source.
    share_ : from 0 to 1.
    losses_ : held-out loss of the effect by name; empty without a guard.
    hidden_bias_ : the guard's allowance for hidden causes, outcome units.
    outside_ : share of the target's units that lie off the source's.
    affinity_ : distance of each source's task by name; empty if there is one source.
    source_name_ : which source was used.
    """

    def __init__(  # noqa: PLR0913 — one parameter a choice of transfer
        self,
        network: TARNet | None = None,
        *,
        strategy: str = "finetune",
        freeze: str | int = "none",
        guard: bool = True,
        shrink: float = 4.0,
        together: float = 10.0,
        anchor: float = 100.0,
        learning_rate: float = 3e-3,
        max_steps: int = 200,
        folds: int = 5,
        random_state: Any = 0,
    ) -> None:
        self.network = network
        self.strategy = strategy
        self.freeze = freeze
        self.guard = guard
        self.shrink = shrink
        self.together = together
        self.anchor = anchor
        self.learning_rate = learning_rate
        self.max_steps = max_steps
        self.folds = folds
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame,
        treatment: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        source: Source | tuple[Any, Any, Any] | Sequence[Source | tuple[Any, Any, Any]],
    ) -> Self:
        """Fit on n past units of the target.

        Parameters
        ----------
        X, treatment, y, sample_weight
            The target's, as in `SLearner.fit`; any amount above 0 counts as the award.
        source
            One `Source` or (X, treatment, y), or a list of them, of the same columns.

        Raises
        ------
        ResponseError
            If torch is not installed, an arm is empty, the columns differ, or a history or parameter cannot be used.
        """
        past = Observed.read(X, treatment, y, sample_weight)
        past.arm("control")
        past.arm("treated")
        self._check_parameters()
        sources = Source.read(source)
        histories = [each.history(list(past.X.columns)) for each in sources]
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31 - 1))
        fitted = [
            each.network or self._fresh(seed).fit(h.X, h.treatment, h.outcome) for each, h in zip(sources, histories, strict=True)
        ]
        self.affinity_ = _affinities(sources, histories, fitted, past)
        place = min(range(len(sources)), key=lambda number: self.affinity_.get(sources[number].name, 0.0))
        self.source_, self.source_name_ = fitted[place], sources[place].name
        if self.source_.binary_ and not np.isin(past.outcome, (0.0, 1.0)).all():
            raise ResponseError(
                "TLTARNet: the source's outcome is 0/1, the target's is not; give the network outcome='continuous'"
            )
        begin, trainable = self._begin(past, histories[place], seed)
        self.target_ = self._alone(past, seed)
        self.transferred_ = self._tuned(past, begin, trainable, seed)
        folds = stratified(past.treated, self.folds, random)
        return self._judged(
            past,
            histories[place],
            folds,
            lambda rest: {"target": self._alone(rest, seed), "transferred": self._tuned(rest, begin, trainable, seed)},
        )

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> Floats:
        """Expected outcome of n units at each of m amounts, by the chosen network: (n, m)."""
        check_is_fitted(self, "model_")
        network: TARNet = self.model_
        return network.response(X, amounts)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> Floats:
        """Expected outcome of n units, each at its own amount, by the chosen network: (n,)."""
        check_is_fitted(self, "model_")
        network: TARNet = self.model_
        return network.predict(X, treatment)

    def branches(self, X: pd.DataFrame) -> tuple[Branch, Branch]:
        """The chosen network's branches."""
        check_is_fitted(self, "model_")
        network: TARNet = self.model_
        return network.branches(X)

    def _fresh(self, seed: int) -> TARNet:
        network: TARNet = clone(self.network if self.network is not None else TARNet())
        network.set_params(dose="none", random_state=seed)
        return network

    def _begin(self, past: Observed, history: Observed, seed: int) -> tuple[Network, list[str]]:
        """The network that fine-tuning begins with, and what it may change. Aligning sees no outcome, so it serves all folds."""
        like = self.source_
        trainable = self._trainable(len(like.shape().representation))
        if self.strategy == "finetune":
            return like.network(), trainable
        from models.nets.transfer import aligned  # noqa: PLC0415 — torch comes with an extra

        tables = like.rows(past), like.rows(history)
        return aligned(*tables, like.network(), self._schedule(), trainable[:-1], seed), ["heads"]

    def _alone(self, past: Observed, seed: int) -> TARNet:
        from models.nets.objective import Objective  # noqa: PLC0415
        from models.nets.transfer import alone  # noqa: PLC0415

        like, objective = self.source_, Objective(binary=self.source_.binary_)
        return _like(like).keep(*alone(like.rows(past), like.shape(), objective, self._schedule(), self.together, seed))

    def _tuned(self, past: Observed, begin: Network, trainable: list[str], seed: int) -> TARNet:
        from models.nets.objective import Objective  # noqa: PLC0415
        from models.nets.transfer import finetuned  # noqa: PLC0415

        like, objective = self.source_, Objective(binary=self.source_.binary_)
        return _like(like).keep(*finetuned(like.rows(past), begin, objective, self._schedule(), self.anchor, trainable, seed))

    def _schedule(self) -> Schedule:
        return Schedule(
            learning_rate=self.learning_rate,
            decay=DECAY,
            max_steps=self.max_steps,
            batch_size=BATCH,
            l2=self.shrink,
            validation=0.0,
        )

    def _trainable(self, layers: int) -> list[str]:
        frozen = 0 if self.freeze == "none" else layers if self.freeze == "representation" else self.freeze
        if isinstance(frozen, bool) or not isinstance(frozen, int) or not 0 <= frozen <= layers:
            raise ResponseError(
                f"TLTARNet.freeze: must be none, representation or how many of its {layers} layers, got {self.freeze!r}"
            )
        if frozen == layers and self.strategy == "two_phase":
            raise ResponseError("TLTARNet.freeze: two_phase adapts the representation, got all of it frozen; freeze fewer layers")
        return [*(f"representation.{layer}" for layer in range(frozen, layers)), "heads"]

    def _judged(self, past: Observed, history: Observed, folds: Parts, fitted: Callable[[Observed], dict[str, TARNet]]) -> Self:
        """Let the guard choose; `fitted` gives networks that have seen only these units."""
        features = _prepared(self.source_, past)
        self.outside_ = share_outside(_prepared(self.source_, history), features)
        usual = "transferred" if self.outside_ > MOST_OUTSIDE else "source"
        self.losses_, self.hidden_bias_ = {}, 0.0
        if not self.guard:
            self.chosen_, self.share_, self.verdict_ = "transferred", 1.0, "transferred, unguarded: nothing was measured"
        elif folds.max() == 0:
            self.chosen_, self.share_ = usual, float(usual == "transferred")
            self.verdict_ = f"{usual}: the usual choice, since an arm of one unit measures nothing"
        else:
            expected = self._unseen(past, folds, fitted)
            evidence = Evidence.of(past, expected["transferred"], propensities(past, features, folds))
            found = judge(evidence, {name: response[:, 1] - response[:, 0] for name, response in expected.items()}, usual)
            self.chosen_, self.share_, self.verdict_ = found.chosen, found.share, found.sentence()
            self.losses_, self.hidden_bias_ = found.losses, found.hidden
        self.model_ = self._between() if self.chosen_ == "transferred" else getattr(self, f"{self.chosen_}_")
        return self

    def _unseen(self, past: Observed, folds: Parts, fitted: Callable[[Observed], dict[str, TARNet]]) -> dict[str, Floats]:
        """By name (n, 2): what networks that have not seen a unit expect of it, untreated and treated."""
        expected = {name: np.empty((len(folds), 2)) for name in NAMES}
        expected["source"] = self.source_.response(past.X, (0, 1))
        for fold in np.unique(folds):
            held = folds == fold
            for name, network in fitted(_part(past, ~held)).items():
                expected[name][held] = network.response(past.X[held], (0, 1))
        return expected

    def _between(self) -> TARNet:
        """The network `share_` of the way from the source's to the transferred one."""
        network = _like(self.transferred_)
        begin, end = self.source_.weights_, self.transferred_.weights_
        network.weights_ = {name: begin[name] + self.share_ * (end[name] - begin[name]) for name in end}
        return network

    def _check_parameters(self) -> None:
        chosen("TLTARNet.strategy", self.strategy, STRATEGIES)
        for name, least in (("shrink", 0.0), ("together", 0.0), ("anchor", 0.0), ("learning_rate", 1e-12)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < np.inf:
                raise ResponseError(f"TLTARNet.{name}: must be a finite number ≥ {least:g}, got {value!r}")
        for name, fewest in (("max_steps", 1), ("folds", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < fewest:
                raise ResponseError(f"TLTARNet.{name}: must be a whole number of at least {fewest}, got {value!r}")


def _like(network: TARNet) -> TARNet:
    """A network with another's preparation and units, still without weights."""
    other: TARNet = clone(network)
    for name in ("preparation_", "imputed_", "feature_names_", "doses_", "binary_", "outcome_mean_", "outcome_scale_"):
        setattr(other, name, getattr(network, name))
    return other


def _part(past: Observed, rows: NDArray[np.bool_]) -> Observed:
    weight = None if past.weight is None else past.weight[rows]
    return Observed(X=past.X[rows], treatment=past.treatment[rows], outcome=past.outcome[rows], weight=weight)


def _prepared(network: TARNet, past: Observed) -> Floats:
    return np.asarray(network.preparation_.transform(past.X), dtype=np.float64)


def _affinities(sources: list[Source], histories: list[Observed], fitted: list[TARNet], past: Observed) -> dict[str, float]:
    """Distance of each source's task by name; nothing to compare if there is one."""
    if len(sources) == 1:
        return {}
    from models.nets.affinity import distance  # noqa: PLC0415

    return {
        source.name: distance(network.network(), network.rows(history), network.rows(past), binary=network.binary_)
        for source, history, network in zip(sources, histories, fitted, strict=True)
    }
