"""The life of a connection, told as typed values on ``client.status``::

    Status
    ├── State                 where the connection stands; the latest one is told first to a new observer
    │   ├── Idle              not started
    │   ├── Connecting        opening the socket
    │   ├── Connected         the socket is open, the login is under way
    │   ├── Authenticated     logged in; data flows
    │   ├── Disconnected      the connection ended
    │   ├── Reconnecting      waiting before the next attempt
    │   └── Closed            over, by request or by an error
    ├── Subscribed, Unsubscribed, Refused      the server's answer about one topic
    ├── ServerMessage         anything else that the server said
    ├── Malformed             something that could not be decoded
    ├── Dropped               frames that the overflow policy gave up
    ├── Lagging, CaughtUp     observers fall behind, or no longer do
    └── Gap                   data of a channel that was lost

Example:
    >>> str(Disconnected(reason="restarting", code=1001))
    'disconnected: restarting (close code 1001)'
"""

from __future__ import annotations

from msgspec import Struct

from rxpolygon.text import instant, printable
from rxpolygon.topics import Topic

__all__ = [
    "Authenticated",
    "CaughtUp",
    "Closed",
    "Connected",
    "Connecting",
    "Disconnected",
    "Dropped",
    "Gap",
    "Idle",
    "Lagging",
    "Malformed",
    "Reconnecting",
    "Refused",
    "ServerMessage",
    "State",
    "Status",
    "Subscribed",
    "Unsubscribed",
]

_SHOWN_BYTES = 120


class Status(Struct, frozen=True, tag=True, tag_field="status"):
    """Anything that ``client.status`` tells. ``str(status)`` is one line for a person."""


class State(Status, frozen=True):
    """Where the connection stands."""


class Idle(State, frozen=True):
    """The client has not been started."""

    def __str__(self) -> str:
        return "idle"


class Connecting(State, frozen=True):
    """The socket is being opened.

    Attributes:
        url: Where to.
        attempt: 1 for the first attempt since the last good connection.
    """

    url: str
    attempt: int = 1

    def __str__(self) -> str:
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"connecting to {self.url}{again}"


class Connected(State, frozen=True):
    """The websocket is open; the login is under way.

    Attributes:
        url: Where to.
    """

    url: str

    def __str__(self) -> str:
        return f"connected to {self.url}"


class Authenticated(State, frozen=True):
    """The server accepted the login.

    Attributes:
        message: What it said.
    """

    message: str = ""

    def __str__(self) -> str:
        return "logged in"


class Disconnected(State, frozen=True):
    """The connection ended.

    Attributes:
        reason: What the server or the system said.
        code: The websocket close code; 1006 or None when the connection broke without one.
        cause: ``network``, ``restart``, ``slow``, ``cap``, ``evicted``, ``login``, ``mute``, ``protocol``,
            ``server`` (it said that something is wrong on its side), ``connect`` or ``handshake`` (no
            connection came about), or ``closed`` (we closed it).
    """

    reason: str
    code: int | None = None
    cause: str = "network"

    def __str__(self) -> str:
        code = f" (close code {self.code})" if self.code is not None else ""
        return f"disconnected: {printable(self.reason)}{code}"


class Reconnecting(State, frozen=True):
    """The connection is down and will be tried again.

    Attributes:
        delay: Seconds until the attempt.
        attempt: The number of the coming attempt, from 1.
        cause: Why the last connection ended, as in :class:`Disconnected`.
        remedy: What could be done about it.
    """

    delay: float
    attempt: int
    cause: str = "network"
    remedy: str = ""

    def __str__(self) -> str:
        advice = f"; {self.remedy}" if self.remedy else ""
        return f"reconnecting in {self.delay:.1f} s (attempt {self.attempt}, {self.cause}{advice})"


class Closed(State, frozen=True):
    """The stream is over.

    Attributes:
        error: What ended it, as text; None when it was closed by request.
        kind: The name of the error's class, None without one.
        undelivered: Frames that had arrived and that no observer was given.
    """

    error: str | None = None
    kind: str | None = None
    undelivered: int = 0

    def __str__(self) -> str:
        return "closed" if self.error is None else f"closed: {printable(self.error)}"


class Subscribed(Status, frozen=True):
    """The server acknowledged a subscription.

    Attributes:
        topic: The channel and symbol.
    """

    topic: Topic

    def __str__(self) -> str:
        return f"subscribed to {printable(str(self.topic))}"


