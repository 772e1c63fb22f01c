"""What the state machine asks to be done."""

from __future__ import annotations

from msgspec import Struct

from rxpolygon.errors import RxPolygonError
from rxpolygon.status import Status
from rxpolygon.topics import Topic

__all__ = ["Cut", "Effect", "End", "Lost", "Open", "Probe", "Refuse", "Send", "Tell"]


class Effect(Struct, frozen=True):
    """Something to do, in the order given."""


class Open(Effect, frozen=True):
    """Open a new connection."""


class Send(Effect, frozen=True):
    """Send a command.

    Attributes:
        command: The text message.
        shown: What may be logged of it.
    """

    command: bytes
    shown: str


class Probe(Effect, frozen=True):
    """Send a ping."""

    payload: bytes


class Cut(Effect, frozen=True):
    """End the open connection.

    Attributes:
        code: The websocket close code to leave with.
    """

    code: int = 1000


class Tell(Effect, frozen=True):
    """Tell a status to the user, in order with the frames around it."""

    status: Status


class Refuse(Effect, frozen=True):
    """End the Observables of a refused topic with an error."""

    topic: Topic
    error: RxPolygonError


class Lost(Effect, frozen=True):
    """Data of some topics was lost at this place of the stream.

    Attributes:
        topics: Which; None for all that are subscribed.
        cause: As in :class:`rxpolygon.status.Gap`.
        dropped: Frames known to be lost, None when nobody can know.
    """

    topics: tuple[Topic, ...] | None
    cause: str
    dropped: int | None = None


class End(Effect, frozen=True):
    """The stream is over.

    Attributes:
        error: Why; None when it was asked for.
    """

    error: RxPolygonError | None
