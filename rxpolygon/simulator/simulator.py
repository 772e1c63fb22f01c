"""The simulator's public face: arguments, the thread, and what a test may ask of it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import orjson

from rxpolygon.errors import InvalidArgumentError, MissingPackageError
from rxpolygon.simulator import settings as checked
from rxpolygon.simulator.faults import Fault
from rxpolygon.simulator.journal import Journal, Received
from rxpolygon.simulator.playback import markets_in
from rxpolygon.simulator.venues.base import Refusals
from rxpolygon.simulator.venues.polygon import PolygonVenue

if TYPE_CHECKING:
    from rxpolygon.simulator.server import Server
    from rxpolygon.simulator.venues.base import Venue

__all__ = ["Simulator"]

T = TypeVar("T")

_VENUES: Final[dict[str, type[Venue]]] = {"polygon": PolygonVenue}
_HIGHEST_PORT: Final = 65_535
_ANSWER_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0
_LATEST_START: Final = 2**53


class Simulator:
    """A websocket server on this machine that speaks a vendor's protocol.

    It serves a seeded market, or a recording, to any client of that vendor. Connect to ``url`` and add
    ``/<cluster>``. It runs in a thread of its own from :meth:`start` (or ``with``) to :meth:`close`.

    A cluster's market starts with the first subscription to it, once subscribe commands have been quiet for
    ``settle`` seconds, so that calls made together miss nothing. With a recording, that holds for each
    connection: each one gets it from the beginning.

    The same seed, ``start`` and symbols give the same events by market time, each symbol independent of the
    others. While nobody subscribes to a cluster its market time goes by without events, and the sums of the
    day in its aggregates begin anew afterwards. A market that cannot keep up with its speed, or whose slowest
    reader cannot, falls behind and loses nothing.

    Every method may be called from any thread, between start and close; properties at any time.

    Example:
        >>> with Simulator(seed=7) as simulator:
        ...     simulator.url.startswith("ws://127.0.0.1:")
        True
    """

    def __init__(
        self,
        port: int = 0,
        *,
        venue: str = "polygon",
        api_keys: Iterable[str] = ("demo",),
        symbols: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
        seed: int = 0,
        speed: checked.Speed = 1.0,
        recording: str | os.PathLike[str] | None = None,
        tls: checked.Tls | None = None,
        faults: Iterable[Fault] = (),
        market: bool = True,
        start: int | None = None,
        rate: float | None = None,
        refuse: Iterable[str] = (),
        refusal: str = "not authorized",
        second_connection: checked.SecondConnection = "evict",
        login_timeout: float = 10.0,
        settle: float = 0.05,
        on_end: checked.OnEnd = "hold",
        tick: float = 0.025,
        keep_sent: bool = False,
    ) -> None:
        """Prepare a simulator; nothing runs yet.

        Args:
            port: Where to listen on 127.0.0.1; 0 takes a free one.
            venue: Whose protocol to speak: ``polygon``.
            api_keys: The keys that may log in.
            symbols: What ``*`` stands for, for all clusters or by cluster; None takes well-known ones. Any
                other symbol that a client subscribes to by name has a market too.
            seed: Everything random comes from it.
            speed: How many times as fast as real time; ``"max"`` goes as fast as clients read.
            recording: A file of frames (JSON Lines, ``.gz`` too) to serve instead of a made-up market.
            tls: A certificate and its key, as a pair of paths, or a server's ``ssl.SSLContext``; the URL is
                then ``wss``.
            faults: What goes wrong, see :mod:`rxpolygon.simulator.faults`.
            market: False to send nothing but what :meth:`push` and :meth:`send_raw` send.
            start: Where market time starts, Unix ms UTC; None takes the clock's time.
            rate: Trades a second and symbol at speed 1, and five times as many quotes; None takes what suits
                each market.
            refuse: Channels (``"LULD"``) and topics (``"T.SECRET"``) that no plan includes.
            refusal: What the refusal says; ``{topic}`` in it is replaced by the topic.
            second_connection: What happens when a key connects to a cluster twice: ``"evict"`` the older,
                ``"refuse"`` the newer, ``"both"``, or ``"allow"`` them.
            login_timeout: How long to wait for the login, in seconds.
            settle: How long subscribe commands must be quiet before data starts, in seconds.
            on_end: What follows the end of a recording: ``"hold"`` the connection, ``"close"`` it with 1000,
                or ``"repeat"``.
            tick: How long to gather events for one frame, in seconds of real time.
            keep_sent: Keep all data frames for :attr:`sent`.

        Raises:
            InvalidArgumentError: An argument has a value that is not allowed.
            InvalidTypeError: An argument has the wrong type.
            RecordingError: The recording is empty or no recording.
            MissingPackageError: The package ``websockets`` is not installed.
        """
        _require_websockets()
        keys = frozenset(checked.texts("api_keys", api_keys))
        self._venue = _VENUES[checked.one_of("venue", venue, tuple(_VENUES))]()
        self._settings = checked.Settings(
            port=checked.integer("port", port, 0, _HIGHEST_PORT),
            api_keys=keys,
            symbols=_symbols(symbols),
            seed=checked.integer("seed", seed, -(2**63), 2**63),
            speed=checked.speed(speed),
            start=None if start is None else checked.integer("start", start, 0, _LATEST_START),
            rate=None if rate is None else checked.positive("rate", rate),
            market=bool(market),
            recording=None if recording is None else Path(recording),
            recorded_markets=self._recorded_markets(recording),
            settle=checked.seconds("settle", settle),
            on_end=checked.one_of("on_end", on_end, ("hold", "close", "repeat")),
            tls=checked.server_context(tls),
            faults=checked.fault_list(faults),
            refusals=Refusals(frozenset(checked.texts("refuse", refuse)), checked.text("refusal", refusal)),
            second_connection=checked.one_of(
                "second_connection", second_connection, ("evict", "refuse", "both", "allow")
            ),
            login_timeout=checked.positive("login_timeout", login_timeout),
            tick=checked.positive("tick", tick),
            keep_sent=bool(keep_sent),
        )
        self._journal = Journal(keep_sent=keep_sent)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._stop: asyncio.Event | None = None
        self._url: str | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        state = self._url if self._thread is not None else "not running"
        return f"<Simulator {state}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _recorded_markets(self, recording: str | os.PathLike[str] | None) -> frozenset[str]:
        return frozenset() if recording is None else markets_in(Path(recording), self._venue)

    # Life.

    def start(self) -> Self:
        """Listen, and return when clients can connect. Starting twice changes nothing.

        Raises:
            OSError: The port is taken.
        """
        with self._lock:
            if self._thread is None:
                ready: _Ready = _Ready()
                self._thread = threading.Thread(
                    target=self._run, args=(ready,), name="rxpolygon-simulator", daemon=True
                )
                self._thread.start()
                ready.event.wait()
                if ready.error is not None:
                    self._thread.join()
                    self._thread = None
                    raise ready.error
        return self

    def close(self) -> None:
        """Close every connection with 1001 and end the thread, within two seconds. Twice is fine."""
        with self._lock:
            thread, loop, stop = self._thread, self._loop, self._stop
            if thread is None or loop is None or stop is None:
                return
            loop.call_soon_threadsafe(stop.set)
            thread.join(_STOP_SECONDS)
            self._thread = None

    @property
    def url(self) -> str:
        """``ws://127.0.0.1:PORT``, or ``wss`` with TLS; add ``/<cluster>``.

        Raises:
            InvalidArgumentError: The simulator has not been started.
        """
        if self._url is None:
            raise InvalidArgumentError("url", None, "start the simulator first, or use it in a with block")
        return self._url

    # What clients did.

    @property
    def connections(self) -> int:
        """How many connections there have been so far."""
        return self._journal.connections

    @property
    def open_connections(self) -> dict[int, str]:
        """The numbers of the connections that are open now, each with its cluster."""
        return self._journal.open_connections

    @property
    def received(self) -> list[Received]:
        """Every command that a client sent, in order, with the number of its connection; keys are masked."""
        return self._journal.received

    @property
    def subscriptions(self) -> dict[int, frozenset[str]]:
        """The topics of each open connection that has subscribed, such as ``T.AAPL``, by its number."""
        return self._journal.subscriptions

    @property
    def frames_sent(self) -> int:
        """How many frames of data were sent, over all connections."""
        return self._journal.frames

    @property
    def sent_frames(self) -> dict[int, list[bytes]]:
        """The data frames that went out whole, by connection; only with ``keep_sent=True``.

        What a reset or a client's own end kept from arriving is among them, garbage and raw frames are not.
        """
        return self._journal.sent_frames

    @property
    def sent(self) -> dict[int, list[dict[str, Any]]]:
        """The events in :attr:`sent_frames`, by connection; only with ``keep_sent=True``."""
        return {
            number: [event for frame in frames for event in orjson.loads(frame)]
            for number, frames in self.sent_frames.items()
        }

    @property
    def faults_happened(self) -> dict[str, int]:
        """How often each kind of fault happened so far, by the name of its class.

        Delays and reordering, which go on all the time, are not counted.
        """
        return dict(self._server.schedule.happened) if self._server is not None else {}

    def wait_for(self, condition: Callable[[Simulator], T], timeout: float = 5.0) -> T:
        """Wait until a condition holds, and return its value.

        Args:
            condition: Called with the simulator whenever something happened, until it returns a true value.
                It runs under a lock: it should look at properties and do nothing else.
            timeout: In seconds.

        Raises:
            TimeoutError: It did not hold in time; the message tells what was seen last.
        """
        return self._journal.wait_for(lambda: condition(self), timeout)

    @property
    def finished(self) -> threading.Event:
        """Set while a playback has come to its end and none is going on.

        Every frame was handed to the system then; the client may not have read them all yet.
        """
        return self._journal.finished

    def wait_finished(self, timeout: float = 60.0) -> None:
        """Wait until the recording has been served to the end.

        Raises:
            TimeoutError: It was not in time.
        """
        if not self._journal.finished.wait(timeout):
            raise TimeoutError(f"the recording was not served to its end within {timeout:g} s")

    # What a test makes happen.

    def push(self, cluster: str, events: Mapping[str, object] | Iterable[Mapping[str, object]]) -> int:
        """Send events to every client of a cluster that subscribed to them, those of a call in one frame.

        Args:
            cluster: Such as ``stocks``.
            events: Objects with the wire's letters, such as ``{"ev": "T", "sym": "AAPL", "p": 1.5}``.

        Returns:
            How many connections they went to.

        Raises:
            InvalidArgumentError: There is no such cluster.
        """
        if self._venue.cluster_of(f"/{cluster}") is None:
            raise InvalidArgumentError("cluster", cluster, "it is what follows the host in a client's URL")
        items = [events] if isinstance(events, Mapping) else list(events)
        addressed = [(self._venue.head(cluster, event), event) for event in items]
        return self._do(lambda server: server.push(cluster, addressed))

    def send_raw(self, data: str | bytes, cluster: str | None = None) -> int:
        """Send one text frame of anything to every client that is logged in.

        Args:
            data: Its payload; bytes need not be UTF-8.
            cluster: Only to the clients of this cluster; None for all.

        Returns:
            How many connections it went to.
        """
        return self._do(lambda server: server.send_raw(data, cluster))

    def restart(self, code: int = 1001, cluster: str | None = None) -> int:
        """Close every connection as a server does that restarts; new ones are welcome at once.

        Returns:
            How many connections there were; so for the methods below.
        """
        return self._do(lambda server: server.restart(code, cluster))

    def drop_connections(self, *, reset: bool = True, cluster: str | None = None) -> int:
        """End every connection without a closing handshake: with RST, or with FIN."""
        return self._do(lambda server: server.drop(reset=reset, cluster=cluster))

    def evict(self, cluster: str | None = None) -> int:
        """Tell every client that another connection took over, and close."""
        return self._do(lambda server: server.evict(cluster))

    def mute(self, *, answer_pings: bool = True, cluster: str | None = None) -> int:
        """Send no more data on the present connections; later ones are not muted."""
        return self._do(lambda server: server.mute(answer_pings=answer_pings, cluster=cluster))

    def unmute(self, cluster: str | None = None) -> int:
        """Send data on muted connections again; what was due meanwhile is lost."""
        return self._do(lambda server: server.unmute(cluster))

    def freeze(self, cluster: str | None = None) -> int:
        """Make the present connections half-open: neither read nor written, and not closed."""
        return self._do(lambda server: server.freeze(cluster))

    def _do(self, act: Callable[[Server], T]) -> T:
        """Run something on the event loop's thread and return its result."""
        loop, server = self._loop, self._server
        if self._thread is None or loop is None or server is None:
            raise InvalidArgumentError("simulator", self, "it must be running: start it, or use a with block")

        async def run() -> T:
            return act(server)

        if threading.current_thread() is self._thread:
            return act(server)
        return asyncio.run_coroutine_threadsafe(run(), loop).result(_ANSWER_SECONDS)

    # The thread.

    def _run(self, ready: _Ready) -> None:
        # The listener watches its socket, which Windows' default loop cannot.
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(ready))
        except Exception as error:
            if ready.event.is_set():
                raise
            ready.error = error
            ready.event.set()

    async def _serve(self, ready: _Ready) -> None:
        from rxpolygon.simulator.server import Server

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._server = Server(self._settings, self._venue, self._journal)
        port = self._server.start()
        scheme = "ws" if self._settings.tls is None else "wss"
        self._url = f"{scheme}://127.0.0.1:{port}"
        ready.event.set()
        await self._stop.wait()
        await self._server.stop()


class _Ready:
    """That the server listens, or why not."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.error: Exception | None = None


def _require_websockets() -> None:
    try:
        import websockets.server  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("the simulator", "websockets", "simulator") from error


def _symbols(
    symbols: Iterable[str] | Mapping[str, Iterable[str]] | None,
) -> Mapping[str, tuple[str, ...]] | tuple[str, ...] | None:
    if symbols is None:
        return None
    if isinstance(symbols, Mapping):
        return {str(cluster): checked.texts("symbols", names) for cluster, names in symbols.items()}
    return checked.texts("symbols", symbols)
