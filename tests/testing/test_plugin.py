"""The fixtures, as a user's test suite meets them: in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

HEAD = """
import pytest
from rxpolygon.testing import trade

def topics(server):
    return set().union(*server.subscriptions.values())

def wire(price):
    return {"ev": "T", "sym": "AAPL", "p": price, "s": 100, "t": 1_700_000_000_000}
"""


def outcome(folder: Path, text: str, *arguments: str) -> str:
    """Run a test file with the plugin, warnings as errors, and return what pytest said."""
    (folder / "test_users.py").write_text(HEAD + dedent(text))
    plugin = ["-p", "rxpolygon.testing.plugin"]
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *plugin]
    done = subprocess.run(
        [*command, *arguments, "test_users.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr


def test_client_of_the_fixture_gets_what_the_simulator_pushes(tmp_path: Path) -> None:
    said = outcome(
        tmp_path,
        """
        import threading

        @pytest.mark.parametrize("transport", ["default", "auto"])
        def test_price(simulator, stream_client, transport):
            client = stream_client(transport=transport)
            assert "Authenticated" in repr(client.state)
            prices, came = [], threading.Event()
            trades = client.subscribe_stock_trades(["AAPL"])
            trades.subscribe(lambda it: (prices.append(it.price), came.set()))
            simulator.wait_for(lambda server: "T.AAPL" in topics(server), timeout=30)
            simulator.push("stocks", wire(10.5))
            assert came.wait(30)
            assert prices == [10.5]

        def test_two_clusters(simulator, stream_client):
            clients = [stream_client("stocks"), stream_client("crypto")]
            assert {client.cluster.value for client in clients} == {"stocks", "crypto"}
            assert set(simulator.open_connections.values()) == {"stocks", "crypto"}

        def test_other_server(make_simulator, stream_client):
            other = make_simulator(seed=1, speed=600)
            client = stream_client(server=other)
            done = threading.Event()
            client.subscribe_stock_trades(["AAPL"]).subscribe(lambda it: done.set())
            assert done.wait(30)

        def test_not_started(stream_client):
            assert not stream_client(start=False).is_streaming
        """,
    )
    assert "5 passed" in said, said


def test_client_that_is_refused_does_not_hang(tmp_path: Path) -> None:
    said = outcome(
        tmp_path,
        """
        def test_wrong_key(stream_client):
            assert not stream_client(api_key="wrong").is_streaming
        """,
    )
    assert "1 passed" in said, said


def test_simulator_is_idle_and_new_for_each_test(tmp_path: Path) -> None:
    said = outcome(
        tmp_path,
        """
        simulators = []

        @pytest.mark.parametrize("number", [1, 2])
        def test_idle(simulator, number):
            assert simulator not in simulators
            simulators.append(simulator)
            assert len(simulators) == number
            assert simulator.frames_sent == 0
        """,
    )
    assert "2 passed" in said, said


def test_thread_that_outlives_its_client_fails_the_test(tmp_path: Path) -> None:
    said = outcome(
        tmp_path,
        """
        import threading
        import rxpolygon.testing.plugin as plugin

        release = threading.Event()

        def test_leaves_a_thread(monkeypatch, stream_client):
            stream_client()
            monkeypatch.setattr(plugin, "_PATIENCE", 0.05)
            threading.Thread(target=release.wait, name="rxpolygon-a-left", daemon=True).start()

        def teardown_module():
            release.set()
        """,
    )
    # Those of the client may need longer than the patience that is left, and come after it in the alphabet.
    assert "threads that outlived their client: rxpolygon-a-left" in said, said


def test_replay_plays_a_recording(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text(
        '[1700000000000000000,[{"ev":"T","sym":"AAPL","p":10.5,"s":100,"t":1700000000000}]]\n'
    )
    said = outcome(
        tmp_path,
        """
        def test_day(replay):
            client = replay("day.jsonl")
            prices = []
            client.subscribe_stock_trades(["AAPL"]).subscribe(lambda it: prices.append(it.price))
            client.run()
            assert prices == [10.5]
        """,
    )
    assert "1 passed" in said, said


def test_missing_server_package_skips_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "websockets.py").write_text("raise ImportError('not here')\n")
    said = outcome(tmp_path, "def test_any(simulator): ...\n")
    assert "1 skipped" in said, said
    assert "rxpolygon[simulator]" in said


def test_plugin_itself_imports_nothing_but_pytest() -> None:
    program = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import rxpolygon.testing.plugin\n"
        "loaded = sorted(set(sys.modules) - before)\n"
        "assert loaded == ['rxpolygon', 'rxpolygon.testing', 'rxpolygon.testing.plugin'], loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_fixtures_are_listed_with_their_documentation(tmp_path: Path) -> None:
    said = outcome(tmp_path, "", "--fixtures")
    for name in ("simulator", "make_simulator", "stream_client", "replay"):
        assert f"{name} -- " in said, said


@pytest.mark.parametrize("name", ["simulator", "make_simulator", "stream_client", "replay"])
def test_every_fixture_is_documented(name: str) -> None:
    from rxpolygon.testing import plugin

    assert name in plugin.__all__
    assert getattr(plugin, name).__doc__
