"""The state machine with a venue that states, denies and fails."""

from __future__ import annotations

from typing import TypeVar

import pytest

from rxpolygon import errors
from rxpolygon.connection.effects import Cut, Effect, End, Send, Tell
from rxpolygon.connection.machine import Machine, Phase, Timing
from rxpolygon.connection.policy import Reconnect
from rxpolygon.status import Disconnected, Reconnecting, ServerMessage, Status
from rxpolygon.topics import Topic
from rxpolygon.transport.base import Loss
from rxpolygon.venues.alpaca.codec import AlpacaCodec

TRADES = Topic("trades", "AAPL")
TStatus = TypeVar("TStatus", bound=Status)


class Talk:
    """A machine and a server's frames."""

    def __init__(self) -> None:
        self.codec = AlpacaCodec("ws://x", "stocks", "KEYID", "SECRET", "json")
        self.machine = Machine(self.codec, Timing(), Reconnect(jitter="none"), lambda: 0.5)
        self.machine.want({TRADES: True})
        self.machine.start(0)
        self.machine.opened(0)
        self.machine.take()

    def hear(self, frame: bytes, now: float = 0) -> list[Effect]:
        self.machine.notices(self.codec.notices(frame), now)
        self.machine.flush(now)
        return self.machine.take()

    def error(self, code: int, now: float = 0) -> list[Effect]:
        return self.hear(b'[{"T":"error","code":%d,"msg":"because"}]' % code, now)

    def log_in(self) -> None:
        self.hear(b'[{"T":"success","msg":"connected"}]')
        self.hear(b'[{"T":"success","msg":"authenticated"}]')
        assert self.machine.phase is Phase.LIVE


def commands(effects: list[Effect]) -> list[bytes]:
    return [effect.command for effect in effects if isinstance(effect, Send)]


def told(effects: list[Effect], kind: type[TStatus]) -> list[TStatus]:
    statuses = [effect.status for effect in effects if isinstance(effect, Tell)]
    return [status for status in statuses if isinstance(status, kind)]


def reason(effects: list[Effect]) -> errors.RxPolygonError | None:
    (end,) = [effect for effect in effects if isinstance(effect, End)]
    return end.error


def test_greeting_login_subscription() -> None:
    talk = Talk()
    assert commands(talk.hear(b'[{"T":"success","msg":"connected"}]')) == [talk.codec.login()]
    assert commands(talk.hear(b'[{"T":"success","msg":"authenticated"}]')) == [
        b'{"action":"subscribe","trades":["AAPL"]}'
    ]
    talk.hear(b'[{"T":"subscription","trades":["AAPL"]}]')
    assert list(talk.machine.subscriptions.on_wire) == [TRADES]


@pytest.mark.parametrize("code", [402, 408, 409, 411, 412])
def test_fatal_codes_end_at_the_login(code: int) -> None:
    talk = Talk()
    talk.hear(b'[{"T":"success","msg":"connected"}]')
    effects = talk.error(code)
    error = reason(effects)
    assert isinstance(error, errors.AuthenticationError)
    assert "because" in str(error)
    assert "SECRET" not in str(error)
    assert any(isinstance(effect, Cut) for effect in effects)


@pytest.mark.parametrize("code", [408, 409, 411])
def test_what_the_account_may_not_have_ends_a_live_stream_too(code: int) -> None:
    talk = Talk()
    talk.log_in()
    assert isinstance(reason(talk.error(code)), errors.AuthenticationError)


@pytest.mark.parametrize("code", [401, 404])
def test_login_that_came_too_early_or_too_late_is_tried_again(code: int) -> None:
    talk = Talk()
    talk.hear(b'[{"T":"success","msg":"connected"}]')
    assert commands(talk.error(code)) == [talk.codec.login()]
    assert commands(talk.error(code)) == [talk.codec.login()]
    assert [status.cause for status in told(talk.error(code), Reconnecting)] == ["login"]


@pytest.mark.parametrize(("code", "cause"), [(406, "cap"), (407, "slow"), (500, "server")])
@pytest.mark.parametrize("closes", [True, False])
def test_codes_that_lead_to_another_connection(code: int, cause: str, closes: bool) -> None:
    talk = Talk()
    talk.log_in()
    talk.error(code)
    if closes:
        talk.machine.lost(Loss("closed", "", 1006), 1)
    else:
        talk.machine.wake(3, 0)  # it never closed
    effects = talk.machine.take()
    (lost,), (again,) = told(effects, Disconnected), told(effects, Reconnecting)
    assert (lost.cause, lost.reason) == (cause, "because")
    assert (again.delay >= 60) == (cause == "cap")


@pytest.mark.parametrize("code", [400, 403, 405, 410, 599])
def test_other_codes_leave_a_live_stream_alone(code: int) -> None:
    talk = Talk()
    talk.log_in()
    talk.hear(b'[{"T":"subscription","trades":["AAPL"]}]')
    effects = talk.error(code)
    (message,) = told(effects, ServerMessage)
    assert (len(effects), message.message) == (1, "because")
    assert list(talk.machine.subscriptions.on_wire) == [TRADES]


def test_state_that_leaves_something_out_is_mended_when_the_machine_is_woken() -> None:
    talk = Talk()
    talk.log_in()
    assert commands(talk.hear(b'[{"T":"subscription","trades":[]}]')) == []
    assert talk.machine.deadline == 1
    talk.machine.wake(1, 0)
    assert commands(talk.machine.take()) == [b'{"action":"subscribe","trades":["AAPL"]}']
