"""How Polygon writes each kind of record: the letters of its fields, and its odd spellings of symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rxpolygon.simulator.market.records import (
    Auction,
    Band,
    Bar,
    Depth,
    FairValue,
    MinuteBar,
    PanelValue,
    Print,
    Record,
    RevisedMinuteBar,
    SecondBar,
    Top,
    Value,
)

if TYPE_CHECKING:
    from rxpolygon.simulator.venues.base import Writer

__all__ = ["writers"]

_MICROSECONDS: Final = 1_000
_NANOSECONDS: Final = 1_000_000
_QUOTE_CONDITION: Final = 1


def _trade(record: Print) -> dict[str, object]:
    event: dict[str, object] = {
        "ev": "T",
        "sym": record.symbol,
        "x": record.exchange,
        "i": record.id,
        "z": record.tape,
        "p": record.price,
        "s": record.size,
    }
    if isinstance(record.size, float):
        event["ds"] = str(record.size)
    event["c"] = record.conditions
    event["t"] = record.at
    event["pt"] = record.at - 1
    event["q"] = record.sequence
    if record.facility:
        event["trfi"] = record.facility
        event["trft"] = record.at
    return event


def _option_trade(record: Print) -> dict[str, object]:
    return {
        "ev": "T",
        "sym": record.symbol,
        "x": record.exchange,
        "p": record.price,
        "s": record.size,
        "c": record.conditions,
        "t": record.at,
        "q": record.sequence,
    }


def _futures_trade(record: Print) -> dict[str, object]:
    return {
        "ev": "T",
        "sym": record.symbol,
        "p": record.price,
        "s": record.size,
        "t": record.at,
        "q": record.sequence,
    }


def _crypto_trade(record: Print) -> dict[str, object]:
    return {
        "ev": "XT",
        "pair": record.symbol,
        "p": record.price,
        "t": record.at,
        "s": record.size,
        "c": record.conditions,
        "i": record.id,
        "x": record.exchange,
        "r": record.at + 6,
    }


def _quote(record: Top) -> dict[str, object]:
    event: dict[str, object] = {
        "ev": "Q",
        "sym": record.symbol,
        "bx": record.bid_exchange,
        "bp": record.bid,
        "bs": record.bid_size,
        "ax": record.ask_exchange,
        "ap": record.ask,
        "as": record.ask_size,
        "c": _QUOTE_CONDITION,
        "t": record.at,
        "q": record.sequence,
    }
    if record.tape:
        event["z"] = record.tape
    return event


def _futures_quote(record: Top) -> dict[str, object]:
    return {
        "ev": "Q",
        "sym": record.symbol,
        "bp": record.bid,
        "bs": record.bid_size,
        "bt": record.bid_at,
        "ap": record.ask,
        "as": record.ask_size,
        "at": record.ask_at,
        "t": record.at,
    }


def _forex_quote(record: Top) -> dict[str, object]:
    # The exchange of a real frame is text.
    return {
        "ev": "C",
        "p": record.symbol,
        "x": str(record.bid_exchange),
        "a": record.ask,
        "b": record.bid,
        "t": record.at,
    }


def _crypto_quote(record: Top) -> dict[str, object]:
    return {
        "ev": "XQ",
        "pair": record.symbol,
        "bp": record.bid,
        "bs": record.bid_size,
        "ap": record.ask,
        "as": record.ask_size,
        "t": record.at,
        "x": record.bid_exchange,
        "r": record.at + 6,
    }


def _book(record: Depth) -> dict[str, object]:
    return {
        "ev": "XL2",
        "pair": record.symbol,
        "t": record.at,
        "r": record.at + 6,
        "x": record.exchange,
        "b": record.bids,
        "a": record.asks,
    }


def _band(record: Band) -> dict[str, object]:
    return {
        "ev": "LULD",
        "T": record.symbol,
        "h": record.high,
        "l": record.low,
        "i": [0],
        "z": record.tape,
        "t": record.at * _MICROSECONDS + record.micros,
        "q": record.sequence,
    }


def _auction(record: Auction) -> dict[str, object]:
    return {
        "ev": "NOI",
        "T": record.symbol,
        "t": record.at * _NANOSECONDS + record.nanos,
        "at": record.auction_time,
        "a": record.auction_type,
        "i": record.sequence,
        "x": record.exchange,
        "o": record.imbalance,
        "p": record.paired,
        "b": record.clearing_price,
    }


def _index_value(record: Value) -> dict[str, object]:
    return {"ev": "V", "val": record.value, "T": record.symbol, "t": record.at}


def _fair_value_symbol(market: str, symbol: str) -> str:
    if market == "forex":
        return "C:" + symbol.replace("/", "")
    return "X:" + symbol if market == "crypto" else symbol


def _launchpad_symbol(market: str, symbol: str) -> str:
    if market == "forex":
        return "C:" + symbol.replace("/", "-")
    return "X:" + symbol if market == "crypto" else symbol


def _fair_value(market: str) -> Writer:
    def write(record: FairValue) -> dict[str, object]:
        symbol = _fair_value_symbol(market, record.symbol)
        return {"ev": "FMV", "fmv": record.value, "sym": symbol, "t": record.at * unit}

    # Both units were seen on the real wire.
    unit = _NANOSECONDS if market == "stocks" else 1
    return write


def _launchpad_value(market: str) -> Writer:
    def write(record: PanelValue) -> dict[str, object]:
        symbol = _launchpad_symbol(market, record.symbol)
        return {"ev": "LV", "val": record.value, "sym": symbol, "t": record.at}

    return write


def _stock_bar(prefix: str, market: str = "stocks") -> Writer:
    def write(record: Bar) -> dict[str, object]:
        event: dict[str, object] = {
            "ev": prefix,
            "sym": _launchpad_symbol(market, record.symbol),
            "v": record.volume,
            "av": record.day_volume,
            "op": record.day_open,
            "vw": record.vwap,
            "o": record.open,
            "c": record.close,
            "h": record.high,
            "l": record.low,
            "a": record.day_vwap,
            "z": round(record.volume / record.count) if record.count else 0,
            "s": record.start,
            "e": record.end,
        }
        if isinstance(record.volume, float):
            event["dv"] = str(record.volume)
            event["dav"] = str(record.day_volume)
        return event

    return write


def _index_bar(prefix: str) -> Writer:
    def write(record: Bar) -> dict[str, object]:
        return {
            "ev": prefix,
            "sym": record.symbol,
            "op": record.day_open,
            "o": record.open,
            "c": record.close,
            "h": record.high,
            "l": record.low,
            "s": record.start,
            "e": record.end,
        }

    return write


def _futures_bar(prefix: str) -> Writer:
    def write(record: Bar) -> dict[str, object]:
        return {
            "ev": prefix,
            "sym": record.symbol,
            "v": record.volume,
            "dv": record.notional,
            "n": record.count,
            "o": record.open,
            "c": record.close,
            "h": record.high,
            "l": record.low,
            "s": record.start,
            "e": record.end,
        }

    return write


def _forex_bar(prefix: str) -> Writer:
    def write(record: Bar) -> dict[str, object]:
        return {
            "ev": prefix,
            "pair": record.symbol,
            "o": record.open,
            "c": record.close,
            "h": record.high,
            "l": record.low,
            "v": record.volume,
            "s": record.start,
            "e": record.end,
        }

    return write


def _crypto_bar(prefix: str) -> Writer:
    def write(record: Bar) -> dict[str, object]:
        return {
            "ev": prefix,
            "pair": record.symbol,
            "v": record.volume,
            "vw": record.vwap,
            "z": round(record.volume / record.count) if record.count else 0,
            "o": record.open,
            "c": record.close,
            "h": record.high,
            "l": record.low,
            "s": record.start,
            "e": record.end,
        }

    return write


def writers(market: str) -> Mapping[type[Record], tuple[tuple[str, Writer], ...]]:
    """For each kind of record of a market the channels it goes out on, and how it is written there.

    Example:
        >>> [prefix for prefix, _ in writers("crypto")[MinuteBar]]
        ['XA', 'AM']
    """
    table = {**_OF_MARKET[market], **_everywhere(market)}
    # A bar that late trades changed comes on the same channel as the first one.
    return {**table, RevisedMinuteBar: table.get(MinuteBar, ())}


def _everywhere(market: str) -> dict[type[Record], tuple[tuple[str, Writer], ...]]:
    return {
        FairValue: (("FMV", _fair_value(market)),),
        PanelValue: (("LV", _launchpad_value(market)),),
    }


_STOCK_BARS: Final[dict[type[Record], tuple[tuple[str, Writer], ...]]] = {
    SecondBar: (("A", _stock_bar("A")),),
    MinuteBar: (("AM", _stock_bar("AM")),),
}
_OF_MARKET: Final[dict[str, dict[type[Record], tuple[tuple[str, Writer], ...]]]] = {
    "stocks": {
        Print: (("T", _trade),),
        Top: (("Q", _quote),),
        Band: (("LULD", _band),),
        Auction: (("NOI", _auction),),
        **_STOCK_BARS,
    },
    "options": {Print: (("T", _option_trade),), Top: (("Q", _quote),), **_STOCK_BARS},
    "forex": {
        Top: (("C", _forex_quote),),
        SecondBar: (("CAS", _forex_bar("CAS")),),
        MinuteBar: (("CA", _forex_bar("CA")), ("AM", _stock_bar("AM", "forex"))),
    },
    "crypto": {
        Print: (("XT", _crypto_trade),),
        Top: (("XQ", _crypto_quote),),
        Depth: (("XL2", _book),),
        SecondBar: (("XAS", _crypto_bar("XAS")),),
        MinuteBar: (("XA", _crypto_bar("XA")), ("AM", _stock_bar("AM", "crypto"))),
    },
    "indices": {
        Value: (("V", _index_value),),
        SecondBar: (("A", _index_bar("A")),),
        MinuteBar: (("AM", _index_bar("AM")),),
    },
    "futures": {
        Print: (("T", _futures_trade),),
        Top: (("Q", _futures_quote),),
        SecondBar: (("A", _futures_bar("A")),),
        MinuteBar: (("AM", _futures_bar("AM")),),
    },
}
