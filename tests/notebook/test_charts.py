"""``candlesticks`` and ``depth``: what is in the figure, and the picture of it."""

from __future__ import annotations

import io
import threading
from typing import Any

import msgspec
import pytest
import reactivex as rx
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex.subject import Subject
from reactivex.testing import TestScheduler

from rxpolygon.errors import InvalidTypeError
from rxpolygon.events import Level2Book, MinuteAggregate
from rxpolygon.notebook import LiveChart, candlesticks, depth
from rxpolygon.operators import Bar
from rxpolygon.testing import aggregate, bar, trade
from tests.notebook.support import rows

graph_objects = pytest.importorskip("plotly.graph_objects")
pytest.importorskip("anywidget")
image = pytest.importorskip("matplotlib.image")


def shown(view: LiveChart) -> list[Any]:
    """The traces of the figure that can be seen."""
    return [trace for trace in view.figure.data if trace.visible]


def picture(view: LiveChart) -> Any:
    """The static picture, as rows of red, green and blue from 0 to 255."""
    data = view._repr_mimebundle_()["image/png"]
    assert isinstance(data, bytes)
    return (image.imread(io.BytesIO(data))[:, :, :3] * 255).round()


def green(pixels: Any) -> int:
    """How many pixels are rather green."""
    return int((pixels[:, :, 1] - pixels[:, :, 0] > 30).sum())


def red(pixels: Any) -> int:
    """How many pixels are rather red."""
    return int((pixels[:, :, 0] - pixels[:, :, 1] > 30).sum())


# Candlesticks.


def test_figure_is_a_plotly_widget_with_the_bars() -> None:
    view = candlesticks(rx.of(bar("IBM", 11.0, open=10.0, high=12.0, low=9.0, volume=300, at=60)))
    assert isinstance(view.figure, graph_objects.FigureWidget)
    candles, volumes = shown(view)
    assert candles.type == "candlestick"
    assert (candles.open, candles.high, candles.low, candles.close) == ((10.0,), (12.0,), (9.0,), (11.0,))
    assert candles.x == ("2023-11-16T15:01:00.000",)
    assert (volumes.type, volumes.y) == ("bar", (300.0,))


def test_figure_grows_at_redraws() -> None:
    clock, bars = TestScheduler(), Subject[Bar]()
    with candlesticks(bars, scheduler=clock) as view:
        sizes = []
        view.figure  # noqa: B018 # it is drawn from now on
        for minute in range(6):
            bars.on_next(bar("IBM", at=60 * minute))
            clock.advance_to((minute + 1) * 0.25)
            sizes.append(len(shown(view)[0].x) if shown(view) else 0)
        assert sizes == [0, 2, 2, 4, 4, 6]  # twice a second


def test_each_redraw_tells_the_browser_anew_what_can_be_seen() -> None:
    """It takes nothing in while it loads, and of what it was told before plotly sends no more."""
    clock, bars, sent = TestScheduler(), Subject[Bar](), list[Any]()
    with candlesticks(bars, scheduler=clock) as view:
        view.figure.observe(lambda change: sent.append(change.new), "_py2js_update")
        for minute in range(3):
            bars.on_next(bar("IBM", at=60 * minute))
            clock.advance_to(minute + 1)
        told = [update for update in sent if update is not None]
    wholes = [update["style_data"]["visible"] for update in told if len(update["style_traces"]) == 12]
    assert wholes == [[True, True, *[False] * 10]] * 3
    assert told[-1]["layout_data"] == {"title.text": "IBM"}


def test_forming_and_revised_bars_take_the_place_of_their_candle() -> None:
    bars = Subject[Bar]()
    with candlesticks(bars) as view:
        view.figure  # noqa: B018 # it is drawn from now on
        bars.on_next(bar("IBM", 10.0, at=0, is_final=False))
        bars.on_next(bar("IBM", 10.5, at=0, is_final=False))
        assert [row[5] for row in rows(view)] == ["10.50"]
        bars.on_next(bar("IBM", 10.75, at=0))
        bars.on_next(bar("IBM", 20.0, at=60))
        bars.on_next(bar("IBM", 10.8, at=0, revision=1))
        bars.on_next(bar("IBM", 21.0, at=120, is_final=False))
    candles = shown(view)[0]
    assert candles.close == (10.8, 20.0, 21.0)
    assert candles.text == ("revision 1", "", "forming")


