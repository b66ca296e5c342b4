"""Independent jobs side by side, in processes: vegas keeps state of its own for a whole process, and crashes in threads."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from alphoton.data.errors import first_line
from alphoton.data.signals import end_with, for_workers

Result = TypeVar("Result")
log = logging.getLogger("alphoton")
IDLE = 60
"""Seconds after which an idle process ends; until then it serves the next jobs without starting again."""


def side_by_side(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[tuple[int, Result]]:
    """(number of the job, its result) as they are finished. One worker, or one job, is worked out here.

    Functions and jobs are pickled; the function is a module's own. What a job raises is raised here, and then what has not
    begun is dropped.
    """
    if workers == 1 or len(jobs) < 2:
        yield from ((number, function(*job)) for number, job in enumerate(jobs))
        return
    from concurrent.futures import as_completed

    from loky import get_reusable_executor

    try:
        _start_quiet_trackers()
        with for_workers():
            pool = get_reusable_executor(max_workers=workers, timeout=IDLE, initializer=end_with, initargs=(os.getpid(),))
            running = {pool.submit(function, *job): number for number, job in enumerate(jobs)}
    except (OSError, ImportError) as error:  # semaphores live in /dev/shm, which may be missing or read-only
        log.warning("no work side by side here (%s): one job after the other", first_line(error))
        yield from ((number, function(*job)) for number, job in enumerate(jobs))
        return
    try:
        for finished in as_completed(running):
            yield running[finished], finished.result()
    except BaseException:
        pool.shutdown(wait=True, kill_workers=True)  # what is left ends with it; cancelled jobs would make it complain
        raise


def _start_quiet_trackers() -> None:
    """They remove the semaphores of a process that was killed, and need not warn of it; Python's own lets signals in again
    when it starts, so that it must be there before the workers."""
    from multiprocessing import resource_tracker

    from loky.backend import resource_tracker as tracker_of_loky

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [before, "ignore:resource_tracker:UserWarning"]))
    try:
        resource_tracker.ensure_running()
        tracker_of_loky.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
