"""How Alpaca writes each kind of record: letters of fields, codes of exchanges and conditions.

Fields come in the order of the vendor's own samples. The market knows milliseconds; what is below is made of
numbers that rise within a symbol, so that instants keep their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.records import (
    Amendment,
    Auction,
    Band,
    Bar,
    DayBar,
    Depth,
    LateBar,
    MinuteBar,
    Print,
    Record,
    Top,
    TradingState,
)
from rxpolygon.simulator.venues.alpaca_codes import (
    EXCHANGES,
    TAPES,
    option_condition,
    option_exchange,
    sale_conditions,
    status_words,
)
from rxpolygon.simulator.venues.alpaca_wire import msgpack_stamp, rfc_3339
from rxpolygon.simulator.venues.base import Encoding

if TYPE_CHECKING:
    from rxpolygon.simulator.venues.alpaca_feeds import Feed
    from rxpolygon.simulator.venues.base import Writer, Writers

__all__ = ["writers"]

_NANOSECONDS: Final = 1_000_000
_MICROSECONDS: Final = 1_000
_BELOW: Final = 499_979  # a prime, and twice it fits below a millisecond
_QUOTE_CONDITIONS: Final = ["R"]
_OPTION_QUOTE_CONDITION: Final = "A"
_LIMIT_INDICATOR: Final = "B"
_BOUGHT: Final = 2


def writers(feed: Feed, encoding: Encoding) -> Writers:
    """For each kind of record of a feed the channels it goes out on, and how it is written there."""
    pen = _Pen(encoding, feed.exchange)
    tables: dict[str, Callable[[_Pen], dict[type[Record], tuple[str, Writer]]]] = {
        "stocks": _stocks,
        "crypto": _crypto,
        "options": _options,
    }
    offered = (*feed.channels, *feed.unlisted)
    table = tables[feed.market](pen)
    return {kind: (entry,) for kind, entry in table.items() if entry[0] in offered}


class _Pen:
    """Writes what the encodings have in forms of their own.

    Numbers of a price's kind are floats in msgpack always; JSON has no decimal point in whole ones.
    """

    def __init__(self, encoding: Encoding, exchange: str | None) -> None:
        is_msgpack = encoding is Encoding.MSGPACK
        self._only_exchange = exchange
        self.price: Callable[[float], float] = float if is_msgpack else _as_it_is
        self.stamp: Callable[[int], object] = msgpack_stamp if is_msgpack else rfc_3339

    def instant(self, at: int, number: int) -> object:
        """A stamp in a millisecond; the number says where in it."""
        return self.stamp(at * _NANOSECONDS + number % _BELOW * 2 + 1)

    def moment(self, at: int) -> object:
        """A stamp of a full millisecond."""
        return self.stamp(at * _NANOSECONDS)

    def exchange(self, number: int) -> str:
        """The letter of an exchange."""
        return self._only_exchange or EXCHANGES[number]


def _as_it_is(number: float) -> float:
    return number


def _stocks(pen: _Pen) -> dict[type[Record], tuple[str, Writer]]:
    price, instant, moment, exchange = pen.price, pen.instant, pen.moment, pen.exchange

    def trade(record: Print) -> dict[str, object]:
        return {
            "T": "t",
            "S": record.symbol,
            "i": record.sequence,
            "x": exchange(record.exchange),
            "p": price(record.price),
            "s": record.size,
            "c": sale_conditions(record.conditions, record.tape),
            "z": TAPES[record.tape],
            "t": instant(record.at, record.sequence),
        }

    def quote(record: Top) -> dict[str, object]:
        return {
            "T": "q",
            "S": record.symbol,
            "bx": exchange(record.bid_exchange),
            "bp": price(record.bid),
            "bs": record.bid_size,
            "ax": exchange(record.ask_exchange),
            "ap": price(record.ask),
            "as": record.ask_size,
            "c": _QUOTE_CONDITIONS,
            "z": TAPES[record.tape],
            "t": instant(record.at, record.sequence),
        }

    def status(record: TradingState) -> dict[str, object]:
        code, message = status_words(record.tape)
        return {
            "T": "s",
            "S": record.symbol,
            "sc": code,
            "sm": message,
            "rc": "",
            "rm": "",
            "z": TAPES[record.tape],
            "t": instant(record.at, record.sequence),
        }

    def band(record: Band) -> dict[str, object]:
        return {
            "T": "l",
            "S": record.symbol,
            "u": price(record.high),
            "d": price(record.low),
            "i": _LIMIT_INDICATOR,
            "z": TAPES[record.tape],
            "t": pen.stamp(record.at * _NANOSECONDS + record.micros * _MICROSECONDS + 1),
        }

    def imbalance(record: Auction) -> dict[str, object]:
        return {
            "T": "i",
            "S": record.symbol,
            "p": price(record.clearing_price),
            "z": TAPES[record.tape],
            "t": pen.stamp(record.at * _NANOSECONDS + record.nanos),
        }

    def amendment(record: Amendment) -> dict[str, object]:
        old, new = record.original, record.corrected
        stamp = moment(record.at)
        if new is None:
            return {
                "T": "x",
                "S": record.symbol,
                "i": old.sequence,
                "x": exchange(old.exchange),
                "p": price(old.price),
                "s": old.size,
                "a": "E" if record.is_error else "C",
                "z": TAPES[old.tape],
                "t": stamp,
            }
        return {
            "T": "c",
            "S": record.symbol,
            "x": exchange(old.exchange),
            "oi": old.sequence,
            "op": price(old.price),
            "os": old.size,
            "oc": sale_conditions(old.conditions, old.tape),
            "ci": new.sequence,
            "cp": price(new.price),
            "cs": new.size,
            "cc": sale_conditions(new.conditions, new.tape),
            "z": TAPES[old.tape],
            "t": stamp,
        }

    return {
        Print: ("trades", trade),
        Top: ("quotes", quote),
        TradingState: ("statuses", status),
        Band: ("lulds", band),
        Auction: ("imbalances", imbalance),
        Amendment: ("trades", amendment),
        **_bars(pen, _same),
    }


def _crypto(pen: _Pen) -> dict[type[Record], tuple[str, Writer]]:
    price, instant = pen.price, pen.instant

    def trade(record: Print) -> dict[str, object]:
        return {
            "T": "t",
            "S": _pair(record.symbol),
            "p": price(record.price),
            "s": price(record.size),
            "t": instant(record.at, record.sequence),
            "i": record.sequence,
            "tks": "B" if _BOUGHT in record.conditions else "S",
        }

    def quote(record: Top) -> dict[str, object]:
        return {
            "T": "q",
            "S": _pair(record.symbol),
            "bp": price(record.bid),
            "bs": price(record.bid_size),
            "ap": price(record.ask),
            "as": price(record.ask_size),
            "t": instant(record.at, record.sequence),
        }

    def levels(side: list[tuple[float, float]]) -> list[dict[str, float]]:
        return [{"p": price(at), "s": price(size)} for at, size in side]

    def book(record: Depth) -> dict[str, object]:
        return {
            "T": "o",
            "S": _pair(record.symbol),
            "t": pen.moment(record.at),
            "b": levels(record.bids),
            "a": levels(record.asks),
            "r": True,  # the whole book each time
        }

    return {
        Print: ("trades", trade),
        Top: ("quotes", quote),
        Depth: ("orderbooks", book),
        **_bars(pen, _pair),
    }


def _options(pen: _Pen) -> dict[type[Record], tuple[str, Writer]]:
    price, instant = pen.price, pen.instant

    def trade(record: Print) -> dict[str, object]:
        return {
            "T": "t",
            "S": _contract(record.symbol),
            "t": instant(record.at, record.sequence),
            "p": price(record.price),
            "s": record.size,
            "x": option_exchange(record.exchange),
            "c": option_condition(record.conditions),
        }

    def quote(record: Top) -> dict[str, object]:
        return {
            "T": "q",
            "S": _contract(record.symbol),
            "t": instant(record.at, record.sequence),
            "bx": option_exchange(record.bid_exchange),
            "bp": price(record.bid),
            "bs": record.bid_size,
            "ax": option_exchange(record.ask_exchange),
            "ap": price(record.ask),
            "as": record.ask_size,
            "c": _OPTION_QUOTE_CONDITION,
        }

    return {Print: ("trades", trade), Top: ("quotes", quote)}


def _bars(pen: _Pen, written: Callable[[str], str]) -> dict[type[Record], tuple[str, Writer]]:
    def bar(kind: str) -> Writer:
        def write(record: Bar) -> dict[str, object]:
            return {
                "T": kind,
                "S": written(record.symbol),
                "o": price(record.open),
                "h": price(record.high),
                "l": price(record.low),
                "c": price(record.close),
                "v": record.volume,
                "n": record.count,
                "vw": price(record.vwap),
                "t": pen.moment(record.start),
            }

        return write

    price = pen.price
    return {
        MinuteBar: ("bars", bar("b")),
        LateBar: ("updatedBars", bar("u")),
        DayBar: ("dailyBars", bar("d")),
    }


def _same(symbol: str) -> str:
    return symbol


def _pair(symbol: str) -> str:
    return symbol.replace("-", "/")


def _contract(symbol: str) -> str:
    return symbol.removeprefix("O:")
