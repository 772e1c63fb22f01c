"""The slow, tolerant way to read a frame: event by event, mending what can be mended.

It runs only for frames that the fast decoder refused, so that one bad event never costs its neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import orjson
from msgspec import inspect

from rxpolygon.events import Event, UnknownEvent
from rxpolygon.venues.dialect import Broken, Salvaged, Split

__all__ = ["Salvager"]

_STATUS: Final = "status"
_SYMBOL_LETTERS: Final = ("sym", "pair", "T", "p")


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_JSON: Final = json.JSONDecoder(parse_constant=_reject_constant)


class Salvager:
    """Reads damaged or unusual frames of one market."""

    def __init__(self, types: Mapping[str, type[Event]]) -> None:
        self._types = types
        self._kinds = {event: _field_kinds(event) for event in types.values()}

    def __call__(self, frame: bytes) -> Salvaged:
        """Everything good in a frame, and what is not, with the reason. Never raises."""
        parts: list[Event | Broken] = []
        for item in _items(frame):
            if isinstance(item, Broken):
                parts.append(item)
                continue
            try:
                event = self._event(item)
            except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
                parts.append(Broken(_encoded(item), str(error)))
            else:
                if event is not None:
                    parts.append(event)
        return Salvaged(parts)

    def split(self, frame: bytes) -> Split:
        """The objects of a frame, good or not, as dicts. Never raises."""
        parts: list[dict[str, Any] | Broken] = []
        for item in _items(frame):
            if isinstance(item, Broken) or (isinstance(item, dict) and isinstance(item.get("ev"), str)):
                parts.append(item)
            else:
                parts.append(Broken(_encoded(item), "expected an object with 'ev' that says its kind"))
        return Split(parts)

    def _event(self, item: object) -> Event | None:
        if not isinstance(item, dict):
            raise ValueError(f"expected an object with 'ev', got {type(item).__name__}")
        kind = item.get("ev")
        if kind == _STATUS:
            return None
        if not isinstance(kind, str):
            raise ValueError("the object has no 'ev' that says its kind")
        event = self._types.get(kind)
        if event is None:
            return _unknown(kind, item)
        try:
            return msgspec.convert(item, event, strict=False)
        except msgspec.ValidationError:
            return msgspec.convert(_mended(item, self._kinds[event]), event, strict=False)


def _items(frame: bytes) -> Iterator[object]:
    """The items of a frame, with a :class:`Broken` in each place where none could be read."""
    try:
        decoded = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        yield from _items_of_damaged(frame, str(error))
        return
    if isinstance(decoded, list):
        yield from decoded
    else:
        yield Broken(frame, f"expected an array of events, got {type(decoded).__name__}")


def _items_of_damaged(frame: bytes, problem: str) -> Iterator[object]:
    """The whole objects at the beginning of a frame that is cut off or damaged further on."""
    text = frame.decode("utf-8", "surrogateescape")
    position = _skip(text, 0, "")
    if position >= len(text):
        yield Broken(frame, "the frame is empty")
        return
    if text[position] != "[":
        yield Broken(frame, problem)
        return
    position = _skip(text, position + 1, ",")
    while position < len(text) and text[position] != "]":
        try:
            item, end = _JSON.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield Broken(text[position:].encode("utf-8", "surrogateescape"), problem)
            return
        if _has_bad_text(text, position, end):
            yield Broken(text[position:end].encode("utf-8", "surrogateescape"), "not valid UTF-8")
        else:
            yield item
        position = _skip(text, end, ",")
    if position >= len(text):
        yield Broken(b"", f"the frame is cut off: {problem}")


def _skip(text: str, position: int, signs: str) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in signs):
        position += 1
    return position


def _has_bad_text(text: str, start: int, end: int) -> bool:
    try:
        text[start:end].encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _encoded(item: object) -> bytes:
    try:
        return orjson.dumps(item)
    except (orjson.JSONEncodeError, RecursionError):
        return repr(item).encode("utf-8", "replace")


def _unknown(kind: str, item: dict[str, object]) -> UnknownEvent:
    named = (item.get(letter) for letter in _SYMBOL_LETTERS)
    symbol = next((name for name in named if isinstance(name, str)), "")
    stamp = item.get("t")
    if isinstance(stamp, (int, float)):
        return UnknownEvent(kind=kind, data=item, symbol=symbol, timestamp=int(stamp))
    return UnknownEvent(kind=kind, data=item, symbol=symbol)


def _field_kinds(event: type[Event]) -> dict[str, type]:
    """For each wire letter, what its value must be: int, float, str, tuple or bool."""
    described = inspect.type_info(event)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{event.__name__} is not a Struct")
    return {part.encode_name: _kind(part.type) for part in described.fields}


def _kind(info: inspect.Type) -> type:
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    for member in members:
        for description, kind in _KINDS:
            if isinstance(member, description):
                return kind
    return object


_KINDS: Final[tuple[tuple[type[inspect.Type], type], ...]] = (
    (inspect.BoolType, bool),
    (inspect.IntType, int),
    (inspect.FloatType, float),
    (inspect.StrType, str),
    (inspect.VarTupleType, tuple),
)


def _mended(item: Mapping[str, object], kinds: Mapping[str, type]) -> dict[str, object]:
    """The object without nulls, and with numbers and texts in the type that the field has."""
    return {
        letter: _as_kind(value, kinds.get(letter, object))
        for letter, value in item.items()
        if value is not None
    }


def _as_kind(value: object, kind: type) -> object:
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if kind is int and isinstance(value, (float, str)):
        return int(float(value))
    if kind is tuple and not isinstance(value, list):
        return [value]
    if kind in (int, float) and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value
