"""A list of open options (owner, amount, reduced cost), sorted by owner and amount; an owner is a unit or a class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from optimizer.problem.core import Capacity


@dataclass(frozen=True, slots=True)
class Options:
    """Open options, one an entry.

    Attributes
    ----------
    owner : unit or class, ascending.
    option : amount index, ascending within an owner.
    reduced : reduced cost, at least 0.
    """

    owner: NDArray[np.intp]
    option: NDArray[np.intp]
    reduced: NDArray[np.float64]

    @classmethod
    def none(cls) -> Self:
        """No options."""
        return cls(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))

    @classmethod
    def join(cls, parts: Sequence[Options]) -> Self:
        """Lists of ascending owners, one after the other."""
        return cls(
            np.concatenate([part.owner for part in parts]),
            np.concatenate([part.option for part in parts]),
            np.concatenate([part.reduced for part in parts]),
        )

    def where(self, keep: NDArray[np.bool_]) -> Options:
        """The options that are kept."""
        return Options(self.owner[keep], self.option[keep], self.reduced[keep])

    def starts(self) -> NDArray[np.intp]:
        """Where each owner's options begin."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))

    def undecided(self) -> Options:
        """Without the owners that have a single option left."""
        counts = np.diff(np.append(self.starts(), len(self.owner)))
        return self.where(np.repeat(counts > 1, counts))

    def fit(self, capacity: Capacity, n_limits: int) -> bool:
        """Whether a core of these options is no larger than the backend takes; see `smallest`."""
        classes = len(self.starts())
        variables, rows = len(self.owner) + classes, 2 * classes + n_limits
        return variables <= _most(capacity.variables) and rows <= _most(capacity.rows)

    def first_of_each(self, key: NDArray[np.float64], place: int = 0) -> NDArray[np.intp]:
        """Position of the option with the smallest key of each owner (the cheaper of two equals), or of the `place`-th next."""
        order = np.lexsort((self.option, key, self.owner))
        return order[self.starts() + place]

    def smallest(
        self, used: NDArray[np.bool_], settled: NDArray[np.bool_], capacity: Capacity, n_limits: int
    ) -> tuple[Options, float]:
        """As many options as fit, smallest reduced cost first, and the smallest reduced cost that is left outside.

        An owner opens with its two best options and those in use; it has at least two. A core of O options in J classes has
        O + J variables and 2 J + `n_limits` rows.

        Parameters
        ----------
        used : whether any of the owner's units is at the option now.
        settled : whether all of them are; then the option is not lost when the owner stays closed.
        """
        if not len(self.owner):
            return self, math.inf
        owner = np.cumsum(np.diff(self.owner, prepend=-1) > 0) - 1
        second = self.reduced[self.first_of_each(self.reduced, place=1)][owner]
        opens = np.where(used, second, np.maximum(self.reduced, second))
        order = np.lexsort((owner, opens))
        opening = np.zeros(len(order), dtype=np.int64)
        opening[np.unique(owner[order], return_index=True)[1]] = 1
        classes = np.cumsum(opening)
        variables, rows = np.arange(1, len(order) + 1) + classes, 2 * classes + n_limits
        fits = (variables <= _most(capacity.variables)) & (rows <= _most(capacity.rows))
        if fits.all():
            return self, math.inf
        keep = np.zeros(len(order), dtype=bool)
        keep[order[: int(fits.argmin())]] = True
        whole = np.bincount(owner, weights=keep & (opens <= second)) == np.bincount(owner, weights=opens <= second)
        keep &= whole[owner]
        lost = ~keep & ~(settled & ~np.isin(owner, owner[keep]))
        return self.where(keep), float(self.reduced[lost].min(initial=math.inf))


def _most(count: int | None) -> float:
    return math.inf if count is None else count
