"""Starting, closing, waiting."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
import websocket

from rxpolygon.errors import UsageError
from rxpolygon.simulator import Simulator
from tests.certificates import write_certificate
from tests.simulator.wire import PATIENCE, Client, trade


def test_simulator_runs_in_a_named_thread() -> None:
    with Simulator(market=False):
        assert "rxpolygon-simulator" in {thread.name for thread in threading.enumerate()}


def test_simulator_can_be_started_again_and_closed_twice() -> None:
    simulator = Simulator(market=False)
    for _ in range(2):
        simulator.start()
        with Client(simulator.url) as client:
            client.log_in()
        simulator.close()
        simulator.close()
    assert simulator.connections == 2


def test_url_before_the_start_is_an_error() -> None:
    with pytest.raises(UsageError, match="start it first"):
        _ = Simulator().url


def test_what_is_asked_of_a_simulator_that_is_ending_is_told_so() -> None:
    simulator = Simulator(market=False).start()
    told: list[UsageError] = []

    def push_to_the_end() -> None:
        try:
            while True:
                simulator.push("stocks", trade("AAPL"))
        except UsageError as error:
            told.append(error)

    pushing = [threading.Thread(target=push_to_the_end) for _ in range(3)]
    for thread in pushing:
        thread.start()
    simulator.close()
    for thread in pushing:
        thread.join()
    assert len(told) == 3


def test_taken_port_is_an_error() -> None:
    with Simulator(market=False) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            Simulator(port, market=False).start()


def test_close_tells_clients_that_it_goes_away() -> None:
    simulator = Simulator(market=False).start()
    with Client(simulator.url) as client:
        client.log_in()
        closing = threading.Thread(target=simulator.close)
        closing.start()
        assert client.end() == 1001
        closing.join()


def test_close_does_not_wait_for_clients_that_do_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rxpolygon.simulator.link._CLOSE_SECONDS", 10 * PATIENCE)
    simulator = Simulator(speed="max").start()
    with Client(simulator.url) as client, Client(simulator.url, "crypto") as silent:
        client.log_in().subscribe("T.*,Q.*")
        assert silent.socket.connected
        simulator.wait_for(lambda sim: sim.frames_sent > 10, PATIENCE)
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "rxpolygon-simulator")
        simulator.close()
        assert not thread.is_alive()  # it waits for nobody longer than it takes itself


def test_close_ends_connections_that_never_said_anything() -> None:
    simulator = Simulator(market=False).start()
    port = int(simulator.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        plain.send(b"GET /stocks")
        simulator.close()
        assert is_over(plain)


def test_close_ends_connections_in_the_middle_of_a_tls_handshake(tmp_path: Path) -> None:
    simulator = Simulator(market=False, tls=write_certificate(tmp_path)).start()
    port = int(simulator.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        with Client(simulator.url, sslopt={"cert_reqs": ssl.CERT_NONE}) as client:
            client.log_in()
        simulator.close()
        assert is_over(plain)


def is_over(plain: socket.socket) -> bool:
    try:
        return plain.recv(1_000) == b""
    except ConnectionResetError:
        return True


def test_waiting_in_vain_tells_what_was_seen(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in().subscribe("T.AAPL")
        with pytest.raises(TimeoutError, match=r"connections so far 1.*subscribe T\.AAPL"):
            quiet.wait_for(lambda sim: sim.connections == 2, timeout=0.01)


def test_waiting_returns_what_it_waited_for(quiet: Simulator) -> None:
    with Client(quiet.url) as client:
        client.log_in()
        assert quiet.wait_for(lambda sim: sim.open_connections, PATIENCE) == {1: "stocks"}


@pytest.mark.parametrize("ready_made", [False, True])
def test_tls_with_a_certificate_and_its_key(tmp_path: Path, ready_made: bool) -> None:
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Simulator(speed=10, tls=context if ready_made else (certificate, key)) as simulator:
        assert simulator.url.startswith("wss://")
        with Client(simulator.url, sslopt={"ca_certs": str(certificate)}) as client:
            client.log_in().subscribe("T.*")
            assert client.next()["ev"] == "T"


def test_tls_when_the_client_does_not_trust_it_refuses(tmp_path: Path) -> None:
    with (
        Simulator(market=False, tls=write_certificate(tmp_path)) as simulator,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        websocket.create_connection(f"{simulator.url}/stocks", timeout=PATIENCE)
