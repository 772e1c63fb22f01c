"""Both transports, plain and over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import Rig

_PLACES = [("default", False), ("fast", False), ("default", True), ("fast", True)]


@pytest.fixture(params=_PLACES, ids=["default", "fast", "default-tls", "fast-tls"])
def rig(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[Rig]:
    """Simulators and clients, on each transport, plain and over TLS."""
    transport, is_secure = request.param
    with Rig(transport, certificate if is_secure else None) as rig:
        yield rig


@pytest.fixture
def plain() -> Iterator[Rig]:
    """Simulators and clients on the pure-Python transport, where the transport makes no difference."""
    with Rig("default", None) as rig:
        yield rig
