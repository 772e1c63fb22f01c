"""The vendor's own Python client on the simulator, unchanged: it asks for msgpack and speaks it too."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Amend, Cut, RefuseLogin, Reorder
from tests.alpaca_simulator.samples import STOCKS
from tests.alpaca_simulator.wire import PATIENCE
from tests.simulator.markets import REGULAR_HOURS
from tests.support import wait_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it stands on the old half of websockets
    from alpaca.data.enums import Exchange
    from alpaca.data.live.crypto import CryptoDataStream
    from alpaca.data.live.option import OptionDataStream
    from alpaca.data.live.stock import StockDataStream

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Handler = Callable[[Any], Any]


class Seen:
    """What a handler got, in order, with the handler."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def handle(self, item: Any) -> None:
        self.items.append(item)

    def wait(self, count: int) -> list[Any]:
        wait_for(lambda: len(self.items) >= count, PATIENCE)
        return list(self.items)


@contextmanager
def running(stream: Any, simulator: Simulator) -> Iterator[None]:
    """The client's ``run`` in a thread of its own, ended by its ``stop``."""
    thread = threading.Thread(target=stream.run, name="vendor")
    thread.start()
    try:
        yield
    finally:
        stream.stop()
        # It looks whether it shall stop with each frame, and every five seconds.
        simulator.send_raw(b"\x90", binary=True)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def stocks(simulator: Simulator, **options: Any) -> StockDataStream:
    return StockDataStream("demo", "secret", url_override=simulator.url, **options)


