"""The simulator's public face: arguments, the thread, and what a test may ask of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from rxpolygon.errors import MissingPackageError, UsageError
from rxpolygon.simulator import checks
from rxpolygon.simulator import settings as checked
from rxpolygon.simulator.faults import Fault
from rxpolygon.simulator.journal import Journal, Received
from rxpolygon.simulator.playback import markets_in
from rxpolygon.simulator.runner import Runner
from rxpolygon.simulator.venues.alpaca import AlpacaVenue
from rxpolygon.simulator.venues.base import Notice, Plan, Refusals
from rxpolygon.simulator.venues.polygon import PolygonVenue

if TYPE_CHECKING:
    from rxpolygon.simulator.server import Server
    from rxpolygon.simulator.venues.base import SecondConnection, Venue

__all__ = ["Simulator"]

T = TypeVar("T")

_VENUES: Final[dict[str, type[Venue]]] = {"polygon": PolygonVenue, "alpaca": AlpacaVenue}
_HIGHEST_PORT: Final = 65_535
_LATEST_START: Final = 2**53


class Simulator:
    """A websocket server on this machine that speaks a vendor's protocol.

    It serves a seeded market, or a recording, to any client of that vendor. It runs in a thread of its own
    from :meth:`start` (or ``with``) to :meth:`close`.

    With ``venue="polygon"`` clients connect to ``url`` and add ``/<cluster>``. With ``venue="alpaca"`` it is
    the whole URL of a stream, ``ws://127.0.0.1:PORT/v2/iex``, and :meth:`url_of` gives those of the others:
    ``v2/sip``, ``v2/delayed_sip`` (15 minutes behind), ``v2/otc``, ``v2/test`` (the symbol ``FAKEPACA``),
    ``v1beta1/boats`` and ``v1beta1/overnight``, ``v1beta3/crypto/us``, ``v1beta1/opra`` and
    ``v1beta1/indicative``. What is called a cluster here is a feed there. The market behind both is the same.

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
        clusters: Iterable[str] | None = None,
        symbol_limit: int | None = None,
        second_connection: SecondConnection | None = None,
        login_timeout: float = 10.0,
        settle: float = 0.05,
        on_end: checked.OnEnd = "hold",
        tick: float = 0.025,
        keep_sent: bool = False,
    ) -> None:
        """Prepare a simulator; nothing runs yet.

        Args:
            port: Where to listen on 127.0.0.1; 0 takes a free one.
            venue: Whose protocol to speak: ``polygon`` or ``alpaca``.
            api_keys: The keys that may log in. Alpaca's are ``KEY:SECRET``, or a ``KEY`` that takes any
                secret.
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
            refuse: Channels (``"LULD"``, Alpaca's ``"lulds"``) and topics (``"T.SECRET"``,
                ``"trades.SECRET"``) that no plan includes. Alpaca answers 410, and nothing of the command
                takes effect.
            refusal: What Polygon's refusal says; ``{topic}`` in it is replaced by the topic.
            clusters: The clusters that the plan includes, such as ``"v2/iex"``; None for all. Alpaca answers
                a login to another one with 409.
            symbol_limit: How many symbols one connection may have on trades and quotes together (Alpaca only;
                30 on the free plan). Beyond it the answer is 405; ``*`` is always beyond it. None without
                limit.
            second_connection: What happens when a key connects to a cluster twice: ``"evict"`` the older,
                ``"refuse"`` the newer, ``"both"``, or ``"allow"`` them. None takes what the vendor does:
                Polygon evicts, Alpaca refuses with 406.
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
        self._venue: Venue = _VENUES[checks.one_of("venue", venue, tuple(_VENUES))]()
        self._settings = checked.Settings(
            port=checks.integer("port", port, 0, _HIGHEST_PORT),
            symbols=_symbols(symbols),
            seed=checks.integer("seed", seed, -(2**63), 2**63),
            speed=checked.speed(speed),
            start=None if start is None else checks.integer("start", start, 0, _LATEST_START),
            rate=None if rate is None else checks.positive("rate", rate),
            market=bool(market),
            recording=None if recording is None else Path(recording),
            recorded_markets=self._recorded_markets(recording),
            settle=checks.seconds("settle", settle),
            on_end=checks.one_of("on_end", on_end, ("hold", "close", "repeat")),
            tls=checked.server_context(tls),
            faults=checked.fault_list(faults, self._venue),
            plan=Plan(
                frozenset(checked.texts("api_keys", api_keys)),
                checked.clusters("clusters", clusters, self._venue),
                checked.symbol_limit("symbol_limit", symbol_limit, self._venue),
                Refusals(frozenset(checked.texts("refuse", refuse)), checked.text("refusal", refusal)),
            ),
            second_connection=checks.one_of(
                "second_connection",
                self._venue.second_connection if second_connection is None else second_connection,
                ("evict", "refuse", "both", "allow"),
            ),
            login_timeout=checks.positive("login_timeout", login_timeout),
            tick=checks.positive("tick", tick),
            keep_sent=bool(keep_sent),
        )
        self._journal = Journal(keep_sent=keep_sent)
        self._runner = Runner(self._make_server)

    def __repr__(self) -> str:
        state = self.url if self._runner.is_running else "not running"
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

    def _make_server(self) -> Server:
        from rxpolygon.simulator.server import Server

        return Server(self._settings, self._venue, self._journal)

    def _recorded_markets(self, recording: str | os.PathLike[str] | None) -> frozenset[str]:
        return frozenset() if recording is None else markets_in(Path(recording), self._venue)

    # Life.

    def start(self) -> Self:
        """Listen, and return when clients can connect. Starting twice changes nothing.

        Raises:
            OSError: The port is taken.
        """
        self._runner.start()
        return self

    def close(self) -> None:
        """Close every connection with 1001 and end the thread, within two seconds. Twice is fine."""
        self._runner.close()

    @property
    def url(self) -> str:
        """``ws://127.0.0.1:PORT``, or ``wss`` with TLS; add ``/<cluster>``. With Alpaca it is whole.

        Raises:
            UsageError: The simulator has not been started.
        """
        return self._address + self._venue.home

    def url_of(self, cluster: str) -> str:
        """The whole URL of a cluster or feed, such as ``crypto`` or ``v2/sip``.

        Raises:
            InvalidArgumentError: There is no such cluster.
            UsageError: The simulator has not been started.
        """
        checked.cluster("cluster", cluster, self._venue)
        return f"{self._address}/{cluster}"

    @property
    def _address(self) -> str:
        if self._runner.port is None:
            raise UsageError("the simulator has no URL yet: start it first, or use it in a with block")
        scheme = "ws" if self._settings.tls is None else "wss"
        return f"{scheme}://127.0.0.1:{self._runner.port}"

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
        """The events in :attr:`sent_frames` as JSON has them, by connection; only with ``keep_sent=True``."""
        return {
            number: [event for frame in frames for event in self._venue.decode(frame)]
            for number, frames in self.sent_frames.items()
        }

    @property
    def faults_happened(self) -> dict[str, int]:
        """How often each kind of fault happened so far, by the name of its class.

        Delays and reordering, which go on all the time, are not counted.
        """
        server = self._runner.server
        return dict(server.schedule.happened) if server is not None else {}

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
            cluster: Such as ``stocks``, or ``v2/iex``.
            events: Objects with the wire's letters, such as ``{"ev": "T", "sym": "AAPL", "p": 1.5}``.
                Alpaca's stamps are written as in JSON; connections that speak msgpack get them in its form.

        Returns:
            How many connections they went to.

        Raises:
            InvalidArgumentError: There is no such cluster, or an event holds what JSON cannot say.
            UsageError: The simulator does not run.
            InvalidTypeError: An event is no dict.
        """
        checked.cluster("cluster", cluster, self._venue)
        items = [events] if isinstance(events, Mapping) else list(events)
        for item in items:
            checked.event(item, self._venue)
        addressed = [(self._venue.head(cluster, event), event) for event in items]
        return self._runner.do(lambda server: server.push(cluster, addressed))

    def send_raw(self, data: str | bytes, cluster: str | None = None, *, binary: bool = False) -> int:
        """Send one frame of anything to every client that is logged in.

        Args:
            data: Its payload; bytes need not be UTF-8.
            cluster: Only to the clients of this cluster; None for all.
            binary: Send a binary frame, not one of text.

        Returns:
            How many connections it went to.
        """
        return self._in(cluster, lambda server: server.send_raw(data, cluster, binary=binary))

    def complain(
        self,
        status: str | int | None = None,
        message: str | None = None,
        *,
        closes: bool = False,
        cluster: str | None = None,
    ) -> int:
        """Tell every client an error, each in its own encoding.

        Args:
            status: The vendor's status or code, 407 for example; None for its word for an error of its own.
            message: The text; None for the vendor's.
            closes: Whether the connections end after it, with 1008.
            cluster: Only the clients of this cluster; None for all.

        Returns:
            How many connections there were.

        Raises:
            InvalidArgumentError: The vendor has no such status.
        """
        checked.status("status", status, self._venue)
        what = Notice.OTHER if status is None else status
        return self._in(cluster, lambda server: server.tell(what, message, cluster, closes=closes))

    def restart(self, code: int = 1001, cluster: str | None = None) -> int:
        """Close every connection as a server does that restarts; new ones are welcome at once.

        Args:
            code: The close code.
            cluster: Only the clients of this cluster; None for all. So for the methods below.

        Returns:
            How many connections there were; so for the methods below.

        Raises:
            InvalidArgumentError: No server may close with this code, or there is no such cluster.
            InvalidTypeError: The code is no int.
        """
        checks.close_code(code)
        return self._in(cluster, lambda server: server.restart(code, cluster))

    def drop_connections(self, *, reset: bool = True, cluster: str | None = None) -> int:
        """End every connection without a closing handshake: with RST, or with FIN."""
        return self._in(cluster, lambda server: server.drop(reset=reset, cluster=cluster))

    def evict(self, cluster: str | None = None) -> int:
        """Tell every client that another connection took over, and close."""
        return self._in(cluster, lambda server: server.evict(cluster))

    def mute(self, *, answer_pings: bool = True, cluster: str | None = None) -> int:
        """Send no more data on the present connections; later ones are not muted."""
        return self._in(cluster, lambda server: server.mute(answer_pings=answer_pings, cluster=cluster))

    def unmute(self, cluster: str | None = None) -> int:
        """Send data on muted connections again; what was due meanwhile is lost."""
        return self._in(cluster, lambda server: server.unmute(cluster))

    def freeze(self, cluster: str | None = None) -> int:
        """Make the present connections half-open: neither read nor written, and not closed."""
        return self._in(cluster, lambda server: server.freeze(cluster))

    def _in(self, cluster: str | None, act: Callable[[Server], int]) -> int:
        """Let the server do something with the clients of a cluster, or with all."""
        if cluster is not None:
            checked.cluster("cluster", cluster, self._venue)
        return self._runner.do(act)


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
