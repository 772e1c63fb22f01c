"""What one subscription on the wire is: a channel and a symbol."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["EVERY_SYMBOL", "Topic"]

EVERY_SYMBOL: Final = "*"


class Topic(NamedTuple):
    """One channel of one symbol, or of every symbol.

    Attributes:
        prefix: The channel's name on the wire (``T``, ``AM``, ``XL2``).
        symbol: The symbol in the form that the wire takes, or ``*`` for every symbol.

    Example:
        >>> str(Topic("T", "BRK.B"))
        'T.BRK.B'
    """

    prefix: str
    symbol: str

    @property
    def is_wildcard(self) -> bool:
        """Whether the topic stands for every symbol of its channel."""
        return self.symbol == EVERY_SYMBOL

    @property
    def wildcard(self) -> Topic:
        """The topic of every symbol on the same channel."""
        return Topic(self.prefix, EVERY_SYMBOL)

    def __str__(self) -> str:
        return f"{self.prefix}.{self.symbol}"
