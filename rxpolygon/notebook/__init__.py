"""Live views of streams in notebooks: tables and charts that redraw themselves, and end cleanly.

They need the extra ``notebook``: ``pip install 'rxpolygon[notebook]'``. Without it, and where no widgets run,
they are static pictures and text.

Example:
    >>> import rxpolygon
    >>> from reactivex import operators as ops
    >>> from rxpolygon.notebook import live_table
    >>> from rxpolygon.simulator import Simulator
    >>> with Simulator(seed=1, speed=60) as server:
    ...     client = rxpolygon.StreamClient("demo", host=server.url)
    ...     trades = client.subscribe_stock_trades(["AAPL"])
    ...     view = live_table(trades)  # in a notebook: the last line of a cell, and more cells below
    ...     with client:
    ...         _ = trades.pipe(ops.take(3)).run()
    >>> # The client's end was the stream's: the view has its last state and no thread.
    >>> print(view)  # doctest: +NORMALIZE_WHITESPACE
    symbol   price  size    time (UTC)
    AAPL    ...
    (1 symbol, ... events · completed)
"""

from rxpolygon.notebook._candlesticks import candlesticks
from rxpolygon.notebook._chart import LiveChart
from rxpolygon.notebook._depth import depth
from rxpolygon.notebook._live_table import live_table
from rxpolygon.notebook._monitor import monitor
from rxpolygon.notebook._tape import tape
from rxpolygon.notebook._view import LiveView

__all__ = ["LiveChart", "LiveView", "candlesticks", "depth", "live_table", "monitor", "tape"]
