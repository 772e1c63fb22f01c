"""Connected, but mute: no market data although the market is open. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

__all__ = ["MuteWatch"]

_ANY: Final = ""  # the watch over data of whatever channel
_LOOK: Final = 30.0  # seconds between looks at the market's hours
_MOST_PATIENCE: Final = 16


class MuteWatch:
    """Watches for data that should come and does not.

    Silence counts from the subscription, from the last data, or from when the market was first seen open,
    whichever is the latest. After a mute connection was replaced and the new one is mute as well, the
    patience doubles: perhaps it is a holiday, or a symbol that hardly trades. Data sets it back.

    Args:
        limits: Seconds for data of any channel, or by channel; None watches nothing.
        is_market_open: Whether data may be expected now.
    """

    def __init__(
        self, limits: float | Mapping[str, float] | None, is_market_open: Callable[[], bool]
    ) -> None:
        if limits is None:
            self._limits: dict[str, float] = {}
        elif isinstance(limits, Mapping):
            self._limits = dict(limits)
        else:
            self._limits = {_ANY: limits}
        self._is_market_open = is_market_open
        self._patience = dict.fromkeys(self._limits, 1)
        self._since: dict[str, float] = {}  # when the silence began of what is awaited
        self._look_at: float | None = None
        self._was_closed = False

    @property
    def is_active(self) -> bool:
        """Whether any data is awaited."""
        return bool(self._since)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are watched each for itself."""
        return tuple(name for name in self._limits if name != _ANY)

    @property
    def deadline(self) -> float | None:
        """When the next look is due."""
        times = [self._due(name) for name in self._since]
        if times and self._look_at is not None:
            times.append(self._look_at)
        return min(times, default=None)

    def _due(self, name: str) -> float:
        return self._since[name] + self._limits[name] * self._patience[name]

    def subscribed(self, now: float, channels: frozenset[str]) -> None:
        """The channels that are subscribed now: data is awaited, and silence of other channels is natural."""
        if not self._since:
            self._look_at = now
        awaited = channels | {_ANY} if channels else channels
        self._since = {name: self._since.get(name, now) for name in self._limits if name in awaited}

    def connection_lost(self) -> None:
        """Nothing can be awaited."""
        self._since = {}
        self._look_at = None

    def data(self, now: float, channels: Iterable[str]) -> None:
        """Data came, of these of the watched channels."""
        for name in (_ANY, *channels):
            if name in self._since:
                self._since[name] = now
                self._patience[name] = 1

    def released(self, now: float) -> None:
        """Our own full buffer held back the reading until now: the silence begins here."""
        self._since = dict.fromkeys(self._since, now)

    def mute(self, now: float, held: bool) -> str | None:
        """What is mute, as text; None when nothing is.

        Args:
            now: The time.
            held: Whether our own full buffer holds back the reading.
        """
        deadline = self.deadline
        if deadline is None or now < deadline:
            return None
        self._look_at = now + _LOOK
        was_closed, self._was_closed = self._was_closed, not self._is_market_open()
        if held or was_closed or self._was_closed:
            self.released(now)
            return None
        for name, since in self._since.items():
            if now >= self._due(name):
                self._patience[name] = min(self._patience[name] * 2, _MOST_PATIENCE)
                what = f"channel {name}" if name != _ANY else "any channel"
                return f"no data of {what} for {now - since:.1f} s while the market is open"
        return None