class Unsubscribed(Status, frozen=True):
    """The server acknowledged the end of a subscription.

    Attributes:
        topic: The channel and symbol.
    """

    topic: Topic

    def __str__(self) -> str:
        return f"unsubscribed from {printable(str(self.topic))}"


class Refused(Status, frozen=True):
    """The server refused a subscription; its Observables end with an error, others go on.

    Attributes:
        topic: The channel and symbol.
        message: What the server said.
    """

    topic: Topic
    message: str

    def __str__(self) -> str:
        return f"refused {printable(str(self.topic))}: {printable(self.message)}"


class ServerMessage(Status, frozen=True):
    """Something the server said that asks for nothing.

    Attributes:
        code: The server's word for it.
        message: Its text.
    """

    code: str
    message: str

    def __str__(self) -> str:
        said = f": {printable(self.message)}" if self.message else ""
        return f"server says {printable(self.code)}{said}"


class Malformed(Status, frozen=True):
    """A frame, or an event of a frame, that could not be decoded. Its neighbours were delivered.

    Attributes:
        data: The bytes concerned.
        problem: What was expected, what came, and where.
    """

    data: bytes
    problem: str

    def __repr__(self) -> str:
        shown = self.data if len(self.data) <= _SHOWN_BYTES else self.data[:_SHOWN_BYTES] + b"..."
        return f"Malformed(data={shown!r}, problem={self.problem!r})"

    def __str__(self) -> str:
        shown = printable(self.data[:_SHOWN_BYTES].decode("utf-8", "replace"))
        return f"malformed ({len(self.data)} bytes, {printable(self.problem)}): {shown}"


class Dropped(Status, frozen=True):
    """The buffer was full and the overflow policy gave frames up, at this place of the stream.

    Attributes:
        frames: How many frames.
        size: How many bytes they had.
    """

    frames: int
    size: int

    def __str__(self) -> str:
        return f"dropped {self.frames} frames ({self.size} bytes): observers are too slow"


class Lagging(Status, frozen=True):
    """Observers fall behind: the buffer passed its high-water mark.

    Attributes:
        buffered_bytes: What waits in the buffer.
        lag: Seconds between the newest event delivered and now; None when unknown. Below 0 where the source's
            clock is ahead, as that of a simulator with a speed.

    Example:
        >>> str(Lagging(buffered_bytes=50_000_000, lag=2.5)), str(Lagging(buffered_bytes=8, lag=-60.0))
        ('lagging: 50000000 bytes wait, 2.5 s behind', 'lagging: 8 bytes wait')
    """

    buffered_bytes: int
    lag: float | None = None

    def __str__(self) -> str:
        lag = "" if self.lag is None or self.lag < 0 else f", {self.lag:.1f} s behind"
        return f"lagging: {self.buffered_bytes} bytes wait{lag}"


class CaughtUp(Status, frozen=True):
    """Observers have caught up after :class:`Lagging`.

    Attributes:
        seconds: How long they were behind.
    """

    seconds: float

    def __str__(self) -> str:
        return f"caught up after {self.seconds:.1f} s"


class Gap(Status, frozen=True):
    """Data was lost between two events.

    Attributes:
        channel: The channel's prefix on the wire.
        symbols: The symbols concerned; ``("*",)`` for every symbol.
        after: Timestamp of the last event before the loss, Unix ms UTC, None if there was none.
        before: Timestamp of the first event after it, Unix ms UTC, None while there is none.
        cause: ``reconnect``, ``dropped``, ``malformed`` or ``resubscribed``.
        dropped: Frames known to be lost, None when the number cannot be known.

    Example:
        >>> str(Gap("T", ("AAPL",), 1_700_000_000_001, 1_700_000_007_500, "reconnect"))
        'gap in T of AAPL from 2023-11-14T22:13:20.001Z to 2023-11-14T22:13:27.500Z (reconnect)'
    """

    channel: str
    symbols: tuple[str, ...]
    after: int | None
    before: int | None
    cause: str
    dropped: int | None = None

    def __str__(self) -> str:
        names = ", ".join(self.symbols[:5]) + (", …" if len(self.symbols) > 5 else "")
        start = "the beginning" if self.after is None else instant(self.after)
        end = "now" if self.before is None else instant(self.before)
        span = f"from {start} to {end}"
        return f"gap in {self.channel} of {printable(names)} {span} ({self.cause})"