@settings(max_examples=40, deadline=None)  # each makes a widget
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 99)), min_size=1), st.integers(1, 8))
def test_last_bars_are_kept_in_the_order_of_their_start(updates: list[tuple[int, int]], limit: int) -> None:
    view = candlesticks(
        rx.of(*(bar("IBM", float(close), at=60 * minute) for minute, close in updates)), limit=limit
    )
    expected: dict[int, float] = {}
    for minute, close in updates:
        expected[minute] = float(close)
        expected = dict(sorted(expected.items())[-limit:])
    assert list(shown(view)[0].close) == list(expected.values())


def test_each_symbol_has_a_panel_and_the_others_are_counted() -> None:
    clock, bars = TestScheduler(), Subject[Bar]()
    with candlesticks(bars, scheduler=clock) as view:
        figure = view.figure
        for number in range(8):
            bars.on_next(bar(f"S{number}", 10.0 + number, at=0))
            clock.advance_to(float(number + 1))
        candles = [trace for trace in shown(view) if trace.type == "candlestick"]
        assert [trace.name for trace in candles] == ["S0", "S1", "S2", "S3", "S4", "S5"]
        assert figure.layout.title.text == "S0, S1, S2, S3, S4, S5 and 2 more symbols"
        domains = [figure.layout[f"yaxis{place if place > 1 else ''}"].domain for place in range(1, 13)]
    edges = [edge for domain in domains for edge in reversed(domain)]
    assert edges == sorted(edges, reverse=True)  # below one another, none over another


def test_aggregates_of_the_server_are_bars_too() -> None:
    view = candlesticks(rx.of(aggregate("IBM", 11.0, at=0), aggregate("IBM", 11.5, at=0)))
    assert shown(view)[0].close == (11.5,)


def test_aggregate_without_prices_is_passed_over() -> None:
    view = candlesticks(rx.of(MinuteAggregate(symbol="IBM", volume=300.0, start=0)))
    assert shown(view) == []
    assert "image/png" not in view._repr_mimebundle_()


@pytest.mark.parametrize("odd", [{"start": 10**18}, {"high": float("inf")}, {"close": float("nan")}])
def test_bar_that_has_no_place_is_passed_over(odd: dict[str, float]) -> None:
    sound = bar("IBM", 11.0, at=0)
    view = candlesticks(rx.of(sound, msgspec.structs.replace(sound, **{"start": 1, **odd})))
    assert shown(view)[0].close == (11.0,)
    assert "image/png" in view._repr_mimebundle_()


def test_value_that_is_no_bar_ends_the_view() -> None:
    view = candlesticks(rx.of(trade()))  # type: ignore[arg-type] # that is the test
    assert isinstance(view.error, InvalidTypeError)
    assert "must be a bar (trades become bars by rxo.time_bars" in str(view)


def test_value_that_is_no_book_ends_the_view() -> None:
    view = depth(rx.of(trade()))  # type: ignore[arg-type] # that is the test
    assert isinstance(view.error, InvalidTypeError)
    assert "must be a Level2Book or an Orderbook, not Trade" in str(view)


def test_times_of_the_axis_are_of_the_zone() -> None:
    view = candlesticks(rx.of(bar("IBM", at=0)), timezone="America/New_York")
    assert shown(view)[0].x == ("2023-11-16T10:00:00.000",)
    assert view.figure.layout.xaxis.title.text == "America/New_York"


def test_change_of_the_layout_outlives_redraws() -> None:
    clock, bars = TestScheduler(), Subject[Bar]()
    with candlesticks(bars, scheduler=clock) as view:
        view.figure.update_layout(width=1_234, xaxis_title_text="time")
        bars.on_next(bar("IBM", at=0))
        clock.advance_to(1)
        assert view.figure.layout.width == 1_234
        assert view.figure.layout.xaxis.title.text == "time"


def test_picture_has_the_size_of_the_figure_and_its_colours() -> None:
    closes = [10.0 + minute % 7 for minute in range(30)]
    bars = [bar("IBM", close, open=12.5, at=60 * minute) for minute, close in enumerate(closes)]
    view = candlesticks(rx.from_iterable(bars))
    pixels = picture(view)
    assert pixels.shape == (view.figure.layout.height, view.figure.layout.width, 3)
    assert green(pixels) > 500
    assert red(pixels) > 500


