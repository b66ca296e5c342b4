"""Chunks made on a dask cluster. What was learned (grids and maxima) is sent once, and a chunk is two numbers.

A worker that dies costs nothing but time: the scheduler gives its chunks to others. Workers may come and go.
"""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from alphoton.data.errors import ClusterError, InputError, first_line
from alphoton.data.event_file import versions
from alphoton.generators.event_source import Drawn, EventSource
from alphoton.generators.jit import fingerprint
from alphoton.generators.processes import KINDS
from alphoton.generators.processes.base import Process

PATIENCE = 8.0
"""Seconds until a scheduler that does not answer counts as not there."""
LOOK = 2.0
"""Seconds after which the threads of the cluster are counted again."""
FAREWELL = 2.0
"""Seconds for taking leave of a scheduler that may be gone."""
TLS = "; one with TLS needs certificates in dask's configuration, distributed.comm.tls"
LOGGERS = ("distributed.client", "distributed.core", "distributed.comm", "distributed.utils_comm", "tornado.application")
"""They report what is told here in one message."""

log = logging.getLogger("alphoton")


class OtherVersionsError(RuntimeError):
    """A worker would make other events, perhaps."""


class OnWorkerError(RuntimeError):
    """The system refused something on a worker: no trouble with the way there."""


# --- on the workers ----------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """What decides on every bit of an event, the machine aside: versions, and the sources of the generators."""
    return {**versions(), "sources of the generators": fingerprint()}


def make(packed: bytes, made_by: dict[str, str], index: int, count: int) -> Drawn:
    """A chunk of the source in `packed`.

    Raises `OtherVersionsError` where the versions are not those of its maker, and `OnWorkerError` for a full disk and such.
    """
    own = environment()
    other = [f"{name} {own.get(name)} in place of {made_by[name]}" for name in made_by if own.get(name) != made_by[name]]
    if other:
        raise OtherVersionsError(", ".join(other))
    try:
        return unpack(packed).chunk(index, count)
    except OSError as error:
        raise OnWorkerError(first_line(error)) from None


@lru_cache(maxsize=2)
def unpack(packed: bytes) -> EventSource:
    """The source that was packed: once in each process."""
    source: EventSource = pickle.loads(packed)
    return source


def as_it_is(packed: bytes) -> bytes:
    """A task that gives the source to others: unlike data put on some worker, it can be done again where that one dies."""
    return packed


# --- on the way --------------------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    """Compiled functions, and processes with their functions, are named, not sent."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Process):
            return _named, place(value)
        if hasattr(value, "py_func"):  # compiled
            return _named, (value.py_func.__module__, value.py_func.__name__)
        return NotImplemented


def place(process: Process) -> tuple[str, str]:
    """The module of a process that is in use, and its name there."""
    modules = [(name, module) for name, module in sys.modules.items() if name.startswith(f"{__package__}.")]
    return next((name, key) for name, module in modules for key in KINDS if getattr(module, key, None) is process)


def _named(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def pack(source: EventSource) -> bytes:
    """A source with all that it learned, as bytes."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(source)
    return stream.getvalue()


# --- here --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Promise:
    """A chunk that the cluster is making."""

    future: Any
    scheduler: str

    def result(self) -> Drawn:
        """Raises `ClusterError` where the scheduler is gone, or the workers cannot make this chunk."""
        with _told(self.scheduler):
            drawn: Drawn = self.future.result()
            return drawn

    def cancel(self) -> None:
        """The scheduler forgets what nobody waits for."""
        self.future.release()


class Cluster:
    """The workers of a dask scheduler."""

    def __init__(self, client: Any, scheduler: str) -> None:
        self._client, self._scheduler = client, scheduler
        self._made_by = environment()
        self._source: EventSource | None = None
        self._packed: Any = None
        self.workers = self._count()
        if self.workers == 0:
            log.warning("the scheduler %s has no workers yet: waiting for them", scheduler)

    def _count(self) -> int:
        """The threads of all workers now."""
        self._counted = time.monotonic()
        with _told(self._scheduler):
            return sum(self._client.nthreads().values())

    @property
    def ahead(self) -> int:
        """Raises `ClusterError` where the scheduler is gone."""
        if time.monotonic() > self._counted + LOOK:
            self.workers = self._count()
        return max(2, 2 * self.workers)

    def submit(self, source: EventSource, index: int, count: int) -> Promise:
        """Begin a chunk. Raises `ClusterError` where the scheduler is gone."""
        with _told(self._scheduler):
            if source is not self._source:
                self._source, self._packed = source, self._client.submit(as_it_is, pack(source), pure=False)
            future = self._client.submit(make, self._packed, self._made_by, index, count, pure=False)
        return Promise(future, self._scheduler)


@contextmanager
def connected(scheduler: str) -> Iterator[Cluster]:
    """The cluster of the scheduler at an address such as `tcp://host:8786`.

    Raises `InputError` where dask is not installed or the address is none, and `ClusterError` where nobody answers there.
    """
    if any(letter.isspace() or not letter.isprintable() for letter in scheduler):
        raise InputError(f"scheduler={scheduler}: has spaces or control characters; an address is like tcp://host:8786")
    distributed = _dask(scheduler)
    with _quiet():
        try:
            _knock(distributed, scheduler)
            client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (ValueError, TypeError, ImportError, NotImplementedError, AttributeError, RuntimeError) as error:
            # each kind of address has errors of its own, as tls:// without certificates
            remedy = f"an address is like tcp://host:8786{TLS if scheduler.startswith(('tls:', 'wss:')) else ''}"
            raise InputError(f"scheduler={scheduler}: {first_line(error)}; {remedy}") from None
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"no dask scheduler answers at {scheduler} ({first_line(error)})") from None
        try:
            yield Cluster(client, scheduler)
        finally:
            with suppress(Exception):  # nobody is left to take leave of
                client.close(timeout=FAREWELL)


def _knock(distributed: ModuleType, scheduler: str) -> None:
    """Raises where nobody answers: a client by itself waits for minutes where something listens that says nothing."""

    async def answer() -> None:
        how = distributed.Security().get_connection_args("client")
        connection = distributed.comm.connect(scheduler, timeout=PATIENCE, **how)
        (await asyncio.wait_for(connection, PATIENCE)).abort()

    with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own
        thread.submit(asyncio.run, answer()).result()


def _dask(scheduler: str) -> ModuleType:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise InputError(f"scheduler={scheduler}: needs dask ({error}): pip install 'alphoton[dask]'") from None


@contextmanager
def _told(scheduler: str) -> Iterator[None]:
    """What goes wrong between here and the workers becomes a `ClusterError` with what to do."""
    try:
        yield
    except OtherVersionsError as error:
        raise ClusterError(f"the workers of {scheduler} have other versions than are here: {error}") from None
    except OnWorkerError as error:
        raise ClusterError(f"a worker of {scheduler} failed: {error}") from None
    except ImportError as error:
        raise ClusterError(f"the workers of {scheduler} have no alphoton like the one here: {error}") from None
    except (CancelledError, OSError, TimeoutError) as error:
        raise ClusterError(f"the dask scheduler at {scheduler} is gone ({first_line(error)})") from None
    except Exception as error:
        if type(error).__name__ not in ("KilledWorker", "NoValidWorkerError"):
            raise
        raise ClusterError(f"the workers of {scheduler} died again and again: {first_line(error)}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the log of the connection, which has tracebacks."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
