"""What a soak does in one epoch: a market, a client's settings and the faults, all from one seed."""

from __future__ import annotations

import random
from typing import Final, Literal

from msgspec import Struct

from rxpolygon.connection.buffer import Overflow
from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.faults import Fault

__all__ = ["Plan", "Watched", "make_plan"]

_FAULTY_CONNECTIONS: Final = 60
_LAST_FRAME: Final = 100  # of the frames after which a connection may go wrong; some forty come a second


class Watched(Struct, frozen=True):
    """A channel that the client observes from the beginning to the end of an epoch.

    Attributes:
        method: What follows ``subscribe_``.
        prefix: The channel's prefix on the wire.
        symbols: As subscribed; ``*`` for every one.
        passing: A symbol that is observed now and then on top.
    """

    method: str
    prefix: str
    symbols: tuple[str, ...]
    passing: str = ""

    def covers(self, symbol: str) -> bool:
        """Whether events of a symbol are always observed."""
        return symbol in self.symbols or "*" in self.symbols


class Plan(Struct, frozen=True, kw_only=True):
    """One epoch.

    Attributes:
        seed: Where all of it comes from.
        cluster: The cluster, or the feed.
        encoding: How an Alpaca stream's messages are written.
        watched: What is observed.
        faults: What goes wrong.
        overflow: The client's policy.
        max_buffer: Its bound in bytes.
        naps: Seconds that an observer sleeps now and then; 0 for never.
        data_timeout: The client's, None for none.
        on_evicted: The client's.
        seconds: How long the epoch takes.
        is_flood: Whether the market runs as fast as it can, to be cut as slow.
        looks_at_all: Whether ``client.events`` is observed too, which takes another way through the client.
    """

    seed: int
    cluster: str
    encoding: Literal["json", "msgpack"]
    watched: tuple[Watched, ...]
    faults: tuple[Fault, ...]
    overflow: Overflow
    max_buffer: int
    naps: float
    data_timeout: float | None
    on_evicted: Literal["stop", "retry"]
    seconds: float
    is_flood: bool
    looks_at_all: bool

    @property
    def venue(self) -> Literal["polygon", "alpaca"]:
        """Whose protocol is spoken."""
        return "alpaca" if self.cluster in _ALPACA else "polygon"

    @property
    def has_garbage(self) -> bool:
        """Whether frames come that are none of the market's."""
        return any(isinstance(fault, (wrong.Garbage, wrong.GarbageLogin)) for fault in self.faults)

    @property
    def has_late_events(self) -> bool:
        """Whether events come after younger ones."""
        return any(isinstance(fault, wrong.Reorder) for fault in self.faults)

    def ends_with_fin(self, connection: int) -> bool:
        """Whether the simulator ends a connection by FIN, after which everything sent has arrived."""
        return any(
            isinstance(fault, wrong.Cut) and not fault.reset and fault.connection == connection
            for fault in self.faults
        )


_MARKETS: Final[dict[str, tuple[Watched, ...]]] = {
    "stocks": (
        Watched("stock_trades", "T", ("AAPL", "MSFT", "SPY"), "TSLA"),
        Watched("stock_quotes", "Q", ("AAPL",), "NVDA"),
        Watched("stock_second_aggregates", "A", ("*",), "AAPL"),
    ),
    "crypto": (
        Watched("crypto_trades", "XT", ("*",), "BTC-USD"),
        Watched("crypto_quotes", "XQ", ("BTC-USD", "ETH-USD"), "SOL-USD"),
    ),
    "forex": (
        Watched("forex_quotes", "C", ("EUR/USD", "USD/JPY"), "GBP/USD"),
        Watched("forex_second_aggregates", "CAS", ("*",)),
    ),
    "futures": (
        Watched("futures_trades", "T", ("*",)),
        Watched("futures_quotes", "Q", ("GCZ7", "RTYZ7"), "ZNZ7"),
    ),
    "indices": (
        Watched("index_value", "V", ("*",), "I:SPX"),
        Watched("indices_second_aggregates", "A", ("I:XSP",)),
    ),
    "v2/sip": (
        Watched("trades", "trades", ("AAPL", "MSFT", "SPY"), "TSLA"),
        Watched("quotes", "quotes", ("AAPL",), "NVDA"),
        Watched("lulds", "lulds", ("*",)),
    ),
    "v1beta3/crypto/us": (
        Watched("trades", "trades", ("*",), "BTC/USD"),
        Watched("quotes", "quotes", ("BTC/USD", "ETH/USD"), "SOL/USD"),
    ),
}
_POLYGON: Final = ("stocks", "stocks", "crypto", "crypto", "forex", "futures", "indices")
_ALPACA: Final = ("v2/sip", "v1beta3/crypto/us")
# Only these markets are always open, and silence counts in open markets only.
_ALWAYS_OPEN: Final = ("crypto", "v1beta3/crypto/us")


