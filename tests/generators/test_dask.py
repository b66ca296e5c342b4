"""On a dask cluster: the same events as here, bit for bit, whatever happens to workers; one clear message where it ends."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, LocalCluster

from alphoton.data.card_file import packaged
from alphoton.data.errors import ClusterError, InputError
from alphoton.data.event_file import CHUNK, EventFile, Jagged
from alphoton.generators import cluster, parts
from alphoton.generators.event_source import Drawn, EventSource
from alphoton.generators.executors import chunks, executor
from alphoton.generators.generate import generate
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import cli

EVENTS = 350_000
OPTIONS = {"events": EVENTS, "overrides": ["sampling=balanced"]}
SCHEDULER = """\
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(processes=False, protocol="tcp", n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCluster]:
    """Two workers, each a process of its own under a nanny that starts it again."""
    with LocalCluster(processes=True, n_workers=2, threads_per_worker=1, dashboard_address=":0") as started:
        yield started


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one worker makes here."""
    return content(generate("babar", tmp_path_factory.mktemp("here") / "events.root", **OPTIONS).path)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler with a worker in another process, that may be killed, and its address."""
    script = tmp_path / "scheduler.py"
    script.write_text(SCHEDULER)
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()
    script.unlink()


def content(path: Path) -> Any:
    """All that is in a file, as bytes and text, without the command line."""
    with EventFile(path) as file:
        meta = {key: value for key, value in file.meta.items() if key != "command_line"}
        runs = {name: values.tobytes() for name, values in file.runs().items()}
        return [as_bytes(chunk) for chunk in file.chunks()], runs, meta


def as_bytes(chunk: Any) -> dict[str, Any]:
    return {
        name: (column.offsets.tobytes(), as_bytes(column.fields)) if isinstance(column, Jagged) else column.tobytes()
        for name, column in chunk.items()
    }


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- the same events ---------------------------------------------------------------------------------------------


OTHER_PROCESSES = {
    "radiation": ("babar", "beams.initial_state_radiation=leading_log"),
    "spread": ("padme", "beams.energy_spread=1 %"),
    "loop": ("babar", "model.radiative_coupling=momentum_dependent"),
    "loop in a shower": ("na64-primakoff", "model.radiative_coupling=momentum_dependent", "model.g_ae=1 /GeV"),
    "cascade": ("na64-bremsstrahlung", "beams.target.shower=monte_carlo"),
}
"""Cards with an option that makes another process of them."""


@pytest.mark.parametrize("name", [*packaged("process"), *OTHER_PROCESSES])
def test_a_source_is_the_same_after_the_journey(name: str) -> None:
    card, *overrides = OTHER_PROCESSES.get(name, (name,))
    source = EventSource(ProcessCard.load(card, overrides))
    sent = cluster.pack(source)
    assert len(sent) < 2_000_000 * len(source.channels)
    assert cluster.unpack(sent).process is source.process
    there, here = cluster.unpack(sent).chunk(3, 1000), source.chunk(3, 1000)
    assert as_bytes(there.events) == as_bytes(here.events)
    assert (there.trials, there.overweight) == (here.trials, here.overweight)


def test_events_are_those_of_one_worker(local: LocalCluster, reference: Any, tmp_path: Path) -> None:
    seen = []
    address = local.scheduler_address
    made = generate("babar", tmp_path / "a.root", scheduler=address, progress=lambda *done: seen.append(done), **OPTIONS)
    assert content(made.path) == reference
    assert seen == [(min(n * CHUNK, EVENTS), EVENTS) for n in (1, 2, 3, 4)]
    assert made.workers == 2
    other = generate("babar", tmp_path / "b.root", scheduler=address, seed=2, **OPTIONS)
    assert content(other.path)[0] != reference[0]  # negative control


