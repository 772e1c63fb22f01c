"""What can be made to go wrong, on demand.

A fault says on which connections it happens (``connection``, counted from 1, or any) and how often at most
(``times``, None without limit). Faults of the stream also say after how many data frames of the connection:
0 is right after the login. Everything random in them comes from the simulator's seed, so the same faults and
seed go wrong in the same way.

Example:
    >>> faults = [RefuseLogin(times=2), Cut(connection=3, after_frames=10, extra_bytes=7)]
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct

from rxpolygon.checks import flag
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.simulator import checks

__all__ = [
    "Amend",
    "CapRefusal",
    "CloseAtOnce",
    "Complain",
    "Cut",
    "Delay",
    "Duplicate",
    "Evict",
    "Fault",
    "Garbage",
    "GarbageKind",
    "GarbageLogin",
    "HalfOpen",
    "Mute",
    "RefuseHandshake",
    "RefuseLogin",
    "RefuseSubscription",
    "Reorder",
    "Restart",
    "SilentLogin",
    "SlowConsumer",
    "StreamFault",
]


def _kind(kind: object) -> None:
    """Refuse what is no kind of garbage."""
    if not isinstance(kind, GarbageKind):
        raise InvalidTypeError("kind", kind, "a GarbageKind")


class GarbageKind(Enum):
    """What a frame can be instead of an array of events."""

    NOT_JSON = "not json"
    CUT_JSON = "cut json"
    NOT_UTF8 = "not utf-8"
    NOT_AN_ARRAY = "not an array"
    EMPTY = "empty"
    EMPTY_ARRAY = "empty array"
    NOT_OBJECTS = "not objects"
    UNKNOWN_EVENT = "unknown event"
    NULL_FIELDS = "null fields"
    NO_SYMBOL = "no symbol"
    WRONG_TYPES = "wrong types"
    BINARY = "binary"


class Fault(Struct, frozen=True, kw_only=True):
    """Something that goes wrong.

    Attributes:
        connection: The number of the connection that it happens on, from 1; None for any.
        times: How often it happens at most, from 1; None without limit.

    Raises:
        InvalidArgumentError: A value is not allowed; the message says which are.
        InvalidTypeError: A value has the wrong type.
    """

    connection: int | None = None
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.connection is not None:
            checks.whole("connection", self.connection, 1)
        if self.times is not None:
            checks.whole("times", self.times, 1)


class StreamFault(Fault, frozen=True, kw_only=True):
    """Something that goes wrong in the stream of data.

    Attributes:
        after_frames: How many data frames the connection has got when it happens; 0 is right after the login.
    """

    after_frames: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.whole("after_frames", self.after_frames, 0)


class RefuseHandshake(Fault, frozen=True, kw_only=True):
    """Answer the handshake with an HTTP error.

    Attributes:
        status: The HTTP status.
    """

    status: int = 503

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("status", self.status, 300, 599)


class CloseAtOnce(Fault, frozen=True, kw_only=True):
    """Close right after the handshake, without a greeting.

    Attributes:
        code: The close code; None ends the TCP connection without a closing handshake.
    """

    code: int | None = 1011

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code is not None:
            checks.close_code(self.code)


class SilentLogin(Fault, frozen=True, kw_only=True):
    """Never answer the login."""


class RefuseLogin(Fault, frozen=True, kw_only=True):
    """Refuse a login, with whatever key.

    Attributes:
        status: The status or code that says so, ``auth_timeout`` or 404 for example; None for the vendor's
            word for a wrong key.
        message: Its text; None for the vendor's.
    """

    status: str | int | None = None
    message: str | None = None


class RefuseSubscription(Fault, frozen=True, kw_only=True):
    """Refuse a subscribe command whole: nothing is subscribed.

    Attributes:
        status: The status or code that says so, 405 for example; None for the vendor's word for it.
        message: Its text; None for the vendor's.
    """

    status: str | int | None = None
    message: str | None = None


class GarbageLogin(Fault, frozen=True, kw_only=True):
    """Answer a login with a frame that is no proper array of events.

    Attributes:
        kind: What it is.
    """

    kind: GarbageKind = GarbageKind.NOT_JSON

    def __post_init__(self) -> None:
        super().__post_init__()
        _kind(self.kind)


class CapRefusal(Fault, frozen=True, kw_only=True):
    """Say that the account has all its connections, and close with 1008.

    Attributes:
        when: Instead of the answer to the login, or after the first acknowledgement.
        delay: Real seconds to wait before it.
    """

    when: Literal["login", "acknowledgement"] = "login"
    delay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("when", self.when, ("login", "acknowledgement"))
        checks.seconds("delay", self.delay)


class Cut(StreamFault, frozen=True, kw_only=True):
    """End the TCP connection without a closing handshake.

    Attributes:
        extra_bytes: How many bytes of the next frame still go out: a cut in the middle of it.
        at_byte: Instead of ``after_frames``: how many bytes of data frames, headers included, go out.
        reset: End with RST, by which the client also loses what it has not read yet; else with FIN, after
            which it gets every byte that went out.
    """

    extra_bytes: int = 0
    at_byte: int | None = None
    reset: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.whole("extra_bytes", self.extra_bytes, 0)
        flag("reset", self.reset)
        if self.at_byte is None:
            return
        checks.whole("at_byte", self.at_byte, 0)
        if self.after_frames or self.extra_bytes:
            raise InvalidArgumentError(
                "at_byte", self.at_byte, "it stands instead of after_frames and extra_bytes: give one place"
            )


class Mute(StreamFault, frozen=True, kw_only=True):
    """Stay open and send no data any more.

    Attributes:
        answer_pings: Whether pings are still answered.
    """

    answer_pings: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        flag("answer_pings", self.answer_pings)


class HalfOpen(StreamFault, frozen=True, kw_only=True):
    """Neither read nor write any more, without closing: what a dead router leaves behind."""


class Evict(StreamFault, frozen=True, kw_only=True):
    """Say that another connection took over, where the vendor has a word for it, and close with 1008."""


class Complain(StreamFault, frozen=True, kw_only=True):
    """Tell an error in the middle of the stream.

    Attributes:
        status: The status or code; None for the vendor's word for an error of its own.
        message: Its text; None for the vendor's.
        closes: Whether the connection ends after it, with 1008.
    """

    status: str | int | None = None
    message: str | None = None
    closes: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        flag("closes", self.closes)


class Restart(StreamFault, frozen=True, kw_only=True):
    """Close as a server does that restarts.

    Attributes:
        code: The close code; 1000 was seen too.
    """

    code: int = 1001

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.close_code(self.code)


class Delay(Fault, frozen=True, kw_only=True):
    """Send every data frame of a connection late.

    Attributes:
        seconds: How late, in real seconds.
    """

    seconds: float
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.seconds("seconds", self.seconds)


class Reorder(Fault, frozen=True, kw_only=True):
    """Publish some events late, so that they come after younger ones, on every connection.

    Bars are first made without a late trade, and sent again when it has come. ``connection`` and ``times``
    do not apply.

    Attributes:
        share: Which share of the events, 0 to 1.
        within: How late at most, in seconds of market time.
    """

    share: float = 0.05
    within: float = 0.5
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.share("share", self.share)
        checks.seconds("within", self.within)


class Amend(Fault, frozen=True, kw_only=True):
    """Cancel or correct some trades of stocks afterwards, where the vendor tells such things: on Alpaca.

    The bars of the simulator are not made again for it. ``connection`` and ``times`` do not apply.

    Attributes:
        share: Which share of the trades, 0 to 1; half of them are corrected, half cancelled.
        within: How long after their publication at most, in seconds of market time.
    """

    share: float = 0.01
    within: float = 2.0
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.share("share", self.share)
        checks.seconds("within", self.within)


class Duplicate(Fault, frozen=True, kw_only=True):
    """Send some events twice, one right after the other.

    Attributes:
        share: Which share of them, 0 to 1.
    """

    share: float = 0.02
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.share("share", self.share)


class Garbage(Fault, frozen=True, kw_only=True):
    """Put a frame that is no proper array of events between the others.

    Attributes:
        kind: What it is; None takes each kind in turn.
        every: After how many data frames of a connection one comes, again and again until ``times``.
    """

    kind: GarbageKind | None = None
    every: int = 10
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind is not None:
            _kind(self.kind)
        checks.whole("every", self.every, 1)


class SlowConsumer(Fault, frozen=True, kw_only=True):
    """Cut off a client that leaves too much unread, as the real server does.

    Without this fault the simulator is patient: it waits for its slowest reader.

    Attributes:
        unread_bytes: How much may wait beyond what the operating system takes.
    """

    unread_bytes: int = 2**20
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.whole("unread_bytes", self.unread_bytes, 0)
