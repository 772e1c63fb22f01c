"""The vendor's own Python client on the simulator, unchanged, on every market."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from massive import WebSocketClient
from massive.exceptions import AuthError

from rxpolygon.simulator import Simulator
from tests.simulator.markets import REGULAR_HOURS
from tests.simulator.wire import PATIENCE

# The client's models, and which of their fields real servers leave out too.
OPTIONAL = {
    "EquityTrade": {"fractional_shares", "trf_id", "trf_timestamp"},
    "EquityQuote": {"indicators", "trf_id", "trf_timestamp"},
    "EquityAgg": {"otc", "fractional_volume", "fractional_accumulated_volume"},
}
OPTION_TRADE = {"id", "tape", *OPTIONAL["EquityTrade"]}
OPTION_QUOTE = {"tape", *OPTIONAL["EquityQuote"]}
INDEX_BAR = {
    "volume",
    "accumulated_volume",
    "vwap",
    "aggregate_vwap",
    "average_size",
    *OPTIONAL["EquityAgg"],
}
FOREX_BAR = {"vwap", "avg_trade_size"}

CASES: list[tuple[str, str, str, set[str]]] = [
    ("stocks", "T.*", "EquityTrade", OPTIONAL["EquityTrade"]),
    ("stocks", "Q.*", "EquityQuote", OPTIONAL["EquityQuote"]),
    ("stocks", "A.*", "EquityAgg", OPTIONAL["EquityAgg"]),
    ("stocks", "AM.*", "EquityAgg", OPTIONAL["EquityAgg"]),
    ("stocks", "LULD.*", "LimitUpLimitDown", set()),
    ("stocks", "NOI.*", "Imbalance", set()),
    ("stocks", "FMV.*", "FairMarketValue", set()),
    ("stocks", "LV.*", "LaunchpadValue", set()),
    ("options", "T.*", "EquityTrade", OPTION_TRADE),
    ("options", "Q.O:SPY271217C00600000", "EquityQuote", OPTION_QUOTE),
    ("options", "A.*", "EquityAgg", OPTIONAL["EquityAgg"]),
    ("options", "AM.*", "EquityAgg", OPTIONAL["EquityAgg"]),
    ("options", "FMV.*", "FairMarketValue", set()),
    ("forex", "C.*", "ForexQuote", set()),
    ("forex", "CAS.*", "CurrencyAgg", FOREX_BAR),
    ("forex", "CA.*", "CurrencyAgg", FOREX_BAR),
    ("forex", "AM.*", "EquityAgg", OPTIONAL["EquityAgg"]),
    ("forex", "LV.*", "LaunchpadValue", set()),
    ("crypto", "XT.*", "CryptoTrade", set()),
    ("crypto", "XQ.*", "CryptoQuote", set()),
    ("crypto", "XL2.*", "Level2Book", set()),
    ("crypto", "XAS.*", "CurrencyAgg", set()),
    ("crypto", "XA.*", "CurrencyAgg", set()),
    ("crypto", "FMV.*", "FairMarketValue", set()),
    ("indices", "V.*", "IndexValue", set()),
    ("indices", "A.*", "EquityAgg", INDEX_BAR),
    ("indices", "AM.*", "EquityAgg", INDEX_BAR),
    ("futures", "T.*", "FuturesTrade", set()),
    ("futures", "Q.*", "FuturesQuote", set()),
    ("futures", "A.*", "FuturesAgg", set()),
    ("futures/cme", "AM.*", "FuturesAgg", set()),
]


def listen(simulator: Simulator, market: str, subscriptions: list[str], count: int, key: str = "demo") -> Any:
    """The first messages that the vendor's client hands over."""

    async def run() -> list[Any]:
        seen: list[Any] = []
        client = WebSocketClient(
            api_key=key,
            feed=simulator.url.removeprefix("ws://"),
            market=market,
            subscriptions=subscriptions,
            secure=False,
        )

        async def take(messages: list[Any]) -> None:
            seen.extend(messages)
            if len(seen) >= count:
                await client.close()

        try:
            # While a full queue keeps it from reading it would not see the answer to its close.
            connected = client.connect(take, close_timeout=int(PATIENCE), max_queue=None)
            await asyncio.wait_for(connected, PATIENCE)
        finally:
            if client.websocket is not None:
                # After a refused login the client leaves its connection open.
                await client.close()
        return seen

    return asyncio.run(run())


@pytest.mark.parametrize(("market", "topic", "model", "optional"), CASES)
def test_vendor_client_fills_every_field(market: str, topic: str, model: str, optional: set[str]) -> None:
    with Simulator(start=REGULAR_HOURS, speed=300) as simulator:
        for message in listen(simulator, market, [topic], 5):
            assert type(message).__name__ == model
            values = {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
            assert {name for name, value in values.items() if value is None} <= optional
            assert message.event_type == topic.partition(".")[0]


def test_vendor_client_with_a_wrong_key_gives_up() -> None:
    with Simulator(market=False) as simulator, pytest.raises(AuthError, match="authentication failed"):
        listen(simulator, "stocks", ["T.*"], 1, key="wrong")


def test_vendor_client_gets_only_what_it_subscribed_to() -> None:
    with Simulator(start=REGULAR_HOURS, speed=100) as simulator:
        messages = listen(simulator, "stocks", ["T.AAPL", "Q.IBM"], 50)
    assert {(message.event_type, message.symbol) for message in messages} == {("T", "AAPL"), ("Q", "IBM")}
