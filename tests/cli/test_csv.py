"""``--csv``: what a table program reads, and the same values as the JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxpolygon.cli.csv_lines import CsvLines
from rxpolygon.cli.json_lines import json_line
from rxpolygon.events import Level2Book, Quote, Trade
from rxpolygon.simulator import Simulator
from tests.cli.processes import Outcome, connection
from tests.cli.test_replay import quote, recording, trade

Command = Callable[..., Outcome]

_HEADING = (
    "type,symbol,timestamp,price,size,exchange,id,tape,conditions,sequence_number,participant_timestamp,"
    "fractional_size,trf_id,trf_timestamp"
)


def rows(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return list(reader)


def value(cell: str) -> object:
    """A cell as the JSON lines have it."""
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def test_replay_as_csv_has_the_values_of_the_json_lines(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [{**trade(0), "c": [12, 37]}, quote(1), trade(2)])
    found = rows(command("replay", str(path), "--csv").out)
    lines = [json.loads(line) for line in command("replay", str(path), "--json").out.splitlines()]
    assert len(found) == 3
    for row, expected in zip(found, lines, strict=True):
        text = {name for name, it in expected.items() if isinstance(it, str)}
        given = {name: cell if name in text else value(cell) for name, cell in row.items() if cell}
        assert given == expected


def test_csv_has_one_heading_and_the_line_ends_of_the_rfc(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(0), trade(1)])
    outcome = command("replay", str(path), "--csv", "--channel", "stock_trades")
    assert outcome.out.split("\r\n") == [
        _HEADING,
        "Trade,IBM,1748871000000,100.0,5.0,1,0,,,,,,,",
        "Trade,IBM,1748871010000,101.0,5.0,1,1,,,,,,,",
        "",
    ]


def test_csv_of_bars_has_one_heading_too(command: Command, tmp_path: Path) -> None:
    path = recording(tmp_path / "day.jsonl", [trade(number) for number in range(14)])
    found = rows(command("replay", str(path), "--bars", "1m", "--csv").out)
    assert [(row["type"], row["start"], row["open"], row["close"], row["is_final"]) for row in found] == [
        ("Bar", "1748871000000", "100.0", "105.0", "true"),
        ("Bar", "1748871060000", "106.0", "111.0", "true"),
        ("Bar", "1748871120000", "112.0", "113.0", "true"),
    ]


def test_the_limit_counts_rows_and_not_the_heading(command: Command, market: Simulator) -> None:
    options = ["--channel", "stock_trades", "--symbols", "AAPL", "--csv", "--limit", "2"]
    outcome = command("stream", *options, *connection(market.url))
    assert outcome.status == 0
    assert [row["symbol"] for row in rows(outcome.out)] == ["AAPL", "AAPL"]


def test_live_bars_as_csv(command: Command, market: Simulator) -> None:
    outcome = command("bars", "--symbols", "AAPL", "--csv", "--limit", "2", *connection(market.url))
    first, second = rows(outcome.out)
    assert int(second["start"]) == int(first["end"]) == int(first["start"]) + 60_000
    assert float(first["low"]) <= float(first["open"]) <= float(first["high"])


def test_columns_do_not_depend_on_what_comes_first(command: Command, tmp_path: Path) -> None:
    one = recording(tmp_path / "one.jsonl", [trade(0), quote(1)])
    other = recording(tmp_path / "other.jsonl", [quote(0), trade(1)])
    headings = [command("replay", str(path), "--csv").out.splitlines()[0] for path in (one, other)]
    assert headings[0] == headings[1]
    assert {"price", "bid_price", "vwap", "high"} <= set(headings[0].split(","))


@pytest.mark.parametrize("name", ["stream", "bars"])
def test_json_and_csv_exclude_one_another(command: Command, name: str) -> None:
    outcome = command(name, "--json", "--csv", "--api-key", "demo")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.reason == "--json and --csv exclude one another: give one of them"


def test_levels_of_a_book_are_json_in_their_cell() -> None:
    book = Level2Book(symbol="BTC-USD", bids=((10.0, 1.0),), asks=(), timestamp=5)
    lines = CsvLines([Level2Book])
    [row] = rows((lines.heading + lines(book)).decode())
    assert json.loads(row["bids"]) == json.loads(json_line(book))["bids"] == [[10.0, 1.0]]


@given(st.text(), st.one_of(st.none(), st.text()), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_comes_back_in_one_row_and_steers_no_terminal(
    symbol: str, identity: str | None, price: float
) -> None:
    lines = CsvLines([Trade, Quote])
    line = lines(Trade(symbol=symbol, id=identity, price=price)).decode()
    [row] = rows(lines.heading.decode() + line)
    assert line.removesuffix("\r\n").isprintable()
    if symbol.isprintable():
        assert row["symbol"] == symbol
    assert float(row["price"]) == price
