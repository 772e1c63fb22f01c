"""The simulator's arguments, checked."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.simulator.checks import integer, positive
from rxpolygon.simulator.faults import Complain, Fault, RefuseLogin, RefuseSubscription
from rxpolygon.simulator.venues.base import Encoding, Plan, SecondConnection

if TYPE_CHECKING:
    from rxpolygon.simulator.venues.base import Venue

__all__ = ["OnEnd", "SecondConnection", "Settings", "Speed", "Tls"]

#: How many times as fast as real time, or as fast as clients read.
Speed = float | Literal["max"]
#: What a playback does at its end.
OnEnd = Literal["hold", "close", "repeat"]
#: A server context, or the paths of a certificate chain and its key.
Tls = ssl.SSLContext | tuple[str | os.PathLike[str], str | os.PathLike[str]]


class Settings(Struct, frozen=True):
    """Everything that a simulator was told, in one form."""

    port: int
    symbols: Mapping[str, tuple[str, ...]] | tuple[str, ...] | None
    seed: int
    speed: Speed
    start: int | None
    rate: float | None
    market: bool
    recording: Path | None
    recorded_markets: frozenset[str]
    settle: float
    on_end: OnEnd
    tls: ssl.SSLContext | None
    faults: tuple[Fault, ...]
    plan: Plan
    second_connection: SecondConnection
    login_timeout: float
    tick: float
    keep_sent: bool


def speed(value: object) -> Speed:
    """A factor, or ``"max"``."""
    if isinstance(value, str):
        if value != "max":
            raise InvalidArgumentError("speed", value, "it is a number above 0, or 'max'")
        return "max"
    return positive("speed", value)


def text(name: str, value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise InvalidTypeError(name, value, "a str")
    return value


def texts(name: str, value: object) -> tuple[str, ...]:
    """Several texts, none of them empty."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InvalidTypeError(name, value, "several str")
    items = tuple(value)
    for item in items:
        if not isinstance(item, str):
            raise InvalidTypeError(name, item, "several str")
        if not item:
            raise InvalidArgumentError(name, value, "none of them may be empty")
    return items


def clusters(name: str, value: object, venue: Venue) -> frozenset[str] | None:
    """Some of a vendor's clusters, or None for all of them."""
    if value is None:
        return None
    items = texts(name, value)
    for item in items:
        cluster(name, item, venue)
    return frozenset(items)


def cluster(name: str, value: str, venue: Venue) -> None:
    """One of a vendor's clusters."""
    if value not in venue.clusters:
        allowed = ", ".join(map(repr, venue.clusters))
        raise InvalidArgumentError(name, value, f"use one of {allowed}")


def event(value: object, venue: Venue) -> None:
    """An event that can be written."""
    if not isinstance(value, Mapping):
        raise InvalidTypeError("an event", value, "a dict with the wire's letters")
    try:
        venue.encode([value], Encoding.JSON)
    except TypeError as error:
        raise InvalidArgumentError("event", value, f"JSON cannot say it: {error}") from error


def symbol_limit(name: str, value: object, venue: Venue) -> int | None:
    """A limit on symbols, where the vendor has such."""
    if value is None:
        return None
    if not venue.limits_symbols:
        raise InvalidArgumentError(name, value, f"{venue.name} has no such limit")
    return integer(name, value, 0, 2**31)


def status(name: str, value: object, venue: Venue) -> str | int | None:
    """A status or code that the vendor has, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidTypeError(name, value, "a status of the vendor's: a str or an int")
    if not venue.is_status(value):
        raise InvalidArgumentError(name, value, f"it is one of {venue.name}'s own statuses or codes")
    return value


def fault_list(value: object, venue: Venue) -> tuple[Fault, ...]:
    """Several faults."""
    if isinstance(value, Fault) or not isinstance(value, Iterable):
        raise InvalidTypeError("faults", value, "a list of faults from rxpolygon.simulator.faults")
    items = tuple(value)
    for item in items:
        if not isinstance(item, Fault):
            raise InvalidTypeError("faults", item, "a list of faults from rxpolygon.simulator.faults")
        if isinstance(item, (RefuseLogin, RefuseSubscription, Complain)):
            status("faults", item.status, venue)
    return items


def server_context(tls: Tls | None) -> ssl.SSLContext | None:
    """The context for TLS, made from a certificate and a key if need be."""
    if tls is None or isinstance(tls, ssl.SSLContext):
        return tls
    if not isinstance(tls, tuple) or len(tls) != 2:
        raise InvalidTypeError("tls", tls, "a pair of paths (certificate, key) or an ssl.SSLContext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls[0], tls[1])
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgumentError("tls", tls, f"certificate and key cannot be read: {error}") from error
    return context
