"""Frames of recordings: in whichever encoding they came, and with an eye on what is none of this stream's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rxpolygon.topics import EVERY_SYMBOL
from rxpolygon.venues.alpaca.codec import AlpacaCodec
from rxpolygon.venues.dialect import Label, Salvaged, Split

__all__ = ["RecordedCodec"]

_NO_TEXT: Final = b"\x80"  # no JSON begins with this byte or a higher one, and every msgpack frame does
_OTHER_VENUE: Final = re.compile(rb'"ev"\s*:\s*"')
_CONTRACT: Final = re.compile(r"[A-Z0-9.]{1,6}\d{6}[CP]\d{8}")


class RecordedCodec:
    """The decoder of one of the vendor's streams, for frames of both encodings.

    It notes data of another stream or venue, at no cost to good frames.

    Args:
        market: ``stocks``, ``crypto`` or ``options``.

    Example:
        >>> codec = RecordedCodec("stocks")
        >>> codec.decode(b'[{"T":"t","S":"AAPL","p":189.5,"s":100,"t":"2023-11-14T22:13:20Z"}]')[0].price
        189.5
        >>> codec.check_symbol("BTC/USD")
        >>> codec.problem
        "BTC/USD is of the stream 'crypto', and this replay of 'stocks'"
    """

    def __init__(self, market: str) -> None:
        self._market = market
        self._text = AlpacaCodec("replay:", market, "no key", "no secret", "json")
        self._packed = AlpacaCodec("replay:", market, "no key", "no secret", "msgpack")
        decode_text, decode_packed = self._text.decode, self._packed.decode
        #: What was found, for a person; None while all is well.
        self.problem: str | None = None

        def decode(frame: bytes) -> Sequence[object]:
            return decode_packed(frame) if frame >= _NO_TEXT else decode_text(frame)

        self.decode: Callable[[bytes], Sequence[object]] = decode

    def _of(self, data: bytes) -> AlpacaCodec:
        return self._packed if data >= _NO_TEXT else self._text

    def salvage(self, frame: bytes) -> Salvaged:
        """What is good in a frame that ``decode`` refused."""
        self._check_venue(frame)
        return self._of(frame).salvage(frame)

    def split(self, frame: bytes) -> Split:
        """A frame's objects as dicts."""
        self._check_venue(frame)
        return self._of(frame).split(frame)

    def label(self, item: Mapping[str, object]) -> Label | None:
        """What an object of a frame is; None for a control message."""
        return self._text.label(item)

    def channel_in(self, data: bytes) -> str | None:
        """The channel that damaged data seems to belong to."""
        return self._of(data).channel_in(data)

    def redacted(self, data: bytes) -> bytes:
        """The data: there is no key in a replay."""
        return data

    def normal(self, symbol: str) -> str:
        """The normal form of a symbol."""
        return symbol.upper()

    def check_symbol(self, symbol: str) -> None:
        """Look at a symbol that came with an event."""
        market = _market_of(symbol)
        if market != self._market and symbol not in ("", EVERY_SYMBOL):
            self.problem = f"{symbol} is of the stream {market!r}, and this replay of {self._market!r}"

    def _check_venue(self, frame: bytes) -> None:
        if _OTHER_VENUE.search(frame):
            told = "use rxpolygon.ReplayClient, in a terminal --venue polygon"
            self.problem = f"a frame of Polygon.io, in a replay of Alpaca's stream: {told}"


def _market_of(symbol: str) -> str:
    if "/" in symbol:
        return "crypto"
    return "options" if _CONTRACT.fullmatch(symbol) else "stocks"
