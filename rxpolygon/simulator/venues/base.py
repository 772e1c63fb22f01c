"""What the simulator needs to know of a vendor's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Protocol

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from rxpolygon.simulator.faults import GarbageKind
    from rxpolygon.simulator.interest import Interest
    from rxpolygon.simulator.market.records import Record

__all__ = [
    "Command",
    "Conversation",
    "Encoding",
    "EventHead",
    "Handshake",
    "Notice",
    "Plan",
    "Refusals",
    "Reply",
    "SecondConnection",
    "Venue",
    "WireEvent",
    "Writer",
    "Writers",
]

#: An event as the wire has it: an object, or its bytes as an ``orjson.Fragment``.
WireEvent = Mapping[str, object] | orjson.Fragment
#: Makes the wire's object of a record.
Writer = Callable[
    [Any], dict[str, object]
]  # Any: each writer takes the one kind of record it is listed under
#: What happens when an account opens a second connection to a cluster.
SecondConnection = Literal["evict", "refuse", "both", "allow"]


class Encoding(Enum):
    """How a connection's messages are written."""

    JSON = "json"
    MSGPACK = "msgpack"

    @property
    def is_binary(self) -> bool:
        """Whether messages go out in binary frames."""
        return self is Encoding.MSGPACK


class Notice(Enum):
    """What any server may have to tell a client; each vendor has words of its own for it."""

    LOGIN_REFUSED = "the key is wrong"
    LOGIN_TIMEOUT = "no login came in time"
    NOT_IN_PLAN = "the account's plan has no such cluster"
    CONNECTION_LIMIT = "the account has all the connections that it may have"
    TAKEN_OVER = "another connection of the account takes over"
    SLOW_READER = "the client reads too slowly"
    SUBSCRIPTION_REFUSED = "what was asked for is not to be had"
    OTHER = "anything else"


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
        is_refused: Whether a subscribe command was refused, as the server had been told to.
        closes: Whether the server closes the connection after it.
    """

    command: Command
    frames: tuple[bytes, ...] = ()
    account: str | None = None
    began: bool = False
    is_refused: bool = False
    closes: bool = False


class Refusals(Struct, frozen=True):
    """What a server refuses.

    Attributes:
        topics: Channels (``LULD``) and single topics (``T.SECRET``).
        message: The text of the refusal, where the vendor has none of its own; ``{topic}`` in it is replaced
            by the topic.
    """

    topics: frozenset[str] = frozenset()
    message: str = "not authorized"


class Plan(Struct, frozen=True):
    """What an account may do.

    Attributes:
        keys: The keys that may log in.
        clusters: The clusters that may be logged in to; None for all.
        symbol_limit: How many symbols one connection may subscribe to; None without limit.
        refusals: What is not to be had.
    """

    keys: frozenset[str] = frozenset()
    clusters: frozenset[str] | None = None
    symbol_limit: int | None = None
    refusals: Refusals = Refusals()

    def includes(self, cluster: str) -> bool:
        """Whether a cluster may be logged in to."""
        return self.clusters is None or cluster in self.clusters


class Handshake(Struct, frozen=True):
    """How a connection was opened.

    Attributes:
        cluster: What the path names.
        headers: The HTTP headers, names in lower case.
    """

    cluster: str
    headers: Mapping[str, str]


class EventHead(Struct, frozen=True):
    """Which channel and symbol an event on the wire belongs to; the symbol in its normal form."""

    prefix: str
    symbol: str


class Conversation(Protocol):
    """One connection's talk with the server: pure, fed with messages."""

    interest: Interest
    is_logged_in: bool
    encoding: Encoding

    def greeting(self) -> bytes:
        """What the server says first."""

    def early_login(self) -> Reply | None:
        """The answer to a login that came with the handshake; None if none did."""

    def receive(self, message: str | bytes, refusal: bytes | None = None) -> Reply:
        """Answer a message; a login that is accepted takes effect by ``log_in``.

        Args:
            message: As it came.
            refusal: What to answer a subscribe command with, instead of obeying it.
        """

    def log_in(self) -> bytes:
        """The login holds; what to send."""

    def tell(self, what: Notice | str | int, message: str | None = None) -> bytes | None:
        """A frame that tells something.

        Args:
            what: A notice, put into the vendor's words, or one of the vendor's own statuses or codes.
            message: Its text; None for what the vendor says there.

        Returns:
            None if the vendor has no words for it.
        """


#: For each kind of record the channels it goes out on, and how it is written there.
Writers = Mapping["type[Record]", tuple[tuple[str, Writer], ...]]


class Venue(Protocol):
    """A vendor's protocol on the server's side: pure, no sockets and no clocks.

    Attributes:
        name: As users write it.
        home: What follows the server's address in the URL that clients are given: a path, or nothing if they
            add the cluster themselves.
        clusters: Those that are served.
        second_connection: What happens to a second connection, unless the user says.
        limits_symbols: Whether a plan of this vendor limits the symbols of a connection.
    """

    name: str
    home: str
    clusters: tuple[str, ...]
    second_connection: SecondConnection
    limits_symbols: bool

    def cluster_of(self, path: str) -> str | None:
        """The cluster that a URL's path names, None if there is no such."""

    def market_of(self, cluster: str) -> str:
        """The market behind a cluster."""

    def default_symbols(self, cluster: str) -> tuple[str, ...] | None:
        """What ``*`` stands for on a cluster, in normal form; None for the market's own."""

    def delay_ms(self, cluster: str) -> int:
        """How far a cluster's market is behind the clock, in milliseconds."""

    def normal_symbol(self, cluster: str, symbol: str) -> str:
        """A symbol in its normal form."""

    def converse(self, handshake: Handshake, plan: Plan) -> Conversation:
        """Begin the talk with one connection."""

    def is_status(self, status: str | int) -> bool:
        """Whether something can be told as the vendor's status or code."""

    def encode(self, events: Sequence[WireEvent], encoding: Encoding) -> bytes:
        """A frame of several events."""

    def decode(self, frame: bytes) -> list[dict[str, Any]]:  # Any: whatever the wire has
        """The events of a frame that :meth:`encode` made, as JSON has them."""

    def rewrite(self, event: Mapping[str, object], encoding: Encoding) -> Mapping[str, object]:
        """An event that a user wrote as JSON has it, for an encoding."""

    def garbage(self, kind: GarbageKind, encoding: Encoding) -> tuple[bytes, bool]:
        """A frame that is no proper array of events, and whether it is sent as binary."""

    def writers(self, cluster: str, encoding: Encoding) -> Writers:
        """For each kind of record the channels it goes out on, and how it is written there."""

    def markets_of(self, event: Mapping[str, object]) -> frozenset[str]:
        """The markets that an event on the wire may belong to; none for a status."""

    def as_json(self, frame: bytes) -> bytes:
        """A recorded frame in JSON; itself if it is in JSON already, or cannot be read."""

    def keys(self, frame: bytes) -> list[tuple[object, object]]:
        """Channel and symbol of each event of a recorded JSON frame, without decoding the rest.

        Raises:
            msgspec.DecodeError: It is no array of objects.
        """

    def head(self, cluster: str, event: Mapping[str, object]) -> EventHead:
        """Where an event on the wire belongs."""
