"""Every error that rxpolygon raises or sends to ``on_error``::

    RxPolygonError
    ├── UsageError                   fix the call
    │   ├── InvalidArgumentError     a value that is not allowed (also a ValueError)
    │   ├── InvalidTypeError         a value of the wrong type (also a TypeError)
    │   ├── WrongClusterError        a channel that the connected cluster does not carry
    │   ├── AlreadyStreamingError    this process already has such a connection
    │   └── MissingPackageError      an optional package is not installed (also an ImportError)
    ├── ConnectionError              wait and try again
    │   ├── ConnectFailedError       no connection came about: name, network, TLS or HTTP
    │   ├── ConnectionLostError      a working connection ended
    │   ├── LoginTimeoutError        the server never answered the login
    │   ├── ConnectionLimitError     the account has no free connection
    │   └── SlowConsumerError        the server cut us off as a slow reader
    ├── AuthenticationError          give up: the key, or what the plan allows
    ├── EvictedError                 another connection of the account took over
    ├── SubscriptionRefusedError     one channel was refused; the others go on
    ├── OverflowError                the buffer was full and the policy was ``"error"``
    │   └── QueueFullError           the same for the queue of the operator ``buffered``
    └── RecordingError               a recording that cannot be read

Errors carry their facts as attributes and never contain an API key.

Example:
    >>> from rxpolygon import errors
    >>> issubclass(errors.AuthenticationError, errors.RxPolygonError)
    True
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rxpolygon.text import printable

if TYPE_CHECKING:
    from rxpolygon.topics import Topic

__all__ = [
    "AlreadyStreamingError",
    "AuthenticationError",
    "ConnectFailedError",
    "ConnectionError",
    "ConnectionLimitError",
    "ConnectionLostError",
    "EvictedError",
    "InvalidArgumentError",
    "InvalidTypeError",
    "LoginTimeoutError",
    "MissingPackageError",
    "OverflowError",
    "QueueFullError",
    "RecordingError",
    "RxPolygonError",
    "SlowConsumerError",
    "SubscriptionRefusedError",
    "UsageError",
    "WrongClusterError",
]


# HTTP statuses of a server that may have a connection for us later: RFC 9110, 15.5.9 and 15.6; RFC 6585, 4.
_SERVER_FAULT: Final = 500
_BUSY: Final = frozenset({408, 429})


def is_passing(status: int) -> bool:
    """Whether an HTTP status says nothing about the URL or the key, so that a later attempt may succeed."""
    return status >= _SERVER_FAULT or status in _BUSY


class RxPolygonError(Exception):
    """The root of all errors of this library."""


class UsageError(RxPolygonError):
    """The call is wrong; it will stay wrong until it is changed."""


class InvalidArgumentError(UsageError, ValueError):
    """An argument has a value that is not allowed; the message says what is."""

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        super().__init__(f"{argument}={value!r} is not allowed: {allowed}")
        self.argument = argument
        self.value = value


class InvalidTypeError(UsageError, TypeError):
    """An argument has the wrong type; the message says which is expected."""

    def __init__(self, argument: str, value: object, expected: str) -> None:
        super().__init__(f"{argument} must be {expected}, not {type(value).__name__}")
        self.argument = argument


class WrongClusterError(UsageError):
    """A channel was asked of a cluster that does not carry it."""

    def __init__(self, channel: str, cluster: str, clusters: Iterable[str]) -> None:
        offered = " or ".join(repr(name) for name in clusters)
        super().__init__(
            f"subscribe_{channel} needs a connection to {offered}, and this one is to {cluster!r}: "
            f"open another StreamClient with cluster={offered}"
        )
        self.channel = channel
        self.cluster = cluster


class AlreadyStreamingError(UsageError):
    """A second connection with the same key to the same cluster would make the server drop the first.

    Attributes:
        client: The client that runs.
    """

    def __init__(self, url: str, client: object) -> None:
        super().__init__(
            f"this process already streams from {url} with the same key, and the server allows one such "
            "connection: use that client (the attribute 'client' of this error), or close it first. In a "
            "notebook where its variable was overwritten:  import sys; sys.last_value.client.close_stream()"
        )
        self.client = client


class MissingPackageError(UsageError, ImportError):
    """A feature needs a package of an extra that is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}: install it with  pip install 'rxpolygon[{extra}]'"
        )
        self.package = package
        self.extra = extra