@pytest.mark.parametrize("count", [1, 2])
def test_few_bars_that_never_move_have_a_picture(count: int) -> None:
    view = candlesticks(rx.of(*(bar("IBM", 10.0, volume=0, at=60 * minute) for minute in range(count))))
    assert green(picture(view)) > 50


def test_end_leaves_the_figure_for_notebooks_that_are_saved() -> None:
    bars = Subject[Bar]()
    view = candlesticks(bars)
    view.figure  # noqa: B018 # only a figure can be kept
    bars.on_next(bar("IBM", at=0))
    view.close()
    kept: Any = view._repr_mimebundle_()["application/vnd.plotly.v1+json"]
    assert [trace["type"] for trace in kept["data"]] == ["candlestick", "bar"]
    assert kept["layout"]["title"]["text"] == "IBM · closed"


def test_error_of_the_stream_is_in_the_figure() -> None:
    bars = Subject[Bar]()
    view = candlesticks(bars)
    figure = view.figure
    bars.on_next(bar("IBM", at=0))
    bars.on_error(ValueError("gone"))
    assert figure.layout.title.text == "IBM · failed: ValueError: gone"


# Depth.


Levels = tuple[tuple[float, float], ...]
BIDS: Levels = ((9.5, 3.0), (9.0, 1.0))
ASKS: Levels = ((10.5, 2.0),)


def book(
    bids: Levels = BIDS,
    asks: Levels = ASKS,
    *,
    at: int = 0,
    symbol: str = "BTC-USD",
    exchange: int | None = None,
) -> Level2Book:
    return Level2Book(symbol=symbol, bids=bids, asks=asks, timestamp=at, exchange=exchange)


def test_sizes_are_summed_up_from_the_best_price_outwards() -> None:
    bids, asks = shown(depth(rx.of(book())))
    assert (bids.x, bids.y) == ((9.5, 9.5, 9.0), (0.0, 3.0, 4.0))
    assert (asks.x, asks.y) == ((10.5, 10.5), (0.0, 2.0))
    assert bids.line.shape == "hv"


def test_latest_book_by_the_exchanges_time_is_shown() -> None:
    view = depth(rx.of(book(at=5), book(bids=((1.0, 1.0),), at=4), book(asks=((11.0, 7.0),), at=6)))
    assert [(trace.x[0], trace.y[-1]) for trace in shown(view)] == [(9.5, 4.0), (11.0, 7.0)]


def test_levels_limit_both_sides() -> None:
    levels = tuple((float(100 - place), 1.0) for place in range(50))
    bids = shown(depth(rx.of(book(bids=levels)), levels=10))[0]
    assert bids.y[-1] == 10.0


def test_empty_side_is_left_out() -> None:
    view = depth(rx.of(book(asks=())))
    assert [trace.name for trace in shown(view)] == ["bids"]
    assert green(picture(view)) > 500
    assert red(picture(view)) == 0


def test_each_exchange_has_a_panel() -> None:
    view = depth(rx.of(book(exchange=1), book(exchange=2), book(symbol="ETH-USD", exchange=1)))
    assert len(shown(view)) == 6
    names = "BTC-USD on exchange 1, BTC-USD on exchange 2, ETH-USD on exchange 1"
    assert view.figure.layout.title.text == f"{names} · completed"
    assert picture(view).shape[0] == view.figure.layout.height


def test_more_books_than_panels_are_counted() -> None:
    view = depth(rx.of(*(book(exchange=number) for number in range(9))))
    assert "and 3 more books" in str(view)
    assert len(shown(view)) == 12


# Answers of the browser.


def test_drawing_waits_while_an_answer_of_the_browser_is_taken_in() -> None:
    clock, bars = TestScheduler(), Subject[Bar]()
    view = candlesticks(bars, scheduler=clock)
    figure = view.figure
    bars.on_next(bar("IBM", at=0))
    drawing = threading.Thread(target=clock.advance_to, args=[1.0], name="drawing")
    was_waiting = []

    def draw_meanwhile(change: object) -> None:
        drawing.start()
        drawing.join(0.1)  # long enough to draw, if nothing kept it
        was_waiting.append(drawing.is_alive())

    figure.observe(draw_meanwhile, "_view_count")
    figure.set_state({"_view_count": 1})
    drawing.join()
    assert was_waiting == [True]
    assert len(shown(view)) == 2
    view.close()
