"""Charts: a plotly figure that grows, and the same as a picture by matplotlib."""

from __future__ import annotations

import io
from abc import abstractmethod
from datetime import timedelta
from threading import RLock
from typing import Any, Final, Generic, TypeVar

from reactivex import Observable, abc

from rxpolygon.notebook._frame import Ending, Frame, MimeBundle
from rxpolygon.notebook._picture import Canvas, Picture
from rxpolygon.notebook._shell import has_package, package
from rxpolygon.notebook._view import LiveView

__all__ = [
    "DOWN",
    "FIGURE_PACKAGES",
    "MOST_PANELS",
    "UP",
    "Chart",
    "FigureCanvas",
    "LiveChart",
    "axis",
    "axis_key",
    "panel_domain",
]

UP: Final = "#0d9f6e"
DOWN: Final = "#e0434f"
#: What a figure needs.
FIGURE_PACKAGES: Final = ("ipywidgets", "anywidget", "plotly")
#: The most panels that a chart has.
MOST_PANELS: Final = 6

_FIRST_HEIGHT: Final = 420  # pixels, of one panel and what surrounds it
_NEXT_HEIGHT: Final = 260  # of each further panel
_WIDTH: Final = 800
_DPI: Final = 100  # dots, and with it the size of letters; the picture has the figure's size in pixels
_GAP: Final = 0.05  # between panels, of the figure's height

_PLOTLY_JSON: Final = "application/vnd.plotly.v1+json"

_FIXED_LAYOUT: Final[dict[str, object]] = {
    "template": "plotly_white",
    "width": _WIDTH,
    "margin": {"l": 60, "r": 20, "t": 50, "b": 40},
    "showlegend": False,
    "plot_bgcolor": "rgba(0, 0, 0, 0)",  # or empty places would cover the others
    "uirevision": "kept",  # new data does not undo the user's zoom
}
#: What does not change from frame to frame.
_CONSTANT: Final = frozenset({"type", "xaxis", "yaxis"})

C = TypeVar("C", bound="Chart")


class Chart(Frame):
    """A frame of a chart with panels below one another.

    Args:
        heading: What stands over it.
        panels: How many panels there are.
        ending: How the view stands.
    """

    def __init__(self, heading: str, panels: int, ending: Ending) -> None:
        self.heading = heading
        self.panels = panels
        self.ending = ending

    @property
    def title(self) -> str:
        """The heading, and how the view stands unless it is live."""
        return self.heading if self.ending.kind == "live" else f"{self.heading} · {self.ending}"

    @property
    def height(self) -> int:
        """In pixels."""
        return _FIRST_HEIGHT + _NEXT_HEIGHT * max(0, self.panels - 1)

    @abstractmethod
    def traces(self) -> list[dict[str, object]]:
        """The figure's data, as plotly has it: of all places, with ``visible`` False for the empty ones."""

    @abstractmethod
    def layout(self) -> dict[str, object]:
        """The axes of all places, as plotly has them; they change with the number of panels alone."""

    @abstractmethod
    def paint(self, figure: Any) -> None:  # Any: a matplotlib Figure, which need not be installed
        """Draw with matplotlib."""

    def tidy(self, panel: Any) -> None:  # Any: matplotlib's Axes
        """Take away what is no data."""
        panel.grid(color="#e6e8eb", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.margins(x=0.01)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0, labelsize=8, labelcolor="#555555")
        panel.ticklabel_format(style="plain", useOffset=False)  # whole prices

    def bundle(self) -> MimeBundle:
        """A picture; nothing while there is nothing to see, or without matplotlib."""
        if not self.panels or not has_package("matplotlib"):
            return {}
        # Neither pyplot nor a window: a figure of its own, which may be drawn in any thread.
        size = (_WIDTH / _DPI, self.height / _DPI)
        figure = package("matplotlib.figure", "a static chart").Figure(figsize=size, layout="constrained")
        self.paint(figure)
        figure.suptitle(self.title, fontsize=11, color="#333333")
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=_DPI)
        return {"image/png": picture.getvalue()}


