"""What the connection needs to know of a venue, and the words in which venues answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from rxpolygon.events import Event
from rxpolygon.topics import Topic

__all__ = [
    "Acknowledged",
    "Broken",
    "CapReached",
    "CutAsSlow",
    "Denied",
    "Dialect",
    "Evicted",
    "Greeted",
    "Label",
    "LoggedIn",
    "LoginDeferred",
    "LoginRefused",
    "Notice",
    "PassedOver",
    "Said",
    "Salvaged",
    "ServerFault",
    "Split",
    "Stated",
    "TopicsRefused",
]


class Notice(Struct, frozen=True):
    """One thing that a server says about the connection, in no vendor's words.

    Attributes:
        message: The server's own text.
    """

    message: str = ""


class Greeted(Notice, frozen=True):
    """The server is ready for the login."""


class LoggedIn(Notice, frozen=True):
    """The login was accepted."""


class LoginRefused(Notice, frozen=True):
    """The login was refused for good.

    Attributes:
        remedy: What it means and what could be done, as the rest of a sentence.
    """

    remedy: str = ""


class Denied(LoginRefused, frozen=True):
    """The account may not have what was asked for, whenever it is said: there is no point in going on."""


class LoginDeferred(Notice, frozen=True):
    """The login did not work this time; another attempt may."""


class Acknowledged(Notice, frozen=True):
    """Subscriptions began or ended.

    Attributes:
        topics: Which.
        active: True when they began.
    """

    topics: tuple[Topic, ...] = ()
    active: bool = True


class Stated(Notice, frozen=True):
    """All that is subscribed, as the server says after each command: the whole state, not the change.

    Attributes:
        topics: Everything that the server has for us.
    """

    topics: tuple[Topic, ...] = ()


class TopicsRefused(Notice, frozen=True):
    """A subscription was refused.

    Attributes:
        topics: Those that the text seems to name; often none.
        whole: Whether it is the answer to one whole command, of which nothing was done.
        remedy: What it means and what could be done, as the rest of a sentence; empty for the usual.
    """

    topics: tuple[Topic, ...] = ()
    whole: bool = False
    remedy: str = ""


class ServerFault(Notice, frozen=True):
    """Something is wrong on the server's side; another connection may be well."""


class CapReached(Notice, frozen=True):
    """The account has no connection left for us."""


class Evicted(Notice, frozen=True):
    """Another connection of the account took over."""


class CutAsSlow(Notice, frozen=True):
    """We read too slowly; the server is about to close."""


class Said(Notice, frozen=True):
    """Anything else.

    Attributes:
        code: The server's word for it.
    """

    code: str = ""


class Broken(Struct, frozen=True):
    """A part of a frame that could not be read.

    Attributes:
        data: Its bytes.
        problem: What was expected, what came, and where.
    """

    data: bytes
    problem: str


class Salvaged(Struct, frozen=True):
    """What a frame holds that the fast decoder refused.

    Attributes:
        parts: The good events and what is broken between them, in order.
    """

    parts: Sequence[Event | Broken]

    @property
    def events(self) -> list[Event]:
        """The good events, in order."""
        return [part for part in self.parts if not isinstance(part, Broken)]

    @property
    def malformed(self) -> list[Broken]:
        """What could not be saved."""
        return [part for part in self.parts if isinstance(part, Broken)]


class PassedOver(Struct, frozen=True, gc=False):
    """An event in a frame that was not to be decoded."""


class Split(Struct, frozen=True):
    """A frame as the wire's own dicts.

    Attributes:
        parts: Its objects, statuses included, and what is no object, in order.
    """

    parts: Sequence[dict[str, Any] | Broken]  # Any: what JSON may hold

    @property
    def items(self) -> list[dict[str, Any]]:
        """The objects, in order."""
        return [part for part in self.parts if not isinstance(part, Broken)]

    @property
    def malformed(self) -> list[Broken]:
        """What is no object."""
        return [part for part in self.parts if isinstance(part, Broken)]


class Label(NamedTuple):
    """What an object of a frame is, read from its dict.

    Attributes:
        event: The class of its events; None for a kind that nobody knows.
        symbol: The symbol as the server spells it, empty where there is none.
        timestamp: Unix milliseconds UTC; None where there are none.
    """

    event: type[Event] | None
    symbol: str
    timestamp: int | None


class Dialect(Protocol):
    """A venue's protocol, as pure functions of frames, topics and the key."""

    @property
    def url(self) -> str:
        """Where to connect to."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What the handshake says besides the usual."""

    @property
    def is_binary(self) -> bool:
        """Whether messages, in both directions, are binary and not text."""

    def may_hold_notices(self, data: bytes) -> bool:
        """Whether frames may say something about the connection: never wrong when it says no."""

    @property
    def decode(self) -> Callable[[bytes], Sequence[object]]:
        """The fast decoder: a frame's events (and status objects), or an exception."""

    def salvage(self, frame: bytes) -> Salvaged:
        """Decode a frame that :attr:`decode` refused, event by event. Never raises."""

    def notices(self, frame: bytes) -> Sequence[Notice]:
        """What a frame says about the connection. Never raises."""

    def carries(self, data: bytes, channel: str) -> bool:
        """Whether frames hold an event of a channel, found without decoding them."""

    def brought_by(self, channel: str) -> str | None:
        """The channel whose subscriptions bring this one along; None where it is asked for by itself."""

    def channel_in(self, data: bytes) -> str | None:
        """The channel that damaged data seems to belong to."""

    def redacted(self, data: bytes) -> bytes:
        """The data without the key, should a server have echoed it."""

    def login(self) -> bytes:
        """The command that logs in. It holds the key: never log it."""

    def subscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that subscribe, each with the topics it asks for."""

    def unsubscribe(self, topics: Iterable[Topic]) -> Sequence[tuple[bytes, tuple[Topic, ...]]]:
        """Commands that unsubscribe, each with the topics it names."""
