"""Why a unit was given its amount, and what would have to be another for it to be given another.

    net_k = g_k − Σ_l λ_l u_lk        what an amount brings, less what its use of the limits brings elsewhere

The net is the reduced cost's other side (`optimizer.problem.dual`): any plan that gives the unit an amount whose net is less
than the best by r is worth at most D(λ) − r. Where that is below the plan's own worth, the plan's amount is proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["budget", "recipients", "outcome"]
Ground = Literal["proven", "search", "then"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the amounts on offer, seen by one unit.

    Attributes
    ----------
    amount, cost : currency units.
    outcome : expected, at this amount.
    gain : what is maximised at this amount: the expected outcome, or a cautious one.
    charge : what its use of the limits is worth elsewhere, at the plan's shadow prices.
    barred : whether a rule forbids it.
    """

    amount: int
    cost: int
    outcome: float
    gain: float
    charge: float
    barred: bool

    @property
    def net(self) -> float:
        """What it is worth once its use of the limits is paid for."""
        return self.gain - self.charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A limit that counts the unit, and what one unit more of its figure is worth; negative for at_least limits."""

    limit: str
    measure: str
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """What a rule forbids the unit.

    Attributes
    ----------
    rule : its name in the scenario; ``support`` where units alike were not seen with the amounts.
    amounts : those it forbids.
    """

    rule: str
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would change the unit's amount, found by deciding again; all else is as it was.

    Attributes
    ----------
    kind : a limit on cost or on recipients has another figure, or the unit another expected outcome at one amount.
    now, figure : the figure as it is, and the nearest tried at which the unit is given another amount; the last that was tried
        where none was.
    given : what the unit is then given; None where no figure that was tried changes it.
    limit : whose figure it is; "" for an outcome.
    setting : of a limit, what `--set` takes; "" where the scenario does not say the figure in one place.
    at : of an outcome, the amount that it is the outcome at; None for a limit.
    """

    kind: Kind
    now: float
    figure: float
    given: int | None
    limit: str = ""
    setting: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one unit was given its amount.

    Attributes
    ----------
    unit : its identifier.
    outcome_name : what is counted.
    likely : whether outcomes are probabilities.
    options : the amounts on offer, in order; `chosen` is the place of the one that was given.
    prices : the limits that count the unit.
    money : what one currency unit, spent on others, is worth there.
    ground : ``proven`` if no plan that gives the unit another amount is as good, ``search`` if the prices leave it open,
        ``then`` if another plan than the one with most outcome was chosen.
    open_units : how many units' amounts the prices leave open.
    barred : what rules forbid the unit.
    caution : in words what counts where the expected outcome is not what is maximised; else "".
    changes : what would change the amount.
    """

    unit: str
    currency: str
    outcome_name: str
    likely: bool
    options: tuple[Option, ...]
    chosen: int
    prices: tuple[Price, ...]
    money: float
    ground: Ground
    open_units: int
    barred: tuple[Barred, ...] = ()
    caution: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def given(self) -> Option:
        """What the unit was given."""
        return self.options[self.chosen]

    @property
    def larger(self) -> Option | None:
        """The next larger amount that it might have been given."""
        return next((option for option in self.options[self.chosen + 1 :] if not option.barred), None)

    @property
    def smaller(self) -> Option | None:
        """The next smaller one, which may be none at all."""
        return next((option for option in self.options[: self.chosen][::-1] if not option.barred), None)

    @property
    def rival(self) -> Option | None:
        """The best other amount, at the plan's prices; None if rules leave no other."""
        others = [option for option in self.options if not option.barred and option is not self.given]
        return max(others, key=lambda option: option.net, default=None)
