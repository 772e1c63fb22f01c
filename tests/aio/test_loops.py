"""Other people's loops: a notebook's, which runs already, and uvloop's."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rxpolygon import StreamClient, aio
from rxpolygon.simulator import Simulator
from tests.aio.sources import Hot, emitting, until

CELL = """
import asyncio
import threading
import time
import rxpolygon
from rxpolygon import aio
from rxpolygon.simulator import Simulator

before = set(threading.enumerate())
with Simulator(seed=1, speed=60) as server:
    client = rxpolygon.StreamClient("demo", host=server.url)
    client.events.subscribe()  # before the start: what nobody observes is written
    async with aio.running(client):
        first = await aio.first(client.subscribe_stock_trades("AAPL"))
        symbols = set()
        async for trade in aio.stream(client.subscribe_stock_trades(["AAPL", "MSFT"])):
            symbols.add(trade.symbol)
            if len(symbols) == 2:
                break
limit = time.monotonic() + 30
while (extra := set(threading.enumerate()) - before) and time.monotonic() < limit:
    await asyncio.sleep(0.01)
print(first.symbol, sorted(symbols), sorted(thread.name for thread in extra))
"""


@pytest.mark.filterwarnings("default")  # of the notebook tools, not ours: the kernel is another process
def test_a_cell_awaits_at_its_top_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    from tests.kernels import own_sockets

    _install_kernel(tmp_path, monkeypatch)
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])  # untyped
    with own_sockets() as config:
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", config=config).execute()
    [output] = notebook.cells[0].outputs
    assert output.text == "AAPL ['AAPL', 'MSFT'] []\n"


def _install_kernel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ``python3`` is this interpreter, whatever kernels the machine has."""
    kernel = folder / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": arguments, "display_name": "Python 3", "language": "python"})
    )
    for name, place in [("PATH", "data"), ("RUNTIME_DIR", "runtime"), ("PLATFORM_DIRS", "")]:
        monkeypatch.setenv(f"JUPYTER_{name}", str(folder / place) if place else "1")
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    made: Callable[[], asyncio.AbstractEventLoop] = pytest.importorskip("uvloop").new_event_loop
    return made


def test_uvloop_takes_everything_from_a_thread_that_it_holds_back() -> None:
    source: Hot[int] = Hot()

    async def main() -> list[int]:
        return [value async for value in aio.stream(source, 5)]

    with asyncio.Runner(loop_factory=_uvloop()) as runner, emitting(source, range(2_000)):
        assert runner.run(main()) == list(range(2_000))


def test_uvloop_disposes_at_a_break_and_when_it_is_closed() -> None:
    source: Hot[int] = Hot()

    async def main() -> None:
        async for _ in aio.stream(source, 1):
            break
        await until(lambda: not source.is_observed)

    with asyncio.Runner(loop_factory=_uvloop()) as runner, emitting(source, itertools.count()):
        runner.run(main())

    loop = _uvloop()()
    stream = aio.stream(source, 1)
    with emitting(source, itertools.count()):
        assert loop.run_until_complete(stream.__anext__()) == 0
        loop.close()
    assert not source.is_observed


def test_uvloop_with_a_client() -> None:
    async def main(url: str) -> str:
        async with aio.running(StreamClient("demo", host=url)) as client:
            return (await aio.first(client.subscribe_stock_trades("AAPL"))).symbol

    with Simulator(seed=1, speed=60) as server, asyncio.Runner(loop_factory=_uvloop()) as runner:
        assert runner.run(main(server.url)) == "AAPL"
