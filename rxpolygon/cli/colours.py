"""Colours, for a terminal only.

Rich judges: there are none in a pipe or a file, with ``NO_COLOR`` set or ``TERM=dumb``, and there are some in
a pipe too when ``FORCE_COLOR`` is set, for ``less -R``.
"""

from __future__ import annotations

import re
from typing import Final, TextIO

from rich.console import Console

__all__ = ["coloured", "coloured_json", "takes_colours"]

_CODES: Final = {"green": 32, "red": 31, "bold": 1, "dim": 2}
# A name, which a colon follows; in a value each quotation mark has a backslash before it.
_NAME: Final = re.compile(rb'(?<!\\)"[a-z_]+":')


def takes_colours(stream: TextIO | None) -> bool:
    """Whether text for this stream may be coloured."""
    if stream is None or stream.closed:
        return False
    console = Console(file=stream)
    return (
        console.is_terminal
        and console.color_system is not None
        and not console.no_color
        and not console.legacy_windows  # it would show the codes themselves
    )


def coloured(text: str, style: str) -> str:
    """Text as a terminal shows it in a style.

    Example:
        >>> coloured("11.00", "green")
        '\\x1b[32m11.00\\x1b[0m'
    """
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def coloured_json(line: bytes) -> bytes:
    """A JSON line with its names in the background."""
    return _NAME.sub(b"\x1b[2m\\g<0>\x1b[0m", line)
