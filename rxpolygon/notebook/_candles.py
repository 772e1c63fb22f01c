"""Candles, drawn."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from rxpolygon.notebook._chart import DOWN, MOST_PANELS, UP, Chart, axis, axis_key, panel_domain
from rxpolygon.notebook._frame import Ending
from rxpolygon.notebook._numbers import counted, decimals_of, value_text
from rxpolygon.notebook._shell import package
from rxpolygon.notebook._table import Cell, Table
from rxpolygon.operators import Bar
from rxpolygon.text import printable

__all__ = ["Candles"]

_VOLUME_PART: Final = 0.22  # of a panel's height
_TEXT_ROWS: Final = 5
_PRICES: Final = ("open", "high", "low", "close")


class Candles(Chart):
    """Candles and volumes, a panel for each symbol.

    Args:
        series: The bars of each symbol, in order.
        others: How many symbols are not shown.
        zone: Of the times.
        ending: How the view stands.
    """

    def __init__(
        self, series: dict[str, tuple[Bar, ...]], others: int, zone: ZoneInfo, ending: Ending
    ) -> None:
        names = ", ".join(map(printable, series)) or "nothing yet"
        more = f" and {counted(others, 'more symbol')}" if others else ""
        super().__init__(names + more, len(series), ending)
        self.series = series
        self.zone = zone

    def text(self) -> str:
        """The last bars, and how many there are."""
        bars = [bar for series in self.series.values() for bar in series]
        last = sorted(bars, key=lambda bar: bar.start)[-_TEXT_ROWS:]
        prices = decimals_of("close", [getattr(bar, name) for bar in last for name in _PRICES])
        sizes = decimals_of("volume", [bar.volume for bar in last])
        rows = tuple(
            (
                Cell(f"{self._time(bar):%Y-%m-%d %H:%M:%S}", 0, False),
                Cell(value_text(bar.symbol), 0, False),
                *(Cell(value_text(getattr(bar, name), prices)) for name in _PRICES),
                Cell(value_text(bar.volume, sizes)),
            )
            for bar in last
        )
        titles = (f"time ({self.zone.key})", "symbol", *_PRICES, "volume")
        return Table(titles, rows, f"{counted(len(bars), 'bar')} of {self.heading}", self.ending).text()

    def traces(self) -> list[dict[str, object]]:
        """Candles and volume bars of each place."""
        places = [*self.series.items(), *[("", ())] * (MOST_PANELS - self.panels)]
        pairs = (self._pair(place, symbol, bars) for place, (symbol, bars) in enumerate(places))
        return [trace for pair in pairs for trace in pair]

    def _pair(self, place: int, symbol: str, bars: tuple[Bar, ...]) -> list[dict[str, object]]:
        times = [self._time(bar).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] for bar in bars]
        colours = [_colour(bar) for bar in bars]
        candles: dict[str, object] = {
            "type": "candlestick",
            "name": symbol,
            "visible": bool(bars),
            "x": times,
            **{name: [getattr(bar, name) for bar in bars] for name in _PRICES},
            "text": [_remark(bar) for bar in bars],
            "increasing": {"line": {"color": UP, "width": 1}, "fillcolor": UP},
            "decreasing": {"line": {"color": DOWN, "width": 1}, "fillcolor": DOWN},
            "yaxis": axis(2 * place),
        }
        volumes: dict[str, object] = {
            "type": "bar",
            "name": f"{symbol} volume",
            "visible": bool(bars),
            "x": times,
            "y": [bar.volume for bar in bars],
            "marker": {"color": colours, "opacity": 0.5, "line": {"width": 0}},
            "yaxis": axis(2 * place + 1),
        }
        return [candles, volumes]

    def layout(self) -> dict[str, object]:
        """A price and a volume axis for each place, and one axis of time."""
        panels = max(1, self.panels)
        axes: dict[str, object] = {}
        for place in range(MOST_PANELS):
            bottom, top = panel_domain(place, panels)
            edge = bottom + (top - bottom) * _VOLUME_PART
            symbol = list(self.series)[place] if 1 < self.panels > place else "price"
            used = {"visible": place < panels}
            prices = {"domain": [edge + 0.01, top], "title": {"text": symbol}, **used}
            volumes = {"domain": [bottom, edge - 0.01], "nticks": 3, **used}
            axes |= {axis_key("y", 2 * place): prices, axis_key("y", 2 * place + 1): volumes}
        time_axis = {"type": "date", "rangeslider": {"visible": False}, "title": {"text": self.zone.key}}
        return {"xaxis": {**time_axis, "anchor": axis(2 * panels - 1)}, **axes}

    def paint(self, figure: Any) -> None:  # Any: a matplotlib Figure, which need not be installed
        """The same with matplotlib."""
        dates = package("matplotlib.dates", "a static chart")
        boxes = package("matplotlib.collections", "a static chart").PolyCollection  # one drawing for all
        panels = max(1, self.panels)
        ratios = [1 - _VOLUME_PART, _VOLUME_PART] * panels
        axes = figure.subplots(2 * panels, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        for place, (symbol, bars) in enumerate(self.series.items()):
            times = dates.date2num([self._time(bar) for bar in bars])
            self._paint_prices(axes[2 * place], bars, times, boxes)
            self._paint_volumes(axes[2 * place + 1], bars, times, boxes)
            axes[2 * place].set_ylabel(symbol if self.panels > 1 else "price", color="#555555")
        for shown in axes:
            self.tidy(shown)
        locator = dates.AutoDateLocator(tz=self.zone)
        axes[-1].xaxis.set_major_locator(locator)
        axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=self.zone))
        axes[-1].set_xlabel(self.zone.key, fontsize=8, color="#555555")

    def _paint_prices(self, panel: Any, bars: tuple[Bar, ...], times: Any, boxes: Any) -> None:
        colours = [_colour(bar) for bar in bars]
        low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
        flat = (high - low) * 0.003 or abs(high) * 1e-5  # a candle whose open is its close is seen, too
        bottoms = [min(bar.open, bar.close) for bar in bars]
        tops = [max(bar.open, bar.close, bottom + flat) for bar, bottom in zip(bars, bottoms, strict=True)]
        panel.vlines(times, [bar.low for bar in bars], [bar.high for bar in bars], colours, linewidth=0.9)
        panel.add_collection(boxes(_corners(bars, times, bottoms, tops), facecolors=colours))
        panel.set_ylim(low - 10 * flat, high + 10 * flat)

    def _paint_volumes(self, panel: Any, bars: tuple[Bar, ...], times: Any, boxes: Any) -> None:
        corners = _corners(bars, times, [0.0] * len(bars), [bar.volume for bar in bars])
        panel.add_collection(boxes(corners, facecolors=[_colour(bar) for bar in bars], alpha=0.5))
        panel.autoscale_view()
        panel.set_ylim(bottom=0)

    def _time(self, bar: Bar) -> datetime:
        return datetime.fromtimestamp(bar.start / 1_000, self.zone)


def _colour(bar: Bar) -> str:
    return UP if bar.close >= bar.open else DOWN


def _remark(bar: Bar) -> str:
    if not bar.is_final:
        return "forming"
    return f"revision {bar.revision}" if bar.revision else ""


def _corners(
    bars: tuple[Bar, ...], times: Any, bottoms: list[float], tops: list[float]
) -> list[list[tuple[float, float]]]:
    """A box for each bar; matplotlib's unit of time is the day."""
    half = 0.35 * _spacing(bars) / 86_400_000
    return [
        [(at - half, bottom), (at + half, bottom), (at + half, top), (at - half, top)]
        for at, bottom, top in zip(times, bottoms, tops, strict=True)
    ]


def _spacing(bars: tuple[Bar, ...]) -> int:
    """The least time between two bars, in milliseconds; a single bar's length."""
    gaps = [later.start - bar.start for bar, later in pairwise(bars)]
    return min((gap for gap in gaps if gap), default=max(bars[0].end - bars[0].start, 1))
