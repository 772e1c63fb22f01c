"""Bars as aligned lines of text, 80 columns wide where symbols are short."""

from __future__ import annotations

import math
from typing import Final

from rxpolygon.cli.colours import coloured
from rxpolygon.operators import Bar
from rxpolygon.stats import time_of
from rxpolygon.text import printable

__all__ = ["BarLines", "amount_text", "price_text"]

_SYMBOL_WIDTHS: Final = {"options": 21, "forex": 7, "crypto": 9}
_USUAL_SYMBOL_WIDTH: Final = 6
_FINE_MARKETS: Final = ("forex", "crypto", "futures")
_FINE_DECIMALS: Final = ((1_000, 2), (100, 3), (10, 4), (0.01, 5))
_SMALL_DIGITS: Final = 4  # of prices below all of these, whose decimals begin with zeros
_MOST_DECIMALS: Final = 12
_AMOUNT_UNITS: Final = ((10**9, "B"), (10**6, "M"))


def price_text(price: float | None, *, fine: bool = False) -> str:
    """A price with as many decimals as its size and its market ask for.

    Args:
        price: The price; None becomes a dash.
        fine: Whether its market has finer steps than cents.

    Example:
        >>> price_text(228.5), price_text(0.1234), price_text(None)
        ('228.50', '0.1234', '-')
        >>> price_text(1.08421, fine=True), price_text(0.00000812, fine=True)
        ('1.08421', '0.000008120')
    """
    if price is None:
        return "-"
    size = abs(price)
    if fine:
        usual = next((found for least, found in _FINE_DECIMALS if size >= least), None)
        decimals = _small_decimals(size) if usual is None else usual
    else:
        decimals = 2 if size >= 1 or not size else 4
    return f"{price:.{decimals}f}"


def _small_decimals(size: float) -> int:
    first = -math.floor(math.log10(size)) if size > 0 else 1  # the place of the first digit
    return min(max(first, 1) + _SMALL_DIGITS - 1, _MOST_DECIMALS)


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

    Columns become wider where a price needs it (bitcoin above 100,000, Berkshire's A shares), and stay so;
    there is a new heading then.

    Args:
        market: Whose symbols there will be.
        colours: Whether to colour them for a terminal.
    """

    def __init__(self, market: str, *, colours: bool = False) -> None:
        self._symbol = _SYMBOL_WIDTHS.get(market, _USUAL_SYMBOL_WIDTH)
        self._fine = market in _FINE_MARKETS
        self._colours = colours
        self._day = ""
        self._price = 8
        self._vwap = 9

    def __call__(self, bar: Bar) -> bytes:
        """The line of a bar, its newline included, and before it the heading where one is due."""
        texts = [price_text(value, fine=self._fine) for value in (bar.open, bar.high, bar.low, bar.close)]
        vwap = price_text(bar.vwap, fine=True) if self._fine or bar.vwap is None else f"{bar.vwap:.4f}"
        # A number that is no time of the calendar is a dash, as everything that is not known.
        at = time_of(bar.start)
        day, clock = ("-", "-") if at is None else (f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}")
        heading = self._heading_due(day, max(map(len, texts)), len(vwap))
        prices = [f" {text:>{self._price}}" for text in texts]
        if self._colours:
            prices[-1] = coloured(prices[-1], "green" if bar.close >= bar.open else "red")
        revised = f" revision {bar.revision}" if bar.revision else ""
        symbol = f"{printable(bar.symbol):<{self._symbol}}"
        amounts = f"{amount_text(bar.volume):>8} {vwap:>{self._vwap}} {bar.count:>6}"
        return f"{heading}{clock:<8}  {symbol} {''.join(prices)} {amounts}{revised}\n".encode()

    def _heading_due(self, day: str, price: int, vwap: int) -> str:
        """The heading, if this is another day or one of the widths is too small."""
        if day == self._day and price <= self._price and vwap <= self._vwap:
            return ""
        self._day, self._price, self._vwap = day, max(price, self._price), max(vwap, self._vwap)
        prices = "".join(f" {name:>{self._price}}" for name in ("OPEN", "HIGH", "LOW", "CLOSE"))
        amounts = f"{'VOLUME':>8} {'VWAP':>{self._vwap}} {'COUNT':>6}"
        names = f"{'UTC':<10}{'SYMBOL':<{self._symbol}} {prices} {amounts}"
        return f"{day}\n{coloured(names, 'bold') if self._colours else names}\n"
