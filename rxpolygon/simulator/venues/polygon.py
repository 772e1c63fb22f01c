"""Polygon.io, now also called Massive: the talk with a client, in JSON text frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson

from rxpolygon.simulator.garbage import garbage_frame
from rxpolygon.simulator.interest import Interest
from rxpolygon.simulator.venues.base import (
    Command,
    Encoding,
    EventHead,
    Handshake,
    Notice,
    Plan,
    Reply,
    SecondConnection,
    WireEvent,
    Writers,
)
from rxpolygon.simulator.venues.polygon_events import writers
from rxpolygon.symbols import normal_symbol
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import CHANNELS
from rxpolygon.venues.polygon.names import StreamCluster

if TYPE_CHECKING:
    from rxpolygon.simulator.faults import GarbageKind

__all__ = ["OPTION_QUOTE_LIMIT", "PolygonConversation", "PolygonVenue"]

#: Contracts on the quote channel of one options connection.
OPTION_QUOTE_LIMIT: Final = 1_000
_SYMBOL_FIELDS: Final = ("sym", "pair", "T", "p")
_MASK: Final = "***"
_ACTIONS: Final = ("subscribe", "unsubscribe")
# What an event tells of its market: the mark before its symbol, or fields that no other market has.
_MARKET_BY_MARK: Final = {"O:": "options", "I:": "indices", "C:": "forex", "X:": "crypto"}
_FUTURES_ONLY: Final = frozenset({"bt", "n"})
_STOCKS_ONLY: Final = frozenset({"x", "z", "c", "bx", "av", "vw"})
_SHARED_PREFIXES: Final = frozenset({"T", "Q", "A", "AM", "FMV", "LV"})
_MARKED_MARKETS: Final = frozenset(_MARKET_BY_MARK.values())


_NOTICES: Final = {
    Notice.LOGIN_REFUSED: ("auth_failed", "authentication failed"),
    Notice.LOGIN_TIMEOUT: ("auth_timeout", "no authentication in time"),
    Notice.NOT_IN_PLAN: ("auth_failed", "your plan doesn't include websocket access"),
    Notice.CONNECTION_LIMIT: ("max_connections", "Maximum number of websocket connections exceeded."),
    Notice.TAKEN_OVER: ("force_disconnect", "another connection of this account took over"),
    Notice.SLOW_READER: ("slow_consumer", "too much is unread"),
    Notice.SUBSCRIPTION_REFUSED: ("error", "not authorized"),
    Notice.OTHER: ("error", "internal error"),
}


def _status(status: str, message: str) -> dict[str, str]:
    return {"ev": "status", "status": status, "message": message}


class _Head(msgspec.Struct, gc=False):
    """The fields that say where an event belongs; whatever else it holds is skipped."""

    ev: Any = None
    sym: Any = None
    pair: Any = None
    T: Any = None
    p: Any = None


_HEADS: Final = msgspec.json.Decoder(list[_Head])


def _symbol_of(event: Mapping[str, object]) -> str:
    return next((value for name in _SYMBOL_FIELDS if isinstance(value := event.get(name), str)), "")


class PolygonVenue:
    """The vendor's protocol, as its servers speak it."""

    name = "polygon"
    home = ""
    clusters = tuple(cluster.value for cluster in StreamCluster)
    second_connection: SecondConnection = "evict"
    limits_symbols = False

    def cluster_of(self, path: str) -> str | None:
        """The cluster of ``/stocks`` or ``/futures/cme``; None for any other path."""
        cluster = path.partition("?")[0].strip("/")
        return cluster if cluster in self.clusters else None

    def market_of(self, cluster: str) -> str:
        """``futures`` for ``futures/cme``."""
        return StreamCluster(cluster).market

    def normal_symbol(self, cluster: str, symbol: str) -> str:
        """A symbol in its normal form; letters keep their case, as on the real server."""
        return normal_symbol(self.market_of(cluster), symbol)

    def default_symbols(self, cluster: str) -> tuple[str, ...] | None:
        """Those of the market."""
        return None

    def delay_ms(self, cluster: str) -> int:
        """None: delayed data comes from another host, with the same paths."""
        return 0

    def converse(self, handshake: Handshake, plan: Plan) -> PolygonConversation:
        """Begin the talk with one connection."""
        return PolygonConversation(handshake.cluster, self.market_of(handshake.cluster), plan)

    def is_status(self, status: str | int) -> bool:
        """Any word: unknown ones are told too."""
        return isinstance(status, str)

    def encode(self, events: Sequence[WireEvent], encoding: Encoding) -> bytes:
        """A frame of several events; there is JSON only."""
        # One call a frame: thousands of small calls, each with bytes that are kept, cost six times as much.
        return orjson.dumps(events)

    def decode(self, frame: bytes) -> list[dict[str, Any]]:  # Any: whatever JSON holds
        """The events of a frame."""
        return list(orjson.loads(frame))

    def rewrite(self, event: Mapping[str, object], encoding: Encoding) -> Mapping[str, object]:
        """The event as it is."""
        return event

    def garbage(self, kind: GarbageKind, encoding: Encoding) -> tuple[bytes, bool]:
        """A frame that is no proper array of events, and whether it is sent as binary."""
        return garbage_frame(kind)

    def writers(self, cluster: str, encoding: Encoding) -> Writers:
        """For each kind of record the channels it goes out on, and how it is written there."""
        return writers(self.market_of(cluster))

    def markets_of(self, event: Mapping[str, object]) -> frozenset[str]:
        """The markets that carry the event's channel and such a symbol; none for a status."""
        prefix = event.get("ev")
        markets = {market for channel in CHANNELS if channel.prefix == prefix for market in channel.markets}
        by_symbol = _MARKET_BY_MARK.get(_symbol_of(event)[:2])
        if by_symbol is not None:
            return frozenset(markets & {by_symbol})
        if not _FUTURES_ONLY.isdisjoint(event):
            return frozenset(markets & {"futures"})
        if not _STOCKS_ONLY.isdisjoint(event):
            markets -= {"futures"}
        return frozenset(markets - _MARKED_MARKETS if prefix in _SHARED_PREFIXES else markets)

    def as_json(self, frame: bytes) -> bytes:
        """The frame: it is in JSON."""
        return frame

    def keys(self, frame: bytes) -> list[tuple[object, object]]:
        """Channel and symbol of each event of a recorded frame, without decoding the rest."""
        return [(head.ev, head.sym or head.pair or head.T or head.p) for head in _HEADS.decode(frame)]

    def head(self, cluster: str, event: Mapping[str, object]) -> EventHead:
        """Where an event belongs, by ``ev`` and whichever field holds its symbol."""
        return EventHead(str(event.get("ev", "")), self.normal_symbol(cluster, _symbol_of(event)))


