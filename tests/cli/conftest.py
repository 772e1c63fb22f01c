"""The command in this process and in its own, over the real simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rxpolygon.cli.entry import run
from rxpolygon.simulator import Simulator
from tests.cli.processes import OPENING, Outcome


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Outcome]:
    """Runs the command with arguments in this process."""

    def invoke(*arguments: str) -> Outcome:
        capfdbinary.readouterr()
        status = run(arguments)
        out, err = capfdbinary.readouterr()
        return Outcome(status, out.decode(), err.decode())

    return invoke


@pytest.fixture
def market() -> Iterator[Simulator]:
    """A simulator where a minute passes in a tenth of a second."""
    with Simulator(seed=3, speed=600, start=OPENING, rate=0.5) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _no_key_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLYGON_API_KEY", "MASSIVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
