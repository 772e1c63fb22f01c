"""Streams whose channels take handlers, as the vendor's own classes do."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from msgspec.structs import replace
from reactivex import Observable

from rxpolygon import isolation
from rxpolygon.alpaca.arguments import UNPACK, topics_of
from rxpolygon.alpaca.desk import Desk, Seat
from rxpolygon.coroutines import CoroutineHandlers, is_coroutine_function
from rxpolygon.errors import InvalidTypeError, RxPolygonError, SubscriptionRefusedError, UsageError
from rxpolygon.events import Event
from rxpolygon.handlers import CloseHandler, ErrorHandler, HandlerSet
from rxpolygon.settings import positive_number
from rxpolygon.streams import Streams
from rxpolygon.subscriber import Subscriber
from rxpolygon.topics import EVERY_SYMBOL, Topic
from rxpolygon.venues.alpaca.channels import channels_of

__all__ = ["HandledStreams", "Handler", "Run"]

E = TypeVar("E", bound=Event)

#: A function of an event, or a coroutine function.
Handler: TypeAlias = Callable[[E], object]

_log: Final = logging.getLogger("rxpolygon.observers")


class Run:
    """One run of a stream, from its start to its end."""

    def __init__(self) -> None:
        self.finished = threading.Event()
        self.error: RxPolygonError | None = None  # what ended it; set before ``finished``

    def finish(self, error: RxPolygonError | None) -> None:
        """It is over."""
        self.error = error
        self.finished.set()


class HandledStreams(Streams):
    """One of the vendor's streams as hot Observables and with handlers: a connection or a replay.

    Args:
        market: ``stocks``, ``crypto`` or ``options``.
        normal: The normal form of a symbol.
        max_queue: How many events may wait for one coroutine handler.
        on_close: The user's handler of ends of a connection.
        on_error: The user's handler of an error that ends the stream.
    """

    def __init__(
        self,
        market: str,
        normal: Callable[[str], str],
        max_queue: int,
        on_close: CloseHandler | None,
        on_error: ErrorHandler | None,
    ) -> None:
        self._channels = channels_of(market)
        self._desks = self._new_desks()
        self._run = Run()  # the present one, or the last
        self._in_run: set[int] = set()  # the threads in run(), which will be told the error; each its own
        self._has_error_handler = on_error is not None
        self._coroutines = CoroutineHandlers(f"rxpolygon-alpaca-{market}", max_queue)
        super().__init__(
            {channel.field: channel.event for channel in self._channels.values()},
            normal,
            lambda is_observed: HandlerSet(
                self, None, on_close, on_error, lambda: True, name=f"alpaca {market}"
            ),
        )

    def run(self) -> None:
        """Stream until :meth:`stop`, Ctrl-C or an error that no retry mends. Blocks.

        Inside a running event loop (a notebook) it blocks that loop too, so coroutine handlers then run in a
        thread; :meth:`start_stream_thread` leaves the loop free.

        Raises:
            RxPolygonError: The error that ended the stream, such as
                :class:`~rxpolygon.errors.AuthenticationError` for wrong keys.
            AlreadyStreamingError: As for :meth:`start_stream_thread`.
        """
        me = threading.get_ident()
        self._in_run.add(me)  # before the start, for the end may come at once
        try:
            run = self._begin_run()
            with self._coroutines.blocking():
                run.finished.wait()
                self._coroutines.join(None)
        except KeyboardInterrupt:
            _log.info("interrupted: the stream is closed")
            self.close_stream()
            return
        finally:
            self._in_run.discard(me)
        if run.error is not None:
            raise run.error

    def _new_desks(self) -> dict[str, Desk]:
        return {channel.field: Desk() for channel in self._channels.values()}

    def _begin_run(self) -> Run:
        """Start, and say which run that is."""
        self.start_stream_thread()
        return self._run

    def stop(self) -> None:
        """End the stream; :meth:`run` then returns. From any thread, handlers included."""
        self.close_stream()

    async def close(self) -> None:
        """End the stream, without blocking the event loop."""
        # A handler on our own loop may be who asks: its end is not waited for.
        waits = not self._coroutines.owns(asyncio.get_running_loop())
        await asyncio.to_thread(self._close, 5.0, waits)

    async def stop_ws(self) -> None:
        """The same as :meth:`close`."""
        await self.close()

    def close_stream(self, timeout: float = 5.0) -> None:
        """Close the connection, end the threads and complete every Observable.

        What waits for observers and handlers is let go. From an observer or a handler it returns at once, and
        the rest happens when that returns.

        Args:
            timeout: Seconds to wait for the threads, and for a coroutine handler in a thread of ours, which
                is cancelled then.

        Raises:
            InvalidArgumentError: ``timeout`` is negative or no number.
        """
        positive_number("timeout", timeout, "seconds", zero=True)  # before anything is let go
        self._close(timeout, True)

    @abstractmethod
    def _end_stream(self, timeout: float) -> None:
        """End the threads and complete every Observable."""

    def _close(self, timeout: float, waits_for_coroutines: bool) -> None:
        waiting = self._coroutines.release()
        if waiting:
            _log.info("%d events that waited for coroutine handlers were let go", waiting)
        self._end_stream(timeout)
        self._coroutines.end()
        if waits_for_coroutines:
            self._coroutines.join(timeout)

    def _subscribe(
        self, channel: str, event: type[E], first: Handler[E] | str, symbols: tuple[str, ...]
    ) -> Observable[E]:
        row = self._channels[channel]
        if isinstance(first, str):
            return self._request(event, topics_of(row, (first, *symbols)))
        if not callable(first):
            raise InvalidTypeError(
                "the first argument", first, f"a handler (a function of an event) or a symbol: {UNPACK}"
            )
        return self._handled(event, topics_of(row, symbols), first)

    def _register(self, channel: str, event: type[E], handler: Handler[E] | None) -> Observable[E]:
        """Observe a channel that comes with another one."""
        topics = [Topic(self._channels[channel].field, EVERY_SYMBOL)]
        if handler is None:
            return self._request(event, topics)
        if not callable(handler):
            raise InvalidTypeError("handler", handler, "a function of an event, or None")
        return self._handled(event, topics, handler)

    def _handled(self, event: type[E], topics: list[Topic], handler: Handler[E]) -> Observable[E]:
        _check_takes_event(handler)
        observable = self._request(event, topics)
        desk, seat = self._desks[topics[0].prefix], Seat()
        deliver = self._delivering(handler, seat)

        def on_next(value: Any) -> None:  # Any: an event, or a dict where raw data is delivered
            symbol = value.get("S", "") if isinstance(value, dict) else value.symbol
            if desk.given is not value and desk.has(seat, symbol):
                desk.given = value
                deliver(value)

        def on_error(error: Exception) -> None:
            desk.leave(seat)
            self._tell_end(error)

        seat.subscription = observable.subscribe(on_next, on_error, lambda: desk.leave(seat))
        desk.take(seat, [topic.symbol for topic in topics])
        return observable

    def _tell_end(self, error: Exception) -> None:
        """The end of a handler's subscription by an error, which goes to stderr unless it is told otherwise.

        It may be the handler's own error, a refusal of its symbols, or the error that ends the stream; of the
        last, :meth:`run` and ``on_error`` tell.
        """
        ends_stream = isinstance(error, RxPolygonError) and not isinstance(
            error, (UsageError, SubscriptionRefusedError)
        )
        if not (ends_stream and (self._in_run or self._has_error_handler)):
            raise error
        _log.error("a handler gets no more events: %s", error)

    def _delivering(self, handler: Handler[E], seat: Seat) -> Callable[[E], object]:
        if not is_coroutine_function(handler):
            return _plain(handler)

        def failed(error: BaseException) -> None:
            subscription = seat.subscription
            if isinstance(subscription, Subscriber):
                self._router.fail(subscription, error)
            else:
                isolation.uncaught(error)

        return self._coroutines.feed(handler, failed).put

    def _unsubscribe(self, channel: str, symbols: tuple[str, ...]) -> None:
        topics = topics_of(replace(self._channels[channel], wildcard=True), symbols)
        self._desks[topics[0].prefix].clear(topic.symbol for topic in topics)
        self._give_up(topics)

    def _unregister(self, channel: str) -> None:
        self._unsubscribe(channel, (EVERY_SYMBOL,))


def _plain(handler: Handler[E]) -> Handler[E]:
    """A function that is done when it returns."""

    def call(event: E) -> None:
        result = handler(event)
        if isinstance(result, Coroutine):
            result.close()  # else Python warns of it, too
            raise InvalidTypeError(
                "handler",
                handler,
                "a coroutine function itself (async def), for nobody awaits what this one returns",
            )

    return call


def _check_takes_event(handler: Callable[..., object]) -> None:
    try:
        inspect.signature(handler).bind(object())
    except TypeError:
        raise InvalidTypeError(
            "handler", handler, "a function that takes one event; this signature does not fit"
        ) from None
    except ValueError:  # some built-in functions have no signature
        return
