"""Small recordings, and observers that remember with the virtual time."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from rxpolygon import ReplayClient
from rxpolygon.errors import RecordingError

__all__ = ["NOW", "frame", "line", "play_until_error", "quote", "trade", "write_recording"]

#: 2023-11-14 22:14:00 UTC, a whole minute, in ms.
NOW: Final = 1_700_000_040_000


def trade(symbol: str = "A", number: int = 0, at: float = 0.0, **fields: object) -> dict[str, object]:
    """A trade as the wire has it, so many seconds after NOW."""
    return {
        "ev": "T",
        "sym": symbol,
        "p": 10.0 + number,
        "s": 100,
        "q": number,
        "t": NOW + round(at * 1_000),
        **fields,
    }


def quote(symbol: str = "A", number: int = 0, at: float = 0.0) -> dict[str, object]:
    """A quote as the wire has it, so many seconds after NOW."""
    return {"ev": "Q", "sym": symbol, "bp": 9.0, "ap": 11.0, "q": number, "t": NOW + round(at * 1_000)}


def frame(*events: dict[str, object]) -> bytes:
    """A websocket frame."""
    return orjson.dumps(list(events))


def line(at: float, *events: dict[str, object]) -> bytes:
    """A line of a recording, received so many seconds after NOW."""
    return b"[%d,%b]\n" % ((NOW + round(at * 1_000)) * 1_000_000, frame(*events))


def write_recording(path: Path, lines: Iterable[bytes]) -> Path:
    """A recording of these lines, packed if its name says so."""
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def numbers(events: Sequence[Any]) -> list[int]:
    """The sequence numbers of events."""
    return [event.sequence_number for event in events]


def play_until_error(client: ReplayClient) -> tuple[list[int], RecordingError]:
    """The numbers of the trades that came before the error, and the error as observers got it."""
    seen: list[int] = []
    errors: list[Exception] = []
    client.subscribe_stock_trades().subscribe(
        lambda event: seen.append(event.sequence_number or 0), errors.append
    )
    with pytest.raises(RecordingError) as caught:
        client.run()
    assert errors == [caught.value]
    return seen, caught.value
