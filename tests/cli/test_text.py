"""Lines, columns and JSON, without a stream."""

from __future__ import annotations

import json
import threading
from math import inf, nan

import msgspec
import pytest
from reactivex import Subject

from rxpolygon.cli.columns import BarLines, amount_text, price_text
from rxpolygon.cli.ends import Ends
from rxpolygon.cli.json_lines import json_line
from rxpolygon.cli.lines import Lines
from rxpolygon.events import LimitUpLimitDown, MinuteAggregate, Trade, UnknownEvent
from rxpolygon.operators import Bar
from tests.support import PATIENCE

AT = 1_748_871_000_000


def bar(**changes: object) -> Bar:
    made = Bar(
        symbol="IBM",
        start=AT,
        end=AT + 60_000,
        open=10.0,
        high=12.0,
        low=9.5,
        close=11.0,
        volume=1_234.0,
        vwap=10.55,
        count=7,
    )
    return msgspec.structs.replace(made, **changes)


def test_json_line_gives_a_server_bar_its_timestamp() -> None:
    minute = MinuteAggregate(symbol="IBM", open=1.0, start=AT)
    found = json.loads(json_line(minute))
    assert found["type"] == "MinuteAggregate"
    assert (found["timestamp"], found["start"], found["end"]) == (AT, AT, AT + 60_000)


def test_json_line_of_an_unknown_event_holds_what_the_server_sent() -> None:
    found = json.loads(json_line(UnknownEvent(kind="NEW", data={"ev": "NEW", "a": [1]}, symbol="IBM")))
    assert found == {"type": "UnknownEvent", "symbol": "IBM", "kind": "NEW", "data": {"ev": "NEW", "a": [1]}}


def test_json_line_keeps_the_exact_timestamp() -> None:
    band = LimitUpLimitDown(symbol="IBM", high=2.0, low=1.0, wire_timestamp=AT * 1_000 + 7)
    assert json.loads(json_line(band))["timestamp_ns"] == AT * 1_000_000 + 7_000


@pytest.mark.parametrize("text", ["\x9b2J", "\x7f", "\u202e", "é\U000e0001", "\x1b[2J"])
def test_json_line_escapes_what_steers_a_terminal(text: str) -> None:
    line = json_line(Trade(symbol=text, id="日本", price=1.0)).decode()
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line)["symbol"] == text
    assert "日本" in line


def test_bar_lines_begin_each_day_with_a_heading() -> None:
    line_of = BarLines("stocks")
    lines = [line_of(bar(start=AT + hours * 3_600_000)).decode() for hours in (0, 1, 24)]
    assert [line.count("\n") for line in lines] == [3, 1, 3]
    assert lines[2].startswith("2025-06-03\n")


@pytest.mark.parametrize(
    ("market", "price"), [("crypto", 104_500.03), ("stocks", 745_000.0), ("crypto", 8.12e-06)]
)
def test_columns_grow_with_prices_and_keep_apart(market: str, price: float) -> None:
    line_of = BarLines(market)
    first = line_of(bar(symbol="A")).decode()
    prices = dict.fromkeys(("open", "high", "low", "close", "vwap"), price)
    again = line_of(bar(symbol="B", **prices)).decode()
    day, heading, line = again.splitlines()
    assert (first.splitlines()[0], first.count("\n"), again.count("\n")) == (day, 3, 3)
    assert [float(text) for text in line.split()[2:6]] == [price] * 4
    for column, text in zip(heading.split()[2:], line.split()[2:], strict=True):
        assert heading.index(column) + len(column) == line.index(text, heading.index(column) - 9) + len(text)
    assert line_of(bar(symbol="C")).count(b"\n") == 1


def test_bar_lines_show_a_number_that_is_no_time_as_a_dash() -> None:
    line = BarLines("stocks")(bar(start=10**18)).decode()
    assert line.startswith("-\n")
    assert line.splitlines()[2].startswith("-         IBM ")


def test_bar_lines_name_a_revision() -> None:
    assert BarLines("stocks")(bar(revision=2)).endswith(b" revision 2\n")


def test_bar_lines_show_a_foreign_symbol_harmlessly() -> None:
    assert b"\x1b" not in BarLines("stocks")(bar(symbol="\x1b[2J"))


@pytest.mark.parametrize(
    ("price", "fine", "text"),
    [
        (12_345.678, False, "12345.68"),
        (0.0, False, "0.00"),
        (0.1234, False, "0.1234"),
        (-1.25, False, "-1.25"),
        (151.2436, True, "151.244"),
        (42.1, True, "42.1000"),
        (0.8812, True, "0.88120"),
        (0.0000123, True, "0.00001230"),
        (inf, True, "inf"),
        (nan, True, "nan"),
    ],
)
def test_price_text_has_the_decimals_of_its_size(price: float, fine: bool, text: str) -> None:
    assert price_text(price, fine=fine) == text


@pytest.mark.parametrize("amount", [0.0, 0.00001234, 99.99, 1e5, 999_999.4, 1e6, 2.5e9])
def test_amount_text_takes_few_columns(amount: float) -> None:
    assert len(amount_text(amount)) <= 8


def written(capfdbinary: pytest.CaptureFixture[bytes]) -> bytes:
    return capfdbinary.readouterr().out


def test_lines_end_at_their_limit(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = Lines(limit=2)
    for number in range(5):
        lines.put(b"%d\n" % number)
    lines.write()
    assert written(capfdbinary) == b"0\n1\n"


def test_lines_of_another_thread_arrive_in_order(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = Lines()
    expected = [b"%06d %s\n" % (number, b"x" * 100) for number in range(30_000)]

    def put_all() -> None:
        for line in expected:
            lines.put(line)
        lines.end()

    thread = threading.Thread(target=put_all)
    thread.start()
    lines.write()
    thread.join()
    assert written(capfdbinary) == b"".join(expected)


def test_lines_let_a_waiting_thread_go_at_the_end() -> None:
    lines = Lines()

    def put_more_than_may_wait() -> None:
        for _ in range(3_000):
            lines.put(b"x" * 1_000)

    thread = threading.Thread(target=put_more_than_may_wait)
    thread.start()
    lines.end()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_line_that_cannot_be_made_ends_all_streams() -> None:
    first: Subject[int] = Subject()
    over = threading.Event()
    ends = Ends(over.set)
    ends.observe({"first": first, "second": Subject()}, lambda _: None)
    first.on_error(ZeroDivisionError())  # which is none of the library's
    assert over.is_set()
    assert isinstance(ends.error, ZeroDivisionError)
