"""Trades that may yet be corrected or cancelled, for operators that keep sums of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from rxpolygon.operators._readers import TradeKey, trade_key, trade_of, unexpected_amendment

__all__ = ["KeptTrades"]

TPart = TypeVar("TPart")

# Before every timestamp.
_BEGINNING: Final = -(2**63)

_Name = tuple[str, TradeKey]


class KeptTrades(Generic[TPart]):
    """Trades by symbol, exchange and id, each with its part in the operator's sums.

    Args:
        revisable: How long a trade is kept, in milliseconds of event time over all symbols; None: not at all,
            no amendments are expected.
        on_unknown: Called with each amendment whose trade is not known, or not any more.

    Attributes:
        is_expecting: Whether amendments are expected, for which trades must be kept.
    """

    __slots__ = (
        "_by_name",
        "_in_order",
        "_leapt",
        "_newest",
        "_on_unknown",
        "_revisable",
        "is_expecting",
    )

    def __init__(self, revisable: int | None, on_unknown: Callable[[object], None]) -> None:
        self.is_expecting = revisable is not None
        self._revisable = revisable or 0
        self._on_unknown = on_unknown
        self._newest = _BEGINNING
        # The last trade, if it came long after all others: no other one has followed it yet.
        self._leapt: tuple[int, _Name | None, tuple[Any, TPart]] | None = None
        # Any: trades of the venue's own class.
        self._by_name: dict[_Name, tuple[Any, TPart]] = {}
        # With event time when they came, so that the oldest is first.
        self._in_order: deque[tuple[int, _Name, tuple[Any, TPart]]] = deque()

    def keep(self, trade: Any, part: TPart) -> None:  # Any: read by attributes
        """Keeps a trade, if it has an id to be found by, and forgets the oldest."""
        time = trade.timestamp
        entry = (trade, part)
        is_leap = time is not None and time > self._newest + self._revisable and self._newest != _BEGINNING
        if self._leapt is not None:
            self._settle(time if is_leap else None)
        elif is_leap:
            self._leapt = (time, self._named(entry), entry)
            return
        if time is not None and time > self._newest:
            self._newest = time
        name = self._named(entry)
        if name is not None:
            self._in_order.append((self._newest, name, entry))
        self._forget_old()

    def _named(self, entry: tuple[Any, TPart]) -> _Name | None:
        """The name by which a trade can be found from now on; None without an id."""
        trade = entry[0]
        key = trade_key(trade)
        if key[1] is None:
            return None
        name = (trade.symbol, key)
        self._by_name[name] = entry
        return name

    def _settle(self, time: int | None) -> None:
        """Event time leaps, beyond all that is kept, only with a second trade so late, whose time this is.

        Else one stray timestamp in the future would stop the forgetting until that time.
        """
        assert self._leapt is not None
        (leapt_at, name, entry), self._leapt = self._leapt, None
        if time is not None:
            self._newest = min(leapt_at, time)
        if name is not None:
            self._in_order.append((self._newest, name, entry))

    def _forget_old(self) -> None:
        in_order, by_name = self._in_order, self._by_name
        horizon = self._newest - self._revisable
        while in_order and in_order[0][0] <= horizon:
            _, name, entry = in_order.popleft()
            # Unless it was amended, or another trade came by its name.
            if by_name.get(name) is entry:
                del by_name[name]

    def take_out(self, amendment: Any) -> tuple[TPart, Any] | None:  # Any: a cancel or a correction
        """The part of the trade that is amended, and the right trade instead (None for a cancel).

        None where the trade is not known, or not any more.

        Raises:
            InvalidArgumentError: No amendments are expected.
        """
        if not self.is_expecting:
            raise unexpected_amendment()
        entry = self._by_name.pop((amendment.symbol, trade_of(amendment)), None)
        if entry is None:
            self._on_unknown(amendment)
            return None
        trade, part = entry
        return part, None if hasattr(amendment, "cancels") else amendment.corrected(trade)
