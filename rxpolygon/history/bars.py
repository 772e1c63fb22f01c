"""Bars of files, made of whole columns: what ``time_bars`` makes of the events, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.history.columns import NS, Columns, codes_of
from rxpolygon.history.packages import polars
from rxpolygon.history.sorting import sorted_frames
from rxpolygon.operators import Bar, SaleRules, Session
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._grid import Grid, make_grid
from rxpolygon.operators._new_york import day_of
from rxpolygon.operators._sales import (
    HIGH_LOW,
    HIGH_LOW_FIRST,
    HIGH_LOW_OFF_HOURS,
    OPEN_CLOSE,
    OPEN_CLOSE_FIRST,
    OPEN_CLOSE_OFF_HOURS,
    PLAIN,
    VOLUME,
    EveryTrade,
    TableRules,
)

__all__ = ["FIELDS", "BarColumns", "BarSettings"]

#: The fields of events that bars are made of.
FIELDS: Final = frozenset({"price", "size", "conditions", "sequence_number", "bid_price", "ask_price"})

_HOUR_MS: Final = 3_600_000
_FIRST: Final = HIGH_LOW_FIRST | OPEN_CLOSE_FIRST
_OFF_HOURS: Final = HIGH_LOW_OFF_HOURS | OPEN_CLOSE_OFF_HOURS
_MOST_SUMS: Final = 50_000  # sorted in memory at once, some 10 MB
_PIECE: Final = 8_192
_KEYS: Final = ["symbol", "start"]

# Any, throughout: polars frames and expressions; the package is optional.


class BarSettings(Struct, frozen=True):
    """The arguments of ``HistorySource.bars``, checked.

    Attributes:
        every: A window's length in ms.
        offset: Shift of all windows in ms.
        session: The hours that count.
        grid: The windows.
        sales: Which trades may change which figures.
    """

    every: int
    offset: int
    session: Session | None
    grid: Grid
    sales: SaleRules[Any]

    @classmethod
    def of(
        cls,
        every: str | timedelta,
        offset: str | timedelta,
        session: Session | None,
        sales: SaleRules[Any],
    ) -> BarSettings:
        """Check the arguments.

        Raises:
            InvalidArgumentError: A length, or a combination of arguments, that is not allowed.
        """
        grid = make_grid(every, offset, session)
        if not isinstance(sales, (TableRules, EveryTrade)):
            allowed = (
                "SaleRules.SIP, EVERY_TRADE, or rules from_table; for predicates of your own let time_bars "
                "have the events"
            )
            raise InvalidArgumentError("sales", sales, allowed)
        return cls(
            to_milliseconds("every", every),
            to_milliseconds("offset", offset, allow_zero=True),
            session,
            grid,
            sales,
        )


class BarColumns:
    """Sums up prepared frames, in whatever order their rows are, to bars in the order of time.

    Args:
        columns: What the frames hold.
        settings: What the bars are to be.
    """

    def __init__(self, columns: Columns, settings: BarSettings) -> None:
        self._columns = columns
        self._settings = settings
        kind = columns.layout.event
        self._is_quote = not hasattr(kind, "price")
        self._has_sequence = "sequence_number:int" in columns.prepared_names
        self._rules: TableRules | None = None
        if isinstance(settings.sales, TableRules) and settings.sales.applies_to(kind) and not self._is_quote:
            self._rules = settings.sales
        self._bits: dict[str | None, int] = {}
        self._parts = 0  # frames so far: of equal instants the earlier frame's is earlier
        #: The newest instant of an event with a price, Unix ms; None before the first.
        self.newest: int | None = None
        # When the last bar of a symbol with a price of its own began.
        self._last: dict[str, int] = {}

    def bars(self, frames: Iterable[Any], run_rows: int) -> Iterator[Bar]:
        """Bars in the order of their start, then of their symbol, once all frames are read.

        Args:
            frames: Prepared frames.
            run_rows: Sums that are sorted in memory at once.
        """
        parts = (part for frame in frames if (part := self._part(frame)).height)
        for sums in sorted_frames(parts, min(run_rows, _MOST_SUMS)):
            for piece in self._joined(sums).iter_slices(_PIECE):
                yield from self._made(piece)

    def _part(self, frame: Any) -> Any:
        """The sums of a frame's rows by symbol and window."""
        pl = polars()
        self._parts += 1
        rows = self._with_bits(self._in_windows(self._amounts(frame)))
        rows = _in_order(rows.filter((pl.col("bits") & PLAIN) != 0))
        bits, price, size = pl.col("bits"), pl.col("price"), pl.col("size")
        opens = ((bits & OPEN_CLOSE) != 0) & ((bits & OPEN_CLOSE_FIRST) == 0)
        extremes = ((bits & HIGH_LOW) != 0) & ((bits & HIGH_LOW_FIRST) == 0)
        counts = (bits & VOLUME) != 0
        firsts = (bits & _FIRST) != 0
        return (
            rows.group_by(_KEYS)
            .agg(
                pl.col("end").first(),
                *_picked("open", opens, "first"),
                *_picked("close", opens, "last"),
                price.filter(extremes).max().alias("high"),
                price.filter(extremes).min().alias("low"),
                size.filter(counts).sum().alias("volume"),
                (price * size).filter(counts).sum().alias("value"),
                pl.len().cast(pl.Int64).alias("count"),
                *_picked("first", firsts, "first"),
                bits.filter(firsts).first().alias("first_bits"),
            )
            .with_columns((pl.col("start") * 1_000_000).alias(NS), part=pl.lit(self._parts, pl.Int64))
        )

    def _amounts(self, frame: Any) -> Any:
        """Symbol, instant, rank, price and size of what has a price."""
        pl = polars()
        symbols = pl.col(self._columns.symbol_column)
        if self._is_quote:
            bid, ask = pl.col("bid_price:float"), pl.col("ask_price:float")
            has_price = (bid != 0) & (ask != 0)  # a side at 0 is how the tapes say that there is none
            price, size = (bid + ask) / 2, pl.lit(1.0)
        else:
            price, size = pl.col("price:float"), pl.col("size:float")
            has_price = price.is_not_null() & size.is_not_null()
        rank = pl.col("sequence_number:int").fill_null(0) if self._has_sequence else pl.lit(0, pl.Int64)
        rows = frame.filter(has_price).select(
            symbols.alias("symbol"),
            pl.col(NS).alias("ns"),
            (pl.col(NS) // 1_000_000).alias("at"),
            rank.alias("rank"),
            price.alias("price"),
            size.alias("size"),
            *(
                ["conditions:codes"]
                if self._rules is not None and "conditions:codes" in frame.columns
                else []
            ),
        )
        found = rows["symbol"].unique().to_list()
        spelled = {symbol: normal for symbol in found if (normal := self._columns.normal(symbol)) != symbol}
        if spelled:
            rows = rows.with_columns(pl.col("symbol").replace(spelled))
        newest = rows["at"].max()
        if newest is not None:
            self.newest = newest if self.newest is None else max(self.newest, newest)
        return rows

    def _in_windows(self, rows: Any) -> Any:
        pl = polars()
        settings = self._settings
        if settings.session is None:
            start = pl.col("at") - (pl.col("at") - settings.offset % settings.every) % settings.every
            return rows.with_columns(start.alias("start"), (start + settings.every).alias("end"))
        if not rows.height:
            return rows.with_columns(start=pl.col("at"), end=pl.col("at"))
        spans = list(self._spans_over(rows["at"].min(), rows["at"].max()))
        starts = pl.Series([start for start, _, _ in spans], dtype=pl.Int64)
        places = starts.search_sorted(rows["at"], side="right") - 1
        windows = pl.DataFrame(spans, schema=["start", "end", "is_open"], orient="row")[places]
        return rows.with_columns(windows["start"], windows["end"]).filter(windows["is_open"])

    def _spans_over(self, oldest: int, newest: int) -> Iterator[tuple[int, int, bool]]:
        at = oldest
        while at <= newest:
            span = self._settings.grid.span(at)
            yield span
            at = span.end

    def _with_bits(self, rows: Any) -> Any:
        """What each trade may change, by the sale rules."""
        pl = polars()
        rules = self._rules
        if rules is None:
            return rows.with_columns(bits=pl.lit(PLAIN, pl.Int16))
        if "conditions:codes" in rows.columns:
            for text in rows["conditions:codes"].unique().to_list():
                if text not in self._bits:
                    self._bits[text] = rules.learn(codes_of(text))
            bits = pl.col("conditions:codes").replace_strict(self._bits, return_dtype=pl.Int16)
        else:
            bits = pl.lit(rules.learn(None), pl.Int16)
        bits = pl.when(pl.col("size") < rules.least_size).then(bits & VOLUME).otherwise(bits)
        rows = rows.with_columns(bits.alias("bits"))
        if any(known & _OFF_HOURS for known in self._bits.values()):
            rows = rows.with_columns(_without_regular_hours(rows))
        return rows

    def _joined(self, sums: Any) -> Any:
        """One row for each window of a symbol, of those that came from several frames."""
        pl = polars()
        several = pl.len().over(_KEYS) > 1
        parts = sums.filter(several)
        if parts.height:
            whole = parts.group_by(_KEYS).agg(
                pl.col("end").first(),
                *_merged("open", "first"),
                *_merged("close", "last"),
                pl.col("high").max(),
                pl.col("low").min(),
                pl.col("volume").sum(),
                pl.col("value").sum(),
                pl.col("count").sum(),
                *_merged("first", "first", "first_bits"),
            )
            sums = pl.concat([sums.filter(~several).select(whole.columns), whole])
        return sums.sort("start", "symbol")

    def _made(self, sums: Any) -> Iterator[Bar]:
        names = ["symbol", "start", "end", "open", "high", "low", "close", "volume", "value", "count"]
        more = ["open_at", "open_rank", "first", "first_at", "first_rank", "first_bits"]
        last = self._last
        for row in zip(*(sums[name].to_list() for name in [*names, *more]), strict=True):
            symbol, start, end, opening, high, low, close, volume, value, count, *first = row
            if first[2] is not None:
                opening, high, low, close = self._with_first(symbol, (opening, high, low, close), first)
            if opening is None:
                continue
            if high is None:
                high, low = max(opening, close), min(opening, close)
            last[symbol] = start
            yield Bar(
                symbol=symbol,
                start=start,
                end=end,
                open=opening,
                high=high,
                low=low,
                close=close,
                volume=volume,
                vwap=value / volume if volume else None,
                count=count,
                revision=0,
            )

    def _with_first(
        self, symbol: str, prices: tuple[float | None, ...], first: list[Any]
    ) -> tuple[float | None, ...]:
        """The prices with the trade that counts if it is the first of its day."""
        opening, high, low, close = prices
        open_at, open_rank, price, at, rank, bits = first
        last = self._last.get(symbol)
        is_first_of_day = last is None or last < day_of(at).start
        if not is_first_of_day or (open_at is not None and (at, rank) >= (open_at, open_rank)):
            return prices
        if bits & OPEN_CLOSE:
            opening, close = price, price if close is None else close
        if bits & HIGH_LOW and opening is not None:
            high, low = (price, price) if high is None or low is None else (max(high, price), min(low, price))
        return opening, high, low, close


def _picked(name: str, where: Any, which: str) -> Iterator[Any]:
    """The price of the first or last row for which something holds, with its instant and rank."""
    pl = polars()
    for column, alias in (
        ("price", name),
        ("at", f"{name}_at"),
        ("rank", f"{name}_rank"),
        ("ns", f"{name}_ns"),
    ):
        chosen = pl.col(column).filter(where)
        yield (chosen.first() if which == "first" else chosen.last()).alias(alias)


def _merged(name: str, which: str, *more: str) -> Iterator[Any]:
    """The same of rows that have picked already."""
    pl = polars()
    there = pl.col(name).is_not_null()
    order = [f"{name}_at", f"{name}_rank", f"{name}_ns"]
    for column in (name, *order, *more):
        sorted_ = (
            pl.col(column).filter(there).sort_by(*(pl.col(key).filter(there) for key in [*order, "part"]))
        )
        yield sorted_.first() if which == "first" else sorted_.last()


def _in_order(rows: Any) -> Any:
    """By instant, rank and arrival; symbols may stay apart, as the vendor's files have them."""
    pl = polars()
    goes_back = pl.lit(False)
    for key in ("ns", "rank", "at"):
        column, before = pl.col(key), pl.col(key).shift()
        goes_back = (column < before) | ((column == before) & goes_back)
    changes = pl.col("symbol") != pl.col("symbol").shift()
    goes_back_anywhere, goes_back_within, runs, symbols = rows.select(
        goes_back.any(),
        (goes_back & ~changes).any().alias("within"),
        (changes.sum() + 1).alias("runs"),
        pl.col("symbol").n_unique().alias("symbols"),
    ).row(0)
    if goes_back_anywhere and (goes_back_within or runs > symbols):
        return rows.sort("at", "rank", "ns", maintain_order=True)
    return rows


def _without_regular_hours(rows: Any) -> Any:
    """The bits of trades that count outside of regular hours only, cleared inside of them."""
    pl = polars()
    hour = pl.col("at") // _HOUR_MS
    days = {one: day_of(one * _HOUR_MS) for one in rows.select(hour.unique()).to_series().to_list()}
    opening = hour.replace_strict({one: day.opening for one, day in days.items()}, return_dtype=pl.Int64)
    closing = hour.replace_strict({one: day.closing for one, day in days.items()}, return_dtype=pl.Int64)
    is_regular = (pl.col("at") >= opening) & (pl.col("at") < closing)
    bits = pl.col("bits")
    for flag, figure in ((HIGH_LOW_OFF_HOURS, HIGH_LOW), (OPEN_CLOSE_OFF_HOURS, OPEN_CLOSE)):
        bits = pl.when(is_regular & ((bits & flag) != 0)).then(bits & ~figure).otherwise(bits)
    return bits.alias("bits")