def test_few_chunks_are_made_ahead(local: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither here nor on the cluster: those that were begun and not used are bounded, and then cancelled."""
    begun = []
    real = cluster.Cluster.submit

    def noted(self: cluster.Cluster, source: EventSource, index: int, count: int) -> cluster.Promise:
        begun.append(index)
        return real(self, source, index, 10)

    monkeypatch.setattr(cluster.Cluster, "submit", noted)
    source = EventSource(ProcessCard.load("padme"))
    with executor(scheduler=local.scheduler_address) as where:
        made = chunks(source, 100 * CHUNK, where)
        for done in range(10):
            assert int(next(made).events["event"][0]) == done * CHUNK  # type: ignore[index]
            assert len(begun) <= done + 1 + 4
        made.close()
    with Client(local.scheduler_address, set_as_default=False) as client:
        wait_for(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)


# --- what dies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2])
def test_a_worker_that_is_killed(local: LocalCluster, reference: Any, tmp_path: Path, after: int) -> None:
    """The worker that has the only copy of what was learned may be the one: it is made again."""
    killed = []

    def kill(done: int, _: int) -> None:
        if done >= after * CHUNK and not killed:
            with Client(local.scheduler_address, set_as_default=False) as client:
                killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    made = generate("babar", tmp_path / "a.root", scheduler=local.scheduler_address, progress=kill, **OPTIONS)
    assert killed
    assert content(made.path) == reference


def test_a_scheduler_that_vanishes(
    elsewhere: tuple[subprocess.Popen[str], str], reference: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished parts are kept, nothing stands under the final name, and the same job is finished here."""
    monkeypatch.setattr(parts, "PART", 1)
    process, address = elsewhere
    path = tmp_path / "events.root"

    def kill(done: int, _: int) -> None:
        if done >= 2 * CHUNK:
            process.kill()
            process.wait()

    begin = time.monotonic()
    with pytest.raises(ClusterError, match=rf"the dask scheduler at {address} is gone .*; what was finished is kept"):
        generate("babar", path, scheduler=address, progress=kill, **OPTIONS)
    assert time.monotonic() - begin < 30
    assert not path.exists()
    assert not list(tmp_path.rglob("*.part"))
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.root")}
    assert len(kept) >= 1
    written = []
    real = EventSource.chunk

    def noted(self: EventSource, index: int, count: int = CHUNK) -> Drawn:
        written.append(index)
        return real(self, index, count)

    monkeypatch.setattr(EventSource, "chunk", noted)
    generate("babar", path, **OPTIONS)
    assert written == list(range(len(kept), 4))
    assert content(path) == reference


def test_ctrl_c_on_the_command_line(local: LocalCluster, tmp_path: Path) -> None:
    """One message, nothing half-written, and the cluster is free again."""
    words = ["generate", "padme", "-o", "big.root", "-n", "50000000", "--scheduler", local.scheduler_address]
    command = [sys.executable, "-m", "alphoton.workflows.cli", *words]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: any((tmp_path / "big.root.parts").glob("000000.root.*.part")))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    left = cli.KEPT if list(tmp_path.rglob("*.root")) else cli.NOTHING
    assert told.strip().splitlines() == [f"alphoton: interrupted: {left}"]
    assert not list(tmp_path.rglob("*.part"))
    with Client(local.scheduler_address, set_as_default=False) as client:
        wait_for(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)


# --- what is refused ---------------------------------------------------------------------------------------------


def command_line(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["alphoton", "generate", "padme", "-o", "x.root", "-n", "1000", *words])
    return cli._run()


def test_nobody_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing listens, and where something listens that says nothing."""
    monkeypatch.setattr(cluster, "PATIENCE", 2.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        for listening in (False, True):
            if listening:
                free.listen()
            begin = time.monotonic()
            address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
            assert command_line(monkeypatch, tmp_path, "--scheduler", address) == 1
            assert time.monotonic() - begin < 10
            (told,) = capsys.readouterr().err.splitlines()
            assert told.startswith(f"alphoton: no dask scheduler answers at {address}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["nonsense", "foo://127.0.0.1:8786", "tcp://127.0.0.1:many", ""])
def test_no_address(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line(monkeypatch, tmp_path, "--scheduler", address) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "an address is like tcp://host:8786" in told


def test_threads_and_a_scheduler(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave one of the two out"):
        generate("padme", tmp_path / "x.root", events=10, workers=2, scheduler="tcp://127.0.0.1:1")


def test_dask_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command_line(monkeypatch, tmp_path, "--scheduler", "tcp://127.0.0.1:1") == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.endswith("pip install 'alphoton[dask]'")
    assert command_line(monkeypatch, tmp_path) == 0  # nothing else needs it


def test_other_versions_on_the_workers(local: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = cluster.environment()
    monkeypatch.setattr(cluster, "environment", lambda: here | {"alphoton": "99.0"})
    with pytest.raises(ClusterError, match=r"have other versions than are here: alphoton .* in place of 99\.0"):
        generate("padme", tmp_path / "x.root", events=10, scheduler=local.scheduler_address)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_whose_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses there is told as such; a connection that breaks is the scheduler's end."""

    def full(_: bytes) -> EventSource:
        raise OSError(28, "No space left on device", "cache")

    monkeypatch.setattr(cluster, "unpack", full)
    with pytest.raises(ClusterError, match=r"a worker of tcp://host:1 failed: .*No space left on device: 'cache'$"), told():
        cluster.make(b"", cluster.environment(), 0, 1)
    with pytest.raises(ClusterError, match="the dask scheduler at tcp://host:1 is gone"), told():
        raise ConnectionResetError("closed")


def told() -> Any:
    return cluster._told("tcp://host:1")


class Deadly:
    """Whoever unpacks this ends."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (1,)


def test_workers_that_die_of_their_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message, and nothing half done."""
    monkeypatch.setattr(cluster, "pack", lambda _: pickle.dumps(Deadly()))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(processes=True, n_workers=1, threads_per_worker=1, dashboard_address=":0") as fragile,
    ):
        assert command_line(monkeypatch, tmp_path, "--scheduler", fragile.scheduler_address) == 1
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith(f"alphoton: the workers of {fragile.scheduler_address} died again and again")
    assert list(tmp_path.iterdir()) == []


def test_workers_that_come_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A batch system starts them when it likes: that they are waited for is said once."""
    with LocalCluster(processes=False, n_workers=0, dashboard_address=":0") as empty:
        threading.Timer(1.0, empty.scale, [1]).start()
        made = generate("padme", tmp_path / "x.root", events=10, scheduler=empty.scheduler_address)
    assert made.events == 10
    assert [record.getMessage() for record in caplog.records if record.name == "alphoton"] == [
        f"the scheduler {empty.scheduler_address} has no workers yet: waiting for them"
    ]
