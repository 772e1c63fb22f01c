"""``ReplayClient``: recordings as the hot Observables of a live client."""

from __future__ import annotations

from rxpolygon.checks import flag
from rxpolygon.handlers import CloseHandler, ErrorHandler, MessageHandler
from rxpolygon.replay.clusters import CheckedCodec
from rxpolygon.replay.player import Speed
from rxpolygon.replay.streams import Instant, Paths, ReplayStreams
from rxpolygon.settings import cluster_from
from rxpolygon.streams import MarketStreams
from rxpolygon.venues.polygon.names import StreamCluster

__all__ = ["ReplayClient"]


class ReplayClient(ReplayStreams, MarketStreams):
    """Recordings of one cluster, replayed through the codec and router of a live client.

    It has the surface of :class:`~rxpolygon.StreamClient`, so a pipeline takes either::

        client = ReplayClient("day.jsonl.gz", "stocks", "max")
        client.subscribe_stock_trades(["AAPL"]).pipe(rxo.time_bars("1m")).subscribe(print)
        client.run()

    **Time.** The clock is that of the recording: :attr:`scheduler`. Before each frame it goes on to the
    frame's receive time, and timers that come due on the way run first, each at its own time. Everything
    piped from this client's Observables, groups and windows included, is subscribed on that clock unless a
    scheduler is given; so ``throttle``, ``buffer_with_time``, ``time_bars`` and the rest behave as live, at
    every speed and in every run alike. Functions that build an Observable out of others
    (``reactivex.merge(a, b)``) know nothing of it: use ``a.pipe(ops.merge(b))``, or :meth:`on_virtual_time`.

    **Start.** Observe first, then start: what is replayed before the first observer is passed over, as by a
    live client, and at ``max`` that may be much. ``with client: stream.run()`` observes what runs already.

    **Order.** Several sources merge by time; at equal times the one that was named first comes first.

    **End.** After the last frame, timers due up to its time have run; later ones never do. Then every
    Observable completes. A broken source ends it with a :class:`~rxpolygon.errors.RecordingError` that names
    file and line, after everything before that place was delivered: a cut or corrupt file, an empty one, time
    that goes back, data of another cluster.

    **What nobody asks for** is passed over: it is counted, but not decoded, so a damaged quote is told only
    when quotes are subscribed.

    Observers are called on one thread, which :meth:`start_stream_thread` starts, or on that of :meth:`run`.
    :attr:`events` has every event of the recording, whatever is subscribed.

    Args:
        paths: A recording, or several; or sources, such as :func:`rxpolygon.history.flat_file`.
        cluster: A :class:`StreamCluster` or its name.
        speed: How many seconds of the recording pass in a second, or ``max`` for no waiting at all.
        start: Where to begin: an aware datetime, its ISO text, or Unix milliseconds. Frames before it are
            passed over.
        end: Where to end; frames received then or later are not replayed.
        on_message: As for :class:`~rxpolygon.StreamClient`, and the next three.
        on_close: Called at the end.
        on_error: Called when the replay ends by an error.
        enable_connection_logs: Whether to write statuses to stderr.
        raw_data: Whether Observables carry the wire's dicts instead of typed events. Recordings only.
        show_progress: Whether to show a progress bar, in a notebook or on stderr. For one of your own
            there is :attr:`progress`.
        beside: Another replay to play together with, on one clock, merged by time: options beside stocks, for
            example. Its speed, start and end hold; starting or closing one does so to both.

    Raises:
        RecordingError: A file is not there.
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.
        MissingPackageError: ``show_progress`` without tqdm (extra ``notebook``).

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl"
        >>> _ = path.write_text('[1700000000000000000,[{"ev":"T","sym":"AAPL","p":189.5,"s":100}]]\\n')
        >>> client = ReplayClient(path, "stocks", "max")
        >>> _ = client.subscribe_stock_trades(["AAPL"]).subscribe(lambda trade: print(trade.price))
        >>> client.run()
        189.5
    """

    def __init__(
        self,
        paths: Paths,
        cluster: StreamCluster | str = StreamCluster.STOCKS,
        speed: Speed = 1,
        *,
        start: Instant = None,
        end: Instant = None,
        on_message: MessageHandler | None = None,
        on_close: CloseHandler | None = None,
        on_error: ErrorHandler | None = None,
        enable_connection_logs: bool = False,
        raw_data: bool = False,
        show_progress: bool = False,
        beside: ReplayStreams | None = None,
    ) -> None:
        name = cluster_from(cluster)
        super().__init__(
            name,
            self._normal,
            on_message,
            on_close,
            on_error,
            log_to_stderr=flag("enable_connection_logs", enable_connection_logs),
        )
        self._set_up(
            CheckedCodec(name),
            name.value,
            paths,
            speed,
            start=start,
            end=end,
            raw_data=raw_data,
            show_progress=show_progress,
            beside=beside,
            market=name.market,
        )

    def start_stream_thread(
        self,
        ping_interval: float = 21,
        ping_timeout: float = 20,
        ping_payload: str = "",
        skip_utf8_validation: bool = True,
    ) -> None:
        """Replay in a thread of the client's own. Returns at once.

        Does nothing while the replay runs. After its end it starts from the beginning: subscribe again.

        Args:
            ping_interval: Not used; here because a live client has it, and the next three.
            ping_timeout: Not used.
            ping_payload: Not used.
            skip_utf8_validation: Not used.
        """
        self._start_thread()
