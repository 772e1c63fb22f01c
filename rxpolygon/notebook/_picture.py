"""What a kind of view is made of: what it remembers of its stream, and the widget that shows it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from rxpolygon.notebook._frame import Ending, Frame, MimeBundle
from rxpolygon.notebook._shell import package
from rxpolygon.notebook._table import Table

__all__ = ["Canvas", "HtmlCanvas", "Picture"]

T = TypeVar("T")
F = TypeVar("F", bound=Frame)


class Canvas(ABC, Generic[F]):
    """A widget that frames are drawn on, by one thread at a time.

    Attributes:
        widget: The widget itself.
    """

    widget: Any  # Any: of ipywidgets or plotly, which have no types

    @abstractmethod
    def draw(self, frame: F) -> None:
        """Show this frame instead of the last one."""

    def keepsake(self) -> MimeBundle:
        """What shows the last frame when the kernel is gone, and that only the widget's package can make."""
        return {}

    def view_bundle(self) -> MimeBundle:
        """What shows the widget."""
        key = "application/vnd.jupyter.widget-view+json"
        return {key: self.widget._repr_mimebundle_()[key]}

    def close(self) -> None:
        """Release the widget, here and in the frontend."""
        self.widget.close()


class HtmlCanvas(Canvas[Table]):
    """A piece of HTML."""

    def __init__(self, table: Table) -> None:
        self.widget = package("ipywidgets", "a live view").HTML(table.html())

    def draw(self, frame: Table) -> None:
        """Nothing is sent where nothing has changed."""
        self.widget.value = frame.html()


class Picture(ABC, Generic[T, F]):
    """The state of a view, from which frames are made. Its view calls it under a lock.

    Attributes:
        polls: Whether it changes by itself, without values of the stream.
        packages: What its canvas needs.
        shows: What its stream must consist of, as an error says it.
    """

    shows: ClassVar[str]
    polls: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("ipywidgets",)

    @abstractmethod
    def add(self, value: T) -> None:
        """Remember a value of the stream. As cheap as can be: it runs in the stream's own thread."""

    @abstractmethod
    def frame(self, ending: Ending, now: float) -> F:
        """What is to be seen now.

        Args:
            ending: How the view stands.
            now: Seconds on the clock that draws.
        """

    @abstractmethod
    def canvas(self, frame: F) -> Canvas[F]:
        """A new widget with a first frame.

        Raises:
            MissingPackageError: A package for it is not installed.
        """
