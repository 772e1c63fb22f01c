"""What every test stands on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from rxpolygon.simulator import Simulator
from tests.certificates import write_certificate
from tests.support import PATIENCE

_REAL_DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
_PATIENCE: Final = 20.0  # for threads that were told to end and are about to
# Files that take longest. A file is run by one process, and they should not be what all others wait for.
_LONG: Final = ("tests/notebooks/", "tests/docs/", "tests/notebook/", "tests/test_soak", "tests/cli/")

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile(
    "untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, all else as it was."""

    def place(item: pytest.Item) -> int:
        return next((at for at, name in enumerate(_LONG) if name in item.nodeid), len(_LONG))

    items.sort(key=place)


def pytest_xdist_auto_num_workers() -> int:
    """More processes than cores: many tests wait for a connection or a clock."""
    return (os.cpu_count() or 1) + 2


def _extra_threads(before: set[threading.Thread]) -> list[str]:
    # reactivex's TimeoutScheduler starts a Timer for each due time; such a thread may outlive its test.
    extra = {thread for thread in threading.enumerate() if not isinstance(thread, threading.Timer)} - before
    return sorted(thread.name for thread in extra)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    """The threads after a test are those before it."""
    before = set(threading.enumerate())
    yield
    limit = time.monotonic() + _PATIENCE
    while (extra := _extra_threads(before)) and time.monotonic() < limit:
        time.sleep(0.005)
    assert not extra, f"threads that outlived the test: {extra}"


@pytest.fixture(params=["default", "fast"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each of the two transports."""
    return str(request.param)


@pytest.fixture
def uncaught(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """The exceptions that nobody handled, instead of their tracebacks on stderr."""
    errors: list[BaseException] = []

    def keep(arguments: threading.ExceptHookArgs) -> None:
        assert arguments.exc_value is not None
        errors.append(arguments.exc_value)

    monkeypatch.setattr(threading, "excepthook", keep)
    return errors


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as paths."""
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of lent recordings; tests that need it are skipped where it is not."""
    if not _REAL_DATA.is_dir():
        pytest.skip(f"the lent recordings are not there: {_REAL_DATA}")
    return _REAL_DATA


@pytest.fixture
def market_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What README and guide tell a reader without an account to set up."""
    opening = 1_748_871_000_000  # Monday, 2025-06-02, 9:30 in New York
    with Simulator(seed=2, speed=600, start=opening, rate=0.5) as market:
        monkeypatch.setenv("MARKET_HOST", market.url)
        monkeypatch.setenv("POLYGON_API_KEY", "demo")
        yield


@pytest.fixture
def statuses_unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is started before anything is observed may write its first statuses to stdout.

    Whether it does hangs on how busy the machine is, so it is no part of what an example prints.
    """
    monkeypatch.setattr("rxpolygon.handlers._write", lambda stream, line: None)


@pytest.fixture
def patient_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulators that wait long for what clients have to say and to read after a close."""
    monkeypatch.setattr("rxpolygon.simulator.link._CLOSE_SECONDS", PATIENCE)
