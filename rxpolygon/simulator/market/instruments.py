"""The instruments of each cluster: those that everybody knows, and any other one, made up from its name."""

from __future__ import annotations

import random
import re
from typing import Final

from msgspec import Struct

__all__ = ["DEFAULT_SYMBOLS", "Instrument", "instrument"]


class Instrument(Struct, frozen=True):
    """What the market of a symbol is made from.

    Attributes:
        symbol: In the normal form of its cluster.
        price: Where its price lives, in units of money or points.
        ticks: Price steps in one unit: 100 for cents, 4 for quarter points.
        volatility: Standard deviation of a year's return.
        spread: Usual distance of bid and offer, in ticks.
        tape: 1, 2 or 3 for stocks.
        lot: The usual size of one order.
    """

    symbol: str
    price: float
    ticks: int
    volatility: float = 0.3
    spread: float = 1.3
    tape: int = 3
    lot: float = 100


def _rows(*rows: Instrument) -> dict[str, Instrument]:
    return {row.symbol: row for row in rows}


_STOCKS: Final = _rows(
    Instrument("AAPL", 228.5, 100, 0.28),
    Instrument("MSFT", 442.0, 100, 0.26, 3.0),
    Instrument("NVDA", 138.2, 100, 0.52),
    Instrument("AMZN", 205.7, 100, 0.33),
    Instrument("GOOGL", 178.3, 100, 0.31),
    Instrument("META", 585.4, 100, 0.36, 8.0),
    Instrument("TSLA", 342.0, 100, 0.62, 4.0),
    Instrument("AMD", 141.6, 100, 0.51),
    Instrument("NFLX", 890.1, 100, 0.36, 25.0),
    Instrument("IBM", 231.2, 100, 0.22, 3.0, 1),
    Instrument("JPM", 243.6, 100, 0.23, 2.5, 1),
    Instrument("BAC", 45.8, 100, 0.25, 1.1, 1),
    Instrument("KO", 63.4, 100, 0.14, 1.1, 1),
    Instrument("F", 11.2, 100, 0.36, 1.05, 1),
    Instrument("BRK.B", 471.9, 100, 0.16, 8.0, 1),
    Instrument("SPY", 589.5, 100, 0.15, 1.2, 2),
)
_OPTIONS: Final = _rows(
    *(
        Instrument(f"O:{name}", price, 100, 1.6, 4.0, 0, 5)
        for name, price in (
            ("SPY271217C00600000", 61.3),
            ("SPY271217P00580000", 34.4),
            ("AAPL271217C00230000", 42.6),
            ("AAPL271217P00220000", 24.1),
            ("NVDA271217C00140000", 43.9),
            ("NVDA271217P00130000", 27.2),
            ("TSLA271217C00350000", 108.5),
            ("TSLA271217P00320000", 77.0),
            ("MSFT271217C00450000", 69.7),
            ("AMZN271217C00210000", 43.3),
        )
    )
)
_FOREX: Final = _rows(
    Instrument("EUR/USD", 1.0842, 100_000, 0.075, 8),
    Instrument("USD/JPY", 151.24, 1_000, 0.10, 6),
    Instrument("GBP/USD", 1.2731, 100_000, 0.085, 10),
    Instrument("USD/CHF", 0.8812, 100_000, 0.08, 10),
    Instrument("AUD/USD", 0.6517, 100_000, 0.10, 8),
    Instrument("USD/CAD", 1.3925, 100_000, 0.065, 10),
    Instrument("NZD/USD", 0.5889, 100_000, 0.105, 12),
    Instrument("EUR/GBP", 0.8330, 100_000, 0.06, 9),
    Instrument("EUR/JPY", 163.97, 1_000, 0.10, 9),
    Instrument("USD/CNH", 7.2441, 100_000, 0.05, 30),
)
_CRYPTO: Final = _rows(
    Instrument("BTC-USD", 96_500.0, 100, 0.55, 6, 0, 0.0625),
    Instrument("ETH-USD", 3_420.0, 100, 0.70, 4, 0, 1),
    Instrument("SOL-USD", 238.0, 100, 0.90, 2, 0, 8),
    Instrument("XRP-USD", 1.42, 10_000, 0.95, 3, 0, 500),
    Instrument("DOGE-USD", 0.39, 100_000, 1.05, 4, 0, 1_000),
    Instrument("ADA-USD", 0.98, 10_000, 1.0, 2, 0, 500),
    Instrument("AVAX-USD", 42.1, 100, 1.0, 2, 0, 16),
    Instrument("LINK-USD", 17.6, 1_000, 0.95, 3, 0, 32),
    Instrument("LTC-USD", 92.0, 100, 0.85, 2, 0, 8),
    Instrument("BTC-EUR", 92_100.0, 100, 0.55, 40, 0, 0.0625),
)
_INDICES: Final = _rows(
    Instrument("I:SPX", 5_893.6, 100, 0.15),
    Instrument("I:NDX", 20_776.0, 100, 0.20),
    Instrument("I:DJI", 43_870.0, 100, 0.13),
    Instrument("I:RUT", 2_365.0, 100, 0.22),
    Instrument("I:VIX", 16.9, 100, 1.1),
    Instrument("I:COMP", 18_972.0, 100, 0.20),
    Instrument("I:OEX", 2_859.0, 100, 0.16),
    Instrument("I:XSP", 589.4, 100, 0.15),
)
_FUTURES: Final = _rows(
    Instrument("ESZ7", 5_912.25, 4, 0.15, 1.05, 0, 3),
    Instrument("NQZ7", 20_830.5, 4, 0.20, 2.0, 0, 2),
    Instrument("YMZ7", 43_960.0, 1, 0.13, 2.0, 0, 2),
    Instrument("RTYZ7", 2_372.4, 10, 0.22, 2.0, 0, 2),
    Instrument("CLZ7", 70.12, 100, 0.34, 1.1, 0, 2),
    Instrument("NGZ7", 3.312, 1_000, 0.60, 1.5, 0, 2),
    Instrument("GCZ7", 2_674.9, 10, 0.15, 1.6, 0, 1),
    Instrument("SIZ7", 30.955, 200, 0.28, 1.4, 0, 1),
    Instrument("ZNZ7", 109.90625, 64, 0.07, 1.05, 0, 10),
    Instrument("ZCZ7", 433.25, 4, 0.25, 1.1, 0, 4),
)
_TABLES: Final[dict[str, dict[str, Instrument]]] = {
    "stocks": _STOCKS,
    "options": _OPTIONS,
    "forex": _FOREX,
    "crypto": _CRYPTO,
    "indices": _INDICES,
    "futures": _FUTURES,
}

