"""A network, a server and a clock that exist in numbers only, and what must always hold on them."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from typing import Final

import orjson

from rxpolygon import errors
from rxpolygon.connection.effects import Cut, Effect, End, Lost, Open, Probe, Refuse, Send, Tell
from rxpolygon.connection.machine import Machine, Phase, Timing
from rxpolygon.connection.policy import Reconnect
from rxpolygon.status import Connected, Disconnected, Reconnecting, State
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
    Said,
    TopicsRefused,
)
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["World"]

_CODEC: Final = PolygonCodec("ws://virtual", StreamCluster.STOCKS, "key")
_SINGLES: Final = tuple(Topic(prefix, symbol) for prefix in ("T", "Q") for symbol in ("A", "B", "C", "D"))
_TOPICS: Final = (*_SINGLES, Topic("T", "*"), Topic("Q", "*"))
_FORBIDDEN: Final = Topic("T", "D")  # the server refuses it
_SOUND: Final = 10.0
_TROUBLE: Final = 150.0  # seconds in which things go wrong; then the server behaves
_PEACE: Final = 600.0  # seconds by which everything must have come right
_LOGINS: Final = 3  # on one connection
_EPSILON: Final = 1e-6


class Wire:
    """One connection as the world has it: the transport and the server's side."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_greeted = False
        self.is_logged_in = False
        self.logins = 0
        self.live_at: float | None = None
        self.has_data = False
        self.is_frozen = False
        self.answered_at = 0.0  # answers come in the order of the commands
        self.topics: set[Topic] = set()  # asked for and neither refused nor given up


