"""One normal form of a ticker for each cluster, whatever spelling a user or a server chooses.

| cluster | accepted | normal form (what the wire takes) |
|---|---|---|
| stocks | ``aapl``, ``BRK.A`` | ``AAPL``, ``BRK.A`` |
| options | with or without ``O:`` | ``O:SPY241220P00720000`` |
| forex | ``USD/CNH``, ``USD-CNH``, ``USDCNH``, each with or without ``C:`` | ``USD/CNH`` |
| crypto | ``BTC-USD``, ``BTC/USD``, ``BTCUSD``, each with or without ``X:`` | ``BTC-USD`` |
| indices | with or without ``I:`` | ``I:SPX`` |
| futures | ``ESZ5`` | ``ESZ5`` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.topics import EVERY_SYMBOL

__all__ = ["normal_symbol", "requested_symbols"]

_ALL_WORDS: Final = frozenset({EVERY_SYMBOL, "all"})  # ALL is a ticker, that of Allstate
# Crypto tickers without a separator are cut before the longest of these that ends them.
_CRYPTO_QUOTE_CURRENCIES: Final = ("USDT", "USDC", "USD", "EUR", "GBP", "JPY", "AUD", "CAD", "BTC", "ETH")
_CURRENCY_CODE_LENGTH: Final = 3


def _without(prefix: str, symbol: str) -> str:
    return symbol[len(prefix) :] if symbol[: len(prefix)].upper() == prefix else symbol


def _with(prefix: str, symbol: str) -> str:
    return prefix + _without(prefix, symbol)


def _as_is(symbol: str) -> str:
    return symbol


def _option(symbol: str) -> str:
    return _with("O:", symbol)


def _index(symbol: str) -> str:
    return _with("I:", symbol)


def _forex(symbol: str) -> str:
    pair = _without("C:", symbol).replace("-", "/")
    if "/" not in pair and len(pair) == 2 * _CURRENCY_CODE_LENGTH:
        return f"{pair[:_CURRENCY_CODE_LENGTH]}/{pair[_CURRENCY_CODE_LENGTH:]}"
    return pair


def _crypto(symbol: str) -> str:
    pair = _without("X:", symbol).replace("/", "-")
    if "-" in pair:
        return pair
    for currency in _CRYPTO_QUOTE_CURRENCIES:
        if pair.upper().endswith(currency) and len(pair) > len(currency):
            return f"{pair[: -len(currency)]}-{pair[-len(currency) :]}"
    return pair


_NORMAL_FORM: Final[dict[str, Callable[[str], str]]] = {
    "stocks": _as_is,
    "options": _option,
    "forex": _forex,
    "crypto": _crypto,
    "indices": _index,
    "futures": _as_is,
}


def normal_symbol(cluster: str, symbol: str) -> str:
    """The normal form of a symbol, which is also what the wire takes.

    Args:
        cluster: ``stocks``, ``options``, ``forex``, ``crypto``, ``indices`` or ``futures``.
        symbol: Any spelling; ``*`` stays ``*``. Letters keep their case.

    Example:
        >>> normal_symbol("forex", "C:USDCNH"), normal_symbol("indices", "SPX")
        ('USD/CNH', 'I:SPX')
    """
    return symbol if symbol == EVERY_SYMBOL else _NORMAL_FORM[cluster](symbol)


def requested_symbols(symbols: str | Iterable[str] | None, *, upper: bool = True) -> list[str]:
    """The symbols that a user's argument asks for, in their order and each once.

    None, nothing at all, ``"*"`` and ``"all"`` stand for every symbol; so does a list that holds one of
    them. ``"ALL"`` is a ticker. A plain string may hold several, separated by commas.

    Args:
        symbols: What the user wrote.
        upper: Whether to make the letters upper case.

    Raises:
        InvalidTypeError: It is neither a string nor strings.
        InvalidArgumentError: One of the symbols is empty.

    Example:
        >>> requested_symbols("aapl, MSFT"), requested_symbols(None)
        (['AAPL', 'MSFT'], ['*'])
    """
    if symbols is None:
        return [EVERY_SYMBOL]
    if not isinstance(symbols, (str, Iterable)) or isinstance(symbols, (bytes, bytearray)):
        raise InvalidTypeError("symbols", symbols, "a str, several str, or None for every symbol")
    parts = symbols.split(",") if isinstance(symbols, str) else list(symbols)
    if not parts:
        return [EVERY_SYMBOL]
    cleaned: dict[str, None] = {}
    for part in parts:
        if not isinstance(part, str):
            raise InvalidTypeError("symbols", part, "a str, several str, or None for every symbol")
        text = part.strip()
        if not text or any(character.isspace() or character == "," for character in text):
            raise InvalidArgumentError("symbols", symbols, "each symbol is a ticker such as 'AAPL'")
        if text in _ALL_WORDS:
            return [EVERY_SYMBOL]
        cleaned[text.upper() if upper else text] = None
    return list(cleaned)
