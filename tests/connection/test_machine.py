"""The state machine's decisions, one at a time."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from rxpolygon import errors
from rxpolygon.connection.effects import Cut, Effect, End, Lost, Open, Probe, Refuse, Send, Tell
from rxpolygon.connection.machine import Machine, Phase, Timing
from rxpolygon.connection.policy import Reconnect
from rxpolygon.status import Connecting, Disconnected, Reconnecting, Status
from rxpolygon.topics import Topic
from rxpolygon.transport.base import Loss, Ping
from rxpolygon.venues.dialect import (
    Acknowledged,
    CapReached,
    CutAsSlow,
    Evicted,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    TopicsRefused,
)
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

TRADES = Topic("T", "A")
QUOTES = Topic("Q", "A")
OTHERS = Topic("T", "B")
STEADY = Reconnect(jitter="none")
BROKEN = Loss("network", "broken", 1006)


class Driver:
    """A machine, the time, and what it has asked for so far."""

    def __init__(
        self,
        policy: Reconnect | None = STEADY,
        data: float | Mapping[str, float] | None = None,
        *,
        is_open: bool = True,
    ) -> None:
        codec = PolygonCodec("ws://x", StreamCluster.STOCKS, "key")
        timing = Timing(ping=Ping(20, 10), data=data)
        self.is_open = is_open
        self.machine = Machine(codec, timing, policy, lambda: 0.5, lambda: self.is_open)
        self.now = 0.0
        self.reads = 0
        self.machine.start(self.now)

    def take(self) -> list[Effect]:
        self.machine.flush(self.now)
        return self.machine.take()

    def wake(self, after: float, *, held: bool = False) -> list[Effect]:
        self.now += after
        self.machine.flush(self.now)
        self.machine.wake(self.now, self.reads, held)
        return self.machine.take()

    def say(self, *notices: Notice) -> list[Effect]:
        self.reads += 1
        self.machine.notices(notices, self.now)
        return self.take()

    def lose(self, loss: Loss = BROKEN) -> list[Effect]:
        self.machine.lost(loss, self.now)
        return self.take()

    def want(self, *topics: Topic) -> list[Effect]:
        self.machine.want(dict.fromkeys(topics, True))
        return self.take()

    def open(self) -> Driver:
        self.machine.opened(self.now)
        self.take()
        return self

    def live(self) -> Driver:
        self.open()
        self.say(Greeted())
        self.say(LoggedIn())
        return self


def told(effects: list[Effect]) -> list[Status]:
    return [effect.status for effect in effects if isinstance(effect, Tell)]


def waits(effects: list[Effect]) -> list[Reconnecting]:
    return [status for status in told(effects) if isinstance(status, Reconnecting)]


def ended(effects: list[Effect]) -> errors.RxPolygonError | None:
    assert isinstance(effects[-1], End)
    return effects[-1].error


def test_machine_starts_by_opening() -> None:
    effects = Driver().take()
    assert effects == [Tell(Connecting("ws://x/stocks", 1)), Open()]


def test_machine_greeted_logs_in_and_subscribes() -> None:
    driver = Driver().open()
    driver.want(TRADES)
    (login,) = driver.say(Greeted())
    assert isinstance(login, Send)
    assert b"key" not in login.shown.encode()
    sent = [effect for effect in driver.say(LoggedIn()) if isinstance(effect, Send)]
    assert [orjson.loads(effect.command)["params"] for effect in sent] == ["T.A"]


def test_backoff_is_not_reset_by_connect_login_or_acknowledgement() -> None:
    driver = Driver()
    delays = []
    for _ in range(4):
        driver.live()
        delays += [status.delay for status in waits(driver.lose())]
        driver.wake(delays[-1])
    assert delays == [0.5, 1.0, 2.0, 4.0]


def test_backoff_after_data_starts_anew() -> None:
    driver = Driver().live()
    driver.wake(waits(driver.lose())[0].delay)
    driver.live()
    driver.machine.data(driver.now)
    assert waits(driver.lose())[0].attempt == 1


def test_backoff_after_ten_seconds_of_life_starts_anew() -> None:
    driver = Driver().live()
    driver.wake(waits(driver.lose())[0].delay)
    driver.live()
    driver.wake(10.0)
    assert waits(driver.lose())[0].attempt == 1


def test_data_before_the_login_proves_nothing() -> None:
    driver = Driver().open()
    driver.wake(waits(driver.lose())[0].delay)
    driver.open()
    driver.machine.data(driver.now)
    assert waits(driver.lose())[0].attempt == 2


@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (Loss("closed", "bye", 1000), "restart"),
        (Loss("closed", "bye", 1001), "restart"),
        (Loss("closed", "bye", 1008), "cap"),
        (Loss("closed", "bye", 1011), "server"),
        (Loss("closed", "bye", 1013), "server"),
        (Loss("closed", "bye", 4000), "network"),
        (BROKEN, "network"),
        (Loss("too_large", "70 MB"), "protocol"),
        (Loss("handshake", "HTTP status 503", 503), "connect"),
        (Loss("handshake", "HTTP status 429", 429), "connect"),
    ],
)
def test_loss_has_its_cause(loss: Loss, cause: str) -> None:
    effects = Driver().live().lose(loss)
    assert [status.cause for status in told(effects) if isinstance(status, Disconnected)] == [cause]
    assert waits(effects)[0].cause == cause


def test_cap_waits_for_the_cooldown_at_least() -> None:
    driver = Driver().live()
    driver.say(CapReached("full"))
    (wait,) = waits(driver.lose(Loss("closed", "policy", 1008)))
    assert (wait.cause, wait.delay) == ("cap", 60.5)
    assert driver.wake(60.4) == []
    assert Open() in driver.wake(0.2)


def test_policy_close_after_a_deferred_login_is_no_cap() -> None:
    driver = Driver().open()
    driver.say(Greeted())
    driver.say(LoginDeferred("too late"))
    (wait,) = waits(driver.lose(Loss("closed", "policy", 1008)))
    assert (wait.cause, wait.delay) == ("login", 0.5)


def test_deferred_login_is_tried_thrice_on_one_connection() -> None:
    driver = Driver().open()
    driver.say(Greeted())
    effects = [driver.say(LoginDeferred("later")) for _ in range(3)]
    sent = [[type(effect) for effect in some if isinstance(effect, (Send, Cut))] for some in effects]
    assert sent == [[Send], [Send], [Cut]]
    assert waits(effects[-1])[0].cause == "login"


def test_login_put_off_for_good_ends_with_what_the_server_said() -> None:
    driver = Driver(None).open()
    driver.say(Greeted())
    error = ended([effect for _ in range(3) for effect in driver.say(LoginDeferred("later"))])
    assert isinstance(error, errors.LoginTimeoutError)
    assert "(later)" in str(error)


def test_http_status_is_no_close_code() -> None:
    driver = Driver()
    driver.take()
    effects = driver.lose(Loss("handshake", "HTTP status 503", 503))
    assert Disconnected("HTTP status 503", None, "connect") in told(effects)


def test_login_without_an_answer_ends_after_its_limit() -> None:
    driver = Driver().open()
    driver.say(Greeted())
    assert waits(driver.wake(9.9)) == []
    assert waits(driver.wake(0.2))[0].cause == "login"


def test_refused_login_is_final_at_once() -> None:
    driver = Driver().open()
    driver.say(Greeted())
    error = ended(driver.say(LoginRefused("no"), LoggedIn()))
    assert isinstance(error, errors.AuthenticationError)
    assert driver.wake(100) == []
    assert driver.machine.deadline is None


@pytest.mark.parametrize("code", [401, 403, 404])
def test_handshake_that_the_server_refuses_is_final(code: int) -> None:
    error = ended(Driver().lose(Loss("handshake", f"HTTP status {code}", code)))
    assert isinstance(error, errors.ConnectFailedError)
    assert error.status == code


def test_name_that_does_not_exist_is_final_only_before_the_first_login() -> None:
    unknown = Loss("connect", "name or service not known", is_final=True)
    assert isinstance(ended(Driver().lose(unknown)), errors.ConnectFailedError)
    driver = Driver().live()
    driver.wake(waits(driver.lose())[0].delay)
    assert waits(driver.lose(unknown))


def test_eviction_stops_unless_told_to_fight() -> None:
    driver = Driver().live()
    driver.say(Evicted("another"))
    assert isinstance(ended(driver.lose(Loss("closed", "policy", 1008))), errors.EvictedError)
    fighter = Driver(Reconnect(on_evicted="retry")).live()
    fighter.say(Evicted("another"))
    assert waits(fighter.lose(Loss("closed", "policy", 1008)))[0].cause == "evicted"


def test_eviction_wins_over_what_else_the_server_says() -> None:
    driver = Driver().live()
    driver.say(CapReached("full"), Evicted("another"), CutAsSlow("slow"))
    assert isinstance(ended(driver.lose()), errors.EvictedError)


def test_announced_close_that_never_comes_is_made() -> None:
    driver = Driver().live()
    driver.say(CutAsSlow("slow"))
    driver.wake(2.0)
    driver.say(CutAsSlow("slow"))
    effects = driver.wake(1.1)
    assert Cut() in effects
    assert waits(effects)[0].cause == "slow"


def test_announced_close_behind_a_full_buffer_is_awaited() -> None:
    driver = Driver().live()
    driver.say(CutAsSlow("slow"))
    assert driver.wake(3.1, held=True) == []
    assert waits(driver.wake(3.1))[0].cause == "slow"


def refused(effects: list[Effect]) -> list[Topic]:
    return [effect.topic for effect in effects if isinstance(effect, Refuse)]


def test_error_without_a_name_refuses_nothing_while_answers_wait_behind_a_full_buffer() -> None:
    driver = Driver().live()
    driver.want(TRADES, OTHERS)
    driver.say(TopicsRefused("not authorized"))
    assert refused(driver.wake(2.1, held=True)) == []
    driver.now += 1.9
    driver.machine.released(driver.now)
    assert refused(driver.wake(1.9)) == []
    assert refused(driver.say(Acknowledged(topics=(OTHERS,)))) == [TRADES]


def test_error_without_a_name_stands_for_what_is_not_answered_after_a_hold() -> None:
    driver = Driver().live()
    driver.want(TRADES, OTHERS)
    driver.say(TopicsRefused("not authorized"))
    driver.wake(1.0, held=True)
    assert refused(driver.wake(2.1)) == [TRADES, OTHERS]


def test_attempts_used_up_end_with_the_last_reason() -> None:
    driver = Driver(Reconnect(attempts=2, jitter="none"))
    for delay in (0.5, 1.0):
        driver.lose(Loss("connect", "refused"))
        driver.wake(delay)
    error = ended(driver.lose(Loss("connect", "refused")))
    assert isinstance(error, errors.ConnectFailedError)
    assert "refused" in str(error)


def test_no_policy_ends_with_the_first_loss() -> None:
    error = ended(Driver(None).live().lose(Loss("closed", "bye", 1001)))
    assert isinstance(error, errors.ConnectionLostError)
    assert error.code == 1001


def test_dead_connection_is_found_by_its_silence_after_a_ping() -> None:
    driver = Driver().live()
    assert Probe(b"") in driver.wake(20.0)
    assert waits(driver.wake(9.9)) == []
    assert waits(driver.wake(0.2))[0].cause == "mute"


def test_any_byte_after_a_ping_is_life() -> None:
    driver = Driver().live()
    driver.wake(20.0)
    driver.reads += 1
    assert waits(driver.wake(10.0)) == []


def test_full_buffer_is_no_death() -> None:
    driver = Driver().live()
    driver.wake(20.0)
    assert waits(driver.wake(15.0, held=True)) == []
    assert waits(driver.wake(5.0)) == []


def test_silence_counts_from_the_end_of_a_hold() -> None:
    driver = Driver(data=5.0).live()
    driver.want(TRADES)
    driver.now += 4.9
    driver.machine.released(driver.now)
    assert waits(driver.wake(4.9)) == []
    assert waits(driver.wake(0.2))[0].cause == "mute"


def test_unanswered_ping_of_a_hold_is_no_death() -> None:
    driver = Driver().live()
    assert Probe(b"") in driver.wake(20.0)
    driver.now += 9.9
    driver.machine.released(driver.now)
    assert waits(driver.wake(5.0)) == []


def test_announced_close_is_awaited_anew_after_a_hold() -> None:
    driver = Driver().live()
    driver.say(CutAsSlow("slow"))
    driver.now += 2.9
    driver.machine.released(driver.now)
    assert driver.wake(2.9) == []
    assert waits(driver.wake(0.2))[0].cause == "slow"


def test_mute_connection_with_subscriptions_is_replaced() -> None:
    driver = Driver(data=5.0).live()
    driver.want(TRADES)
    effects = driver.wake(5.1)
    assert waits(effects)[0].cause == "mute"
    assert Lost((TRADES,), "reconnect") in effects


def test_mute_channel_among_others_is_found() -> None:
    driver = Driver(data={"T": 5.0}).live()
    driver.want(TRADES, QUOTES)
    driver.wake(4.0)
    driver.machine.data(driver.now, ())
    assert waits(driver.wake(1.1))[0].cause == "mute"


@pytest.mark.parametrize(("is_open", "topics"), [(False, (TRADES,)), (True, ())])
def test_silence_off_hours_or_without_subscriptions_is_natural(
    is_open: bool, topics: tuple[Topic, ...]
) -> None:
    driver = Driver(data=5.0, is_open=is_open).live()
    driver.want(*topics)
    for _ in range(20):
        driver.reads += 1
        assert waits(driver.wake(5.1)) == []


def test_silence_before_the_first_subscription_is_natural() -> None:
    driver = Driver(data=5.0).live()
    driver.wake(4.9)
    driver.want(TRADES)
    assert waits(driver.wake(4.9)) == []
    assert waits(driver.wake(0.2))[0].cause == "mute"


def test_silence_of_a_channel_counts_from_its_own_subscription() -> None:
    driver = Driver(data={"T": 5.0, "Q": 5.0}).live()
    driver.want(TRADES)
    driver.wake(4.9)
    driver.want(QUOTES)
    driver.machine.data(driver.now, ["T"])
    driver.wake(4.0)
    driver.machine.data(driver.now, ["T"])
    assert waits(driver.wake(0.8)) == []
    (mute,) = [status for status in told(driver.wake(0.2)) if isinstance(status, Disconnected)]
    assert mute.reason == "no data of channel Q for 5.0 s while the market is open"


@pytest.mark.parametrize("limit", [5.0, 120.0])
def test_silence_of_a_closed_market_does_not_count_once_it_opens(limit: float) -> None:
    driver = Driver(data=limit, is_open=False).live()
    driver.want(TRADES)
    for _ in range(40):
        driver.reads += 1
        assert waits(driver.wake(10.0)) == []
    driver.is_open = True
    opened = driver.now
    while not (mute := waits(driver.wake(1.0))):
        driver.reads += 1
    assert mute[0].cause == "mute"
    assert limit <= driver.now - opened <= limit + 31  # it looks every half minute


def test_mute_channel_grows_patient_though_others_have_data() -> None:
    driver = Driver(data={"T": 5.0, "Q": 5.0}).live()
    driver.want(TRADES, QUOTES)
    replaced: list[float] = []
    while len(replaced) < 3:
        driver.machine.data(driver.now, ["T"])
        if waits(driver.wake(1.0)):
            replaced.append(driver.now)
            driver.wake(1.0)
            driver.live()
    assert replaced[2] - replaced[1] >= 2 * (replaced[1] - replaced[0]) - 2


def test_mute_again_and_again_grows_patient() -> None:
    driver = Driver(data=5.0).live()
    driver.want(TRADES)
    driver.wake(waits(driver.wake(5.1))[0].delay)
    driver.live()
    assert waits(driver.wake(5.1)) == []
    assert waits(driver.wake(5.0))


def test_changes_made_offline_are_restored_with_the_rest() -> None:
    driver = Driver().live()
    driver.want(TRADES)
    driver.lose()
    driver.machine.want({QUOTES: True, TRADES: False})
    driver.wake(1.0)
    driver.open()
    driver.say(Greeted())
    sent = [effect for effect in driver.say(LoggedIn()) if isinstance(effect, Send)]
    assert [orjson.loads(effect.command)["params"] for effect in sent] == ["Q.A"]


def test_loss_under_a_wildcard_just_given_up_interrupts_its_singles() -> None:
    driver = Driver().live()
    driver.want(TRADES.wildcard)
    driver.machine.want({TRADES: True, TRADES.wildcard: False})
    driver.machine.lost(BROKEN, driver.now)
    assert Lost((TRADES,), "reconnect") in driver.machine.take()


def test_notices_after_the_loss_change_nothing() -> None:
    driver = Driver().live()
    driver.lose()
    assert driver.say(CapReached("full"), LoginDeferred("later"), LoginRefused("no")) == []
    assert driver.machine.phase is Phase.WAITING


def test_stop_tells_the_end_of_an_open_connection_and_nothing_after() -> None:
    driver = Driver().live()
    driver.machine.stop()
    effects = driver.take()
    assert effects == [Cut(), Tell(Disconnected("closed by this client", 1000, "closed")), End(None)]
    driver.machine.stop()
    assert driver.wake(100.0) == []