class ConnectionError(RxPolygonError, builtins.ConnectionError):
    """The connection did not come about or did not last; later it may."""


class ConnectFailedError(ConnectionError):
    """No connection came about: the name, the network, the certificate or the HTTP answer.

    Attributes:
        url: Where to.
        status: The HTTP status with which the server answered the handshake, None if it did not.
    """

    def __init__(self, url: str, reason: str, status: int | None = None, remedy: str = "") -> None:
        advice = remedy or "check the host and the network"
        if status is not None:
            advice = "the server refused the handshake with this HTTP status: check the URL and the key"
            if is_passing(status):
                advice = "the server answered the handshake with this HTTP status: try again later"
        super().__init__(f"cannot connect to {url}: {printable(reason)} ({advice})")
        self.url = url
        self.status = status


class ConnectionLostError(ConnectionError):
    """A connection that worked has ended.

    Attributes:
        code: The websocket close code, or None when the connection broke without one.
        reason: What the server or the system said.
    """

    def __init__(self, reason: str, code: int | None = None, remedy: str = "") -> None:
        shown = printable(reason)
        said = f"{shown} (close code {code})" if code is not None else shown
        again = "start the stream again, or let a Reconnect policy do so"
        super().__init__(f"the connection was lost: {said}: {remedy}{'; ' if remedy else ''}{again}")
        self.code = code
        self.reason = reason


class LoginTimeoutError(ConnectionError):
    """The server did not answer the login in time, or put it off again and again.

    Attributes:
        url: Where to.
    """

    def __init__(self, url: str, seconds: float, put_off: str | None = None) -> None:
        if put_off is None:
            problem = f"did not answer the login within {seconds:g} s: is this a market-data websocket?"
        else:
            said = f" ({printable(put_off)})" if put_off else ""
            problem = f"put the login off{said}: try again later, and if that goes on, check the key"
        super().__init__(f"{url} {problem}")
        self.url = url


class ConnectionLimitError(ConnectionError):
    """The account already has all the connections that it may have."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"the account's connection limit is reached ({printable(message)}): close the other client of "
            "this key, share one client, or ask the vendor for more connections"
        )


class SlowConsumerError(ConnectionError):
    """The server ended the connection because it was not read fast enough."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"the server cut the connection as a slow consumer ({printable(message)}): subscribe to less, "
            "do less in observers, or install the extra 'fast'"
        )


class AuthenticationError(RxPolygonError):
    """The server refused the login, or what the account asked for. Trying again cannot help."""

    def __init__(self, url: str, message: str, remedy: str = "") -> None:
        means = remedy or "the API key is wrong, or its plan does not include this"
        super().__init__(f"{url} refused the login ({printable(message)}): {means}")
        self.url = url


class EvictedError(RxPolygonError):
    """Another connection of the same account took over this one's place."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"another connection of this account took over ({printable(message)}): one connection to a "
            "cluster at a time is allowed; share one StreamClient"
        )


class SubscriptionRefusedError(RxPolygonError):
    """The server refused a channel. Other channels of the connection go on."""

    def __init__(self, topic: Topic, message: str, remedy: str = "") -> None:
        usual = "the plan of this key does not include it, or the symbol is not allowed on this channel"
        super().__init__(
            f"the server refused {printable(str(topic))} ({printable(message)}): {remedy or usual}"
        )
        self.topic = topic


class OverflowError(RxPolygonError):
    """The buffer was full while ``overflow="error"`` was chosen."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"observers fell behind and the buffer of {limit} bytes is full: do less in observers, raise "
            "max_buffer, or choose overflow='block', 'drop_oldest' or 'drop_newest'"
        )
        self.limit = limit


class QueueFullError(OverflowError):
    """The queue of the operator ``buffered`` was full while ``overflow="error"`` was chosen."""

    def __init__(self, capacity: int) -> None:
        # Not the parent's text: it speaks of the client's buffer and its bytes.
        RxPolygonError.__init__(
            self,
            f"the observer fell behind and the queue of {capacity} values is full: do less in it, raise "
            "the capacity, or choose overflow='block', 'drop_oldest' or 'drop_newest'",
        )
        self.limit = capacity


class RecordingError(RxPolygonError):
    """A recording cannot be read; the message names file and line."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        place = f"{path}, line {line}" if line is not None else path
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.line = line
