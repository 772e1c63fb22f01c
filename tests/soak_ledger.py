"""What a simulator sent on each connection against what observers got, event by event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from msgspec import Struct

from rxpolygon.events import Event
from rxpolygon.status import Closed, Connecting, Disconnected, Dropped, Gap, Status
from tests.alpaca_simulator.packed import unpack
from tests.alpaca_simulator.wire import nanoseconds
from tests.soak_plan import Plan, Watched

__all__ = ["Got", "Outcome", "compare", "got"]

# For each prefix what tells an event, in the wire's letters and in ours: one vendor's sample of each is
# behind this table, and not the codec under test. The symbol comes first and the time last.
_MARKS: Final = {
    "T": ("sym i p q t", "symbol id price sequence_number timestamp"),
    "Q": ("sym bp ap q t", "symbol bid_price ask_price sequence_number timestamp"),
    "A": ("sym c e s", "symbol close end start"),
    "C": ("p a b t", "symbol ask_price bid_price timestamp"),
    "CAS": ("pair c v e s", "symbol close volume end start"),
    "XT": ("pair i p t", "symbol id price timestamp"),
    "XQ": ("pair bp ap t", "symbol bid_price ask_price timestamp"),
    "V": ("T val t", "symbol value timestamp"),
    "trades": ("S i p ns ms", "symbol id price timestamp_ns timestamp"),
    "quotes": ("S bp ap ns ms", "symbol bid_price ask_price timestamp_ns timestamp"),
    "lulds": ("S u d ns ms", "symbol limit_up_price limit_down_price timestamp_ns timestamp"),
}
# Where an event's own ``T`` is not the name of its channel.
_CHANNELS: Final = {"t": "trades", "q": "quotes", "l": "lulds"}
# Fields that a market's events may lack.
_LACKING: Final = {"futures": {"T": "i", "Q": "q"}}
# After these, everything that was sent before has arrived: TCP keeps the order.
_CLOSE_CODES: Final = frozenset({1000, 1001, 1008, 1011, 1012})
_GARBAGE: Final = "GARBAGE"  # the symbol of events that are no part of the market
_END_WITHOUT_CLOSE: Final = 1006


class Got(Struct, frozen=True, gc=False):
    """One event, by what tells it from others.

    Attributes:
        prefix: Its channel.
        mark: Its symbol first and its time last.
        visitor: The number of the observer if it is one that comes and goes, 0 for those that stay.
    """

    prefix: str
    mark: tuple[Any, ...]  # Any: the marks are of several types
    visitor: int = 0

    @property
    def symbol(self) -> str:
        """The event's symbol."""
        return str(self.mark[0])

    @property
    def time(self) -> int:
        """The event's time, Unix ms."""
        return int(self.mark[-1])


class Outcome(Struct):
    """Figures of an epoch, and what was wrong with it."""

    connections: int = 0
    sent: int = 0
    delivered: int = 0
    lost: int = 0
    gaps: int = 0
    dropped: int = 0
    malformed: int = 0
    violations: list[str] = []


def _names(cluster: str, prefix: str, side: int) -> list[str]:
    lacking = _LACKING.get(cluster, {}).get(prefix, "")
    letters, attributes = (names.split() for names in _MARKS[prefix])
    pairs = zip(letters, attributes, strict=True)
    return [pair[side] for pair in pairs if pair[0] not in lacking.split()]


def got(plan: Plan, watched: Watched, event: Event, visitor: int = 0) -> Got:
    """What an observer got."""
    names = _names(plan.cluster, watched.prefix, 1)
    return Got(watched.prefix, tuple(getattr(event, name) for name in names), visitor)


def _items(plan: Plan, frame: bytes) -> list[dict[str, Any]]:
    """The events of a frame; those of Alpaca with channel and instants in the form of the others."""
    if plan.venue == "polygon":
        return list(orjson.loads(frame))
    items = unpack(frame) if plan.encoding == "msgpack" else orjson.loads(frame)
    return [_with_instants(item) for item in items]


