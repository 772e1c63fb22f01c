"""Write values as Python, as a test's author would."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from enum import Enum
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, Struct

from rxpolygon.events import Quote, Trade
from rxpolygon.testing.builders import EPOCH

__all__ = ["CodeWriter", "describe", "public_module", "quoted"]

_TESTING: Final = "rxpolygon.testing"
# Beyond this distance from EPOCH "at" says less than the timestamp itself.
_NEAR_MS: Final = 86_400_000

# Types whose values say by themselves what they are.
_PLAIN: Final = (type(None), bool, int, str, bytes)


class CodeWriter:
    """Writes values as expressions, and remembers what these need to import.

    Example:
        >>> from rxpolygon.operators import Side
        >>> from rxpolygon.testing import quote, trade
        >>> writer = CodeWriter()
        >>> writer.code([trade("IBM", 181.5, at=2), Side.BUY])
        '[trade("IBM", 181.5, 100, at=2), Side.BUY]'
        >>> writer.imports
        ['from rxpolygon.operators import Side', 'from rxpolygon.testing import trade']
    """

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._modules: set[str] = set()

    @property
    def imports(self) -> list[str]:
        """The import statements, in order."""
        modules = [f"import {name}" for name in sorted(self._modules)]
        names = sorted(self._names.items())
        return modules + [f"from {module} import {', '.join(sorted(found))}" for module, found in names]

    def need(self, module: str, name: str) -> str:
        """Note that a name is needed, and return it."""
        self._names.setdefault(module, set()).add(name)
        return name

    def code(self, value: object) -> str:
        """The value as an expression; what cannot be written is as its ``repr``."""
        if isinstance(value, Enum):
            return f"{self._type(type(value))}.{value.name}"
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if type(value) is str:
            return quoted(value)
        if isinstance(value, _PLAIN):
            return repr(value)
        builder = _BUILDERS.get(type(value))
        if builder is not None:
            return builder(self, value)
        if isinstance(value, Struct):
            return self._call(type(value), _struct_fields(value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [it for it in dataclasses.fields(value) if it.init]
            return self._call(
                type(value),
                {it.name: getattr(value, it.name) for it in fields if getattr(value, it.name) != it.default},
            )
        if isinstance(value, BaseException):
            return f"{self._type(type(value))}({', '.join(map(self.code, value.args))})"
        if isinstance(value, (date, time, timedelta)):
            self._modules.add("datetime")
            return repr(value)
        return self._container(value)

    def _container(self, value: object) -> str:
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self._call(type(value), value._asdict())
        items = ", ".join(map(self.code, value)) if isinstance(value, (tuple, list, set, frozenset)) else ""
        if type(value) is tuple:
            return f"({items},)" if len(value) == 1 else f"({items})"
        if type(value) is list:
            return f"[{items}]"
        if type(value) is set and value:
            return f"{{{items}}}"
        if type(value) is dict:
            return "{" + ", ".join(f"{self.code(key)}: {self.code(it)}" for key, it in value.items()) + "}"
        return repr(value)

    def _call(self, made: type, fields: Mapping[str, object]) -> str:
        return f"{self._type(made)}({', '.join(f'{name}={self.code(it)}' for name, it in fields.items())})"

    def _type(self, made: type) -> str:
        name = made.__qualname__.split(".")[0]
        module = public_module(made.__module__, name)
        if module not in ("builtins", "__main__") and "<locals>" not in made.__qualname__:
            self.need(module, name)
        return made.__qualname__.rpartition("<locals>.")[2]

    def _trade(self, it: Any) -> str:  # Any: the table below gives a Trade
        if it.price is None or it.size is None:
            return self._call(Trade, _struct_fields(it))
        first = [it.symbol, it.price, _whole(it.size)]
        return self._built("trade", first, _struct_fields(it, "symbol", "price", "size", "timestamp"), it)

    def _quote(self, it: Any) -> str:  # Any: the table below gives a Quote
        sides = ("bid_price", "ask_price", "bid_size", "ask_size")
        if None in [getattr(it, name) for name in sides]:
            return self._call(Quote, _struct_fields(it))
        first = [it.symbol, it.bid_price, it.ask_price]
        sizes = {"bid_size": it.bid_size, "ask_size": it.ask_size}
        named = {name: _whole(size) for name, size in sizes.items() if size != 100}
        return self._built("quote", first, named | _struct_fields(it, "symbol", "timestamp", *sides), it)

    def _built(self, name: str, first: list[object], named: Mapping[str, object], it: Trade | Quote) -> str:
        parts = [self.code(value) for value in first]
        parts += [f"{field}={self.code(value)}" for field, value in named.items()]
        if it.timestamp is not None:
            after = it.timestamp - EPOCH
            parts.append(f"at={after / 1_000:g}" if _is_short(after) else f"timestamp={it.timestamp}")
        return f"{self.need(_TESTING, name)}({', '.join(parts)})"


_BUILDERS: Final[dict[type, Callable[[CodeWriter, object], str]]] = {
    Trade: CodeWriter._trade,
    Quote: CodeWriter._quote,
}


def quoted(text: str) -> str:
    """A text in double quotes."""
    inner = repr("'" + text)[2:-1]  # with a single quote in it, repr takes double ones, unless both occur
    return f'"{inner}"' if repr("'" + text)[0] == '"' else repr(text)


def describe(value: object) -> str:
    """The value as an expression, to be read by people."""
    return CodeWriter().code(value)


def public_module(module: str, name: str) -> str:
    """The shortest package from which a name can be imported."""
    parts = module.split(".")
    for count in range(1, len(parts)):
        found: ModuleType | None = sys.modules.get(".".join(parts[:count]))
        if found is not None and name in getattr(found, "__all__", ()):
            return ".".join(parts[:count])
    return module


def _whole(size: float) -> float:
    # The decoder makes floats of all sizes; nobody would write 200.0.
    return int(size) if isinstance(size, float) and size.is_integer() else size


def _is_short(after: int) -> bool:
    # Six significant digits are what "g" writes.
    return 0 <= after <= _NEAR_MS and round(float(f"{after / 1_000:g}") * 1_000) == after


def _struct_fields(value: Struct, *without: str) -> dict[str, object]:
    """The fields that are not at their default."""
    return {
        field.name: getattr(value, field.name)
        for field in msgspec.structs.fields(value)
        if field.name not in without
        and (field.default is NODEFAULT or getattr(value, field.name) != field.default)
    }
