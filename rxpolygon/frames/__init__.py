"""Streams as dataframes and Parquet files, and dataframes as streams; needs the extra ``frames``.

Example:
    >>> import reactivex as rx
    >>> from rxpolygon import frames
    >>> from rxpolygon.events import Trade
    >>> trades = [Trade(symbol="A", price=price, timestamp=1_000 * price) for price in (1, 2, 3)]
    >>> kept = []
    >>> _ = rx.of(*trades).pipe(frames.to_frame(count=100)).subscribe(kept.append)
    >>> kept[0]["price"].sum()
    6.0
    >>> _ = frames.from_frame(kept[0], Trade).subscribe(lambda trade: print(trade.timestamp))
    1000
    2000
    3000
"""

from rxpolygon.frames._from_frame import from_frame
from rxpolygon.frames._parquet import to_parquet
from rxpolygon.frames._parts import PartFile
from rxpolygon.frames._to_frame import arrow_schema, frame, to_arrow, to_frame

__all__ = ["PartFile", "arrow_schema", "frame", "from_frame", "to_arrow", "to_frame", "to_parquet"]
