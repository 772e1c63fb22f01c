"""Records numbered frames until it is killed:  python -m tests.replay.writer PATH"""

from __future__ import annotations

import sys
import time
from itertools import count
from types import SimpleNamespace

from reactivex import Subject

from rxpolygon.recording import record

__all__ = ["main"]


def main() -> None:
    """Record a frame each millisecond."""
    messages: Subject[bytes] = Subject()
    record(SimpleNamespace(messages=messages), sys.argv[1])
    for number in count():
        messages.on_next(b'[{"ev":"T","sym":"A","p":1,"q":%d}]' % number)
        time.sleep(0.001)


if __name__ == "__main__":
    main()
