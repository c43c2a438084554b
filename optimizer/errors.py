"""One tree of errors; each class owns the exit code of the command that meets it.

    BursarError
    ├── ScenarioError      2   the scenario file says something that cannot be meant
    ├── DataError          3   a table does not hold what the scenario says of it
    ├── ModelError         4   a response model cannot be built, fitted, loaded or embedded
    ├── Infeasible         5   no allocation satisfies all limits
    ├── NoIncumbent        6   stopped before any feasible allocation was found
    ├── VerificationError  7   a plan does not hold what it claims
    ├── WriteError         8   a result could not be written
    ├── Locked             9   another run holds the lock
    └── ClusterError       10  a cluster cannot be reached, or was lost

Every message reads *where: what, got, remedy*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self


class BursarError(Exception):
    """Base of everything bursar raises on purpose."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a scenario, with its place and its remedy.

    Attributes
    ----------
    where : place, such as ``scenarios/q3.yaml:12``.
    what : the key path and the rule that is broken.
    got : what stands there instead; empty where nothing does.
    remedy : what to do about it.
    """

    where: str
    what: str
    got: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        got = f", got {self.got}" if self.got else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.what}{got}{remedy}"


class ScenarioError(BursarError):
    """The scenario is not valid; carries every fault that was found, one line each."""

    exit_code = 2

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


class DataError(BursarError):
    """A table is missing, unreadable, or does not hold what the scenario says of it."""

    exit_code = 3


class ModelError(BursarError):
    """A response model cannot be built, fitted, loaded or embedded."""

    exit_code = 4


class Infeasible(BursarError):
    """No allocation satisfies all limits; the message names the limits that conflict.

    Attributes
    ----------
    limits : their names, in the order of the scenario.
    nearest : by limit, the nearest figure that is feasible, all else unchanged: none if there is none, two for an equation;
        a limit of which the search did not learn it is left out.
    """

    exit_code = 5

    def __init__(
        self, message: str, limits: Sequence[str] = (), nearest: Mapping[str, tuple[Fraction, ...]] | None = None
    ) -> None:
        self.limits = tuple(limits)
        self.nearest = dict(nearest or {})
        super().__init__(message)

    @classmethod
    def among(cls, limits: Iterable[str]) -> Self:
        """Infeasible for a conflict that lies somewhere among these limits."""
        names = list(dict.fromkeys(limits))
        return cls(f"limits: no allocation satisfies {' and '.join(names)} together; relax one of them", names)


class NoIncumbent(BursarError):
    """The search stopped before it found any feasible allocation."""

    exit_code = 6


class VerificationError(BursarError):
    """A plan is not what it claims to be: infeasible, another value, or a bound that does not hold."""

    exit_code = 7


class WriteError(BursarError):
    """A result could not be written; nothing was left half-done."""

    exit_code = 8


class Locked(BursarError):
    """Another run holds the lock."""

    exit_code = 9


class ClusterError(BursarError):
    """A cluster cannot be reached, was lost, or lost a worker too often; nothing was left half-done."""

    exit_code = 10


@contextmanager
def leaving(what: str) -> Iterator[None]:
    """Where something stands already, an interrupt says what it leaves."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        stopped.add_note(what)
        raise
