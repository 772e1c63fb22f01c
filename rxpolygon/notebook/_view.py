"""``LiveView``: a picture of a stream that redraws itself, with an owner and an end."""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable, SingleAssignmentDisposable
from reactivex.scheduler import TimeoutScheduler

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.notebook._cells import CellViews, cell_views
from rxpolygon.notebook._frame import LIVE, Ending, MimeBundle
from rxpolygon.notebook._picture import Canvas, Picture
from rxpolygon.notebook._shell import current_shell, is_kernel, package, runs_widgets
from rxpolygon.operators._durations import to_milliseconds
from rxpolygon.operators._silence import start_timer
from rxpolygon.text import printable

__all__ = ["LiveView"]

_FASTEST_MS: Final = 100  # between two redraws: a browser has other things to do, and nobody reads faster

_log: Final = logging.getLogger("rxpolygon.notebook")


class LiveView:
    """What :func:`live_table`, :func:`tape`, :func:`candlesticks`, :func:`depth` and :func:`monitor` return.

    As the last line of a cell, or by ``display(view)``, it is shown, and redraws itself at most every
    ``every``, whether the kernel is idle or busy with another cell. The stream's thread only remembers what
    comes; a timer of the view's own draws, from the first showing on, and rests while nothing comes.

    It ends when the stream does, by :meth:`close`, at the end of a ``with``, or when the cell that made it
    runs again. Then the subscription, the timer and the widget are released, and a picture of the last
    state takes the widget's place in the notebook, where it is saved and seen without a kernel. An error of
    the stream is written under it.

    Where no widgets run (a code host, a converted notebook, a kernel without ipywidgets) a static picture is
    shown, and in a terminal ``print(view)`` writes the same as text.

    Methods may be called from any thread.
    """

    def __init__(
        self,
        source: Observable[Any],  # Any, and below: the function that makes the view settles it
        picture: Picture[Any, Any],
        every: str | timedelta,
        scheduler: abc.SchedulerBase | None,
    ) -> None:
        if not isinstance(source, Observable):
            raise InvalidTypeError("the stream of a view", source, "an Observable")
        self._every = to_milliseconds("every", every) / 1_000
        if self._every * 1_000 < _FASTEST_MS:
            raise InvalidArgumentError("every", every, f"a view is redrawn every {_FASTEST_MS}ms at most")
        self._name = f"rxpolygon-view-{uuid.uuid4().hex[:8]}"
        self._subscription = SingleAssignmentDisposable()
        self._timer = SerialDisposable()
        # Whoever draws holds it, and takes _lock after it. The same thread may take it again: a user's
        # observer of the widget may close the view.
        self._drawing = threading.RLock()
        self._lock = threading.Lock()
        # A thread for each drawing, none in between: and a timer that waits can be ended at once, which a
        # loop that waits for more work cannot be while it works.
        self._clock: abc.SchedulerBase = TimeoutScheduler.singleton() if scheduler is None else scheduler
        # Under _drawing.
        self._canvas: Canvas[Any] | None = None
        self._keepsake: MimeBundle = {}
        self._is_widget_taken = False
        self._shown_in: set[str | None] = set()
        # Under _lock.
        self._picture = picture
        self._is_drawn = False  # whether there is a canvas
        self._is_due = False
        self._next_draw = 0.0
        self._ending = LIVE
        self._error: Exception | None = None
        self._cells: CellViews | None = None
        self._subscription.disposable = source.subscribe(self._take, self._fail, self._complete)
        self._join_cell()

    # What a user sees.

    @property
    def is_live(self) -> bool:
        """Whether it still follows its stream."""
        return self._ending is LIVE

    @property
    def error(self) -> Exception | None:
        """What the stream, or a value that cannot be shown, ended it with."""
        return self._error

    @property
    def widget(self) -> Any:  # Any: of a package without types
        """The widget, to be put into a layout of ipywidgets. It is then the caller's to close.

        Raises:
            MissingPackageError: The package for it is not installed.
        """
        with self._drawing:
            canvas = self._ready_canvas()
            self._is_widget_taken = True
        return canvas.widget

    def close(self) -> None:
        """Stop, and leave the last state as a picture. Twice is fine."""
        self._end(Ending("closed"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        text: str = self._frame().text()
        return text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> MimeBundle:
        """For IPython: the widget where widgets run, and always a static picture."""
        with self._drawing:
            frame = self._frame()
            bundle: MimeBundle = {"text/plain": frame.text(), **frame.bundle()}
            if self.is_live and runs_widgets(self._picture.packages):
                bundle |= self._ready_canvas().view_bundle()
            return bundle | self._keepsake

    def _ipython_display_(self) -> None:
        """For IPython: show it under a name, so that a picture can take its place at the end."""
        shell = current_shell()
        if shell is None or not is_kernel(shell):
            raise NotImplementedError  # a terminal sets the text better without us
        with self._drawing:
            self._shown_in.add(cell_views(shell).running_cell())
            package("IPython.display", "a live view").display(
                self._repr_mimebundle_(), raw=True, display_id=self._name
            )

    def end_for_cell(self, cell: str) -> None:
        """For the registry of cells: the cell that made it runs again."""
        with self._drawing:
            self._shown_in.discard(cell)  # what was shown there is about to go, and needs no last picture
        self._end(Ending("closed"))

    # The stream's thread.

    def _take(self, value: object) -> None:
        try:
            with self._lock:
                if self._ending is not LIVE:
                    return
                self._picture.add(value)
                if self._is_due or not self._is_drawn:
                    return
                self._is_due = True
        except AttributeError:  # a value of another kind
            self._fail(InvalidTypeError("what this view shows", value, self._picture.shows))
            return
        except Exception as error:  # a value that cannot be shown
            self._fail(error)
            return
        self._plan()

    def _fail(self, error: Exception) -> None:
        self._end(Ending("failed", printable(f"{type(error).__name__}: {error}")), error)

    def _complete(self) -> None:
        self._end(Ending("completed"))

    # Drawing.

    def _ready_canvas(self) -> Canvas[Any]:
        """The canvas, made when it is first asked for. Under _drawing."""
        if self._canvas is None:
            self._canvas = self._picture.canvas(self._frame())
            with self._lock:
                self._is_drawn = self._is_due = True
                self._next_draw = self._now() + self._every
            self._plan()  # what came meanwhile; nothing, if the view has ended
        return self._canvas

    def _now(self) -> float:
        return self._clock.to_seconds(self._clock.now)

    def _plan(self) -> None:
        wait = min(max(0.0, self._next_draw - self._now()), self._every)  # a clock may be set back
        start_timer(self._timer, self._clock, wait, self._draw)

    def _draw(self, _scheduler: abc.SchedulerBase, _state: object = None) -> None:
        with self._drawing:
            if self._canvas is None or not self.is_live:
                return
            with self._lock:
                self._is_due = self._picture.polls
                self._next_draw = self._now() + self._every
            try:
                self._canvas.draw(self._frame())
            except Exception as error:
                _log.error("a view cannot be drawn; it is closed", exc_info=error)
                self._fail(error)
                return
        if self._picture.polls:
            self._plan()

    def _frame(self) -> Any:
        with self._lock:
            return self._picture.frame(self._ending, self._now())

    # The end.

    def _end(self, ending: Ending, error: Exception | None = None) -> None:
        with self._lock:
            if self._ending is not LIVE:
                return
            self._ending, self._error = ending, error
            cells, self._cells = self._cells, None
        self._subscription.dispose()
        self._timer.dispose()
        if cells is not None:
            cells.forget(self)
        with self._drawing:
            self._draw_last()

    def _draw_last(self) -> None:
        canvas, self._canvas = self._canvas, None
        if canvas is not None:
            with _logged():
                canvas.draw(self._frame())
                self._keepsake = canvas.keepsake()
        if self._shown_in:
            with _logged():
                package("IPython.display", "a live view").update_display(
                    self._repr_mimebundle_(), raw=True, display_id=self._name
                )
        if canvas is not None and not self._is_widget_taken:
            with _logged():
                canvas.close()

    def _join_cell(self) -> None:
        shell = current_shell()
        if shell is None:
            return
        cells = cell_views(shell)
        cells.add(self)
        with self._lock:
            if self._ending is LIVE:
                self._cells = cells
        if self._cells is None:
            cells.forget(self)  # the stream was over at once


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    # The end must come to its end, and nobody is above to be told.
    try:
        yield
    except Exception as error:
        _log.error("the last picture of a view cannot be drawn", exc_info=error)