class World:
    """One seeded schedule of faults, run to its end.

    Args:
        seed: Where the settings and everything that happens come from.
    """

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.now = 0.0
        self.policy = Reconnect(
            initial=chance.choice((0.0, 0.5, 2.0)),
            maximum=chance.choice((4.0, 30.0)),
            jitter=chance.choice(("none", "full")),
            attempts=chance.choice((None, None, None, 4)),
            cap_cooldown=chance.choice((20.0, 60.0)),
            on_evicted=chance.choice(("stop", "retry")),
        )
        self.ping = Ping(chance.choice((5.0, 21.0)), chance.choice((3.0, 20.0)))
        data = chance.choice((None, None, 30.0, {"T": 25.0}))
        self.machine = Machine(_CODEC, Timing(ping=self.ping, data=data), self.policy, chance.random)
        self.wanted: set[Topic] = set()
        self.wire: Wire | None = None
        self.is_over = False
        self.opens: list[float] = []
        self.reads = 0
        self.held = False
        self.last_sign = 0.0  # of life, or of our own buffer holding the reading back
        self.attempts = 0  # in a row, without data or ten seconds of life
        self.not_before = 0.0  # no opening may come earlier
        self.is_final = False
        self.must_be_lost: Topic | None = None  # in the effects of this step
        self.state: State | None = None
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    # The clock.

    def at(self, delay: float, act: Callable[[], None]) -> None:
        """Do something later."""
        self._count += 1
        heapq.heappush(self._events, (self.now + delay, self._count, act))

    def later(self, wire: Wire, delay: float, act: Callable[[], None]) -> None:
        """Do something later, unless the connection is gone by then."""
        self.at(delay, lambda: act() if self.wire is wire else None)

    @property
    def is_peaceful(self) -> bool:
        """Whether the server behaves."""
        return self.now >= _TROUBLE

    def run(self) -> None:
        """Run to the end and check all that must hold."""
        self.machine.start(self.now)
        for _ in range(self.chance.randint(3, 12)):
            self.at(self.chance.uniform(0, _TROUBLE), self._user_changes)
            self.at(self.chance.uniform(0, _TROUBLE), self._buffer_changes)
        if self.chance.random() < 0.1:
            self.at(self.chance.uniform(0, _TROUBLE), self._user_stops)
        self.at(_TROUBLE, self._make_peace)
        self._settle()
        while not self.is_over and self.now < _PEACE and not self._is_done():
            self._step()
        assert self.is_over or self._is_done(), f"still {self.machine.phase} at {self.now}"

    def _is_done(self) -> bool:
        wire = self.wire
        is_quiet = self.now > _TROUBLE + 60 and wire is not None and wire.is_logged_in
        if not is_quiet or wire is None or self.machine.phase is not Phase.LIVE:
            return False
        wildcards = {topic for topic in self.wanted if topic.is_wildcard}
        uncovered = {topic for topic in self.wanted if topic in wildcards or topic.wildcard not in wildcards}
        assert uncovered <= wire.topics, f"wanted {uncovered}, the wire has {wire.topics}"
        assert all(topic in self.wanted or topic.wildcard in wildcards for topic in wire.topics)
        return True

    def _step(self) -> None:
        due = self._events[0][0] if self._events else None
        deadline = self.machine.deadline
        assert due is not None or deadline is not None, f"nothing will ever happen in {self.machine.phase}"
        if due is None or (deadline is not None and deadline < due):
            self.now = max(self.now, deadline or 0.0)
        else:
            self.now, _, act = heapq.heappop(self._events)
            act()
        self._settle()

    def _settle(self) -> None:
        """What the carrier does after everything that happens."""
        if self.held:
            self.last_sign = self.now
        self._note_life()
        self.machine.flush(self.now)
        self.machine.wake(self.now, self.reads, self.held)
        effects = self.machine.take()
        self._check_losses(effects)
        for effect in effects:
            self._carry_out(effect)
        deadline = self.machine.deadline
        is_ready = self.machine.phase is Phase.WAITING  # a wait of no length
        assert deadline is None or deadline > self.now or is_ready, f"woken at {self.now}, and for nothing"
        self._check_awaited(deadline)

    # What must hold.

    def _check_awaited(self, deadline: float | None) -> None:
        if self.is_over:
            assert deadline is None
            return
        if self.machine.phase in (Phase.GREETING, Phase.LOGIN, Phase.WAITING, Phase.LIVE):
            assert deadline is not None
        wire = self.wire
        if wire is not None and wire.is_open:
            patience = self.ping.interval + self.ping.timeout
            assert self.now - self.last_sign <= patience + _EPSILON, f"dead since {self.last_sign}"

    def _check_losses(self, effects: list[Effect]) -> None:
        """Whatever was wanted and on the wire is told as lost, with the end of the connection."""
        lost = [effect for effect in effects if isinstance(effect, Lost)]
        if self.must_be_lost is not None:
            assert Lost((self.must_be_lost,), "resubscribed") in lost
            self.must_be_lost = None
        ends = [e for e in effects if isinstance(e, Tell) and isinstance(e.status, Disconnected)]
        is_stop = any(isinstance(effect, End) for effect in effects)
        wire = self.wire
        assert len(ends) <= 1
        if not ends or wire is None or is_stop:
            return
        topics = {topic for topic in self.wanted if topic in wire.topics or topic.wildcard in wire.topics}
        told = {topic for effect in lost for topic in effect.topics or ()}
        assert topics <= told, f"{topics - told} were interrupted and not told"
        assert told <= self.wanted

    def _carry_out(self, effect: Effect) -> None:
        assert not self.is_over, f"{effect} after the end"
        match effect:
            case Open():
                self._open()
            case Send():
                self._receive(orjson.loads(effect.command))
            case Probe():
                self._answer_ping()
            case Cut():
                assert not (self.held and self.wire and self.wire.is_open and not self._may_cut_held())
                self.wire = None
            case End():
                self.is_over = True
                assert self.machine.phase is Phase.ENDED
            case Refuse():
                assert effect.topic == _FORBIDDEN
                assert isinstance(effect.error, errors.SubscriptionRefusedError)
                self.wanted.discard(effect.topic)
            case Tell(status=State()):
                self._check_state(effect.status)

    def _may_cut_held(self) -> bool:
        return self.machine.phase is Phase.ENDED or self._deferred

    _deferred = False  # whether the server just put the login off: that ends a connection, held or not

    def _check_state(self, status: object) -> None:
        if isinstance(status, Reconnecting):
            assert isinstance(self.state, Disconnected)
            assert not self.is_final, "tried again after a final answer"
            self.attempts += 1
            assert status.attempt == self.attempts, f"attempt {status.attempt}, not {self.attempts}"
            self._check_delay(status)
        elif isinstance(status, Connected):
            assert self.wire is not None
            assert self.wire.is_open
        assert isinstance(status, State)
        self.state = status

    def _check_delay(self, status: Reconnecting) -> None:
        is_capped = status.cause == "cap"
        longest = self.policy.delay(status.attempt, lambda: 1.0, capped=is_capped)
        shortest = self.policy.cap_cooldown if is_capped else 0.0
        if self.policy.jitter == "none":
            shortest = longest
        assert shortest <= status.delay <= longest
        assert self.policy.attempts is None or status.attempt <= self.policy.attempts
        self.not_before = self.now + status.delay

    # The network.

    def _open(self) -> None:
        assert self.wire is None, "two connections"
        assert self.now >= self.not_before - _EPSILON, "too early"
        self.opens.append(self.now)
        wire = self.wire = Wire()
        outcome = 1.0 if self.is_peaceful else self.chance.random()
        delay = self.chance.uniform(0, 3)
        if outcome < 0.1:
            self.later(wire, delay, lambda: self._lose(Loss("connect", "refused")))
        elif outcome < 0.15:
            self.later(wire, delay, lambda: self._lose(Loss("handshake", "HTTP status 503", 503)))
        elif outcome < 0.16:
            self.later(wire, delay, lambda: self._lose(Loss("handshake", "HTTP status 404", 404), final=True))
        else:
            self.later(wire, delay, lambda: self._opened(wire))

    def _opened(self, wire: Wire) -> None:
        wire.is_open = True
        self._read()
        self.machine.opened(self.now)
        if self.is_peaceful or self.chance.random() < 0.93:
            self.later(wire, self.chance.uniform(0, 1), lambda: self._greet(wire))
        if not self.is_peaceful and self.chance.random() < 0.7:
            self.later(wire, self.chance.expovariate(1 / 12), lambda: self._go_wrong(wire))

    def _greet(self, wire: Wire) -> None:
        wire.is_greeted = True
        self._say(wire, Greeted("hello"))

    def _say(self, wire: Wire, *notices: Notice) -> None:
        if not wire.is_frozen:
            self._read()
            self.machine.notices(notices, self.now)

    def _read(self) -> None:
        self.reads += 1
        self.last_sign = self.now

    def _lose(self, loss: Loss, *, final: bool = False) -> None:
        self.is_final = self.is_final or final
        self.machine.lost(loss, self.now)
        self.wire = None if self.machine.phase is not Phase.ENDED else self.wire

    def _note_life(self) -> None:
        """Only data, or ten seconds after the login, start the back-off anew."""
        wire = self.wire
        if wire is not None and wire.live_at is not None and self.now >= wire.live_at + _SOUND:
            self.attempts = 0

    def _go_wrong(self, wire: Wire) -> None:
        chance = self.chance
        what = chance.randrange(9)
        if what == 0:
            self._lose(Loss("network", "broken", 1006))
        elif what == 1:
            self._lose(Loss("closed", "bye", chance.choice((1000, 1001, 1008, 1011, 4000))))
        elif what == 2:
            wire.is_frozen = True
        elif what == 3:
            self._lose(Loss("protocol", "not a frame"))
        elif what == 4:
            self._say(wire, Said("well", code="news"))
        elif what == 5:
            self._take_away(wire)
        else:
            self._announce(wire, chance.choice((CapReached("full"), Evicted("taken"), CutAsSlow("slow"))))

    def _take_away(self, wire: Wire) -> None:
        """End a subscription that nobody gave up: it must be told and asked for again."""
        topics = [topic for topic in sorted(wire.topics) if topic in self.wanted]
        if not topics or wire.is_frozen:
            return
        topic = self.chance.choice(topics)
        wire.topics.discard(topic)
        self._say(wire, Acknowledged("gone", topics=(topic,), active=False))
        self.must_be_lost = topic

    def _announce(self, wire: Wire, notice: Notice) -> None:
        """Say that the connection will be closed, perhaps twice, and then close it, or not."""
        if wire.is_frozen:
            return
        self._say(wire, notice)
        if self.chance.random() < 0.3:
            self.later(wire, self.chance.uniform(0, 2), lambda: self._say(wire, notice))
        if isinstance(notice, Evicted) and self.policy.on_evicted == "stop":
            self.is_final = True
        if self.chance.random() < 0.7:
            close = Loss("closed", "policy", 1008)
            self.later(wire, self.chance.uniform(0, 6), lambda: self._lose(close))

    # The server.

    def _receive(self, command: dict[str, str]) -> None:
        wire = self.wire
        assert wire is not None, f"{command} without a connection"
        assert wire.is_open
        assert wire.is_greeted
        if command["action"] == "auth":
            wire.logins += 1
            assert not wire.is_logged_in
            assert wire.logins <= _LOGINS
            self._answer_login(wire)
            return
        assert wire.is_logged_in
        assert self.machine.phase is Phase.LIVE
        topics = [Topic(*name.split(".", 1)) for name in command["params"].split(",")]
        assert len(set(topics)) == len(topics)
        if command["action"] == "subscribe":
            self._subscribe(wire, topics)
        else:
            self._unsubscribe(wire, topics)

    def _answer_login(self, wire: Wire) -> None:
        outcome = 1.0 if self.is_peaceful else self.chance.random()
        delay = self.chance.uniform(0, 2)
        if outcome < 0.05:
            return
        if outcome < 0.15:
            self.later(wire, delay, lambda: self._defer(wire))
        elif outcome < 0.2:
            self.later(wire, delay, lambda: self._announce(wire, CapReached("full")))
        elif outcome < 0.21:
            self.later(wire, delay, lambda: self._refuse_login(wire))
        else:
            self.later(wire, delay, lambda: self._accept(wire))

    def _defer(self, wire: Wire) -> None:
        self._deferred = True
        self._say(wire, LoginDeferred("later"))
        self.at(0.0, self._forget_deferral)

    def _forget_deferral(self) -> None:
        self._deferred = False

    def _refuse_login(self, wire: Wire) -> None:
        if not wire.is_frozen:
            self.is_final = True
            self._say(wire, LoginRefused("wrong key"))
            assert self.machine.phase is Phase.ENDED

    def _accept(self, wire: Wire) -> None:
        if wire.is_frozen or wire.is_logged_in:
            return
        wire.is_logged_in = True
        wire.live_at = self.now
        self._say(wire, LoggedIn("welcome"))
        self.later(wire, self.chance.expovariate(1.0), lambda: self._send_data(wire))

    def _subscribe(self, wire: Wire, topics: list[Topic]) -> None:
        for topic in topics:
            assert topic in self.wanted, f"asked for {topic}, which nobody wants"
            assert topic not in wire.topics, f"asked for {topic} twice"
            assert topic.is_wildcard or topic.wildcard not in self.wanted, f"{topic} is covered"
        wire.topics.update(topics)
        self._in_order(wire, lambda: self._acknowledge(wire, topics))

    def _acknowledge(self, wire: Wire, topics: Iterable[Topic]) -> None:
        if wire.is_frozen:
            return
        refused = [topic for topic in topics if topic == _FORBIDDEN]
        wire.topics.difference_update(refused)
        notices: list[Notice] = [
            Acknowledged("yes", topics=(topic,)) for topic in topics if topic != _FORBIDDEN
        ]
        names = tuple(refused) if self.chance.random() < 0.5 else ()
        notices += [TopicsRefused("no", topics=names) for _ in refused]
        self.chance.shuffle(notices)
        self._say(wire, *notices)

    def _unsubscribe(self, wire: Wire, topics: list[Topic]) -> None:
        for topic in topics:
            assert topic in wire.topics, f"gave up {topic}, which the wire has not"
            assert topic not in self.wanted
            wire.topics.discard(topic)
        notices = [Acknowledged("yes", topics=(topic,), active=False) for topic in topics]
        self._in_order(wire, lambda: self._say(wire, *notices))

    def _in_order(self, wire: Wire, answer: Callable[[], None]) -> None:
        wire.answered_at = max(wire.answered_at, self.now + self.chance.uniform(0, 1))
        self.later(wire, wire.answered_at - self.now, answer)

    def _send_data(self, wire: Wire) -> None:
        if wire.is_frozen:
            return
        if wire.topics:
            self._read()
            channels = {topic.prefix for topic in wire.topics} & set(self.machine.watched)
            self.machine.data(self.now, channels)
            self.attempts = 0
        pause = (
            self.chance.choice((0.5, 4.0, 8.0)) if self.is_peaceful or self.chance.random() < 0.9 else 80.0
        )
        self.later(wire, pause, lambda: self._send_data(wire))

    def _answer_ping(self) -> None:
        wire = self.wire
        assert wire is not None
        assert wire.is_open
        if not wire.is_frozen:
            self.later(wire, self.chance.uniform(0, 0.5), self._read if not wire.is_frozen else lambda: None)

    # The user.

    def _user_changes(self) -> None:
        changes = {topic: self.chance.random() < 0.6 for topic in self.chance.sample(_TOPICS, 3)}
        self.wanted |= {topic for topic, wanted in changes.items() if wanted}
        self.wanted -= {topic for topic, wanted in changes.items() if not wanted}
        self.machine.want(changes)

    def _buffer_changes(self) -> None:
        if self.held:
            self.machine.released(self.now)
        self.held = not self.held

    def _make_peace(self) -> None:
        if self.held:
            self.machine.released(self.now)
        self.held = False
        if self.wire is not None and self.wire.is_frozen:
            return  # it must be found out
        self._user_changes()

    def _user_stops(self) -> None:
        self.machine.stop()
