"""What a view shows at one moment, and how it ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Literal

from msgspec import Struct

__all__ = ["LIVE", "Ending", "Frame", "MimeBundle"]

#: What may stand in a notebook's output, by mime type; pictures as bytes, JSON as its Python value.
MimeBundle = dict[str, object]


class Ending(Struct, frozen=True):
    """How a view stands.

    Attributes:
        kind: ``live``, ``completed`` and ``failed`` by the stream, or ``closed`` by the user.
        problem: What the stream failed with, as text.
    """

    kind: Literal["live", "completed", "closed", "failed"]
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.problem}" if self.problem else self.kind


LIVE: Final = Ending("live")


class Frame(ABC):
    """One picture; never changes."""

    @abstractmethod
    def text(self) -> str:
        """It as lines of text."""

    @abstractmethod
    def bundle(self) -> MimeBundle:
        """It as a static picture, for where no widgets run; empty if text must do."""
