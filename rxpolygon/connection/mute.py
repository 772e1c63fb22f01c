"""Connected, but mute: no market data although the market is open. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rxpolygon.topics import Topic

__all__ = ["MuteWatch"]

_ANY: Final = ""  # the watch over data of whatever channel
_CLOSED_LOOK: Final = 30.0  # seconds until another look at a market that is closed
_MOST_PATIENCE: Final = 16


class MuteWatch:
    """Watches for data that should come and does not.

    After a mute connection was replaced and the new one is mute as well, the patience doubles: perhaps it is
    a holiday. Data sets it back.

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
        self._patience = 1
        self._last: dict[str, float] = {}

    @property
    def is_active(self) -> bool:
        """Whether anything is watched."""
        return bool(self._last)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are watched each for itself."""
        return tuple(name for name in self._limits if name != _ANY)

    @property
    def deadline(self) -> float | None:
        """When the next look is due."""
        return min((self._due(name) for name in self._last), default=None)

    def _due(self, name: str) -> float:
        return self._last[name] + self._limits[name] * self._patience

    def live(self, now: float) -> None:
        """A login was accepted: from now on data is awaited."""
        self._last = dict.fromkeys(self._limits, now)

    def connection_lost(self) -> None:
        """Nothing can be awaited."""
        self._last = {}

    def data(self, now: float, channels: Iterable[str]) -> None:
        """Data came, of these of the watched channels."""
        self._patience = 1
        for name in (_ANY, *channels):
            if name in self._last:
                self._last[name] = now

    def released(self, now: float) -> None:
        """Our own full buffer held back the reading until now: the silence begins here."""
        self._last = dict.fromkeys(self._last, now)

    def mute(self, now: float, topics: Iterable[Topic], held: bool) -> str | None:
        """What is mute, as text; None when nothing is.

        Args:
            now: The time.
            topics: What is subscribed; silence of other channels is natural.
            held: Whether our own full buffer holds back the reading.
        """
        subscribed = {topic.prefix for topic in topics}
        for name, last in self._last.items():
            if now < self._due(name):
                continue
            if held or not subscribed or (name != _ANY and name not in subscribed):
                self._last[name] = now
            elif not self._is_market_open():
                self._last[name] = now - self._limits[name] * self._patience + _CLOSED_LOOK
            else:
                self._patience = min(self._patience * 2, _MOST_PATIENCE)
                what = f"channel {name}" if name != _ANY else "any channel"
                return f"no data of {what} for {now - last:g} s while the market is open"
        return None
