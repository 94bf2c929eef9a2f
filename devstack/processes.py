"""Child processes: watched until healthy, stopped by their pid, and not left behind even if we are killed."""

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from devstack.errors import DevstackError

# A parent-death signal comes when the thread that forked ends, so one thread that lives as long as we do forks them all.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="devstack-spawner")

_LOG_LIMIT = 10 * 1024 * 1024


class Process(ABC):
    """One server of the stack. Tests torment it through `kill`, `pause` and `resume`."""

    title: str
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    start_timeout: ClassVar[float] = 30.0
    stop_timeout: ClassVar[float] = 10.0

    def __init__(self, log: Path) -> None:
        self.log = log
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def problem(self) -> str | None:
        """Why it is not healthy yet; None as soon as it is. Returns within about a second."""

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        self.launch()
        self.wait_until_healthy()

    def launch(self) -> None:
        """Starts it without waiting, so that several can come up at once."""
        if self.is_running:
            raise DevstackError(f"{self.title} is already running (pid {self.pid})")
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab") as log:
            self._log_start = log.tell()
            command, environment = [*self._launcher(), *self.command()], self.environment()
            self._child = _spawner.submit(
                lambda: subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,  # Ctrl-C in a terminal reaches only us: we choose the order
                )
            ).result()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + self.start_timeout
        try:
            while problem := self._problem():
                if time.monotonic() > deadline:
                    raise self.failure(f"is not healthy after {self.start_timeout:.0f} s: {problem}")
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Asks it to end, and ends it when it does not. Does nothing when it was not started."""
        if self._child is None:
            return
        if self.is_running:
            self.resume()
            self._child.send_signal(self.stop_signal)
            try:
                self._child.wait(self.stop_timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        self._child = None

    def wait(self) -> int:
        """Waits until it has ended; its exit status."""
        assert self._child is not None
        return self._child.wait()

    def kill(self) -> None:
        """SIGKILL to it and all its children, at once, as a crash of the machine would."""
        self._signal_all(signal.SIGKILL)
        if self._child:
            self._child.wait()

    def pause(self) -> None:
        """SIGSTOP to it and all its children: connections stay open, and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def ended(self) -> str | None:
        """How it ended, in words; None while it runs."""
        if self._child is None or (status := self._child.poll()) is None:
            return None
        return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"

    def log_tail(self, lines: int = 12) -> list[str]:
        """The last lines that it wrote since it was last started."""
        with open(self.log, "rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]

    def failure(self, reason: str) -> DevstackError:
        """Names the server, what happened, and where its log is; the log's end follows."""
        tail = "".join(f"\n    {line}" for line in self.log_tail())
        return DevstackError(f"{self.title} {reason}; its log is {self.log}{', which ends:' + tail if tail else ''}")

    def raise_if_ended(self) -> None:
        """For the one who watches it run: says in one line that it is gone."""
        if ending := self.ended():
            raise DevstackError(f"{self.title} {ending}; its log is {self.log}")

    def _launcher(self) -> list[str]:
        """What the command is started through. Where there is no setpriv it would outlive a kill -9 of its parent."""
        setpriv = shutil.which("setpriv")
        return [setpriv, f"--pdeathsig={self.stop_signal.name.removeprefix('SIG')}"] if setpriv else []

    def _problem(self) -> str | None:
        if ending := self.ended():
            raise self.failure(f"did not start: it {ending}")
        return self.problem()

    def _signal_all(self, number: signal.Signals) -> None:
        if self._child is None or not self.is_running:
            return
        parent, children = psutil.Process(self._child.pid), []
        with suppress(psutil.NoSuchProcess):
            parent.suspend()  # it starts no child while we list them
            children = parent.children(recursive=True)
        for process in (parent, *children):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if number == signal.SIGKILL:
            deadline = time.monotonic() + self.stop_timeout
            while any(map(_holds_resources, children)) and time.monotonic() < deadline:
                time.sleep(0.005)


def _holds_resources(process: psutil.Process) -> bool:
    """False for a zombie, too: it waits for init to take note of it, but its files and memory are gone."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
