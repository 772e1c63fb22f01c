"""Recordings of Alpaca's streams, replayed with the methods of the live ones."""

from __future__ import annotations

from rxpolygon.alpaca.arguments import QUEUE
from rxpolygon.alpaca.crypto_channels import CryptoChannels
from rxpolygon.alpaca.handled import HandledStreams, Run
from rxpolygon.alpaca.option_channels import OptionChannels
from rxpolygon.alpaca.stock_channels import StockChannels
from rxpolygon.errors import RxPolygonError
from rxpolygon.handlers import CloseHandler, ErrorHandler
from rxpolygon.replay.player import Speed
from rxpolygon.replay.streams import Instant, Paths, ReplayStreams
from rxpolygon.venues.alpaca.recorded import RecordedCodec

__all__ = ["CryptoReplayStream", "OptionReplayStream", "StockReplayStream"]


class _ReplayStream(HandledStreams, ReplayStreams):
    """What the replays of the three streams have in common."""

    _market: str

    def __init__(
        self,
        paths: Paths,
        speed: Speed = 1,
        *,
        start: Instant = None,
        end: Instant = None,
        on_close: CloseHandler | None = None,
        on_error: ErrorHandler | None = None,
        raw_data: bool = False,
        show_progress: bool = False,
        beside: ReplayStreams | None = None,
    ) -> None:
        super().__init__(self._market, self._normal, QUEUE, on_close, on_error)
        self._set_up(
            RecordedCodec(self._market),
            f"alpaca {self._market}",
            paths,
            speed,
            start=start,
            end=end,
            raw_data=raw_data,
            show_progress=show_progress,
            beside=beside,
        )

    def start_stream_thread(self) -> None:
        """Replay in a thread of the stream's own. Returns at once.

        Does nothing while the replay runs. After its end it starts from the beginning: subscribe again.
        """
        if not self.is_streaming:
            self._run = Run()  # here, and not only when it begins: run() waits for it at once
        self._start_thread()

    def run(self) -> None:
        """Replay until the end, :meth:`stop` or Ctrl-C. Blocks; observers are called on the replay's thread.

        Raises:
            RecordingError: A source is broken; observers have been told by ``on_error``.
        """
        super().run()
        self.wait_finished()

    def _began(self) -> None:
        if self._run.finished.is_set():
            self._run = Run()
        super()._began()

    def _ended(self, error: RxPolygonError | None) -> None:
        super()._ended(error)
        self._coroutines.end()
        self._run.finish(error)

    def _end_stream(self, timeout: float) -> None:
        ReplayStreams.close_stream(self, timeout)


class StockReplayStream(StockChannels, _ReplayStream):
    """Recordings of Alpaca's stock data, replayed through the codec and the router of a live stream.

    It has the surface of :class:`~rxpolygon.alpaca.StockDataStream`, handlers included; a pipeline takes
    either as :class:`~rxpolygon.alpaca.StockChannels`::

        stream = StockReplayStream("day.jsonl.gz", "max")
        stream.subscribe_trades("AAPL").pipe(rxo.time_bars("1m")).subscribe(print)
        stream.run()

    Time, order, end and errors are those of :class:`~rxpolygon.ReplayClient`. Frames may be of both
    encodings, as they came. A coroutine handler gets its events one after another on an event loop, in real
    time; when many wait for it, the replay waits.

    Args:
        paths: A recording that :func:`rxpolygon.record` made of a stream, or several; or sources.
        speed: How many seconds of the recording pass in a second, or ``max`` for no waiting at all.
        start: Where to begin: an aware datetime, its ISO text, or Unix milliseconds.
        end: Where to end; frames received then or later are not replayed.
        on_close: As for :class:`~rxpolygon.alpaca.StockDataStream`, and the next one.
        on_error: Called when the replay ends by an error.
        raw_data: Whether Observables and handlers get the wire's dicts instead of typed events.
        show_progress: Whether to show a progress bar, in a notebook or on stderr.
        beside: Another replay, of whatever venue, to play together with, on one clock.

    Raises:
        RecordingError: A file is not there.
        InvalidArgumentError: An argument has a value that is not allowed; the message says what is.
        InvalidTypeError: An argument has the wrong type.
        MissingPackageError: ``show_progress`` without tqdm (extra ``notebook``).

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl"
        >>> _ = path.write_text(
        ...     '[1700000000000000000,[{"T":"t","S":"AAPL","p":189.5,"s":100,"t":"2023-11-14T22:13:20Z"}]]\\n'
        ... )
        >>> stream = StockReplayStream(path, "max")
        >>> _ = stream.subscribe_trades("AAPL").subscribe(lambda trade: print(trade.price))
        >>> stream.run()
        189.5
    """

    _market = "stocks"


class CryptoReplayStream(CryptoChannels, _ReplayStream):
    """Recordings of Alpaca's crypto data, with the methods of :class:`~rxpolygon.alpaca.CryptoDataStream`.

    Everything else is as in :class:`~rxpolygon.alpaca.StockReplayStream`.
    """

    _market = "crypto"


class OptionReplayStream(OptionChannels, _ReplayStream):
    """Recordings of Alpaca's option data, with the methods of :class:`~rxpolygon.alpaca.OptionDataStream`.

    Everything else is as in :class:`~rxpolygon.alpaca.StockReplayStream`.
    """

    _market = "options"
