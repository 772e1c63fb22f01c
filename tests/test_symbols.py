"""Every spelling of a symbol, and what users may write for ``symbols``."""

from __future__ import annotations

import pytest

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.symbols import normal_symbol, requested_symbols
from rxpolygon.topics import Topic
from rxpolygon.venues.polygon.channels import channel_by_name
from rxpolygon.venues.polygon.requests import requested_topics


@pytest.mark.parametrize(
    ("cluster", "spelling", "normal"),
    [
        ("stocks", "BRK.A", "BRK.A"),
        ("options", "SPY241220P00720000", "O:SPY241220P00720000"),
        ("options", "O:SPY241220P00720000", "O:SPY241220P00720000"),
        ("forex", "USD/CNH", "USD/CNH"),
        ("forex", "USD-CNH", "USD/CNH"),
        ("forex", "C:USDCNH", "USD/CNH"),
        ("forex", "C:USD-CNH", "USD/CNH"),
        ("forex", "USDCNH", "USD/CNH"),
        ("crypto", "BTC-USD", "BTC-USD"),
        ("crypto", "X:BTC-USD", "BTC-USD"),
        ("crypto", "X:BTCUSD", "BTC-USD"),
        ("crypto", "BTC/USDT", "BTC-USDT"),
        ("crypto", "DOGEUSDT", "DOGE-USDT"),
        ("indices", "SPX", "I:SPX"),
        ("indices", "I:SPX", "I:SPX"),
        ("futures", "ESZ5", "ESZ5"),
        ("options", "*", "*"),
    ],
)
def test_symbol_in_any_spelling_has_one_normal_form(cluster: str, spelling: str, normal: str) -> None:
    assert normal_symbol(cluster, spelling) == normal
    assert normal_symbol(cluster, normal) == normal


@pytest.mark.parametrize("everything", [None, [], (), ["*"], "*", "all", ["AAPL", "*"], iter(())])
def test_nothing_and_star_and_all_mean_every_symbol(everything: object) -> None:
    assert requested_symbols(everything) == ["*"]  # type: ignore[arg-type]  # several types on purpose


@pytest.mark.parametrize("symbols", ["ALL", ["ALL"], ["AAPL", "ALL"]])
def test_ticker_that_is_the_word_in_capitals_is_a_ticker(symbols: str | list[str]) -> None:
    """Allstate's, in New York."""
    assert requested_symbols(symbols)[-1] == "ALL"


def test_symbols_keep_their_order_and_come_once() -> None:
    assert requested_symbols(["msft", "AAPL", "MSFT"]) == ["MSFT", "AAPL"]
    assert requested_symbols(["msft"], upper=False) == ["msft"]
    assert requested_symbols("AAPL, MSFT") == ["AAPL", "MSFT"]


@pytest.mark.parametrize("wrong", [5, [5], b"AAPL", [None], {"a": 1}.values()])
def test_symbols_of_a_wrong_type_raise(wrong: object) -> None:
    with pytest.raises(InvalidTypeError, match="symbols must be a str"):
        requested_symbols(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["", [""], "AAPL,,MSFT", ["A B"], ["A,B"], ["A\n"] * 0 + ["A\tB"]])
def test_empty_or_broken_symbols_raise(wrong: str | list[str]) -> None:
    with pytest.raises(InvalidArgumentError, match="ticker"):
        requested_symbols(wrong)


def topics(method: str, market: str, symbols: object, *, upper: bool = True) -> list[str]:
    found = requested_topics(channel_by_name(method, market), market, symbols, upper=upper)  # type: ignore[arg-type]
    return [str(topic) for topic in found]


def test_plain_text_with_prefixes_goes_to_the_wire_exactly() -> None:
    assert topics("stock_trades", "stocks", "T.AAPL,T.msft") == ["T.AAPL", "T.msft"]
    assert topics("stock_trades", "stocks", "T.AAPL,Q.AAPL") == ["T.AAPL", "Q.AAPL"]


def test_plain_text_without_prefix_gets_the_channels() -> None:
    assert topics("stock_trades", "stocks", "AAPL") == ["T.AAPL"]
    assert topics("stock_minute_aggregates", "stocks", "aapl") == ["AM.AAPL"]


def test_symbol_with_a_dot_is_cut_at_the_first_dot_only() -> None:
    assert topics("stock_trades", "stocks", ["BRK.B"]) == ["T.BRK.B"]
    assert topics("stock_trades", "stocks", ["T.BRK.B"]) == ["T.BRK.B"]
    assert topics("stock_trades", "stocks", "T.BRK.B") == ["T.BRK.B"]
    assert topics("stock_second_aggregates", "stocks", ["AM.X"]) == ["A.AM.X"]


def test_option_quotes_take_no_wildcard_and_a_thousand_names() -> None:
    with pytest.raises(InvalidArgumentError, match="at most 1,000"):
        topics("option_quotes", "options", None)
    with pytest.raises(InvalidArgumentError, match="at most 1,000"):
        topics("option_quotes", "options", [f"O:A{n}" for n in range(1001)])
    assert len(topics("option_quotes", "options", [f"O:A{n}" for n in range(1000)])) == 1000


def test_topic_shows_as_the_wire_has_it() -> None:
    assert str(Topic("XL2", "BTC-USD")) == "XL2.BTC-USD"
    assert Topic("T", "*").is_wildcard
    assert Topic("T", "A").wildcard == Topic("T", "*")
