"""Units in parts, wherever these are: work is taken to a part, and only what is small comes back.

kept   what the work makes of a part stays where the part is
told   what the work makes of a part is brought here, in the order of the parts
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")


class Parts(Protocol[T_co]):
    """The states of all parts, in order; one of them at least.

    The work is a function of a module, given a part's state and then the `others`: another `Parts` gives the state of the same
    part, `Each` the value for it, anything else itself.
    """

    def kept(self, work: Callable[..., S], *others: Any) -> Parts[S]:
        """What the work makes of each part."""

    def told(self, work: Callable[..., S], *others: Any) -> list[S]:
        """What the work makes of each part, brought here."""

    def some(self, places: Sequence[int]) -> Parts[T_co]:
        """The parts at these places."""

    def followed_by(self, state: Any) -> Parts[T_co]:
        """One part more, whose state is small."""


@dataclass(frozen=True, slots=True)
class Each(Generic[T]):
    """A value for each part."""

    values: Sequence[T]


@dataclass(frozen=True, slots=True)
class Here(Parts[T_co]):
    """Parts in this process."""

    states: tuple[T_co, ...]

    def kept(self, work: Callable[..., S], *others: Any) -> Here[S]:
        """As of `Parts`."""
        return Here(tuple(self.told(work, *others)))

    def told(self, work: Callable[..., S], *others: Any) -> list[S]:
        """As of `Parts`."""
        return [work(state, *(given(other, place) for other in others)) for place, state in enumerate(self.states)]

    def some(self, places: Sequence[int]) -> Here[T_co]:
        """As of `Parts`."""
        return Here(tuple(self.states[place] for place in places))

    def followed_by(self, state: Any) -> Here[T_co]:
        """As of `Parts`."""
        return Here((*self.states, state))


def given(other: Any, place: int) -> Any:
    """What the part at this place is given of another argument."""
    if isinstance(other, Here):
        return other.states[place]
    return other.values[place] if isinstance(other, Each) else other
