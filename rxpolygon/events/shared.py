"""Events that several clusters carry, and the one for kinds that nobody knows."""

from __future__ import annotations

from msgspec import field

from rxpolygon.events._base import ABSENT, Event, FineEvent

__all__ = ["FairMarketValue", "LaunchpadValue", "UnknownEvent"]


class FairMarketValue(FineEvent, frozen=True, tag="FMV"):
    """The vendor's estimate of an instrument's fair value (channel ``FMV``).

    Attributes:
        symbol: ``sym``. The ticker; currency pairs come as ``C:EURUSD`` and ``X:BTC-USD``.
        value: ``fmv``. The fair value, in the quote currency.
        wire_timestamp: ``t``. The instant as sent, milliseconds or nanoseconds. ``timestamp`` is it in ms
            and ``timestamp_ns`` exact.
    """

    symbol: str = field(name="sym")
    value: float = field(default=ABSENT, name="fmv")
    wire_timestamp: int = field(default=ABSENT, name="t")


class LaunchpadValue(FineEvent, frozen=True, tag="LV"):
    """The value that the vendor's Launchpad product shows (channel ``LV``).

    Attributes:
        symbol: ``sym``. The ticker; currency pairs come as ``C:USD-EUR`` and ``X:BTC-USD``.
        value: ``val``. The value, in the quote currency.
        wire_timestamp: ``t``. The instant as sent. ``timestamp`` is it in ms and ``timestamp_ns`` exact.
    """

    symbol: str = field(name="sym")
    value: float = field(default=ABSENT, name="val")
    wire_timestamp: int = field(default=ABSENT, name="t")


class UnknownEvent(Event, frozen=True):
    """An event of a kind that this version does not know, whole, as the server sent it.

    Attributes:
        kind: ``ev``. The kind's name on the wire.
        data: Every field of the event, under the wire's names.
        symbol: The ticker, where one of the usual fields has it, else an empty str.
        timestamp: ``t`` in Unix ms UTC, where there is one, else None.
    """

    kind: str
    data: dict[str, object]
    symbol: str = ""
    timestamp: int = ABSENT
