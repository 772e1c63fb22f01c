"""Compare what was expected with what came, and tell the first difference."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from rxpolygon.errors import InvalidArgumentError
from rxpolygon.testing.code_text import describe
from rxpolygon.testing.drawing import Row, draw, length_of_time
from rxpolygon.testing.marbles import COMPLETED, FAILED, Mark
from rxpolygon.testing.run import Told

__all__ = ["Difference", "Legend", "first_difference", "picture"]

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MORE_LETTERS: Final = 0xC0  # those with accents, Greek, Cyrillic, ...: some two thousand
_LAST_LETTER: Final = 0xFFFF
_SHOWN_VALUES: Final = 40
# Expected values may be equal to others without having their hash; so many are tried one by one.
_COMPARED_VALUES: Final = 300


class Difference(NamedTuple):
    """Where two streams part.

    Attributes:
        at: When, in milliseconds after the beginning.
        text: What was expected, and what came.
    """

    at: float
    text: str


class Legend:
    """Gives every value a sign: that of the test where it has one, else a free letter.

    Args:
        taken: Signs that have a meaning already.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {*taken}
        self._next = _MORE_LETTERS
        self._found: list[tuple[object, str]] = []
        self._hashed: dict[object, str] = {}  # most of the same, for long recordings
        self.signs: dict[str, object] = {}

    def know(self, sign: str, value: object, shown: object) -> None:
        """Note what a sign stands for at one of its places, and how to show it."""
        self.signs.setdefault(sign, shown)
        self._taken.add(sign)
        try:
            is_new = self._hashed.setdefault(value, sign) == sign
        except TypeError:
            is_new = True
        if is_new and len(self._found) < _COMPARED_VALUES:
            self._found.append((value, sign))

    def sign_of(self, value: object, *, small: bool = False) -> str:
        """The sign of a value that came; a new one is a capital, or a small letter."""
        try:
            if value in self._hashed:
                return self._hashed[value]
        except TypeError:
            pass
        for known, sign in self._found:
            if same(known, value):
                return sign
        sign = self._free(_LETTERS.swapcase() if small else _LETTERS)
        self.know(sign, value, value)
        return sign

    def _free(self, letters: str) -> str:
        for sign in letters:
            if sign not in self._taken:
                return sign
        while unicodedata.category(sign := chr(self._next)) not in ("Lu", "Ll") or sign in self._taken:
            self._next += 1
            if self._next > _LAST_LETTER:
                raise InvalidArgumentError(
                    "events", len(self.signs), "there are no letters for so many: take fewer"
                )
        return sign

    def lines(self) -> list[str]:
        """What each sign stands for."""
        shown = [f"  {sign}  {describe(value)}" for sign, value in self.signs.items()]
        more = len(shown) - _SHOWN_VALUES
        return [*shown[:_SHOWN_VALUES], f"  ... and {more} more"] if more > 0 else shown


def same(expected: object, got: object) -> bool:
    """Whether a value is the expected one. Expected values may be approximations (``pytest.approx``)."""
    if expected is got:
        return True
    equal = expected == got
    try:
        return bool(equal)
    except (TypeError, ValueError):  # arrays and frames compare place by place
        whole = getattr(expected, "equals", None)
        return bool(whole(got) if whole is not None else equal.all())  # type: ignore[attr-defined]  # arrays have it


def same_error(expected: Exception | type[Exception], got: object) -> bool:
    """Whether an error is of the expected class, and has the same arguments if an instance is expected."""
    if isinstance(expected, type):
        return isinstance(got, expected)
    return got is expected or (type(got) is type(expected) and got.args == expected.args)


def first_difference(
    expected: Sequence[Told], got: Sequence[Told], error: Exception | type[Exception], frame: int
) -> Difference | None:
    """The first place at which two streams are not equal; None if there is none."""

    def equal(left: Told, right: Told) -> bool:
        if left.sign == FAILED or right.sign == FAILED:
            return left.sign == right.sign and same_error(error, right.value)
        if COMPLETED in (left.sign, right.sign):
            return left.sign == right.sign
        return same(left.value, right.value)

    for index in range(max(len(expected), len(got))):
        left = expected[index] if index < len(expected) else None
        right = got[index] if index < len(got) else None
        if left is None or right is None or left.at != right.at or not equal(left, right):
            return _told_difference(left, right, equal, error, frame)
    return None


def _told_difference(
    left: Told | None,
    right: Told | None,
    equal: Callable[[Told, Told], bool],
    error: Exception | type[Exception],
    frame: int,
) -> Difference:
    def wanted(it: Told) -> str:
        return f"an error {_error_text(error)}" if it.sign == FAILED else _thing(it)

    if left is not None and right is not None:
        if left.at == right.at:
            text = f"expected {wanted(left)}, got {_thing(right)}{_field_differences(left, right)}"
            return Difference(left.at, f"at {_moment(left.at, frame)}: {text}")
        if equal(left, right):
            shift = right.at - left.at
            word = f"{length_of_time(abs(shift))} {'later' if shift > 0 else 'earlier'} than expected"
            place = f"at {_moment(left.at, frame)}: expected {wanted(left)}, which came"
            return Difference(left.at, f"{place} at {_moment(right.at, frame)}, {word}")
    if right is None or (left is not None and left.at < right.at):
        assert left is not None
        return Difference(left.at, f"at {_moment(left.at, frame)}: expected {wanted(left)}, got nothing")
    return Difference(right.at, f"at {_moment(right.at, frame)}: expected nothing, got {_thing(right)}")


def _thing(it: Told) -> str:
    if it.sign == COMPLETED:
        return "the completion"
    if it.sign == FAILED:
        return f"an error {_error_text(it.value)}"
    return f"{it.sign} = {describe(it.value)}" if it.sign else describe(it.value)


def _error_text(error: object) -> str:
    return error.__name__ if isinstance(error, type) else repr(error)


def _moment(at: float, frame: int) -> str:
    whole, rest = divmod(at, frame)
    return f"{length_of_time(at)} (frame {whole:.0f}{'' if rest == 0 else ', between frames'})"


def _field_differences(left: Told, right: Told) -> str:
    wanted, came = left.value, right.value
    if not isinstance(wanted, Struct) or type(wanted) is not type(came):
        return ""
    lines = [
        f"\n    {field.name}: expected {describe(expected)}, got {describe(got)}"
        for field in msgspec.structs.fields(wanted)
        if (expected := getattr(wanted, field.name)) != (got := getattr(came, field.name))
    ]
    return "".join(lines)


def picture(rows: Mapping[str, Row], frame: int, at: float | None = None) -> list[str]:
    """Named rows, aligned, with a sign below the column of a time."""
    width = max(map(len, rows), default=0) + 2
    pointer = [] if at is None else [Row([Mark(at, "^")], at)]
    lines = draw([*rows.values(), *pointer], frame)
    drawn = [f"  {name:{width}s}{line}" for name, line in zip(rows, lines, strict=False)]
    if pointer:
        drawn.append(" " * (2 + width) + " " * lines[-1].index("^") + "^")
    return drawn
