"""Messages as the vendor's documentation shows them, for each kind one, with their stamps in nanoseconds.

Sources: https://docs.alpaca.markets/docs/real-time-stock-pricing-data, /real-time-crypto-pricing-data and
/real-time-option-data (values as there).
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["CRYPTO", "OPTIONS", "STOCKS", "Sample"]

Sample = tuple[str, dict[str, Any], int]

#: Channel, message, stamp.
STOCKS: Final[dict[str, Sample]] = {
    "trade": (
        "trades",
        {
            "T": "t",
            "i": 96921,
            "S": "AAPL",
            "x": "D",
            "p": 126.55,
            "s": 1,
            "t": "2021-02-22T15:51:44.208Z",
            "c": ["@", "I"],
            "z": "C",
        },
        1_614_009_104_208_000_000,
    ),
    "quote": (
        "quotes",
        {
            "T": "q",
            "S": "AMD",
            "bx": "U",
            "bp": 87.66,
            "bs": 1,
            "ax": "Q",
            "ap": 87.68,
            "as": 4,
            "t": "2021-02-22T15:51:45.335689322Z",
            "c": ["R"],
            "z": "C",
        },
        1_614_009_105_335_689_322,
    ),
    "bar": (
        "bars",
        {
            "T": "b",
            "S": "SPY",
            "o": 388.985,
            "h": 389.13,
            "l": 388.975,
            "c": 389.12,
            "v": 49378,
            "n": 461,
            "vw": 389.062639,
            "t": "2021-02-22T19:15:00Z",
        },
        1_614_021_300_000_000_000,
    ),
    "correction": (
        "trades",
        {
            "T": "c",
            "S": "EEM",
            "x": "M",
            "oi": 52983525033527,
            "op": 39.1582,
            "os": 440000,
            "oc": [" ", "7"],
            "ci": 52983525034326,
            "cp": 39.1809,
            "cs": 440000,
            "cc": [" ", "7"],
            "z": "B",
            "t": "2023-04-06T14:25:06.542305024Z",
        },
        1_680_791_106_542_305_024,
    ),
    "cancel": (
        "trades",
        {
            "T": "x",
            "S": "GOOGL",
            "i": 465,
            "x": "D",
            "p": 105.31,
            "s": 300,
            "a": "C",
            "z": "C",
            "t": "2023-04-06T13:15:42.83540958Z",
        },
        1_680_786_942_835_409_580,
    ),
    "luld": (
        "lulds",
        {
            "T": "l",
            "S": "IONM",
            "u": 3.24,
            "d": 2.65,
            "i": "B",
            "t": "2023-04-06T13:34:45.565004401Z",
            "z": "C",
        },
        1_680_788_085_565_004_401,
    ),
    "status": (
        "statuses",
        {
            "T": "s",
            "S": "AAPL",
            "sc": "H",
            "sm": "Trading Halt",
            "rc": "T12",
            "rm": "Trading Halted; For information requested by NASDAQ",
            "t": "2021-02-22T19:15:00Z",
            "z": "C",
        },
        1_614_021_300_000_000_000,
    ),
    "imbalance": (
        "imbalances",
        {"T": "i", "S": "INAQU", "p": 9.12, "z": "C", "t": "2024-12-13T19:58:09.242138635Z"},
        1_734_119_889_242_138_635,
    ),
}
CRYPTO: Final[dict[str, Sample]] = {
    "trade": (
        "trades",
        {
            "T": "t",
            "S": "BTC/USD",
            "p": 66832.6,
            "s": 0.000946,
            "t": "2026-04-04T04:14:32.161121311Z",
            "i": 7456836641300628344,
            "tks": "B",
        },
        1_775_276_072_161_121_311,
    ),
    "quote": (
        "quotes",
        {
            "T": "q",
            "S": "ETH/USDT",
            "bp": 1815.55510989,
            "bs": 8.24941727,
            "ap": 1818.4,
            "as": 4.15121428,
            "t": "2023-03-18T13:51:33.256826818Z",
        },
        1_679_147_493_256_826_818,
    ),
    "orderbook": (
        "orderbooks",
        {
            "T": "o",
            "S": "BTC/USD",
            "t": "2024-03-12T10:38:50.79613221Z",
            "b": [{"p": 71859.53, "s": 0.27994}, {"p": 71849.4, "s": 0.553986}],
            "a": [{"p": 71939.7, "s": 0.83953}, {"p": 71940.4, "s": 0.28025}],
            "r": True,
        },
        1_710_239_930_796_132_210,
    ),
}
OPTIONS: Final[dict[str, Sample]] = {
    "trade": (
        "trades",
        {
            "T": "t",
            "S": "AAPL240315C00172500",
            "t": "2024-03-11T13:35:35.13312256Z",
            "p": 2.84,
            "s": 1,
            "x": "N",
            "c": "S",
        },
        1_710_164_135_133_122_560,
    ),
    "quote": (
        "quotes",
        {
            "T": "q",
            "S": "SPXW240327P04925000",
            "t": "2024-03-12T11:59:38.897261568Z",
            "bx": "C",
            "bp": 9.46,
            "bs": 53,
            "ax": "C",
            "ap": 9.66,
            "as": 38,
            "c": "A",
        },
        1_710_244_778_897_261_568,
    ),
}