#: The symbols that ``*`` stands for in each market, unless the user names others.
DEFAULT_SYMBOLS: Final[dict[str, tuple[str, ...]]] = {
    market: tuple(table) for market, table in _TABLES.items()
}

_OPTION: Final = re.compile(r"O:(?P<root>[A-Z.]{1,6})\d*(?P<date>\d{6})(?P<kind>[CP])(?P<strike>\d{8})")
_STRIKE_UNITS: Final = 1_000


def instrument(market: str, symbol: str, seed: int) -> Instrument:
    """The instrument of a symbol; one that no table knows is made up from seed and name, always the same.

    Args:
        market: ``stocks``, ``options``, ``forex``, ``crypto``, ``indices`` or ``futures``.
        symbol: In the normal form of the market.
        seed: The simulator's.

    Example:
        >>> instrument("forex", "SEK/JPY", 0).ticks
        1000
    """
    known = _TABLES[market].get(symbol)
    return (
        known if known is not None else _made_up(market, symbol, random.Random(f"{seed}/{market}/{symbol}"))
    )


def _made_up(market: str, symbol: str, chance: random.Random) -> Instrument:
    price = round(8 * 50 ** chance.random(), 2)
    volatility = 0.15 + 0.5 * chance.random()
    match market:
        case "options":
            return Instrument(symbol, _option_price(symbol, chance), 100, 1.6, 3.0, 0, 5)
        case "forex":
            return _made_up_pair(symbol, chance)
        case "crypto":
            return Instrument(symbol, price, 100, 2 * volatility, 2.5, 0, 8)
        case "indices":
            return Instrument(symbol, 10 * price, 100, volatility)
        case "futures":
            return Instrument(symbol, 10 * price, 4, volatility, 1.2, 0, 2)
        case _:
            return Instrument(symbol, price, 100, volatility, 1 + price / 60, chance.choice((1, 2, 3, 3)))


def _made_up_pair(symbol: str, chance: random.Random) -> Instrument:
    is_yen = symbol.endswith("JPY")
    rate = 0.6 + chance.random()
    return Instrument(symbol, 100 * rate if is_yen else rate, 1_000 if is_yen else 100_000, 0.09, 12)


def _option_price(symbol: str, chance: random.Random) -> float:
    """A premium between the intrinsic value against a known stock and something on top."""
    parsed = _OPTION.fullmatch(symbol)
    if parsed is None:
        return round(0.5 + 20 * chance.random(), 2)
    strike = int(parsed["strike"]) / _STRIKE_UNITS
    stock = _STOCKS.get(parsed["root"])
    spot = stock.price if stock is not None else strike * (0.9 + 0.2 * chance.random())
    intrinsic = max(spot - strike if parsed["kind"] == "C" else strike - spot, 0.0)
    distance = abs(spot - strike) / max(spot, 1.0)
    time_value = 0.04 * spot * chance.uniform(0.5, 1.0) / (1 + 12 * distance)
    return max(round(intrinsic + time_value, 2), 0.05)