def _with_instants(item: dict[str, Any]) -> dict[str, Any]:
    at_ns = nanoseconds(item["t"])
    return {**item, "ev": _CHANNELS[item["T"]], "ns": at_ns, "ms": at_ns // 1_000_000}


def _sent(plan: Plan, item: Mapping[str, Any]) -> Got:
    prefix = str(item["ev"])
    return Got(prefix, tuple(item.get(name) for name in _names(plan.cluster, prefix, 0)))


def compare(plan: Plan, log: Sequence[Got | Status], sent: Mapping[int, list[bytes]]) -> Outcome:
    """Compare an epoch.

    Args:
        plan: What was to go wrong.
        log: Everything that observers were given and told, in order.
        sent: The frames that each connection was sent whole.
    """
    ledger = _Ledger(plan, sent)
    for entry in log:
        ledger.take(entry)
    return ledger.outcome


class _Channel:
    """What is known of one channel since its last event."""

    def __init__(self) -> None:
        self.last_time: int | None = None
        self.connection = 0
        self.lost: list[Got] = []
        self.gaps: list[Gap] = []


class _Ledger:
    """Walks through what was told, with a finger on what was sent."""

    def __init__(self, plan: Plan, sent: Mapping[int, list[bytes]]) -> None:
        self.outcome = Outcome()
        self._plan = plan
        self._watched = {channel.prefix: channel for channel in plan.watched}
        self._sent = sent
        self._channels: defaultdict[str, _Channel] = defaultdict(_Channel)
        self._connection = 0
        self._stream = _SentStream([], [])
        self._is_over = True
        self._spare_drops = 0  # frames told as dropped that explain no missing frame yet
        self._missing_frames = 0  # that arrived, and nothing has explained so far
        self._first_missing: Got | None = None
        self._last_end: Disconnected | None = None

    def _wrong(self, what: str) -> None:
        if len(self.outcome.violations) < 20:
            self.outcome.violations.append(f"connection {self._connection}: {what}")

    def take(self, entry: Got | Status) -> None:
        """The next thing that was told."""
        match entry:
            case Got():
                self._take_event(entry)
            case Connecting():
                self._begin()
            case Disconnected():
                self._end(entry)
            case Dropped():
                self.outcome.dropped += entry.frames
                self._spare_drops += entry.frames
            case Gap():
                self.outcome.gaps += 1
                self._channels[entry.channel].gaps.append(entry)
            case Closed():
                self._is_over = True
                self._check_missing(self._spare_drops + entry.undelivered)

    def _begin(self) -> None:
        self._connection += 1
        self.outcome.connections += 1
        frames = [self._events_of(frame) for frame in self._sent.get(self._connection, ())]
        watched = [
            [event for event in frame if self._watched[event.prefix].covers(event.symbol)] for frame in frames
        ]
        self.outcome.sent += sum(map(len, watched))
        passing = [event for frame in frames for event in frame]
        self._stream = _SentStream([frame for frame in watched if frame], passing)
        self._is_over = False

    def _events_of(self, frame: bytes) -> list[Got]:
        return [_sent(self._plan, item) for item in _items(self._plan, frame) if item["ev"] in self._watched]

    def _end(self, status: Disconnected) -> None:
        self._is_over = True
        self._last_end = status
        rest = self._stream.rest()
        for frame in rest:
            self._lose(frame)
        has_arrived = status.code in _CLOSE_CODES or (
            status.code == _END_WITHOUT_CLOSE and self._plan.ends_with_fin(self._connection)
        )
        # What the client gave up by itself may have been unread, whatever the server did meanwhile.
        if has_arrived and rest and status.cause not in ("closed", "mute"):
            self._miss(len(rest), rest[0])

    def _miss(self, frames: int, first: list[Got]) -> None:
        """Frames that arrived and were not delivered: only drops explain them, or the close of the stream."""
        if not self._missing_frames:
            self._first_missing = first[0]
        self._missing_frames += frames

    def _lose(self, events: Sequence[Got]) -> None:
        self.outcome.lost += len(events)
        for event in events:
            self._channels[event.prefix].lost.append(event)

    def _take_event(self, event: Got) -> None:
        if self._is_over:
            self._wrong(f"an event after the end of its connection was told: {event}")
        if event.symbol == _GARBAGE:
            return
        if event.visitor:
            if not self._stream.pass_by(event):
                self._wrong(f"never sent so on this connection, to a visitor: {event}")
            return
        self.outcome.delivered += 1
        self._match(event)
        self._check_gaps(event)

    def _match(self, event: Got) -> None:
        skipped = self._stream.follow(event)
        if skipped is None:
            self._wrong(f"not sent, sent earlier or given twice: {event}, after {self._stream.last}")
            return
        if skipped:
            for frame in skipped:
                self._lose(frame)
            self._miss(len(skipped), skipped[0])
        self._check_missing(self._spare_drops)
        self._spare_drops -= min(self._missing_frames, self._spare_drops)
        self._missing_frames = 0

    def _check_missing(self, told: int) -> None:
        if self._missing_frames > told:
            self._wrong(
                f"{self._missing_frames} whole frames arrived and were not delivered, {told} are told as "
                f"dropped; the first missing is {self._first_missing}, the last end {self._last_end!r}"
            )

    def _check_gaps(self, event: Got) -> None:
        channel = self._channels[event.prefix]
        is_resumed = channel.connection not in (0, self._connection)
        if (channel.lost or is_resumed) and not channel.gaps:
            what = f"{len(channel.lost)} events" if channel.lost else "a reconnect"
            self._wrong(
                f"{what} before {event} and no gap of {event.prefix}, the last was {channel.last_time}"
            )
        if channel.gaps:
            self._check_edges(channel, event)
        channel.last_time, channel.connection = event.time, self._connection
        channel.lost, channel.gaps = [], []

    def _check_edges(self, channel: _Channel, event: Got) -> None:
        named = {symbol for gap in channel.gaps for symbol in gap.symbols}
        unnamed = {lost.symbol for lost in channel.lost} - named
        if unnamed and "*" not in named:
            self._wrong(f"the gap names {sorted(named)} and not {sorted(unnamed)}")
        # Garbage and visitors bring events that are not in this log and stand at the gap's edges.
        if self._plan.has_garbage or self._watched[event.prefix].passing:
            return
        if len(channel.gaps) > 1:
            self._wrong(f"{len(channel.gaps)} gaps of one channel before {event}")
        gap = channel.gaps[-1]
        if (gap.after, gap.before) != (channel.last_time, event.time):
            self._wrong(f"{gap} does not lie between {channel.last_time} and {event.time}")
        if not self._plan.has_late_events:
            low, high = gap.after or 0, gap.before or 2**63
            outside = [lost for lost in channel.lost if not low <= lost.time <= high]
            if outside:
                self._wrong(f"{gap} does not cover {len(outside)} lost events, the first {outside[0]}")


class _SentStream:
    """What one connection was sent: frames that are wanted whole, and all events for visitors."""

    def __init__(self, frames: list[list[Got]], passing: list[Got]) -> None:
        self._frames = frames
        self._heads: defaultdict[Got, list[int]] = defaultdict(list)
        for number, frame in enumerate(frames):
            self._heads[frame[0]].append(number)
        self._next = 0  # the frame that comes next
        self._open: Iterator[Got] = iter(())
        self._left = 0
        self.last: Got | None = None
        self._passing: dict[str, list[Got]] = defaultdict(list)
        for event in passing:
            self._passing[f"{event.prefix}.{event.symbol}"].append(event)
        self._passed: Counter[int] = Counter()  # by visitor, each of whom observes one symbol

    def follow(self, event: Got) -> list[list[Got]] | None:
        """Go on to an event: the whole frames that were skipped for it, None if it does not come."""
        if self._left:
            self._left -= 1
            expected = next(self._open)
            if expected == event:
                self.last = event
                return []
            self._left = 0
            return None
        found = next((number for number in self._heads.get(event, ()) if number >= self._next), None)
        if found is None:
            return None
        skipped = self._frames[self._next : found]
        frame = self._frames[found]
        self._open, self._left = iter(frame[1:]), len(frame) - 1
        self._next = found + 1
        self.last = event
        return skipped

    def rest(self) -> list[list[Got]]:
        """The frames that have not been delivered."""
        return self._frames[self._next :]

    def pass_by(self, event: Got) -> bool:
        """Whether an event comes after those that the visitor got before."""
        events = self._passing[f"{event.prefix}.{event.symbol}"]
        plain = Got(event.prefix, event.mark)
        for number in range(self._passed[event.visitor], len(events)):
            if events[number] == plain:
                self._passed[event.visitor] = number + 1
                return True
        return False
