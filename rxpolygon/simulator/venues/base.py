"""What the simulator needs to know of a vendor's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from rxpolygon.simulator.interest import Interest
    from rxpolygon.simulator.market.records import Record

__all__ = ["Command", "Conversation", "EventHead", "Refusals", "Reply", "Venue", "WireEvent", "Writer"]

#: An event as the wire has it: an object, or its bytes as an ``orjson.Fragment``.
WireEvent = Mapping[str, object] | orjson.Fragment
#: Makes the wire's object of a record.
Writer = Callable[[Any], dict[str, object]]


class Command(Struct, frozen=True):
    """What a client asked for, without its key.

    Attributes:
        action: The vendor's word, or an empty str where the message could not be read.
        params: The parameters; a key is masked.
    """

    action: str
    params: str


class Reply(Struct, frozen=True):
    """The answer to one message of a client.

    Attributes:
        command: What was understood.
        frames: What to send, each a whole message.
        account: The key of a login that the vendor's rules accept; the server may still refuse it.
        began: Whether something was subscribed.
    """

    command: Command
    frames: tuple[bytes, ...] = ()
    account: str | None = None
    began: bool = False


class Refusals(Struct, frozen=True):
    """What a server refuses.

    Attributes:
        topics: Channels (``LULD``) and single topics (``T.SECRET``).
        message: The text of the refusal; ``{topic}`` in it is replaced by the topic.
    """

    topics: frozenset[str] = frozenset()
    message: str = "not authorized"


class EventHead(Struct, frozen=True):
    """Which channel and symbol an event on the wire belongs to; the symbol in its normal form."""

    prefix: str
    symbol: str


class Conversation(Protocol):
    """One connection's talk with the server: pure, fed with messages."""

    interest: Interest
    is_logged_in: bool

    def receive(self, message: str | bytes) -> Reply:
        """Answer a message; a login that is accepted takes effect by ``log_in``."""

    def log_in(self) -> bytes:
        """The login holds; what to send."""


class Venue(Protocol):
    """A vendor's protocol on the server's side: pure, no sockets and no clocks."""

    name: str

    def cluster_of(self, path: str) -> str | None:
        """The cluster that a URL's path names, None if there is no such."""

    def market_of(self, cluster: str) -> str:
        """The market behind a cluster."""

    def normal_symbol(self, cluster: str, symbol: str) -> str:
        """A symbol in its normal form."""

    def converse(self, cluster: str, keys: frozenset[str], refusals: Refusals) -> Conversation:
        """Begin the talk with one connection."""

    def greeting(self) -> bytes:
        """What the server says first."""

    def status(self, status: str, message: str) -> bytes:
        """A frame with one status."""

    def encode(self, events: Sequence[WireEvent]) -> bytes:
        """A frame of several events."""

    def writers(self, market: str) -> Mapping[type[Record], tuple[tuple[str, Writer], ...]]:
        """For each kind of record the channels it goes out on, and how it is written there."""

    def markets_of(self, event: Mapping[str, object]) -> frozenset[str]:
        """The markets that an event on the wire may belong to; none for a status."""

    def head(self, cluster: str, event: Mapping[str, object]) -> EventHead:
        """Where an event on the wire belongs."""