def iso(text: str) -> datetime:
    """An instant, cut to the microseconds that a datetime holds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC, microsecond=int(fraction.ljust(9, "0")[:6]))


def test_every_kind_of_message_becomes_the_model_of_the_vendor() -> None:
    faults = [Amend(share=0.3, within=0.5), Reorder(share=0.1, within=10)]
    kinds = [
        "Trade",
        "Quote",
        "Bar",
        "UpdatedBar",
        "DailyBar",
        "TradingStatus",
        "TradeCorrection",
        "TradeCancel",
    ]
    seen = {kind: Seen() for kind in kinds}
    with Simulator(venue="alpaca", start=REGULAR_HOURS, speed=300, faults=faults) as simulator:
        stream = stocks(simulator)
        stream.subscribe_trades(seen["Trade"].handle, "AAPL", "IBM")
        stream.subscribe_quotes(seen["Quote"].handle, "AAPL")
        stream.subscribe_bars(seen["Bar"].handle, "*")
        stream.subscribe_updated_bars(seen["UpdatedBar"].handle, "*")
        stream.subscribe_daily_bars(seen["DailyBar"].handle, "KO")
        stream.subscribe_trading_statuses(seen["TradingStatus"].handle, "*")
        stream.register_trade_corrections(seen["TradeCorrection"].handle)
        stream.register_trade_cancels(seen["TradeCancel"].handle)
        with running(stream, simulator):
            for kind in kinds:
                for model in seen[kind].wait(3)[:50]:
                    assert type(model).__name__ == {"UpdatedBar": "Bar", "DailyBar": "Bar"}.get(kind, kind)
                    missing = {name for name, value in model.model_dump().items() if value is None}
                    assert missing == set()
            assert simulator.subscriptions == {
                1: frozenset(
                    {
                        "trades.AAPL",
                        "trades.IBM",
                        "quotes.AAPL",
                        "bars.*",
                        "updatedBars.*",
                        "dailyBars.KO",
                        "statuses.*",
                    }
                )
            }
    assert {trade.symbol for trade in seen["Trade"].items} == {"AAPL", "IBM"}


def test_values_of_pushed_messages_are_those_of_the_models(quiet: Simulator) -> None:
    trades, quotes, bars, statuses, corrections, cancels = (Seen() for _ in range(6))
    stream = stocks(quiet)
    stream.subscribe_trades(trades.handle, "*")
    stream.subscribe_quotes(quotes.handle, "AMD")
    stream.subscribe_bars(bars.handle, "SPY")
    stream.subscribe_trading_statuses(statuses.handle, "AAPL")
    stream.register_trade_corrections(corrections.handle)
    stream.register_trade_cancels(cancels.handle)
    with running(stream, quiet):
        quiet.wait_for(lambda sim: sim.subscriptions, PATIENCE)
        quiet.push("v2/iex", [message for _, message, _ in STOCKS.values()])
        (trade,) = trades.wait(1)
        (quote,) = quotes.wait(1)
        (bar,) = bars.wait(1)
        (status,) = statuses.wait(1)
        (correction,) = corrections.wait(1)
        (cancel,) = cancels.wait(1)
    assert trade.model_dump() == {
        "symbol": "AAPL",
        "timestamp": iso("2021-02-22T15:51:44.208Z"),
        "exchange": Exchange.D,
        "price": 126.55,
        "size": 1.0,
        "id": 96921,
        "conditions": ["@", "I"],
        "tape": "C",
    }
    assert quote.model_dump() == {
        "symbol": "AMD",
        "timestamp": iso("2021-02-22T15:51:45.335689322Z"),
        "bid_price": 87.66,
        "bid_size": 1.0,
        "bid_exchange": Exchange.U,
        "ask_price": 87.68,
        "ask_size": 4.0,
        "ask_exchange": Exchange.Q,
        "conditions": ["R"],
        "tape": "C",
    }
    assert (bar.open, bar.high, bar.low, bar.close) == (388.985, 389.13, 388.975, 389.12)
    assert (bar.volume, bar.trade_count, bar.vwap) == (49378, 461, 389.062639)
    assert bar.timestamp == iso("2021-02-22T19:15:00Z")
    assert (status.status_code, status.reason_code, status.tape) == ("H", "T12", "C")
    assert (correction.original_id, correction.original_price) == (52983525033527, 39.1582)
    assert (correction.corrected_id, correction.corrected_price) == (52983525034326, 39.1809)
    assert correction.corrected_conditions == [" ", "7"]
    assert (cancel.id, cancel.price, cancel.size, cancel.action) == (465, 105.31, 300, "C")


def test_raw_data_are_the_messages_of_the_wire(quiet: Simulator) -> None:
    seen = Seen()
    stream = stocks(quiet, raw_data=True)
    stream.subscribe_trades(seen.handle, "AAPL")
    _, message, at_ns = STOCKS["trade"]
    with running(stream, quiet):
        quiet.wait_for(lambda sim: sim.subscriptions, PATIENCE)
        quiet.push("v2/iex", message)
        (received,) = seen.wait(1)
    stamp = received.pop("t")
    assert stamp.to_unix_nano() == at_ns
    assert received == {name: value for name, value in message.items() if name != "t"}


def test_client_subscribes_and_unsubscribes_while_it_runs(quiet: Simulator) -> None:
    seen = Seen()
    stream = stocks(quiet)
    stream.subscribe_trades(seen.handle, "AAPL")
    with running(stream, quiet):
        quiet.wait_for(lambda sim: sim.subscriptions.get(1) == frozenset({"trades.AAPL"}), PATIENCE)
        # Until its own flag is up, the client keeps a subscription for its next connection.
        wait_for(lambda: stream._running, PATIENCE)
        stream.subscribe_trades(seen.handle, "IBM")
        quiet.wait_for(
            lambda sim: sim.subscriptions.get(1) == frozenset({"trades.AAPL", "trades.IBM"}), PATIENCE
        )
        stream.unsubscribe_trades("AAPL")
        quiet.wait_for(lambda sim: sim.subscriptions.get(1) == frozenset({"trades.IBM"}), PATIENCE)


def test_client_with_thousands_of_symbols_sends_fragments(quiet: Simulator) -> None:
    seen = Seen()
    stream = stocks(quiet)
    stream.subscribe_trades(seen.handle, *(f"SYM{number}" for number in range(9_000)))
    with running(stream, quiet):
        topics = quiet.wait_for(lambda sim: sim.subscriptions.get(1), PATIENCE)
        assert topics is not None
        assert len(topics) == 9_000


def test_client_comes_back_after_a_cut(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "alpaca")
    seen = Seen()
    faults = [Cut(connection=1, after_frames=3)]
    with Simulator(venue="alpaca", start=REGULAR_HOURS, speed=60, faults=faults) as simulator:
        stream = stocks(simulator)
        stream.subscribe_trades(seen.handle, "*")
        with running(stream, simulator):
            simulator.wait_for(lambda sim: sim.subscriptions.get(2), PATIENCE)
            before = len(seen.items)
            seen.wait(before + 10)


def test_client_without_the_feed_in_its_plan_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "alpaca")
    with Simulator(venue="alpaca", market=False, clusters=["v2/test"]) as simulator:
        stream = stocks(simulator)
        stream.subscribe_trades(Seen().handle, "AAPL")
        thread = threading.Thread(target=_run_to_its_end, args=(stream,))
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert simulator.connections == 1


def _run_to_its_end(stream: StockDataStream) -> None:
    import asyncio

    asyncio.run(stream._run_forever())


def test_client_whose_login_is_refused_once_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "alpaca")
    with Simulator(venue="alpaca", market=False, faults=[RefuseLogin()]) as simulator:
        stream = stocks(simulator)
        stream.subscribe_trades(Seen().handle, "AAPL")
        with running(stream, simulator):
            simulator.wait_for(lambda sim: sim.subscriptions.get(2) == frozenset({"trades.AAPL"}), PATIENCE)


def test_crypto_stream_of_the_vendor() -> None:
    seen = {kind: Seen() for kind in ("Trade", "Quote", "Bar", "Orderbook")}
    with Simulator(venue="alpaca", start=REGULAR_HOURS, speed=200) as simulator:
        stream = CryptoDataStream("demo", "secret", url_override=simulator.url_of("v1beta3/crypto/us"))
        stream.subscribe_trades(seen["Trade"].handle, "BTC/USD")
        stream.subscribe_quotes(seen["Quote"].handle, "*")
        stream.subscribe_bars(seen["Bar"].handle, "ETH/USD")
        stream.subscribe_orderbooks(seen["Orderbook"].handle, "BTC/USD")
        with running(stream, simulator):
            for kind, one in seen.items():
                assert {type(model).__name__ for model in one.wait(3)} == {kind}
    assert seen["Trade"].items[0].symbol == "BTC/USD"
    book = seen["Orderbook"].items[0]
    assert book.bids[0].price < book.asks[0].price
    assert book.reset


def test_option_stream_of_the_vendor() -> None:
    trades, quotes = Seen(), Seen()
    contract = "SPY271217C00600000"
    with Simulator(venue="alpaca", start=REGULAR_HOURS, speed=200) as simulator:
        stream = OptionDataStream("demo", "secret", url_override=simulator.url_of("v1beta1/indicative"))
        stream.subscribe_trades(trades.handle, contract)
        stream.subscribe_quotes(quotes.handle, contract)
        with running(stream, simulator):
            assert {(type(t).__name__, t.symbol) for t in trades.wait(3)} == {("Trade", contract)}
            assert {(type(q).__name__, q.symbol) for q in quotes.wait(3)} == {("Quote", contract)}
