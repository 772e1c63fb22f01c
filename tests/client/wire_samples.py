"""A message of each channel on each cluster, in the wire's letters, by hand from the vendor's pages."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SYMBOLS", "sample"]

#: For each market: what a user may write, what goes out on the wire, what comes back.
SYMBOLS: Final = {
    "stocks": ("aapl", "AAPL", "AAPL"),
    "options": ("SPY241220P00720000", "O:SPY241220P00720000", "O:SPY241220P00720000"),
    "forex": ("USD-CNH", "USD/CNH", "USD/CNH"),
    "crypto": ("btc-usd", "BTC-USD", "BTC-USD"),
    "indices": ("spx", "I:SPX", "I:SPX"),
    "futures": ("ESZ5", "ESZ5", "ESZ5"),
}

_TIME: Final = 1_700_000_000_123
_WINDOW: Final = {"o": 10.0, "c": 10.2, "h": 10.3, "l": 9.9, "v": 1200, "s": 1_700_000_040_000}
_QUOTE: Final = {"bp": 10.4, "bs": 3, "ap": 10.6, "as": 2, "t": _TIME}

# Of the same letters on several clusters; the symbol's letter first.
_FIELDS: Final[dict[tuple[str, str], tuple[str, dict[str, Any]]]] = {
    ("", "T"): ("sym", {"p": 10.5, "s": 100, "x": 4, "i": "12", "z": 3, "c": [37], "t": _TIME, "q": 7}),
    ("", "Q"): ("sym", {**_QUOTE, "bx": 4, "ax": 7, "c": 0, "i": [604], "z": 3, "q": 8}),
    ("", "AM"): (
        "sym",
        {**_WINDOW, "e": 1_700_000_100_000, "vw": 10.1, "av": 99, "op": 9.8, "a": 10, "z": 60},
    ),
    ("", "A"): (
        "sym",
        {**_WINDOW, "e": 1_700_000_041_000, "vw": 10.1, "av": 99, "op": 9.8, "a": 10, "z": 60},
    ),
    ("", "LULD"): ("T", {"h": 11.0, "l": 9.0, "i": [0], "z": 3, "t": _TIME * 1_000, "q": 9}),
    ("", "NOI"): (
        "T",
        {"t": _TIME * 1_000_000, "at": 930, "a": "M", "i": 4, "x": 10, "o": 480, "p": 440, "b": 25},
    ),
    ("", "C"): ("p", {"x": "44", "a": 7.12, "b": 7.11, "t": _TIME}),
    ("", "CA"): ("pair", {**_WINDOW, "e": 1_700_000_100_000}),
    ("", "CAS"): ("pair", _WINDOW),
    ("", "XT"): ("pair", {"p": 36_000, "s": 0.1, "c": [2], "i": 99, "x": 1, "t": _TIME, "r": _TIME + 5}),
    ("", "XQ"): ("pair", {**_QUOTE, "x": 1, "r": _TIME + 5}),
    ("", "XA"): ("pair", {**_WINDOW, "e": 1_700_000_100_000, "vw": 10.1, "z": 0}),
    ("", "XAS"): ("pair", {**_WINDOW, "e": 1_700_000_041_000, "vw": 10.1, "z": 0}),
    ("", "XL2"): ("pair", {"b": [[10.4, 3]], "a": [[10.6, 2]], "t": _TIME, "x": 1, "r": _TIME}),
    ("", "V"): ("T", {"val": 4_500.5, "t": _TIME}),
    ("indices", "AM"): ("sym", {"op": 1, "o": 1, "c": 2, "h": 3, "l": 1, "s": _TIME, "e": _TIME + 60_000}),
    ("indices", "A"): ("sym", {"op": 1, "o": 1, "c": 2, "h": 3, "l": 1, "s": _TIME, "e": _TIME + 1_000}),
    ("futures", "T"): ("sym", {"p": 6_000, "s": 2, "t": _TIME, "q": 1}),
    ("futures", "Q"): ("sym", {**_QUOTE, "bt": _TIME, "at": _TIME}),
    ("futures", "AM"): ("sym", {**_WINDOW, "dv": 9, "n": 4, "e": 1_700_000_100_000}),
    ("futures", "A"): ("sym", {**_WINDOW, "dv": 9, "n": 4, "e": 1_700_000_041_000}),
    ("", "FMV"): ("sym", {"fmv": 189.22, "t": _TIME * 1_000_000}),
    ("", "LV"): ("sym", {"val": 189.23, "t": _TIME}),
}


def sample(market: str, prefix: str, symbol: str) -> dict[str, Any]:
    """A message of a channel with a symbol."""
    letter, fields = _FIELDS.get((market, prefix)) or _FIELDS["", prefix]
    return {"ev": prefix, letter: symbol, **fields}
