"""TL-TARNet: a TARNet of a large source carried to a small target (Aloui et al. 2023; Aydin and Brandt 2025).

    fine-tuned   θ ← argmin E_target(θ) + anchor/n ‖θ − θ_source‖²,   begun at θ_source, chosen layers frozen
    two phases   the representation is first brought near to the source's, arm by arm, then the heads are fine-tuned

Three networks stand side by side: the source's as it is, the target's own, and what was transferred. Transfer can hurt, so a
guard (`models.transfer_guard`) measures them on held-out target units and says which one answers. Of several sources the one
nearest in task affinity is used (`models.nets.affinity`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from models.base import Branch, ResponseError
from models.features import as_numbers
from models.learner import Learner
from models.nets.options import chosen
from models.observed import Observed
from models.tarnet import TARNet
from models.transfer_carry import Carrier
from models.transfer_guard import MOST_OUTSIDE, Evidence, judge, propensities, share_outside, stratified
from models.transfer_source import Source

if TYPE_CHECKING:
    from models.nets.network import Network

Floats = NDArray[np.float64]
Parts = NDArray[np.intp]

NAMES = ("transferred", "target", "source")
STRATEGIES = ("finetune", "two_phase")

CARRIED = ("strategy", "freeze", "shrink", "together", "anchor", "learning_rate", "max_steps")
"""Parameters of how a source is carried."""


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
        Penalties of the target's own network, in rows: on its weights, and on the difference of its heads' parameters.
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
        source: Source | tuple[Any, Any, Any] | list[Any],
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
        carrier = Carrier(source=self.source_, seed=seed, **{name: getattr(self, name) for name in CARRIED})
        begin = carrier.begin(past, histories[place])
        self.target_, self.transferred_ = carrier.alone(past), carrier.tuned(past, *begin)
        folds = stratified(past.treated, self.folds, random)
        unseen = _unseen(carrier, past, begin, folds) if self.guard and folds.max() > 0 else None
        self._judge(past, histories[place], folds, unseen)
        self.model_ = getattr(self, f"{self.chosen_}_")
        if self.chosen_ == "transferred":
            self.model_ = carrier.between(self.transferred_, self.share_)
        return self

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

    def _judge(self, past: Observed, history: Observed, folds: Parts, unseen: dict[str, Floats] | None) -> None:
        """Choose a network; without held-out expectations there is nothing to judge."""
        features = _prepared(self.source_, past)
        self.outside_ = share_outside(_prepared(self.source_, history), features)
        self.losses_, self.hidden_bias_ = {}, 0.0
        usual = "transferred" if self.outside_ > MOST_OUTSIDE else "source"
        if not self.guard:
            self.chosen_, self.share_, self.verdict_ = (
                "transferred",
                1.0,
                "transferred: nothing was measured, since there is no guard",
            )
        elif unseen is None:
            self.chosen_, self.share_ = usual, float(usual == "transferred")
            self.verdict_ = f"{usual}: the usual choice, since an arm of one unit measures nothing"
        else:
            evidence = Evidence.of(past, unseen["transferred"], propensities(past, features, folds))
            found = judge(evidence, {name: response[:, 1] - response[:, 0] for name, response in unseen.items()}, usual)
            self.chosen_, self.share_, self.verdict_ = found.chosen, found.share, found.sentence()
            self.losses_, self.hidden_bias_ = found.losses, found.hidden

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


def _part(past: Observed, rows: NDArray[np.bool_]) -> Observed:
    weight = None if past.weight is None else past.weight[rows]
    return Observed(X=past.X[rows], treatment=past.treatment[rows], outcome=past.outcome[rows], weight=weight)


def _unseen(carrier: Carrier, past: Observed, begin: tuple[Network, list[str]], folds: Parts) -> dict[str, Floats]:
    """By name (n, 2): what networks that have not seen a unit expect of it, untreated and treated."""
    expected = {name: np.empty((len(folds), 2)) for name in NAMES}
    expected["source"] = carrier.source.response(past.X, (0, 1))
    for fold in np.unique(folds):
        held = folds == fold
        rest = _part(past, ~held)
        for name, network in (("target", carrier.alone(rest)), ("transferred", carrier.tuned(rest, *begin))):
            expected[name][held] = network.response(past.X[held], (0, 1))
    return expected


def _prepared(network: TARNet, past: Observed) -> Floats:
    return as_numbers(network.preparation_.transform(past.X), "TLTARNet")


def _affinities(sources: list[Source], histories: list[Observed], fitted: list[TARNet], past: Observed) -> dict[str, float]:
    """Distance of each source's task by name; nothing to compare if there is one."""
    if len(sources) == 1:
        return {}
    from models.nets.affinity import distance  # noqa: PLC0415

    return {
        source.name: distance(network.network(), network.rows(history), network.rows(past), binary=network.binary_)
        for source, history, network in zip(sources, histories, fitted, strict=True)
    }