def make_plan(seed: int, longest: float) -> Plan:
    """The epoch of a seed, at most so many seconds long."""
    chance = random.Random(seed)
    cluster = chance.choice((*_POLYGON, *_ALPACA, *_ALPACA))
    is_flood = chance.random() < 0.06
    if is_flood:
        cluster = chance.choice(("stocks", "v2/sip"))
    overflow: Overflow = chance.choice(("block", "block", "drop_oldest", "drop_newest"))
    is_tight = not is_flood and (overflow != "block" or chance.random() < 0.3)
    final = _final_fault(chance) if chance.random() < 0.15 else None
    faults = _flood_faults() if is_flood else _faults(chance, cluster, final)
    return Plan(
        seed=seed,
        cluster=cluster,
        encoding=chance.choice(("json", "msgpack")),
        watched=_MARKETS[cluster],
        faults=faults,
        overflow="block" if is_flood else overflow,
        max_buffer=64_000 if is_flood else 16_000 if is_tight else 64_000_000,
        naps=6.0 if is_flood else 0.8 if is_tight else 0.0,
        data_timeout=1.0 if cluster in _ALWAYS_OPEN else None,
        on_evicted="stop" if isinstance(final, wrong.Evict) else "retry",
        seconds=12.0 if is_flood else chance.uniform(0.5, 1.0) * longest,
        is_flood=is_flood,
        looks_at_all=chance.random() < 0.3,
    )


def _final_fault(chance: random.Random) -> Fault:
    connection = chance.randint(3, 12)
    after = chance.randint(0, _LAST_FRAME)
    return chance.choice(
        (
            wrong.RefuseLogin(connection=connection),
            wrong.RefuseHandshake(connection=connection, status=404),
            wrong.Evict(connection=connection, after_frames=after),
        )
    )


def _flood_faults() -> tuple[Fault, ...]:
    return (wrong.SlowConsumer(unread_bytes=200_000, times=1),)


def _faults(chance: random.Random, cluster: str, final: Fault | None) -> tuple[Fault, ...]:
    faults: list[Fault] = [] if final is None else [final]
    if chance.random() < 0.3:
        faults.append(wrong.Duplicate(share=0.03))
    if chance.random() < 0.3:
        faults.append(wrong.Reorder(share=0.05, within=0.3))
    if chance.random() < 0.3:
        faults.append(wrong.Garbage(every=chance.randint(3, 40)))
    for connection in range(1, _FAULTY_CONNECTIONS + 1):
        if final is not None and connection >= (final.connection or 0):
            break
        if chance.random() < 0.1:
            faults.append(wrong.Delay(connection=connection, seconds=chance.uniform(0.01, 0.3)))
        faults.append(_ending(chance, cluster, connection))
    return tuple(faults)


def _ending(chance: random.Random, cluster: str, connection: int) -> Fault:
    """What ends a connection."""
    after = chance.randint(0, _LAST_FRAME)
    options: list[Fault] = [
        wrong.Cut(connection=connection, after_frames=after),
        wrong.Cut(connection=connection, after_frames=after, extra_bytes=chance.randint(1, 300)),
        wrong.Cut(connection=connection, at_byte=chance.randint(1, 50_000)),
        wrong.Cut(connection=connection, after_frames=after, reset=True),
        wrong.Cut(connection=connection, after_frames=after, extra_bytes=20, reset=True),
        wrong.Restart(connection=connection, after_frames=after),
        wrong.Restart(connection=connection, after_frames=after, code=chance.choice((1000, 1012, 1011))),
        wrong.Evict(connection=connection, after_frames=after),
        wrong.HalfOpen(connection=connection, after_frames=after),
        wrong.Mute(connection=connection, after_frames=after, answer_pings=cluster in _ALWAYS_OPEN),
        wrong.CapRefusal(connection=connection),
        wrong.CapRefusal(connection=connection, when="acknowledgement", delay=chance.choice((0.0, 0.1, 0.8))),
        wrong.RefuseHandshake(connection=connection),
        wrong.CloseAtOnce(connection=connection, code=chance.choice((1011, 1001, None))),
        wrong.RefuseLogin(
            connection=connection,
            status=404 if cluster in _ALPACA else "auth_timeout",
            times=chance.randint(1, 4),
        ),
        wrong.GarbageLogin(connection=connection, kind=chance.choice(tuple(wrong.GarbageKind))),
    ]
    if chance.random() < 0.01:
        return wrong.SilentLogin(connection=connection)
    return chance.choice(options)
