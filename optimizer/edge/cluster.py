"""A Dask cluster: parts of the units that stand on its workers.

Every state is the result of a task, made of the state before it and, in the end, of rows of a file: what a lost worker held is
made again, by others, and comes out the same. Nothing that has a row for each unit passes the scheduler. States know how large
they are, so that a worker whose memory fills moves those to disk that it used longest ago.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from sys import getsizeof
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

import numpy as np
import pandas as pd

from optimizer.errors import BursarError, ClusterError
from optimizer.problem.parts import Each, Parts

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")

SETTINGS = {
    # A task is blamed for the death of so many workers.
    "distributed.scheduler.allowed-failures": 100,
    # A worker that is not heard of for so long is lost.
    "distributed.scheduler.worker-ttl": "60s",
    "distributed.comm.retry.count": 3,
    # Dask has workers give back memory at once; blocks are then asked of the system anew thousands of times, which costs as much
    # as the work itself.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 27,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
}
"""Of a local cluster; others have their own."""

LOOK, LOOKS = 10.0, 6
"""Seconds after which a cluster that has not answered is asked for its workers, and how often it may have none."""

WAIT = 30.0
"""Seconds that a cluster may take to answer."""

ASKED = "optimizer.pieces"
"""What workers are asked, as a rule."""

REACH = 2.0
"""Seconds that a worker may take to be reached from here."""

PIECES = 1
"""Worker threads of a local cluster: a part is passed over by several threads anyway."""


TEXT = 64
"""Bytes that a text takes, about."""


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A state on a worker, which says how many bytes it takes."""

    value: T
    size: int

    @classmethod
    def of(cls, value: T) -> Held[T]:
        """The state with its size."""
        return cls(value, _bytes_of(value))

    def __sizeof__(self) -> int:
        """What Dask goes by when it moves states, to other workers or to disk."""
        return self.size


@dataclass(frozen=True, slots=True)
class There(Parts[T_co]):
    """Parts on a cluster's workers, as `optimizer.problem.parts.Parts`."""

    client: Client
    states: tuple[Future[Held[T_co]], ...]

    def kept(self, work: Callable[..., S], *others: Any) -> There[S]:
        """What the work makes of each part; it stays there."""
        with _lost():
            return There(self.client, tuple(self._submit(_keep, work, others)))

    def told(self, work: Callable[..., S], *others: Any) -> list[S]:
        """What the work makes of each part, brought here."""
        with _lost():
            found: list[S] = _gathered(self.client, self._submit(_tell, work, others))
        return found

    def some(self, places: Sequence[int]) -> There[T_co]:
        """The parts at these places."""
        return There(self.client, tuple(self.states[place] for place in places))

    def followed_by(self, state: Any) -> There[T_co]:
        """One part more, which is sent."""
        with _lost():
            return There(self.client, (*self.states, *_submitted(self.client, _keep, _itself, [state])))

    def _submit(self, how: Callable[..., Any], work: Callable[..., S], others: Sequence[Any]) -> list[Future[Any]]:
        given = [[_given(other, place) for place in range(len(self.states))] for other in others]
        return _submitted(self.client, how, work, list(self.states), *given)


@dataclass(frozen=True, slots=True)
class Lazy(Parts[T_co]):
    """Parts that are made of what stands on the workers whenever they are looked at, and not kept."""

    sources: There[Any]
    make: Callable[..., T_co]
    known: tuple[Any, ...]

    def kept(self, work: Callable[..., S], *others: Any) -> There[S]:
        """As of `There`."""
        return self.sources.kept(_made, self.make, Known(self.known), work, *others)

    def told(self, work: Callable[..., S], *others: Any) -> list[S]:
        """As of `There`."""
        return self.sources.told(_made, self.make, Known(self.known), work, *others)

    def some(self, places: Sequence[int]) -> Lazy[T_co]:
        """As of `There`."""
        return replace(self, sources=self.sources.some(places))

    def followed_by(self, state: Any) -> Lazy[T_co]:
        """As of `There`; this one is kept."""
        return replace(self, sources=self.sources.followed_by(Made(state)))


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """A part that need not be made any more."""

    state: T


