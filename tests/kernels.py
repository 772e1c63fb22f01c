"""What every test that starts a kernel of a notebook stands on."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from traitlets.config import Config

__all__ = ["own_sockets"]


@contextmanager
def own_sockets() -> Iterator[Config]:
    """Settings for a manager of one kernel: it is reached by sockets in a folder of its own.

    Otherwise the manager looks for free ports, and another process may have one of them when the kernel, a
    second later, comes to listen there. (The folder's path is short, as those of sockets must be.)
    """
    with tempfile.TemporaryDirectory(prefix="rx") as folder:
        if sys.platform == "win32":  # has ports only
            yield Config()
        else:
            yield Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})