class FigureCanvas(Canvas[C], Generic[C]):
    """A plotly FigureWidget.

    It has the traces and axes of all places from the beginning, those of empty places invisible, so that
    every change is an update, which may be repeated. For the browser takes no changes in while it loads the
    figure's program, and a trace that was added then would be missing for good.
    """

    def __init__(self, frame: C) -> None:
        for name in FIGURE_PACKAGES:
            package(name, "a live chart")
        graph_objects = package("plotly.graph_objects", "a live chart")
        self._lock = RLock()
        title = {"text": frame.title, "font": {"size": 15}}
        self._layout = _moving_layout(frame)
        self.widget = _figure_class(graph_objects.FigureWidget, self._lock)(
            data=frame.traces(), layout=_FIXED_LAYOUT | {"title": title} | self._layout
        )

    def draw(self, frame: C) -> None:
        """Traces get new data; new panels make room for themselves."""
        layout, traces = _moving_layout(frame), frame.traces()
        with self._lock:
            with self.widget.batch_update():
                for shown, trace in zip(self.widget.data, traces, strict=True):
                    shown.update({key: value for key, value in trace.items() if key not in _CONSTANT})
                if layout != self._layout:  # else what the user changed stays
                    self.widget.update_layout(layout)
                self.widget.layout.title.text = frame.title
            self._layout = layout
            self.view_bundle()  # this sends the whole state, for a browser that is still loading
            # plotly sends what has changed. A browser that is done with loading between that and the state
            # would get new prices for ever, and never hear that there is something to be seen.
            self.widget._send_update_msg(
                {"visible": [trace["visible"] for trace in traces]}, {"title.text": frame.title}
            )

    def keepsake(self) -> MimeBundle:
        """The figure itself, which notebooks show with zoom and hover, and code hosts pass over."""
        with self._lock:
            figure = self.widget.to_plotly_json()
        data = [trace for trace in figure["data"] if trace["visible"]]
        return {_PLOTLY_JSON: {"data": data, "layout": figure["layout"], "config": {}}} if data else {}


def _figure_class(figure_widget: Any, lock: RLock) -> Any:  # Any: plotly has no types
    class Figure(figure_widget):  # type: ignore[misc] # a class of a package without types
        """A FigureWidget that takes the browser's answers and new data in turn.

        The answers come on the kernel's main thread, and while traitlets takes them in, it holds back changes
        from other threads and may lose some.
        """

        def set_state(self, sync_data: dict[str, object]) -> None:
            with lock:
                super().set_state(sync_data)

    return Figure


def _moving_layout(frame: Chart) -> dict[str, object]:
    return {"height": frame.height, **frame.layout()}


def axis(place: int, letter: str = "y") -> str:
    """What a trace calls the axis in a place, from 0.

    Example:
        >>> axis(0), axis(1, "x")
        ('y', 'x2')
    """
    return f"{letter}{place + 1}" if place else letter


def axis_key(letter: str, place: int) -> str:
    """What a layout calls the axis in a place, from 0.

    Example:
        >>> axis_key("y", 0), axis_key("x", 1)
        ('yaxis', 'xaxis2')
    """
    return f"{letter}axis{place + 1}" if place else f"{letter}axis"


def panel_domain(place: int, panels: int) -> tuple[float, float]:
    """The lower and upper edge of a panel, the first on top, as parts of the figure's height.

    Example:
        >>> panel_domain(0, 1), panel_domain(0, 2), panel_domain(1, 2)
        ((0.0, 1.0), (0.525, 1.0), (0.0, 0.475))
    """
    if place >= panels:
        return (0.0, 1.0)  # of an empty place, where nothing is seen
    height = (1 - _GAP * (panels - 1)) / panels
    bottom = 1 - height - place * (height + _GAP)
    return round(max(bottom, 0.0), 4), round(bottom + height, 4)


class LiveChart(LiveView):
    """A :class:`LiveView` that is a plotly figure."""

    def __init__(
        self,
        source: Observable[Any],  # Any, here and below: settled by the function that makes it
        picture: Picture[Any, Any],
        every: str | timedelta,
        scheduler: abc.SchedulerBase | None,
    ) -> None:
        super().__init__(source, picture, every, scheduler)

    @property
    def figure(self) -> Any:  # Any: plotly has no types
        """The ``plotly.graph_objects.FigureWidget``, for changes to its layout.

        Raises:
            MissingPackageError: plotly or anywidget is not installed.
        """
        return self.widget
