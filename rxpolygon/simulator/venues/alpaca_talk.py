"""The talk of Alpaca's server with one client: login, subscriptions, and an error for everything else."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from rxpolygon.simulator.interest import Interest
from rxpolygon.simulator.venues.alpaca_feeds import FEEDS
from rxpolygon.simulator.venues.alpaca_wire import decoded, encoded
from rxpolygon.simulator.venues.base import Command, Encoding, Handshake, Notice, Plan, Reply
from rxpolygon.symbols import normal_symbol
from rxpolygon.topics import EVERY_SYMBOL, Topic

__all__ = ["ERRORS", "AlpacaConversation"]

#: What the server says with each code: https://docs.alpaca.markets/docs/streaming-market-data#errors, beside
#: 408 and 411, which its Go client knows, and 412 and 413 of the options' page.
ERRORS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    411: "insufficient scope",
    412: "option messages are only available in MsgPack",
    413: "star subscription not allowed for option quotes",
    500: "internal error",
}
# There is no word for a connection that another one replaces: the vendor refuses the newer one.
_CODE_OF_NOTICE: Final = {
    Notice.LOGIN_REFUSED: 402,
    Notice.LOGIN_TIMEOUT: 404,
    Notice.NOT_IN_PLAN: 409,
    Notice.CONNECTION_LIMIT: 406,
    Notice.SLOW_READER: 407,
    Notice.SUBSCRIPTION_REFUSED: 410,
    Notice.OTHER: 500,
}
_MASK: Final = "***"
_ACTIONS: Final = ("subscribe", "unsubscribe")
_KNOWN_CHANNELS: Final = frozenset(
    channel for feed in FEEDS.values() for channel in (*feed.channels, *feed.with_trades, *feed.unlisted)
)
# The free plan counts symbols of trades and quotes; bars are without limit.
_LIMITED_CHANNELS: Final = ("trades", "quotes")
_SYMBOL: Final = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9./ -]*")


class _Refused(Exception):
    """What a client asked for is answered with an error; ``code`` says which."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class AlpacaConversation:
    """The talk with one connection: pure, fed with messages.

    A login may also come with the handshake, in the headers ``APCA-API-KEY-ID`` and ``APCA-API-SECRET-KEY``
    or as basic authorization. The header ``Content-Type: application/msgpack`` makes both directions msgpack.
    """

    def __init__(self, handshake: Handshake, plan: Plan) -> None:
        self.interest = Interest()
        self.is_logged_in = False
        is_msgpack = "msgpack" in handshake.headers.get("content-type", "")
        self.encoding = Encoding.MSGPACK if is_msgpack else Encoding.JSON
        self._handshake = handshake
        self._plan = plan
        self._feed = FEEDS[handshake.cluster]

    def greeting(self) -> bytes:
        """What the server says right after the handshake."""
        return self._frame({"T": "success", "msg": "connected"})

    def early_login(self) -> Reply | None:
        """The answer to a login in the headers."""
        credentials = _credentials_in(self._handshake.headers)
        return None if credentials is None else self._login(*credentials)

    def log_in(self) -> bytes:
        """The login holds."""
        self.is_logged_in = True
        return self._frame({"T": "success", "msg": "authenticated"})

    def tell(self, what: Notice | str | int, message: str | None = None) -> bytes | None:
        """A frame with an error; None for a notice that the vendor has no code for."""
        if isinstance(what, Notice):
            code = _CODE_OF_NOTICE.get(what)
            if code is None:
                return None
        else:
            code = int(what)
        return self._frame(
            {"T": "error", "code": code, "msg": ERRORS.get(code, "") if message is None else message}
        )

    def receive(self, message: str | bytes, refusal: bytes | None = None) -> Reply:
        """Answer one message. Nothing that a client sends raises."""
        try:
            parsed = decoded(message.encode() if isinstance(message, str) else message)
        except ValueError:
            return self._error(400, Command("", "unreadable"))
        if not isinstance(parsed, dict) or not isinstance(parsed.get("action"), str):
            return self._error(400, Command("", "unreadable"))
        action: str = parsed.pop("action")
        if action == "auth":
            return self._login(parsed.get("key"), parsed.get("secret"))
        # What is no subscription may hold a key.
        command = Command(action, _params(parsed) if action in _ACTIONS else _MASK)
        if not self.is_logged_in:
            return self._error(401, command)
        if action == "subscribe" and refusal is not None:
            return Reply(command, (refusal,), is_refused=True)
        try:
            return self._obey(command, parsed)
        except _Refused as refused:
            return self._error(refused.code, command)

    def _login(self, key: object, secret: object) -> Reply:
        command = Command("auth", _MASK)
        if self.is_logged_in:
            return self._error(403, command)
        if not isinstance(key, str) or not isinstance(secret, str):
            return self._error(400, command)
        if not secret or self._plan.keys.isdisjoint({key, f"{key}:{secret}"}):
            return self._error(402, command)
        if not self._plan.includes(self._handshake.cluster):
            return self._error(409, command, closes=True)
        if self._feed.msgpack_only and self.encoding is not Encoding.MSGPACK:
            return self._error(412, command, closes=True)
        return Reply(command, account=key)

    def _obey(self, command: Command, lists: dict[str, Any]) -> Reply:
        if command.action not in _ACTIONS:
            raise _Refused(400)
        topics = self._topics(lists)
        before = len(self.interest)
        if command.action == "subscribe":
            self._check_subscription(topics)
            for topic in topics:
                self.interest.add(topic)
        else:
            for topic in topics:
                self.interest.remove(topic)
        return Reply(command, (self._acknowledgement(),), began=len(self.interest) > before)

    def _topics(self, lists: dict[str, Any]) -> list[Topic]:
        topics = []
        for channel, symbols in lists.items():
            if channel not in _KNOWN_CHANNELS or not isinstance(symbols, list):
                raise _Refused(400)
            if channel not in self._feed.channels and channel not in self._feed.unlisted:
                raise _Refused(410)
            for symbol in symbols:
                if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
                    raise _Refused(400)
                topics.append(Topic(channel, normal_symbol(self._feed.market, symbol)))
        return topics

    def _check_subscription(self, topics: list[Topic]) -> None:
        """All or nothing: a command that is refused in part changes nothing."""
        refused = self._plan.refusals.topics
        if any(topic.prefix in refused or str(topic) in refused for topic in topics):
            raise _Refused(410)
        if any(topic.is_wildcard and topic.prefix in self._feed.no_wildcard for topic in topics):
            raise _Refused(413)
        if self._plan.symbol_limit is not None:
            counted = {
                topic.symbol
                for topic in self.interest.topics.union(topics)
                if topic.prefix in _LIMITED_CHANNELS
            }
            if EVERY_SYMBOL in counted or len(counted) > self._plan.symbol_limit:
                raise _Refused(405)

    def _acknowledgement(self) -> bytes:
        """The whole state, not the change."""
        feed, symbols = self._feed, self._symbols_by_channel()
        state: dict[str, object] = {"T": "subscription"}
        state.update({channel: symbols.get(channel, []) for channel in feed.channels})
        state.update({channel: symbols[channel] for channel in feed.unlisted if channel in symbols})
        state.update(dict.fromkeys(feed.with_trades, symbols.get("trades", [])))
        return self._frame(state)

    def _symbols_by_channel(self) -> dict[str, list[str]]:
        symbols: dict[str, list[str]] = {}
        for topic in sorted(self.interest.topics):
            symbols.setdefault(topic.prefix, []).append(_as_written(self._feed.market, topic.symbol))
        return symbols

    def _error(self, code: int, command: Command, *, closes: bool = False) -> Reply:
        frame = self._frame({"T": "error", "code": code, "msg": ERRORS[code]})
        return Reply(command, (frame,), closes=closes)

    def _frame(self, message: dict[str, Any]) -> bytes:
        return encoded([message], self.encoding)


def _params(lists: dict[str, Any]) -> str:
    try:
        return orjson.dumps(lists, default=str).decode()
    except orjson.JSONEncodeError:  # nested too deeply to be written
        return repr(lists)


def _as_written(market: str, symbol: str) -> str:
    if market == "crypto":
        return symbol.replace("-", "/")
    return symbol.removeprefix("O:") if market == "options" else symbol


def _credentials_in(headers: Mapping[str, str]) -> tuple[str, str] | None:
    key = headers.get("apca-api-key-id")
    if key is not None:
        return key, headers.get("apca-api-secret-key", "")
    kind, _, encoded_pair = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded_pair, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return key, secret