class PolygonConversation:
    """The talk with one connection: pure, fed with messages."""

    encoding = Encoding.JSON

    def __init__(self, cluster: str, market: str, plan: Plan) -> None:
        self.interest = Interest()
        self.is_logged_in = False
        self._cluster = cluster
        self._market = market
        self._plan = plan
        self._prefixes = {channel.prefix for channel in CHANNELS if market in channel.markets}
        self._no_wildcard = {
            channel.prefix for channel in CHANNELS if market in channel.markets and not channel.wildcard
        }

    def greeting(self) -> bytes:
        """What the server says right after the handshake."""
        return orjson.dumps([_status("connected", "Connected Successfully")])

    def early_login(self) -> None:
        """A login comes as a message here."""

    def tell(self, what: Notice | str | int, message: str | None = None) -> bytes:
        """A frame with one status."""
        status, usual = _NOTICES[what] if isinstance(what, Notice) else (str(what), "")
        return orjson.dumps([_status(status, usual if message is None else message)])

    def receive(self, message: str | bytes, refusal: bytes | None = None) -> Reply:
        """Answer one message. Nothing that a client sends raises."""
        try:
            parsed = orjson.loads(message)
        except orjson.JSONDecodeError:
            return _error(Command("", "unreadable"), "the message is not JSON")
        if not isinstance(parsed, dict):
            return _error(Command("", "unreadable"), "the message is not an object")
        action, params = parsed.get("action"), parsed.get("params")
        if not isinstance(action, str) or not isinstance(params, str):
            return _error(Command(str(action), "unreadable"), "action and params must be strings")
        if action == "auth":
            return self._login(params)
        # What is no subscription may hold a key.
        command = Command(action, params if action in _ACTIONS else _MASK)
        if not self.is_logged_in:
            frames = (orjson.dumps([_status("auth_required", "authentication required")]),)
            return Reply(command, frames)
        if action == "subscribe" and refusal is not None:
            return Reply(command, (refusal,), is_refused=True)
        return self._obey(command)

    def log_in(self) -> bytes:
        """The login holds."""
        self.is_logged_in = True
        return orjson.dumps([_status("auth_success", "authenticated")])

    def _login(self, key: str) -> Reply:
        command = Command("auth", _MASK)
        if key not in self._plan.keys:
            return Reply(command, (self.tell(Notice.LOGIN_REFUSED),))
        if not self._plan.includes(self._cluster):
            return Reply(command, (self.tell(Notice.NOT_IN_PLAN),))
        return Reply(command, account=key)

    def _obey(self, command: Command) -> Reply:
        params = [param.strip() for param in command.params.split(",") if param.strip()]
        if command.action == "subscribe":
            before = len(self.interest)
            answers = [self._subscribe(param) for param in params]
            return Reply(command, _joined(answers), began=len(self.interest) > before)
        if command.action == "unsubscribe":
            return Reply(command, _joined([self._unsubscribe(param) for param in params]))
        return _error(command, f"unknown action: {command.action}")

    def _subscribe(self, param: str) -> dict[str, str]:
        topic = self._topic(param)
        if topic is None:
            return _status("error", f"invalid subscription: {param}")
        problem = self._problem(topic, param)
        if problem is not None:
            return _status("error", problem)
        self.interest.add(topic)
        return _status("success", f"subscribed to: {param}")

    def _unsubscribe(self, param: str) -> dict[str, str]:
        topic = self._topic(param)
        if topic is None:
            return _status("error", f"invalid subscription: {param}")
        self.interest.remove(topic)
        return _status("success", f"unsubscribed to: {param}")

    def _topic(self, param: str) -> Topic | None:
        prefix, dot, symbol = param.partition(".")
        if not dot or not symbol or prefix not in self._prefixes:
            return None
        return Topic(prefix, normal_symbol(self._market, symbol))

    def _problem(self, topic: Topic, param: str) -> str | None:
        refused = self._plan.refusals.topics
        if topic.prefix in refused or param in refused or str(topic) in refused:
            return self._plan.refusals.message.replace("{topic}", param)
        if topic.prefix not in self._no_wildcard:
            return None
        if topic.is_wildcard:
            return f"{param}: every symbol at once is not available on this channel"
        if topic not in self.interest.topics and self.interest.count(topic.prefix) >= OPTION_QUOTE_LIMIT:
            return f"{param}: at most {OPTION_QUOTE_LIMIT} contracts on this channel of one connection"
        return None


def _joined(statuses: list[dict[str, str]]) -> tuple[bytes, ...]:
    return (orjson.dumps(statuses),) if statuses else ()


def _error(command: Command, message: str) -> Reply:
    return Reply(command, (orjson.dumps([_status("error", message)]),))
