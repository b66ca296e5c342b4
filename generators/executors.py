"""Where chunks are made: here, in threads of this process, or on a cluster. The events are the same.

Chunks come in their order, and few are made ahead: memory stays flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from alphoton.data.errors import InputError
from alphoton.data.event_file import CHUNK
from alphoton.generators.event_source import Drawn, EventSource


class Pending(Protocol):
    """A chunk that is being made."""

    def result(self) -> Drawn: ...

    def cancel(self) -> Any: ...


class Executor(Protocol):
    """Makes chunks: `workers` at a time, up to `ahead` before they are asked for."""

    @property
    def workers(self) -> int: ...

    @property
    def ahead(self) -> int: ...

    def submit(self, source: EventSource, index: int, count: int) -> Pending: ...


class Here:
    """Makes each chunk when it is asked for."""

    workers, ahead = 1, 0

    def submit(self, source: EventSource, index: int, count: int) -> Pending:
        made: Future[Drawn] = Future()
        made.set_result(source.chunk(index, count))
        return made


class Threads:
    """Threads of this process: the kernels hold no lock."""

    def __init__(self, pool: ThreadPoolExecutor, workers: int) -> None:
        self._pool, self.workers, self.ahead = pool, workers, 2 * workers

    def submit(self, source: EventSource, index: int, count: int) -> Pending:
        return self._pool.submit(source.chunk, index, count)


HERE = Here()


@contextmanager
def executor(workers: int = 1, scheduler: str | None = None) -> Iterator[Executor]:
    """What makes the chunks of a job: `workers` threads, or the cluster of the dask scheduler at an address.

    Raises `InputError` where both are asked for, dask is not installed, or the address is none; and `ClusterError` where
    the scheduler does not answer.
    """
    if scheduler is not None:
        if workers > 1:
            raise InputError("workers are threads here, and a scheduler has workers of its own: leave one of the two out")
        from alphoton.generators.cluster import connected

        with connected(scheduler) as cluster:
            yield cluster
    elif workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            yield Threads(pool, workers)
    else:
        yield HERE


def chunks(source: EventSource, events: int, where: Executor = HERE, first: int = 0) -> Iterator[Drawn]:
    """The chunks from number `first` on, in order; those that were begun and are not wanted any more are cancelled."""
    waiting: deque[Pending] = deque()
    try:
        for index, start in enumerate(range(0, events, CHUNK), first):
            waiting.append(where.submit(source, index, min(CHUNK, events - start)))
            while len(waiting) > where.ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for pending in waiting:
            pending.cancel()