@dataclass(frozen=True, slots=True)
class Known:
    """Arguments, some of which stand on the workers."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workers of a Dask cluster."""

    client: Client

    def spread(self, values: Sequence[T]) -> There[T]:
        """Small values, one a part."""
        with _lost():
            return There(self.client, tuple(_submitted(self.client, _keep, _itself, list(values))))

    def shared(self, value: Any) -> Any:
        """A value that tasks on any worker read; sent once, and again if it is lost."""
        with _lost():
            return _submitted(self.client, _keep, _itself, [value])[0]

    def together(self, parts: There[Sequence[T]], count: int, work: Callable[[list[T]], S]) -> list[S]:
        """What the work makes of the first values of all parts together, of the second ones, … up to `count`."""
        with _lost():
            crossed = [parts.kept(_picked, place) for place in range(count)]
            found: list[S] = _gathered(self.client, _submitted(self.client, _tell, work, [list(each.states) for each in crossed]))
        return found

    @property
    def memory(self) -> float:
        """Bytes that the workers may use together; inf where nothing limits one of them."""
        with _lost():
            workers = _workers(self.client).values()
        return sum(float(worker["memory_limit"] or math.inf) for worker in workers)


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """A cluster: ``local:2`` for two workers on this machine, or a scheduler's address.

    Raises
    ------
    ClusterError
        If it cannot be reached.
    """
    try:
        import dask  # noqa: PLC0415 — an extra
        from distributed import Client, LocalCluster  # noqa: PLC0415
    except ImportError as wrong:
        raise ClusterError(f'cluster {address}: needs Dask; pip install "bursar[cluster]"') from wrong
    local = re.fullmatch(r"local:([1-9]\d*)", address)
    if local is None and "://" not in address:
        raise ClusterError(f"cluster: must be local:WORKERS or a scheduler's address, such as tcp://host:8786, got {address}")
    with dask.config.set(SETTINGS), _quiet():
        held = None
        if local is not None:
            held = LocalCluster(
                n_workers=int(local[1]), threads_per_worker=PIECES, dashboard_address=":0", silence_logs=logging.ERROR
            )
        try:
            client = Client(held or address, timeout=WAIT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as wrong:
            raise ClusterError(f"cluster {address}: cannot be reached: {wrong}; see whether its scheduler runs") from wrong
        try:
            with _lost():
                there = [*_workers(client)]
                client.direct_to_workers = held is not None or all(map(_reachable, there))
                # While this machine reads what it reads, they import what they will be asked for.
                begun = [client.submit(import_module, ASKED, workers=[worker], key=f"begin-{worker}") for worker in there]
            yield Cluster(client)
            del begun
        finally:
            client.close(timeout=5)
            if held is not None:
                held.close(timeout=5)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask tells every connection; who asks for steps may see them, others what is wrong."""
    theirs = logging.getLogger("distributed")
    before = theirs.level
    if not logging.getLogger().isEnabledFor(logging.INFO):
        theirs.setLevel(logging.ERROR)
    try:
        yield
    finally:
        theirs.setLevel(before)


def _reachable(worker: str) -> bool:
    """Whether this machine may ask a worker itself: then what is told does not pass the scheduler."""
    host, _, port = worker.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _lost() -> Iterator[None]:
    """A cluster's faults in words; our own pass."""
    from distributed.client import FutureCancelledError, FuturesCancelledError  # noqa: PLC0415 — an extra
    from distributed.comm.core import CommClosedError  # noqa: PLC0415
    from distributed.scheduler import KilledWorker, NoValidWorkerError  # noqa: PLC0415

    try:
        yield
    except BursarError:
        raise
    except (KilledWorker, NoValidWorkerError, MemoryError) as wrong:
        raise ClusterError(f"cluster: workers died of the same task again and again ({wrong}); give them more memory") from wrong
    except (FutureCancelledError, FuturesCancelledError, asyncio.CancelledError) as wrong:
        raise ClusterError("cluster: was lost with its work; nothing was written; run again when its scheduler runs") from wrong
    except (CommClosedError, TimeoutError, OSError) as wrong:
        raise ClusterError(f"cluster: was lost ({wrong}); nothing was written; run again when its scheduler runs") from wrong


def _gathered(client: Client, futures: Sequence[Future[Any]]) -> list[Any]:
    """What the tasks came to; a cluster that stays without workers would be waited for in vain."""
    from distributed import TimeoutError as Late  # noqa: PLC0415 — an extra
    from distributed import wait  # noqa: PLC0415

    alone = 0
    while True:
        try:
            with client.as_current():
                wait(list(futures), timeout=LOOK)
            break
        except Late:
            if client.status == "closed":
                raise OSError("no connection to its scheduler") from None
            alone = 0 if _workers(client) else alone + 1
            if alone >= LOOKS:
                raise ClusterError("cluster: has no workers any more; nothing was written; run again when it has some") from None
    found: list[Any] = client.gather(list(futures))
    return found


def _workers(client: Client) -> dict[str, Any]:
    """The workers there are, by address; a scheduler that does not say so in time is lost."""
    scheduler: Any = client.scheduler
    found: dict[str, Any] = client.sync(scheduler.identity, n_workers=-1, callback_timeout=WAIT)["workers"]
    return found


def _submitted(client: Client, how: Callable[..., Any], work: Callable[..., Any], *given: list[Any]) -> list[Future[Any]]:
    """A task for each place of what is given, all in one message."""
    # Dask foresees how long a task takes by what its name begins with.
    names = [f"{work.__name__}-{uuid4().hex}" for _ in given[0]]
    tasks: list[Future[Any]] = client.map(how, [work] * len(names), *given, key=names)
    return tasks


def _given(other: Any, place: int) -> Any:
    if isinstance(other, There):
        return other.states[place]
    if isinstance(other, Known):
        return list(other.values)
    return other.values[place] if isinstance(other, Each) else other


def _keep(work: Callable[..., S], *given: Any) -> Held[S]:
    return Held.of(_tell(work, *given))


def _tell(work: Callable[..., S], *given: Any) -> S:
    return work(*map(_opened, given))


def _opened(given: Any) -> Any:
    """An argument without what says its size; a list may hold several such."""
    if isinstance(given, Held):
        return given.value
    return [each.value if isinstance(each, Held) else each for each in given] if isinstance(given, list) else given


def _bytes_of(value: Any) -> int:
    """About how much memory a state takes."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes) + (TEXT * value.size if value.dtype == object else 0)
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage().sum())
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes_of, value))
    if is_dataclass(value):
        return sum(_bytes_of(getattr(value, field.name)) for field in fields(value))
    return getsizeof(value)


def _made(source: Any, make: Callable[..., Any], known: Sequence[Any], work: Callable[..., Any], *others: Any) -> Any:
    return work(source.state if isinstance(source, Made) else make(source, *known), *others)


def _itself(value: T) -> T:
    return value


def _picked(values: Sequence[T], place: int) -> T:
    return values[place]
