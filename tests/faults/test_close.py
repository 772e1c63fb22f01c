"""The end, at every awkward moment: nothing hangs, nothing is left, nothing follows."""

from __future__ import annotations

import os
import warnings

import pytest

from rxpolygon import Reconnect, StreamClient
from rxpolygon.errors import AlreadyStreamingError
from rxpolygon.simulator import faults
from rxpolygon.status import Authenticated, Closed, Connected, Disconnected, Reconnecting, State
from tests.faults.rig import Log, Rig, push, wait_subscribed
from tests.support import PATIENCE, wait_for

PATIENT = Reconnect(initial=600, jitter="none")


def test_close_while_waiting_to_reconnect_is_quick(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server, reconnect=PATIENT)
    server.restart()
    log.wait(Reconnecting)
    log.client.close_stream(PATIENCE)
    assert not log.client.is_streaming
    assert log.entries[-1] == Closed()
    assert server.connections == 1


def test_close_while_the_login_is_awaited_is_quick(rig: Rig) -> None:
    server = rig.server(faults.SilentLogin())
    log = Log(rig.client(server)).trades()
    log.client.start_stream_thread()
    log.wait(Connected)
    log.client.close_stream(PATIENCE)
    assert not log.client.is_streaming
    assert log.kinds() == ["Idle", "Connecting", "Connected", "Disconnected", "Closed"]


@pytest.mark.parametrize("moment", [Connected, Authenticated, Disconnected, Reconnecting])
def test_close_in_an_observer_of_the_status_ends_at_once(rig: Rig, moment: type[State]) -> None:
    server = rig.server()
    client = rig.client(server, reconnect=PATIENT)
    told: list[object] = []

    def close(status: object) -> None:
        told.append(status)
        if isinstance(status, moment):
            client.close_stream()

    client.status.subscribe(close)
    client.start_stream_thread()
    if moment in (Disconnected, Reconnecting):
        wait_for(lambda: any(isinstance(status, Authenticated) for status in told))
        server.restart()
    wait_for(lambda: not client.is_streaming)
    assert isinstance(told[-1], Closed)
    assert told[-1].error is None
    assert server.connections == 1


def test_end_of_a_connection_is_told_once_when_we_close_it(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    log.client.close_stream(PATIENCE)
    assert log.of(Disconnected) == [Disconnected("closed by this client", 1000, "closed")]
    assert log.kinds()[-2:] == ["Disconnected", "Closed"]


def test_stream_that_ended_by_an_error_starts_again(rig: Rig) -> None:
    server = rig.server(faults.RefuseLogin(times=1))
    log = Log(rig.client(server)).trades()
    log.client.start_stream_thread()
    assert log.wait_end().kind == "AuthenticationError"
    wait_for(lambda: not log.client.is_streaming)
    again = Log(log.client).trades()
    log.client.start_stream_thread()
    wait_subscribed(server)
    push(server, 1)
    again.wait_number(1)


def test_cell_that_is_run_twice_leaves_the_first_stream_alone(plain: Rig) -> None:
    server = plain.server(second_connection="evict")
    log = plain.stream(server)
    with pytest.raises(AlreadyStreamingError, match="use that client"):
        plain.client(server).start_stream_thread()
    push(server, 1)
    log.wait_number(1)
    assert server.connections == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_child_of_a_fork_streams_for_itself_and_leaves_its_parent_alone(rig: Rig) -> None:
    server = rig.server()
    log = rig.stream(server)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if not child:
        os._exit(_stream_in_child(log.client))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert server.connections == 2
    push(server, 5)
    log.wait_number(5)
    assert not log.of(Disconnected)


def _stream_in_child(client: StreamClient) -> int:
    """The exit code of a child that starts its parent's client anew; 0 when all is well."""
    try:
        if client.is_streaming:
            return 2
        log = Log(client)
        client.start_stream_thread()
        log.wait(Authenticated)
        client.close_stream(PATIENCE)
    except BaseException:
        return 3
    return 0 if isinstance(log.entries[-1], Closed) else 4
