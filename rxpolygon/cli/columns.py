"""Bars as aligned lines of text, 80 columns wide where symbols are short."""

from __future__ import annotations

from typing import Final

from rxpolygon.cli.colours import coloured
from rxpolygon.operators import Bar
from rxpolygon.text import printable

__all__ = ["BarLines", "amount_text", "price_text"]

_SYMBOL_WIDTHS: Final = {"options": 21, "forex": 7, "crypto": 9}
_USUAL_SYMBOL_WIDTH: Final = 6
_FINE_MARKETS: Final = ("forex", "crypto", "futures")
_FINE_DECIMALS: Final = ((1_000, 2), (100, 3), (10, 4), (0.01, 5), (0, 6))
_AMOUNT_UNITS: Final = ((10**9, "B"), (10**6, "M"))


def price_text(price: float | None, *, fine: bool = False) -> str:
    """A price with as many decimals as its size and its market ask for.

    Args:
        price: The price; None becomes a dash.
        fine: Whether its market has finer steps than cents.

    Example:
        >>> price_text(228.5), price_text(0.1234), price_text(1.08421, fine=True), price_text(None)
        ('228.50', '0.1234', '1.08421', '-')
    """
    if price is None:
        return "-"
    size = abs(price)
    if fine:
        decimals = next(decimals for least, decimals in _FINE_DECIMALS if size >= least)
    else:
        decimals = 2 if size >= 1 or not size else 4
    return f"{price:.{decimals}f}"


def amount_text(amount: float) -> str:
    """A volume in at most eight characters.

    Example:
        >>> amount_text(40_569.3), amount_text(0.0625), amount_text(2_345_678)
        ('40569', '0.0625', '2.346M')
    """
    for unit, letter in _AMOUNT_UNITS:
        if amount >= unit:
            return f"{amount / unit:#.4g}{letter}"
    if amount >= 100:
        return f"{amount:.0f}"
    return f"{amount:.5g}" if amount >= 0.01 or not amount else f"{amount:.6f}"


class BarLines:
    """Makes lines of bars, with a heading before the first one of each day.

    Args:
        market: Whose symbols there will be.
        colours: Whether to colour them for a terminal.
    """

    def __init__(self, market: str, *, colours: bool = False) -> None:
        self._symbol = _SYMBOL_WIDTHS.get(market, _USUAL_SYMBOL_WIDTH)
        self._fine = market in _FINE_MARKETS
        self._colours = colours
        self._day = ""

    def __call__(self, bar: Bar) -> bytes:
        """The line of a bar, its newline included, and before it the heading of a new day."""
        day = f"{bar.time:%Y-%m-%d}"
        heading = "" if day == self._day else f"{self._heading(day)}\n"
        self._day = day
        values = (bar.open, bar.high, bar.low, bar.close)
        prices = "".join(f"{price_text(value, fine=self._fine):>9}" for value in values)
        if self._colours:
            prices = prices[:-9] + coloured(prices[-9:], "green" if bar.close >= bar.open else "red")
        vwap = price_text(bar.vwap, fine=True) if self._fine or bar.vwap is None else f"{bar.vwap:.4f}"
        revised = f" revision {bar.revision}" if bar.revision else ""
        symbol = f"{printable(bar.symbol):<{self._symbol}}"
        amounts = f"{amount_text(bar.volume):>8} {vwap:>9} {bar.count:>6}"
        return f"{heading}{bar.time:%H:%M:%S}  {symbol} {prices} {amounts}{revised}\n".encode()

    def _heading(self, day: str) -> str:
        prices = "".join(f"{name:>9}" for name in ("OPEN", "HIGH", "LOW", "CLOSE"))
        names = f"{'UTC':<10}{'SYMBOL':<{self._symbol}} {prices} {'VOLUME':>8} {'VWAP':>9} {'COUNT':>6}"
        return f"{day}\n{coloured(names, 'bold') if self._colours else names}"
