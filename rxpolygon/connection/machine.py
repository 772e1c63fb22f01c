"""The state machine of a connection. Pure: no sockets, no threads, no clock.

It is fed what happens, always with the time, and answers with effects to carry out (:meth:`Machine.take`)
and with the time at which it wants to be woken (:attr:`Machine.deadline`).

    IDLE -> OPENING -> GREETING -> LOGIN -> LIVE
               ^                              |   a loss in any state
               +---------- WAITING <----------+
    from everywhere: CLOSING -> ENDED, by request or by a final answer
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from rxpolygon import errors
from rxpolygon.connection.causes import Cause, cause_of, error_for, remedy
from rxpolygon.connection.effects import Cut, Effect, End, Lost, Open, Probe, Send, Tell
from rxpolygon.connection.mute import MuteWatch
from rxpolygon.connection.pings import PingWatch
from rxpolygon.connection.policy import Reconnect
from rxpolygon.connection.subscriptions import Subscriptions
from rxpolygon.status import (
    Authenticated,
    Connected,
    Connecting,
    Disconnected,
    Reconnecting,
    ServerMessage,
)
from rxpolygon.topics import Topic
from rxpolygon.transport.base import Loss, Ping
from rxpolygon.venues.dialect import (
    Acknowledged,
    CapReached,
    CutAsSlow,
    Denied,
    Dialect,
    Evicted,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    Said,
    ServerFault,
    Stated,
    TopicsRefused,
)

__all__ = ["Machine", "Phase", "Timing"]

_NORMAL: Final = 1000  # the close code of an end as asked
_SOUND_AFTER: Final = 10.0  # seconds of life after which a connection counts as good
_LOGIN_TRIES: Final = 3
_CLOSE_AFTER_NOTICE: Final = 3.0  # seconds that a server has to close after it said that it will


class Phase(Enum):
    """Where the connection stands."""

    IDLE = auto()
    OPENING = auto()
    GREETING = auto()
    LOGIN = auto()
    LIVE = auto()
    WAITING = auto()
    ENDED = auto()


class Timing(Struct, frozen=True):
    """The machine's patience.

    Attributes:
        login: Seconds from the open socket to the accepted login.
        ping: When to probe, and how long to wait for a byte.
        data: Seconds without market data after which an open connection counts as mute: of any channel, or
            of each channel by its prefix; None to wait for ever.
    """

    login: float = 10.0
    ping: Ping = Ping()
    data: float | Mapping[str, float] | None = None


class Machine:
    """Decides what a connection does.

    Args:
        dialect: The venue's protocol.
        timing: Its patience.
        reconnect: The policy after a loss; None ends the stream with the first loss.
        random: Gives a number from 0 up to 1, for jitter.
        is_market_open: Whether data may be expected now; silence means nothing while it may not.
    """

    def __init__(
        self,
        dialect: Dialect,
        timing: Timing,
        reconnect: Reconnect | None,
        random: Callable[[], float],
        is_market_open: Callable[[], bool] = lambda: True,
    ) -> None:
        self.phase = Phase.IDLE
        self._dialect = dialect
        self._timing = timing
        self._reconnect = reconnect
        self._random = random
        self._subscriptions = Subscriptions(dialect)
        self._channels: frozenset[str] = frozenset()
        self._effects: list[Effect] = []
        self._attempt = 0  # attempts since the last good connection
        self._cause: Cause | None = None  # why the server says that it will close
        self._said = ""
        self._login_tries = 0
        self._deferral: str | None = None  # what the server said when it did not accept the login yet
        self._is_open = False
        self._was_live = False  # ever
        self._act_at: float | None = None  # login limit, end of waiting, or announced close
        self._sound_at: float | None = None
        self._pings = PingWatch(timing.ping)
        self._mute_watch = MuteWatch(timing.data, is_market_open)

    @property
    def subscriptions(self) -> Subscriptions:
        """What is wanted and what the wire has."""
        return self._subscriptions

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` is due; None when only an event can change anything."""
        times = (
            self._act_at,
            self._sound_at,
            self._pings.deadline,
            self._subscriptions.deadline if self.phase is Phase.LIVE else None,
            self._mute_watch.deadline if self.phase is Phase.LIVE else None,
        )
        return min((time for time in times if time is not None), default=None)

    @property
    def awaits_data(self) -> bool:
        """Whether :meth:`data` would change anything."""
        return self._sound_at is not None or self._mute_watch.is_active

    @property
    def watched(self) -> tuple[str, ...]:
        """The channels whose silence counts each for itself."""
        return self._mute_watch.channels

    @property
    def channels(self) -> frozenset[str]:
        """The channels that the connection has, or had until it was lost; to be read by any thread."""
        return self._channels

    def take(self) -> list[Effect]:
        """The effects since the last call, in the order to carry them out."""
        effects, self._effects = self._effects, []
        return effects

    def start(self, now: float) -> None:
        """Begin to connect."""
        if self.phase is Phase.IDLE:
            self._open()

    def want(self, changes: Mapping[Topic, bool]) -> None:
        """Topics that are wanted from now on, or no longer; sent by :meth:`flush`."""
        self._subscriptions.want(changes)

    def flush(self, now: float) -> None:
        """Send what changed in the wanted topics, if the connection is up."""
        if self.phase is Phase.LIVE:
            self._effects += self._subscriptions.commands()
            self._channels = self._subscriptions.channels
            self._mute_watch.subscribed(now, self._channels)

    def opened(self, now: float) -> None:
        """The websocket is open."""
        if self.phase is not Phase.OPENING:
            return
        self.phase = Phase.GREETING
        self._is_open = True
        self._act_at = now + self._timing.login
        self._pings.opened(now)
        self._effects.append(Tell(Connected(self._dialect.url)))

    def data(self, now: float, channels: Iterable[str] = ()) -> None:
        """Market data came: the connection is good, once it is logged in.

        Args:
            now: The time.
            channels: Those of :attr:`watched` that the data belongs to; others mean nothing.
        """
        if self.phase is Phase.LIVE:
            self._good()
            self._mute_watch.data(now, channels)

    def released(self, now: float) -> None:
        """Our own full buffer held back the reading until now: what was awaited gets its time anew."""
        self._mute_watch.released(now)
        self._pings.released()
        self._subscriptions.released(now)
        if self._is_open and self._act_at is not None:
            self._act_at = max(self._act_at, now + _CLOSE_AFTER_NOTICE)

    def _good(self) -> None:
        self._sound_at = None
        self._attempt = 0

    def notices(self, notices: Iterable[Notice], now: float) -> None:
        """The server said something about the connection."""
        for notice in notices:
            if not self._is_open:
                return  # an earlier notice ended the connection
            self._notice(notice, now)

    def _notice(self, notice: Notice, now: float) -> None:
        match notice:
            case Greeted() if self.phase is Phase.GREETING:
                self._log_in()
            case LoggedIn() if self.phase in (Phase.GREETING, Phase.LOGIN):
                self._logged_in(notice, now)
            case Denied():
                self._refused(notice)
            case LoginRefused() if self.phase is not Phase.LIVE:
                self._refused(notice)
            case LoginDeferred():
                self._login_deferred(notice, now)
            case Acknowledged():
                self._effects += self._subscriptions.acknowledged(notice, now)
            case Stated() if self.phase is Phase.LIVE:
                self._effects += self._subscriptions.stated(notice, now)
            case TopicsRefused() if self.phase is Phase.LIVE:
                self._effects += self._subscriptions.refused(notice, now)
                self.flush(now)
            case CapReached():
                self._will_close("cap", notice.message, now)
            case Evicted():
                self._will_close("evicted", notice.message, now)
            case CutAsSlow():
                self._will_close("slow", notice.message, now)
            case ServerFault():
                self._will_close("server", notice.message, now)
            case Said():
                self._effects.append(Tell(ServerMessage(notice.code, notice.message)))
            case _:
                self._effects.append(Tell(ServerMessage(type(notice).__name__.lower(), notice.message)))

    def _refused(self, notice: LoginRefused) -> None:
        self._end(errors.AuthenticationError(self._dialect.url, notice.message, notice.remedy))

    def _log_in(self) -> None:
        self.phase = Phase.LOGIN
        self._login_tries += 1
        self._effects.append(Send(self._dialect.login(), "login"))

    def _logged_in(self, notice: Notice, now: float) -> None:
        self.phase = Phase.LIVE
        self._was_live = True
        self._act_at = self._deferral = None
        self._sound_at = now + _SOUND_AFTER
        self._effects.append(Tell(Authenticated(notice.message)))
        self.flush(now)

    def _login_deferred(self, notice: Notice, now: float) -> None:
        self._effects.append(Tell(ServerMessage("login", notice.message)))
        self._deferral = notice.message
        if self.phase is Phase.LOGIN and self._login_tries < _LOGIN_TRIES:
            self._log_in()
        else:
            said = f": {notice.message}" if notice.message else ""
            self._break("login", f"the server did not accept the login{said}", now)

    def _will_close(self, cause: Cause, message: str, now: float) -> None:
        """The server announced the end: wait for its close, but not for long."""
        self._effects.append(Tell(ServerMessage(cause, message)))
        if self._cause is None:
            self._act_at = now + _CLOSE_AFTER_NOTICE
        elif cause != "evicted":
            return  # the first reason counts, unless a later one is final
        self._cause, self._said = cause, message

    def lost(self, loss: Loss, now: float) -> None:
        """The transport has ended."""
        if self.phase in (Phase.ENDED, Phase.WAITING, Phase.IDLE):
            return
        cause = self._cause or cause_of(loss)
        reason = self._said or loss.reason
        if cause == "cap" and self._cause is None and self._deferral is not None:
            # Closed by policy, and the login is the reason: no sign of the account's limit.
            cause, reason = "login", self._deferral or loss.reason
        self._is_open = False
        self._after_loss(cause, reason, loss, now)

    def _break(self, cause: Cause, reason: str, now: float) -> None:
        """End the connection ourselves; its transport's loss will tell nothing new."""
        if self._cause is not None:
            cause, reason = self._cause, self._said  # the server's own word comes first
        self._effects.append(Cut())
        self._is_open = False
        self._after_loss(cause, reason, Loss("local", reason), now)

    def _after_loss(self, cause: Cause, reason: str, loss: Loss, now: float) -> None:
        put_off = self._deferral
        interrupted = self._forget_connection()
        code = None if loss.kind == "handshake" else loss.code  # that one is an HTTP status
        self._effects.append(Tell(Disconnected(reason, code, cause)))
        if interrupted:
            self._effects.append(Lost(interrupted, "reconnect"))
        error = error_for(cause, self._dialect.url, reason, loss, self._timing.login, put_off)
        policy = self._reconnect
        is_final = (
            cause == "handshake"
            or (cause == "evicted" and policy is not None and policy.on_evicted == "stop")
            or (loss.is_final and not self._was_live)
        )
        if policy is None or is_final:
            self._end(error)
            return
        if policy.attempts is not None and self._attempt >= policy.attempts:
            self._end(error)
            return
        self._attempt += 1
        delay = policy.delay(self._attempt, self._random, capped=cause == "cap")
        self.phase = Phase.WAITING
        self._act_at = now + delay
        self._effects.append(Tell(Reconnecting(delay, self._attempt, cause, remedy(cause))))

    def _forget_connection(self) -> tuple[Topic, ...]:
        interrupted = self._subscriptions.connection_lost()
        self._cause, self._said, self._deferral = None, "", None
        self._login_tries = 0
        self._act_at = self._sound_at = None
        self._pings.connection_lost()
        self._mute_watch.connection_lost()
        return interrupted

    def _open(self) -> None:
        self.phase = Phase.OPENING
        self._act_at = None
        self._effects.append(Tell(Connecting(self._dialect.url, self._attempt + 1)))
        self._effects.append(Open())

    def wake(self, now: float, reads: int, held: bool = False) -> None:
        """Time has passed.

        Args:
            now: The time.
            reads: The transport's count of reads: any change is a sign of life.
            held: Whether our own full buffer holds back the reading; then silence proves nothing, and what
                the server has answered, or its close, may wait unread.
        """
        if self._sound_at is not None and now >= self._sound_at:
            self._good()
        if self.phase is Phase.LIVE:
            if held:
                self._subscriptions.released(now)
            self._effects += self._subscriptions.settle(now)
            self.flush(now)
            mute = self._mute_watch.mute(now, held)
            if mute is not None:
                self._break("mute", mute, now)
        if self._act_at is not None and now >= self._act_at:
            if held and self._is_open:
                self._act_at = now + _CLOSE_AFTER_NOTICE
            else:
                self._act(now)
        if self._is_open:
            self._probe(now, reads, held)

    def _act(self, now: float) -> None:
        if self.phase is Phase.WAITING:
            self._open()
        elif self._cause is not None:
            self._break(self._cause, self._said, now)
        elif self.phase in (Phase.GREETING, Phase.LOGIN):
            self._break("login", f"no answer to the login within {self._timing.login:g} s", now)
        else:
            self._act_at = None

    def _probe(self, now: float, reads: int, held: bool) -> None:
        dead = self._pings.dead(now, reads, held)
        if dead is not None:
            self._break("mute", dead, now)
        elif self._pings.is_due(now, reads, held):
            self._effects.append(Probe(self._timing.ping.payload))

    def stop(self) -> None:
        """End the stream, as asked."""
        self._end(None)

    def fail(self, error: errors.RxPolygonError) -> None:
        """End the stream with an error of our own side."""
        self._end(error)

    def _end(self, error: errors.RxPolygonError | None) -> None:
        if self.phase is Phase.ENDED:
            return
        self._forget_connection()
        if self._is_open or self.phase is Phase.OPENING:
            self._effects.append(Cut())
        if self._is_open:
            self._effects.append(Tell(Disconnected("closed by this client", _NORMAL, "closed")))
        self._is_open = False
        self.phase = Phase.ENDED
        self._effects.append(End(error))
