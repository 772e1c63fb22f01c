"""Records numbered frames until it is killed:  python -m tests.replay.writer PATH"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

from reactivex import Subject

from rxpolygon.recording import record

__all__ = ["main"]


def main() -> None:
    """Record a frame each millisecond, and say on stdout when each was given to the recorder."""
    messages: Subject[bytes] = Subject()
    record(SimpleNamespace(messages=messages), sys.argv[1])
    number = 0
    while True:
        messages.on_next(b'[{"ev":"T","sym":"A","p":1,"q":%d}]' % number)
        sys.stdout.write(f"{number} {time.monotonic()}\n")
        sys.stdout.flush()
        number += 1
        time.sleep(0.001)


if __name__ == "__main__":
    main()
