"""The slow, tolerant way to read a frame: event by event, mending what can be mended.

It runs only for frames that the fast decoder refused, so that one bad event never costs its neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct, inspect

from rxpolygon.events import Event, UnknownEvent
from rxpolygon.text import text_of
from rxpolygon.venues.dialect import Broken, Salvaged, Split

__all__ = ["Grammar", "Salvager", "json_items"]


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_JSON: Final = json.JSONDecoder(parse_constant=_reject_constant)
# For finding the end of what that one refuses: any constant, and integers beyond Python's limit of digits.
_LENIENT_JSON: Final = json.JSONDecoder(parse_constant=lambda name: None, parse_int=len)


class Grammar(Struct, frozen=True):
    """How a venue's frames are made.

    Attributes:
        kind: The field of an object that says its kind.
        notices: The kinds that are no market data.
        symbols: The fields that may hold the symbol of an event of an unknown kind.
        instant: The Unix milliseconds of an object of an unknown kind.
        items: A frame's objects, with a :class:`~rxpolygon.venues.dialect.Broken` in each place where none
            could be read. Never raises.
        plain: Makes an object what users are shown of it.
    """

    kind: str
    notices: Collection[str]
    symbols: tuple[str, ...]
    instant: Callable[[Mapping[str, object]], int | None]
    items: Callable[[bytes], Iterator[object]]
    plain: Callable[[dict[str, Any]], dict[str, Any]] = lambda item: item  # Any: what the wire may hold


class Salvager:
    """Reads damaged or unusual frames.

    Args:
        types: The class of event of each kind.
        grammar: How frames are made.
    """

    def __init__(self, types: Mapping[str, type[Event]], grammar: Grammar) -> None:
        self._types = types
        self._grammar = grammar
        self._kinds = {event: _field_kinds(event) for event in types.values()}

    def __call__(self, frame: bytes) -> Salvaged:
        """Everything good in a frame, and what is not, with the reason. Never raises."""
        parts: list[Event | Broken] = []
        for item in self._grammar.items(frame):
            if isinstance(item, Broken):
                parts.append(item)
                continue
            try:
                event = self._event(item)
            except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
                shown = self._grammar.plain(item) if isinstance(item, dict) else item
                parts.append(Broken(_encoded(shown), str(error)))
            else:
                if event is not None:
                    parts.append(event)
        return Salvaged(parts)

    def split(self, frame: bytes) -> Split:
        """The objects of a frame, good or not, as dicts. Never raises."""
        parts: list[dict[str, Any] | Broken] = []
        key = self._grammar.kind
        for item in self._grammar.items(frame):
            if isinstance(item, Broken):
                parts.append(item)
            elif isinstance(item, dict) and isinstance(item.get(key), str):
                parts.append(self._grammar.plain(item))
            else:
                parts.append(Broken(_encoded(item), f"expected an object with '{key}' that says its kind"))
        return Split(parts)

    def _event(self, item: object) -> Event | None:
        key = self._grammar.kind
        if not isinstance(item, dict):
            raise ValueError(f"expected an object with '{key}', got {type(item).__name__}")
        kind = item.get(key)
        if not isinstance(kind, str):
            raise ValueError(f"the object has no '{key}' that says its kind")
        if kind in self._grammar.notices:
            return None
        event = self._types.get(kind)
        if event is None:
            return self._unknown(kind, item)
        try:
            return msgspec.convert(item, event, strict=False)
        except msgspec.ValidationError:
            return msgspec.convert(_mended(item, self._kinds[event]), event, strict=False)

    def _unknown(self, kind: str, item: dict[str, object]) -> UnknownEvent:
        named = (item.get(key) for key in self._grammar.symbols)
        symbol = next((name for name in named if isinstance(name, str)), "")
        stamp, data = self._grammar.instant(item), self._grammar.plain(item)
        if stamp is None:
            return UnknownEvent(kind=kind, data=data, symbol=symbol)
        return UnknownEvent(kind=kind, data=data, symbol=symbol, timestamp=stamp)


def json_items(frame: bytes) -> Iterator[object]:
    """The items of a frame of JSON, with a :class:`Broken` in each place where none could be read."""
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
    """The whole objects at the beginning of a frame that is cut off or damaged further on.

    What is no JSON for its numbers only (``NaN``) costs no neighbour.
    """
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
        except (ValueError, RecursionError) as error:
            found = _end_of_item(text, position)
            if found is None:
                yield _broken(text[position:], problem)
                return
            item, end = _broken(text[position:found], str(error)), found
        else:
            if _has_bad_text(text, position, end):
                item = _broken(text[position:end], "not valid UTF-8")
        yield item
        position = _skip(text, end, ",")
    if position >= len(text):
        yield Broken(b"", f"the frame is cut off: {problem}")


def _broken(text: str, problem: str) -> Broken:
    return Broken(text.encode("utf-8", "surrogateescape"), problem)


def _end_of_item(text: str, position: int) -> int | None:
    """Where an item ends whose numbers are no JSON; None if there is more wrong with it."""
    try:
        return _LENIENT_JSON.raw_decode(text, position)[1]
    except (ValueError, RecursionError):
        return None


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
        return text_of(item).encode("utf-8", "replace")


def _field_kinds(event: type[Event]) -> dict[str, type]:
    """For each wire letter, what its value must be: int, float, str, tuple or bool; object for anything."""
    described = inspect.type_info(event)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{event.__name__} is not a Struct")
    return {part.encode_name: _kind(part.type) for part in described.fields}


def _kind(info: inspect.Type) -> type:
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    kinds = {kind for member in members for description, kind in _KINDS if isinstance(member, description)}
    return kinds.pop() if len(kinds) == 1 else object  # of several kinds each may be right


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


def _as_int(value: float | str) -> int:
    try:
        return int(value)  # exact: as a float, nanoseconds would lose their last digits
    except ValueError:
        return int(float(value))


def _as_kind(value: object, kind: type) -> object:
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if kind is int and isinstance(value, (float, str)):
        return _as_int(value)
    if kind is tuple and not isinstance(value, list):
        return [value]
    if kind in (int, float) and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value
