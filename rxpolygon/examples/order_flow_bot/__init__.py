"""A bot that follows the order flow, with fills against the quotes.

    python -m rxpolygon.examples.order_flow_bot --seconds 10          live, on a simulated market
    python -m rxpolygon.examples.order_flow_bot day.jsonl.gz          on a recording, as fast as it goes

Who buys at the offer is in a hurry, and so is who sells at the bid. The bot sums up both, forgetting with a
half-life, and goes with the side that clearly prevails: long, short or flat, one lot. Its orders reach the
market a moment after the trade that caused them, and are filled at the bid or offer in force by then; so what
it costs to cross the spread, and what a quote does in a hundred milliseconds, is in the result. It shows how
a bot is built, not how money is made.

The strategy is one pipeline, :func:`order_flow`, of trades and quotes to fills. It looks at no clock and
keeps no state of its own, so it runs unchanged on a live client, on a replay and in a marble test::

    client = StreamClient("key")                    # or ReplayClient("day.jsonl.gz", speed="max")
    fills = order_flow(client.subscribe_stock_trades("IBM"), client.subscribe_stock_quotes("IBM"))
    fills.subscribe(print)
    client.start_stream_thread()
"""

from rxpolygon.examples.order_flow_bot.strategy import Account, Fill, Settings, accounts, order_flow, trade_on

__all__ = ["Account", "Fill", "Settings", "accounts", "order_flow", "trade_on"]
