"""The command as a process of its own: for signals, pipes and terminals."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Final, NamedTuple

__all__ = [
    "OPENING",
    "PATIENCE",
    "Outcome",
    "Process",
    "at_terminal",
    "connection",
    "in_terminal",
    "patiently",
    "plain",
    "program",
    "started",
]

#: Monday, 2025-06-02, 9:30 in New York, Unix ms.
OPENING: Final = 1_748_871_000_000
#: Seconds that a process may take; only failures pay them.
PATIENCE: Final = 60.0


class Outcome(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The one line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("rxpolygon: ")


def patiently(
    attempt: Callable[[str], Outcome],
    is_enough: Callable[[Outcome], object] = lambda outcome: not outcome.status,
) -> Outcome:
    """What a command does in some seconds; in more, where a busy machine has not come far in fewer.

    Args:
        attempt: Runs it with ``--seconds``. What it leaves must not be in the way of the next one.
        is_enough: Whether it came far enough; by default, whether it ended well.
    """
    for seconds in ("0.5", "2", "8", "30"):
        outcome = attempt(seconds)
        if is_enough(outcome):
            break
    return outcome


def connection(url: str) -> list[str]:
    """The options that lead to a simulator."""
    return ["--host", url, "--api-key", "demo"]


def program(*arguments: str) -> list[str]:
    """The command line of a process in which every warning is an error."""
    return [sys.executable, "-W", "error", "-m", "rxpolygon", *arguments]


class Process:
    """A running command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def out(self) -> IO[str]:
        """Its stdout."""
        assert self._process.stdout is not None
        return self._process.stdout

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    @property
    def err(self) -> IO[str]:
        """Its stderr."""
        assert self._process.stderr is not None
        return self._process.stderr

    def end(self) -> Outcome:
        """Wait for its end; what was not read yet."""
        out = self.out.read()  # with what a file has read ahead, which Popen.communicate() passes over
        return Outcome(self._process.wait(PATIENCE), out, self.err.read())

    def end_unread(self) -> Outcome:
        """Wait for its end without reading its stdout."""
        return Outcome(self._process.wait(PATIENCE), "", self.err.read())


@contextmanager
def started(*arguments: str) -> Iterator[Process]:
    """Start a command; it is killed if it has not ended at the end of the block."""
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        program(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


def in_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command in a pseudo-terminal of 24 lines and 80 columns; its status and all that was written."""
    return _run(arguments, environment, None)


def at_terminal(out: IO[bytes], *arguments: str) -> tuple[int, str]:
    """Run a command in such a terminal, its stdout in a file; its status and what the terminal got."""
    return _run(arguments, {}, out)


def _run(arguments: Sequence[str], environment: Mapping[str, str], out: IO[bytes] | None) -> tuple[int, str]:
    import fcntl
    import pty
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    read: list[bytes] = []

    def collect() -> None:
        try:
            while data := os.read(master, 65_536):
                read.append(data)
        except OSError:  # how Linux tells that the other side is closed
            pass

    reader = threading.Thread(target=collect)
    usual = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        program(*arguments),
        stdin=slave,
        stdout=slave if out is None else out,
        stderr=slave,
        env={**usual, "TERM": "xterm", "COLUMNS": "80", **environment},
    ) as process:
        os.close(slave)
        reader.start()
        status = process.wait(2 * PATIENCE)
    reader.join(PATIENCE)
    os.close(master)
    return status, b"".join(read).decode()


def plain(screen: str) -> str:
    """What was written to a terminal, without the codes that steer it."""
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", screen)
